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
