#include "link.h"

#include "log.h"
#include "wire.h"

#define RECONNECT_FIRST 20 /*  milliseconds */
#define RECONNECT_MOST 1000
#define PING_EVERY 1000 /*  of the transport: tells a cut network from a quiet one */
#define PING_PATIENCE 4000
#define TICK 100     /*  how often deadlines are looked at */
#define SILENCE 5000 /*  after which a request that isn't parked is sent again */

struct link {
    zloop_t *loop;
    link_handlers_t handlers;
    zsock_t *dealer;
    zsock_t *monitor;
    int timer;
    uint64_t next_id;
    zlistx_t *pending; /*  of pending_t *, oldest first */
};

typedef struct {
    uint64_t id;
    baton_bytes_t header;
    baton_bytes_t body;
    link_answer_fn *fn;
    void *arg;
    int64_t expires; /*  0: never */
    int64_t sent;
    bool parked; /*  silence is to be expected */
} pending_t;

static void pending_destroy (void **item)
{
    pending_t *pending = *item;
    bytes_clear (&pending->header);
    bytes_clear (&pending->body);
    free (pending);
    *item = NULL;
}

failure_t failure_of (const baton_error_t *error)
{
    return (failure_t){.status = (char *) baton_status_name (error->status),
                       .reason = (char *) baton_reason_name (error->reason),
                       .field = (char *) error->field,
                       .message = (char *) error->message,
                       .hint = (char *) baton_reason_hint (error->reason),
                       .retry = baton_reason_retry (error->reason)};
}

/* ---- sending ---- */

/*  Without a connection the message is dropped here, and sent again when there is one. */
static void send_frames (link_t *self, const char *signature, const baton_bytes_t *header, const baton_bytes_t *body)
{
    zmsg_t *message = zmsg_new ();
    zmsg_addmem (message, signature, WIRE_SIGNATURE_SIZE);
    zmsg_addmem (message, header->data, header->size);
    zmsg_addmem (message, body->data, body->size);
    if (zmsg_send (&message, self->dealer) != 0)
        zmsg_destroy (&message);
}

static void transmit (link_t *self, pending_t *pending)
{
    pending->sent = zclock_mono ();
    send_frames (self, WIRE_REQUEST, &pending->header, &pending->body);
}

baton_status link_send (link_t *self, const request_header_t *header, const baton_bytes_t *body, uint64_t timeout,
                        link_answer_fn *fn, void *arg)
{
    pending_t *pending = calloc (1, sizeof *pending);
    if (!pending)
        return BATON_resource_exhausted;
    request_header_t numbered = *header;
    numbered.id = pending->id = ++self->next_id;
    pending->fn = fn;
    pending->arg = arg;
    pending->expires = timeout > 0 ? zclock_mono () + (int64_t) timeout : 0;
    pending->parked = header->past > 0;
    baton_status status = record_encode (&RECORD_request_header, &numbered, &pending->header);
    if (status == BATON_OK)
        status = bytes_set (&pending->body, body->data, body->size);
    if (status == BATON_OK && !zlistx_add_end (self->pending, pending))
        status = BATON_resource_exhausted;
    if (status != BATON_OK)
        pending_destroy ((void **) &pending);
    else
        transmit (self, pending);
    return status;
}

baton_status link_ask (link_t *self, method_id_t method, const void *request, link_answer_fn *fn, void *arg)
{
    baton_bytes_t body = {0, NULL};
    baton_status status = record_encode (&METHODS[method].type, request, &body);
    request_header_t header = {.method = (char *) METHODS[method].name};
    if (status == BATON_OK)
        status = link_send (self, &header, &body, 0, fn, arg);
    bytes_clear (&body);
    return status;
}

static void send_answer (link_t *self, uint64_t id, baton_status status, const record_type_t *type, const void *record)
{
    reply_header_t reply = {.id = id, .status = (char *) baton_status_name (status)};
    baton_bytes_t header = {0, NULL}, body = {0, NULL};
    if (record_encode (&RECORD_reply_header, &reply, &header) == BATON_OK &&
        record_encode (type, record, &body) == BATON_OK)
        send_frames (self, WIRE_ANSWER, &header, &body);
    bytes_clear (&header);
    bytes_clear (&body);
}

void link_reply (link_t *self, uint64_t id, const record_type_t *type, const void *record)
{
    send_answer (self, id, BATON_OK, type, record);
}

