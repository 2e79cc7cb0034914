#include "window_items.h"

#include "lineage.h"
#include "window.h"

#include <stdlib.h>
#include <string.h>

/* ---- parts ---- */

size_t shown_part_count (const shown_t *item)
{
    return item->item.part_count;
}

const part_t *shown_part (const shown_t *item, size_t index)
{
    return item->item.many ? &item->item.many[index] : &item->item.own;
}

void shown_list_clear (shown_list_t *list)
{
    for (size_t i = 0; i < list->count; i++) {
        event_clear (&list->items[i].event);
        bytes_clear (&list->items[i].row);
        free (list->items[i].item.many);
    }
    free (list->items);
    free (list->pairs.items);
    *list = (shown_list_t){0};
}

/* ---- reading ---- */

typedef struct {
    store_t *store;
    const session_t *state;
    line_t line;
    shown_list_t *list;
    size_t bytes;
} reading_t;

/*  What a decoded event says of an item, or of a summary as one. */
static baton_status describe (const event_t *event, item_bytes_t *ret_item)
{
    *ret_item = (item_bytes_t){.n = event->n, .run = event->run, .part_count = 1};
    if (event->kind == EVENT_context_compacted) {
        const context_compacted_event_t *body = event->body;
        ret_item->own = (part_t){.kind = part_kind_text, .text = body->summary};
        ret_item->role = item_role_user;
        ret_item->tokens = body->tokens;
        ret_item->estimated = true;
        return BATON_OK;
    }
    const item_appended_event_t *body = event->body;
    ret_item->role = body->role;
    ret_item->tokens = body->tokens;
    ret_item->estimated = body->estimated;
    ret_item->synthetic = body->synthetic;
    ret_item->source = body->source;
    ret_item->digest = body->digest;
    ret_item->part_count = body->parts.count;
    ret_item->many = calloc (body->parts.count + 1, sizeof *ret_item->many);
    if (ret_item->many)
        memcpy (ret_item->many, body->parts.items, body->parts.count * sizeof *ret_item->many);
    return ret_item->many ? BATON_OK : BATON_resource_exhausted;
}

/*  The long way; *ret_other: it is an event of another kind. */
static baton_status decode_row (const store_read_t *row, event_kind_t kind, shown_t *shown, bool *ret_other,
                                baton_error_t *error)
{
    baton_status status = event_decode (row->data.data, row->data.size, &shown->event, error);
    *ret_other = status == BATON_OK && shown->event.kind != kind;
    if (status == BATON_OK && !*ret_other && describe (&shown->event, &shown->item) != BATON_OK)
        status = baton_fail_memory (error);
    if (status != BATON_OK || *ret_other)
        event_clear (&shown->event);
    return status;
}

/*  Takes what the row holds. */
static baton_status read_row (store_read_t *row, event_kind_t kind, shown_t *shown, bool *ret_other,
                              baton_error_t *error)
{
    item_bytes_e got = kind == EVENT_item_appended ? item_bytes_read (&row->data, &shown->item) : ITEM_BYTES_odd;
    *ret_other = got == ITEM_BYTES_other;
    if (got == ITEM_BYTES_odd)
        return decode_row (row, kind, shown, ret_other, error);
    if (got == ITEM_BYTES_read) {
        shown->row = row->data;
        row->data = (baton_bytes_t){0};
    }
    return BATON_OK;
}

static baton_status take_row (reading_t *self, store_read_t *row, event_kind_t kind, size_t stretch, size_t span,
                              baton_error_t *error)
{
    bool other = false;
    self->bytes += row->data.size;
    shown_t *shown = list_append (self->list, sizeof *shown);
    if (!shown)
        return baton_fail_memory (error);
    baton_status status = read_row (row, kind, shown, &other, error);
    if (status != BATON_OK || other) {
        self->list->count--;
        self->bytes -= other ? row->data.size : 0;
        return status;
    }
    shown->session = self->line.items[stretch].session;
    shown->span = span;
    shown->place = line_place (stretch, shown->item.n);
    shown->summary = kind == EVENT_context_compacted;
    shown->pinned = !shown->summary && window_pin (&self->state->window, shown->place);
    if (self->bytes > LIMIT_RENDER)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the context of session %s has more than %u bytes: compact or clear it",
                           self->state->session, LIMIT_RENDER);
    return BATON_OK;
}

/*  The events of that kind with after < n <= upto. */
static baton_status read_range (reading_t *self, size_t stretch, uint64_t after, uint64_t upto, event_kind_t kind,
                                size_t span, baton_error_t *error)
{
    baton_status status = BATON_OK;
    while (status == BATON_OK && after < upto) {
        store_reads_t rows = {0};
        size_t limit = upto - after < LIMIT_PAGE ? (size_t) (upto - after) : LIMIT_PAGE;
        status = store_history (self->store, self->line.items[stretch].session, after, limit, &rows, error);
        for (size_t i = 0; i < rows.count && status == BATON_OK; i++)
            status = take_row (self, &rows.items[i], kind, stretch, span, error);
        after = rows.count > 0 ? rows.items[rows.count - 1].n : upto;
        store_reads_clear (&rows);
    }
    return status;
}

