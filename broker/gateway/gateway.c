#include "openapi.h"
#include "stream.h"

#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 500    /*  ms that the loop sleeps at most: callers that are slow are looked for that often */
#define POOL 16384u     /*  bytes that libmicrohttpd has for a connection: headers, and what it reads and writes */
#define IDLE_SECONDS 60 /*  that a connection may be silent */

struct gateway {
    pthread_t thread;
    bool started;
    door_t *door; /*  borrowed */
    struct MHD_Daemon *daemon;
    int stop_fd;
    visit_t *waiting; /*  suspended: for the core, or for something to send */
    visit_t *orphans; /*  over, and the core has requests of them */
    streams_here_t *streams;
    callers_t callers;
    guard_t *guard;
    agents_t *agents;
    measures_t measures;
    size_t held;         /*  bytes of bodies that are coming in */
    uint64_t next_check; /*  monotonic: of callers that are slow */
    gateway_options_t options;
    page_t description;
    char *certificate, *key; /*  PEM */
    char url[LISTENER_TEXT], address[LISTENER_TEXT];
};

/* ---- what the others ask ---- */

door_t *gateway_door (const gateway_t *self)
{
    return self->door;
}

agents_t *gateway_agents (const gateway_t *self)
{
    return self->agents;
}

const gateway_options_t *gateway_options (const gateway_t *self)
{
    return &self->options;
}

const page_t *gateway_description (const gateway_t *self)
{
    return &self->description;
}

const char *gateway_url (const gateway_t *self)
{
    return self->url;
}

const char *gateway_address (const gateway_t *self)
{
    return self->address;
}

guard_t *gateway_guard (gateway_t *self)
{
    return self->guard;
}

streams_here_t *gateway_streams (gateway_t *self)
{
    return self->streams;
}

measures_t *gateway_measures (gateway_t *self)
{
    return &self->measures;
}

size_t gateway_held (const gateway_t *self)
{
    return self->held;
}

unsigned gateway_connections (const gateway_t *self)
{
    return MHD_get_daemon_info (self->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

uint64_t gateway_now (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (uint64_t) time.tv_sec * 1000 + (uint64_t) time.tv_nsec / 1000000;
}

bool gateway_hold (gateway_t *self, size_t size)
{
    if (self->held + size > LIMIT_HTTP_BODIES)
        return false;
    self->held += size;
    return true;
}

void gateway_let_go (gateway_t *self, size_t size)
{
    self->held -= size;
}

/* ---- visits ---- */

static void link_to (visit_t **list, visit_t *visit)
{
    visit->next = *list;
    visit->previous = NULL;
    if (*list)
        (*list)->previous = visit;
    *list = visit;
}

static void unlink_from (visit_t **list, visit_t *visit)
{
    if (visit->next)
        visit->next->previous = visit->previous;
    if (visit->previous)
        visit->previous->next = visit->next;
    else
        *list = visit->next;
}

void gateway_wait (gateway_t *self, visit_t *visit)
{
    link_to (&self->waiting, visit);
    MHD_suspend_connection (visit->connection);
}

void gateway_wake (gateway_t *self, visit_t *visit)
{
    unlink_from (&self->waiting, visit);
    MHD_resume_connection (visit->connection);
}

void gateway_link (gateway_t *self, visit_t *visit)
{
    link_to (&self->orphans, visit);
}

void gateway_unlink (gateway_t *self, visit_t *visit)
{
    unlink_from (&self->orphans, visit);
}

/* ---- the thread ---- */

static long patience (gateway_t *self)
{
    MHD_UNSIGNED_LONG_LONG wait = PATIENCE;
    if (MHD_get_timeout (self->daemon, &wait) != MHD_YES || wait > PATIENCE)
        return PATIENCE;
    return (long) wait;
}

/*  What the core has said. */
static void collect (gateway_t *self)
{
    request_t *request = NULL;
    door_news_t *news = NULL;
    while (door_collect (self->door, &request, &news)) {
        if (request && request->ticket)
            ((ticket_t *) request->ticket)->finish (&request);
        request_destroy (&request); /*  the end of a stream, which nobody waits for */
        if (news)
            streams_here_tell (self->streams, &news, gateway_now ());
    }
}

static void look_after (gateway_t *self)
{
    uint64_t now = gateway_now ();
    if (now < self->next_check)
        return;
    self->next_check = now + PATIENCE;
    callers_check (&self->callers, now);
}

static void stop (gateway_t *self)
{
    while (self->waiting) /*  whose requests won't come back */
        gateway_wake (self, self->waiting);
    agents_close (self->agents);
    MHD_stop_daemon (self->daemon);
    for (visit_t *visit; (visit = self->orphans);) {
        gateway_unlink (self, visit);
        visit_forget (visit);
    }
}

static void *run (void *argument)
{
    gateway_t *self = argument;
    int events = MHD_get_daemon_info (self->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    zmq_pollitem_t items[] = {
        {.socket = door_outside (self->door), .events = ZMQ_POLLIN},
        {.fd = events, .events = ZMQ_POLLIN},
        {.fd = self->stop_fd, .events = ZMQ_POLLIN},
    };
    while (!items[2].revents) {
        if (zmq_poll (items, 3, patience (self)) < 0 && zmq_errno () != EINTR)
            break;
        collect (self);
        look_after (self);
        agents_tick (self->agents);
        MHD_run (self->daemon);
    }
    stop (self);
    return NULL;
}

/* ---- for libmicrohttpd ---- */

static void note (void *unused, const char *format, va_list arguments)
{
    (void) unused;
    char text[512];
    vsnprintf (text, sizeof text, format, arguments);
    text[strcspn (text, "\r\n")] = 0;
    log_debug ("HTTP: %s", text);
}

/*  Paths and queries are decoded by route.c, once it knows where a slash is a slash. */
static size_t leave_escaped (void *unused, struct MHD_Connection *connection, char *text)
{
    (void) unused;
    (void) connection;
    return strlen (text);
}

static void greet (void *argument, struct MHD_Connection *connection, void **caller,
                   enum MHD_ConnectionNotificationCode code)
{
    gateway_t *self = argument;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *caller = caller_new (&self->callers, connection, gateway_now ());
    else
        caller_destroy (&self->callers, (caller_t **) caller);
}

/* ---- start and end ---- */

static baton_status read_file (const char *path, char **ret_text, baton_error_t *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen (path, "re");
    errno = file ? 0 : errno;
    bool read = file && getdelim (&text, &size, 0, file) > 0;
    if (!read)
        baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_certificate, "cannot read %s: %s", path,
                    errno ? strerror (errno) : "it is empty");
    if (file)
        fclose (file);
    if (!read)
        free (text);
    else
        *ret_text = text;
    return read ? BATON_OK : BATON_invalid_argument;
}

static baton_status read_certificate (gateway_t *self, baton_error_t *error)
{
    if (!self->options.certificate || !self->options.key)
        return BATON_OK; /*  one alone is refused by the listener */
    baton_status status = read_file (self->options.certificate, &self->certificate, error);
    return status == BATON_OK ? read_file (self->options.key, &self->key, error) : status;
}

/*  Of one address; where all come from one, that is no measure. */
static unsigned most_each (const gateway_t *self)
{
    bool local = strncmp (self->address, "127.", 4) == 0 || strcmp (self->address, "[::1]") == 0;
    return local || self->options.behind_proxy ? 0 : LIMIT_HTTP_CONNECTIONS_EACH;
}

static baton_status serve (gateway_t *self, int fd, baton_error_t *error)
{
    bool tls = self->certificate;
    struct MHD_OptionItem more[] = {
        {tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, self->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, self->key},
        {MHD_OPTION_END, 0, NULL},
    };
    self->daemon = MHD_start_daemon (
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0u), 0, NULL, NULL,
        visit_continue, self, MHD_OPTION_EXTERNAL_LOGGER, note, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_URI_LOG_CALLBACK, visit_begin, self, MHD_OPTION_NOTIFY_COMPLETED, visit_end, self,
        MHD_OPTION_NOTIFY_CONNECTION, greet, self, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) POOL, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned) LIMIT_HTTP_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT, most_each (self),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) IDLE_SECONDS, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, more,
        MHD_OPTION_END);
    if (self->daemon)
        return BATON_OK;
    close (fd);
    return baton_fail (error, BATON_invalid_argument, tls ? BATON_REASON_bad_certificate : BATON_REASON_cant_listen,
                       "cannot serve HTTP at %s%s", self->url, tls ? ": the certificate or its key is not usable" : "");
}

