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

/* ---- the core thread's end ---- */

/*  The next request, or NULL. */
request_t *door_take (door_t *self);

/*  Gives back a request that is done: its error and reply are set. */
void door_give (door_t *self, request_t **request);

/*  For zmq_poll: readable when door_take may have something. */
void *door_inside (door_t *self);

/* ---- the other thread's ---- */

/*  Hands a request in; it comes back sooner or later, unless the broker ends. */
void door_submit (door_t *self, request_t **request);

/*  The next request that is done, or NULL. */
request_t *door_collect (door_t *self);

/*  For zmq_poll: readable when door_collect may have something. */
void *door_outside (door_t *self);

#endif
