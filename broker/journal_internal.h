/*  What the files of the journal share; nobody else includes it. */
#ifndef BATON_JOURNAL_INTERNAL_H
#define BATON_JOURNAL_INTERNAL_H

#include "journal.h"

#include "id.h"

typedef struct {
    char *actor, *key, *payload;
    uint64_t at;
    baton_bytes_t reply;
} noted_answer_t;

typedef struct {
    char digest[DIGEST_SIZE];
    baton_bytes_t content;
} noted_blob_t;

/*  A receipt for the session that had sent a message. */
typedef struct {
    char *to, *id, *about;
    receipt_e receipt;
} receipt_note_t;

/*  A session that may wait for the end of another, or does no more. */
typedef struct {
    char *waiter, *other;
} link_note_t;

/*  For the branch of a merge: it has come in. */
typedef struct {
    char *to, *into;
    uint64_t at, upto;
    bool keep;
} merge_note_t;

struct journal {
    store_t *store;
    cache_t *cache;
    site_t site;
    people_t *people;
    uint64_t site_snapshot_n;
    bool site_touched;
    bool broken;   /*  events were applied in part: the batch can only be undone */
    uint64_t head; /*  last seq given out */
    struct {
        size_t count;
        pending_t *items;
    } pending;
    struct {
        size_t count;
        entry_t **items;
    } touched;
    struct {
        size_t count;
        noted_answer_t *items;
    } answers;
    struct {
        size_t count;
        noted_blob_t *items;
    } blobs;
    struct {
        size_t count;
        receipt_note_t *items;
    } receipts;
    struct {
        size_t count;
        link_note_t *items;
    } links;
    struct {
        size_t count;
        merge_note_t *items;
    } merges;
};

/*  Loads the site's state from the store, in place of what is in memory. */
BATON_MUST_USE baton_status journal_load_site (journal_t *self, baton_error_t *error);

/*  One after the other, these are journal_decide: the events of a command of one session, decided and not applied yet
 *  (its entry is made when the command creates it, and dropped again when it is refused); applied, which fails only for
 *  lack of memory and breaks the batch then; what the answer says of the state; and what other sessions are told. */
BATON_MUST_USE baton_status journal_decide_only (journal_t *self, const char *session, const command_t *command,
                                                 entry_t **ret_entry, event_list_t *ret_events, changed_t *ret_changed,
                                                 baton_error_t *error);
BATON_MUST_USE baton_status journal_apply (journal_t *self, entry_t *entry, event_list_t *events,
                                           const command_t *command);
BATON_MUST_USE baton_status journal_fill_changed (const session_t *state, changed_t *changed);
BATON_MUST_USE baton_status journal_deliver_receipts (journal_t *self, const command_t *cause, baton_error_t *error);

/*  journal_links.c: notes which sessions an event may concern that wait for others; before it is applied. Then brings
 *  them in step, or forgets them. */
BATON_MUST_USE baton_status journal_note_links (journal_t *self, const session_t *state, const event_t *event);
BATON_MUST_USE baton_status journal_settle_links (journal_t *self, const command_t *cause, baton_error_t *error);
void journal_forget_links (journal_t *self);

/*  The branch of a merge is told that it has come in; drops what was not told. */
BATON_MUST_USE baton_status journal_note_merge (journal_t *self, const session_t *state, const event_t *event);
BATON_MUST_USE baton_status journal_tell_branches (journal_t *self, const command_t *cause, baton_error_t *error);
void journal_forget_merges (journal_t *self);

/*  Drops the receipts that were not delivered. */
void journal_forget_receipts (journal_t *self);

#endif