static baton_status start (gateway_t *self, baton_error_t *error)
{
    int fd = -1;
    baton_status status = read_certificate (self, error);
    if (status == BATON_OK)
        status = listener_open (&self->options, &fd, self->address, self->url, error);
    if (status != BATON_OK)
        return status;
    status = serve (self, fd, error);
    if (status != BATON_OK)
        return status;
    self->stop_fd = eventfd (0, EFD_CLOEXEC);
    self->started = self->stop_fd >= 0 && pthread_create (&self->thread, NULL, run, self) == 0;
    return self->started ? BATON_OK
                         : baton_fail (error, BATON_resource_exhausted, BATON_REASON_out_of_memory,
                                       "cannot start the thread for HTTP");
}

baton_status gateway_new (const gateway_options_t *options, door_t *door, gateway_t **ret_gateway, baton_error_t *error)
{
    gateway_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->door = door;
    self->options = *options;
    self->stop_fd = -1;
    self->streams = streams_here_new ();
    self->guard = guard_new ();
    self->agents = agents_new (door);
    baton_status status = self->streams && self->guard && self->agents ? openapi_page (&self->description, error)
                                                                       : baton_fail_memory (error);
    if (status == BATON_OK)
        status = start (self, error);
    if (status == BATON_OK)
        *ret_gateway = self;
    else
        gateway_destroy (&self);
    return status;
}

void gateway_destroy (gateway_t **self)
{
    if (!*self)
        return;
    if ((*self)->started) {
        eventfd_write ((*self)->stop_fd, 1);
        pthread_join ((*self)->thread, NULL);
    } else if ((*self)->daemon)
        MHD_stop_daemon ((*self)->daemon);
    if ((*self)->stop_fd >= 0)
        close ((*self)->stop_fd);
    agents_destroy (&(*self)->agents);
    streams_here_destroy (&(*self)->streams);
    guard_destroy (&(*self)->guard);
    free ((void *) (uintptr_t) (*self)->description.hash);
    free ((void *) (uintptr_t) (*self)->description.data);
    free ((*self)->certificate);
    if ((*self)->key)
        sodium_memzero ((*self)->key, strlen ((*self)->key));
    free ((*self)->key);
    free (*self);
    *self = NULL;
}
