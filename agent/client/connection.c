#include "connection.h"

#include "trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define RECONNECT_FIRST 50 /*  milliseconds */
#define RECONNECT_MOST 1000
#define HEARTBEAT_EVERY 2000 /*  a peer that vanished without a word is noticed within two of these */
#define MONITOR "inproc://monitor"

struct connection {
    baton_context_t context;
    void *zmq;
    void *socket;
    void *monitor;
    uint64_t last_id;
    bool reached; /*  something took the connection, whatever it was */
    bool refused; /*  and let go of it before it was our broker */
    bool proved;  /*  and once it was our broker */
    bool up;
    uint64_t losses;
};

uint64_t connection_clock (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

static bool set_number (void *socket, int option, int value)
{
    return zmq_setsockopt (socket, option, &value, sizeof value) == 0;
}

static bool set_limits (void *socket)
{
    int64_t most = LIMIT_FRAME;
    return set_number (socket, ZMQ_LINGER, 0) && set_number (socket, ZMQ_IMMEDIATE, 0) &&
           set_number (socket, ZMQ_RECONNECT_IVL, RECONNECT_FIRST) &&
           set_number (socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MOST) &&
           set_number (socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_EVERY) &&
           zmq_setsockopt (socket, ZMQ_MAXMSGSIZE, &most, sizeof most) == 0;
}

static baton_status set_keys (void *socket, const baton_context_t *context, baton_error_t *error)
{
    if (strncmp (context->endpoint, "ipc://", 6) == 0)
        return BATON_OK; /*  the file's mode and the run's token protect it */
    if (zmq_setsockopt (socket, ZMQ_CURVE_SERVERKEY, context->broker_key, BATON_KEY_SIZE) != 0 ||
        zmq_setsockopt (socket, ZMQ_CURVE_PUBLICKEY, context->public_key, BATON_KEY_SIZE) != 0 ||
        zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, context->secret_key, BATON_KEY_SIZE) != 0)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value,
                           "the context for %s has a key that is not a CURVE key", context->endpoint);
    return BATON_OK;
}

static baton_status watch (connection_t *self)
{
    int events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED;
    if (zmq_socket_monitor (self->socket, MONITOR, events) != 0)
        return BATON_internal;
    self->monitor = zmq_socket (self->zmq, ZMQ_PAIR);
    return self->monitor && set_number (self->monitor, ZMQ_LINGER, 0) && zmq_connect (self->monitor, MONITOR) == 0
               ? BATON_OK
               : BATON_internal;
}

baton_status connection_new (const baton_context_t *context, connection_t **ret_connection, baton_error_t *error)
{
    connection_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->context = *context;
    self->zmq = zmq_ctx_new ();
    self->socket = self->zmq ? zmq_socket (self->zmq, ZMQ_DEALER) : NULL;
    baton_status status = BATON_OK;
    if (!self->socket || !set_limits (self->socket) || watch (self) != BATON_OK)
        status = baton_fail (error, BATON_internal, BATON_REASON_none, "can't make a socket: %s", zmq_strerror (errno));
    if (status == BATON_OK)
        status = set_keys (self->socket, context, error);
    if (status == BATON_OK && zmq_connect (self->socket, context->endpoint) != 0)
        status = baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value, "%s is no endpoint: %s",
                             context->endpoint, zmq_strerror (errno));
    if (status != BATON_OK)
        connection_destroy (&self);
    else
        *ret_connection = self;
    return status;
}

void connection_destroy (connection_t **self)
{
    connection_t *connection = *self;
    if (!connection)
        return;
    if (connection->monitor)
        zmq_close (connection->monitor);
    if (connection->socket)
        zmq_close (connection->socket);
    if (connection->zmq)
        zmq_ctx_term (connection->zmq);
    free (connection);
    *self = NULL;
}

/* ---- out ---- */

