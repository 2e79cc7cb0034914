#include "caller.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

caller_t *caller_new (callers_t *all, struct MHD_Connection *connection, uint64_t now)
{
    caller_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    *self = (caller_t){.next = all->first,
                       .fd = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
                       .deadline = now + CALLER_HEADER};
    if (all->first)
        all->first->previous = self;
    all->first = self;
    return self;
}

void caller_destroy (callers_t *all, caller_t **self)
{
    if (!*self)
        return;
    if ((*self)->next)
        (*self)->next->previous = (*self)->previous;
    if ((*self)->previous)
        (*self)->previous->next = (*self)->next;
    else
        all->first = (*self)->next;
    free (*self);
    *self = NULL;
}

caller_t *caller_of (struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info (connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

void caller_expect (struct MHD_Connection *connection, uint64_t deadline)
{
    caller_t *self = caller_of (connection);
    if (!self)
        return;
    self->deadline = deadline;
    self->left = false;
}

static bool has_left (int fd)
{
    char byte;
    ssize_t size = recv (fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
}

bool caller_has_left (struct MHD_Connection *connection)
{
    return has_left (MHD_get_connection_info (connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
}

static bool is_over (caller_t *self, uint64_t now)
{
    if (self->deadline == 0)
        return false;
    bool twice = self->left;
    self->left = has_left (self->fd);
    return self->deadline <= now || (self->left && twice);
}

/*  libmicrohttpd sees the end of the connection and does the rest. */
void callers_check (callers_t *all, uint64_t now)
{
    for (caller_t *self = all->first; self; self = self->next)
        if (is_over (self, now)) {
            shutdown (self->fd, SHUT_RDWR);
            self->deadline = 0;
        }
}
