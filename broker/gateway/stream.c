#include "stream.h"

#include "cloud_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE 16         /*  texts that wait to be sent to one stream */
#define PAGE 64          /*  events that one look at the log is for */
#define PAGES_MOST 16    /*  pages that are read or not yet sent: a stream beyond gets one event at a time */
#define BUCKETS 4096     /*  by number */
#define BEAT_AFTER 15000 /*  ms of silence after which a heartbeat is sent */
#define BLOCK 1024       /*  bytes that libmicrohttpd asks for at a time, at least */

/*  Shared by the streams that it waits for. */
typedef struct {
    size_t refs, size;
    char *data;
} text_t;

typedef enum { PHASE_asking, PHASE_live, PHASE_behind, PHASE_reading, PHASE_ended } phase_t;

struct stream {
    streams_here_t *all;
    visit_t *visit;
    stream_t *chain; /*  in its bucket */
    phase_t phase;
    bool paged;        /*  it has one of the pages */
    bool asleep;       /*  its connection is suspended, since there is nothing to send */
    uint64_t number;   /*  the core's; 0: none yet */
    uint64_t position; /*  of the last event that is sent or in the queue */
    uint64_t head;     /*  of the last event that it is known to miss */
    uint64_t sent_at;  /*  monotonic ms */
    events_read_request_t filter;
    size_t first, count; /*  of the queue */
    text_t *queue[QUEUE];
    size_t offset; /*  in the first text */
};

struct streams_here {
    uint64_t now;
    unsigned pages;
    stream_t *buckets[BUCKETS];
};

/* ---- texts ---- */

/*  Takes the data over; NULL for lack of memory. */
static text_t *text_new (char *data)
{
    text_t *self = data ? calloc (1, sizeof *self) : NULL;
    if (!self) {
        free (data);
        return NULL;
    }
    *self = (text_t){.refs = 1, .size = strlen (data), .data = data};
    return self;
}

static void text_release (text_t **self)
{
    if (*self && --(*self)->refs == 0) {
        free ((*self)->data);
        free (*self);
    }
    *self = NULL;
}

static bool push (stream_t *self, text_t *text)
{
    if (!text || self->count == QUEUE)
        return false;
    text->refs++;
    self->queue[(self->first + self->count++) % QUEUE] = text;
    self->sent_at = self->all->now;
    return true;
}

static void pop (stream_t *self)
{
    text_release (&self->queue[self->first]);
    self->first = (self->first + 1) % QUEUE;
    self->count--;
    self->offset = 0;
}

static bool push_new (stream_t *self, char *data)
{
    text_t *text = text_new (data);
    bool pushed = push (self, text);
    text_release (&text);
    return pushed;
}

static void wake (stream_t *self)
{
    if (!self->asleep)
        return;
    self->asleep = false;
    gateway_wake (self->visit->gateway, self->visit);
}

/* ---- all of them ---- */

streams_here_t *streams_here_new (void)
{
    return calloc (1, sizeof (streams_here_t));
}

void streams_here_destroy (streams_here_t **self)
{
    free (*self);
    *self = NULL;
}

static stream_t *find (streams_here_t *self, uint64_t number)
{
    stream_t *stream = self->buckets[number % BUCKETS];
    while (stream && stream->number != number)
        stream = stream->chain;
    return stream;
}

void streams_here_lag (const streams_here_t *self, size_t *ret_behind, uint64_t *ret_lag)
{
    size_t behind = 0;
    uint64_t most = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        for (const stream_t *stream = self->buckets[i]; stream; stream = stream->chain) {
            uint64_t lag = stream->head > stream->position ? stream->head - stream->position : 0;
            behind += stream->phase == PHASE_behind || stream->phase == PHASE_reading;
            most = lag > most ? lag : most;
        }
    *ret_behind = behind;
    *ret_lag = most;
}

static void enlist (stream_t *self)
{
    stream_t **bucket = &self->all->buckets[self->number % BUCKETS];
    self->chain = *bucket;
    *bucket = self;
}

static void delist (stream_t *self)
{
    stream_t **at = &self->all->buckets[self->number % BUCKETS];
    while (*at && *at != self)
        at = &(*at)->chain;
    if (*at)
        *at = self->chain;
}

/* ---- asking the core ---- */

static baton_status submit (visit_t *visit, method_id_t method, const void *params, void *ticket)
{
    request_header_t header = {.id = 1};
    request_t *request = request_new_at (gateway_door (visit->gateway), ticket, method, &header, gateway_now ());
    if (!request || request->error.status != BATON_OK ||
        record_copy (&METHODS[method].type, params, request->params) != BATON_OK) {
        request_destroy (&request);
        return BATON_resource_exhausted;
    }
    memcpy (request->credential, visit->credential, sizeof request->credential);
    visit->under_way += ticket != NULL;
    door_submit (gateway_door (visit->gateway), &request);
    return BATON_OK;
}

