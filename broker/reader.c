#include "reader.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINT "inproc://reader"
#define HANDED_MOST 2 /*  so that the thread has its next one while the core takes the last */

/*  Who has asked for much waits behind those who have asked for little: the turn of a request is one behind that of the
 *  last one that waits for the same, and the lowest turn is next. */
typedef struct {
    request_t *request;
    uint64_t turn;
} waiting_t;

struct reader {
    pthread_t thread;
    bool started;
    void *core_end, *thread_end; /*  PAIR sockets; each is used by one thread */
    store_t *store;              /*  the thread's, once it has started */
    size_t handed;               /*  requests that the thread has */
    size_t count;
    waiting_t waiting[LIMIT_READS]; /*  as they came */
    uint64_t turn;                  /*  of the last one that was handed over */
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
        for (size_t i = 0; i < (*self)->count; i++)
            request_destroy (&(*self)->waiting[i].request);
    }
    if ((*self)->thread_end)
        zmq_close ((*self)->thread_end);
    if ((*self)->core_end)
        zmq_close ((*self)->core_end);
    store_close (&(*self)->store);
    free (*self);
    *self = NULL;
}

/*  Each run waits for itself, though it is its node that asks. */
static bool same_asker (const request_t *a, const request_t *b)
{
    return strcmp (a->key, b->key) == 0 && text_equal (a->header.session, b->header.session);
}

static size_t next_of (const reader_t *self)
{
    size_t next = 0;
    for (size_t i = 1; i < self->count; i++)
        if (self->waiting[i].turn < self->waiting[next].turn)
            next = i;
    return next;
}

static void hand_over (reader_t *self)
{
    while (self->handed < HANDED_MOST && self->count > 0) {
        waiting_t *next = &self->waiting[next_of (self)];
        if (zmq_send (self->core_end, &next->request, sizeof next->request, ZMQ_DONTWAIT) < 0)
            return; /*  again when the next one is done */
        self->turn = next->turn;
        self->handed++;
        self->count--;
        memmove (next, next + 1, (size_t) (self->waiting + self->count - next) * sizeof *next);
    }
}

baton_status reader_submit (reader_t *self, request_t **request, baton_error_t *error)
{
    size_t own = 0;
    uint64_t turn = self->turn;
    for (size_t i = 0; i < self->count; i++)
        if (same_asker (self->waiting[i].request, *request)) {
            own++;
            turn = self->waiting[i].turn > turn ? self->waiting[i].turn : turn;
        }
    if (own == LIMIT_READS_EACH || self->count == LIMIT_READS)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_busy, "%zu long reads wait already%s",
                           own == LIMIT_READS_EACH ? own : self->count,
                           own == LIMIT_READS_EACH ? " for the same client" : "");
    self->waiting[self->count++] = (waiting_t){*request, turn + 1};
    *request = NULL;
    hand_over (self);
    return BATON_OK;
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
