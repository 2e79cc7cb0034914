/*  The writers: threads that make large contents ready (store_content.h) while the core thread goes on with everything
 *  else.
 *
 *  The core thread hands them requests whose `packs` is set, and gets them back with `content`, to decide them then. At
 *  each moment one thread owns a request. Of one session's requests only one is under way at a time, so that what one
 *  client puts into it is decided in the order in which it came.
 */
#ifndef BATON_WRITERS_H
#define BATON_WRITERS_H

#include "frontend.h"
#include "request.h"

#define WRITERS 3 /*  while one waits for the disk, others hash and pack */

typedef struct writers writers_t;

/*  Starts the threads; they write into DIR/blobs. The store of DIR is open. */
BATON_MUST_USE baton_status writers_new (frontend_t *frontend, const char *directory, writers_t **ret_writers,
                                         baton_error_t *error);

/*  Ends the threads; requests under way are dropped, with their files. */
void writers_destroy (writers_t **self);

/*  Takes the request over, unless LIMIT_WRITES wait already, or LIMIT_WRITES_EACH of the same client:
 *  resource_exhausted, and it stays the caller's. */
BATON_MUST_USE baton_status writers_submit (writers_t *self, request_t **request, baton_error_t *error);

/*  A request that is done, given back to the caller: its error is set, or its content. NULL when there is none. */
request_t *writers_take (writers_t *self);

/*  For zmq_poll, each below WRITERS: one of them is readable when writers_take may have something. */
void *writers_socket (writers_t *self, size_t number);

#endif
