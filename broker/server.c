#include "server.h"

#include "dispatch.h"
#include "door.h"
#include "handlers.h"
#include "keeper.h"
#include "log.h"
#include "parking.h"
#include "reader.h"
#include "steady.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BEAT 1000            /*  ms between heartbeats to followers */
#define STALL 1000           /*  ms of a turn after which leases are not held against nodes */
#define IDLE 100             /*  ms that the loop sleeps at most: leases are looked at that often */
#define FORGET_EVERY 3600000 /*  ms between forgetting old answers */

struct server {
    broker_t broker;
    steady_t steady;
    parking_t *parking;
    reader_t *reader;   /*  borrowed */
    writers_t *writers; /*  borrowed */
    door_t *door;       /*  borrowed; NULL: none */
    request_t *batch[LIMIT_BATCH];
    size_t count;
    uint64_t next_beat, next_forget; /*  monotonic */
    bool sweep;                      /*  there may be blobs that nobody holds */
    bool full;                       /*  the batch was full: more is waiting */
};

static uint64_t clock_ms (clockid_t clock)
{
    struct timespec time;
    clock_gettime (clock, &time);
    return (uint64_t) time.tv_sec * 1000 + (uint64_t) time.tv_nsec / 1000000;
}

baton_status server_new (const broker_options_t *options, store_t *store, journal_t *journal, frontend_t *frontend,
                         reader_t *reader, writers_t *writers, door_t *door, server_t **ret_server,
                         baton_error_t *error)
{
    server_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->broker = (broker_t){.options = *options, .store = store, .journal = journal, .frontend = frontend};
    self->reader = reader;
    self->writers = writers;
    self->door = door;
    self->broker.now = self->broker.wall = self->broker.started_at = clock_ms (CLOCK_REALTIME);
    steady_start (&self->steady, self->broker.wall, clock_ms (CLOCK_BOOTTIME));
    self->broker.monotonic = clock_ms (CLOCK_MONOTONIC);
    if (fleet_new (self->broker.monotonic, store_head (store), &self->broker.fleet) != BATON_OK ||
        subscriptions_new (frontend, &self->broker.subscriptions) != BATON_OK ||
        streams_new (&self->broker.streams) != BATON_OK || timetable_new (&self->broker.timetable) != BATON_OK ||
        watches_new (&self->broker.watches) != BATON_OK || parking_new (&self->parking) != BATON_OK) {
        server_destroy (&self);
        return baton_fail_memory (error);
    }
    baton_status status = keeper_start (&self->broker, error);
    if (status != BATON_OK) {
        server_destroy (&self);
        return status;
    }
    *ret_server = self;
    return BATON_OK;
}

void server_destroy (server_t **self)
{
    if (!*self)
        return;
    for (size_t i = 0; i < (*self)->count; i++)
        request_destroy (&(*self)->batch[i]);
    parking_destroy (&(*self)->parking);
    timetable_destroy (&(*self)->broker.timetable);
    watches_destroy (&(*self)->broker.watches);
    subscriptions_destroy (&(*self)->broker.subscriptions);
    streams_destroy (&(*self)->broker.streams);
    fleet_destroy (&(*self)->broker.fleet);
    texts_clear (&(*self)->broker.noted_ahead);
    free (*self);
    *self = NULL;
}

/* ---- answers ---- */

static void answer_failure (server_t *self, const request_t *request, const baton_bytes_t *header)
{
    const baton_error_t *error = &request->error;
    failure_t failure = {
        .status = (char *) baton_status_name (error->status),
        .reason = (char *) baton_reason_name (error->reason),
        .field = (char *) error->field,
        .message = (char *) (*error->message ? error->message : baton_status_name (error->status)),
        .hint = (char *) baton_reason_hint (error->reason),
        .retry = baton_reason_retry (error->reason),
    };
    baton_bytes_t body = {0};
    if (record_encode (&RECORD_failure, &failure, &body) == BATON_OK)
        frontend_send (self->broker.frontend, &request->peer, WIRE_ANSWER, header, &body);
    bytes_clear (&body);
}

/*  Sends the answer and ends the request. What cannot be sent is lost with its connection, or asked for again. */
static void answer (server_t *self, request_t **request)
{
    metrics_answered (&self->broker.metrics, *request);
    if ((*request)->door) {
        door_give ((*request)->door, request);
        return;
    }
    reply_header_t reply = {.id = (*request)->header.id,
                            .status = (char *) baton_status_name ((*request)->error.status)};
    baton_bytes_t header = {0};
    if (record_encode (&RECORD_reply_header, &reply, &header) == BATON_OK) {
        if ((*request)->error.status == BATON_OK)
            frontend_send (self->broker.frontend, &(*request)->peer, WIRE_ANSWER, &header, &(*request)->reply);
        else
            answer_failure (self, *request, &header);
    }
    bytes_clear (&header);
    request_destroy (request);
}

