/*  The store: what is on disk. Journals, snapshots, projections, answers to keyed requests, blobs.
 *
 *  The only room with SQL. It knows nothing of methods, sockets or the domain: events and snapshots come encoded.
 *  Two implementations stand behind this header: SQLite (store_sqlite.c) and memory (store_memory.c, for tests); one
 *  suite, tests/unit/store, runs against both.
 *
 *  A store belongs to one thread. store_commit is all or nothing, and what it has accepted survives kill -9 and a
 *  power cut. Reading functions give back copies that the caller clears.
 */
#ifndef BATON_STORE_H
#define BATON_STORE_H

#include "access.h"
#include "store_content.h"

#define STORE_SCHEMA 9 /*  version of what is on disk; an older one is migrated forward, a newer one refused */

typedef struct store store_t;

/*  The two times of a projection, which go by clocks of their own. */
typedef enum { STORE_DUE, STORE_WAKES } store_time_t;

/*  One encoded event with what the store needs to find it again. */
typedef struct {
    const char *session;
    uint64_t seq;
    uint64_t n;
    event_class_e class;
    baton_bytes_t data; /*  canonical event_envelope */
} store_event_t;

/*  The answer to a request that carried an idempotency key. */
typedef struct {
    const char *actor;
    const char *key;
    const char *payload; /*  digest of method and body */
    uint64_t at;         /*  when it was given */
    baton_bytes_t reply; /*  encoded reply of the method */
} store_answer_t;

typedef struct {
    const char *session;
    uint64_t n;
    baton_bytes_t state; /*  canonical `session` or `site` record */
} store_snapshot_t;

/*  Who holds a blob. One that nothing refers to for good goes when its last hold does; for any other, a hold only says
 *  who has put it. */
typedef struct {
    const char *owner; /*  an identity that has staged it; "": a session, for its first run */
    const char *name;  /*  of the upload, or session.n: the event that it came with */
} store_holder_t;

typedef struct {
    const char *digest;
    baton_bytes_t content;
    uint64_t staged_at; /*  0: something refers to it now, also when it was held before */
    store_holder_t holder;
    store_content_t *ready; /*  the content as a store_packer_t of the same directory has made it; NULL: as it is above.
                             * Only its size is needed then */
} store_blob_t;

/*  Whatever becomes of holds, one after the other, once the blobs are written. */
typedef enum {
    STORE_HOLD_keep,    /*  something refers to the digest: it outlasts its holds */
    STORE_HOLD_add,     /*  a session holds the digest, too, if anybody does */
    STORE_HOLD_share,   /*  a session holds whatever the session `from` does */
    STORE_HOLD_release, /*  all of the holder's end; a name of NULL: all of the owner's */
} store_hold_e;

typedef struct {
    store_hold_e what;
    const char *digest;
    store_holder_t holder;
    const char *from;
} store_hold_t;

/*  Everything of one batch. All pointers are borrowed for the call. Events stand in ascending and gapless seq,
 *  beginning at the store's head + 1. */
typedef struct {
    const store_event_t *events;
    size_t event_count;
    const projection_t *projections; /*  added or replaced by session id */
    size_t projection_count;
    const store_answer_t *answers;
    size_t answer_count;
    const store_snapshot_t *snapshots; /*  replaced when newer */
    size_t snapshot_count;
    const store_blob_t *blobs; /*  ignored when the digest is known, but for its holds */
    size_t blob_count;
    const store_hold_t *holds;
    size_t hold_count;
    uint64_t shown; /*  the projections tell of all events up to that seq; 0: nothing new */
} store_batch_t;

/*  An event read back; owned. */
typedef struct {
    uint64_t seq;
    uint64_t n;
    baton_bytes_t data;
} store_read_t;

typedef struct {
    size_t count;
    store_read_t *items;
} store_reads_t;

typedef struct {
    size_t count;
    projection_t *items;
} store_projections_t;

/*  Which sessions; absent parts match all. Borrowed. */
typedef struct {
    lifecycle_e state;
    const char *agent;
    const char *node;
    const baton_pairs_t *labels; /*  all of these */
    const char *driver;
    const char *match;      /*  part of the title, id, agent, node or a label, without regard to ASCII case */
    bool active;            /*  only sessions whose projection is active */
    bool open_breakpoints;  /*  only sessions with an open breakpoint */
    const viewer_t *viewer; /*  only what they may view; NULL: all */
} store_filter_t;

/*  Where an open breakpoint stands in a list: by the first two, and what makes it one place for ever. */
typedef struct {
    uint64_t first; /*  urgent: the deadline; oldest: 0 */
    uint64_t opened_at;
    char session[LIMIT_ID + 1];
    uint64_t number;
} store_place_t;

typedef struct {
    size_t count;
    store_place_t *items;
} store_places_t;

store_place_t store_place_of (const char *session, const open_breakpoint_t *open, breakpoint_order_e order);
int store_place_compare (const void *place, const void *other); /*  as qsort wants it */

/*  Opens DIR/baton.db and DIR/blobs, made when they aren't there. failed_precondition: newer_schema, corrupt (the error
 * says what to do) or state_in_use is not its business: the caller locks DIR. */
BATON_MUST_USE baton_status store_open_sqlite (const char *directory, store_t **ret_store, baton_error_t *error);
BATON_MUST_USE baton_status store_open_memory (store_t **ret_store);

/*  The same, to be read by another thread while the first one commits. Only the reading functions are for it, each
 *  between store_view_begin and store_view_end. */
BATON_MUST_USE baton_status store_open_reader (const char *directory, store_t **ret_store, baton_error_t *error);

/*  Between these two a reader sees the store as of one commit, the newest at the beginning. Without store_view_begin it
 *  sees nothing newer than before. For the store that commits, they only make many reads in a row cheaper; its next
 *  commit ends the view, too. */
