/*  batond: the broker. */
#include "arguments.h"
#include "log.h"
#include "server.h"
#include "state_dir.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define CACHED_SESSIONS 4096
#define KEPT (32 << 20) /*  bytes, of each thread: what a content takes on its way, a few times */

static uint64_t now_ms (void)
{
    struct timespec time;
    clock_gettime (CLOCK_REALTIME, &time);
    return (uint64_t) time.tv_sec * 1000 + (uint64_t) time.tv_nsec / 1000000;
}

/*  A site that is there knows its admin by the key in admin.ctx: a fresh one would be a stranger's. */
static baton_status announce (state_dir_t *state, const journal_t *journal, const char *path, const char *endpoint,
                              baton_error_t *error)
{
    if (journal_site (journal)->n == 0 || *state->admin.endpoint)
        return state_dir_announce (state, path, endpoint, error);
    log_warning ("%s/admin.ctx is missing: restore it from a backup, or let another admin invite a new one", path);
    return BATON_OK;
}

/*  Connections are cheap, and refusing them is not: libzmq tries again and again to accept what it has no room for. */
static void raise_files (void)
{
    struct rlimit files;
    if (getrlimit (RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit (RLIMIT_NOFILE, &files);
    }
}

typedef struct {
    broker_options_t options;
    store_t *store; /*  borrowed */
    journal_t *journal;
    frontend_t *frontend;
    reader_t *reader;
    writers_t *writers;
    door_t *door; /*  NULL, with the gateway: HTTP is off */
    gateway_t *gateway;
    server_t *server;
} parts_t;

/*  The site, and where it listens. */
static baton_status open_site (parts_t *parts, const arguments_t *arguments, state_dir_t *state, baton_error_t *error)
{
    baton_status status = journal_new (parts->store, CACHED_SESSIONS, &parts->journal, error);
    if (status == BATON_OK)
        status = frontend_new (arguments->listen, state->broker.secret_key, &parts->frontend, error);
    if (status != BATON_OK)
        return status;
    const char *endpoint = frontend_endpoint (parts->frontend);
    snprintf (parts->options.endpoint, sizeof parts->options.endpoint, "%s",
              arguments->advertise ? arguments->advertise : endpoint);
    memcpy (parts->options.key, state->broker.public_key, sizeof parts->options.key);
    status = announce (state, parts->journal, arguments->state, endpoint, error);
    if (status == BATON_OK && journal_site (parts->journal)->n == 0)
        status = journal_found_site (parts->journal, "admin", state->admin.public_key, now_ms (), error);
    return status;
}

/*  The threads beside the core's. */
static baton_status open_threads (parts_t *parts, const arguments_t *arguments, baton_error_t *error)
{
    baton_status status = reader_new (parts->frontend, arguments->state, &parts->reader, error);
    if (status == BATON_OK)
        status = writers_new (parts->frontend, arguments->state, &parts->writers, error);
    if (status != BATON_OK || !arguments->http.listen)
        return status;
    status = door_new (frontend_context (parts->frontend), &parts->door, error);
    if (status == BATON_OK)
        status = gateway_new (&arguments->http, parts->door, &parts->gateway, error);
    if (status == BATON_OK)
        snprintf (parts->options.http, sizeof parts->options.http, "%s", gateway_url (parts->gateway));
    return status;
}

static void parts_clear (parts_t *self)
{
    gateway_destroy (&self->gateway);
    server_destroy (&self->server);
    door_destroy (&self->door);
    writers_destroy (&self->writers);
    reader_destroy (&self->reader);
    frontend_destroy (&self->frontend);
    journal_destroy (&self->journal);
}

static baton_status serve (const arguments_t *arguments, state_dir_t *state, store_t *store, int stop_fd,
                           baton_error_t *error)
{
    parts_t parts = {.options.lease_ttl = arguments->lease_ttl, .store = store};
    baton_status status = open_site (&parts, arguments, state, error);
    if (status == BATON_OK)
        status = open_threads (&parts, arguments, error);
    if (status == BATON_OK)
        status = server_new (&parts.options, store, parts.journal, parts.frontend, parts.reader, parts.writers,
                             parts.door, &parts.server, error);
    if (status == BATON_OK) {
        log_info ("batond " BATON_VERSION " listens on %s%s%s, state in %s", frontend_endpoint (parts.frontend),
                  parts.gateway ? " and " : "", parts.options.http, arguments->state);
        sd_notify (0, "READY=1");
        status = server_run (parts.server, stop_fd, error);
        sd_notify (0, "STOPPING=1");
    }
    parts_clear (&parts);
    return status;
}

static baton_status rekey (const arguments_t *arguments, state_dir_t *state, baton_error_t *error)
{
    baton_status status = state_dir_rekey (state, arguments->state, error);
    if (status == BATON_OK)
        puts (state->broker.public_key);
    return status;
}

static baton_status work (const arguments_t *arguments, state_dir_t *state, int stop_fd, baton_error_t *error)
{
    if (arguments->rekey)
        return rekey (arguments, state, error);
    store_t *store = NULL;
    baton_status status = store_open_sqlite (arguments->state, &store, error);
    if (status == BATON_OK)
        status = serve (arguments, state, store, stop_fd, error);
    store_close (&store);
    return status;
}

int main (int argc, char **argv)
{
    arguments_t arguments;
    int done = arguments_parse (argc, argv, &arguments);
    if (done)
        return done - 1;
    raise_files ();
    /*  Contents of megabytes come and go, and malloc would have the kernel clear the memory of each anew. */
    mallopt (M_MMAP_THRESHOLD, KEPT);
    mallopt (M_TRIM_THRESHOLD, KEPT);
    umask (077); /*  all that is made here is the owner's alone */
    sigset_t signals;
    sigemptyset (&signals);
    sigaddset (&signals, SIGTERM);
    sigaddset (&signals, SIGINT);
    sigprocmask (SIG_BLOCK, &signals, NULL);
    signal (SIGPIPE, SIG_IGN);
    int stop_fd = signalfd (-1, &signals, SFD_CLOEXEC);

    baton_error_t error = {0};
    state_dir_t state = {.lock = -1};
    baton_status status = id_init ();
    if (status == BATON_OK)
        status = state_dir_open (arguments.state, &state, &error);
    if (status == BATON_OK)
        status = work (&arguments, &state, stop_fd, &error);
    state_dir_close (&state);
    if (status != BATON_OK)
        fprintf (stderr, "batond: %s\n  -> %s\n", error.message, baton_reason_hint (error.reason));
    close (stop_fd);
    return status == BATON_OK ? 0 : 1;
}