void link_refuse (link_t *self, uint64_t id, const baton_error_t *error)
{
    failure_t failure = failure_of (error);
    send_answer (self, id, error->status, &RECORD_failure, &failure);
}

/* ---- answers ---- */

static pending_t *find_pending (link_t *self, uint64_t id)
{
    for (pending_t *item = zlistx_first (self->pending); item; item = zlistx_next (self->pending))
        if (item->id == id)
            return item;
    return NULL;
}

/*  Takes the pending request off the list, then calls: the handler may send again. */
static void finish (link_t *self, pending_t *pending, const link_answer_t *answer)
{
    zlistx_detach (self->pending, zlistx_find (self->pending, pending));
    pending->fn (pending->arg, answer);
    pending_destroy ((void **) &pending);
}

static void take_answer (link_t *self, zframe_t *header_frame, zframe_t *body)
{
    reply_header_t header = {.id = 0};
    failure_t failure = {.status = NULL};
    baton_error_t error = {.message = ""};
    if (record_decode (&RECORD_reply_header, zframe_data (header_frame), zframe_size (header_frame), &header, &error) !=
        BATON_OK)
        log_warning ("an answer of the broker has no readable header: %s", error.message);
    pending_t *pending = find_pending (self, header.id);
    if (!pending)
        goto out; /*  a second answer to a request that was sent twice */
    link_answer_t answer = {.status = baton_status_from_name (header.status), .failure = &failure};
    if (answer.status == BATON_OK) {
        answer.body = zframe_data (body);
        answer.size = zframe_size (body);
    } else if (record_decode (&RECORD_failure, zframe_data (body), zframe_size (body), &failure, &error) == BATON_OK)
        answer.reason = baton_reason_from_name (failure.reason ? failure.reason : "");
    else {
        answer.failure = &(failure_t){.status = header.status, .message = error.message};
    }
    finish (self, pending, &answer);
out:
    record_clear (&RECORD_reply_header, &header);
    record_clear (&RECORD_failure, &failure);
}

static void take_delivery (link_t *self, zframe_t *body)
{
    event_t event = {.kind = EVENT_none};
    baton_error_t error;
    if (event_decode (zframe_data (body), zframe_size (body), &event, &error) == BATON_OK)
        self->handlers.delivery (self->handlers.arg, &event);
    event_clear (&event);
}

static void take_request (link_t *self, zframe_t *header_frame, zframe_t *body)
{
    request_header_t header = {.id = 0};
    baton_error_t error;
    if (record_decode (&RECORD_request_header, zframe_data (header_frame), zframe_size (header_frame), &header,
                       &error) == BATON_OK)
        self->handlers.request (self->handlers.arg, &header, zframe_data (body), zframe_size (body));
    record_clear (&RECORD_request_header, &header);
}

static int take_message (zloop_t *loop, zsock_t *socket, void *arg)
{
    (void) loop;
    link_t *self = arg;
    zmsg_t *message = zmsg_recv (socket);
    if (!message)
        return 0;
    zframe_t *signature = zmsg_first (message), *header = zmsg_next (message), *body = zmsg_next (message);
    if (header && body && zframe_size (signature) == WIRE_SIGNATURE_SIZE) {
        if (memcmp (zframe_data (signature), WIRE_ANSWER, WIRE_SIGNATURE_SIZE) == 0)
            take_answer (self, header, body);
        else if (memcmp (zframe_data (signature), WIRE_DELIVERY, WIRE_SIGNATURE_SIZE) == 0)
            take_delivery (self, body);
        else if (memcmp (zframe_data (signature), WIRE_REQUEST, WIRE_SIGNATURE_SIZE) == 0)
            take_request (self, header, body);
    }
    zmsg_destroy (&message);
    return 0;
}

/* ---- time and connection ---- */

static void expire (link_t *self, pending_t *pending)
{
    baton_error_t error;
    baton_status status = baton_fail (&error, BATON_unavailable, BATON_REASON_unreachable,
                                      "the broker did not answer in time; the node goes on trying to reach it");
    failure_t failure = failure_of (&error);
    finish (self, pending, &(link_answer_t){.status = status, .reason = error.reason, .failure = &failure});
}

static int tick (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    link_t *self = arg;
    int64_t now = zclock_mono ();
    for (pending_t *item = zlistx_first (self->pending); item;) {
        if (item->expires > 0 && item->expires <= now) {
            expire (self, item);
            item = zlistx_first (self->pending); /*  the handler may have changed the list */
            continue;
        }
        if (!item->parked && now - item->sent >= SILENCE)
            transmit (self, item);
        item = zlistx_next (self->pending);
    }
    return 0;
}

