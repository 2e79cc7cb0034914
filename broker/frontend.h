/*  The broker's socket: a CURVE ROUTER and the ZAP handler that tells whose key each connection has.
 *
 *  Every well-formed CURVE key may connect; what a key may do is decided for each request, by dispatch. So a revoked
 *  key is refused at its next request, and an unknown one can enrol.
 */
#ifndef BATON_FRONTEND_H
#define BATON_FRONTEND_H

#include "id.h"
#include "record.h"

#include <zmq.h>

#define PEER_SIZE 256

/*  A connection, as ROUTER names it. Valid until the peer disconnects; sending to a dead one is harmless. */
typedef struct {
    size_t size;
    uint8_t data[PEER_SIZE];
} peer_t;

/*  A message as it came in. The frames belong to the message. */
typedef struct {
    peer_t peer;
    char key[KEY_SIZE]; /*  CURVE public key of the sender, Z85 */
    size_t frames;      /*  how many came after the routing id; only the first three are kept */
    zmq_msg_t frame[3];
} inbound_t;

typedef struct frontend frontend_t;

/*  Binds. endpoint is tcp://ADDRESS:PORT (port * for any free one); secret_key is the broker's, Z85. */
BATON_MUST_USE baton_status frontend_new (const char *endpoint, const char *secret_key, frontend_t **ret_frontend,
                                          baton_error_t *error);

/*  Answers that are under way get half a second to leave. */
void frontend_destroy (frontend_t **self);

/*  Where it is really bound, with the port that was free. */
const char *frontend_endpoint (const frontend_t *self);

/*  For sockets between the broker's own threads. */
void *frontend_context (frontend_t *self);

/*  For zmq_poll: the two sockets to watch for input. */
void *frontend_router (frontend_t *self);
void *frontend_zap (frontend_t *self);

/*  Answers what waits on the ZAP socket. */
void frontend_authenticate (frontend_t *self);

/*  The next message, without waiting; false when there is none. Close it with inbound_clear. */
bool frontend_receive (frontend_t *self, inbound_t *ret_inbound);
void inbound_clear (inbound_t *inbound);

typedef enum { SEND_ok, SEND_full, SEND_gone } send_result_t;

/*  Sends signature, header and, unless it is NULL, body to a peer; never waits. */
send_result_t frontend_send (frontend_t *self, const peer_t *peer, const char *signature, const baton_bytes_t *header,
                             const baton_bytes_t *body);

/*  Whether the ROUTER has named this connection. A name that a client has chosen could be taken over by another client,
 *  with all that is still to be sent to it. */
bool peer_is_ours (const peer_t *peer);

bool peer_equal (const peer_t *a, const peer_t *b);

#endif
