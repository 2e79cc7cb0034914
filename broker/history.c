#include "history.h"

#include "lineage.h"
#include "log.h"

static baton_status show (const store_read_t *row, visit_t *visit, void *argument, bool *ret_more, baton_error_t *error)
{
    event_t event = {0};
    baton_status status = event_decode (row->data.data, row->data.size, &event, error);
    if (status == BATON_OK)
        status = visit (&event, argument, ret_more, error);
    event_clear (&event);
    return status;
}

static bool is_wanted (const store_read_t *row, wanted_kind_t *wanted)
{
    event_kind_t kind = wanted ? event_peek (row->data.data, row->data.size) : EVENT_none;
    return kind == EVENT_none || wanted (kind);
}

baton_status history_walk (store_t *store, const char *session, uint64_t after, visit_t *visit, void *argument,
                           baton_error_t *error)
{
    return history_walk_some (store, session, after, NULL, visit, argument, error);
}

baton_status history_walk_some (store_t *store, const char *session, uint64_t after, wanted_kind_t *wanted,
                                visit_t *visit, void *argument, baton_error_t *error)
{
    baton_status status = BATON_OK;
    bool more = true;
    while (more && status == BATON_OK) {
        store_reads_t rows = {0};
        status = store_history (store, session, after, LIMIT_PAGE, &rows, error);
        more = rows.count > 0;
        for (size_t i = 0; i < rows.count && more && status == BATON_OK; i++) {
            if (is_wanted (&rows.items[i], wanted))
                status = show (&rows.items[i], visit, argument, &more, error);
            after = rows.items[i].n;
        }
        store_reads_clear (&rows);
    }
    return status;
}

typedef struct {
    session_t state;
    uint64_t n;
} replay_t;

static baton_status replay_event (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    replay_t *self = argument;
    if (session_evolve (&self->state, event) != BATON_OK)
        return baton_fail_memory (error);
    *ret_more = self->state.n < self->n;
    return BATON_OK;
}

baton_status history_replay (store_t *store, const char *session, uint64_t n, session_t *ret_state,
                             baton_error_t *error)
{
    replay_t replay = {.n = n};
    baton_status status = history_walk (store, session, 0, replay_event, &replay, error);
    if (status == BATON_OK && replay.state.n < n)
        status = baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_position, "at",
                                   "the journal of session %s ends at %lu", session, replay.state.n);
    if (status != BATON_OK) {
        record_clear (&RECORD_session, &replay.state);
        return status;
    }
    record_clear (&RECORD_session, ret_state);
    *ret_state = replay.state;
    return BATON_OK;
}

/* ---- items ---- */

typedef struct {
    visit_item_t *visit;
    void *argument;
    const stretch_t *stretch;
    size_t number; /*  of the stretch */
    bool more;
} item_walk_t;

static baton_status show_item (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    item_walk_t *self = argument;
    baton_status status = BATON_OK;
    if (event->n > self->stretch->upto) {
        *ret_more = false;
        return BATON_OK;
    }
    if (event->kind == EVENT_item_appended) {
        found_item_t item = {.event = event,
                             .session = self->stretch->session,
                             .segment = self->stretch->segment,
                             .place = line_place (self->number, event->n)};
        status = self->visit (&item, self->argument, &self->more, error);
    }
    *ret_more = self->more && event->n < self->stretch->upto;
    return status;
}

baton_status history_items (store_t *store, const session_t *state, uint64_t place, visit_item_t *visit, void *argument,
                            baton_error_t *error)
{
    line_t line = {0};
    if (line_of (state, &line) != BATON_OK)
        return baton_fail_memory (error);
    baton_status status = BATON_OK;
    item_walk_t walk = {.visit = visit, .argument = argument, .more = true};
    for (size_t i = line_place_stretch (place); status == BATON_OK && walk.more && i < line.count; i++) {
        uint64_t after = i == line_place_stretch (place) ? line_place_n (place) : 0;
        walk.stretch = &line.items[i];
        walk.number = i;
        if (after < walk.stretch->after)
            after = walk.stretch->after;
        if (after < walk.stretch->upto)
            status = history_walk (store, walk.stretch->session, after, show_item, &walk, error);
    }
    line_clear (&line);
    return status;
}

/* ---- the present ---- */

/*  Applies journal rows up to position n. A row that cannot be read is our own mistake or a damaged disk: the session
 * is refused. */
static baton_status fold (session_t *state, const store_reads_t *rows, uint64_t n, const char *id, baton_error_t *error)
{
    for (size_t i = 0; i < rows->count && rows->items[i].n <= n; i++) {
        event_t event = {0};
        baton_status status = event_decode (rows->items[i].data.data, rows->items[i].data.size, &event, error);
        if (status == BATON_invalid_argument)
            status = baton_fail (error, BATON_internal, BATON_REASON_corrupt, "event %lu of session %s cannot be read",
                                 rows->items[i].n, id);
        if (status == BATON_OK && event.n != state->n + 1)
            status = baton_fail (error, BATON_internal, BATON_REASON_corrupt,
                                 "the journal of session %s has a gap after %lu", id, state->n);
        if (status == BATON_OK)
            status = session_evolve (state, &event);
        event_clear (&event);
        if (status != BATON_OK) {
            log_error ("session %s: event %lu cannot be applied", id, rows->items[i].n);
            return status;
        }
    }
    return BATON_OK;
}

/*  As far as position n, unless the snapshot is of a later one: then ret_state stays as it was. */
static baton_status load_upto (store_t *store, const char *session, uint64_t n, session_t *ret_state,
                               uint64_t *ret_snapshot_n, baton_error_t *error)
{
    baton_bytes_t snapshot = {0};
    store_reads_t tail = {0};
    session_t state = {0};
    baton_status status = store_load (store, session, &snapshot, ret_snapshot_n, &tail, error);
    if (status == BATON_not_found)
        return baton_fail (error, BATON_not_found, BATON_REASON_no_such_session, "there is no session %s", session);
    bool before = *ret_snapshot_n <= n;
    if (status == BATON_OK && snapshot.size > 0 && before)
        status = record_decode (&RECORD_session, snapshot.data, snapshot.size, &state, error);
    if (status == BATON_OK && before)
        status = fold (&state, &tail, n, session, error);
    bytes_clear (&snapshot);
    store_reads_clear (&tail);
    if (status != BATON_OK || !before) {
        record_clear (&RECORD_session, &state);
        return status;
    }
    record_clear (&RECORD_session, ret_state);
    *ret_state = state;
    return BATON_OK;
}

baton_status history_load (store_t *store, const char *session, session_t *ret_state, uint64_t *ret_snapshot_n,
                           baton_error_t *error)
{
    uint64_t snapshot_n = 0;
    baton_status status = load_upto (store, session, UINT64_MAX, ret_state, &snapshot_n, error);
    if (status == BATON_OK && ret_snapshot_n)
        *ret_snapshot_n = snapshot_n;
    return status;
}

baton_status history_state (store_t *store, const char *session, uint64_t n, session_t *ret_state, baton_error_t *error)
{
    uint64_t snapshot_n = 0;
    session_t state = {0};
    if (n == 0)
        return history_load (store, session, ret_state, NULL, error);
    baton_status status = load_upto (store, session, n, &state, &snapshot_n, error);
    if (status == BATON_OK && state.n != n)
        status = history_replay (store, session, n, &state, error);
    if (status != BATON_OK) {
        record_clear (&RECORD_session, &state);
        return status;
    }
    record_clear (&RECORD_session, ret_state);
    *ret_state = state;
    return BATON_OK;
}
