/*  Durable commands a second, and how long one takes. */
#include "daemon.h"
#include "load.h"
#include "measures.h"
#include "prefill.h"
#include "raw_disk.h"
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 64
#define ONE_BY_ONE 4000 /*  samples of one client's answer time */
#define ANSWER_BODY 40  /*  bytes */

static void start (const plan_t *plan, const char *name, daemon_t *daemon, sessions_t *sessions)
{
    *daemon = (daemon_t){.program = plan->batond};
    snprintf (daemon->state, sizeof daemon->state, "%s/%s", plan->folder, name);
    daemon_start (daemon);
    sessions_create (sessions, &daemon->context, plan->sessions);
}

/*  A process that answers each request at once, with an answer of the same sizes as the broker's: what CURVE and
 *  ROUTER alone can do. */
typedef struct {
    pid_t pid;
    baton_context_t context;
} echo_t;

static void serve_echo (int report, const char *secret_key)
{
    static const char HEADER[] = "\x82\xa2id\xce\0\1\0\0\xa6status\xa2ok";
    char endpoint[BATON_ENDPOINT_SIZE];
    uint8_t body[ANSWER_BODY] = {0};
    void *zmq = zmq_ctx_new ();
    void *router = socket_bind (zmq, ZMQ_ROUTER, secret_key, endpoint);
    demand (write (report, endpoint, sizeof endpoint) == sizeof endpoint, "cannot tell the endpoint");
    for (;;) {
        zmq_msg_t peer, frame;
        zmq_msg_init (&peer);
        zmq_msg_init (&frame);
        bool more = zmq_msg_recv (&peer, router, 0) >= 0;
        while (more && zmq_msg_recv (&frame, router, 0) >= 0)
            more = zmq_msg_more (&frame);
        zmq_msg_close (&frame);
        zmq_msg_send (&peer, router, ZMQ_SNDMORE);
        socket_send (router, (piece_t[]){{"BTN1A", 5}, {HEADER, sizeof HEADER - 1}, {body, sizeof body}}, 3);
    }
}

static void echo_start (echo_t *self)
{
    char secret[BATON_KEY_SIZE];
    int ends[2];
    socket_keys (&self->context, secret);
    demand (pipe (ends) == 0, "cannot make a pipe: %s", strerror (errno));
    self->pid = child_new ();
    if (self->pid == 0)
        serve_echo (ends[1], secret);
    char *endpoint = self->context.endpoint;
    demand (read (ends[0], endpoint, BATON_ENDPOINT_SIZE) == BATON_ENDPOINT_SIZE, "the raw ROUTER did not start");
    close (ends[0]);
    close (ends[1]);
}

static void echo_stop (echo_t *self)
{
    kill (self->pid, SIGKILL);
    waitpid (self->pid, NULL, 0);
}

/* ---- the measurements ---- */

static double rate (const baton_context_t *context, const sessions_t *sessions, const plan_t *plan)
{
    load_t *load = load_new (context, sessions, CLIENTS);
    load_run (load, plan->duration_us / 4, NULL, NULL, 0);
    uint64_t started = clock_us ();
    size_t done = load_run (load, plan->duration_us, NULL, NULL, 0);
    double seconds = (double) (clock_us () - started) / 1e6;
    load_destroy (&load);
    return (double) done / seconds;
}

static double median (const baton_context_t *context, const sessions_t *sessions, const plan_t *plan, double *ret_late)
{
    uint64_t *times = calloc (ONE_BY_ONE, sizeof *times);
    demand (times, "out of memory");
    load_t *load = load_new (context, sessions, 1);
    load_run (load, plan->duration_us / 4, NULL, NULL, 0);
    size_t done = load_run (load, plan->duration_us, NULL, times, ONE_BY_ONE);
    load_destroy (&load);
    size_t count = done < ONE_BY_ONE ? done : ONE_BY_ONE;
    double middle = (double) quantile (times, count, 0.5);
    *ret_late = (double) quantile (times, count, 0.99);
    free (times);
    return middle;
}

void measure_commands (const plan_t *plan)
{
    static const row_t ROW = {.id = "commands",
                              .what = "durable commands/s, 64 CURVE clients",
                              .unit = "/s",
                              .limit = "append-only SQLite log, batches of 64",
                              .better = BETTER_more,
                              .target = 0.3};
    static const row_t WIRE = {.id = "commands_wire",
                               .what = "  the same",
                               .unit = "/s",
                               .limit = "raw CURVE ROUTER that answers at once",
                               .better = BETTER_more};
    static const row_t CORE = {.id = "commands_core",
                               .what = "  without the wire: decide and commit alone",
                               .unit = "/s",
                               .limit = "append-only SQLite log, batches of 64",
                               .better = BETTER_more};
    daemon_t daemon;
    echo_t echo;
    sessions_t sessions = {0};
    char core_folder[BENCH_PATH + 16];
    snprintf (core_folder, sizeof core_folder, "%s/core", plan->folder);
    double core = core_rate (core_folder, plan->sessions, plan->duration_us);
    double log = raw_log_rate (plan->folder, load_row_size (), CLIENTS, plan->duration_us);
    start (plan, "commands", &daemon, &sessions);
    uint64_t before = daemon_cpu_us (&daemon), ours_before = cpu_us ();
    double ours = rate (&daemon.context, &sessions, plan);
    double count = ours * (double) plan->duration_us * 1.25 / 1e6; /*  with the warm-up */
    double broker_cost = (double) (daemon_cpu_us (&daemon) - before) / count;
    double load_cost = (double) (cpu_us () - ours_before) / count;
    daemon_stop (&daemon, SIGTERM);
    echo_start (&echo);
    double wire = rate (&echo.context, &sessions, plan);
    echo_stop (&echo);
    sessions_clear (&sessions);
    report_add (&ROW, ours, log);
    report_add (&WIRE, ours, wire);
    report_add (&CORE, core, log);
    report_note ("commands_cost", "  processor time of the broker for each", "us", broker_cost);
    report_note ("commands_load_cost", "  processor time of the clients for each", "us", load_cost);
}

void measure_latency (const plan_t *plan)
{
    static const row_t ROW = {.id = "latency",
                              .what = "one client, median answer time",
                              .unit = "us",
                              .limit = "one fdatasync + one raw CURVE round trip",
                              .better = BETTER_less,
                              .target = 1.6};
    daemon_t daemon;
    echo_t echo;
    sessions_t sessions = {0};
    double late = 0, ignored = 0;
    start (plan, "latency", &daemon, &sessions);
    double ours = median (&daemon.context, &sessions, plan, &late);
    daemon_stop (&daemon, SIGTERM);
    double sync = raw_fdatasync_us (plan->folder, ONE_BY_ONE / 4);
    echo_start (&echo);
    double trip = median (&echo.context, &sessions, plan, &ignored);
    echo_stop (&echo);
    sessions_clear (&sessions);
    report_add (&ROW, ours, sync + trip);
    report_note ("latency_p99", "  its 99th percentile", "us", late);
    report_note ("fdatasync", "  of the limit: one fdatasync of 4 KiB", "us", sync);
    report_note ("round_trip", "  of the limit: one raw CURVE round trip", "us", trip);
}
