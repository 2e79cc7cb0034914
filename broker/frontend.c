#include "frontend.h"

#include "limits.h"
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINGER 500                     /*  ms */
#define QUEUE_MOST 10000               /*  messages to or from one peer */
#define HEARTBEAT 5000                 /*  ms between pings; a peer that is silent for three is gone */
#define HANDSHAKE 10000                /*  ms for a connection to show its key */
#define STUCK 20000                    /*  ms that a peer may take in nothing; what waits for it is then dropped */
#define MESSAGE_MOST (2 * LIMIT_FRAME) /*  more than is allowed, so that our own check can answer with a sentence */

struct frontend {
    void *context;
    void *router;
    void *zap;
    char endpoint[1024];
};

static bool set_int (void *socket, int option, int value)
{
    return zmq_setsockopt (socket, option, &value, sizeof value) == 0;
}

static bool configure (void *router, const char *endpoint, const char *secret_key)
{
    int64_t most = MESSAGE_MOST;
    return set_int (router, ZMQ_CURVE_SERVER, 1) &&
           zmq_setsockopt (router, ZMQ_CURVE_SECRETKEY, secret_key, KEY_SIZE) == 0 &&
           zmq_setsockopt (router, ZMQ_ZAP_DOMAIN, "baton", 5) == 0 &&
           zmq_setsockopt (router, ZMQ_MAXMSGSIZE, &most, sizeof most) == 0 &&
           set_int (router, ZMQ_ROUTER_MANDATORY, 1) && set_int (router, ZMQ_LINGER, LINGER) &&
           set_int (router, ZMQ_SNDHWM, QUEUE_MOST) && set_int (router, ZMQ_RCVHWM, QUEUE_MOST) &&
           set_int (router, ZMQ_HEARTBEAT_IVL, HEARTBEAT) && set_int (router, ZMQ_HEARTBEAT_TIMEOUT, 3 * HEARTBEAT) &&
           set_int (router, ZMQ_TCP_MAXRT, STUCK) && set_int (router, ZMQ_HANDSHAKE_IVL, HANDSHAKE) &&
           set_int (router, ZMQ_BACKLOG, 1024) &&
           set_int (router, ZMQ_IPV6, strchr (endpoint, '[') != NULL); /*  otherwise it would say [::ffff:127.0.0.1] */
}

/*  tcp://ADDRESS:PORT. libzmq itself would take port 65537 for port 1. */
static bool endpoint_valid (const char *endpoint)
{
    const char *port = strrchr (endpoint, ':');
    if (strncmp (endpoint, "tcp://", 6) != 0 || port < endpoint + 6)
        return false;
    size_t digits = strspn (port + 1, "0123456789");
    return strcmp (port + 1, "*") == 0 ||
           (digits > 0 && digits < 6 && port[1 + digits] == '\0' && atoi (port + 1) <= UINT16_MAX);
}

baton_status frontend_new (const char *endpoint, const char *secret_key, frontend_t **ret_frontend,
                           baton_error_t *error)
{
    if (!endpoint_valid (endpoint))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "listen",
                                 "%s is not of the form tcp://ADDRESS:PORT", endpoint);
    frontend_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->context = zmq_ctx_new ();
    if (self->context) {
        zmq_ctx_set (self->context, ZMQ_MAX_SOCKETS, 32);
        self->zap = zmq_socket (self->context, ZMQ_REP);
        self->router = zmq_socket (self->context, ZMQ_ROUTER);
    }
    size_t size = sizeof self->endpoint;
    /*  ZAP first: libzmq asks it from the first connection on. */
    if (!self->zap || !self->router || zmq_bind (self->zap, "inproc://zeromq.zap.01") != 0 ||
        !configure (self->router, endpoint, secret_key) || zmq_bind (self->router, endpoint) != 0 ||
        zmq_getsockopt (self->router, ZMQ_LAST_ENDPOINT, self->endpoint, &size) != 0) {
        int reason = errno;
        frontend_destroy (&self);
        return baton_fail_field (error, BATON_unavailable, BATON_REASON_cant_listen, "listen",
                                 "cannot listen on %s: %s", endpoint, zmq_strerror (reason));
    }
    *ret_frontend = self;
    return BATON_OK;
}

void frontend_destroy (frontend_t **self)
{
    if (!*self)
        return;
    if ((*self)->router)
        zmq_close ((*self)->router);
    if ((*self)->zap)
        zmq_close ((*self)->zap);
    if ((*self)->context)
        zmq_ctx_term ((*self)->context);
    free (*self);
    *self = NULL;
}

const char *frontend_endpoint (const frontend_t *self)
{
    return self->endpoint;
}

void *frontend_context (frontend_t *self)
{
    return self->context;
}

void *frontend_router (frontend_t *self)
{
    return self->router;
}

void *frontend_zap (frontend_t *self)
{
    return self->zap;
}

