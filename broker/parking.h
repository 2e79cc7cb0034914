/*  Requests whose answer is not there yet: reads parked until their session moves on, and requests that a node is
 *  answering. The parking owns them.
 */
#ifndef BATON_PARKING_H
#define BATON_PARKING_H

#include "request.h"

typedef struct parking parking_t;

BATON_MUST_USE baton_status parking_new (parking_t **ret_parking);
void parking_destroy (parking_t **self);

/*  Takes the request over, unless there are LIMIT_WAITERS already, or LIMIT_WAITERS_EACH of its identity:
 *  resource_exhausted, and it stays the caller's. */
BATON_MUST_USE baton_status parking_add (parking_t *self, request_t **request, baton_error_t *error);

/*  The request that was handed on under this id to this node, given back to the caller; NULL when there is none. */
request_t *parking_take_relayed (parking_t *self, uint64_t relay, const peer_t *from);

/*  The next parked read that waits for that session's journal to be where it is now, at n, given back to the caller;
 *  NULL when there is none left. */
request_t *parking_take_session (parking_t *self, const char *session, uint64_t n);

/*  The next request whose time is up, likewise. */
request_t *parking_take_late (parking_t *self, uint64_t now);

/*  When the first time is up; UINT64_MAX when nothing is parked. */
uint64_t parking_next (const parking_t *self);

#endif
