/*  mcp_fixture: serves fixture_offer.c on a free port of this machine, prints the URL, and ends with its input. */
#include "fixture.h"
#include "web.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAUSE 50 /*  milliseconds between the steps of a slow tool */
#define SLOW_MOST 64

typedef struct {
    mcp_call_t *call; /*  NULL: free */
    void (*step) (mcp_call_t *call, unsigned number);
    unsigned number;
    uint64_t at;
} slow_t;

/*  One program, one thread, one of each: nothing else could reach them from the offer. */
static slow_t slow[SLOW_MOST];
static mcp_web_t *web;

static uint64_t clock_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

void fixture_later (mcp_call_t *call, void (*step) (mcp_call_t *call, unsigned number), unsigned number)
{
    for (size_t i = 0; i < SLOW_MOST; i++)
        if (!slow[i].call) {
            slow[i] = (slow_t){call, step, number, clock_ms () + PAUSE};
            return;
        }
    mcp_call_fail (call, MCP_INTERNAL_ERROR, "too many slow calls", NULL);
}

void fixture_forget (const mcp_call_t *call)
{
    for (size_t i = 0; i < SLOW_MOST; i++)
        if (slow[i].call == call)
            slow[i].call = NULL;
}

/*  How long until the next step, after those that are due. */
static int run_slow (void)
{
    int wait = 1000;
    for (size_t i = 0; i < SLOW_MOST; i++) {
        slow_t due = slow[i];
        if (due.call && due.at <= clock_ms ()) {
            slow[i].call = NULL;
            due.step (due.call, due.number);
        }
    }
    for (size_t i = 0; i < SLOW_MOST; i++)
        if (slow[i].call)
            wait = PAUSE / 5;
    return wait;
}

static void tell (void *what, mcp_peer_t *peer)
{
    mcp_peer_list_changed (peer, what);
}

void fixture_list_changed (const char *what)
{
    mcp_http_each (mcp_web_http (web), tell, (void *) what);
}

/* ---- HTTP ---- */

static void *open_offer (void *arg, const char *who, mcp_visit_t *visit)
{
    (void) who;
    (void) visit;
    return arg;
}

static void close_offer (void *arg, void *offer_arg)
{
    (void) arg;
    (void) offer_arg;
}

/*  A page elsewhere may have a name that leads here: both headers must name this machine. */
static bool is_local (struct MHD_Connection *connection)
{
    const char *origin = MHD_lookup_connection_value (connection, MHD_HEADER_KIND, "Origin");
    const char *host = MHD_lookup_connection_value (connection, MHD_HEADER_KIND, "Host");
    return (!origin || mcp_origin_is_local (origin)) && host && mcp_origin_is_local (host);
}

static enum MHD_Result handle (void *arg, struct MHD_Connection *connection, const char *url, const char *verb,
                               const char *version, const char *data, size_t *size, void **state)
{
    (void) arg;
    (void) url;
    (void) version;
    mcp_visit_t *visit = *state;
    if (!visit) {
        *state = mcp_visit_new (web, connection, verb);
        return *state ? MHD_YES : MHD_NO;
    }
    if (*size > 0) {
        bool taken = mcp_visit_add (visit, data, *size);
        *size = 0;
        return taken ? MHD_YES : MHD_NO;
    }
    if (is_local (connection))
        return mcp_visit_serve (visit, "");
    struct MHD_Response *response = MHD_create_response_from_buffer (0, NULL, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response (connection, MHD_HTTP_FORBIDDEN, response);
    MHD_destroy_response (response);
    return result;
}

static void completed (void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode how)
{
    (void) arg;
    (void) connection;
    (void) how;
    mcp_visit_destroy ((mcp_visit_t **) state);
}

static void serve (struct MHD_Daemon *daemon)
{
    struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0},
                           {MHD_get_daemon_info (daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, POLLIN, 0}};
    char byte[64];
    do {
        MHD_UNSIGNED_LONG_LONG most = 1000;
        int wait = run_slow ();
        MHD_run (daemon);
        if (MHD_get_timeout (daemon, &most) == MHD_YES && (MHD_UNSIGNED_LONG_LONG) wait > most)
            wait = (int) most;
        poll (fds, 2, wait);
        mcp_web_tick (web, clock_ms () / 1000);
    } while (!fds[0].revents || read (STDIN_FILENO, byte, sizeof byte) > 0);
}

int main (void)
{
    static const mcp_web_host_t HOST = {open_offer, close_offer};
    static mcp_offer_t offer;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    offer = fixture_offer ();
    web = mcp_web_new (&offer, &HOST, &offer);
    struct MHD_Daemon *daemon =
        MHD_start_daemon (MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR,
                          &address, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
    if (!web || !daemon)
        return 1;
    printf ("http://127.0.0.1:%u/mcp\n", MHD_get_daemon_info (daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush (stdout);
    serve (daemon);
    mcp_web_close (web);
    MHD_run (daemon);
    MHD_stop_daemon (daemon);
    mcp_web_destroy (&web);
    return 0;
}
