/*  Events delivered a second, all subscribers together.
 *
 *  Three rates for each number of subscribers: raw XPUB with CURVE; our delivery alone, which is the broker's own
 *  sockets and subscriptions fed with events that are there already; and the whole way, from 64 clients whose changes
 * are committed to the subscribers of what they changed.
 */
#include "daemon.h"
#include "event.h"
#include "frontend.h"
#include "load.h"
#include "measures.h"
#include "report.h"
#include "subscriptions.h"
#include "value.h"
#include "wire.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 64
#define WINDOW 1000 /*  messages that a publisher is ahead of its subscribers, each */
#define BURST 32    /*  events published at a time: about what one commit holds */
#define SILENCE_MOST 10000
#define TOPIC "context/SSSSSSSSSSSSSSSSSSSS/memory_set"

/*  What publisher and subscribers, two processes, share: it keeps the publisher from filling the queues. */
typedef struct {
    _Atomic uint64_t received; /*  by all subscribers */
    char endpoint[BATON_ENDPOINT_SIZE];
    atomic_bool bound;
} shared_t;

typedef struct {
    shared_t *shared;
    size_t subscribers;
    baton_context_t context;
    char secret[BATON_KEY_SIZE]; /*  of the publisher */
    pending_t event;
} stage_t;

static void make_event (pending_t *event)
{
    char content[65];
    memset (content, 'V', 64);
    content[64] = '\0';
    memory_set_event_t body = {.key = (char *) "key-M"};
    event_t made = {.kind = EVENT_memory_set,
                    .seq = 1000000,
                    .n = 100,
                    .at = 1700000000000u,
                    .session = (char *) "SSSSSSSSSSSSSSSSSSSS",
                    .actor = (char *) "admin",
                    .body = &body};
    *event = (pending_t){.kind = EVENT_memory_set, .seq = made.seq, .n = made.n, .session = "SSSSSSSSSSSSSSSSSSSS"};
    demand (value_from_text (content, &body.value) == BATON_OK && event_encode (&made, &event->data) == BATON_OK,
            "out of memory");
    bytes_clear (&body.value);
}

/*  Waits until the subscribers have taken nearly all of `sent` messages. */
static void keep_pace (const stage_t *stage, uint64_t sent)
{
    while (sent > atomic_load (&stage->shared->received) + stage->subscribers * WINDOW)
        usleep (50);
}

static void announce (const stage_t *stage, const char *endpoint)
{
    strcpy (stage->shared->endpoint, endpoint);
    atomic_store (&stage->shared->bound, true);
}

/* ---- publishers: processes that go on until they are killed ---- */

static void publish_raw (const stage_t *stage)
{
    char endpoint[BATON_ENDPOINT_SIZE];
    void *zmq = zmq_ctx_new ();
    void *xpub = socket_bind (zmq, ZMQ_XPUB, stage->secret, endpoint);
    int verbose = 1;
    zmq_setsockopt (xpub, ZMQ_XPUB_VERBOSE, &verbose, sizeof verbose);
    announce (stage, endpoint);
    for (size_t i = 0; i < stage->subscribers; i++) {
        uint8_t subscription[8];
        demand (zmq_recv (xpub, subscription, sizeof subscription, 0) >= 0, "XPUB has failed");
    }
    const piece_t pieces[] = {{TOPIC, sizeof TOPIC - 1}, {stage->event.data.data, stage->event.data.size}};
    for (uint64_t sent = 0;; keep_pace (stage, sent))
        for (int i = 0; i < BURST; i++, sent += stage->subscribers)
            socket_send (xpub, pieces, 2);
}

