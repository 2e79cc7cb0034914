/*  A door: the way by which requests come to the core thread from another thread of the broker, and go back with their
 *  replies. HTTP comes in by one.
 *
 *  At each moment one of the two threads owns a request. Neither end ever waits.
 */
#ifndef BATON_DOOR_H
#define BATON_DOOR_H

#include "request.h"

/*  What a request's ticket begins with: the other thread's, for a request that has come back. */
typedef struct {
    void (*finish) (request_t **request);
} ticket_t;

/*  The context is that of the broker's sockets. */
BATON_MUST_USE baton_status door_new (void *context, door_t **ret_door, baton_error_t *error);

/*  When neither thread uses it any more; what is still in it is destroyed. */
void door_destroy (door_t **self);

/*  What the core tells of by itself: a committed event and the streams that it is for; or, without an event, the
 *  site's last position and the streams that have ended. */
typedef struct {
    uint64_t seq;
    baton_bytes_t event; /*  a canonical event_envelope; empty: none */
    size_t count;
    uint64_t numbers[]; /*  of streams */
} door_news_t;

/*  For at most that many streams; the event is copied, NULL: none. NULL for lack of memory. */
door_news_t *door_news_new (size_t most, uint64_t seq, const baton_bytes_t *event);
void door_news_destroy (door_news_t **self);

/* ---- the core thread's end ---- */

/*  The next request, or NULL. */
request_t *door_take (door_t *self);

/*  Gives back a request that is done: its error and reply are set. */
void door_give (door_t *self, request_t **request);

/*  Tells news, which is taken over. */
void door_tell (door_t *self, door_news_t **news);

/*  For zmq_poll: readable when door_take may have something. */
void *door_inside (door_t *self);

/* ---- the other thread's ---- */

/*  Hands a request in; it comes back sooner or later, unless the broker ends. */
void door_submit (door_t *self, request_t **request);

/*  The next request that is done, or the next news: the other one is NULL. False when there is none. */
bool door_collect (door_t *self, request_t **ret_request, door_news_t **ret_news);

/*  For zmq_poll: readable when door_collect may have something. */
void *door_outside (door_t *self);

#endif
