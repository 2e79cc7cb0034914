#include "waiting.h"

#include "origin.h"

#include <stdio.h>

/*  What the node has said with its last heartbeat. */
static baton_status show_what_keeps_it (broker_t *broker, session_t *answer)
{
    const member_t *member = answer->lease.node ? fleet_member (broker->fleet, answer->lease.node) : NULL;
    return text_set (&answer->waiting, member ? pairs_get (&member->beat.waiting, answer->session) : NULL);
}

baton_status waiting_show (broker_t *broker, session_t *answer)
{
    char why[LIMIT_SHORT] = "it will be placed in a moment";
    if (answer->run.phase == run_phase_placed)
        return show_what_keeps_it (broker, answer);
    if (answer->run.phase != run_phase_queued)
        return BATON_OK;
    session_t placed = origin_placed (broker, answer);
    const session_t *source = origin_moving (broker, answer);
    if (source)
        snprintf (why, sizeof why, "its workspace is that of session %s, which is on its way to node %s",
                  source->session, source->migration.target);
    else
        fleet_choose (broker->fleet, journal_site (broker->journal), &placed, NULL, broker->monotonic,
                      broker->options.lease_ttl, why, sizeof why);
    return text_set (&answer->waiting, why);
}

static bool asks_for_something (const session_t *state)
{
    return state->run.phase == run_phase_queued || state->node || state->driver || state->selector.count > 0;
}

static baton_status add_row (session_page_t *page, const char *session, const char *why)
{
    session_row_t *row = list_append (&page->sessions, sizeof *row);
    return row && text_set (&row->session, session) == BATON_OK && text_set (&row->waiting, why) == BATON_OK
               ? BATON_OK
               : BATON_resource_exhausted;
}

baton_status waiting_list (broker_t *broker, session_page_t *page, baton_error_t *error)
{
    char why[LIMIT_SHORT];
    size_t cursor = 0;
    const char *session = fleet_next_waiting (broker->fleet, &cursor);
    for (size_t i = 0; session && i < WAITING_TOLD; i++, session = fleet_next_waiting (broker->fleet, &cursor)) {
        entry_t *entry = NULL;
        baton_status status = cache_get (journal_cache (broker->journal), session, &entry, error);
        if (status != BATON_OK)
            return status;
        session_t placed = origin_placed (broker, &entry->state);
        if (fleet_lacks (journal_site (broker->journal), &placed, why, sizeof why) &&
            add_row (page, session, why) != BATON_OK)
            return baton_fail_memory (error);
    }
    return BATON_OK;
}

baton_status waiting_warn (broker_t *broker, changed_t *answer, baton_error_t *error)
{
    entry_t *entry = NULL;
    char why[LIMIT_SHORT];
    baton_status status = cache_get (journal_cache (broker->journal), answer->session, &entry, error);
    if (status != BATON_OK || !asks_for_something (&entry->state))
        return status;
    session_t placed = origin_placed (broker, &entry->state);
    if (!fleet_lacks (journal_site (broker->journal), &placed, why, sizeof why))
        return BATON_OK;
    return text_set (&answer->waiting, why) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}
