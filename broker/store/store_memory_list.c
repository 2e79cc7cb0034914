/*  Projections: filtered, sorted and copied, from end to end each time. */
#include "store_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_shown (const projection_t *projection, const viewer_t *viewer)
{
    return !viewer || access_of (viewer, &projection->audience) >= access_view;
}

static bool mentions (const session_row_t *row, const char *text)
{
    const char *const TEXTS[] = {row->title, row->session, row->agent, row->node};
    char label[2 * LIMIT_SHORT];
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
        if (TEXTS[i] && strcasestr (TEXTS[i], text))
            return true;
    for (size_t i = 0; i < row->labels.count; i++) {
        const baton_pair_t *pair = &row->labels.items[i];
        snprintf (label, sizeof label, "%s=%s", pair->key, pair->value ? pair->value : "");
        if (strcasestr (label, text))
            return true;
    }
    return false;
}

static bool filter_matches (const store_filter_t *filter, const projection_t *projection)
{
    const session_row_t *row = &projection->row;
    if (!is_shown (projection, filter->viewer))
        return false;
    if ((filter->active && !projection->active) || (filter->open_breakpoints && row->breakpoints == 0) ||
        (filter->state != lifecycle_none && filter->state != row->state))
        return false;
    if ((!text_equal (filter->agent, "") && !text_equal (filter->agent, row->agent)) ||
        (!text_equal (filter->node, "") && !text_equal (filter->node, row->node)))
        return false;
    if (!text_equal (filter->driver, "") && !text_equal (filter->driver, row->driver))
        return false;
    if (!text_equal (filter->match, "") && !mentions (row, filter->match))
        return false;
    for (size_t i = 0; filter->labels && i < filter->labels->count; i++) {
        const char *value = pairs_get (&row->labels, filter->labels->items[i].key);
        if (!value || !text_equal (value, filter->labels->items[i].value))
            return false;
    }
    return true;
}

typedef int (*compare_rows_t) (const void *, const void *);

static int compare_newest (const void *a, const void *b)
{
    uint64_t left = (*(const projection_t *const *) a)->order, right = (*(const projection_t *const *) b)->order;
    return (left < right) - (left > right);
}

static int compare_due (const void *a, const void *b)
{
    const projection_t *left = *(const projection_t *const *) a, *right = *(const projection_t *const *) b;
    int order = (left->due > right->due) - (left->due < right->due);
    return order != 0 ? order : compare_newest (b, a);
}

static int compare_wakes (const void *a, const void *b)
{
    const projection_t *left = *(const projection_t *const *) a, *right = *(const projection_t *const *) b;
    int order = (left->wakes > right->wakes) - (left->wakes < right->wakes);
    return order != 0 ? order : compare_newest (b, a);
}

static int compare_ids (const void *a, const void *b)
{
    return strcmp ((*(const projection_t *const *) a)->row.session, (*(const projection_t *const *) b)->row.session);
}

/*  Copies the first `limit` of the given rows in that order; frees `rows`. */
static baton_status give_rows (const projection_t **rows, size_t count, compare_rows_t compare, size_t limit,
                               store_projections_t *ret_rows, baton_error_t *error)
{
    store_projections_t copies = {0};
    baton_status status = BATON_OK;
    qsort (rows, count, sizeof *rows, compare);
    for (size_t i = 0; i < count && i < limit && status == BATON_OK; i++) {
        projection_t *copy = list_append (&copies, sizeof *copy);
        status = copy ? record_copy (&RECORD_projection, rows[i], copy) : BATON_resource_exhausted;
    }
    free (rows);
    if (status != BATON_OK) {
        store_projections_clear (&copies);
        return baton_fail_memory (error);
    }
    *ret_rows = copies;
    return BATON_OK;
}

baton_status store_memory_list (store_t *base, const store_filter_t *filter, uint64_t before, size_t limit,
                                store_projections_t *ret_rows, baton_error_t *error)
{
    store_memory_t *self = (store_memory_t *) base;
    const projection_t **rows = calloc (self->projections.count + 1, sizeof *rows);
    if (!rows)
        return baton_fail_memory (error);
    size_t count = 0;
    for (size_t i = 0; i < self->projections.count; i++) {
        const projection_t *row = &self->projections.items[i];
        if ((before == 0 || row->order < before) && filter_matches (filter, row))
            rows[count++] = row;
    }
    return give_rows (rows, count, compare_newest, limit, ret_rows, error);
}

