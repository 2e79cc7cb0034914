#include "compact.h"

#include "lineage.h"
#include "window.h"

#include <string.h>

/* ---- which items ---- */

/*  Whether a compaction before `end` hides that item: what is pinned stays. */
static bool is_hidden (const shown_list_t *list, size_t index, size_t end)
{
    return index < end && !list->items[index].pinned;
}

static void count (const shown_list_t *list, size_t end, window_plan_t *plan)
{
    window_t *window = &plan->window;
    window->items = window->tokens = window->estimated = 0;
    for (size_t i = 0; i < list->count; i++) {
        const shown_t *item = &list->items[i];
        *(is_hidden (list, i, end) ? &plan->items : &window->items) += 1;
        *(is_hidden (list, i, end) ? &plan->item_tokens : &window->tokens) += item->item.tokens;
        window->estimated += !is_hidden (list, i, end) && item->item.estimated;
    }
}

/*  Nothing, or nothing but an earlier summary, is not worth another. */
static bool hides_items (const shown_list_t *list, size_t end)
{
    for (size_t i = 0; i < end; i++)
        if (is_hidden (list, i, end) && !list->items[i].summary)
            return true;
    return false;
}

/* ---- which spans ---- */

static baton_status add_span (void *spans, uint64_t after, uint64_t upto, bool summary)
{
    if (upto > 0 && after >= upto)
        return BATON_OK;
    span_t *span = list_append (spans, sizeof *span);
    if (!span)
        return BATON_resource_exhausted;
    *span = (span_t){after, upto, summary};
    return BATON_OK;
}

/*  The spans of a window, where none stand for all of the line; borrowed. */
typedef struct {
    span_t all;
    const span_t *items;
    size_t count;
} spans_t;

static void spans_of (const window_t *window, spans_t *ret_spans)
{
    bool whole = window->spans.count == 0;
    *ret_spans =
        (spans_t){.items = whole ? &ret_spans->all : window->spans.items, .count = whole ? 1 : window->spans.count};
}

/*  What lies at or before the place goes to hidden, the rest to the plan's window, behind the summary. */
static baton_status split (const spans_t *spans, size_t at, uint64_t place, uint64_t summary, compaction_t *hidden,
                           window_t *window)
{
    baton_status status = add_span (&window->spans, summary - 1, summary, true);
    for (size_t i = 0; i < spans->count && status == BATON_OK; i++) {
        const span_t *span = &spans->items[i];
        if (i < at || (i == at && span->after < place))
            status = add_span (&hidden->hidden, span->after, i < at ? span->upto : place, span->summary);
        if (i >= at && status == BATON_OK)
            status = add_span (&window->spans, i == at ? place : span->after, span->upto, span->summary);
    }
    return status;
}

/*  Undoing goes only so far back as there is room for. */
static void forget_oldest (window_t *window)
{
    while (window->compactions.count > LIMIT_COMPACTIONS ||
           (window->compactions.count > 0 && window_span_count (window) > LIMIT_SPANS))
        list_remove (&window->compactions, &RECORD_compaction, 0);
}

static baton_status plan_window (const session_t *state, const shown_list_t *list, size_t end, window_plan_t *plan)
{
    window_t *window = &plan->window;
    uint64_t summary = line_next (state);
    spans_t spans;
    spans_of (&state->window, &spans);
    size_t at = end < list->count ? list->items[end].span : spans.count - 1;
    uint64_t place = end < list->count ? list->items[end].place - 1 : summary - 1;
    if (record_copy (&RECORD_window, &state->window, window) != BATON_OK)
        return BATON_resource_exhausted;
    while (window->spans.count > 0)
        list_remove (&window->spans, &RECORD_span, window->spans.count - 1);
    compaction_t *compaction = list_append (&window->compactions, sizeof *compaction);
    if (!compaction)
        return BATON_resource_exhausted;
    count (list, end, plan);
    compaction->place = summary;
    compaction->items = plan->items;
    compaction->tokens = plan->item_tokens;
    baton_status status = split (&spans, at, place, summary, compaction, window);
    forget_oldest (window);
    return status;
}

