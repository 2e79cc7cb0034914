#include "store_tail.h"

#include <stdlib.h>
#include <string.h>

/*  The tail is bounded, so a fixed number of buckets will do. */
#define TAIL_BUCKETS 16384

struct tail_batch {
    tail_batch_t *next; /*  newer */
    uint64_t log;
    baton_bytes_t bytes; /*  what everything points into */
    size_t event_count;
    tail_event_t *events;
    size_t answer_count;
    tail_answer_t *answers;
};

struct tail {
    tail_batch_t *oldest;
    tail_batch_t *newest;
    tail_load_t load;
    size_t session_count;
    tail_session_t *sessions[TAIL_BUCKETS];
    tail_answer_t *answers[TAIL_BUCKETS];
};

/*  FNV-1a (RFC draft-eastlake-fnv), with a final mix because the low bits choose the bucket. */
static uint64_t hash_more (uint64_t hash, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t) data[i]) * 0x100000001b3ull;
    return hash ^ hash >> 29;
}

static uint64_t hash_text (const char *data, size_t size)
{
    return hash_more (0xcbf29ce484222325ull, data, size);
}

uint64_t tail_hash (const char *actor, size_t actor_size, const char *key, size_t key_size)
{
    return hash_more (hash_more (hash_text (actor, actor_size), "\n", 1), key, key_size);
}

tail_t *tail_new (void)
{
    return calloc (1, sizeof (tail_t));
}

/* ---- sessions ---- */

static tail_session_t **session_place (const tail_t *self, const char *id, size_t size)
{
    tail_session_t **place = (tail_session_t **) &self->sessions[hash_text (id, size) % TAIL_BUCKETS];
    while (*place && !(strncmp ((*place)->id, id, size) == 0 && (*place)->id[size] == '\0'))
        place = &(*place)->next;
    return place;
}

static tail_session_t *session_get (tail_t *self, frame_text_t id)
{
    tail_session_t **place = session_place (self, id.data, id.size);
    if (*place)
        return *place;
    tail_session_t *session = calloc (1, sizeof *session);
    char *copy = strndup (id.data, id.size);
    if (!session || !copy) {
        free (session);
        free (copy);
        return NULL;
    }
    session->id = copy;
    *place = session;
    self->session_count++;
    return session;
}

static void session_release (tail_t *self, tail_session_t *session)
{
    if (session->first || session->prepared > 0)
        return;
    *session_place (self, session->id, strlen (session->id)) = session->next;
    self->session_count--;
    free (session->id);
    free (session);
}

/* ---- batches ---- */

static void batch_free (tail_batch_t *batch)
{
    bytes_clear (&batch->bytes);
    free (batch->events);
    free (batch->answers);
    free (batch);
}

/*  On failure, event_count says how many events hold their session. */
static baton_status batch_fill (tail_t *self, tail_batch_t *batch, const frame_t *frame)
{
    batch->events = calloc (frame->event_count + 1, sizeof *batch->events);
    batch->answers = calloc (frame->answer_count + 1, sizeof *batch->answers);
    if (!batch->events || !batch->answers)
        return BATON_resource_exhausted;
    for (; batch->event_count < frame->event_count; batch->event_count++) {
        const frame_event_t *event = &frame->events[batch->event_count];
        tail_session_t *session = session_get (self, event->session);
        if (!session)
            return BATON_resource_exhausted;
        session->prepared++;
        batch->events[batch->event_count] = (tail_event_t){*event, session, NULL, batch->log};
    }
    for (; batch->answer_count < frame->answer_count; batch->answer_count++) {
        const frame_answer_t *answer = &frame->answers[batch->answer_count];
        uint64_t hash = tail_hash (answer->actor.data, answer->actor.size, answer->key.data, answer->key.size);
        batch->answers[batch->answer_count] = (tail_answer_t){*answer, hash, NULL, batch->log};
    }
    return BATON_OK;
}

baton_status tail_prepare (tail_t *self, uint64_t log, baton_bytes_t *bytes, tail_batch_t **ret_batch,
                           baton_error_t *error)
{
    frame_t frame = {0};
    tail_batch_t *batch = calloc (1, sizeof *batch);
    baton_status status = batch ? frame_log_decode (bytes, &frame, error) : baton_fail_memory (error);
    if (status == BATON_OK) {
        batch->log = log;
        if (batch_fill (self, batch, &frame) != BATON_OK)
            status = baton_fail_memory (error);
    }
    frame_clear (&frame);
    if (status == BATON_OK) {
        batch->bytes = *bytes;
        *bytes = (baton_bytes_t){0};
        *ret_batch = batch;
    } else {
        bytes_clear (bytes);
        tail_cancel (self, &batch);
    }
    return status;
}

void tail_cancel (tail_t *self, tail_batch_t **batch)
{
    if (!*batch)
        return;
    for (size_t i = 0; i < (*batch)->event_count; i++) {
        tail_session_t *session = (*batch)->events[i].session;
        session->prepared--;
        session_release (self, session);
    }
    batch_free (*batch);
    *batch = NULL;
}

