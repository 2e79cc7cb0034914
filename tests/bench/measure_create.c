/*  Sessions made over HTTP, and by the side of it what other servers of agents make of theirs: those of --peer, in turn
 *  with ours, by the same clients. */
#include "measures.h"
#include "report.h"
#include "web_load.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURNS 5 /*  of each, one after the other: whatever else goes on here meets all of them */

typedef struct {
    char name[32];
    char target[128];
    web_door_t door;
    uint64_t rates[TURNS];
} server_t;

/*  NAME=http://ADDRESS:PORT/PATH */
static void take_peer (const char *text, server_t *ret_server)
{
    int taken = sscanf (text, "%31[a-z]=http://%63[0-9.:]%127[^ ]", ret_server->name, ret_server->door.host,
                        ret_server->target);
    demand (taken == 3, "--peer takes NAME=http://ADDRESS:PORT/PATH, not %s", text);
}

static size_t next_session (const void *context, uint64_t *random, char *text, size_t room)
{
    const server_t *server = context;
    char body[64] = "{\"title\":\"";
    size_t at = strlen (body);
    chance_text (random, body + at, 32);
    memcpy (body + at + 32, "\"}", 3);
    return web_request (&server->door, "POST", server->target, "", body, text, room);
}

static void report (server_t *servers, size_t count)
{
    double ours = (double) quantile (servers[0].rates, TURNS, 0.5);
    report_note ("http_sessions", "sessions created/s over HTTP, 64 connections, median", "/s", ours);
    for (size_t i = 1; i < count; i++) {
        char *id = NULL, *what = NULL;
        demand (asprintf (&id, "http_sessions_%s", servers[i].name) > 0 &&
                    asprintf (&what, "  beside %s", servers[i].name) > 0,
                "out of memory");
        report_add (&(row_t){.id = id,
                             .what = what,
                             .unit = "/s",
                             .limit = "what it creates, in turn with ours",
                             .better = BETTER_more,
                             .target = 3},
                    ours, (double) quantile (servers[i].rates, TURNS, 0.5));
    }
}

void measure_create (const plan_t *plan)
{
    static server_t servers[1 + PEERS_MOST] = {{.name = "ours", .target = "/v1/sessions"}};
    size_t count = 1 + plan->peer_count;
    daemon_t daemon = {.program = plan->batond, .http = true};
    snprintf (daemon.state, sizeof daemon.state, "%s/create", plan->folder);
    for (size_t i = 1; i < count; i++)
        take_peer (plan->peers[i - 1], &servers[i]);
    daemon_start (&daemon);
    web_door_find (&servers[0].door, &daemon.context);
    for (size_t turn = 0; turn < TURNS; turn++)
        for (size_t i = 0; i < count; i++)
            servers[i].rates[turn] =
                (uint64_t) web_load_rate (&servers[i].door, next_session, &servers[i], plan->duration_us / TURNS);
    daemon_stop (&daemon, SIGTERM);
    report (servers, count);
}
