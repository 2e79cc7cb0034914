/*  The way from store.h to an implementation, and what all of them need. */
#include "store_internal.h"

#include "id.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void store_close (store_t **self)
{
    if (*self)
        (*self)->ops->close (*self);
    *self = NULL;
}

baton_status store_commit (store_t *self, const store_batch_t *batch, baton_error_t *error)
{
    for (size_t i = 0; i < batch->event_count; i++)
        if (batch->events[i].seq != self->head + 1 + i)
            return baton_fail (error, BATON_internal, BATON_REASON_bug,
                               "a batch begins or goes on at seq %llu where %llu is next",
                               (unsigned long long) batch->events[i].seq, (unsigned long long) (self->head + 1 + i));
    for (size_t i = 0; i < batch->answer_count; i++)
        assert (strlen (batch->answers[i].payload) < DIGEST_SIZE);
    return self->ops->commit (self, batch, error);
}

uint64_t store_head (store_t *self)
{
    return self->head;
}

uint64_t store_session_count (store_t *self)
{
    return self->session_count;
}

baton_status store_load (store_t *self, const char *session, baton_bytes_t *ret_snapshot, uint64_t *ret_snapshot_n,
                         store_reads_t *ret_tail, baton_error_t *error)
{
    return self->ops->load (self, session, ret_snapshot, ret_snapshot_n, ret_tail, error);
}

baton_status store_history (store_t *self, const char *session, uint64_t after, size_t limit, store_reads_t *ret_events,
                            baton_error_t *error)
{
    assert (limit > 0 && limit <= LIMIT_PAGE);
    return self->ops->history (self, session, after, limit, ret_events, error);
}

baton_status store_log (store_t *self, uint64_t after, event_class_e class, size_t limit, store_reads_t *ret_events,
                        uint64_t *ret_last, baton_error_t *error)
{
    assert (limit > 0 && limit <= LIMIT_PAGE);
    return self->ops->log (self, after, class, limit, ret_events, ret_last, error);
}

baton_status store_list (store_t *self, const store_filter_t *filter, uint64_t before, size_t limit,
                         store_projections_t *ret_rows, baton_error_t *error)
{
    assert (limit > 0);
    return self->ops->list (self, filter, before, limit, ret_rows, error);
}

baton_status store_find (store_t *self, const char *ref, size_t limit, const viewer_t *viewer,
                         store_projections_t *ret_rows, baton_error_t *error)
{
    assert (limit > 0);
    return self->ops->find (self, ref, limit, viewer, ret_rows, error);
}

store_place_t store_place_of (const char *session, const open_breakpoint_t *open, breakpoint_order_e order)
{
    store_place_t place = {.opened_at = open->opened_at, .number = open->number};
    if (order == breakpoint_order_urgent)
        place.first = open->deadline ? open->deadline : INT64_MAX;
    snprintf (place.session, sizeof place.session, "%s", session);
    return place;
}

int store_place_compare (const void *place, const void *other)
{
    const store_place_t *one = place, *two = other;
    if (one->first != two->first)
        return one->first < two->first ? -1 : 1;
    if (one->opened_at != two->opened_at)
        return one->opened_at < two->opened_at ? -1 : 1;
    int order = strcmp (one->session, two->session);
    return order != 0 ? order : (one->number > two->number) - (one->number < two->number);
}

baton_status store_open_breakpoints (store_t *self, breakpoint_order_e order, const store_place_t *after, size_t limit,
                                     const viewer_t *viewer, store_places_t *ret_places, baton_error_t *error)
{
    assert (limit > 0);
    return self->ops->open_breakpoints (self, order, after, limit, viewer, ret_places, error);
}

uint64_t store_shown (store_t *self)
{
    return self->shown;
}

baton_status store_stale (store_t *self, baton_texts_t *ret_sessions, baton_error_t *error)
{
    return self->ops->stale (self, ret_sessions, error);
}

baton_status store_shows (store_t *self, const char *session, const viewer_t *viewer, bool *ret_shows,
                          baton_error_t *error)
{
    return self->ops->shows (self, session, viewer, ret_shows, error);
}

