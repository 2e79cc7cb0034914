/*  The tail of the log that isn't sealed yet, in memory: which events each session has there, and which answers.
 *
 *  A batch is added in two steps around the transaction that writes it: tail_prepare does all that can fail, tail_add
 *  (or tail_cancel) can't. Batches leave at the other end, when their events have been sealed into pages.
 */
#ifndef BATON_STORE_TAIL_H
#define BATON_STORE_TAIL_H

#include "store_frame.h"

typedef struct tail tail_t;
typedef struct tail_batch tail_batch_t;
typedef struct tail_session tail_session_t;
typedef struct tail_event tail_event_t;

struct tail_event {
    frame_event_t event;
    tail_session_t *session;
    tail_event_t *next; /*  of the same session */
    uint64_t log;       /*  id of the log row it stands in */
};

typedef struct tail_answer {
    frame_answer_t answer;
    uint64_t hash;
    struct tail_answer *next; /*  of the same bucket, newest first */
    uint64_t log;
} tail_answer_t;

struct tail_session {
    char *id;
    tail_session_t *next; /*  of the same bucket */
    tail_event_t *first;
    tail_event_t *last;
    size_t prepared; /*  batches that were prepared with it and neither added nor cancelled */
};

/*  How much there is. */
typedef struct {
    size_t events;
    size_t answers;
    size_t bytes;
} tail_load_t;

tail_t *tail_new (void);
void tail_destroy (tail_t **self);

/*  Takes the bytes of frame_log_encode, also on failure. */
BATON_MUST_USE baton_status tail_prepare (tail_t *self, uint64_t log, baton_bytes_t *bytes, tail_batch_t **ret_batch,
                                          baton_error_t *error);
void tail_add (tail_t *self, tail_batch_t **batch);
/*  Takes NULL. */
void tail_cancel (tail_t *self, tail_batch_t **batch);

/*  Forgets the batches up to that log row. */
void tail_drop (tail_t *self, uint64_t log);

tail_load_t tail_load (const tail_t *self);

/*  The oldest event of a session in the tail, or NULL. */
const tail_event_t *tail_first (const tail_t *self, const char *session);

/*  The newest answer for (actor, key), or NULL. */
const frame_answer_t *tail_answer (const tail_t *self, const char *actor, const char *key);

/*  What is in the tail now, to be sealed: the first event of each session, in order of their ids, and the answers in
 *  order of their hashes. The arrays are freed by the caller, with free (); what they point to lives until tail_drop.
 */
BATON_MUST_USE baton_status tail_sorted (const tail_t *self, const tail_event_t ***ret_events, size_t *ret_event_count,
                                         const tail_answer_t ***ret_answers, size_t *ret_answer_count);

/*  Of an answer's actor and key: spreads well, but doesn't withstand who looks for collisions. */
uint64_t tail_hash (const char *actor, size_t actor_size, const char *key, size_t key_size);

#endif
