/*  One DEALER connection to a broker or to a node's local socket: frames in, frames out, and whether it stands.
 *
 *  It makes itself again when it is lost. Nothing here waits for a particular answer: that is the business of
 *  client.c and events.c.
 */
#ifndef BATON_CONNECTION_H
#define BATON_CONNECTION_H

#include "schema.h"
#include "wire.h"

#include <baton/baton.h>

typedef struct connection connection_t;

/*  A received message. */
typedef struct {
    char signature[WIRE_SIGNATURE_SIZE + 1];
    baton_bytes_t header;
    baton_bytes_t body;
    bool has_body; /*  a heartbeat has none */
} message_in_t;

/*  context is copied. */
BATON_MUST_USE baton_status connection_new (const baton_context_t *context, connection_t **ret_connection,
                                            baton_error_t *error);
void connection_destroy (connection_t **self);

/*  Queues a request; never blocks. A full queue drops it, as a lost connection may: whoever waits sends again. Inside a
 *  run, the token is added. Fails only for lack of memory. */
BATON_MUST_USE baton_status connection_send (connection_t *self, const request_header_t *header, const uint8_t *body,
                                             size_t body_size);

/*  True with a message, for message_in_clear. False when timeout milliseconds have passed or earlier, when the state
 *  of the connection has changed. */
bool connection_receive (connection_t *self, uint64_t timeout, message_in_t *ret_message);
void message_in_clear (message_in_t *message);

/*  The same without waiting: false only when nothing is left to be taken, so that connection_fd tells of what comes. */
bool connection_take (connection_t *self, message_in_t *ret_message);

/*  A number for the next request. Taken once for a request, also when it is sent again. */
uint64_t connection_next_id (connection_t *self);

/*  Whether messages can flow now, and how often they could no longer: a request that was sent before the last loss
 *  has to be sent again. */
bool connection_up (const connection_t *self);
uint64_t connection_losses (const connection_t *self);

/*  Why nothing is answered, as the error for a caller who gives up after `timeout` milliseconds. */
baton_status connection_blame (const connection_t *self, const char *method, uint64_t timeout, baton_error_t *error);

/*  An error answer's body as status and *error. */
baton_status connection_failure (const message_in_t *message, baton_error_t *error);

/*  The socket's ZMQ_FD. */
int connection_fd (connection_t *self);

/*  Milliseconds of the monotonic clock. */
uint64_t connection_clock (void);

#endif
