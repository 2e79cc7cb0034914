/*  Following events: each once, in order, whatever happens to the connection.
 *
 *      subscribing --answer--> reading --all read--> following
 *           ^                     ^                      |
 *           |                     '---- events missing --'
 *           '------ connection lost, or silence ---------'  (from any state)
 *
 *  subscribing  events.subscribe is under way. Its answer says how long the log was when the subscription began.
 *  reading      events.read fetches what the log has up to there, page by page. Deliveries that come meanwhile are
 *               held back; when too many come, they are let go and read from the log instead.
 *  following    deliveries are handed out as they come. Their count tells when one was lost: then the log is read
 * again.
 *
 *  `position` is the seq up to which the reader has everything that matches; what comes with a lower one was seen.
 */
#include "backlog.h"
#include "connection.h"
#include "event.h"

#include <stdlib.h>
#include <string.h>

#define SILENCE_MOST 3000 /*  heartbeats come every second: without any for so long, the subscription has ended */
#define RESEND_EVERY 1000
#define PAUSE 500      /*  before a request is repeated that was refused for now */
#define PAUSE_EMPTY 50 /*  before the log is read again that did not reach as far as it should yet */
#define HELD_MOST 4096 /*  deliveries held back while reading */
#define PAGE 500       /*  events in one answer */

typedef enum { STATE_subscribing, STATE_reading, STATE_following } state_t;

struct baton_events {
    connection_t *connection;
    event_class_e event_class;
    char session[LIMIT_ID + 1];
    char kind[LIMIT_NAME + 1];
    bool from_now; /*  until the first subscription says where "now" is */
    uint64_t position;
    uint64_t target; /*  reading: until the position is here */
    state_t state;
    uint64_t subscription;
    uint64_t count;    /*  of the last delivery */
    uint64_t heard_at; /*  the last delivery, or the subscription itself */
    uint64_t beat;     /*  head of the last heartbeat, when nothing was missing */
    /*  The request under way; id 0: none, to be sent at send_at. */
    uint64_t id;
    uint64_t send_at;
    uint64_t losses;
    backlog_t ready; /*  for the reader */
    backlog_t held;
};

/* ---- new, destroy ---- */

static baton_status set_filter (baton_events_t *self, const baton_filter_t *filter, baton_error_t *error)
{
    const char *name = filter->event_class ? filter->event_class : "";
    self->event_class = (event_class_e) enum_value (&event_class_names, name, strlen (name));
    if (*name && self->event_class == event_class_none)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "class",
                                 "there is no class of events %s", name);
    const char *session = filter->session ? filter->session : "", *kind = filter->kind ? filter->kind : "";
    if (strlen (session) > LIMIT_ID || strlen (kind) > LIMIT_NAME)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_too_large,
                           "the session or kind of a filter is longer than %d bytes", LIMIT_ID);
    memcpy (self->session, session, strlen (session));
    memcpy (self->kind, kind, strlen (kind));
    self->from_now = filter->after == UINT64_MAX;
    self->position = self->from_now ? 0 : filter->after;
    return BATON_OK;
}

baton_status baton_events_new (const baton_context_t *context, const baton_filter_t *filter,
                               baton_events_t **ret_events, baton_error_t *error)
{
    baton_events_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    baton_status status = set_filter (self, filter, error);
    if (status == BATON_OK)
        status = connection_new (context, &self->connection, error);
    if (status != BATON_OK)
        baton_events_destroy (&self);
    else
        *ret_events = self;
    return status;
}

void baton_events_destroy (baton_events_t **self)
{
    if (!*self)
        return;
    connection_destroy (&(*self)->connection);
    backlog_clear (&(*self)->ready);
    backlog_clear (&(*self)->held);
    free (*self);
    *self = NULL;
}

bool baton_events_connected (const baton_events_t *self)
{
    return connection_up (self->connection);
}

int baton_events_fd (baton_events_t *self)
{
    return connection_fd (self->connection);
}