static void take_subscriptions (frontend_t *frontend, subscriptions_t *subscriptions, const char *key, size_t count)
{
    events_subscribe_request_t all = {0};
    uint64_t number = 0;
    while (count > 0) {
        inbound_t inbound;
        zmq_pollitem_t items[] = {{.socket = frontend_router (frontend), .events = ZMQ_POLLIN},
                                  {.socket = frontend_zap (frontend), .events = ZMQ_POLLIN}};
        zmq_poll (items, 2, -1);
        frontend_authenticate (frontend);
        for (; frontend_receive (frontend, &inbound); inbound_clear (&inbound), count--)
            demand_ok (subscriptions_add (subscriptions, &inbound.peer, key, &all, &number, NULL), &(baton_error_t){0},
                       "a subscription");
    }
}

static void publish_ours (const stage_t *stage)
{
    frontend_t *frontend = NULL;
    subscriptions_t *subscriptions = NULL;
    baton_error_t error = {0};
    identity_t admin = {.name = (char *) "admin", .key = (char *) stage->context.public_key, .role = role_admin};
    site_t site = {.n = 1, .identities = {.count = 1, .items = &admin}};
    demand_ok (frontend_new ("tcp://127.0.0.1:*", stage->secret, &frontend, &error), &error, "a frontend");
    demand_ok (subscriptions_new (frontend, &subscriptions), &error, "subscriptions");
    people_t *people = people_new (&site);
    demand (people, "out of memory");
    announce (stage, frontend_endpoint (frontend));
    take_subscriptions (frontend, subscriptions, stage->context.public_key, stage->subscribers);
    pending_t events[BURST];
    for (int i = 0; i < BURST; i++)
        events[i] = stage->event;
    for (uint64_t sent = 0;; sent += BURST * stage->subscribers, keep_pace (stage, sent))
        subscriptions_publish (subscriptions, people, events, BURST);
}

/* ---- subscribers ---- */

typedef struct {
    void *zmq;
    void **sockets;
    size_t count;
    int watch;
} listeners_t;

static void listeners_open (listeners_t *self, const baton_context_t *context, int type, size_t count)
{
    *self = (listeners_t){.zmq = zmq_ctx_new (), .sockets = calloc (count, sizeof (void *)), .count = count};
    demand (self->zmq && self->sockets, "out of memory");
    for (size_t i = 0; i < count; i++) {
        self->sockets[i] = socket_connect (self->zmq, type, context);
        if (type == ZMQ_DEALER) {
            static const char HEADER[] = "\x82\xa2id\x01\xa6method\xb0"
                                         "events.subscribe";
            socket_send (self->sockets[i],
                         (piece_t[]){{WIRE_REQUEST, WIRE_SIGNATURE_SIZE}, {HEADER, sizeof HEADER - 1}, {"\x80", 1}}, 3);
        }
    }
    self->watch = watch_new (self->sockets, count);
}

static void listeners_close (listeners_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        zmq_close (self->sockets[i]);
    zmq_ctx_term (self->zmq);
    close (self->watch);
    free (self->sockets);
}

static uint64_t take_all (void *socket)
{
    uint64_t taken = 0;
    while (socket_drop (socket, NULL))
        taken++;
    return taken;
}

/*  Takes messages for that long and returns how many a second came. `received` (may be NULL) is kept up to date. */
static double listeners_rate (listeners_t *self, uint64_t duration_us, _Atomic uint64_t *received)
{
    uint64_t count = 0, started = clock_us (), now = started;
    for (size_t i = 0; i < self->count; i++) /*  what came before anybody watched gives no sign any more */
        count += take_all (self->sockets[i]);
    if (received)
        atomic_fetch_add (received, count);
    while (now - started < duration_us) {
        uint32_t ready[64];
        size_t fired = watch_ready (self->watch, SILENCE_MOST, ready, 64);
        demand (fired > 0, "no event comes");
        for (size_t i = 0; i < fired; i++) {
            uint64_t taken = take_all (self->sockets[ready[i]]);
            count += taken;
            if (received)
                atomic_fetch_add (received, taken);
        }
        now = clock_us ();
    }
    return (double) count * 1e6 / (double) (now - started);
}

/* ---- rates ---- */

