/*  The store in memory, for tests: plain lists, searched from end to end. It means what the SQLite store means. */
#include "store_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static memory_document_t *find_document (const memory_documents_t *documents, const char *name)
{
    for (size_t i = 0; i < documents->count; i++)
        if (strcmp (documents->items[i].name, name) == 0)
            return &documents->items[i];
    return NULL;
}

static baton_status put_document (memory_documents_t *documents, const char *name, uint64_t n,
                                  const baton_bytes_t *data)
{
    memory_document_t *known = find_document (documents, name);
    if (known && known->n >= n)
        return BATON_OK;
    if (!known) {
        char *copy = strdup (name);
        known = copy ? list_append (documents, sizeof *known) : NULL;
        if (!known) {
            free (copy);
            return BATON_resource_exhausted;
        }
        known->name = copy;
    }
    known->n = n;
    return bytes_set (&known->data, data->data, data->size);
}

static void remove_document (memory_documents_t *documents, memory_document_t *document)
{
    free (document->name);
    bytes_clear (&document->data);
    *document = documents->items[--documents->count];
}

/* ---- holds ---- */

static bool is_held (const store_memory_t *self, const char *digest)
{
    for (size_t i = 0; i < self->holds.count; i++)
        if (strcmp (self->holds.items[i].digest, digest) == 0)
            return true;
    return false;
}

static bool is_of (const memory_hold_t *hold, const store_holder_t *holder)
{
    return strcmp (hold->owner, holder->owner) == 0 && (!holder->name || strcmp (hold->name, holder->name) == 0);
}

static baton_status hold (store_memory_t *self, const char *digest, const store_holder_t *holder, uint64_t at,
                          uint64_t size)
{
    for (size_t i = 0; i < self->holds.count; i++)
        if (is_of (&self->holds.items[i], holder) && strcmp (self->holds.items[i].digest, digest) == 0) {
            self->holds.items[i].at = at;
            return BATON_OK;
        }
    memory_hold_t *added = list_append (&self->holds, sizeof *added);
    if (!added)
        return BATON_resource_exhausted;
    added->at = at;
    added->size = size;
    snprintf (added->digest, sizeof added->digest, "%s", digest);
    snprintf (added->owner, sizeof added->owner, "%s", holder->owner);
    snprintf (added->name, sizeof added->name, "%s", holder->name);
    return BATON_OK;
}

/*  What something refers to has no hold, or this one, too, which never ends. */
static const store_holder_t KEPT = {"", "kept"};

static baton_status keep_blob (store_memory_t *self, const char *digest)
{
    return is_held (self, digest) ? hold (self, digest, &KEPT, UINT64_MAX, 0) : BATON_OK;
}

static void end_hold (store_memory_t *self, size_t at)
{
    memory_hold_t ended = self->holds.items[at];
    self->holds.items[at] = self->holds.items[--self->holds.count];
    if (!is_held (self, ended.digest))
        remove_document (&self->blobs, find_document (&self->blobs, ended.digest));
}

/*  Nobody reads the store between a release and the sweep, so both are one here. */
static void release (store_memory_t *self, const store_holder_t *holder)
{
    for (size_t i = self->holds.count; i-- > 0;)
        if (is_of (&self->holds.items[i], holder))
            end_hold (self, i);
}

static baton_status write_hold (store_memory_t *self, const store_hold_t *wanted)
{
    baton_status status = BATON_OK;
    store_holder_t from = {wanted->holder.owner, wanted->from};
    if (wanted->what == STORE_HOLD_keep)
        status = keep_blob (self, wanted->digest);
    if (wanted->what == STORE_HOLD_release)
        release (self, &wanted->holder);
    if (wanted->what == STORE_HOLD_add && is_held (self, wanted->digest))
        status = hold (self, wanted->digest, &wanted->holder, UINT64_MAX, 0);
    for (size_t i = 0; wanted->what == STORE_HOLD_share && i < self->holds.count && status == BATON_OK; i++) {
        memory_hold_t held = self->holds.items[i];
        if (is_of (&held, &from))
            status = hold (self, held.digest, &wanted->holder, held.at, held.size);
    }
    return status;
}

