#include "gateway_internal.h"

#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PATIENCE 1000   /*  ms that the loop sleeps at most */
#define POOL 16384u     /*  bytes that libmicrohttpd has for a connection: headers, and what it reads and writes */
#define IDLE_SECONDS 60 /*  that a connection may be silent */

struct gateway {
    pthread_t thread;
    bool started;
    door_t *door; /*  borrowed */
    struct MHD_Daemon *daemon;
    int stop_fd;
    visit_t *waiting; /*  for the core */
    agents_t *agents;
    char url[300];
};

door_t *gateway_door (const gateway_t *self)
{
    return self->door;
}

agents_t *gateway_agents (const gateway_t *self)
{
    return self->agents;
}

const char *gateway_url (const gateway_t *self)
{
    return self->url;
}

/* ---- visits that wait ---- */

void gateway_wait (gateway_t *self, visit_t *visit)
{
    visit->next = self->waiting;
    visit->previous = NULL;
    if (self->waiting)
        self->waiting->previous = visit;
    self->waiting = visit;
    MHD_suspend_connection (visit->connection);
}

void gateway_wake (gateway_t *self, visit_t *visit)
{
    if (visit->next)
        visit->next->previous = visit->previous;
    if (visit->previous)
        visit->previous->next = visit->next;
    else
        self->waiting = visit->next;
    MHD_resume_connection (visit->connection);
}

/* ---- the thread ---- */

static long patience (gateway_t *self)
{
    MHD_UNSIGNED_LONG_LONG wait = PATIENCE;
    if (MHD_get_timeout (self->daemon, &wait) != MHD_YES || wait > PATIENCE)
        return PATIENCE;
    return (long) wait;
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
        request_t *request = NULL;
        if (zmq_poll (items, 3, patience (self)) < 0 && zmq_errno () != EINTR)
            break;
        while ((request = door_collect (self->door)))
            ((ticket_t *) request->ticket)->finish (&request);
        agents_tick (self->agents);
        MHD_run (self->daemon);
    }
    while (self->waiting) /*  whose requests won't come back */
        gateway_wake (self, self->waiting);
    agents_close (self->agents);
    MHD_stop_daemon (self->daemon);
    return NULL;
}

/* ---- from outside ---- */

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

static baton_status start (gateway_t *self, const gateway_options_t *options, baton_error_t *error)
{
    int fd = -1;
    baton_status status = listener_open (options->listen, &fd, self->url, sizeof self->url, error);
    if (status != BATON_OK)
        return status;
    self->stop_fd = eventfd (0, EFD_CLOEXEC);
    self->daemon = MHD_start_daemon (
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, visit_continue, self,
        MHD_OPTION_EXTERNAL_LOGGER, note, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, visit_begin,
        self, MHD_OPTION_NOTIFY_COMPLETED, visit_end, self, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) POOL, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned) LIMIT_HTTP_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) IDLE_SECONDS,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!self->daemon) {
        close (fd);
        return baton_fail (error, BATON_internal, BATON_REASON_bug, "cannot serve HTTP at %s", self->url);
    }
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
    self->stop_fd = -1;
    self->agents = agents_new (door);
    baton_status status = self->agents ? start (self, options, error) : baton_fail_memory (error);
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
    free (*self);
    *self = NULL;
}