baton_status connection_send (connection_t *self, const request_header_t *header, const uint8_t *body, size_t body_size)
{
    static const uint8_t EMPTY_MAP[] = {0x80};
    request_header_t signed_header = *header; /*  a shallow copy: it borrows, and is never cleared */
    if (*self->context.token)
        signed_header.token = self->context.token;
    if (!header->trace && trace_valid (getenv (TRACE_VARIABLE)))
        signed_header.trace = getenv (TRACE_VARIABLE);
    baton_bytes_t bytes = {0};
    if (record_encode (&RECORD_request_header, &signed_header, &bytes) != BATON_OK)
        return BATON_resource_exhausted;
    if (body_size == 0) {
        body = EMPTY_MAP;
        body_size = sizeof EMPTY_MAP;
    }
    /*  Only the first frame can be refused for a full queue: libzmq takes a message whole or not at all. */
    if (zmq_send (self->socket, WIRE_REQUEST, WIRE_SIGNATURE_SIZE, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
        zmq_send (self->socket, bytes.data, bytes.size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        zmq_send (self->socket, body, body_size, ZMQ_DONTWAIT);
    bytes_clear (&bytes);
    return BATON_OK;
}

uint64_t connection_next_id (connection_t *self)
{
    return ++self->last_id;
}

/* ---- in ---- */

/*  Takes one notice of the monitor: a number that says what happened, and a frame with the address. */
static void take_notice (connection_t *self)
{
    uint8_t notice[6];
    char address[BATON_ENDPOINT_SIZE];
    int size = zmq_recv (self->monitor, notice, sizeof notice, ZMQ_DONTWAIT);
    if (size < (int) sizeof notice || zmq_recv (self->monitor, address, sizeof address, ZMQ_DONTWAIT) < 0)
        return;
    uint16_t event;
    memcpy (&event, notice, sizeof event);
    if (event == ZMQ_EVENT_CONNECTED)
        self->reached = true;
    else if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        self->up = self->proved = true;
    else {
        self->refused = self->refused || (self->reached && !self->up);
        self->losses += self->up ? 1 : 0;
        self->up = false;
    }
}

/*  The next frame as bytes; *ret_more says whether another belongs to the same message. */
static bool take_frame (void *socket, baton_bytes_t *ret_bytes, bool *ret_more)
{
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    bool taken = zmq_msg_recv (&frame, socket, ZMQ_DONTWAIT) >= 0;
    if (taken) {
        taken = bytes_set (ret_bytes, zmq_msg_data (&frame), zmq_msg_size (&frame)) == BATON_OK;
        *ret_more = zmq_msg_more (&frame) != 0;
    }
    zmq_msg_close (&frame);
    return taken;
}

/*  Takes a whole message; false when there is none, or it is none of ours. */
static bool take_message (connection_t *self, message_in_t *ret_message)
{
    baton_bytes_t frames[4] = {{0}};
    size_t count = 0;
    bool more = true, whole = true;
    while (more && take_frame (self->socket, &frames[count], &more))
        count += count < 3 ? 1 : 0; /*  what follows the third frame is dropped */
    whole = count >= 2 && !more && frames[0].size == WIRE_SIGNATURE_SIZE;
    if (whole) {
        memcpy (ret_message->signature, frames[0].data, WIRE_SIGNATURE_SIZE);
        ret_message->header = frames[1];
        ret_message->body = frames[2];
        ret_message->has_body = count > 2;
        frames[1] = frames[2] = (baton_bytes_t){0};
    }
    for (size_t i = 0; i < 4; i++)
        bytes_clear (&frames[i]);
    return whole;
}

bool connection_receive (connection_t *self, uint64_t timeout, message_in_t *ret_message)
{
    uint64_t deadline = connection_clock () + timeout;
    for (;;) {
        *ret_message = (message_in_t){0};
        if (take_message (self, ret_message))
            return true;
        uint64_t now = connection_clock ();
        zmq_pollitem_t items[] = {{self->socket, 0, ZMQ_POLLIN, 0}, {self->monitor, 0, ZMQ_POLLIN, 0}};
        if (now > deadline || zmq_poll (items, 2, (long) (deadline - now)) <= 0)
            return false;
        if (items[1].revents & ZMQ_POLLIN) {
            take_notice (self);
            return false;
        }
    }
}

bool connection_take (connection_t *self, message_in_t *ret_message)
{
    zmq_pollitem_t items[] = {{self->socket, 0, ZMQ_POLLIN, 0}, {self->monitor, 0, ZMQ_POLLIN, 0}};
    *ret_message = (message_in_t){0};
    while (!take_message (self, ret_message)) {
        if (zmq_poll (items, 2, 0) <= 0)
            return false;
        if (items[1].revents & ZMQ_POLLIN)
            take_notice (self);
    }
    return true;
}

void message_in_clear (message_in_t *message)
{
    bytes_clear (&message->header);
    bytes_clear (&message->body);
}

/* ---- state ---- */

bool connection_up (const connection_t *self)
{
    return self->up;
}

uint64_t connection_losses (const connection_t *self)
{
    return self->losses;
}

int connection_fd (connection_t *self)
{
    int fd = -1;
    size_t size = sizeof fd;
    zmq_getsockopt (self->socket, ZMQ_FD, &fd, &size);
    return fd;
}

baton_status connection_blame (const connection_t *self, const char *method, uint64_t timeout, baton_error_t *error)
{
    const char *endpoint = self->context.endpoint;
    if (self->up)
        return baton_fail (error, BATON_deadline_exceeded, BATON_REASON_timed_out,
                           "the broker at %s did not answer %s within %llu ms", endpoint, method,
                           (unsigned long long) timeout);
    if (self->proved || !self->reached)
        return baton_fail (error, BATON_unavailable, BATON_REASON_unreachable, "no broker answers at %s", endpoint);
    if (!self->refused)
        return baton_fail (error, BATON_unavailable, BATON_REASON_unreachable,
                           "something takes connections at %s, but no broker has answered within %llu ms", endpoint,
                           (unsigned long long) timeout);
    return baton_fail (error, BATON_unavailable, BATON_REASON_unreachable,
                       "something answers at %s, but not as the broker whose key the context has", endpoint);
}

baton_status connection_failure (const message_in_t *message, baton_error_t *error)
{
    failure_t failure = {0};
    baton_status status = record_decode (&RECORD_failure, message->body.data, message->body.size, &failure, NULL);
    if (status != BATON_OK)
        return baton_fail (error, BATON_internal, BATON_REASON_bug, "the broker refused, but its reason can't be read");
    status = baton_status_from_name (failure.status);
    if (status == BATON_OK)
        status = BATON_internal;
    baton_fail_field (error, status, baton_reason_from_name (failure.reason ? failure.reason : ""),
                      failure.field ? failure.field : "", "%s", failure.message);
    record_clear (&RECORD_failure, &failure);
    return status;
}
