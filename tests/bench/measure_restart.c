/*  How long a broker takes to be there again: with a large state, and after kill -9 under load. */
#include "daemon.h"
#include "load.h"
#include "measures.h"
#include "prefill.h"
#include "report.h"
#include "schema.h"
#include "value.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB 1048576.0

/* ---- a large state ---- */

/*  The site is founded at the broker's first start; what is measured is a start like any later one. */
static void start_twice (daemon_t *daemon)
{
    daemon_start (daemon);
    daemon_stop (daemon, SIGKILL);
    daemon_start (daemon);
}

void measure_restart (const plan_t *plan)
{
    static const row_t READY = {.id = "restart_ready",
                                .what = "restart with the large state: ready",
                                .unit = "ms",
                                .limit = "one second",
                                .better = BETTER_less,
                                .target = 1};
    static const row_t MEMORY = {.id = "restart_memory",
                                 .what = "  resident memory then",
                                 .unit = "MiB",
                                 .limit = "100 MiB",
                                 .better = BETTER_less,
                                 .target = 1};
    daemon_t daemon = {.program = plan->batond};
    if (plan->keep)
        snprintf (daemon.state, sizeof daemon.state, "%s", plan->keep);
    else
        snprintf (daemon.state, sizeof daemon.state, "%s/large", plan->folder);
    uint64_t started = clock_us ();
    prefill (daemon.state, plan->large_sessions, plan->large_events);
    double prefilled = (double) (clock_us () - started) / 1e6;
    start_twice (&daemon);
    report_add (&READY, (double) daemon.ready_us / 1000, 1000);
    report_add (&MEMORY, (double) daemon_resident (&daemon) / MIB, 100);
    report_note ("restart_sessions", "  sessions there", "", (double) plan->large_sessions);
    report_note ("restart_events", "  events there", "", (double) (plan->large_sessions * plan->large_events));
    report_note ("restart_prefill", "  time that it took to write them", "s", prefilled);
    daemon_stop (&daemon, SIGTERM);
}

/* ---- kill -9 under load ---- */

#define CALLERS 8

typedef struct {
    const baton_context_t *context;
    const sessions_t *sessions;
    atomic_bool *stop;
    _Atomic uint64_t answered_us; /*  when the last change was acknowledged */
    pthread_t thread;
    uint64_t state;
} caller_t;

/*  Changes one thing after another with libbaton, which finds the broker again by itself. */
static void *run_caller (void *argument)
{
    caller_t *self = argument;
    baton_client_t *client = NULL;
    baton_error_t error = {0};
    demand_ok (baton_client_new (self->context, &client, &error), &error, "a client");
    while (!atomic_load (self->stop)) {
        char content[65] = {0};
        memory_set_request_t request = {.key = (char *) "key"};
        baton_bytes_t body = {0};
        chance_text (&self->state, content, 64);
        request.session = self->sessions->ids[chance (&self->state) % self->sessions->count];
        demand_ok (value_from_text (content, &request.value), &error, "a value");
        demand_ok (record_encode (&METHODS[METHOD_memory_set].type, &request, &body), &error, "a request");
        demand_ok (baton_call (client, "memory.set", body.data, body.size, NULL, NULL, NULL, &error), &error,
                   "memory.set");
        atomic_store (&self->answered_us, clock_us ());
        bytes_clear (&request.value);
        bytes_clear (&body);
    }
    baton_client_destroy (&client);
    return NULL;
}

/*  Waits until that many callers had an answer after a time. */
static void await_answers (const caller_t *callers, size_t least, uint64_t after_us)
{
    for (;;) {
        size_t count = 0;
        for (size_t i = 0; i < CALLERS; i++)
            count += atomic_load (&callers[i].answered_us) > after_us;
        if (count >= least)
            return;
        demand (clock_us () - after_us < 30000000, "the clients do not come back");
        usleep (200);
    }
}

static void kill_once (daemon_t *daemon, const caller_t *callers, uint64_t *ret_first, uint64_t *ret_all)
{
    uint64_t killed = clock_us ();
    await_answers (callers, CALLERS, killed); /*  all are at work */
    killed = clock_us ();
    daemon_stop (daemon, SIGKILL);
    daemon_start (daemon);
    uint64_t ready = clock_us ();
    await_answers (callers, 1, ready);
    *ret_first = clock_us () - killed;
    await_answers (callers, CALLERS, ready);
    *ret_all = clock_us () - killed;
}

void measure_kill (const plan_t *plan)
{
    static const row_t FIRST = {.id = "kill_first",
                                .what = "kill -9 under load: first change acknowledged",
                                .unit = "ms",
                                .limit = "one second",
                                .better = BETTER_less,
                                .target = 1};
    static const row_t ALL = {.id = "kill_all",
                              .what = "  all clients are back",
                              .unit = "ms",
                              .limit = "one second",
                              .better = BETTER_less,
                              .target = 1};
    daemon_t daemon = {.program = plan->batond};
    sessions_t sessions = {0};
    atomic_bool stop = false;
    caller_t callers[CALLERS];
    uint64_t first = 0, all = 0;
    snprintf (daemon.state, sizeof daemon.state, "%s/kill", plan->folder);
    daemon_start (&daemon);
    sessions_create (&sessions, &daemon.context, plan->sessions);
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = (caller_t){.context = &daemon.context, .sessions = &sessions, .stop = &stop, .state = i + 1};
        demand (pthread_create (&callers[i].thread, NULL, run_caller, &callers[i]) == 0, "cannot start a thread");
    }
    for (size_t i = 0; i < plan->rounds; i++) {
        uint64_t once = 0, whole = 0;
        kill_once (&daemon, callers, &once, &whole);
        first = once > first ? once : first;
        all = whole > all ? whole : all;
    }
    atomic_store (&stop, true);
    for (size_t i = 0; i < CALLERS; i++)
        pthread_join (callers[i].thread, NULL);
    daemon_stop (&daemon, SIGTERM);
    sessions_clear (&sessions);
    report_add (&FIRST, (double) first / 1000, 1000);
    report_add (&ALL, (double) all / 1000, 1000);
    report_note ("kill_rounds", "  the worst of so many kills", "", (double) plan->rounds);
}
