/*  What is done over HTTP: commands beside the same over ZeroMQ, the wait for a vote, and many event streams. */
#include "id.h"
#include "load.h"
#include "measures.h"
#include "report.h"
#include "web_load.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEYS 16
#define VALUE_SIZE 64
#define SILENCE_MOST 10000 /*  ms */
#define TURNS 5            /*  of HTTP and ZeroMQ, one after the other: whatever else goes on here meets both */
#define VOTES 200
#define DELIVERIES 50

typedef struct {
    daemon_t daemon;
    sessions_t sessions;
    web_door_t door;
} site_t;

static void start (const plan_t *plan, const char *name, size_t sessions, site_t *ret_site)
{
    *ret_site = (site_t){.daemon = {.program = plan->batond, .http = true}};
    snprintf (ret_site->daemon.state, sizeof ret_site->daemon.state, "%s/%s", plan->folder, name);
    daemon_start (&ret_site->daemon);
    sessions_create (&ret_site->sessions, &ret_site->daemon.context, sessions);
    web_door_find (&ret_site->door, &ret_site->daemon.context);
}

static void stop (site_t *self)
{
    daemon_stop (&self->daemon, SIGTERM);
    sessions_clear (&self->sessions);
}

/* ---- commands ---- */

/*  The same change as load.c's: a random text under a random key in a random session, with an idempotency key. */
static size_t next_change (const void *context, uint64_t *random, char *text, size_t room)
{
    const site_t *site = context;
    char target[128], more[64] = "Idempotency-Key: ", body[VALUE_SIZE + 16] = "{\"value\":\"";
    snprintf (target, sizeof target, "/v1/sessions/%s/memory/key-%c",
              site->sessions.ids[chance (random) % site->sessions.count], (char) ('a' + chance (random) % KEYS));
    size_t at = strlen (more);
    chance_text (random, more + at, ID_SIZE - 1);
    memcpy (more + at + ID_SIZE - 1, "\r\n", 3);
    at = strlen (body);
    chance_text (random, body + at, VALUE_SIZE);
    memcpy (body + at + VALUE_SIZE, "\"}", 3);
    return web_request (&site->door, "PUT", target, more, body, text, room);
}

static double zmq_rate (const site_t *site, uint64_t duration_us)
{
    load_t *load = load_new (&site->daemon.context, &site->sessions, WEB_CLIENTS);
    load_run (load, duration_us / 4, NULL, NULL, 0);
    uint64_t started = clock_us ();
    size_t done = load_run (load, duration_us, NULL, NULL, 0);
    double seconds = (double) (clock_us () - started) / 1e6;
    load_destroy (&load);
    return (double) done / seconds;
}

static void measure_rate (const plan_t *plan)
{
    static const row_t ROW = {.id = "http_commands",
                              .what = "durable commands/s over HTTP, 64 connections, median",
                              .unit = "/s",
                              .limit = "the same over ZeroMQ, 64 CURVE clients",
                              .better = BETTER_more,
                              .target = 0.5};
    uint64_t http[TURNS], zmq[TURNS], cost = 0, load_cost = 0, duration_us = plan->duration_us / TURNS;
    double count = 0;
    site_t site;
    start (plan, "http", plan->sessions, &site);
    for (size_t i = 0; i < TURNS; i++) {
        zmq[i] = (uint64_t) zmq_rate (&site, duration_us);
        uint64_t before = daemon_cpu_us (&site.daemon), load_before = cpu_us ();
        http[i] = (uint64_t) web_load_rate (&site.door, next_change, &site, duration_us);
        cost += daemon_cpu_us (&site.daemon) - before;
        load_cost += cpu_us () - load_before;
        count += (double) http[i] * (double) duration_us * 1.25 / 1e6; /*  with the warm-up */
    }
    stop (&site);
    report_add (&ROW, (double) quantile (http, TURNS, 0.5), (double) quantile (zmq, TURNS, 0.5));
    report_note ("http_cost", "  processor time of the broker for each", "us", (double) cost / count);
    report_note ("http_load_cost", "  processor time of the clients for each", "us", (double) load_cost / count);
}

/* ---- votes ---- */

