/*  What nodes are to look at. */
#include "handlers.h"

#include "keyed.h"

#include <string.h>

#define WATCHES_BYTES (1u << 20) /*  after which a page is full */

static baton_status add_triggers (const session_t *state, watched_t *watched, size_t *bytes)
{
    for (size_t i = 0; i < state->triggers.count; i++) {
        const trigger_t *from = &state->triggers.items[i];
        if (!session_watches_for (state, from))
            continue;
        trigger_t *trigger = list_append (&watched->triggers, sizeof *trigger);
        if (!trigger || record_copy (&RECORD_trigger, from, trigger) != BATON_OK)
            return BATON_resource_exhausted;
        *bytes += 1024 + (from->file ? strlen (from->file) : 0) + (from->path ? strlen (from->path) : 0);
    }
    return BATON_OK;
}

/*  A node that is not to look any more is told of no trigger. */
static baton_status add_watched (const session_t *state, bool here, watch_page_t *page, size_t *bytes)
{
    watched_t *watched = list_append (&page->watched, sizeof *watched);
    if (!watched || text_set (&watched->session, state->session) != BATON_OK)
        return BATON_resource_exhausted;
    *bytes += LIMIT_PATH;
    if (!here)
        return BATON_OK;
    if (record_copy (&RECORD_lease, &state->lease, &watched->lease) != BATON_OK ||
        text_set (&watched->workspace, state->workspace) != BATON_OK ||
        list_replace (&RECORD_binding, &state->bindings, &watched->bindings) != BATON_OK)
        return BATON_resource_exhausted;
    return add_triggers (state, watched, bytes);
}

/*  A page at a time, so that 10,000 triggers hold nobody up. */
baton_status handle_node_watches (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const node_watches_request_t *params = request->params;
    watch_page_t *page = ret_reply;
    const char *generation = watches_generation (broker->watches), *session = NULL;
    uint64_t change = 0;
    size_t bytes = 0;
    page->anew = !text_equal (params->generation, generation);
    page->last = page->anew ? 0 : params->after;
    if (text_set (&page->generation, generation) != BATON_OK)
        return baton_fail_memory (error);
    while ((session = watches_next (broker->watches, request->actor, page->last, &change))) {
        entry_t *entry = NULL;
        page->more = page->watched.count >= LIMIT_WATCH_PAGE || bytes >= WATCHES_BYTES;
        if (page->more)
            break;
        baton_status status = cache_get (journal_cache (broker->journal), session, &entry, error);
        if (status != BATON_OK)
            return status;
        bool here = text_equal (entry->state.lease.node, request->actor) && session_watches (&entry->state);
        if (add_watched (&entry->state, here, page, &bytes) != BATON_OK)
            return baton_fail_memory (error);
        page->last = change;
    }
    return BATON_OK;
}
