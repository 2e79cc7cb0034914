/*  The journal: decides commands, applies their events to the states in memory, and gathers them for the next commit.
 *
 *    journal_decide  …  journal_decide  ->  journal_commit  ->  look at journal_pending  ->  journal_clear
 *
 *  Nothing that a decide has changed may be shown to anybody before journal_commit has returned BATON_OK. When the
 *  commit fails, every touched state is forgotten and the next use loads what is on disk: there is no undo code.
 */
#ifndef BATON_JOURNAL_H
#define BATON_JOURNAL_H

#include "cache.h"
#include "import.h"
#include "people.h"
#include "site.h"

#define CONCERNED_MOST 4

/*  An event of the batch. Owned by the journal until journal_clear. */
typedef struct {
    event_kind_t kind;
    uint64_t seq;
    uint64_t n;
    char session[LIMIT_ID + 1];
    const session_t *state;                         /*  of the session as it is now; NULL: it is the site's */
    char concerned[CONCERNED_MOST][LIMIT_NAME + 1]; /*  nodes that hold, held or are to receive the session */
    baton_bytes_t data;                             /*  canonical event_envelope */
} pending_t;

typedef struct journal journal_t;

/*  Loads the site's own state; capacity is how many sessions to keep in memory. The store is borrowed. */
BATON_MUST_USE baton_status journal_new (store_t *store, size_t capacity, journal_t **ret_journal,
                                         baton_error_t *error);

/*  Uncommitted events are lost; call journal_save first for a clean end. */
void journal_destroy (journal_t **self);

const site_t *journal_site (const journal_t *self);
people_t *journal_people (const journal_t *self);
cache_t *journal_cache (journal_t *self);
uint64_t journal_head (const journal_t *self);

/*  Decides a command of one session and applies its events; then tells the other sessions that they concern: a sender
 *  what became of its message, a parent of its child. ret_changed is zeroed or valid, and filled but for nothing. */
BATON_MUST_USE baton_status journal_decide (journal_t *self, const char *session, const command_t *command,
                                            changed_t *ret_changed, baton_error_t *error);

/*  Says in an answer where the session stands. */
BATON_MUST_USE baton_status journal_fill_changed (const session_t *state, changed_t *changed);

/*  Sends a message: in the sender's journal (unless from is NULL), in the receiver's, and the receipt back; all or
 *  nothing. command is a message_send. */
BATON_MUST_USE baton_status journal_send (journal_t *self, const char *from, const command_t *command,
                                          changed_t *ret_changed, baton_error_t *error);

/*  A command of one session, as part of a change of two. */
typedef struct {
    const char *session;
    const command_t *command;
} share_t;

/*  Decides one command each of two sessions, all or nothing: neither is applied unless both are granted. ret_changed is
 *  about the first. */
BATON_MUST_USE baton_status journal_decide_two (journal_t *self, const share_t shares[2], changed_t *ret_changed,
                                                baton_error_t *error);

/*  Decides a command of the site's own journal. */
BATON_MUST_USE baton_status journal_decide_site (journal_t *self, const command_t *command, baton_error_t *error);

/*  The first event of all: the admin identity. */
BATON_MUST_USE baton_status journal_found_site (journal_t *self, const char *name, const char *key, uint64_t now,
                                                baton_error_t *error);

/*  The answer that (actor, key) got, in this batch or before: BATON_OK and a copy of the reply, not_found, or
 *  aborted/key_reused when the payload was another. */
BATON_MUST_USE baton_status journal_answer (journal_t *self, const char *actor, const char *key, const char *payload,
                                            baton_bytes_t *ret_reply, baton_error_t *error);

/*  Notes an answer and a blob for this batch. */
BATON_MUST_USE baton_status journal_note_answer (journal_t *self, const char *actor, const char *key,
                                                 const char *payload, uint64_t now, const baton_bytes_t *reply);
BATON_MUST_USE baton_status journal_note_blob (journal_t *self, const char *digest, const baton_bytes_t *content);

/*  The same for a content that was made ready, of that many bytes; it is taken. */
BATON_MUST_USE baton_status journal_note_ready (journal_t *self, store_content_t **ready, size_t size);
/*  Nothing refers yet to the blob that was noted last: an identity has put it for an upload. */
void journal_note_staged (journal_t *self, uint64_t now, const char *owner, const char *upload);

/*  Notes that an upload of an identity has served its purpose, or (NULL) all of them. */
BATON_MUST_USE baton_status journal_note_release (journal_t *self, const char *owner, const char *upload);

/*  What an identity has staged (NULL: all of them), with what this batch adds. */
BATON_MUST_USE baton_status journal_staged (journal_t *self, const char *owner, uint64_t *ret_count,
                                            uint64_t *ret_bytes, baton_error_t *error);

/*  Whether this batch ends holds: then there is something for store_forget_staged. */
bool journal_releases (const journal_t *self);

/*  Writes the events of an import that was read, as they came, and then decides command, a session_import, on the state
 *  that they come to. import->state is taken. Nobody else must have written to that session since it was read. */
BATON_MUST_USE baton_status journal_import (journal_t *self, import_t *import, const command_t *command,
                                            imported_t *ret_imported, baton_error_t *error);

/*  Makes the next commit fail for lack of memory: a change was applied that could not be completed. */
void journal_spoil (journal_t *self);

/*  Whether there is anything to commit, or to undo. */
bool journal_dirty (const journal_t *self);

/*  One transaction for all since the last commit. On failure all of it is undone. */
BATON_MUST_USE baton_status journal_commit (journal_t *self, baton_error_t *error);

/*  Whether there are sessions of whose activity lists do not know yet; and lets the next commit tell of at most so many
 * of them. A row for each event would cost a busy session as much as the event. */
bool journal_behind (const journal_t *self);
void journal_catch_up (journal_t *self, size_t most);

/*  The events of the batch, and the sessions that they touched; valid until journal_clear. */
const pending_t *journal_pending (const journal_t *self, size_t *ret_count);
entry_t *const *journal_touched (const journal_t *self, size_t *ret_count);
void journal_clear (journal_t *self);

/*  Writes a snapshot of everything in memory that has moved on since its last one. */
BATON_MUST_USE baton_status journal_save (journal_t *self, baton_error_t *error);

#endif
