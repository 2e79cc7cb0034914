#include "reader.h"

#include "turns.h"

#include <pthread.h>
#include <stdlib.h>

#define ENDPOINT "inproc://reader"
#define HANDED_MOST 2 /*  so that the thread has its next one while the core takes the last */

static const turns_limit_t LIMIT = {LIMIT_READS, LIMIT_READS_EACH, "long reads"};

struct reader {
    pthread_t thread;
    bool started;
    void *core_end, *thread_end; /*  PAIR sockets; each is used by one thread */
    store_t *store;              /*  the thread's, once it has started */
    size_t handed;               /*  requests that the thread has */
    turns_t turns;
};

/* ---- the thread ---- */

static void read_now (store_t *store, request_t *request)
{
    void *record = request->prepared ? request->prepared : request->answer;
    request->error.status = store_view_begin (store, &request->error);
    if (request->error.status == BATON_OK) {
        request->error.status = request->later (store, request, record, &request->error);
        store_view_end (store);
    }
    if (request->prepared)
        return;
    if (request->error.status == BATON_OK)
        request_reply (request, request->answer);
    record_clear (METHODS[request->method].reply, request->answer);
}

/*  A NULL ends it, and so does the end of the context. */
static void *run (void *argument)
{
    reader_t *self = argument;
    request_t *request = NULL;
    while (zmq_recv (self->thread_end, &request, sizeof request, 0) == sizeof request && request) {
        read_now (self->store, request);
        if (zmq_send (self->thread_end, &request, sizeof request, 0) < 0)
            request_destroy (&request);
    }
    return NULL;
}

/* ---- the core's side ---- */

static baton_status connect_ends (reader_t *self, frontend_t *frontend, baton_error_t *error)
{
    int unlimited = 0; /*  what is under way is limited by ourselves */
    self->core_end = zmq_socket (frontend_context (frontend), ZMQ_PAIR);
    self->thread_end = zmq_socket (frontend_context (frontend), ZMQ_PAIR);
    if (!self->core_end || !self->thread_end ||
        zmq_setsockopt (self->core_end, ZMQ_SNDHWM, &unlimited, sizeof unlimited) != 0 ||
        zmq_setsockopt (self->thread_end, ZMQ_SNDHWM, &unlimited, sizeof unlimited) != 0 ||
        zmq_bind (self->core_end, ENDPOINT) != 0 || zmq_connect (self->thread_end, ENDPOINT) != 0)
        return baton_fail (error, BATON_internal, BATON_REASON_bug, "cannot start the reader: %s",
                           zmq_strerror (zmq_errno ()));
    return BATON_OK;
}

baton_status reader_new (frontend_t *frontend, const char *directory, reader_t **ret_reader, baton_error_t *error)
{
    reader_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    baton_status status = store_open_reader (directory, &self->store, error);
    if (status == BATON_OK)
        status = connect_ends (self, frontend, error);
    if (status == BATON_OK) {
        self->started = pthread_create (&self->thread, NULL, run, self) == 0;
        if (!self->started)
            status = baton_fail (error, BATON_resource_exhausted, BATON_REASON_out_of_memory,
                                 "cannot start the reader's thread");
    }
    if (status == BATON_OK)
        *ret_reader = self;
    else
        reader_destroy (&self);
    return status;
}

void reader_destroy (reader_t **self)
{
    if (!*self)
        return;
    if ((*self)->started) {
        request_t *request = NULL;
        zmq_send ((*self)->core_end, &request, sizeof request, 0);
        pthread_join ((*self)->thread, NULL);
        while (zmq_recv ((*self)->core_end, &request, sizeof request, ZMQ_DONTWAIT) == sizeof request)
            request_destroy (&request);
        turns_clear (&(*self)->turns);
    }
    if ((*self)->thread_end)
        zmq_close ((*self)->thread_end);
    if ((*self)->core_end)
        zmq_close ((*self)->core_end);
    store_close (&(*self)->store);
    free (*self);
    *self = NULL;
}

static void hand_over (reader_t *self)
{
    request_t *next = NULL;
    while (self->handed < HANDED_MOST && (next = turns_next (&self->turns, NULL, NULL))) {
        if (zmq_send (self->core_end, &next, sizeof next, ZMQ_DONTWAIT) < 0)
            return; /*  again when the next one is done */
        self->handed++;
        turns_remove (&self->turns, next);
    }
}

baton_status reader_submit (reader_t *self, request_t **request, baton_error_t *error)
{
    baton_status status = turns_add (&self->turns, request, &LIMIT, error);
    hand_over (self);
    return status;
}

request_t *reader_take (reader_t *self)
{
    request_t *request = NULL;
    if (zmq_recv (self->core_end, &request, sizeof request, ZMQ_DONTWAIT) != sizeof request)
        return NULL;
    self->handed--;
    hand_over (self);
    return request;
}

void *reader_socket (reader_t *self)
{
    return self->core_end;
}
