#include "history.h"

static baton_status show (const store_read_t *row, visit_t *visit, void *argument, bool *ret_more, baton_error_t *error)
{
    event_t event = {0};
    baton_status status = event_decode (row->data.data, row->data.size, &event, error);
    if (status == BATON_OK)
        status = visit (&event, argument, ret_more, error);
    event_clear (&event);
    return status;
}

baton_status history_walk (store_t *store, const char *session, uint64_t after, visit_t *visit, void *argument,
                           baton_error_t *error)
{
    baton_status status = BATON_OK;
    bool more = true;
    while (more && status == BATON_OK) {
        store_reads_t rows = {0};
        status = store_history (store, session, after, LIMIT_PAGE, &rows, error);
        more = rows.count > 0;
        for (size_t i = 0; i < rows.count && more && status == BATON_OK; i++) {
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