/*  What of each stretch of the line lies in the span. */
static baton_status read_span (reading_t *self, const span_t *span, size_t index, baton_error_t *error)
{
    uint64_t last = span->upto > 0 ? span->upto : UINT64_MAX;
    event_kind_t kind = span->summary ? EVENT_context_compacted : EVENT_item_appended;
    baton_status status = BATON_OK;
    for (size_t i = line_place_stretch (span->after); i < self->line.count && status == BATON_OK; i++) {
        const stretch_t *stretch = &self->line.items[i];
        uint64_t after = stretch->after, upto = stretch->upto;
        if (line_place_stretch (last) < i)
            break;
        if (line_place_stretch (span->after) == i && line_place_n (span->after) > after)
            after = line_place_n (span->after);
        if (line_place_stretch (last) == i && line_place_n (last) < upto)
            upto = line_place_n (last);
        status = read_range (self, i, after, upto, kind, index, error);
    }
    return status;
}

/*  Those that no span shows. */
static baton_status read_pins (reading_t *self, baton_error_t *error)
{
    const window_t *window = &self->state->window;
    baton_status status = BATON_OK;
    for (size_t i = 0; i < window->pins.count && status == BATON_OK; i++) {
        uint64_t place = window->pins.items[i].place;
        if (!window_spans_show (window, place))
            status = read_span (self, &(span_t){.after = place - 1, .upto = place}, window->spans.count, error);
    }
    return status;
}

/* ---- pairs ---- */

/*  Finds the oldest call of that id that has no result yet. */
static pair_t *find_open (shown_list_t *list, size_t none, size_t first_open, const char *call)
{
    for (size_t i = first_open; i < list->pairs.count; i++) {
        pair_t *pair = &list->pairs.items[i];
        if (pair->result == none && text_equal (shown_part (&list->items[pair->call], pair->call_part)->call, call))
            return pair;
    }
    return NULL;
}

static baton_status pair_part (shown_list_t *list, size_t item, size_t index, size_t *first_open)
{
    const part_t *part = shown_part (&list->items[item], index);
    if (part->kind == part_kind_tool_call) {
        pair_t *pair = list_append (&list->pairs, sizeof *pair);
        if (!pair)
            return BATON_resource_exhausted;
        *pair = (pair_t){.call = item, .call_part = index, .result = list->count};
    }
    pair_t *open = part->kind == part_kind_tool_result ? find_open (list, list->count, *first_open, part->call) : NULL;
    if (open) {
        open->result = item;
        open->result_part = index;
        list->items[item].taken |= 1u << index;
    }
    while (*first_open < list->pairs.count && list->pairs.items[*first_open].result != list->count)
        ++*first_open;
    return BATON_OK;
}

static baton_status pair_all (shown_list_t *list)
{
    size_t first_open = 0;
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < shown_part_count (&list->items[i]); j++)
            if (pair_part (list, i, j, &first_open) != BATON_OK)
                return BATON_resource_exhausted;
    return BATON_OK;
}

const part_t *shown_result (const shown_list_t *list, const pair_t *pair)
{
    return pair->result < list->count ? shown_part (&list->items[pair->result], pair->result_part) : NULL;
}

size_t shown_cut_before (const shown_list_t *list, size_t index)
{
    for (size_t i = list->pairs.count; i-- > 0;) {
        const pair_t *pair = &list->pairs.items[i];
        if (pair->call < index && pair->result >= index)
            index = pair->call;
    }
    return index;
}

/* ---- all of it ---- */

baton_status window_items (store_t *store, const session_t *state, shown_list_t *ret_list, baton_error_t *error)
{
    shown_list_t list = {0};
    reading_t reading = {.store = store, .state = state, .list = &list};
    const window_t *window = &state->window;
    if (line_of (state, &reading.line) != BATON_OK)
        return baton_fail_memory (error);
    baton_status status = read_pins (&reading, error);
    for (size_t i = 0; i < window->spans.count && status == BATON_OK; i++)
        status = read_span (&reading, &window->spans.items[i], i, error);
    if (status == BATON_OK && window->spans.count == 0)
        status = read_span (&reading, &(span_t){0}, 0, error);
    line_clear (&reading.line);
    if (status == BATON_OK && pair_all (&list) != BATON_OK)
        status = baton_fail_memory (error);
    if (status != BATON_OK) {
        shown_list_clear (&list);
        return status;
    }
    *ret_list = list;
    return BATON_OK;
}
