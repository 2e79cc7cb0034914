#include "writers.h"

#include "turns.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const turns_limit_t LIMIT = {LIMIT_WRITES, LIMIT_WRITES_EACH, "large contents"};
_Static_assert(LIMIT_WRITES <= LIMIT_READS, "turns have room for them");

typedef struct {
    pthread_t thread;
    bool started;
    void *core_end, *thread_end; /*  PAIR sockets; each is used by one thread */
    store_packer_t *packer;      /*  the thread's, once it has started */
    bool busy;                   /*  it has a request */
    char session[LIMIT_ID + 1];  /*  of that request; "": of none */
} writer_t;

struct writers {
    writer_t writers[WRITERS];
    turns_t turns;
};

/* ---- a thread ---- */

/*  A NULL ends it, and so does the end of the context. */
static void *run (void *argument)
{
    writer_t *self = argument;
    request_t *request = NULL;
    while (zmq_recv (self->thread_end, &request, sizeof request, 0) == sizeof request && request) {
        /*  What is staged for an import waits for the rest of it. */
        bool soon = request->method != METHOD_blob_put;
        request->error.status = store_pack (self->packer, request->packs, soon, &request->content, &request->error);
        if (request->error.status == BATON_OK)
            request_packed (request);
        if (zmq_send (self->thread_end, &request, sizeof request, 0) < 0)
            request_destroy (&request);
    }
    return NULL;
}

/* ---- the core's side ---- */

static baton_status start (writer_t *self, frontend_t *frontend, const char *directory, baton_error_t *error)
{
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, "inproc://writer-%p", (void *) self);
    baton_status status = store_packer_new (directory, &self->packer, error);
    if (status != BATON_OK)
        return status;
    self->core_end = zmq_socket (frontend_context (frontend), ZMQ_PAIR);
    self->thread_end = zmq_socket (frontend_context (frontend), ZMQ_PAIR);
    if (!self->core_end || !self->thread_end || zmq_bind (self->core_end, endpoint) != 0 ||
        zmq_connect (self->thread_end, endpoint) != 0)
        return baton_fail (error, BATON_internal, BATON_REASON_bug, "cannot start a writer: %s",
                           zmq_strerror (zmq_errno ()));
    self->started = pthread_create (&self->thread, NULL, run, self) == 0;
    return self->started ? BATON_OK
                         : baton_fail (error, BATON_resource_exhausted, BATON_REASON_out_of_memory,
                                       "cannot start a writer's thread");
}

static void stop (writer_t *self)
{
    request_t *request = NULL;
    if (self->started) {
        zmq_send (self->core_end, &request, sizeof request, 0);
        pthread_join (self->thread, NULL);
        while (zmq_recv (self->core_end, &request, sizeof request, ZMQ_DONTWAIT) == sizeof request)
            request_destroy (&request);
    }
    if (self->thread_end)
        zmq_close (self->thread_end);
    if (self->core_end)
        zmq_close (self->core_end);
    store_packer_destroy (&self->packer);
}

baton_status writers_new (frontend_t *frontend, const char *directory, writers_t **ret_writers, baton_error_t *error)
{
    writers_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    baton_status status = BATON_OK;
    for (size_t i = 0; i < WRITERS && status == BATON_OK; i++)
        status = start (&self->writers[i], frontend, directory, error);
    if (status == BATON_OK)
        *ret_writers = self;
    else
        writers_destroy (&self);
    return status;
}

void writers_destroy (writers_t **self)
{
    if (!*self)
        return;
    for (size_t i = 0; i < WRITERS; i++)
        stop (&(*self)->writers[i]);
    turns_clear (&(*self)->turns);
    free (*self);
    *self = NULL;
}

/*  Not while another one of its session is under way. */
static bool may_begin (const void *argument, const request_t *request)
{
    const writers_t *self = argument;
    const char *session = request_session (request);
    for (size_t i = 0; i < WRITERS && session; i++)
        if (self->writers[i].busy && strcmp (self->writers[i].session, session) == 0)
            return false;
    return true;
}

static bool hand_over (writers_t *self, writer_t *writer)
{
    request_t *next = turns_next (&self->turns, may_begin, self);
    const char *session = next ? request_session (next) : NULL;
    snprintf (writer->session, sizeof writer->session, "%s", session ? session : "");
    if (!next || zmq_send (writer->core_end, &next, sizeof next, ZMQ_DONTWAIT) < 0)
        return false;
    writer->busy = true; /*  from here on the thread owns the request */
    turns_remove (&self->turns, next);
    return true;
}

static void hand_out (writers_t *self)
{
    for (size_t i = 0; i < WRITERS; i++)
        if (!self->writers[i].busy && !hand_over (self, &self->writers[i]))
            return; /*  again when one of them is done */
}

baton_status writers_submit (writers_t *self, request_t **request, baton_error_t *error)
{
    baton_status status = turns_add (&self->turns, request, &LIMIT, error);
    hand_out (self);
    return status;
}

request_t *writers_take (writers_t *self)
{
    for (size_t i = 0; i < WRITERS; i++) {
        writer_t *writer = &self->writers[i];
        request_t *request = NULL;
        if (!writer->busy || zmq_recv (writer->core_end, &request, sizeof request, ZMQ_DONTWAIT) != sizeof request)
            continue;
        writer->busy = false;
        request->packs = NULL;
        request->deferred = false;
        hand_out (self);
        return request;
    }
    return NULL;
}

void *writers_socket (writers_t *self, size_t number)
{
    return self->writers[number].core_end;
}