/*  A monitor event is two frames: event number and value, then the endpoint (zmq_socket_monitor(3)). */
static int watch_connection (zloop_t *loop, zsock_t *monitor, void *arg)
{
    (void) loop;
    link_t *self = arg;
    zmsg_t *message = zmsg_recv (monitor);
    uint16_t event = 0;
    if (message && zframe_size (zmsg_first (message)) >= sizeof event)
        memcpy (&event, zframe_data (zmsg_first (message)), sizeof event);
    zmsg_destroy (&message);
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
        for (pending_t *item = zlistx_first (self->pending); item; item = zlistx_next (self->pending))
            transmit (self, item);
        self->handlers.up (self->handlers.arg);
    } else if (event == ZMQ_EVENT_DISCONNECTED)
        log_warning ("the connection to the broker is lost; runs go on");
    return 0;
}

static void set_options (zsock_t *dealer, const baton_context_t *context)
{
    zsock_set_curve_serverkey (dealer, context->broker_key);
    zsock_set_curve_publickey (dealer, context->public_key);
    zsock_set_curve_secretkey (dealer, context->secret_key);
    zsock_set_linger (dealer, 500);
    zsock_set_immediate (dealer, 1);
    zsock_set_sndtimeo (dealer, 0);
    zsock_set_maxmsgsize (dealer, LIMIT_FRAME);
    zsock_set_reconnect_ivl (dealer, RECONNECT_FIRST);
    zsock_set_reconnect_ivl_max (dealer, RECONNECT_MOST);
    zsock_set_heartbeat_ivl (dealer, PING_EVERY);
    zsock_set_heartbeat_timeout (dealer, PING_PATIENCE);
    zsock_set_heartbeat_ttl (dealer, PING_PATIENCE);
}

/*  The name of a link that was destroyed stays taken until libzmq's own thread has let go of it: the next link may
 * stand at the same address by then, but not at the same time. */
static bool open_monitor (link_t *self)
{
    char endpoint[96];
    snprintf (endpoint, sizeof endpoint, "inproc://link-monitor-%p-%" PRId64, (void *) self, zclock_usecs ());
    if (zmq_socket_monitor (zsock_resolve (self->dealer), endpoint,
                            ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) < 0)
        return false;
    self->monitor = zsock_new (ZMQ_PAIR);
    return self->monitor && zsock_connect (self->monitor, "%s", endpoint) == 0;
}

baton_status link_new (zloop_t *loop, const baton_context_t *context, const link_handlers_t *handlers,
                       link_t **ret_link, baton_error_t *error)
{
    link_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->loop = loop;
    self->handlers = *handlers;
    self->timer = -1;
    /*  Numbers of an earlier life of this node must not meet an answer that is still under way. */
    self->next_id = (uint64_t) zclock_time () << 20;
    self->pending = zlistx_new ();
    self->dealer = zsock_new (ZMQ_DEALER);
    if (!self->pending || !self->dealer || !open_monitor (self)) {
        link_destroy (&self);
        return baton_fail_memory (error);
    }
    set_options (self->dealer, context);
    if (zsock_connect (self->dealer, "%s", context->endpoint) < 0) {
        link_destroy (&self);
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value,
                           "the context's endpoint %s is none: it must be tcp://HOST:PORT", context->endpoint);
    }
    zloop_reader (loop, self->dealer, take_message, self);
    zloop_reader (loop, self->monitor, watch_connection, self);
    self->timer = zloop_timer (loop, TICK, 0, tick, self);
    *ret_link = self;
    return BATON_OK;
}

void link_destroy (link_t **self_p)
{
    link_t *self = *self_p;
    if (!self)
        return;
    if (self->timer >= 0) {
        zloop_timer_end (self->loop, self->timer);
        zloop_reader_end (self->loop, self->dealer);
        zloop_reader_end (self->loop, self->monitor);
    }
    if (self->dealer)
        zmq_socket_monitor (zsock_resolve (self->dealer), NULL, 0);
    zsock_destroy (&self->monitor);
    zsock_destroy (&self->dealer);
    for (pending_t *item; self->pending && (item = zlistx_detach (self->pending, NULL));)
        pending_destroy ((void **) &item);
    zlistx_destroy (&self->pending);
    free (self);
    *self_p = NULL;
}
