#include "door.h"

#include <stdio.h>
#include <stdlib.h>

struct door {
    void *inside, *outside; /*  PAIR sockets; each is used by one thread */
};

static baton_status connect_ends (door_t *self, void *context)
{
    int unlimited = 0; /*  what is under way is limited by who hands it in */
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, "inproc://door-%p", (void *) self);
    self->inside = zmq_socket (context, ZMQ_PAIR);
    self->outside = zmq_socket (context, ZMQ_PAIR);
    bool connected = self->inside && self->outside &&
                     zmq_setsockopt (self->inside, ZMQ_SNDHWM, &unlimited, sizeof unlimited) == 0 &&
                     zmq_setsockopt (self->inside, ZMQ_RCVHWM, &unlimited, sizeof unlimited) == 0 &&
                     zmq_setsockopt (self->outside, ZMQ_SNDHWM, &unlimited, sizeof unlimited) == 0 &&
                     zmq_setsockopt (self->outside, ZMQ_RCVHWM, &unlimited, sizeof unlimited) == 0 &&
                     zmq_bind (self->inside, endpoint) == 0 && zmq_connect (self->outside, endpoint) == 0;
    return connected ? BATON_OK : BATON_internal;
}

baton_status door_new (void *context, door_t **ret_door, baton_error_t *error)
{
    door_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    if (connect_ends (self, context) != BATON_OK) {
        baton_fail (error, BATON_internal, BATON_REASON_bug, "cannot open a door: %s", zmq_strerror (zmq_errno ()));
        door_destroy (&self);
        return BATON_internal;
    }
    *ret_door = self;
    return BATON_OK;
}

static request_t *receive (void *socket)
{
    request_t *request = NULL;
    return zmq_recv (socket, &request, sizeof request, ZMQ_DONTWAIT) == sizeof request ? request : NULL;
}

/*  Fails for lack of memory only; whoever waits for the answer then waits until its time is up. */
static void send (void *socket, request_t **request)
{
    if (zmq_send (socket, request, sizeof *request, ZMQ_DONTWAIT) == sizeof *request)
        *request = NULL;
    request_destroy (request);
}

static void empty (void *socket)
{
    request_t *request = NULL;
    while (socket && (request = receive (socket)))
        request_destroy (&request);
    if (socket)
        zmq_close (socket);
}

void door_destroy (door_t **self)
{
    if (!*self)
        return;
    empty ((*self)->inside);
    empty ((*self)->outside);
    free (*self);
    *self = NULL;
}

request_t *door_take (door_t *self)
{
    return receive (self->inside);
}

void door_give (door_t *self, request_t **request)
{
    send (self->inside, request);
}

void *door_inside (door_t *self)
{
    return self->inside;
}

void door_submit (door_t *self, request_t **request)
{
    send (self->outside, request);
}

request_t *door_collect (door_t *self)
{
    return receive (self->outside);
}

void *door_outside (door_t *self)
{
    return self->outside;
}
