/*  CURVE sockets of a benchmark, many of them read by one thread.
 *
 *  A zmq_poll over 100 sockets would cost more than the messages; so an epoll watches their ZMQ_FD. That is edge
 *  triggered: whoever is told that a socket is ready reads until there is nothing more.
 */
#ifndef BATON_BENCH_SOCKETS_H
#define BATON_BENCH_SOCKETS_H

#include "tools.h"

#include <baton/baton.h>
#include <zmq.h>

/*  Connected with the context's keys. */
void *socket_connect (void *zmq, int type, const baton_context_t *context);

/*  Bound as CURVE server to a free port of loopback; ret_endpoint needs BATON_ENDPOINT_SIZE bytes. */
void *socket_bind (void *zmq, int type, const char *secret_key, char *ret_endpoint);

/*  Keys for both sides of a raw connection; ret_server_secret needs BATON_KEY_SIZE bytes. */
void socket_keys (baton_context_t *ret_context, char *ret_server_secret);

/*  Sends a message of that many frames. */
typedef struct {
    const void *data;
    size_t size;
} piece_t;
void socket_send (void *socket, const piece_t *pieces, size_t count);

/*  Takes one message without waiting and throws it away; false when there is none. *ret_frames (may be NULL) is how
 *  many frames it had. */
bool socket_drop (void *socket, size_t *ret_frames);

/*  An epoll over sockets; ready gives the indices of those that may have something. */
int watch_new (void *const *sockets, size_t count);
size_t watch_ready (int watch, int timeout_ms, uint32_t *ret_indices, size_t most);

#endif