baton_status store_memory_find (store_t *base, const char *ref, size_t limit, const viewer_t *viewer,
                                store_projections_t *ret_rows, baton_error_t *error)
{
    store_memory_t *self = (store_memory_t *) base;
    const projection_t **rows = calloc (self->projections.count + 1, sizeof *rows);
    if (!rows)
        return baton_fail_memory (error);
    size_t count = 0, begin = 0, titled = 0, kept = 0;
    for (size_t i = 0; i < self->projections.count; i++)
        if (is_shown (&self->projections.items[i], viewer))
            rows[count++] = &self->projections.items[i];
    qsort (rows, count, sizeof *rows, compare_ids);
    for (size_t i = 0; i < count; i++) {
        bool begins = strncmp (rows[i]->row.session, ref, strlen (ref)) == 0 && begin++ < limit;
        bool has_title = text_equal (rows[i]->row.title, ref) && titled++ < limit;
        if (begins || has_title)
            rows[kept++] = rows[i];
    }
    return give_rows (rows, kept, compare_ids, kept, ret_rows, error);
}

baton_status store_memory_open_breakpoints (store_t *base, breakpoint_order_e order, const store_place_t *after,
                                            size_t limit, const viewer_t *viewer, store_places_t *ret_places,
                                            baton_error_t *error)
{
    const store_projections_t *rows = &((store_memory_t *) base)->projections;
    store_places_t places = {0};
    for (size_t i = 0; i < rows->count; i++)
        for (size_t k = 0; is_shown (&rows->items[i], viewer) && k < rows->items[i].open.count; k++) {
            store_place_t place = store_place_of (rows->items[i].row.session, &rows->items[i].open.items[k], order);
            if (store_place_compare (&place, after) <= 0)
                continue;
            store_place_t *slot = list_append (&places, sizeof *slot);
            if (!slot) {
                free (places.items);
                return baton_fail_memory (error);
            }
            *slot = place;
        }
    if (places.count > 0)
        qsort (places.items, places.count, sizeof *places.items, store_place_compare);
    places.count = places.count < limit ? places.count : limit;
    *ret_places = places;
    return BATON_OK;
}

baton_status store_memory_stale (store_t *base, baton_texts_t *ret_sessions, baton_error_t *error)
{
    const store_memory_t *self = (store_memory_t *) base;
    baton_texts_t sessions = {0};
    baton_status status = BATON_OK;
    for (size_t i = (size_t) base->shown; i < self->events.count && status == BATON_OK; i++)
        status = texts_add (&sessions, self->events.items[i].session);
    for (size_t i = 0; i < self->projections.count && status == BATON_OK; i++) {
        const projection_t *projection = &self->projections.items[i];
        if (projection->row.breakpoints > 0 && projection->open.count == 0)
            status = texts_add (&sessions, projection->row.session);
    }
    if (status != BATON_OK) {
        texts_clear (&sessions);
        return baton_fail_memory (error);
    }
    *ret_sessions = sessions;
    return BATON_OK;
}

baton_status store_memory_shows (store_t *base, const char *session, const viewer_t *viewer, bool *ret_shows,
                                 baton_error_t *error)
{
    (void) error;
    store_memory_t *self = (store_memory_t *) base;
    *ret_shows = false;
    for (size_t i = 0; i < self->projections.count; i++)
        if (text_equal (self->projections.items[i].row.session, session))
            *ret_shows = is_shown (&self->projections.items[i], viewer);
    return BATON_OK;
}

baton_status store_memory_due (store_t *base, store_time_t which, uint64_t now, size_t limit,
                               store_projections_t *ret_rows, uint64_t *ret_next, baton_error_t *error)
{
    store_memory_t *self = (store_memory_t *) base;
    const projection_t **rows = calloc (self->projections.count + 1, sizeof *rows);
    if (!rows)
        return baton_fail_memory (error);
    size_t count = 0;
    uint64_t next = 0;
    for (size_t i = 0; i < self->projections.count; i++) {
        const projection_t *row = &self->projections.items[i];
        uint64_t time = which == STORE_DUE ? row->due : row->wakes;
        if (time > 0 && (next == 0 || time < next))
            next = time;
        if (time > 0 && time <= now)
            rows[count++] = row;
    }
    baton_status status =
        give_rows (rows, count, which == STORE_DUE ? compare_due : compare_wakes, limit, ret_rows, error);
    if (status == BATON_OK)
        *ret_next = next;
    return status;
}
