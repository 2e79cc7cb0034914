#include "lineage.h"

#include "keyed.h"

#include <stdlib.h>
#include <string.h>

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

/*  The line again, for whoever must not run out of memory: `each` is shown every stretch until it says enough. Gives
 *  the number of the stretch in which the session goes on. */
static size_t walk_line (const session_t *state, bool (*each) (size_t number, const stretch_t *stretch, void *argument),
                         void *argument)
{
    size_t count = 0;
    stretch_t own = {.session = state->session};
    for (size_t i = 0; i < state->lineage.count; i++) {
        const segment_t *segment = &state->lineage.items[i];
        stretch_t other = {segment->session, segment->after, segment->upto, segment};
        own.upto = segment->at;
        if ((own.after < own.upto && each (count++, &own, argument)) ||
            (other.after < other.upto && each (count++, &other, argument)))
            return count;
        own.after = segment->at > own.after ? segment->at : own.after;
    }
    own.upto = state->n;
    each (count, &own, argument);
    return count;
}

static bool pass_by (size_t number, const stretch_t *stretch, void *argument)
{
    (void) number, (void) stretch, (void) argument;
    return false;
}

uint64_t line_next (const session_t *state)
{
    return line_place (walk_line (state, pass_by, NULL), state->n + 1);
}

typedef struct {
    const char *session; /*  NULL: the state's own */
    uint64_t n;
    uint64_t place;
} search_t;

static bool look_for (size_t number, const stretch_t *stretch, void *argument)
{
    search_t *search = argument;
    bool wanted = search->session ? text_equal (stretch->session, search->session) : stretch->segment == NULL;
    if (wanted && stretch->after < search->n && search->n <= stretch->upto)
        search->place = line_place (number, search->n);
    return search->place > 0;
}

uint64_t line_find (const session_t *state, const char *session, uint64_t n)
{
    search_t search = {.session = session, .n = n};
    walk_line (state, look_for, &search);
    return search.place;
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

/*  A session as an ancestor: of itself, it is the present. */
static ancestor_t as_ancestor (const session_t *self, const char *session)
{
    if (text_equal (self->session, session))
        return (ancestor_t){.session = self->session, .n = self->n, .depth = lineage_depth (self)};
    const ancestor_t *ancestor = keyed_find (&self->ancestors, &RECORD_ancestor, session);
    return ancestor ? *ancestor : (ancestor_t){0};
}

uint64_t lineage_covers (const session_t *self, const char *session)
{
    return as_ancestor (self, session).n;
}

/*  An ancestor is less deep than what comes after it, so the deepest of all that both know is no ancestor of another.
 */
static void deepest (const session_t *a, const session_t *b, const char *session, ancestor_t *best)
{
    ancestor_t ours = as_ancestor (a, session), theirs = as_ancestor (b, session);
    const ancestor_t *common = ours.n < theirs.n ? &ours : &theirs;
    bool deeper = common->n > 0 && (!best->session || common->depth > best->depth ||
                                    (common->depth == best->depth && strcmp (common->session, best->session) < 0));
    if (deeper)
        *best = *common;
}

bool lineage_common (const session_t *a, const session_t *b, const char **ret_session, uint64_t *ret_n)
{
    ancestor_t best = {0};
    deepest (a, b, a->session, &best);
    deepest (a, b, b->session, &best);
    for (size_t i = 0; i < a->ancestors.count; i++)
        deepest (a, b, a->ancestors.items[i].session, &best);
    if (!best.session)
        return false;
    *ret_session = best.session;
    *ret_n = best.n;
    return true;
}

/* ---- forks and merges ---- */

baton_status lineage_news (const session_t *self, const session_t *from, void *segments)
{
    line_t line = {0};
    baton_status status = line_of (from, &line);
    for (size_t i = 0; status == BATON_OK && i < line.count; i++) {
        const stretch_t *stretch = &line.items[i];
        uint64_t known = lineage_covers (self, stretch->session);
        uint64_t after = known > stretch->after ? known : stretch->after;
        if (after >= stretch->upto)
            continue;
        segment_t *segment = list_append (segments, sizeof *segment);
        if (!segment || text_set (&segment->session, stretch->session) || text_set (&segment->title, from->title))
            status = BATON_resource_exhausted;
        else {
            segment->after = after;
            segment->upto = stretch->upto;
            segment->merged = true;
        }
    }
    line_clear (&line);
    return status;
}

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
