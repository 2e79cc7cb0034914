#include "window.h"

#include "keyed.h"

/* ---- how full ---- */

uint64_t window_size (const window_t *self)
{
    return self->size > 0 ? self->size : WINDOW_SIZE;
}

uint64_t window_estimate (size_t bytes)
{
    return (bytes + 3) / 4;
}

/*  Reads one percentage, and the comma before it unless it is the first; 0 when there is none. */
static unsigned next_percent (const char **at, bool first)
{
    unsigned percent = 0;
    if (!first && *(*at)++ != ',')
        return 0;
    if (**at == '0')
        return 0;
    for (; **at >= '0' && **at <= '9' && percent <= 100; ++*at)
        percent = percent * 10 + (unsigned) (**at - '0');
    return percent <= 100 ? percent : 0;
}

bool window_pressure_valid (const char *pressure)
{
    unsigned last = 0, count = 0;
    for (const char *at = pressure; *at || count == 0; count++) {
        unsigned percent = next_percent (&at, count == 0);
        if (percent <= last || count == LIMIT_PRESSURES)
            return false;
        last = percent;
    }
    return true;
}

uint64_t window_level (const window_t *self, uint64_t tokens)
{
    unsigned level = 0, percent = 0;
    double share = (double) tokens * 100 / (double) window_size (self);
    const char *at = self->pressure ? self->pressure : WINDOW_PRESSURE;
    for (bool first = true; *at && (percent = next_percent (&at, first)) > 0; first = false)
        if (share >= percent)
            level = percent;
    return level;
}

void window_relieve (window_t *self)
{
    uint64_t level = window_level (self, self->tokens);
    if (level < self->level)
        self->level = level;
}

/* ---- what it shows ---- */

pin_t *window_pin (const window_t *self, uint64_t place)
{
    for (size_t i = 0; i < self->pins.count; i++)
        if (self->pins.items[i].place == place)
            return &self->pins.items[i];
    return NULL;
}

bool window_spans_show (const window_t *self, uint64_t place)
{
    for (size_t i = 0; i < self->spans.count; i++) {
        const span_t *span = &self->spans.items[i];
        if (!span->summary && span->after < place && (span->upto == 0 || place <= span->upto))
            return true;
    }
    return self->spans.count == 0;
}

baton_status window_add_pin (window_t *self, const pin_t *pin)
{
    if (window_pin (self, pin->place) || self->pins.count >= LIMIT_PINS)
        return BATON_OK;
    pin_t *added = list_append (&self->pins, sizeof *added);
    if (!added)
        return BATON_resource_exhausted;
    *added = *pin;
    if (window_spans_show (self, pin->place))
        return BATON_OK;
    self->items++;
    self->tokens += pin->tokens;
    self->estimated += pin->estimated;
    return BATON_OK;
}

size_t window_span_count (const window_t *self)
{
    size_t count = self->spans.count;
    for (size_t i = 0; i < self->compactions.count; i++)
        count += self->compactions.items[i].hidden.count;
    return count;
}

/* ---- another one ---- */

baton_status window_rewind (const window_t *self, uint64_t from, uint64_t now, window_t *ret_window)
{
    if (record_copy (&RECORD_window, self, ret_window) != BATON_OK)
        return BATON_resource_exhausted;
    if (ret_window->spans.count == 0 && !list_append (&ret_window->spans, sizeof (span_t)))
        return BATON_resource_exhausted;
    span_t *last = &ret_window->spans.items[ret_window->spans.count - 1]; /*  open */
    if (from == now)
        return BATON_OK;
    last->upto = from;
    if (last->after == from)
        list_remove (&ret_window->spans, &RECORD_span, ret_window->spans.count - 1);
    span_t *open = list_append (&ret_window->spans, sizeof *open);
    if (!open)
        return BATON_resource_exhausted;
    open->after = now;
    return BATON_OK;
}

baton_status window_take (session_t *session, const window_t *window)
{
    window_t *self = &session->window, next = {0};
    if (record_copy (&RECORD_window, window, &next) != BATON_OK ||
        text_set (&next.pressure, self->pressure) != BATON_OK) {
        record_clear (&RECORD_window, &next);
        return BATON_resource_exhausted;
    }
    next.size = self->size;
    next.level = self->level;
    record_clear (&RECORD_window, self);
    *self = next;
    window_relieve (self);
    return BATON_OK;
}
