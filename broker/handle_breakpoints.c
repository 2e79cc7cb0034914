/*  Reading breakpoints: the state knows who voted, the journal knows what was asked and said. */
#include "family.h"
#include "handlers.h"

#include "history.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 100

static const breakpoint_t *find (const session_t *state, uint64_t number)
{
    for (size_t i = 0; i < state->breakpoints.count; i++)
        if (state->breakpoints.items[i].number == number)
            return &state->breakpoints.items[i];
    return NULL;
}

static baton_status fill_view (const session_t *state, const breakpoint_t *breakpoint, breakpoint_view_t *view)
{
    view->n = state->n;
    if (text_set (&view->session, state->session) != BATON_OK ||
        text_set (&view->session_title, state->title) != BATON_OK)
        return BATON_resource_exhausted;
    return record_copy (&RECORD_breakpoint, breakpoint, &view->breakpoint);
}

/*  The keys in conflict, each with what was chosen. */
static baton_status fill_keys (const merge_t *merge, breakpoint_view_t *view)
{
    for (size_t i = 0; i < merge->keys.count; i++) {
        const merge_key_t *key = &merge->keys.items[i];
        merge_key_t *row = key->conflict ? list_append (&view->keys, sizeof *row) : NULL;
        if (key->conflict && (!row || record_copy (&RECORD_merge_key, key, row) != BATON_OK))
            return BATON_resource_exhausted;
    }
    return BATON_OK;
}

/*  Takes in what one event says of the breakpoint. */
static baton_status read_event (const event_t *event, breakpoint_view_t *view)
{
    uint64_t number = view->breakpoint.number;
    if (event->kind == EVENT_breakpoint_opened) {
        const breakpoint_opened_event_t *body = event->body;
        if (body->number != number)
            return BATON_OK;
        if (text_set (&view->body, body->body) != BATON_OK)
            return BATON_resource_exhausted;
        return bytes_set (&view->schema, body->schema.data, body->schema.size);
    }
    if (event->kind == EVENT_breakpoint_revised) {
        const breakpoint_revised_event_t *body = event->body;
        return body->number == number ? text_set (&view->body, body->body) : BATON_OK;
    }
    if (event->kind != EVENT_breakpoint_commented ||
        ((const breakpoint_commented_event_t *) event->body)->number != number || view->comments.count == LIMIT_PAGE)
        return BATON_OK;
    const breakpoint_commented_event_t *body = event->body;
    comment_t *comment = list_append (&view->comments, sizeof *comment);
    if (!comment || text_set (&comment->actor, event->actor) != BATON_OK ||
        text_set (&comment->text, body->text) != BATON_OK)
        return BATON_resource_exhausted;
    comment->at = event->at;
    return BATON_OK;
}

typedef struct {
    breakpoint_view_t *view;
    session_t merging; /*  only its merge is looked at */
} show_walk_t;

/*  What a merge asks about stands in the state until it is over, and for ever in the journal. */
static baton_status read_merge (show_walk_t *self, const event_t *event)
{
    uint64_t number = self->view->breakpoint.number;
    if (event->kind == EVENT_session_merged) {
        const merge_t *merge = &((const session_merged_event_t *) event->body)->merge;
        return merge->breakpoint == number ? fill_keys (merge, self->view) : BATON_OK;
    }
    if (event->kind == EVENT_merge_started)
        return ((const merge_started_event_t *) event->body)->merge.breakpoint == number
                   ? session_evolve (&self->merging, event)
                   : BATON_OK;
    bool mine = self->merging.merge.breakpoint == number &&
                (event->kind == EVENT_merge_key_decided || event->kind == EVENT_merge_reopened);
    return mine ? session_evolve (&self->merging, event) : BATON_OK;
}

static baton_status visit_event (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    show_walk_t *self = argument;
    (void) ret_more;
    bool merges = self->view->breakpoint.kind == breakpoint_kind_merge_conflict;
    bool read = read_event (event, self->view) == BATON_OK && (!merges || read_merge (self, event) == BATON_OK);
    return read ? BATON_OK : baton_fail_memory (error);
}

/*  A merge was begun one position before its breakpoint was opened. */
static baton_status show_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    show_walk_t walk = {.view = reply};
    const breakpoint_t *breakpoint = &walk.view->breakpoint;
    uint64_t first = breakpoint->kind == breakpoint_kind_merge_conflict ? breakpoint->n - 1 : breakpoint->n;
    (void) request;
    baton_status status = history_walk (store, walk.view->session, first - 1, visit_event, &walk, error);
    if (status == BATON_OK && walk.view->keys.count == 0 && fill_keys (&walk.merging.merge, walk.view) != BATON_OK)
        status = baton_fail_memory (error);
    record_clear (&RECORD_session, &walk.merging);
    return status;
}