/* ---- requests ---- */

static void subscribe_again (baton_events_t *self)
{
    self->state = STATE_subscribing;
    self->subscription = self->id = self->send_at = self->beat = 0;
    backlog_clear (&self->held);
}

static void read_to (baton_events_t *self, uint64_t target)
{
    if (self->state != STATE_reading)
        self->id = self->send_at = 0;
    self->state = STATE_reading;
    self->target = target > self->target ? target : self->target;
}

static baton_status send_method (baton_events_t *self, method_id_t method, const void *params)
{
    baton_bytes_t body = {0};
    const method_row_t *row = &METHODS[method];
    if (record_encode (&row->type, params, &body) != BATON_OK)
        return BATON_resource_exhausted;
    if (self->id == 0)
        self->id = connection_next_id (self->connection);
    request_header_t header = {.id = self->id, .method = (char *) row->name, .timeout = RESEND_EVERY};
    self->send_at = connection_clock () + RESEND_EVERY;
    self->losses = connection_losses (self->connection);
    baton_status status = connection_send (self->connection, &header, body.data, body.size);
    bytes_clear (&body);
    return status;
}

/*  Sends what the state asks for, when it is due. */
static baton_status ask (baton_events_t *self)
{
    bool first = self->id == 0;
    if (self->state == STATE_following || connection_clock () < self->send_at ||
        (!first && !connection_up (self->connection)))
        return BATON_OK;
    if (self->state == STATE_subscribing) {
        events_subscribe_request_t params = {.class = self->event_class, .session = self->session, .kind = self->kind};
        return send_method (self, METHOD_events_subscribe, &params);
    }
    events_read_request_t params = {
        .after = self->position, .limit = PAGE, .class = self->event_class, .session = self->session};
    return send_method (self, METHOD_events_read, &params);
}

/* ---- what comes ---- */

/*  Hands an event to the reader, unless it had it. Takes the bytes. */
static baton_status pass_on (baton_events_t *self, uint64_t seq, baton_bytes_t *event)
{
    if (seq <= self->position) {
        bytes_clear (event);
        return BATON_OK;
    }
    self->position = seq;
    return backlog_add (&self->ready, seq, event);
}

static baton_status follow (baton_events_t *self)
{
    waiting_t waiting;
    baton_status status = BATON_OK;
    self->state = STATE_following;
    self->id = self->target = 0;
    while (status == BATON_OK && backlog_take (&self->held, &waiting))
        status = pass_on (self, waiting.seq, &waiting.event);
    return status;
}

static baton_status take_subscribed (baton_events_t *self, const message_in_t *message, baton_error_t *error)
{
    subscribed_t subscribed = {0};
    baton_status status =
        record_decode (&RECORD_subscribed, message->body.data, message->body.size, &subscribed, error);
    if (status != BATON_OK)
        return status;
    self->subscription = subscribed.subscription;
    self->count = 0;
    self->heard_at = connection_clock ();
    if (self->from_now)
        self->position = subscribed.head;
    self->from_now = false;
    /*  Also when there is nothing to read: the answer tells whether the position is past the log's end. */
    self->target = 0;
    read_to (self, subscribed.head);
    return BATON_OK;
}

static baton_status pass_on_envelope (baton_events_t *self, const event_envelope_t *event, baton_error_t *error)
{
    baton_bytes_t bytes = {0};
    if (*self->kind && strcmp (self->kind, event->kind) != 0)
        return BATON_OK;
    if (record_encode (&RECORD_event_envelope, event, &bytes) != BATON_OK ||
        pass_on (self, event->seq, &bytes) != BATON_OK) {
        bytes_clear (&bytes);
        return baton_fail_memory (error);
    }
    return BATON_OK;
}