/*  What it had is sent. */
static void give_page_back (stream_t *self)
{
    self->all->pages -= self->paged;
    self->paged = false;
}

/*  Clients that don't read must not make us hold the log many times over. */
static void read_on (stream_t *self)
{
    give_page_back (self);
    self->paged = self->all->pages < PAGES_MOST;
    self->all->pages += self->paged;
    self->filter.after = self->position;
    self->filter.limit = self->paged ? PAGE : 1;
    if (submit (self->visit, METHOD_events_read, &self->filter, self->visit) == BATON_OK)
        self->phase = PHASE_reading;
}

/* ---- the beginning ---- */

bool stream_wanted (const visit_t *visit)
{
    const char *accept = MHD_lookup_connection_value (visit->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    return visit->route.method == METHOD_events_read && accept && strstr (accept, "text/event-stream");
}

/*  From where: Last-Event-ID, which a client that comes back sends by itself, counts more than ?after. */
static baton_status take_start (stream_t *self, bool *ret_given, baton_error_t *error)
{
    const char *last = MHD_lookup_connection_value (self->visit->connection, MHD_HEADER_KIND, "Last-Event-ID");
    *ret_given = json_object_get (self->visit->route.params, "after") != NULL;
    if (!last || !*last)
        return BATON_OK;
    if (strspn (last, "0123456789") != strlen (last) || strlen (last) > 18)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_header, "Last-Event-ID",
                                 "Last-Event-ID must be the id of an event");
    self->filter.after = strtoull (last, NULL, 10);
    *ret_given = true;
    return BATON_OK;
}