void tail_add (tail_t *self, tail_batch_t **taken)
{
    tail_batch_t *batch = *taken;
    *taken = NULL;
    for (size_t i = 0; i < batch->event_count; i++) {
        tail_event_t *event = &batch->events[i];
        tail_session_t *session = event->session;
        session->prepared--;
        if (session->last)
            session->last->next = event;
        else
            session->first = event;
        session->last = event;
    }
    for (size_t i = 0; i < batch->answer_count; i++) {
        tail_answer_t *answer = &batch->answers[i];
        tail_answer_t **bucket = &self->answers[answer->hash % TAIL_BUCKETS];
        answer->next = *bucket;
        *bucket = answer;
    }
    if (self->newest)
        self->newest->next = batch;
    else
        self->oldest = batch;
    self->newest = batch;
    self->load.events += batch->event_count;
    self->load.answers += batch->answer_count;
    self->load.bytes += batch->bytes.size;
}

static void drop_oldest (tail_t *self)
{
    tail_batch_t *batch = self->oldest;
    for (size_t i = 0; i < batch->event_count; i++) {
        tail_session_t *session = batch->events[i].session;
        session->first = batch->events[i].next;
        if (!session->first)
            session->last = NULL;
        session_release (self, session);
    }
    for (size_t i = 0; i < batch->answer_count; i++) {
        tail_answer_t **place = &self->answers[batch->answers[i].hash % TAIL_BUCKETS];
        while (*place != &batch->answers[i])
            place = &(*place)->next;
        *place = batch->answers[i].next;
    }
    self->load.events -= batch->event_count;
    self->load.answers -= batch->answer_count;
    self->load.bytes -= batch->bytes.size;
    self->oldest = batch->next;
    if (!self->oldest)
        self->newest = NULL;
    batch_free (batch);
}

void tail_drop (tail_t *self, uint64_t log)
{
    while (self->oldest && self->oldest->log <= log)
        drop_oldest (self);
}

void tail_destroy (tail_t **self)
{
    if (!*self)
        return;
    tail_drop (*self, UINT64_MAX);
    free (*self);
    *self = NULL;
}

/* ---- looking ---- */

tail_load_t tail_load (const tail_t *self)
{
    return self->load;
}

const tail_event_t *tail_first (const tail_t *self, const char *session)
{
    tail_session_t *found = *session_place (self, session, strlen (session));
    return found ? found->first : NULL;
}

const frame_answer_t *tail_answer (const tail_t *self, const char *actor, const char *key)
{
    uint64_t hash = tail_hash (actor, strlen (actor), key, strlen (key));
    for (const tail_answer_t *at = self->answers[hash % TAIL_BUCKETS]; at; at = at->next)
        if (at->hash == hash && frame_text_is (at->answer.actor, actor) && frame_text_is (at->answer.key, key))
            return &at->answer;
    return NULL;
}

/* ---- in order ---- */

static int compare_sessions (const void *a, const void *b)
{
    return strcmp ((*(tail_event_t *const *) a)->session->id, (*(tail_event_t *const *) b)->session->id);
}

static int compare_answers (const void *a, const void *b)
{
    const tail_answer_t *left = *(tail_answer_t *const *) a, *right = *(tail_answer_t *const *) b;
    return (left->hash > right->hash) - (left->hash < right->hash);
}

static const tail_event_t **sorted_events (const tail_t *self, size_t *ret_count)
{
    const tail_event_t **events = calloc (self->session_count + 1, sizeof *events);
    size_t count = 0;
    for (size_t i = 0; i < TAIL_BUCKETS && events; i++)
        for (const tail_session_t *session = self->sessions[i]; session; session = session->next)
            if (session->first)
                events[count++] = session->first;
    if (events)
        qsort (events, count, sizeof *events, compare_sessions);
    *ret_count = count;
    return events;
}

static const tail_answer_t **sorted_answers (const tail_t *self, size_t *ret_count)
{
    const tail_answer_t **answers = calloc (self->load.answers + 1, sizeof *answers);
    size_t count = 0;
    for (size_t i = 0; i < TAIL_BUCKETS && answers; i++)
        for (const tail_answer_t *answer = self->answers[i]; answer; answer = answer->next)
            answers[count++] = answer;
    if (answers)
        qsort (answers, count, sizeof *answers, compare_answers);
    *ret_count = count;
    return answers;
}

baton_status tail_sorted (const tail_t *self, const tail_event_t ***ret_events, size_t *ret_event_count,
                          const tail_answer_t ***ret_answers, size_t *ret_answer_count)
{
    size_t event_count = 0, answer_count = 0;
    const tail_event_t **events = sorted_events (self, &event_count);
    const tail_answer_t **answers = sorted_answers (self, &answer_count);
    if (!events || !answers) {
        free (events);
        free (answers);
        return BATON_resource_exhausted;
    }
    *ret_events = events;
    *ret_event_count = event_count;
    *ret_answers = answers;
    *ret_answer_count = answer_count;
    return BATON_OK;
}
