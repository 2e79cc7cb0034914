/*  What a session's context shows. */
#include "handlers.h"

#include "compact.h"
#include "history.h"
#include "lineage.h"
#include "render.h"

#include <string.h>

/* ---- context.render ---- */

/*  Leaves the bytes that were asked for. */
static baton_status cut_page (const context_render_request_t *params, rendering_t *rendering, baton_error_t *error)
{
    uint64_t limit = params->limit ? params->limit : LIMIT_PAGE_BYTES;
    if (params->offset > rendering->size)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "offset",
                                 "the rendering has %lu bytes, so none from %lu on", rendering->size, params->offset);
    size_t left = rendering->size - params->offset;
    baton_bytes_t *content = &rendering->content;
    rendering->offset = params->offset;
    rendering->next = left > limit ? params->offset + limit : 0;
    content->size = left > limit ? limit : left;
    if (params->offset > 0)
        memmove (content->data, content->data + params->offset, content->size);
    return BATON_OK;
}

static baton_status render_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const context_render_request_t *params = request->params;
    rendering_t *rendering = reply;
    session_t state = {0};
    shown_list_t list = {0};
    baton_status status = history_state (store, params->session, params->at, &state, error);
    if (status == BATON_OK)
        status = window_items (store, &state, &list, error);
    if (status == BATON_OK)
        status = render (store, &state, &list, params->format, params->budget, rendering, error);
    if (status == BATON_OK)
        status = cut_page (params, rendering, error);
    if (status == BATON_OK && text_set (&rendering->session, params->session) != BATON_OK)
        status = baton_fail_memory (error);
    shown_list_clear (&list);
    record_clear (&RECORD_session, &state);
    return status;
}

baton_status handle_context_render (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK)
        request->later = render_later;
    return status;
}

/* ---- session.compact, session.uncompact ---- */

static baton_status compact_later (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    const session_compact_request_t *params = request->params;
    session_t state = {0};
    baton_status status = history_load (store, params->session, &state, NULL, error);
    if (status == BATON_OK)
        status = compact_plan (store, &state, params->keep_last, params->summary, record, error);
    record_clear (&RECORD_session, &state);
    return status;
}

static baton_status fill_compacted (const session_t *state, const window_plan_t *plan, bool done,
                                    compacted_t *ret_reply)
{
    const window_t *after = &plan->window;
    ret_reply->n = state->n + done;
    ret_reply->compaction = done ? state->n + 1 : 0;
    ret_reply->items_before = state->window.items;
    ret_reply->tokens_before = state->window.tokens;
    ret_reply->items = after->items;
    ret_reply->tokens = after->tokens;
    ret_reply->hidden_items = plan->items;
    ret_reply->hidden_tokens = plan->item_tokens;
    return text_set (&ret_reply->session, state->session) || text_set (&ret_reply->summary, plan->summary)
               ? BATON_resource_exhausted
               : BATON_OK;
}

/*  Decides, and forgets what was decided for a dry run. */
static baton_status decide_compact (broker_t *broker, request_t *request, const session_t *state, baton_error_t *error)
{
    const session_compact_request_t *params = request->params;
    command_t command = command_of (broker, request);
    changed_t changed = {0};
    event_list_t events = {0};
    baton_status status = params->dry_run
                              ? session_decide (state, &command, &events, &changed, error)
                              : journal_decide (broker->journal, params->session, &command, &changed, error);
    event_list_clear (&events);
    record_clear (&RECORD_changed, &changed);
    return status;
}

baton_status handle_session_compact (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_compact_request_t *params = request->params;
    const window_plan_t *plan = request->prepared;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    if (!plan || plan->n != state->n)
        return request_prepare (request, &RECORD_window_plan, compact_later, error);
    if (fill_compacted (state, plan, !params->dry_run, ret_reply) != BATON_OK)
        return baton_fail_memory (error);
    return decide_compact (broker, request, state, error);
}

static baton_status uncompact_later (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    const session_uncompact_request_t *params = request->params;
    session_t state = {0};
    baton_status status = history_load (store, params->session, &state, NULL, error);
    if (status == BATON_OK)
        status = compact_undo_plan (store, &state, record, error);
    record_clear (&RECORD_session, &state);
    return status;
}

baton_status handle_session_uncompact (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const window_plan_t *plan = request->prepared;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK && (!plan || plan->n != state->n))
        return request_prepare (request, &RECORD_window_plan, uncompact_later, error);
    return status == BATON_OK ? handle_session_change (broker, request, ret_reply, error) : status;
}

/* ---- item.pin ---- */

static baton_status check_item (const event_t *event, uint64_t n, baton_error_t *error)
{
    if (event->kind != EVENT_item_appended)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "item",
                                 "there is no item at %lu, but %s", n, EVENTS[event->kind].name);
    const item_appended_event_t *body = event->body;
    for (size_t i = 0; i < body->parts.count; i++)
        if (body->parts.items[i].kind == part_kind_tool_call || body->parts.items[i].kind == part_kind_tool_result)
            return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "item",
                                     "item %lu has a tool call or a result: it can't be pinned", n);
    return BATON_OK;
}

static baton_status see_item (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    pin_t *pin = argument;
    baton_status status = check_item (event, event->n, error);
    if (status == BATON_OK) {
        pin->tokens = ((const item_appended_event_t *) event->body)->tokens;
        pin->estimated = ((const item_appended_event_t *) event->body)->estimated;
    }
    *ret_more = false;
    return status;
}

static baton_status pin_later (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    const item_pin_request_t *params = request->params;
    return history_walk (store, params->of ? params->of : params->session, params->item - 1, see_item, record, error);
}

/*  An item never changes, so it need not be read again when the session has moved on. */
baton_status handle_item_pin (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const item_pin_request_t *params = request->params;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    uint64_t place = line_find (state, params->of, params->item);
    if (place == 0)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_position, "item",
                                 "position %lu of session %s is not of this session's past", params->item,
                                 params->of ? params->of : params->session);
    if (request->prepared) {
        ((pin_t *) request->prepared)->place = place;
        return handle_session_change (broker, request, ret_reply, error);
    }
    return request_prepare (request, &RECORD_pin, pin_later, error);
}
