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

/*  What crosses over: one of both. */
typedef struct {
    request_t *request;
    door_news_t *news;
} parcel_t;

static void parcel_clear (parcel_t *self)
{
    request_destroy (&self->request);
    door_news_destroy (&self->news);
}

static bool receive (void *socket, parcel_t *ret_parcel)
{
    return zmq_recv (socket, ret_parcel, sizeof *ret_parcel, ZMQ_DONTWAIT) == sizeof *ret_parcel;
}

/*  Fails for lack of memory only; whoever waits for the answer then waits until its time is up. */
static void send (void *socket, parcel_t *parcel)
{
    if (zmq_send (socket, parcel, sizeof *parcel, ZMQ_DONTWAIT) != sizeof *parcel)
        parcel_clear (parcel);
}

static void empty (void *socket)
{
    parcel_t parcel;
    while (socket && receive (socket, &parcel))
        parcel_clear (&parcel);
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
    parcel_t parcel = {0};
    return receive (self->inside, &parcel) ? parcel.request : NULL;
}

void door_give (door_t *self, request_t **request)
{
    parcel_t parcel = {.request = *request};
    *request = NULL;
    send (self->inside, &parcel);
}

void door_tell (door_t *self, door_news_t **news)
{
    parcel_t parcel = {.news = *news};
    *news = NULL;
    send (self->inside, &parcel);
}

void *door_inside (door_t *self)
{
    return self->inside;
}

void door_submit (door_t *self, request_t **request)
{
    parcel_t parcel = {.request = *request};
    *request = NULL;
    send (self->outside, &parcel);
}

bool door_collect (door_t *self, request_t **ret_request, door_news_t **ret_news)
{
    parcel_t parcel = {0};
    bool any = receive (self->outside, &parcel);
    *ret_request = parcel.request;
    *ret_news = parcel.news;
    return any;
}

void *door_outside (door_t *self)
{
    return self->outside;
}

/* ---- news ---- */

door_news_t *door_news_new (size_t most, uint64_t seq, const baton_bytes_t *event)
{
    door_news_t *self = calloc (1, sizeof *self + most * sizeof *self->numbers);
    if (!self)
        return NULL;
    self->seq = seq;
    if (event && bytes_set (&self->event, event->data, event->size) != BATON_OK)
        door_news_destroy (&self);
    return self;
}

void door_news_destroy (door_news_t **self)
{
    if (!*self)
        return;
    bytes_clear (&(*self)->event);
    free (*self);
    *self = NULL;
}
