/*  Changes of the window: clear, compact, undo, pin. */
#include "deciding.h"
#include "lineage.h"

/* ---- clear ---- */

/*  What stays when nothing is shown but the pinned items. */
static void count_pins (window_t *window)
{
    window->items = window->pins.count;
    window->tokens = window->estimated = 0;
    for (size_t i = 0; i < window->pins.count; i++) {
        window->tokens += window->pins.items[i].tokens;
        window->estimated += window->pins.items[i].estimated;
    }
}

/*  A call whose result came later would stand alone: it gets one now. */
baton_status decide_context_clear (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    span_t span = {.after = line_next (self) - 1 + self->window.calls.count};
    window_t window = {.spans = {1, &span}, .pins = {self->window.pins.count, self->window.pins.items}};
    item_end_calls (deciding, &self->window, 0, "There is no result: the context was cleared first.");
    count_pins (&window);
    emit (deciding, EVENT_context_cleared, &(context_cleared_event_t){.window = window});
    return BATON_OK;
}

baton_status evolve_context_cleared (session_t *self, const event_t *event)
{
    return window_take (self, &((const context_cleared_event_t *) event->body)->window);
}

/* ---- compact and undo ---- */

/*  What was read must be of the present. */
static baton_status check_plan (const deciding_t *deciding, uint64_t n)
{
    if (n == deciding->self->n)
        return BATON_OK;
    return baton_fail (deciding->error, BATON_internal, BATON_REASON_bug,
                       "the window of session %s was read at %lu, not at %lu", deciding->self->session, n,
                       deciding->self->n);
}

baton_status decide_session_compact (deciding_t *deciding)
{
    const session_compact_request_t *request = deciding->command->request;
    const window_plan_t *plan = deciding->command->prepared;
    baton_status status = check_plan (deciding, plan ? plan->n : 0);
    if (status != BATON_OK)
        return status;
    emit (deciding, EVENT_context_compacted,
          &(context_compacted_event_t){
              .summary = plan->summary,
              .tokens = plan->tokens,
              .extracted = !request->summary,
              .items = plan->items,
              .item_tokens = plan->item_tokens,
              .window = plan->window,
          });
    return BATON_OK;
}

baton_status evolve_context_compacted (session_t *self, const event_t *event)
{
    return window_take (self, &((const context_compacted_event_t *) event->body)->window);
}

baton_status decide_session_uncompact (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const window_plan_t *plan = deciding->command->prepared;
    baton_status status = check_plan (deciding, plan ? plan->n : 0);
    if (status != BATON_OK)
        return status;
    uint64_t last = self->window.compactions.items[self->window.compactions.count - 1].place;
    emit (deciding, EVENT_context_uncompacted,
          &(context_uncompacted_event_t){.compaction = last, .window = plan->window});
    item_tell_pressure (deciding, &self->window, plan->window.tokens);
    return BATON_OK;
}

baton_status evolve_context_uncompacted (session_t *self, const event_t *event)
{
    return window_take (self, &((const context_uncompacted_event_t *) event->body)->window);
}

/* ---- pins ---- */

baton_status decide_item_pin (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const pin_t *pin = deciding->command->prepared;
    if (!pin)
        return baton_fail (deciding->error, BATON_internal, BATON_REASON_bug, "the item to pin was not read");
    if (window_pin (&self->window, pin->place))
        return BATON_OK;
    if (self->window.pins.count >= LIMIT_PINS)
        return baton_fail_field (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large, "item",
                                 "at most %d items of a session are pinned: unpin one", LIMIT_PINS);
    emit (deciding, EVENT_item_pinned,
          &(item_pinned_event_t){.place = pin->place, .tokens = pin->tokens, .estimated = pin->estimated});
    if (!window_spans_show (&self->window, pin->place))
        item_tell_pressure (deciding, &self->window, self->window.tokens + pin->tokens);
    return BATON_OK;
}

baton_status evolve_item_pinned (session_t *self, const event_t *event)
{
    const item_pinned_event_t *body = event->body;
    return window_add_pin (&self->window, &(pin_t){body->place, body->tokens, body->estimated});
}

baton_status decide_item_unpin (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const item_unpin_request_t *request = deciding->command->request;
    uint64_t place = line_find (self, request->of, request->item);
    if (!window_pin (&self->window, place))
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_position, "item",
                                 "session %s has no pinned item at %lu", self->session, request->item);
    emit (deciding, EVENT_item_unpinned, &(item_unpinned_event_t){.place = place});
    return BATON_OK;
}

baton_status evolve_item_unpinned (session_t *self, const event_t *event)
{
    window_t *window = &self->window;
    pin_t *pin = window_pin (window, ((const item_unpinned_event_t *) event->body)->place);
    if (!pin)
        return BATON_OK;
    if (!window_spans_show (window, pin->place)) {
        window->items--;
        window->tokens -= pin->tokens;
        window->estimated -= pin->estimated;
        window_relieve (window);
    }
    list_remove (&window->pins, &RECORD_pin, (size_t) (pin - window->pins.items));
    return BATON_OK;
}
