/*  Reading breakpoints: the state knows who voted, the journal knows what was asked and said. */
#include "handlers.h"

#include "history.h"

#include <string.h>

static const breakpoint_t *find (const session_t *state, uint64_t number)
{
    for (size_t i = 0; i < state->breakpoints.count; i++)
        if (state->breakpoints.items[i].number == number)
            return &state->breakpoints.items[i];
    return NULL;
}

baton_status breakpoint_view_of (const session_t *state, const breakpoint_t *breakpoint, breakpoint_view_t *view)
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
    if (breakpoint_view_of (&entry->state, breakpoint, view) != BATON_OK)
        return baton_fail_memory (error);
    request->later = show_later;
    return BATON_OK;
}
