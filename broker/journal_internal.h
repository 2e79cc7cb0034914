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
    baton_bytes_t content;  /*  no more than its size, when it is ready */
    store_content_t *ready; /*  owned */
    uint64_t staged_at;     /*  0: something refers to it */
    char owner[LIMIT_NAME + 1], upload[LIMIT_ID + 1];
} noted_blob_t;

/*  The name of what a session holds. */
#define HOLD_SIZE (LIMIT_ID + 24)

typedef struct {
    store_hold_e what;
    char digest[DIGEST_SIZE];
    char owner[LIMIT_NAME + 1], name[HOLD_SIZE], from[HOLD_SIZE];
    bool all; /*  of the owner's */
} noted_hold_t;

/*  A command that follows from an event of this batch, for the session that it concerns. */
typedef struct {
    method_id_t method;
    char *session;
    void *request; /*  owned */
    bool named;    /*  in the name of whoever caused it */
} note_t;

/*  A session that may wait for the end of another, or does no more. */
typedef struct {
    char *waiter, *other;
} link_note_t;

/*  A session whose row tells of an earlier activity. */
typedef struct {
    char session[LIMIT_ID + 1];
    uint64_t shown; /*  seq up to which it may be that the row tells all */
} behind_t;

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
        behind_t *items;
    } behind; /*  the longest behind first, but for what a failed commit has left behind */
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
        noted_hold_t *items;
    } holds;
    struct {
        size_t count;
        note_t *items;
    } notes;
    struct {
        size_t count;
        link_note_t *items;
    } links;
    bool delivering;
};

/*  Loads the site's state from the store, in place of what is in memory. */
BATON_MUST_USE baton_status journal_load_site (journal_t *self, baton_error_t *error);

/* ---- journal.c ---- */

/*  One after the other, these are journal_decide: the events of a command of one session, decided and not applied yet
 *  (its entry is made when the command creates it, and dropped again when it is refused); applied, which fails only for
 *  lack of memory and breaks the batch then; journal_deliver; and what the answer says of the state. */
BATON_MUST_USE baton_status journal_decide_only (journal_t *self, const char *session, const command_t *command,
                                                 entry_t **ret_entry, event_list_t *ret_events, changed_t *ret_changed,
                                                 baton_error_t *error);
BATON_MUST_USE baton_status journal_apply (journal_t *self, entry_t *entry, event_list_t *events,
                                           const command_t *command);

/*  journal_links.c: notes which sessions an event may concern that wait for others; before it is applied. Then brings
 *  them in step, or forgets them. */
BATON_MUST_USE baton_status journal_note_links (journal_t *self, const session_t *state, const event_t *event);
BATON_MUST_USE baton_status journal_settle_links (journal_t *self, const command_t *cause, baton_error_t *error);
void journal_forget_links (journal_t *self);

/* ---- journal_effects.c ---- */

/*  Notes what an event means for other sessions; state is what it is before the event. */
BATON_MUST_USE baton_status journal_note_event (journal_t *self, const session_t *state, const event_t *event);

/*  Notes what a command's events have made of the session, as its parent sees it. before is as of then, but for its
 *  texts. */
BATON_MUST_USE baton_status journal_note_family (journal_t *self, const child_row_t *before, const session_t *state,
                                                 const event_list_t *events);

/*  Notes that the session is to look at its budget, when it has reason to. */
BATON_MUST_USE baton_status journal_note_check (journal_t *self, const session_t *state, uint64_t now);

/*  Gives all notes to the sessions that they are for, with the links, and those that follow from that. */
BATON_MUST_USE baton_status journal_deliver (journal_t *self, const command_t *cause, baton_error_t *error);
void journal_forget_notes (journal_t *self);

/*  Whether what an effect ended with may not stay: its session could not be read or changed now, though it may have to
 *  be. The whole batch is undone then. What a session refuses, it refuses for good. */
bool journal_must_undo (journal_t *self, baton_status status, const baton_error_t *error);

/*  journal_holds.c: notes what a session holds no more, or holds as its source does; carried is what its state said of
 * it before. */
BATON_MUST_USE baton_status journal_note_carried (journal_t *self, uint64_t carried, const session_t *state);

/*  Notes that something refers to a blob, and that the session holds one of what came with it. */
BATON_MUST_USE baton_status journal_note_kept (journal_t *self, const char *digest);
BATON_MUST_USE baton_status journal_note_held (journal_t *self, const char *session, uint64_t carried,
                                               const char *digest);

/* ---- journal_rows.c ---- */

/*  Whether the row that is stored tells the same, or tells it of an earlier activity: then it can wait. Leaves in the
 *  projection and in data what is to be written otherwise. */
BATON_MUST_USE baton_status journal_compare_row (journal_t *self, entry_t *entry, projection_t *projection,
                                                 baton_bytes_t *data, bool *ret_same);

/*  What a batch that is gathered says of how far rows tell, when it is worth to be written; 0: nothing. */
uint64_t journal_shown (const journal_t *self);

/*  The rows that a failed batch should have brought up to date are behind still. */
void journal_keep_behind (journal_t *self);

/*  Brings the rows up to date that a broker has left behind which ended without journal_save. */
void journal_mend_rows (journal_t *self);

/*  Notes that the session has events that are not committed yet. */
BATON_MUST_USE baton_status journal_touch (journal_t *self, entry_t *entry);

#endif
