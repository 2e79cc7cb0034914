#include "merge_window.h"

#include "lineage.h"
#include "window.h"

/* ---- what the branch shows ---- */

/*  A stretch of the branch's line with the segment that is taken from it. */
typedef struct {
    uint64_t after, upto; /*  positions */
    size_t stretch, segment;
} taken_t;

static bool find_taken (const line_t *line, size_t stretch, const segment_t *segments, size_t count, taken_t *ret_taken)
{
    const stretch_t *from = &line->items[stretch];
    for (size_t i = 0; i < count; i++) {
        const segment_t *segment = &segments[i];
        if (text_equal (segment->session, from->session) && segment->after >= from->after &&
            segment->upto == from->upto) {
            *ret_taken = (taken_t){segment->after, segment->upto, stretch, i};
            return true;
        }
    }
    return false;
}

/*  Two that touch, across the end of a segment or not, are one. */
static bool joins (const span_t *before, const segment_t *segments, size_t segment, uint64_t after)
{
    if (before->summary)
        return false;
    if (before->upto == line_place (segment, after))
        return true;
    return segment > 0 && after == segments[segment].after &&
           before->upto == line_place (segment - 1, segments[segment - 1].upto);
}

/*  Positions that the span has of what is taken. */
static baton_status add_part (const span_t *span, const taken_t *taken, const segment_t *segments, void *spans)
{
    struct {
        size_t count;
        span_t *items;
    } *list = spans;
    uint64_t after = taken->after, upto = taken->upto;
    size_t first = line_place_stretch (span->after), last = line_place_stretch (span->upto);
    if (first > taken->stretch || (span->upto > 0 && last < taken->stretch))
        return BATON_OK;
    if (first == taken->stretch && line_place_n (span->after) > after)
        after = line_place_n (span->after);
    if (span->upto > 0 && last == taken->stretch && line_place_n (span->upto) < upto)
        upto = line_place_n (span->upto);
    if (after >= upto)
        return BATON_OK;
    span_t *before = list->count > 0 ? &list->items[list->count - 1] : NULL;
    if (before && !span->summary && joins (before, segments, taken->segment, after)) {
        before->upto = line_place (taken->segment, upto);
        return BATON_OK;
    }
    span_t *part = list_append (spans, sizeof *part);
    if (!part)
        return BATON_resource_exhausted;
    *part = (span_t){line_place (taken->segment, after), line_place (taken->segment, upto), span->summary};
    return BATON_OK;
}

static baton_status add_span (const span_t *span, const line_t *line, const segment_t *segments, size_t count,
                              void *spans)
{
    baton_status status = BATON_OK;
    taken_t taken;
    for (size_t i = 0; i < line->count && status == BATON_OK; i++)
        if (find_taken (line, i, segments, count, &taken))
            status = add_part (span, &taken, segments, spans);
    return status;
}

/*  Pinned items that no span shows come first, as in every context; the rest in the window's order. */
static baton_status add_all (const session_t *from, const segment_t *segments, size_t count, void *spans)
{
    const window_t *window = &from->window;
    line_t line = {0};
    baton_status status = line_of (from, &line);
    for (size_t i = 0; i < window->pins.count && status == BATON_OK; i++) {
        uint64_t place = window->pins.items[i].place;
        if (!window_spans_show (window, place))
            status = add_span (&(span_t){.after = place - 1, .upto = place}, &line, segments, count, spans);
    }
    for (size_t i = 0; i < window->spans.count && status == BATON_OK; i++)
        status = add_span (&window->spans.items[i], &line, segments, count, spans);
    if (status == BATON_OK && window->spans.count == 0)
        status = add_span (&(span_t){0}, &line, segments, count, spans);
    line_clear (&line);
    return status;
}

baton_status merge_spans (const session_t *from, const segment_t *segments, size_t count, void *spans, bool *ret_all)
{
    struct {
        size_t count;
        span_t *items;
    } *list = spans;
    baton_status status = add_all (from, segments, count, spans);
    *ret_all = count == 0 || (list->count == 1 && !list->items[0].summary &&
                              list->items[0].after == line_place (0, segments[0].after) &&
                              list->items[0].upto == line_place (count - 1, segments[count - 1].upto));
    while (*ret_all && list->count > 0)
        list_remove (spans, &RECORD_span, list->count - 1);
    return status;
}

bool merge_shows (const span_t *spans, size_t count, size_t segment, uint64_t n, bool summary)
{
    uint64_t place = line_place (segment, n);
    for (size_t i = 0; i < count; i++)
        if (spans[i].summary == summary && spans[i].after < place && place <= spans[i].upto)
            return true;
    return false;
}

bool merge_has_summary (const session_t *from, const segment_t *segment)
{
    for (size_t i = 0; i < from->window.spans.count; i++) {
        const span_t *span = &from->window.spans.items[i];
        uint64_t n = line_place_n (span->upto);
        if (span->summary && segment->after < n && n <= segment->upto &&
            line_find (from, segment->session, n) == span->upto)
            return true;
    }
    return false;
}

/* ---- in the session that takes it in ---- */

static baton_status put_span (window_t *window, span_t span)
{
    span_t *slot = list_append (&window->spans, sizeof *slot);
    if (!slot)
        return BATON_resource_exhausted;
    *slot = span;
    return BATON_OK;
}

baton_status merge_show (session_t *self, const merge_t *merge, uint64_t at)
{
    window_t *window = &self->window;
    if (!merge->shaped)
        return BATON_OK;
    size_t own = line_place_stretch (line_next (self)), first = own + 1;
    if (window->spans.count == 0 && put_span (window, (span_t){0}) != BATON_OK)
        return BATON_resource_exhausted;
    span_t *open = &window->spans.items[window->spans.count - 1];
    if (open->after + 1 >= line_place (own, at))
        list_remove (&window->spans, &RECORD_span, window->spans.count - 1);
    else
        open->upto = line_place (own, at);
    for (size_t i = 0; i < merge->spans.count; i++) {
        span_t span = merge->spans.items[i];
        span.after += line_place (first, 0);
        span.upto += line_place (first, 0);
        if (put_span (window, span) != BATON_OK)
            return BATON_resource_exhausted;
    }
    return put_span (window, (span_t){.after = line_place (first + merge->segments.count, at)});
}
