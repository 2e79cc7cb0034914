#include "lineage.h"

#include "keyed.h"

#include <stdlib.h>

/* ---- the line ---- */

static bool add_stretch (line_t *line, const stretch_t *stretch)
{
    if (stretch->after >= stretch->upto)
        return true;
    stretch_t *slot = list_append (line, sizeof *slot);
    if (slot)
        *slot = *stretch;
    return slot != NULL;
}

baton_status line_of (const session_t *state, line_t *ret_line)
{
    line_t line = {0};
    stretch_t own = {.session = state->session};
    bool added = true;
    for (size_t i = 0; i < state->lineage.count && added; i++) {
        const segment_t *segment = &state->lineage.items[i];
        own.upto = segment->at;
        added = add_stretch (&line, &own) &&
                add_stretch (&line, &(stretch_t){segment->session, segment->after, segment->upto, segment});
        own.after = segment->at > own.after ? segment->at : own.after;
    }
    own.upto = state->n;
    if (!added || !add_stretch (&line, &own)) {
        line_clear (&line);
        return BATON_resource_exhausted;
    }
    *ret_line = line;
    return BATON_OK;
}

void line_clear (line_t *line)
{
    free (line->items);
    *line = (line_t){0};
}

uint64_t line_place (size_t stretch, uint64_t n)
{
    return (uint64_t) stretch << LINE_PLACE_BITS | n;
}

size_t line_place_stretch (uint64_t place)
{
    return (size_t) (place >> LINE_PLACE_BITS);
}

uint64_t line_place_n (uint64_t place)
{
    return place & (((uint64_t) 1 << LINE_PLACE_BITS) - 1);
}

/* ---- ancestors ---- */

uint64_t lineage_depth (const session_t *state)
{
    return state->depth + state->n;
}

baton_status lineage_add_ancestor (session_t *self, const char *session, uint64_t n, uint64_t depth)
{
    ancestor_t *ancestor = keyed_put (&self->ancestors, &RECORD_ancestor, session);
    if (!ancestor)
        return BATON_resource_exhausted;
    if (ancestor->n < n) {
        ancestor->n = n;
        ancestor->depth = depth;
    }
    return BATON_OK;
}

/* ---- forks ---- */

static baton_status append_segment (session_t *self, const stretch_t *stretch)
{
    segment_t *segment = list_append (&self->lineage, sizeof *segment);
    if (!segment || text_set (&segment->session, stretch->session) != BATON_OK ||
        (stretch->segment && text_set (&segment->title, stretch->segment->title) != BATON_OK))
        return BATON_resource_exhausted;
    segment->after = stretch->after;
    segment->upto = stretch->upto;
    segment->merged = stretch->segment && stretch->segment->merged;
    return BATON_OK;
}

baton_status lineage_inherit (session_t *self)
{
    line_t line = {0};
    session_t heir = {0};
    baton_status status = line_of (self, &line);
    for (size_t i = 0; status == BATON_OK && i < line.count; i++)
        status = append_segment (&heir, &line.items[i]);
    if (status == BATON_OK)
        status = list_replace (&RECORD_segment, &heir.lineage, &self->lineage);
    if (status == BATON_OK)
        status = lineage_add_ancestor (self, self->session, self->n, lineage_depth (self));
    self->depth = lineage_depth (self);
    line_clear (&line);
    record_clear (&RECORD_session, &heir);
    return status;
}