/*  Microseconds from the vote until the agent that waits has its answer. */
static uint64_t vote_once (const site_t *site, web_t *agent, web_t *person, size_t number)
{
    const char *session = site->sessions.ids[0];
    char target[256], text[1024], body[128];
    snprintf (target, sizeof target, "/v1/sessions/%s/breakpoints", session);
    snprintf (body, sizeof body, "{\"key\":\"b%zu\",\"title\":\"may it?\",\"policy\":{\"self\":true}}", number);
    const char *asked = web_ask (agent, &site->door, "POST", target, body);
    unsigned long long breakpoint = web_number (asked, "breakpoint"), n = web_number (asked, "n");
    snprintf (target, sizeof target, "/v1/sessions/%s/breakpoints/%llu?past=%llu&timeout=10000", session, breakpoint,
              n);
    web_send (agent, text, web_request (&site->door, "GET", target, "", NULL, text, sizeof text));
    web_ask (person, &site->door, "GET", "/v1/site", NULL); /*  what was sent before it waits by now */
    snprintf (target, sizeof target, "/v1/sessions/%s/breakpoints/%llu/votes", session, breakpoint);
    size_t size = web_request (&site->door, "POST", target, "", "{\"option\":\"approve\"}", text, sizeof text);
    uint64_t began = clock_us (), ended = 0;
    web_send (person, text, size);
    for (bool voted = false; !ended || !voted;) {
        struct pollfd items[] = {{.fd = agent->fd, .events = POLLIN}, {.fd = person->fd, .events = POLLIN}};
        demand (poll (items, 2, SILENCE_MOST) > 0, "the broker does not answer");
        if (items[0].revents && web_take (agent))
            ended = clock_us ();
        voted = voted || (items[1].revents && web_take (person));
    }
    return ended - began;
}

static void measure_votes (const plan_t *plan)
{
    static const row_t ROW = {.id = "http_vote",
                              .what = "from a vote until the waiting agent goes on, median",
                              .unit = "us",
                              .limit = "asked for",
                              .better = BETTER_less,
                              .target = 1};
    static web_t agent, person;
    uint64_t times[VOTES];
    size_t count = plan->rounds < 10 ? 5 : VOTES;
    site_t site;
    start (plan, "votes", 1, &site);
    web_open (&agent, &site.door);
    web_open (&person, &site.door);
    for (size_t i = 0; i < count; i++)
        times[i] = vote_once (&site, &agent, &person, i);
    web_close (&agent);
    web_close (&person);
    stop (&site);
    report_add (&ROW, (double) quantile (times, count, 0.5), 5000);
    report_note ("http_vote_p99", "  its 99th percentile", "us", (double) quantile (times, count, 0.99));
}

/* ---- event streams ---- */

static void allow_files (size_t count)
{
    struct rlimit files;
    demand (getrlimit (RLIMIT_NOFILE, &files) == 0, "cannot read the limit of open files");
    files.rlim_cur = files.rlim_max;
    setrlimit (RLIMIT_NOFILE, &files);
    demand (files.rlim_cur > count + 64, "%zu streams need more open files", count);
}

/*  Reads what has come of a stream until `mark` was in it and it stands between two events; a stream is short here. */
static bool stream_has (web_t *self, const char *mark)
{
    ssize_t part = recv (self->fd, self->received + self->size, sizeof self->received - 1 - self->size, MSG_DONTWAIT);
    demand (part > 0, "the broker has closed a stream");
    self->size += (size_t) part;
    self->received[self->size] = '\0';
    if (!strstr (self->received, mark))
        return false;
    self->size = 0;
    return true;
}

/*  Waits until all of them have seen it. */
static void await_all (web_t *streams, size_t count, int watch, const char *mark)
{
    for (size_t seen = 0; seen < count;) {
        struct epoll_event ready[WEB_READY_MOST];
        size_t some = web_await (watch, ready);
        for (size_t i = 0; i < some; i++)
            seen += stream_has (&streams[ready[i].data.u32], mark);
    }
}

