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

const session_t *origin_guest (broker_t *broker, const session_t *state)
{
    const char *session = NULL;
    for (size_t cursor = 0;
         state->lease.node && (session = fleet_next_at (broker->fleet, state->lease.node, &cursor));) {
        entry_t *entry = NULL;
        if (cache_get (journal_cache (broker->journal), session, &entry, NULL) == BATON_OK &&
            run_placed (&entry->state.run) && entry->state.origin.how == fork_workspace_shared &&
            text_equal (entry->state.origin.session, state->session))
            return &entry->state;
    }
    return NULL;
}

bool origin_follows (broker_t *broker, const session_t *state)
{
    entry_t *source = NULL;
    return state->origin.how == fork_workspace_shared &&
           cache_get (journal_cache (broker->journal), state->origin.session, &source, NULL) == BATON_OK &&
           source->state.state != lifecycle_terminated;
}
