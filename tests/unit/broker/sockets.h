/*  What the tests of the socket share: a frontend on a free port and clients of it. Each wait has a deadline. */
#ifndef BATON_TEST_BROKER_SOCKETS_H
#define BATON_TEST_BROKER_SOCKETS_H

#include "frontend.h"
#include "unit.h"

#include <string.h>

#define PATIENCE 30000 /*  ms */

typedef struct {
    char public_key[KEY_SIZE], secret_key[KEY_SIZE]; /*  the broker's */
    frontend_t *frontend;
    void *context; /*  of the clients */
} wire_t;

typedef struct {
    void *socket;
    char key[KEY_SIZE];
} dealer_t;

/*  A message as a client got it; close it with frames_clear. */
typedef struct {
    size_t count;
    zmq_msg_t items[8];
} frames_t;

static inline void frames_clear (frames_t *frames)
{
    for (size_t i = 0; i < frames->count; i++)
        zmq_msg_close (&frames->items[i]);
    frames->count = 0;
}

static inline void wire_begin (wire_t *wire)
{
    baton_error_t error = {0};
    *wire = (wire_t){.context = zmq_ctx_new ()};
    assert_non_null (wire->context);
    assert_int_equal (zmq_curve_keypair (wire->public_key, wire->secret_key), 0);
    if (frontend_new ("tcp://127.0.0.1:*", wire->secret_key, &wire->frontend, &error) != BATON_OK)
        fail_msg ("%s", error.message);
}

static inline void wire_end (wire_t *wire)
{
    frontend_destroy (&wire->frontend);
    frontend_destroy (&wire->frontend);
    zmq_ctx_term (wire->context);
}

static inline void set_option (void *socket, int option, const void *value, size_t size)
{
    assert_int_equal (zmq_setsockopt (socket, option, value, size), 0);
}

/*  Connects with a key pair of its own. */
static inline void dealer_begin (dealer_t *dealer, wire_t *wire, const char *server_key)
{
    char secret[KEY_SIZE];
    int none = 0;
    assert_int_equal (zmq_curve_keypair (dealer->key, secret), 0);
    dealer->socket = zmq_socket (wire->context, ZMQ_DEALER);
    assert_non_null (dealer->socket);
    set_option (dealer->socket, ZMQ_LINGER, &none, sizeof none);
    set_option (dealer->socket, ZMQ_CURVE_SERVERKEY, server_key, KEY_SIZE);
    set_option (dealer->socket, ZMQ_CURVE_PUBLICKEY, dealer->key, KEY_SIZE);
    set_option (dealer->socket, ZMQ_CURVE_SECRETKEY, secret, KEY_SIZE);
    assert_int_equal (zmq_connect (dealer->socket, frontend_endpoint (wire->frontend)), 0);
}

static inline void dealer_end (dealer_t *dealer)
{
    zmq_close (dealer->socket);
}

static inline void dealer_send (dealer_t *dealer, const baton_bytes_t *frames, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_true (zmq_send (dealer->socket, frames[i].data, frames[i].size, i + 1 < count ? ZMQ_SNDMORE : 0) >= 0);
}

static inline baton_bytes_t frame (const char *text)
{
    return (baton_bytes_t){strlen (text), (uint8_t *) (uintptr_t) text};
}

/*  Lets the frontend work until a message came. Clear it with inbound_clear. */
static inline void wire_take (wire_t *wire, inbound_t *ret_inbound)
{
    zmq_pollitem_t items[] = {{.socket = frontend_router (wire->frontend), .events = ZMQ_POLLIN},
                              {.socket = frontend_zap (wire->frontend), .events = ZMQ_POLLIN}};
    while (!frontend_receive (wire->frontend, ret_inbound)) {
        assert_true (zmq_poll (items, 2, PATIENCE) > 0);
        frontend_authenticate (wire->frontend);
    }
}

/*  The peer of a client, learnt by a message of it. */
static inline peer_t wire_meet (wire_t *wire, dealer_t *dealer)
{
    baton_bytes_t hello = frame ("hello");
    inbound_t inbound;
    dealer_send (dealer, &hello, 1);
    wire_take (wire, &inbound);
    peer_t peer = inbound.peer;
    assert_string_equal (inbound.key, dealer->key);
    inbound_clear (&inbound);
    return peer;
}

/*  The next message of a client; false when none came in time. */
static inline bool dealer_take (dealer_t *dealer, long patience, frames_t *ret_frames)
{
    zmq_pollitem_t item = {.socket = dealer->socket, .events = ZMQ_POLLIN};
    if (zmq_poll (&item, 1, patience) <= 0)
        return false;
    *ret_frames = (frames_t){0};
    int more = 1;
    size_t size = sizeof more;
    while (more) {
        assert_true (ret_frames->count < COUNT (ret_frames->items));
        zmq_msg_t *message = &ret_frames->items[ret_frames->count++];
        zmq_msg_init (message);
        assert_true (zmq_msg_recv (message, dealer->socket, 0) >= 0);
        assert_int_equal (zmq_getsockopt (dealer->socket, ZMQ_RCVMORE, &more, &size), 0);
    }
    return true;
}

#endif