static web_t *open_streams (const site_t *site, size_t count, const char *target)
{
    char text[1024];
    web_t *streams = calloc (count, sizeof *streams);
    demand (streams, "out of memory");
    size_t size = web_request (&site->door, "GET", target, "Accept: text/event-stream\r\n", NULL, text, sizeof text);
    for (size_t i = 0; i < count; i++) {
        web_open (&streams[i], &site->door);
        web_send (&streams[i], text, size);
    }
    return streams;
}

static void close_streams (web_t **streams, size_t count, int watch)
{
    close (watch);
    for (size_t i = 0; i < count; i++)
        web_close (&(*streams)[i]);
    free (*streams);
    *streams = NULL;
}

/*  What the core thread has to do for streams whose events don't happen. */
static void measure_idle_streams (const plan_t *plan)
{
    static const row_t ROW = {.id = "http_idle_streams",
                              .what = "durable commands/s over ZeroMQ beside 1,000 idle streams",
                              .unit = "/s",
                              .limit = "the same without them",
                              .better = BETTER_more};
    uint64_t without[TURNS], beside[TURNS], duration_us = plan->duration_us / TURNS;
    site_t site;
    start (plan, "idle", plan->sessions, &site);
    for (size_t i = 0; i < TURNS; i++) {
        without[i] = (uint64_t) zmq_rate (&site, duration_us);
        web_t *streams = open_streams (&site, plan->streams, "/v1/events?kind=session_created");
        int watch = web_watch (streams, plan->streams);
        await_all (streams, plan->streams, watch, "retry: 2000\n\n");
        beside[i] = (uint64_t) zmq_rate (&site, duration_us);
        close_streams (&streams, plan->streams, watch);
    }
    stop (&site);
    report_add (&ROW, (double) quantile (beside, TURNS, 0.5), (double) quantile (without, TURNS, 0.5));
}

static void measure_streams (const plan_t *plan)
{
    static const row_t LAST = {.id = "http_streams",
                               .what = "an event reaches the last of 1,000 streams, median",
                               .unit = "us",
                               .limit = "asked for",
                               .better = BETTER_less,
                               .target = 1};
    static const row_t MEMORY = {.id = "http_stream_memory",
                                 .what = "memory of an idle stream",
                                 .unit = "bytes",
                                 .limit = "asked for",
                                 .better = BETTER_less,
                                 .target = 1};
    static web_t other;
    uint64_t times[DELIVERIES];
    size_t rounds = plan->rounds < 10 ? 3 : DELIVERIES;
    char target[128], body[64], mark[64];
    site_t site;
    allow_files (plan->streams);
    start (plan, "streams", 1, &site);
    web_open (&other, &site.door);
    web_ask (&other, &site.door, "GET", "/v1/site", NULL);
    uint64_t before = daemon_resident (&site.daemon);
    web_t *streams = open_streams (&site, plan->streams, "/v1/events?kind=memory_set");
    int watch = web_watch (streams, plan->streams);
    await_all (streams, plan->streams, watch, "retry: 2000\n\n");
    double memory = (double) (daemon_resident (&site.daemon) - before) / (double) plan->streams;
    snprintf (target, sizeof target, "/v1/sessions/%s/memory/k", site.sessions.ids[0]);
    for (size_t i = 0; i < rounds; i++) {
        snprintf (body, sizeof body, "{\"value\":\"round %zu.\"}", i);
        snprintf (mark, sizeof mark, "round %zu.", i);
        uint64_t began = clock_us ();
        web_ask (&other, &site.door, "PUT", target, body);
        await_all (streams, plan->streams, watch, mark);
        times[i] = clock_us () - began;
    }
    close_streams (&streams, plan->streams, watch);
    web_close (&other);
    stop (&site);
    report_add (&LAST, (double) quantile (times, rounds, 0.5), 100000);
    report_note ("http_streams_worst", "  the worst of them", "us", (double) quantile (times, rounds, 1));
    report_add (&MEMORY, memory, 20 * 1024);
    report_note ("http_streams_count", "  that many streams", "", (double) plan->streams);
}

void measure_http (const plan_t *plan)
{
    measure_rate (plan);
    measure_votes (plan);
    measure_streams (plan);
    measure_idle_streams (plan);
}