static baton_status take_page (baton_events_t *self, const message_in_t *message, baton_error_t *error)
{
    event_page_t page = {0};
    baton_status status = record_decode (&RECORD_event_page, message->body.data, message->body.size, &page, error);
    if (status == BATON_OK && page.resync)
        status = baton_fail (error, BATON_failed_precondition, BATON_REASON_no_such_position,
                             "the site's log can't be read after position %llu; it ends at %llu",
                             (unsigned long long) self->position, (unsigned long long) page.head);
    uint64_t asked = self->position;
    for (size_t i = 0; i < page.events.count && status == BATON_OK; i++)
        status = pass_on_envelope (self, &page.events.items[i], error);
    /*  A page that brings nothing and goes nowhere has seen the whole log. */
    uint64_t reached = page.events.count == 0 && page.last <= asked ? page.head : page.last;
    if (status == BATON_OK && reached > self->position)
        self->position = reached;
    self->id = 0;
    self->send_at = page.events.count > 0 ? 0 : connection_clock () + PAUSE_EMPTY;
    if (status == BATON_OK && self->position >= self->target && follow (self) != BATON_OK)
        status = baton_fail_memory (error);
    record_clear (&RECORD_event_page, &page);
    return status;
}

/*  A refusal that may pass is asked again; any other is final. */
static baton_status take_refusal (baton_events_t *self, const message_in_t *message, baton_error_t *error)
{
    baton_error_t refusal = {0};
    baton_status status = connection_failure (message, &refusal);
    if (status == BATON_unavailable || status == BATON_deadline_exceeded || baton_reason_retry (refusal.reason)) {
        self->id = 0;
        self->send_at = connection_clock () + PAUSE;
        return BATON_OK;
    }
    if (error)
        *error = refusal;
    return status;
}

static baton_status take_answer (baton_events_t *self, const message_in_t *message, baton_error_t *error)
{
    reply_header_t header = {0};
    if (record_decode (&RECORD_reply_header, message->header.data, message->header.size, &header, NULL) != BATON_OK)
        return BATON_OK;
    bool ours = self->id > 0 && header.id == self->id;
    bool refused = baton_status_from_name (header.status) != BATON_OK;
    record_clear (&RECORD_reply_header, &header);
    if (!ours)
        return BATON_OK;
    if (refused)
        return take_refusal (self, message, error);
    return self->state == STATE_subscribing ? take_subscribed (self, message, error) : take_page (self, message, error);
}

static baton_status hold (baton_events_t *self, uint64_t seq, baton_bytes_t *event)
{
    if (backlog_count (&self->held) < HELD_MOST)
        return backlog_add (&self->held, seq, event);
    backlog_clear (&self->held);
    read_to (self, seq);
    return BATON_OK;
}

/*  An event that was delivered; count and subscription were checked. */
static baton_status take_event (baton_events_t *self, message_in_t *message)
{
    event_envelope_t event = {0};
    if (record_decode (&RECORD_event_envelope, message->body.data, message->body.size, &event, NULL) != BATON_OK)
        return BATON_OK; /*  its number was counted, but what it said is in the log only */
    uint64_t seq = event.seq;
    record_clear (&RECORD_event_envelope, &event);
    return self->state == STATE_reading ? hold (self, seq, &message->body) : pass_on (self, seq, &message->body);
}

/*  A subscription that is not, or no longer, ours: a request that was sent twice made two, or one had fallen silent. */
static baton_status end_stray (baton_events_t *self, uint64_t subscription)
{
    baton_bytes_t body = {0};
    const method_row_t *row = &METHODS[METHOD_events_unsubscribe];
    events_unsubscribe_request_t params = {.subscription = subscription};
    if (record_encode (&row->type, &params, &body) != BATON_OK)
        return BATON_resource_exhausted;
    request_header_t header = {.id = connection_next_id (self->connection), .method = (char *) row->name};
    baton_status status = connection_send (self->connection, &header, body.data, body.size);
    bytes_clear (&body);
    return status;
}