/*  Answers a request that dispatch is done with, or puts it aside. */
static void finish (server_t *self, request_t **request)
{
    if ((*request)->deferred) {
        baton_error_t error = {0};
        baton_status status = (*request)->packs   ? writers_submit (self->writers, request, &error)
                              : (*request)->later ? reader_submit (self->reader, request, &error)
                                                  : parking_add (self->parking, request, &error);
        if (status == BATON_OK)
            return;
        (*request)->error = error;
    }
    answer (self, request);
}

/* ---- what comes in ---- */

/*  The reply record of a node is passed back as it is, when it is one: whoever asked has limits of its own. */
static void take_content (request_t *request, const uint8_t *body, size_t size)
{
    const record_type_t *type = METHODS[request->method].reply;
    void *reply = calloc (1, type->size + 1);
    if (!reply || record_decode (type, body, size, reply, NULL) != BATON_OK)
        baton_fail (&request->error, BATON_internal, BATON_REASON_bug, "the node's answer cannot be read");
    else if (bytes_set (&request->reply, body, size) != BATON_OK)
        baton_fail_memory (&request->error);
    record_clear (type, reply);
    free (reply);
}

/*  Sent after the commit, if whoever asked may still have it. */
static void take_answered (server_t *self, request_t *request)
{
    request->answered = true;
    self->batch[self->count++] = request;
}

/*  A node's answer to a request that was handed on to it. */
static void take_relayed (server_t *self, inbound_t *inbound)
{
    reply_header_t header = {0};
    if (inbound->frames != 3 || record_decode (&RECORD_reply_header, zmq_msg_data (&inbound->frame[1]),
                                               zmq_msg_size (&inbound->frame[1]), &header, NULL) != BATON_OK)
        return;
    request_t *request = parking_take_relayed (self->parking, header.id, &inbound->peer);
    const uint8_t *body = zmq_msg_data (&inbound->frame[2]);
    size_t size = zmq_msg_size (&inbound->frame[2]);
    failure_t failure = {0};
    if (request && strcmp (header.status, "ok") == 0)
        take_content (request, body, size);
    else if (request && record_decode (&RECORD_failure, body, size, &failure, NULL) == BATON_OK)
        baton_fail (&request->error, baton_status_from_name (failure.status),
                    baton_reason_from_name (failure.reason ? failure.reason : ""), "%s", failure.message);
    else if (request)
        baton_fail (&request->error, BATON_internal, BATON_REASON_bug, "the node's answer cannot be read");
    record_clear (&RECORD_failure, &failure);
    record_clear (&RECORD_reply_header, &header);
    if (request)
        take_answered (self, request);
}

static bool is_answer (inbound_t *inbound)
{
    return inbound->frames > 0 && zmq_msg_size (&inbound->frame[0]) == WIRE_SIGNATURE_SIZE &&
           memcmp (zmq_msg_data (&inbound->frame[0]), WIRE_ANSWER, WIRE_SIGNATURE_SIZE) == 0;
}

/*  The look-ups of a batch's changes share one view of the store, which the commit ends. */
static void decide (server_t *self, request_t *request)
{
    baton_error_t error = {0};
    if (store_view_begin (self->broker.store, &error) != BATON_OK)
        log_warning ("each look-up takes the store's locks by itself: %s", error.message);
    dispatch (&self->broker, request);
}

static void take_up (server_t *self, request_t *request)
{
    self->batch[self->count++] = request;
    if (METHODS[request->method].change)
        decide (self, request);
}

static void take_request (server_t *self, inbound_t *inbound)
{
    const identity_t *identity = people_of_key (journal_people (self->broker.journal), inbound->key);
    request_t *request = request_new (inbound, identity && identity->revoked_at == 0, self->broker.monotonic);
    if (!request)
        return; /*  no memory: it will be asked again */
    if (!peer_is_ours (&inbound->peer))
        baton_fail (&request->error, BATON_invalid_argument, BATON_REASON_malformed,
                    "this connection has chosen a routing id: leave that to the broker");
    take_up (self, request);
}

/*  At most half of a batch, so that neither way in holds up the other. */
static void take_at_door (server_t *self)
{
    request_t *request = NULL;
    while (self->door && self->count < LIMIT_BATCH / 2 && (request = door_take (self->door)))
        take_up (self, request);
}

/*  What the reader is done with: reads are answered, and changes decided that had to read first. */
static void take_read (server_t *self)
{
    request_t *request = NULL;
    while (self->count < LIMIT_BATCH && (request = reader_take (self->reader))) {
        if (!METHODS[request->method].change || request->error.status != BATON_OK) {
            import_ended (&self->broker, request);
            take_answered (self, request);
            continue;
        }
        self->batch[self->count++] = request;
        decide (self, request);
    }
}