static baton_status put_blob (store_memory_t *self, const store_blob_t *blob)
{
    bool known = find_document (&self->blobs, blob->digest);
    if (!known && put_document (&self->blobs, blob->digest, 0, &blob->content) != BATON_OK)
        return BATON_resource_exhausted;
    if (blob->staged_at == 0)
        return keep_blob (self, blob->digest);
    if (known && !is_held (self, blob->digest) && hold (self, blob->digest, &KEPT, UINT64_MAX, 0) != BATON_OK)
        return BATON_resource_exhausted;
    return hold (self, blob->digest, &blob->holder, blob->staged_at, blob->content.size);
}

static baton_status put_event (store_memory_t *self, const store_event_t *event)
{
    memory_event_t *copy = list_append (&self->events, sizeof *copy);
    if (!copy || text_set (&copy->session, event->session) != BATON_OK)
        return BATON_resource_exhausted;
    copy->class = event->class;
    copy->read = (store_read_t){.seq = event->seq, .n = event->n};
    return bytes_set (&copy->read.data, event->data.data, event->data.size);
}

static baton_status put_answer (store_memory_t *self, const store_answer_t *answer)
{
    memory_answer_t *copy = list_append (&self->answers, sizeof *copy);
    if (!copy || text_set (&copy->actor, answer->actor) != BATON_OK || text_set (&copy->key, answer->key) != BATON_OK ||
        text_set (&copy->payload, answer->payload) != BATON_OK)
        return BATON_resource_exhausted;
    copy->at = answer->at;
    return bytes_set (&copy->reply, answer->reply.data, answer->reply.size);
}

static baton_status put_projection (store_memory_t *self, const projection_t *row)
{
    projection_t *place = NULL;
    for (size_t i = 0; i < self->projections.count && !place; i++)
        if (text_equal (self->projections.items[i].row.session, row->row.session))
            place = &self->projections.items[i];
    if (place)
        record_clear (&RECORD_projection, place);
    else
        place = list_append (&self->projections, sizeof *place);
    return place ? record_copy (&RECORD_projection, row, place) : BATON_resource_exhausted;
}

/*  Nothing here fails but for lack of memory, which leaves part of the batch behind: good enough for tests. */
static baton_status commit_memory (store_t *base, const store_batch_t *batch, baton_error_t *error)
{
    store_memory_t *self = (store_memory_t *) base;
    baton_status status = BATON_OK;
    for (size_t i = 0; i < batch->event_count && status == BATON_OK; i++)
        status = put_event (self, &batch->events[i]);
    for (size_t i = 0; i < batch->answer_count && status == BATON_OK; i++)
        status = put_answer (self, &batch->answers[i]);
    for (size_t i = 0; i < batch->projection_count && status == BATON_OK; i++)
        status = put_projection (self, &batch->projections[i]);
    for (size_t i = 0; i < batch->snapshot_count && status == BATON_OK; i++)
        status = put_document (&self->snapshots, batch->snapshots[i].session, batch->snapshots[i].n,
                               &batch->snapshots[i].state);
    for (size_t i = 0; i < batch->blob_count && status == BATON_OK; i++)
        status = put_blob (self, &batch->blobs[i]);
    for (size_t i = 0; i < batch->hold_count && status == BATON_OK; i++)
        status = write_hold (self, &batch->holds[i]);
    if (status != BATON_OK)
        return baton_fail_memory (error);
    base->head += batch->event_count;
    base->session_count = self->projections.count;
    base->shown = batch->shown > 0 ? batch->shown : base->shown;
    return BATON_OK;
}

/* ---- journals ---- */

static baton_status read_journal (const store_memory_t *self, const char *session, uint64_t after,
                                  store_collector_t *collector, baton_error_t *error)
{
    for (size_t i = 0; i < self->events.count; i++) {
        const memory_event_t *event = &self->events.items[i];
        if (event->read.n <= after || !text_equal (event->session, session))
            continue;
        if (!store_collector_wants (collector, event->read.data.size))
            return BATON_OK;
        if (store_collector_add (collector, event->read.seq, event->read.n, event->read.data.data,
                                 event->read.data.size) != BATON_OK) {
            store_reads_clear (&collector->reads);
            return baton_fail_memory (error);
        }
    }
    return BATON_OK;
}