/*  A heartbeat after which nothing is missing. It says that all up to its head was delivered; we believe the one before
 *  it, so that an event that overtakes a heartbeat is not taken for one that we had. */
static void take_beat (baton_events_t *self, uint64_t head)
{
    bool unfiltered = self->event_class == event_class_none && !*self->session && !*self->kind;
    if (self->state != STATE_following)
        return;
    if (unfiltered && head > self->position)
        read_to (self, head);
    else if (self->beat > self->position)
        self->position = self->beat;
    self->beat = head;
}

static baton_status take_delivery (baton_events_t *self, message_in_t *message)
{
    delivery_t delivery = {0};
    if (self->state == STATE_subscribing ||
        record_decode (&RECORD_delivery, message->header.data, message->header.size, &delivery, NULL) != BATON_OK)
        return BATON_OK;
    if (delivery.subscription != self->subscription)
        return end_stray (self, delivery.subscription);
    bool gap = delivery.count != self->count + 1;
    self->count = delivery.count;
    self->heard_at = connection_clock ();
    if (!gap && message->has_body)
        return take_event (self, message);
    if (gap) {
        backlog_clear (&self->held); /*  what lies before them is missing */
        self->beat = 0;
        read_to (self, delivery.head);
    } else
        take_beat (self, delivery.head);
    return BATON_OK;
}

/* ---- next ---- */

/*  Takes at most one message; *ret_taken says whether there was one. */
static baton_status step (baton_events_t *self, uint64_t wait, bool *ret_taken, baton_error_t *error)
{
    message_in_t message = {0};
    if (ask (self) != BATON_OK)
        return baton_fail_memory (error);
    baton_status status = BATON_OK;
    *ret_taken =
        wait > 0 ? connection_receive (self->connection, wait, &message) : connection_take (self->connection, &message);
    if (*ret_taken) {
        if (strcmp (message.signature, WIRE_ANSWER) == 0)
            status = take_answer (self, &message, error);
        else if (strcmp (message.signature, WIRE_DELIVERY) == 0 && take_delivery (self, &message) != BATON_OK)
            status = baton_fail_memory (error);
        message_in_clear (&message);
    }
    bool silent = connection_clock () - self->heard_at >= SILENCE_MOST;
    bool lost = connection_losses (self->connection) != self->losses;
    if (self->state == STATE_subscribing && lost)
        self->send_at = 0;
    else if (self->state != STATE_subscribing && (lost || silent))
        subscribe_again (self);
    return status;
}

/*  How long nothing can happen but a message. */
static uint64_t patience (const baton_events_t *self, uint64_t deadline)
{
    uint64_t now = connection_clock ();
    uint64_t due = self->state == STATE_following ? self->heard_at + SILENCE_MOST : self->send_at;
    if (self->state != STATE_following && !connection_up (self->connection) && self->id != 0)
        due = deadline;
    uint64_t until = due < deadline ? due : deadline;
    return until > now ? until - now : 0;
}

baton_status baton_events_next (baton_events_t *self, uint64_t timeout, uint8_t **ret_event, size_t *ret_size,
                                uint64_t *ret_seq, baton_error_t *error)
{
    uint64_t deadline = connection_clock () + timeout;
    waiting_t waiting;
    for (bool last = false;;) {
        if (backlog_take (&self->ready, &waiting)) {
            *ret_event = waiting.event.data;
            *ret_size = waiting.event.size;
            *ret_seq = waiting.seq;
            return BATON_OK;
        }
        if (last)
            return baton_fail (error, BATON_deadline_exceeded, BATON_REASON_timed_out, "no event came within %llu ms",
                               (unsigned long long) timeout);
        /*  What has come already is still taken, all of it: the descriptor tells of nothing twice. */
        bool over = connection_clock () >= deadline, taken = false;
        baton_status status = step (self, patience (self, deadline), &taken, error);
        if (status != BATON_OK)
            return status;
        last = over && !taken;
    }
}