static baton_status plan_summary (const session_t *state, const shown_list_t *list, size_t end, const char *summary,
                                  window_plan_t *plan, baton_error_t *error)
{
    baton_status status = summary
                              ? text_set (&plan->summary, summary) == BATON_OK ? BATON_OK : baton_fail_memory (error)
                              : compact_summarize (state, list, end, &plan->summary, error);
    if (status != BATON_OK)
        return status;
    plan->tokens = window_estimate (strlen (plan->summary));
    plan->window.items++;
    plan->window.estimated++;
    plan->window.tokens += plan->tokens;
    return BATON_OK;
}

static baton_status plan_all (const session_t *state, const shown_list_t *list, uint64_t keep, const char *summary,
                              window_plan_t *plan, baton_error_t *error)
{
    size_t end = shown_cut_before (list, keep < list->count ? list->count - (size_t) keep : 0);
    if (!hides_items (list, end))
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "nothing of the context of session %s can be compacted: it has %zu items, of which the last "
                           "%zu are to stay",
                           state->session, list->count, list->count - end);
    if (plan_window (state, list, end, plan) != BATON_OK)
        return baton_fail_memory (error);
    plan->n = state->n;
    return plan_summary (state, list, end, summary, plan, error);
}

baton_status compact_plan (store_t *store, const session_t *state, uint64_t keep, const char *summary,
                           window_plan_t *ret_plan, baton_error_t *error)
{
    shown_list_t list = {0};
    baton_status status = window_items (store, state, &list, error);
    if (status == BATON_OK)
        status = plan_all (state, &list, keep, summary, ret_plan, error);
    shown_list_clear (&list);
    return status;
}

/* ---- undo ---- */

/*  Puts what was hidden back to where its summary stands; spans that were one become one again. */
static baton_status unhide (const window_t *from, const compaction_t *last, window_t *window)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < from->spans.count && status == BATON_OK; i++) {
        const span_t *span = &from->spans.items[i];
        bool summary = span->summary && span->upto == last->place;
        for (size_t j = 0; summary && j < last->hidden.count && status == BATON_OK; j++) {
            const span_t *hidden = &last->hidden.items[j];
            status = add_span (&window->spans, hidden->after, hidden->upto, hidden->summary);
        }
        span_t *end = window->spans.count > 0 ? &window->spans.items[window->spans.count - 1] : NULL;
        if (!summary && end && !end->summary && !span->summary && end->upto == span->after)
            end->upto = span->upto;
        else if (!summary && status == BATON_OK)
            status = add_span (&window->spans, span->after, span->upto, span->summary);
    }
    return status;
}

static baton_status plan_undo (const session_t *state, window_plan_t *plan)
{
    const window_t *from = &state->window;
    window_t *window = &plan->window;
    if (record_copy (&RECORD_window, from, window) != BATON_OK)
        return BATON_resource_exhausted;
    while (window->spans.count > 0)
        list_remove (&window->spans, &RECORD_span, window->spans.count - 1);
    baton_status status = unhide (from, &from->compactions.items[from->compactions.count - 1], window);
    list_remove (&window->compactions, &RECORD_compaction, window->compactions.count - 1);
    plan->n = state->n;
    return status;
}

baton_status compact_undo_plan (store_t *store, const session_t *state, window_plan_t *ret_plan, baton_error_t *error)
{
    shown_list_t list = {0};
    if (state->window.compactions.count == 0)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "the context of session %s was not compacted, or was cleared since", state->session);
    if (plan_undo (state, ret_plan) != BATON_OK)
        return baton_fail_memory (error);
    session_t then = *state; /*  borrowed */
    then.window = ret_plan->window;
    baton_status status = window_items (store, &then, &list, error);
    if (status == BATON_OK)
        count (&list, 0, ret_plan);
    shown_list_clear (&list);
    return status;
}
