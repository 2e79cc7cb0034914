/*  Who follows events by a door, as server-sent events do.
 *
 *  As a subscription (subscriptions.h) a stream is asked about at each event: whose token has ended, or who has lost
 * the right to see a session, gets no later event of it. Unlike there, an event crosses over once, with the numbers of
 * all streams that it is for: what is slow about a stream is the other thread's to deal with.
 */
#ifndef BATON_STREAMS_H
#define BATON_STREAMS_H

#include "door.h"
#include "journal.h"

typedef struct streams streams_t;

BATON_MUST_USE baton_status streams_new (streams_t **ret_streams);
void streams_destroy (streams_t **self);

/*  Adds one for who asks, by the door that the request came by. resource_exhausted at LIMIT_STREAMS, or at
 *  LIMIT_STREAMS_EACH of one identity. */
BATON_MUST_USE baton_status streams_add (streams_t *self, const request_t *request, uint64_t *ret_number,
                                         baton_error_t *error);

size_t streams_count (const streams_t *self);

/*  Ends one; an unknown number is no error: it has ended. */
void streams_remove (streams_t *self, uint64_t number);

/*  Tells committed events to those who follow them and may see them. now: wall clock, for tokens that end. */
void streams_publish (streams_t *self, people_t *people, const pending_t *events, size_t count, uint64_t now);

/*  Tells the site's last position, and which streams have ended because their token has. */
void streams_beat (streams_t *self, people_t *people, uint64_t head, uint64_t now);

#endif