baton_status handle_breakpoint_show (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const breakpoint_show_request_t *params = request->params;
    breakpoint_view_t *view = ret_reply;
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), params->session, &entry, error);
    if (status != BATON_OK)
        return status;
    const breakpoint_t *breakpoint = find (&entry->state, params->breakpoint);
    if (!breakpoint)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_breakpoint, "breakpoint",
                                 "session %s has no breakpoint %lu", params->session, params->breakpoint);
    if (fill_view (&entry->state, breakpoint, view) != BATON_OK)
        return baton_fail_memory (error);
    request->later = show_later;
    return BATON_OK;
}

static baton_status add_view (breakpoint_page_t *page, const session_t *state, const breakpoint_t *breakpoint)
{
    breakpoint_view_t *view = list_append (&page->breakpoints, sizeof *view);
    return view ? fill_view (state, breakpoint, view) : BATON_resource_exhausted;
}

static baton_status list_session (broker_t *broker, const char *session, bool all, size_t limit,
                                  breakpoint_page_t *page, baton_error_t *error)
{
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), session, &entry, error);
    for (size_t i = 0; status == BATON_OK && i < entry->state.breakpoints.count && page->breakpoints.count < limit; i++)
        if ((all || entry->state.breakpoints.items[i].state == breakpoint_state_open) &&
            add_view (page, &entry->state, &entry->state.breakpoints.items[i]) != BATON_OK)
            status = baton_fail_memory (error);
    return status;
}

static bool asks (const child_row_t *child)
{
    return child->breakpoints > 0;
}

/*  Those of the session, and behind them the open ones of the tree below it that whoever asks may see. */
static baton_status list_tree (broker_t *broker, const request_t *request, size_t limit, breakpoint_page_t *page,
                               baton_error_t *error)
{
    const char *session = ((const breakpoint_list_request_t *) request->params)->session;
    baton_texts_t below = {0};
    baton_status status = list_session (broker, session, true, limit, page, error);
    if (status == BATON_OK)
        status = family_below (broker, session, asks, &below, error);
    for (size_t i = 0; status == BATON_OK && i < below.count; i++) {
        entry_t *entry = NULL;
        status = cache_get (journal_cache (broker->journal), below.items[i], &entry, error);
        audience_t audience = status == BATON_OK ? session_audience (&entry->state) : (audience_t){0};
        if (status == BATON_OK && access_of (&request->viewer, &audience) >= access_view)
            status = list_session (broker, below.items[i], false, limit, page, error);
    }
    texts_clear (&below);
    return status;
}

/*  An open breakpoint; borrows from the cache. */
typedef struct {
    const session_t *state;
    const breakpoint_t *breakpoint;
} open_t;

typedef struct {
    size_t count;
    open_t *items;
} open_list_t;

static int by_age (const void *a, const void *b)
{
    uint64_t first = ((const open_t *) a)->breakpoint->opened_at, second = ((const open_t *) b)->breakpoint->opened_at;
    return (first > second) - (first < second);
}

static baton_status note_open (broker_t *broker, const char *session, open_list_t *list, baton_error_t *error)
{
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), session, &entry, error);
    for (size_t i = 0; status == BATON_OK && i < entry->state.breakpoints.count; i++) {
        const breakpoint_t *breakpoint = &entry->state.breakpoints.items[i];
        if (breakpoint->state != breakpoint_state_open)
            continue;
        open_t *open = list_append (list, sizeof *open);
        if (!open)
            return baton_fail_memory (error);
        *open = (open_t){&entry->state, breakpoint};
    }
    return status;
}

baton_status handle_breakpoint_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const breakpoint_list_request_t *params = request->params;
    breakpoint_page_t *page = ret_reply;
    size_t limit = params->limit ? params->limit : PAGE_DEFAULT;
    if (params->session)
        return list_tree (broker, request, limit, page, error);
    store_filter_t filter = {.open_breakpoints = true, .viewer = &request->viewer};
    store_projections_t rows = {0};
    open_list_t list = {0};
    baton_status status = store_list (broker->store, &filter, 0, LIMIT_PAGE, &rows, error);
    for (size_t i = 0; status == BATON_OK && i < rows.count; i++)
        status = note_open (broker, rows.items[i].row.session, &list, error);
    if (list.count > 0)
        qsort (list.items, list.count, sizeof *list.items, by_age);
    for (size_t i = 0; status == BATON_OK && i < list.count && i < limit; i++)
        if (add_view (page, list.items[i].state, list.items[i].breakpoint) != BATON_OK)
            status = baton_fail_memory (error);
    free (list.items);
    store_projections_clear (&rows);
    return status;
}
