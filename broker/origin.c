#include "origin.h"

session_t origin_placed (broker_t *broker, const session_t *state)
{
    session_t placed = *state;
    entry_t *source = NULL;
    if (!state->origin.session ||
        cache_get (journal_cache (broker->journal), state->origin.session, &source, NULL) != BATON_OK)
        return placed;
    char *home = source->state.lease.node ? source->state.lease.node : source->state.home;
    if (home) {
        placed.lease.node = NULL;
        placed.home = home;
    }
    return placed;
}

const session_t *origin_moving (broker_t *broker, const session_t *state)
{
    entry_t *source = NULL;
    bool known = state->origin.session &&
                 cache_get (journal_cache (broker->journal), state->origin.session, &source, NULL) == BATON_OK;
    return known && source->state.migrating ? &source->state : NULL;
}

static bool is_at_work (const run_t *run)
{
    return run->phase == run_phase_placed || run->phase == run_phase_running || run->phase == run_phase_stopping;
}

const session_t *origin_guest (broker_t *broker, const session_t *state)
{
    const char *session = NULL;
    for (size_t cursor = 0;
         state->lease.node && (session = fleet_next_at (broker->fleet, state->lease.node, &cursor));) {
        entry_t *entry = NULL;
        if (cache_get (journal_cache (broker->journal), session, &entry, NULL) == BATON_OK &&
            is_at_work (&entry->state.run) && entry->state.origin.how == fork_workspace_shared &&
            text_equal (entry->state.origin.session, state->session))
            return &entry->state;
    }
    return NULL;
}
