/*  Server-sent events: a visit that goes on, and is sent what happens.
 *
 *  A stream is live, or it is behind and reads the log until it has caught up. One that does not take what it is sent
 *  falls behind when its queue is full, so what is kept for it is bounded; the texts in queues are shared by all
 * streams.
 */
#ifndef BATON_STREAM_H
#define BATON_STREAM_H

#include "gateway_internal.h"

typedef struct stream stream_t;
typedef struct streams_here streams_here_t;

/*  All streams of a gateway. NULL for lack of memory. */
streams_here_t *streams_here_new (void);
void streams_here_destroy (streams_here_t **self);

/*  Whether the client wants a stream of what the visit's route reads. */
bool stream_wanted (const visit_t *visit);

/*  Asks the core for a stream; the visit is suspended until the answer. */
enum MHD_Result stream_begin (visit_t *visit);

/*  The core has said yes. */
enum MHD_Result stream_respond (visit_t *visit);

/*  The core's answer to whatever a stream asked; taken over. */
void stream_take (visit_t *visit, request_t **request);

/*  The visit is over. */
void stream_end (stream_t **self);

/*  How many of them are behind, and by how many events the last of these is. */
void streams_here_lag (const streams_here_t *self, size_t *ret_behind, uint64_t *ret_lag);

/*  What the core tells; taken over. now: monotonic ms. */
void streams_here_tell (streams_here_t *self, door_news_t **news, uint64_t now);

#endif