static double staged_rate (const plan_t *plan, size_t subscribers, int type, void (*publish) (const stage_t *))
{
    stage_t stage = {.subscribers = subscribers};
    stage.shared = mmap (NULL, sizeof *stage.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    demand (stage.shared != MAP_FAILED, "out of memory");
    socket_keys (&stage.context, stage.secret);
    make_event (&stage.event);
    pid_t child = child_new ();
    if (child == 0)
        publish (&stage);
    while (!atomic_load (&stage.shared->bound))
        usleep (1000);
    strcpy (stage.context.endpoint, stage.shared->endpoint);
    listeners_t audience;
    listeners_open (&audience, &stage.context, type, subscribers);
    listeners_rate (&audience, plan->duration_us / 4, &stage.shared->received);
    double rate = listeners_rate (&audience, plan->duration_us, &stage.shared->received);
    kill (child, SIGKILL);
    waitpid (child, NULL, 0);
    listeners_close (&audience);
    bytes_clear (&stage.event.data);
    munmap (stage.shared, sizeof *stage.shared);
    return rate;
}

typedef struct {
    load_t *load;
    atomic_bool stop;
} background_t;

static void *run_background (void *argument)
{
    background_t *self = argument;
    load_run (self->load, UINT64_MAX / 2, &self->stop, NULL, 0);
    return NULL;
}

static double whole_rate (const plan_t *plan, const daemon_t *daemon, const sessions_t *sessions, size_t subscribers)
{
    listeners_t audience;
    pthread_t thread;
    background_t background = {.load = load_new (&daemon->context, sessions, CLIENTS)};
    listeners_open (&audience, &daemon->context, ZMQ_DEALER, subscribers);
    demand (pthread_create (&thread, NULL, run_background, &background) == 0, "cannot start a thread");
    listeners_rate (&audience, plan->duration_us / 4, NULL);
    double rate = listeners_rate (&audience, plan->duration_us, NULL);
    atomic_store (&background.stop, true);
    pthread_join (thread, NULL);
    load_destroy (&background.load);
    listeners_close (&audience);
    return rate;
}

static void measure (const plan_t *plan, const daemon_t *daemon, const sessions_t *sessions, size_t subscribers,
                     const row_t *alone, const row_t *whole)
{
    if (subscribers > plan->subscribers)
        return;
    double raw = staged_rate (plan, subscribers, ZMQ_SUB, publish_raw);
    report_add (alone, staged_rate (plan, subscribers, ZMQ_DEALER, publish_ours), raw);
    report_add (whole, whole_rate (plan, daemon, sessions, subscribers), raw);
}

#define ROW(id, what, target)                                                                                          \
    {                                                                                                                  \
        id, what, "/s", "raw XPUB with CURVE", BETTER_more, target                                                     \
    }

void measure_events (const plan_t *plan)
{
    static const struct {
        size_t subscribers;
        row_t alone, whole;
    } CASES[] = {{1, ROW ("deliver_1", "events delivered/s, 1 subscriber", 0.6),
                  ROW ("events_1", "  while 64 clients make them", 0)},
                 {10, ROW ("deliver_10", "events delivered/s, 10 subscribers", 0.6),
                  ROW ("events_10", "  while 64 clients make them", 0)},
                 {100, ROW ("deliver_100", "events delivered/s, 100 subscribers", 0.6),
                  ROW ("events_100", "  while 64 clients make them", 0)}};
    daemon_t daemon = {.program = plan->batond};
    sessions_t sessions = {0};
    snprintf (daemon.state, sizeof daemon.state, "%s/events", plan->folder);
    daemon_start (&daemon);
    sessions_create (&sessions, &daemon.context, plan->sessions);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        measure (plan, &daemon, &sessions, CASES[i].subscribers, &CASES[i].alone, &CASES[i].whole);
    daemon_stop (&daemon, SIGTERM);
    sessions_clear (&sessions);
}
