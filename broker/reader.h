/*  The reader: a thread with a store of its own, for reads that may be long.
 *
 *  The core thread hands it requests whose `later` is set and gets them back with their replies, through a pair of
 *  sockets: at each moment one of the two threads owns a request.
 */
#ifndef BATON_READER_H
#define BATON_READER_H

#include "frontend.h"
#include "request.h"

typedef struct reader reader_t;

/*  Starts the thread; it opens DIR for reading. */
BATON_MUST_USE baton_status reader_new (frontend_t *frontend, const char *directory, reader_t **ret_reader,
                                        baton_error_t *error);

/*  Ends the thread; requests under way are dropped. */
void reader_destroy (reader_t **self);

/*  Takes the request over, unless LIMIT_READS wait already, or LIMIT_READS_EACH of the same client:
 * resource_exhausted, and it stays the caller's. Clients have their turns, however many requests each has. */
BATON_MUST_USE baton_status reader_submit (reader_t *self, request_t **request, baton_error_t *error);

/*  A request that is done, given back to the caller: its error and reply are set. NULL when there is none. */
request_t *reader_take (reader_t *self);

/*  For zmq_poll: readable when reader_take may have something. */
void *reader_socket (reader_t *self);

#endif
