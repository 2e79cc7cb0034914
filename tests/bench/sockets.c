#include "sockets.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define QUEUE_MOST 10000 /*  as the broker's */
#define READY_MOST 64

static bool set_int (void *socket, int option, int value)
{
    return zmq_setsockopt (socket, option, &value, sizeof value) == 0;
}

static bool set_queues (void *socket)
{
    return set_int (socket, ZMQ_LINGER, 0) && set_int (socket, ZMQ_SNDHWM, QUEUE_MOST) &&
           set_int (socket, ZMQ_RCVHWM, QUEUE_MOST);
}

void *socket_connect (void *zmq, int type, const baton_context_t *context)
{
    void *socket = zmq_socket (zmq, type);
    demand (socket && set_queues (socket) && set_int (socket, ZMQ_RECONNECT_IVL, 50) &&
                zmq_setsockopt (socket, ZMQ_CURVE_SERVERKEY, context->broker_key, BATON_KEY_SIZE) == 0 &&
                zmq_setsockopt (socket, ZMQ_CURVE_PUBLICKEY, context->public_key, BATON_KEY_SIZE) == 0 &&
                zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, context->secret_key, BATON_KEY_SIZE) == 0 &&
                (type != ZMQ_SUB || zmq_setsockopt (socket, ZMQ_SUBSCRIBE, "", 0) == 0) &&
                zmq_connect (socket, context->endpoint) == 0,
            "cannot connect to %s: %s", context->endpoint, zmq_strerror (errno));
    return socket;
}

void *socket_bind (void *zmq, int type, const char *secret_key, char *ret_endpoint)
{
    size_t size = BATON_ENDPOINT_SIZE;
    void *socket = zmq_socket (zmq, type);
    demand (socket && set_queues (socket) && set_int (socket, ZMQ_CURVE_SERVER, 1) &&
                zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, secret_key, BATON_KEY_SIZE) == 0 &&
                zmq_bind (socket, "tcp://127.0.0.1:*") == 0 &&
                zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, ret_endpoint, &size) == 0,
            "cannot bind: %s", zmq_strerror (errno));
    return socket;
}

void socket_keys (baton_context_t *ret_context, char *ret_server_secret)
{
    *ret_context = (baton_context_t){0};
    demand (zmq_curve_keypair (ret_context->broker_key, ret_server_secret) == 0 &&
                zmq_curve_keypair (ret_context->public_key, ret_context->secret_key) == 0,
            "libzmq has no CURVE");
}

void socket_send (void *socket, const piece_t *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++)
        demand (zmq_send (socket, pieces[i].data, pieces[i].size, i + 1 < count ? ZMQ_SNDMORE : 0) >= 0,
                "cannot send: %s", zmq_strerror (errno));
}

bool socket_drop (void *socket, size_t *ret_frames)
{
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    size_t frames = 0;
    bool more = true;
    while (more && zmq_msg_recv (&frame, socket, ZMQ_DONTWAIT) >= 0) {
        frames++;
        more = zmq_msg_more (&frame);
    }
    zmq_msg_close (&frame);
    if (ret_frames)
        *ret_frames = frames;
    return frames > 0;
}

int watch_new (void *const *sockets, size_t count)
{
    int watch = epoll_create1 (EPOLL_CLOEXEC);
    demand (watch >= 0, "cannot make an epoll: %s", strerror (errno));
    for (size_t i = 0; i < count; i++) {
        int fd = -1;
        size_t size = sizeof fd;
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t) i};
        demand (zmq_getsockopt (sockets[i], ZMQ_FD, &fd, &size) == 0 &&
                    epoll_ctl (watch, EPOLL_CTL_ADD, fd, &event) == 0,
                "cannot watch a socket: %s", strerror (errno));
    }
    return watch;
}

size_t watch_ready (int watch, int timeout_ms, uint32_t *ret_indices, size_t most)
{
    struct epoll_event events[READY_MOST];
    int count = epoll_wait (watch, events, most < READY_MOST ? (int) most : READY_MOST, timeout_ms);
    for (int i = 0; i < count; i++)
        ret_indices[i] = events[i].data.u32;
    return count > 0 ? (size_t) count : 0;
}