static baton_status load_memory (store_t *base, const char *session, baton_bytes_t *ret_snapshot,
                                 uint64_t *ret_snapshot_n, store_reads_t *ret_tail, baton_error_t *error)
{
    store_memory_t *self = (store_memory_t *) base;
    const memory_document_t *document = find_document (&self->snapshots, session);
    store_collector_t collector = {.limit = SIZE_MAX, .bytes_most = SIZE_MAX};
    uint64_t n = document ? document->n : 0;
    baton_status status = read_journal (self, session, n, &collector, error);
    if (status == BATON_OK && n == 0 && collector.reads.count == 0)
        return store_no_session (session, error);
    baton_bytes_t snapshot = {0};
    if (status == BATON_OK && document && bytes_set (&snapshot, document->data.data, document->data.size) != BATON_OK) {
        store_reads_clear (&collector.reads);
        status = baton_fail_memory (error);
    }
    if (status != BATON_OK)
        return status;
    *ret_snapshot = snapshot;
    *ret_snapshot_n = n;
    *ret_tail = collector.reads;
    return BATON_OK;
}

static baton_status history_memory (store_t *base, const char *session, uint64_t after, size_t limit,
                                    store_reads_t *ret_events, baton_error_t *error)
{
    store_collector_t collector = {.limit = limit, .bytes_most = LIMIT_PAGE_BYTES};
    baton_status status = read_journal ((store_memory_t *) base, session, after, &collector, error);
    if (status == BATON_OK)
        *ret_events = collector.reads;
    return status;
}

static baton_status log_memory (store_t *base, uint64_t after, event_class_e class, size_t limit,
                                store_reads_t *ret_events, uint64_t *ret_last, baton_error_t *error)
{
    store_memory_t *self = (store_memory_t *) base;
    store_collector_t collector = {.limit = limit, .bytes_most = LIMIT_PAGE_BYTES};
    uint64_t last = after;
    /*  Event seq stands at seq - 1. */
    for (; last < base->head && last - after < STORE_LOG_SCAN && collector.reads.count < limit; last++) {
        const memory_event_t *event = &self->events.items[last];
        if (class != event_class_none && event->class != class)
            continue;
        if (!store_collector_wants (&collector, event->read.data.size))
            break;
        if (store_collector_add (&collector, event->read.seq, event->read.n, event->read.data.data,
                                 event->read.data.size) != BATON_OK) {
            store_reads_clear (&collector.reads);
            return baton_fail_memory (error);
        }
    }
    *ret_events = collector.reads;
    *ret_last = last;
    return BATON_OK;
}

/* ---- answers and blobs ---- */

static baton_status answer_memory (store_t *base, const char *actor, const char *key, char *ret_payload,
                                   baton_bytes_t *ret_reply, baton_error_t *error)
{
    store_memory_t *self = (store_memory_t *) base;
    for (size_t i = self->answers.count; i-- > 0;) {
        const memory_answer_t *answer = &self->answers.items[i];
        if (!text_equal (answer->actor, actor) || !text_equal (answer->key, key))
            continue;
        baton_bytes_t reply = {0};
        if (bytes_set (&reply, answer->reply.data, answer->reply.size) != BATON_OK)
            return baton_fail_memory (error);
        *ret_reply = reply;
        strcpy (ret_payload, answer->payload ? answer->payload : "");
        return BATON_OK;
    }
    return store_no_answer (actor, key, error);
}

static void clear_answer (memory_answer_t *answer)
{
    free (answer->actor);
    free (answer->key);
    free (answer->payload);
    bytes_clear (&answer->reply);
}

static baton_status forget_memory (store_t *base, uint64_t before, baton_error_t *error)
{
    (void) error;
    store_memory_t *self = (store_memory_t *) base;
    for (size_t i = 0; i < self->answers.count; i++)
        if (self->answers.items[i].at < before) {
            clear_answer (&self->answers.items[i]);
            self->answers.items[i] = (memory_answer_t){0};
        }
    return BATON_OK;
}

static baton_status blob_memory (store_t *base, const char *digest, baton_bytes_t *ret_content, baton_error_t *error)
{
    const memory_document_t *document = find_document (&((store_memory_t *) base)->blobs, digest);
    if (!document)
        return store_no_blob (digest, error);
    baton_bytes_t content = {0};
    if (bytes_set (&content, document->data.data, document->data.size) != BATON_OK)
        return baton_fail_memory (error);
    *ret_content = content;
    return BATON_OK;
}