baton_status store_due (store_t *self, store_time_t which, uint64_t now, size_t limit, store_projections_t *ret_rows,
                        uint64_t *ret_next, baton_error_t *error)
{
    assert (limit > 0);
    return self->ops->due (self, which, now, limit, ret_rows, ret_next, error);
}

baton_status store_answer (store_t *self, const char *actor, const char *key, char *ret_payload,
                           baton_bytes_t *ret_reply, baton_error_t *error)
{
    return self->ops->answer (self, actor, key, ret_payload, ret_reply, error);
}

baton_status store_forget_answers (store_t *self, uint64_t before, baton_error_t *error)
{
    return self->ops->forget_answers (self, before, error);
}

baton_status store_blob (store_t *self, const char *digest, baton_bytes_t *ret_content, baton_error_t *error)
{
    return self->ops->blob (self, digest, ret_content, error);
}

baton_status store_has_blob (store_t *self, const char *owner, const char *digest, bool *ret_has, baton_error_t *error)
{
    return self->ops->has_blob (self, owner, digest, ret_has, error);
}

baton_status store_staged (store_t *self, const char *owner, uint64_t *ret_count, uint64_t *ret_bytes,
                           baton_error_t *error)
{
    return self->ops->staged (self, owner, ret_count, ret_bytes, error);
}

baton_status store_count (store_t *self, uint64_t now, store_counts_t *ret_counts, baton_error_t *error)
{
    *ret_counts = (store_counts_t){0};
    return self->ops->count (self, now, ret_counts, error);
}

size_t store_age (uint64_t opened_at, uint64_t now)
{
    static const uint64_t LESS[STORE_AGES - 1] = {300000, 3600000, 86400000};
    uint64_t since = now > opened_at ? now - opened_at : 0;
    size_t age = 0;
    while (age < STORE_AGES - 1 && since >= LESS[age])
        age++;
    return age;
}

baton_status store_forget_staged (store_t *self, uint64_t before, bool *ret_more, baton_error_t *error)
{
    return self->ops->forget_staged (self, before, ret_more, error);
}

void store_reads_clear (store_reads_t *reads)
{
    for (size_t i = 0; i < reads->count; i++)
        bytes_clear (&reads->items[i].data);
    free (reads->items);
    *reads = (store_reads_t){0};
}

void store_projections_clear (store_projections_t *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        record_clear (&RECORD_projection, &rows->items[i]);
    free (rows->items);
    *rows = (store_projections_t){0};
}

bool store_collector_wants (const store_collector_t *self, size_t size)
{
    if (self->reads.count == 0)
        return true;
    return self->reads.count < self->limit && size <= self->bytes_most && self->bytes <= self->bytes_most - size;
}

baton_status store_collector_add (store_collector_t *self, uint64_t seq, uint64_t n, const uint8_t *data, size_t size)
{
    baton_bytes_t copy = {0};
    if (bytes_set (&copy, data, size) != BATON_OK)
        return BATON_resource_exhausted;
    store_read_t *read = list_append (&self->reads, sizeof *read);
    if (!read) {
        bytes_clear (&copy);
        return BATON_resource_exhausted;
    }
    *read = (store_read_t){seq, n, copy};
    self->bytes += size;
    return BATON_OK;
}

baton_status store_no_session (const char *session, baton_error_t *error)
{
    return baton_fail (error, BATON_not_found, BATON_REASON_no_such_session, "there is no session %s", session);
}

baton_status store_no_answer (const char *actor, const char *key, baton_error_t *error)
{
    return baton_fail (error, BATON_not_found, BATON_REASON_no_such_key, "no answer was given to %s for the key %s",
                       actor, key);
}

baton_status store_no_blob (const char *digest, baton_error_t *error)
{
    return baton_fail (error, BATON_not_found, BATON_REASON_no_such_artifact, "there is no content with the digest %s",
                       digest);
}

baton_status store_view_begin (store_t *self, baton_error_t *error)
{
    return self->ops->view_begin ? self->ops->view_begin (self, error) : BATON_OK;
}

void store_view_end (store_t *self)
{
    if (self->ops->view_end)
        self->ops->view_end (self);
}