/* ---- ZAP, https://rfc.zeromq.org/spec/27/ ---- */

#define ZAP_FRAMES 7 /*  version, request id, domain, address, identity, mechanism, credentials */

static void zap_reply (void *zap, zmq_msg_t *request_id, const char *code, const char *text, const char *user)
{
    zmq_send (zap, "1.0", 3, ZMQ_SNDMORE);
    zmq_msg_send (request_id, zap, ZMQ_SNDMORE);
    zmq_send (zap, code, 3, ZMQ_SNDMORE);
    zmq_send (zap, text, strlen (text), ZMQ_SNDMORE);
    zmq_send (zap, user, strlen (user), ZMQ_SNDMORE);
    zmq_send (zap, "", 0, 0);
}

static bool frame_is (zmq_msg_t *frame, const char *text)
{
    return zmq_msg_size (frame) == strlen (text) && memcmp (zmq_msg_data (frame), text, strlen (text)) == 0;
}

void frontend_authenticate (frontend_t *self)
{
    for (;;) {
        zmq_msg_t frames[ZAP_FRAMES];
        int count = 0, more = 1;
        while (more) {
            zmq_msg_t extra;
            zmq_msg_t *frame = count < ZAP_FRAMES ? &frames[count] : &extra;
            zmq_msg_init (frame);
            if (zmq_msg_recv (frame, self->zap, ZMQ_DONTWAIT) < 0) {
                zmq_msg_close (frame);
                return; /*  only before a first frame: messages arrive whole */
            }
            more = zmq_msg_more (frame);
            if (count++ >= ZAP_FRAMES)
                zmq_msg_close (frame);
        }
        int kept = count < ZAP_FRAMES ? count : ZAP_FRAMES;
        bool curve = count == ZAP_FRAMES && frame_is (&frames[5], "CURVE") && zmq_msg_size (&frames[6]) == 32;
        if (kept < 2)
            zmq_send (self->zap, "", 0, 0); /*  REP must answer; libzmq itself never asks so */
        else if (curve) {
            char key[KEY_SIZE];
            zmq_z85_encode (key, zmq_msg_data (&frames[6]), 32);
            zap_reply (self->zap, &frames[1], "200", "OK", key);
        } else
            zap_reply (self->zap, &frames[1], "400", "CURVE only", "");
        for (int i = 0; i < kept; i++)
            zmq_msg_close (&frames[i]);
    }
}

/* ---- messages ---- */

bool frontend_receive (frontend_t *self, inbound_t *ret_inbound)
{
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    if (zmq_msg_recv (&frame, self->router, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close (&frame);
        return false;
    }
    *ret_inbound = (inbound_t){0};
    ret_inbound->peer.size = zmq_msg_size (&frame);
    memcpy (ret_inbound->peer.data, zmq_msg_data (&frame), zmq_msg_size (&frame)); /*  ROUTER: at most 255 bytes */
    for (size_t i = 0; i < 3; i++)
        zmq_msg_init (&ret_inbound->frame[i]);
    bool more = zmq_msg_more (&frame);
    while (more && zmq_msg_recv (&frame, self->router, ZMQ_DONTWAIT) >= 0) {
        more = zmq_msg_more (&frame);
        const char *user = zmq_msg_gets (&frame, "User-Id");
        if (user && strlen (user) == KEY_SIZE - 1)
            memcpy (ret_inbound->key, user, KEY_SIZE);
        if (ret_inbound->frames < 3)
            zmq_msg_move (&ret_inbound->frame[ret_inbound->frames], &frame);
        ret_inbound->frames++;
    }
    zmq_msg_close (&frame);
    return true;
}

void inbound_clear (inbound_t *inbound)
{
    for (size_t i = 0; i < 3; i++)
        zmq_msg_close (&inbound->frame[i]);
}

send_result_t frontend_send (frontend_t *self, const peer_t *peer, const char *signature, const baton_bytes_t *header,
                             const baton_bytes_t *body)
{
    if (zmq_send (self->router, peer->data, peer->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return errno == EAGAIN ? SEND_full : SEND_gone;
    zmq_send (self->router, signature, WIRE_SIGNATURE_SIZE, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    zmq_send (self->router, header->data, header->size, (body ? ZMQ_SNDMORE : 0) | ZMQ_DONTWAIT);
    if (body)
        zmq_send (self->router, body->data, body->size, ZMQ_DONTWAIT);
    return SEND_ok;
}

/*  libzmq: a zero byte and a 32-bit number; clients of its own cannot choose a name that begins so. */
bool peer_is_ours (const peer_t *peer)
{
    return peer->size == 5 && peer->data[0] == 0;
}

bool peer_equal (const peer_t *a, const peer_t *b)
{
    return a->size == b->size && memcmp (a->data, b->data, a->size) == 0;
}