static baton_status has_blob_memory (store_t *base, const char *owner, const char *digest, bool *ret_has,
                                     baton_error_t *error)
{
    (void) error;
    const store_memory_t *self = (store_memory_t *) base;
    *ret_has = !owner && find_document (&self->blobs, digest);
    for (size_t i = 0; owner && i < self->holds.count; i++)
        if (strcmp (self->holds.items[i].digest, digest) == 0 && strcmp (self->holds.items[i].owner, owner) == 0)
            *ret_has = true;
    return BATON_OK;
}

static baton_status staged_memory (store_t *base, const char *owner, uint64_t *ret_count, uint64_t *ret_bytes,
                                   baton_error_t *error)
{
    (void) error;
    const store_memory_t *self = (store_memory_t *) base;
    *ret_count = *ret_bytes = 0;
    for (size_t i = 0; i < self->holds.count; i++) {
        const memory_hold_t *held = &self->holds.items[i];
        bool counts = *held->owner && (!owner || strcmp (held->owner, owner) == 0);
        *ret_count += counts;
        *ret_bytes += counts ? held->size : 0;
    }
    return BATON_OK;
}

static baton_status forget_staged_memory (store_t *base, uint64_t before, bool *ret_more, baton_error_t *error)
{
    (void) error;
    store_memory_t *self = (store_memory_t *) base;
    for (size_t i = self->holds.count; i-- > 0;)
        if (self->holds.items[i].at < before)
            end_hold (self, i);
    *ret_more = false;
    return BATON_OK;
}

static baton_status count_memory (store_t *base, uint64_t now, store_counts_t *ret_counts, baton_error_t *error)
{
    (void) error;
    const store_memory_t *self = (store_memory_t *) base;
    for (size_t i = 0; i < self->projections.count; i++) {
        const projection_t *row = &self->projections.items[i];
        ret_counts->sessions[row->row.state]++;
        for (size_t j = 0; j < row->open.count; j++) {
            uint64_t opened_at = row->open.items[j].opened_at;
            ret_counts->open[store_age (opened_at, now)]++;
            if (ret_counts->oldest == 0 || opened_at < ret_counts->oldest)
                ret_counts->oldest = opened_at;
        }
    }
    return BATON_OK;
}

/* ---- open and close ---- */

static void clear_documents (memory_documents_t *documents)
{
    for (size_t i = 0; i < documents->count; i++) {
        free (documents->items[i].name);
        bytes_clear (&documents->items[i].data);
    }
    free (documents->items);
}

static void close_memory (store_t *base)
{
    store_memory_t *self = (store_memory_t *) base;
    for (size_t i = 0; i < self->events.count; i++) {
        free (self->events.items[i].session);
        bytes_clear (&self->events.items[i].read.data);
    }
    free (self->events.items);
    for (size_t i = 0; i < self->answers.count; i++)
        clear_answer (&self->answers.items[i]);
    free (self->answers.items);
    clear_documents (&self->snapshots);
    clear_documents (&self->blobs);
    free (self->holds.items);
    store_projections_clear (&self->projections);
    free (self);
}

baton_status store_open_memory (store_t **ret_store)
{
    static const store_ops_t OPS = {
        .close = close_memory,
        .commit = commit_memory,
        .load = load_memory,
        .history = history_memory,
        .log = log_memory,
        .list = store_memory_list,
        .find = store_memory_find,
        .open_breakpoints = store_memory_open_breakpoints,
        .stale = store_memory_stale,
        .shows = store_memory_shows,
        .due = store_memory_due,
        .answer = answer_memory,
        .forget_answers = forget_memory,
        .blob = blob_memory,
        .has_blob = has_blob_memory,
        .staged = staged_memory,
        .count = count_memory,
        .forget_staged = forget_staged_memory,
    };
    store_memory_t *self = calloc (1, sizeof *self);
    if (!self)
        return BATON_resource_exhausted;
    self->base.ops = &OPS;
    *ret_store = &self->base;
    return BATON_OK;
}
