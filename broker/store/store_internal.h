/*  What stands between store.h and its implementations: the table of functions that each of them fills in, and what
 *  they share. Nobody outside this room includes it.
 */
#ifndef BATON_STORE_INTERNAL_H
#define BATON_STORE_INTERNAL_H

#include "store.h"

/*  As the functions of store.h, whose arguments store.c has checked. */
typedef struct {
    void (*close) (store_t *self);
    baton_status (*commit) (store_t *self, const store_batch_t *batch, baton_error_t *error);
    baton_status (*load) (store_t *self, const char *session, baton_bytes_t *ret_snapshot, uint64_t *ret_snapshot_n,
                          store_reads_t *ret_tail, baton_error_t *error);
    baton_status (*history) (store_t *self, const char *session, uint64_t after, size_t limit,
                             store_reads_t *ret_events, baton_error_t *error);
    baton_status (*log) (store_t *self, uint64_t after, event_class_e class, size_t limit, store_reads_t *ret_events,
                         uint64_t *ret_last, baton_error_t *error);
    baton_status (*list) (store_t *self, const store_filter_t *filter, uint64_t before, size_t limit,
                          store_projections_t *ret_rows, baton_error_t *error);
    baton_status (*find) (store_t *self, const char *ref, size_t limit, const viewer_t *viewer,
                          store_projections_t *ret_rows, baton_error_t *error);
    baton_status (*open_breakpoints) (store_t *self, breakpoint_order_e order, const store_place_t *after, size_t limit,
                                      const viewer_t *viewer, store_places_t *ret_places, baton_error_t *error);
    baton_status (*stale) (store_t *self, baton_texts_t *ret_sessions, baton_error_t *error);
    baton_status (*shows) (store_t *self, const char *session, const viewer_t *viewer, bool *ret_shows,
                           baton_error_t *error);
    baton_status (*due) (store_t *self, store_time_t which, uint64_t now, size_t limit, store_projections_t *ret_rows,
                         uint64_t *ret_next, baton_error_t *error);
    baton_status (*answer) (store_t *self, const char *actor, const char *key, char *ret_payload,
                            baton_bytes_t *ret_reply, baton_error_t *error);
    baton_status (*forget_answers) (store_t *self, uint64_t before, baton_error_t *error);
    baton_status (*view_begin) (store_t *self, baton_error_t *error); /*  NULL: always at the newest */
    void (*view_end) (store_t *self);
    baton_status (*blob) (store_t *self, const char *digest, baton_bytes_t *ret_content, baton_error_t *error);
    baton_status (*has_blob) (store_t *self, const char *owner, const char *digest, bool *ret_has,
                              baton_error_t *error);
    baton_status (*staged) (store_t *self, const char *owner, uint64_t *ret_count, uint64_t *ret_bytes,
                            baton_error_t *error);
    baton_status (*count) (store_t *self, uint64_t now, store_counts_t *ret_counts, baton_error_t *error);
    baton_status (*forget_staged) (store_t *self, uint64_t before, bool *ret_more, baton_error_t *error);
} store_ops_t;

/*  The first member of each implementation's struct. */
struct store {
    const store_ops_t *ops;
    uint64_t head;
    uint64_t session_count; /*  rows of projections */
    uint64_t shown;         /*  seq up to which those tell of all events */
};

/*  Which of STORE_AGES. */
size_t store_age (uint64_t opened_at, uint64_t now);

/*  Gathers events until a limit is met. */
typedef struct {
    store_reads_t reads;
    size_t limit;
    size_t bytes;
    size_t bytes_most;
} store_collector_t;

/*  Whether an event of that size still fits; the first always does. */
bool store_collector_wants (const store_collector_t *self, size_t size);
BATON_MUST_USE baton_status store_collector_add (store_collector_t *self, uint64_t seq, uint64_t n, const uint8_t *data,
                                                 size_t size);

/*  store_log looks at no more than this many events at once, however few of them match: it says how far it came. */
#define STORE_LOG_SCAN 20000

/*  The sentences for what isn't there. */
baton_status store_no_session (const char *session, baton_error_t *error);
baton_status store_no_answer (const char *actor, const char *key, baton_error_t *error);
baton_status store_no_blob (const char *digest, baton_error_t *error);

#endif
