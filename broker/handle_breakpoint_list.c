/*  Lists of breakpoints: those of a session and what is below it, and the open ones of the site.
 *
 *  The store knows where each open one stands in the lists of the site; only those of the page are then looked up in
 *  their sessions. All of it is read on the reader's thread.
 */
#include "family.h"
#include "handlers.h"

#include "history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 100

typedef struct {
    size_t count;
    store_place_t *items;
    breakpoint_order_e order;
    store_place_t after; /*  only those behind it */
} places_t;

static baton_status read_cursor (const char *cursor, store_place_t *ret_place, baton_error_t *error)
{
    int end = 0;
    if (!cursor)
        return BATON_OK;
    if (sscanf (cursor, "%" SCNu64 "/%" SCNu64 "/%64[^/]/%" SCNu64 "%n", &ret_place->first, &ret_place->opened_at,
                ret_place->session, &ret_place->number, &end) == 4 &&
        cursor[end] == '\0')
        return BATON_OK;
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "after",
                             "%s is not a cursor of a page before", cursor);
}

static baton_status write_cursor (const store_place_t *place, breakpoint_page_t *page)
{
    char cursor[LIMIT_SHORT + 1];
    snprintf (cursor, sizeof cursor, "%" PRIu64 "/%" PRIu64 "/%s/%" PRIu64, place->first, place->opened_at,
              place->session, place->number);
    return text_set (&page->cursor, cursor);
}

/* ---- which ---- */

static baton_status add_place (places_t *self, const char *session, const open_breakpoint_t *open, baton_error_t *error)
{
    store_place_t place = store_place_of (session, open, self->order);
    if (store_place_compare (&place, &self->after) <= 0)
        return BATON_OK;
    store_place_t *slot = list_append (self, sizeof *slot);
    if (!slot)
        return baton_fail_memory (error);
    *slot = place;
    return BATON_OK;
}

static baton_status add_session (places_t *self, store_t *store, const char *session, bool decided,
                                 baton_error_t *error)
{
    session_t state = {0};
    baton_status status = history_load (store, session, &state, NULL, error);
    for (size_t i = 0; status == BATON_OK && i < state.breakpoints.count; i++) {
        const breakpoint_t *breakpoint = &state.breakpoints.items[i];
        open_breakpoint_t open = {breakpoint->number, breakpoint->opened_at, breakpoint->deadline};
        if (decided || breakpoint->state == breakpoint_state_open)
            status = add_place (self, session, &open, error);
    }
    record_clear (&RECORD_session, &state);
    return status;
}

/*  One more than a page takes, so that it is known whether there are more. */
static baton_status add_site (places_t *self, store_t *store, const viewer_t *viewer, size_t limit,
                              baton_error_t *error)
{
    store_places_t found = {0};
    baton_status status = store_open_breakpoints (store, self->order, &self->after, limit + 1, viewer, &found, error);
    self->count = found.count;
    self->items = found.items;
    return status;
}

/*  The first was asked for by name, and checked. */
static baton_status add_tree (places_t *self, store_t *store, const request_t *request, const breakpoint_page_t *tree,
                              baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; status == BATON_OK && i < tree->breakpoints.count; i++) {
        const char *session = tree->breakpoints.items[i].session;
        bool shown = i == 0;
        if (!shown)
            status = store_shows (store, session, &request->viewer, &shown, error);
        if (status == BATON_OK && shown)
            status = add_session (self, store, session, i == 0, error);
    }
    return status;
}

/* ---- what ---- */

static baton_status add_view (const session_t *state, uint64_t number, breakpoint_page_t *page, size_t *bytes)
{
    baton_bytes_t encoded = {0};
    for (size_t i = 0; i < state->breakpoints.count; i++) {
        const breakpoint_t *breakpoint = &state->breakpoints.items[i];
        if (breakpoint->number != number)
            continue;
        breakpoint_view_t *view = list_append (&page->breakpoints, sizeof *view);
        if (!view || breakpoint_view_of (state, breakpoint, view) != BATON_OK ||
            record_encode (&RECORD_breakpoint, breakpoint, &encoded) != BATON_OK)
            return BATON_resource_exhausted;
        *bytes += encoded.size;
        bytes_clear (&encoded);
    }
    return BATON_OK;
}

static baton_status fill (const places_t *self, store_t *store, size_t limit, breakpoint_page_t *page,
                          baton_error_t *error)
{
    session_t state = {0};
    baton_status status = BATON_OK;
    size_t bytes = 0, i = 0;
    for (; status == BATON_OK && i < self->count && i < limit && bytes < LIMIT_PAGE_BYTES; i++) {
        const store_place_t *place = &self->items[i];
        if (!text_equal (state.session, place->session))
            status = history_load (store, place->session, &state, NULL, error);
        if (status == BATON_OK && add_view (&state, place->number, page, &bytes) != BATON_OK)
            status = baton_fail_memory (error);
    }
    if (status == BATON_OK && i < self->count && write_cursor (&self->items[i - 1], page) != BATON_OK)
        status = baton_fail_memory (error);
    record_clear (&RECORD_session, &state);
    return status;
}

static baton_status list_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const breakpoint_list_request_t *params = request->params;
    breakpoint_page_t *page = reply, tree = *page;
    places_t places = {.order = params->order};
    size_t limit = params->limit ? params->limit : PAGE_DEFAULT;
    *page = (breakpoint_page_t){0};
    baton_status status = read_cursor (params->after, &places.after, error);
    if (status == BATON_OK && params->session)
        status = add_tree (&places, store, request, &tree, error);
    else if (status == BATON_OK)
        status = add_site (&places, store, &request->viewer, limit, error);
    if (places.count > 0)
        qsort (places.items, places.count, sizeof *places.items, store_place_compare);
    if (status == BATON_OK)
        status = fill (&places, store, limit, page, error);
    free (places.items);
    record_clear (&RECORD_breakpoint_page, &tree);
    return status;
}

/* ---- on the core's thread ---- */

static bool asks (const child_row_t *child)
{
    return child->breakpoints > 0;
}

static baton_status name_session (breakpoint_page_t *page, const char *session)
{
    breakpoint_view_t *view = list_append (&page->breakpoints, sizeof *view);
    return view ? text_set (&view->session, session) : BATON_resource_exhausted;
}

/*  Names the sessions that are to be looked at: the one, and those below it that ask. */
static baton_status name_tree (broker_t *broker, const char *session, breakpoint_page_t *page, baton_error_t *error)
{
    baton_texts_t below = {0};
    baton_status status = family_below (broker, session, asks, &below, error);
    if (status == BATON_OK && name_session (page, session) != BATON_OK)
        status = baton_fail_memory (error);
    for (size_t i = 0; status == BATON_OK && i < below.count; i++)
        if (name_session (page, below.items[i]) != BATON_OK)
            status = baton_fail_memory (error);
    texts_clear (&below);
    return status;
}

baton_status handle_breakpoint_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const breakpoint_list_request_t *params = request->params;
    request->later = list_later;
    return params->session ? name_tree (broker, params->session, ret_reply, error) : BATON_OK;
}