BATON_MUST_USE baton_status store_view_begin (store_t *self, baton_error_t *error);
void store_view_end (store_t *self);

/*  Leaves nothing to recover. */
void store_close (store_t **self);

/*  On disk when it returns BATON_OK; otherwise nothing of it is: resource_exhausted with reason disk_full, or
 *  unavailable with reason storage_failed. */
BATON_MUST_USE baton_status store_commit (store_t *self, const store_batch_t *batch, baton_error_t *error);

/*  The last seq there is (0: none), and how many sessions. */
uint64_t store_head (store_t *self);
uint64_t store_session_count (store_t *self);

/*  The newest snapshot of a session and the events after it; not_found when there is neither. */
BATON_MUST_USE baton_status store_load (store_t *self, const char *session, baton_bytes_t *ret_snapshot,
                                        uint64_t *ret_snapshot_n, store_reads_t *ret_tail, baton_error_t *error);

/*  Events of one session with n > after, ascending: at most limit (1 to LIMIT_PAGE), and, past the first, at most
 *  LIMIT_PAGE_BYTES. No event is no error. */
BATON_MUST_USE baton_status store_history (store_t *self, const char *session, uint64_t after, size_t limit,
                                           store_reads_t *ret_events, baton_error_t *error);

/*  Events of the site with seq > after, likewise; of one class, unless class is event_class_none. ret_last is the seq
 *  up to which the log was looked at. */
BATON_MUST_USE baton_status store_log (store_t *self, uint64_t after, event_class_e class, size_t limit,
                                       store_reads_t *ret_events, uint64_t *ret_last, baton_error_t *error);

/*  Projections with order < before (0: from the newest), newest first, at most limit. */
BATON_MUST_USE baton_status store_list (store_t *self, const store_filter_t *filter, uint64_t before, size_t limit,
                                        store_projections_t *ret_rows, baton_error_t *error);

/*  Projections whose id begins with ref, at most limit, and those whose title is ref, at most limit; each once, by id.
 *  Only what the viewer may view; NULL: all. */
BATON_MUST_USE baton_status store_find (store_t *self, const char *ref, size_t limit, const viewer_t *viewer,
                                        store_projections_t *ret_rows, baton_error_t *error);

/*  The open breakpoints of all sessions behind that place (all zero: from the first), at most limit. */
BATON_MUST_USE baton_status store_open_breakpoints (store_t *self, breakpoint_order_e order, const store_place_t *after,
                                                    size_t limit, const viewer_t *viewer, store_places_t *ret_places,
                                                    baton_error_t *error);

/*  Up to which seq the projections are known to tell of all events; and the sessions whose projections may not tell
 * all: those with an event behind it, and those of which an older version did not say which breakpoints are open. Some
 * may be named several times. */
uint64_t store_shown (store_t *self);
BATON_MUST_USE baton_status store_stale (store_t *self, baton_texts_t *ret_sessions, baton_error_t *error);

/*  Whether there is a projection of that session, and the viewer may view it. */
BATON_MUST_USE baton_status store_shows (store_t *self, const char *session, const viewer_t *viewer, bool *ret_shows,
                                         baton_error_t *error);

/*  Projections with 0 < due <= now, or the same of `wakes`, earliest first, at most limit; ret_next is the earliest of
 * all (0: none). */
BATON_MUST_USE baton_status store_due (store_t *self, store_time_t which, uint64_t now, size_t limit,
                                       store_projections_t *ret_rows, uint64_t *ret_next, baton_error_t *error);

/*  The answer given to (actor, key): ret_payload needs DIGEST_SIZE bytes, ret_reply is the caller's. not_found when
 *  there is none. */
BATON_MUST_USE baton_status store_answer (store_t *self, const char *actor, const char *key, char *ret_payload,
                                          baton_bytes_t *ret_reply, baton_error_t *error);

/*  Forgets answers given before that time. */
BATON_MUST_USE baton_status store_forget_answers (store_t *self, uint64_t before, baton_error_t *error);

BATON_MUST_USE baton_status store_blob (store_t *self, const char *digest, baton_bytes_t *ret_content,
                                        baton_error_t *error);

/*  Whether a blob of that digest is there, and that identity has staged it: who only knows its digest has no right to
 * it. NULL: whoever has put it. */
BATON_MUST_USE baton_status store_has_blob (store_t *self, const char *owner, const char *digest, bool *ret_has,
                                            baton_error_t *error);

/*  What there is, as far as it takes no long look: the sessions by state, the open breakpoints by how long they have
 *  been, and what the database takes on disk. */
#define STORE_AGES 4 /*  under five minutes, under an hour, under a day, longer */
typedef struct {
    uint64_t sessions[lifecycle_count];
    uint64_t open[STORE_AGES];
    uint64_t oldest;        /*  when the oldest of them was opened; 0: there is none */
    uint64_t database, log; /*  bytes of its files; 0 where there are none */
} store_counts_t;
BATON_MUST_USE baton_status store_count (store_t *self, uint64_t now, store_counts_t *ret_counts, baton_error_t *error);

/*  How many blobs are staged by an identity (NULL: by all of them together), and how many bytes they have; each counts
 *  once an upload. */
BATON_MUST_USE baton_status store_staged (store_t *self, const char *owner, uint64_t *ret_count, uint64_t *ret_bytes,
                                          baton_error_t *error);

/*  Forgets blobs whose last hold was released, or staged before that time; a few, so that nobody waits for long.
 *  ret_more: there are others. */
BATON_MUST_USE baton_status store_forget_staged (store_t *self, uint64_t before, bool *ret_more, baton_error_t *error);

void store_reads_clear (store_reads_t *reads);
void store_projections_clear (store_projections_t *rows);

#endif