/*  Changes whose contents the writers have made ready. */
static void take_written (server_t *self)
{
    request_t *request = NULL;
    while (self->count < LIMIT_BATCH && (request = writers_take (self->writers))) {
        self->batch[self->count++] = request;
        if (request->error.status == BATON_OK)
            decide (self, request);
    }
}

/*  Decides the changes among what waits, and keeps the reads for after the commit. */
static void drain (server_t *self)
{
    inbound_t inbound;
    self->full = false;
    size_t bytes = 0;
    while (self->count < LIMIT_BATCH && bytes < LIMIT_BATCH_BYTES &&
           frontend_receive (self->broker.frontend, &inbound)) {
        for (size_t i = 0; i < 3; i++)
            bytes += zmq_msg_size (&inbound.frame[i]);
        if (is_answer (&inbound))
            take_relayed (self, &inbound);
        else
            take_request (self, &inbound);
        inbound_clear (&inbound);
    }
    self->full = self->count == LIMIT_BATCH || bytes >= LIMIT_BATCH_BYTES;
}

/* ---- the turn ---- */

/*  Whether a refusal may have been for what another change of the same batch had done. */
static bool depends_on_state (baton_status status)
{
    return status != BATON_invalid_argument && status != BATON_unauthenticated && status != BATON_permission_denied;
}

/*  Nobody may hear of what is not on disk: neither that it was done, nor that it stood in somebody's way. */
static void fail_changes (server_t *self, const baton_error_t *error)
{
    for (size_t i = 0; i < self->count; i++)
        if (METHODS[self->batch[i]->method].change && !self->batch[i]->answered &&
            depends_on_state (self->batch[i]->error.status)) {
            self->batch[i]->error = *error;
            self->batch[i]->deferred = false;
        }
}

static void wake_session (server_t *self, const char *session, uint64_t n)
{
    request_t *request = NULL;
    while ((request = parking_take_session (self->parking, session, n))) {
        dispatch (&self->broker, request);
        finish (self, &request);
    }
}

static void wake_parked (server_t *self)
{
    journal_t *journal = self->broker.journal;
    size_t count = 0;
    entry_t *const *touched = journal_touched (journal, &count);
    for (size_t i = 0; i < count; i++)
        wake_session (self, touched[i]->id, touched[i]->state.n);
    const pending_t *events = journal_pending (journal, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp (events[i].session, SITE_ID) == 0)
            wake_session (self, SITE_ID, events[i].n);
}

static void answer_changes (server_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (METHODS[self->batch[i]->method].change && !self->batch[i]->answered)
            finish (self, &self->batch[i]);
}

static void answer_reads (server_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->batch[i] && self->batch[i]->answered && dispatch_still (&self->broker, self->batch[i]))
            answer (self, &self->batch[i]);
        else if (self->batch[i]) {
            dispatch (&self->broker, self->batch[i]);
            finish (self, &self->batch[i]);
        }
    self->count = 0;
}

static void commit (server_t *self)
{
    broker_t *broker = &self->broker;
    baton_error_t error = {0};
    if (!journal_dirty (broker->journal)) {
        store_view_end (broker->store);
        journal_clear (broker->journal); /*  an artifact that was there already */
        return answer_changes (self);
    }
    uint64_t begun = metrics_clock ();
    if (journal_commit (broker->journal, &error) != BATON_OK) {
        metrics_failed (&broker->metrics);
        log_error ("nothing of this batch was changed: %s", error.message);
        store_view_end (broker->store); /*  it may have failed before the store was asked */
        fail_changes (self, &error);
        keeper_forget (broker);
        return answer_changes (self);
    }
    size_t count = 0;
    const pending_t *events = journal_pending (broker->journal, &count);
    metrics_committed (&broker->metrics, begun, events, count);
    keeper_note (broker);
    self->sweep = self->sweep || journal_releases (broker->journal);
    answer_changes (self);
    subscriptions_publish (broker->subscriptions, journal_people (broker->journal), events, count);
    streams_publish (broker->streams, journal_people (broker->journal), events, count, broker->now);
    wake_parked (self);
    journal_clear (broker->journal);
}

/*  A parked read whose time is up gets the state as it is; a node that did not answer is away. */
static void answer_late (server_t *self)
{
    request_t *request = NULL;
    while ((request = parking_take_late (self->parking, self->broker.monotonic))) {
        if (request->relay) {
            request->deferred = false;
            baton_fail (&request->error, BATON_unavailable, BATON_REASON_node_away, "the node did not answer in time");
        } else {
            request->header.past = 0;
            dispatch (&self->broker, request);
        }
        finish (self, &request);
    }
}

