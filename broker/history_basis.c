/*  Where two sessions come from, as their journals tell it. */
#include "history.h"

#include "keyed.h"
#include "lineage.h"
#include "merge_window.h"

/* ---- the common ancestor ---- */

static baton_status take_forked (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    session_t *state = argument;
    *ret_more = false;
    if (event->kind != EVENT_session_forked)
        return BATON_OK;
    const session_forked_event_t *body = event->body;
    return record_copy (&RECORD_session, &body->state, state) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

static bool forked_there (const session_t *state, const char *session, uint64_t n)
{
    return text_equal (state->forked_from.session, session) && state->forked_from.n == n;
}

/*  A fork's first event holds the state that it was taken from, however long that journal is by now. An ancestor is
 * what a session says, which may have been imported. */
static baton_status read_ancestor (store_t *store, const viewer_t *viewer, const session_t *ours,
                                   const session_t *theirs, session_t *ret_state, baton_error_t *error)
{
    const char *session = NULL;
    uint64_t n = 0;
    bool shown = true;
    baton_status status = BATON_OK;
    if (!lineage_common (ours, theirs, &session, &n))
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_no_common_ancestor,
                           "sessions %s and %s have no past in common", theirs->session, ours->session);
    const session_t *fork = forked_there (theirs, session, n) ? theirs : forked_there (ours, session, n) ? ours : NULL;
    if (viewer && !fork && !text_equal (session, ours->session) && !text_equal (session, theirs->session))
        status = store_shows (store, session, viewer, &shown, error);
    if (status == BATON_OK && !shown)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_no_common_ancestor,
                           "what sessions %s and %s have in common is of session %s, and there is none that %s may see",
                           theirs->session, ours->session, session, viewer->name);
    if (status != BATON_OK)
        return status;
    return fork ? history_walk (store, fork->session, 0, take_forked, ret_state, error)
                : history_replay (store, session, n, ret_state, error);
}

/* ---- items ---- */

typedef struct {
    uint64_t upto;
    uint64_t items, tokens;
    tally_t shown;
    uint64_t before_items, before_tokens; /*  before the last run: a rollback goes back to that */
} count_t;

static baton_status count_item (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    (void) error;
    count_t *self = argument;
    *ret_more = event->n < self->upto;
    if (event->n > self->upto)
        return BATON_OK;
    if (event->kind == EVENT_item_appended) {
        const item_appended_event_t *item = event->body;
        self->items++;
        self->tokens += item->tokens;
        self->shown.items++;
        self->shown.tokens += item->tokens;
        self->shown.estimated += item->estimated;
    } else if (event->kind == EVENT_run_queued) {
        self->before_items = self->items;
        self->before_tokens = self->tokens;
    } else if (event->kind == EVENT_run_rolled_back) {
        self->items = self->before_items;
        self->tokens = self->before_tokens;
    }
    return BATON_OK;
}

static void add_tally (tally_t *tally, uint64_t items, uint64_t tokens, uint64_t estimated)
{
    tally->items += items;
    tally->tokens += tokens;
    tally->estimated += estimated;
}

/*  Stretches without an item are not worth a place in anybody's line, but for a summary that stands for items. */
static baton_status count_news (store_t *store, const session_t *theirs, merge_basis_t *basis, baton_error_t *error)
{
    for (size_t i = 0; i < basis->segments.count;) {
        const segment_t *segment = &basis->segments.items[i];
        count_t count = {.upto = segment->upto};
        baton_status status = history_walk (store, segment->session, segment->after, count_item, &count, error);
        if (status != BATON_OK)
            return status;
        basis->items += count.items;
        basis->tokens += count.tokens;
        add_tally (&basis->shown, count.shown.items, count.shown.tokens, count.shown.estimated);
        if (count.items == 0 && !merge_has_summary (theirs, segment))
            list_remove (&basis->segments, &RECORD_segment, i);
        else
            i++;
    }
    while (basis->items == 0 && basis->segments.count > 0)
        list_remove (&basis->segments, &RECORD_segment, basis->segments.count - 1);
    return BATON_OK;
}

/* ---- what of them is shown ---- */

typedef struct {
    merge_basis_t *basis;
    size_t segment;
} shown_count_t;

static baton_status count_shown (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    (void) error;
    shown_count_t *self = argument;
    merge_basis_t *basis = self->basis;
    bool summary = event->kind == EVENT_context_compacted;
    *ret_more = event->n < basis->segments.items[self->segment].upto;
    if (event->n > basis->segments.items[self->segment].upto || (!summary && event->kind != EVENT_item_appended) ||
        !merge_shows (basis->spans.items, basis->spans.count, self->segment, event->n, summary))
        return BATON_OK;
    const item_appended_event_t *item = event->body;
    const context_compacted_event_t *compacted = event->body;
    if (summary)
        add_tally (&basis->shown, 1, compacted->tokens, 1);
    else
        add_tally (&basis->shown, 1, item->tokens, item->estimated);
    return BATON_OK;
}

static baton_status shape_news (store_t *store, const session_t *theirs, merge_basis_t *basis, baton_error_t *error)
{
    bool all = false;
    baton_status status = BATON_OK;
    if (merge_spans (theirs, basis->segments.items, basis->segments.count, &basis->spans, &all) != BATON_OK)
        return baton_fail_memory (error);
    if (all)
        return BATON_OK;
    if (basis->spans.count > LIMIT_SPANS)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the context of session %s is in more than %d pieces: compact or clear it", theirs->session,
                           LIMIT_SPANS);
    basis->shaped = true;
    basis->shown = (tally_t){0};
    for (size_t i = 0; i < basis->segments.count && status == BATON_OK; i++)
        status = history_walk (store, basis->segments.items[i].session, basis->segments.items[i].after, count_shown,
                               &(shown_count_t){basis, i}, error);
    return status;
}

baton_status history_basis (store_t *store, const viewer_t *viewer, const char *ours, const char *theirs,
                            session_t *ret_ours, session_t *ret_theirs, merge_basis_t *ret_basis, baton_error_t *error)
{
    merge_basis_t basis = {0};
    baton_status status = history_load (store, ours, ret_ours, NULL, error);
    if (status == BATON_OK)
        status = history_load (store, theirs, ret_theirs, NULL, error);
    if (status == BATON_OK)
        status = read_ancestor (store, viewer, ret_ours, ret_theirs, &basis.state, error);
    if (status == BATON_OK && lineage_news (ret_ours, ret_theirs, &basis.segments) != BATON_OK)
        status = baton_fail_memory (error);
    if (status == BATON_OK)
        status = count_news (store, ret_theirs, &basis, error);
    if (status == BATON_OK)
        status = shape_news (store, ret_theirs, &basis, error);
    if (status != BATON_OK) {
        record_clear (&RECORD_merge_basis, &basis);
        return status;
    }
    basis.ours_n = ret_ours->n;
    basis.theirs_n = ret_theirs->n;
    record_clear (&RECORD_merge_basis, ret_basis);
    *ret_basis = basis;
    return BATON_OK;
}
