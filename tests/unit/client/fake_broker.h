/*  A broker of one thread whose answers a test scripts: a ROUTER with CURVE that hands each request to a function.
 *
 *  The function runs in the broker's thread; what it shares with the test is atomic, or touched only before start and
 *  after stop.
 */
#ifndef BATON_FAKE_BROKER_H
#define BATON_FAKE_BROKER_H

#include "schema.h"
#include "wire.h"

#include <baton/baton.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

typedef struct fake fake_t;

typedef struct {
    uint8_t peer[64];
    size_t peer_size;
    request_header_t header;
    baton_bytes_t body;
} asked_t;

typedef void (fake_handler_t) (fake_t *fake, const asked_t *asked);

struct fake {
    void *zmq;
    void *socket;
    pthread_t thread;
    atomic_bool stop;
    atomic_int requests;
    bool local; /*  ipc without CURVE */
    char endpoint[256];
    char public_key[41];
    char secret_key[41];
    fake_handler_t *handler;
    void *arg;
};

static void fake_bind (fake_t *fake, const char *endpoint)
{
    int yes = 1, zero = 0;
    size_t size = sizeof fake->endpoint;
    fake->socket = zmq_socket (fake->zmq, ZMQ_ROUTER);
    zmq_setsockopt (fake->socket, ZMQ_LINGER, &zero, sizeof zero);
    if (!fake->local) {
        zmq_setsockopt (fake->socket, ZMQ_CURVE_SERVER, &yes, sizeof yes);
        zmq_setsockopt (fake->socket, ZMQ_CURVE_SECRETKEY, fake->secret_key, 41);
    }
    /*  After an unbind, the port is free only once the I/O thread has closed it. */
    for (int tries = 0; zmq_bind (fake->socket, endpoint) != 0; tries++) {
        if (tries > 1000)
            abort ();
        zmq_poll (NULL, 0, 5);
    }
    zmq_getsockopt (fake->socket, ZMQ_LAST_ENDPOINT, fake->endpoint, &size);
}

/*  As a broker that was killed and started again: all connections are gone, the endpoint is the same. */
static inline void fake_restart (fake_t *fake)
{
    char endpoint[256];
    memcpy (endpoint, fake->endpoint, sizeof endpoint);
    zmq_close (fake->socket);
    fake_bind (fake, endpoint);
}

static void fake_send (fake_t *fake, const asked_t *to, const char *signature, const record_type_t *header_type,
                       const void *header, const record_type_t *type, const void *record)
{
    baton_bytes_t head = {0}, body = {0};
    if (record_encode (header_type, header, &head) != BATON_OK ||
        (type && record_encode (type, record, &body) != BATON_OK))
        abort ();
    zmq_send (fake->socket, to->peer, to->peer_size, ZMQ_SNDMORE);
    zmq_send (fake->socket, signature, WIRE_SIGNATURE_SIZE, ZMQ_SNDMORE);
    zmq_send (fake->socket, head.data, head.size, type ? ZMQ_SNDMORE : 0);
    if (type)
        zmq_send (fake->socket, body.data, body.size, 0);
    bytes_clear (&head);
    bytes_clear (&body);
}

static inline void fake_answer (fake_t *fake, const asked_t *asked, const record_type_t *type, const void *reply)
{
    reply_header_t header = {.id = asked->header.id, .status = (char *) "ok"};
    fake_send (fake, asked, WIRE_ANSWER, &RECORD_reply_header, &header, type, reply);
}

static inline void fake_refuse (fake_t *fake, const asked_t *asked, const failure_t *failure)
{
    reply_header_t header = {.id = asked->header.id, .status = failure->status};
    fake_send (fake, asked, WIRE_ANSWER, &RECORD_reply_header, &header, &RECORD_failure, failure);
}

static bool fake_take_request (fake_t *fake, asked_t *ret_asked)
{
    uint8_t signature[16];
    zmq_msg_t header, body;
    int size = zmq_recv (fake->socket, ret_asked->peer, sizeof ret_asked->peer, ZMQ_DONTWAIT);
    if (size < 0)
        return false;
    ret_asked->peer_size = (size_t) size;
    zmq_recv (fake->socket, signature, sizeof signature, 0);
    zmq_msg_init (&header);
    zmq_msg_init (&body);
    zmq_msg_recv (&header, fake->socket, 0);
    zmq_msg_recv (&body, fake->socket, 0);
    bool good = memcmp (signature, WIRE_REQUEST, WIRE_SIGNATURE_SIZE) == 0 &&
                record_decode (&RECORD_request_header, zmq_msg_data (&header), zmq_msg_size (&header),
                               &ret_asked->header, NULL) == BATON_OK &&
                bytes_set (&ret_asked->body, zmq_msg_data (&body), zmq_msg_size (&body)) == BATON_OK;
    zmq_msg_close (&header);
    zmq_msg_close (&body);
    return good;
}

static void *fake_run (void *arg)
{
    fake_t *fake = arg;
    while (!atomic_load (&fake->stop)) {
        zmq_pollitem_t item = {fake->socket, 0, ZMQ_POLLIN, 0};
        zmq_poll (&item, 1, 5);
        asked_t asked = {0};
        if (fake_take_request (fake, &asked)) {
            atomic_fetch_add (&fake->requests, 1);
            fake->handler (fake, &asked);
        }
        record_clear (&RECORD_request_header, &asked.header);
        bytes_clear (&asked.body);
    }
    zmq_close (fake->socket);
    return NULL;
}

static inline void fake_start (fake_t *fake, const char *endpoint, fake_handler_t *handler, void *arg)
{
    *fake = (fake_t){.handler = handler, .arg = arg, .local = strncmp (endpoint, "ipc:", 4) == 0};
    fake->zmq = zmq_ctx_new ();
    zmq_curve_keypair (fake->public_key, fake->secret_key);
    fake_bind (fake, endpoint);
    if (pthread_create (&fake->thread, NULL, fake_run, fake) != 0)
        abort ();
}

static inline void fake_stop (fake_t *fake)
{
    atomic_store (&fake->stop, true);
    pthread_join (fake->thread, NULL);
    zmq_ctx_term (fake->zmq);
}

/*  A context of a client that knows this broker. */
static inline baton_context_t fake_context (const fake_t *fake)
{
    baton_context_t context = {0};
    snprintf (context.endpoint, sizeof context.endpoint, "%s", fake->endpoint);
    if (!fake->local) {
        snprintf (context.broker_key, sizeof context.broker_key, "%s", fake->public_key);
        zmq_curve_keypair (context.public_key, context.secret_key);
    }
    return context;
}

#endif