static baton_status begin (stream_t *self, baton_error_t *error)
{
    bool given = false;
    baton_status status =
        record_from_json (&METHODS[METHOD_events_read].type, self->visit->route.params, &self->filter, error);
    if (status == BATON_OK)
        status = take_start (self, &given, error);
    if (status != BATON_OK)
        return status;
    self->position = given ? self->filter.after : UINT64_MAX;
    events_subscribe_request_t filter = {
        .class = self->filter.class, .session = self->filter.session, .kind = self->filter.kind};
    status = submit (self->visit, METHOD_events_subscribe, &filter, self->visit);
    return status == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

enum MHD_Result stream_begin (visit_t *visit)
{
    stream_t *self = calloc (1, sizeof *self);
    baton_status status = self ? BATON_OK : baton_fail_memory (&visit->error);
    if (status == BATON_OK) {
        self->all = gateway_streams (visit->gateway);
        self->visit = visit;
        visit->stream = self;
        status = begin (self, &visit->error);
    }
    if (status != BATON_OK)
        return respond_problem (visit, &visit->error);
    visit->stage = STAGE_waiting;
    gateway_wait (visit->gateway, visit);
    return MHD_YES;
}

/* ---- sending ---- */

static ssize_t feed (void *cls, uint64_t position, char *buffer, size_t room)
{
    (void) position;
    stream_t *self = cls;
    size_t size = 0;
    while (self->count > 0 && size < room) {
        text_t *text = self->queue[self->first];
        size_t part = text->size - self->offset < room - size ? text->size - self->offset : room - size;
        memcpy (buffer + size, text->data + self->offset, part);
        size += part;
        self->offset += part;
        if (self->offset == text->size)
            pop (self);
    }
    if (size > 0)
        return (ssize_t) size;
    give_page_back (self);
    if (self->phase == PHASE_ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (self->phase == PHASE_behind)
        read_on (self);
    self->asleep = true;
    gateway_wait (self->visit->gateway, self->visit);
    return 0;
}

enum MHD_Result stream_respond (visit_t *visit)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback (MHD_SIZE_UNKNOWN, BLOCK, feed, visit->stream, NULL);
    if (!response)
        return MHD_NO;
    MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    MHD_add_response_header (response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header (response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header (response, "X-Accel-Buffering", "no");
    MHD_add_response_header (response, MHD_HTTP_HEADER_CONNECTION, "close");
    measures_count (gateway_measures (visit->gateway), MHD_HTTP_OK);
    enum MHD_Result result = MHD_queue_response (visit->connection, MHD_HTTP_OK, response);
    MHD_destroy_response (response);
    return result;
}

void stream_end (stream_t **self)
{
    if (!*self)
        return;
    stream_t *stream = *self;
    if (stream->number > 0) {
        delist (stream);
        events_unsubscribe_request_t params = {.subscription = stream->number};
        (void) submit (stream->visit, METHOD_events_unsubscribe, &params, NULL); /*  or it ends with its token */
    }
    while (stream->count > 0)
        pop (stream);
    give_page_back (stream);
    record_clear (&METHODS[METHOD_events_read].type, &stream->filter);
    free (stream);
    *self = NULL;
}

/* ---- what the core says ---- */

/*  Asked for: the number, and the position from which events are told. */
static void take_number (stream_t *self, request_t **request)
{
    subscribed_t subscribed = {0};
    visit_t *visit = self->visit;
    visit->stage = STAGE_done;
    if ((*request)->error.status == BATON_OK && record_decode (&RECORD_subscribed, (*request)->reply.data,
                                                               (*request)->reply.size, &subscribed, NULL) == BATON_OK) {
        self->number = subscribed.subscription;
        self->head = subscribed.head;
        if (self->position == UINT64_MAX)
            self->position = subscribed.head;
        self->phase = self->position == subscribed.head ? PHASE_live : PHASE_behind;
        enlist (self);
        push_new (self, strdup (": baton\nretry: 2000\n\n"));
    } else
        visit->error = (*request)->error;
    record_clear (&RECORD_subscribed, &subscribed);
    gateway_wake (visit->gateway, visit);
}

static char *text_of_page (const event_page_t *page)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    for (size_t i = 0; out && i < page->events.count; i++) {
        char *one = cloud_event_text (&page->events.items[i]);
        fputs (one ? one : "", out);
        free (one);
    }
    if (page->resync && out)
        fprintf (out, "event: resync\nid: %llu\ndata: {\"head\":%llu}\n\n", (unsigned long long) page->head,
                 (unsigned long long) page->head);
    return out && fclose (out) == 0 ? text : NULL;
}

static void take_page (stream_t *self, const event_page_t *page)
{
    uint64_t last = page->resync ? page->head : page->last;
    bool stuck = last <= self->position;
    if (page->events.count > 0 || page->resync)
        push_new (self, text_of_page (page));
    if (page->resync || last > self->position)
        self->position = last;
    self->phase = stuck || (last >= page->head && last >= self->head) ? PHASE_live : PHASE_behind;
}

/*  What is busy is asked again at the next beat. */
static void take_log (stream_t *self, const request_t *request)
{
    event_page_t page = {0};
    self->phase = PHASE_behind;
    if (request->error.status == BATON_OK &&
        record_decode (&RECORD_event_page, request->reply.data, request->reply.size, &page, NULL) == BATON_OK)
        take_page (self, &page);
    else if (!baton_reason_retry (request->error.reason))
        self->phase = PHASE_ended;
    record_clear (&RECORD_event_page, &page);
    if (self->phase != PHASE_behind || self->count > 0 || request->error.status == BATON_OK)
        wake (self);
}

void stream_take (visit_t *visit, request_t **request)
{
    stream_t *self = visit->stream;
    if (self->phase == PHASE_asking)
        take_number (self, request);
    else
        take_log (self, *request);
    request_destroy (request);
}

/* ---- news ---- */

static void tell_event (stream_t *self, uint64_t seq, text_t *text)
{
    if (seq <= self->position)
        return;
    self->head = seq;
    if (self->phase == PHASE_live && push (self, text))
        self->position = seq;
    else if (self->phase == PHASE_live)
        self->phase = PHASE_behind;
    wake (self);
}

/*  What is live has all up to the head; what could not read is woken to try again. */
static void beat (stream_t *self, uint64_t head, text_t *text)
{
    if (self->asleep && caller_has_left (self->visit->connection)) {
        self->phase = PHASE_ended;
        wake (self);
        return;
    }
    bool due = self->all->now - self->sent_at >= BEAT_AFTER;
    if (self->phase == PHASE_live && due && self->count == 0 && push (self, text))
        self->position = head;
    if (self->count > 0 || self->phase == PHASE_behind)
        wake (self);
}

static void beat_all (streams_here_t *self, uint64_t head)
{
    char *data = NULL;
    text_t *text = asprintf (&data, "id: %llu\n\n", (unsigned long long) head) > 0 ? text_new (data) : NULL;
    for (size_t i = 0; i < BUCKETS; i++)
        for (stream_t *stream = self->buckets[i], *next; stream; stream = next) {
            next = stream->chain;
            beat (stream, head, text);
        }
    text_release (&text);
}

void streams_here_tell (streams_here_t *self, door_news_t **news, uint64_t now)
{
    event_envelope_t event = {0};
    text_t *text = NULL;
    self->now = now;
    bool happened = (*news)->event.size > 0;
    if (happened &&
        record_decode (&RECORD_event_envelope, (*news)->event.data, (*news)->event.size, &event, NULL) == BATON_OK)
        text = text_new (cloud_event_text (&event));
    for (size_t i = 0; i < (*news)->count; i++) {
        stream_t *stream = find (self, (*news)->numbers[i]);
        if (stream && happened)
            tell_event (stream, (*news)->seq, text);
        else if (stream) {
            stream->phase = PHASE_ended;
            wake (stream);
        }
    }
    if (!happened)
        beat_all (self, (*news)->seq);
    text_release (&text);
    record_clear (&RECORD_event_envelope, &event);
    door_news_destroy (news);
}