/*  Bit by bit: others want to be served meanwhile. */
static void sweep (server_t *self)
{
    broker_t *broker = &self->broker;
    baton_error_t error = {0};
    bool more = false;
    uint64_t before = broker->now > LIMIT_STAGED_AGE ? broker->now - LIMIT_STAGED_AGE : 1;
    if (store_forget_staged (broker->store, before, &more, &error) != BATON_OK)
        log_warning ("contents that nobody came to need cannot be forgotten: %s", error.message);
    self->sweep = more;
}

static void look_after (server_t *self)
{
    broker_t *broker = &self->broker;
    baton_error_t error = {0};
    if (broker->monotonic >= self->next_beat) {
        self->next_beat = broker->monotonic + BEAT;
        if (self->steady.off != 0 && keeper_is_idle (broker))
            steady_follow (&self->steady);
        subscriptions_beat (broker->subscriptions, journal_people (broker->journal), store_head (broker->store));
        streams_beat (broker->streams, journal_people (broker->journal), store_head (broker->store), broker->now);
    }
    if (broker->monotonic >= self->next_forget) {
        self->next_forget = broker->monotonic + FORGET_EVERY;
        if (broker->now > LIMIT_IDEMPOTENCY_AGE &&
            store_forget_answers (broker->store, broker->now - LIMIT_IDEMPOTENCY_AGE, &error) != BATON_OK)
            log_warning ("old answers cannot be forgotten: %s", error.message);
        self->sweep = true;
    }
    if (self->sweep)
        sweep (self);
    cache_trim (journal_cache (broker->journal));
}

static long patience (const server_t *self)
{
    const broker_t *broker = &self->broker;
    uint64_t wait = keeper_patience (broker), next = parking_next (self->parking);
    if (self->full || self->sweep || broker->schedule || next <= broker->monotonic)
        return 0;
    if (wait > IDLE)
        wait = IDLE;
    if (next - broker->monotonic < wait)
        wait = next - broker->monotonic;
    return (long) wait;
}

static void look_at_clocks (server_t *self)
{
    broker_t *broker = &self->broker;
    bool set = false;
    broker->wall = clock_ms (CLOCK_REALTIME);
    broker->monotonic = clock_ms (CLOCK_MONOTONIC);
    broker->now = steady_look (&self->steady, broker->wall, clock_ms (CLOCK_BOOTTIME), &set);
    if (!set)
        return;
    keeper_clock_set (broker);
    if (self->steady.off == 0)
        log_warning ("the clock was set, and is the broker's time again");
    else
        log_warning ("the clock was set, to %ld s from the broker's time: deadlines go on by the time that passes,"
                     " triggers that name a time go by the clock",
                     (long) (self->steady.off / 1000));
}

static void turn (server_t *self)
{
    uint64_t before = self->broker.monotonic;
    look_at_clocks (self);
    if (self->broker.monotonic - before > STALL) {
        log_warning ("the broker stood still for %lu ms", self->broker.monotonic - before);
        fleet_pardon (self->broker.fleet, self->broker.monotonic);
    }
    take_read (self);
    take_written (self);
    take_at_door (self);
    drain (self);
    if (self->count > 0)
        histogram_add (&self->broker.metrics.turns, &BOUNDS_numbers, (double) self->count);
    keeper_turn (&self->broker);
    commit (self);
    answer_reads (self);
    answer_late (self);
    look_after (self);
}

baton_status server_run (server_t *self, int stop_fd, baton_error_t *error)
{
    zmq_pollitem_t items[] = {
        {.socket = frontend_router (self->broker.frontend), .events = ZMQ_POLLIN},
        {.socket = frontend_zap (self->broker.frontend), .events = ZMQ_POLLIN},
        {.socket = reader_socket (self->reader), .events = ZMQ_POLLIN},
        {.fd = stop_fd, .events = ZMQ_POLLIN},
        {.socket = writers_socket (self->writers, 0), .events = ZMQ_POLLIN},
        {.socket = writers_socket (self->writers, 1), .events = ZMQ_POLLIN},
        {.socket = writers_socket (self->writers, 2), .events = ZMQ_POLLIN},
        {.socket = self->door ? door_inside (self->door) : NULL, .events = ZMQ_POLLIN},
    };
    _Static_assert(WRITERS == 3, "each writer is waited for");
    int watched = self->door ? 8 : 7;
    for (;;) {
        if (zmq_poll (items, watched, patience (self)) < 0 && zmq_errno () != EINTR)
            return baton_fail (error, BATON_internal, BATON_REASON_bug, "cannot wait for requests: %s",
                               zmq_strerror (zmq_errno ()));
        if (items[3].revents)
            return journal_save (self->broker.journal, error);
        if (items[1].revents)
            frontend_authenticate (self->broker.frontend);
        turn (self);
    }
}
