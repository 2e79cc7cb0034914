/*  What is known of sessions now: lists, and what stands in their states. */
#include "handlers.h"

#include "id.h"
#include "keyed.h"
#include "waiting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 100
#define RESOLVE_MOST 64 /*  sessions of one title that are told apart */

/* ---- lists ---- */

static baton_status add_row (session_page_t *page, const projection_t *projection)
{
    session_row_t *row = list_append (&page->sessions, sizeof *row);
    return row ? record_copy (&RECORD_session_row, &projection->row, row) : BATON_resource_exhausted;
}

static baton_status add_waiting (session_page_t *page, const session_page_t *waiting)
{
    for (size_t i = 0; i < page->sessions.count; i++)
        for (size_t k = 0; k < waiting->sessions.count; k++)
            if (text_equal (page->sessions.items[i].session, waiting->sessions.items[k].session) &&
                text_set (&page->sessions.items[i].waiting, waiting->sessions.items[k].waiting) != BATON_OK)
                return BATON_resource_exhausted;
    return BATON_OK;
}

static baton_status list_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const session_list_request_t *params = request->params;
    session_page_t *page = reply, waiting = *page; /*  rows of those that wait, from the core thread */
    uint64_t before = 0;
    *page = (session_page_t){0};
    if (params->after && sscanf (params->after, "%" SCNu64, &before) != 1) {
        record_clear (&RECORD_session_page, &waiting);
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "after",
                                 "%s is not a cursor of a page before", params->after);
    }
    store_filter_t filter = {.state = params->state,
                             .agent = params->agent,
                             .node = params->node,
                             .driver = params->driver,
                             .open_breakpoints = params->asks,
                             .labels = &params->labels,
                             .match = params->match,
                             .viewer = &request->viewer};
    size_t limit = params->limit ? params->limit : PAGE_DEFAULT;
    store_projections_t rows = {0};
    baton_status status = store_list (store, &filter, before, limit, &rows, error);
    for (size_t i = 0; status == BATON_OK && i < rows.count; i++)
        if (add_row (page, &rows.items[i]) != BATON_OK)
            status = baton_fail_memory (error);
    if (status == BATON_OK && add_waiting (page, &waiting) != BATON_OK)
        status = baton_fail_memory (error);
    record_clear (&RECORD_session_page, &waiting);
    if (status == BATON_OK && rows.count == limit) {
        char cursor[24];
        snprintf (cursor, sizeof cursor, "%lu", rows.items[rows.count - 1].order);
        if (text_set (&page->cursor, cursor) != BATON_OK)
            status = baton_fail_memory (error);
    }
    store_projections_clear (&rows);
    return status;
}

/*  A filter may have to look at every session there is. */
baton_status handle_session_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    request->later = list_later;
    return waiting_list (broker, ret_reply, error);
}

/*  How well a reference names a session: its id best, then its title, better while it lives, then how its id begins. */
static unsigned closeness (const session_row_t *row, const char *ref)
{
    if (text_equal (row->session, ref))
        return 4;
    if (text_equal (row->title, ref))
        return row->state == lifecycle_terminated ? 2 : 3;
    return 1;
}

/*  The one that ref names best; NULL when there is none, or when several do: two of those are in ret_two. */
static const session_row_t *pick (const store_projections_t *rows, const char *ref, const session_row_t *ret_two[2])
{
    const session_row_t *best = NULL;
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const session_row_t *row = &rows->items[i].row;
        if (best && closeness (row, ref) < closeness (best, ref))
            continue;
        if (best && closeness (row, ref) == closeness (best, ref)) {
            ret_two[0] = best;
            ret_two[1] = row;
            count++;
            continue;
        }
        best = row;
        count = 1;
    }
    if (count == 1)
        ret_two[0] = ret_two[1] = NULL;
    return count == 1 ? best : NULL;
}

baton_status handle_session_resolve (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_resolve_request_t *params = request->params;
    session_ref_t *ref = ret_reply;
    store_projections_t rows = {0};
    const session_row_t *two[2] = {NULL, NULL};
    baton_status status = store_find (broker->store, params->ref, RESOLVE_MOST, &request->viewer, &rows, error);
    const session_row_t *row = status == BATON_OK ? pick (&rows, params->ref, two) : NULL;
    if (row && (text_set (&ref->session, row->session) != BATON_OK || text_set (&ref->title, row->title) != BATON_OK))
        status = baton_fail_memory (error);
    else if (status == BATON_OK && !row && two[0])
        status = baton_fail_field (error, BATON_failed_precondition, BATON_REASON_ambiguous, "ref",
                                   "several sessions match %s, among them %s (%s) and %s (%s)", params->ref,
                                   two[0]->session, two[0]->title, two[1]->session, two[1]->title);
    else if (status == BATON_OK && !row)
        status = baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_session, "ref",
                                   "no session has the id or title %s", params->ref);
    store_projections_clear (&rows);
    return status;
}

/* ---- one session ---- */

baton_status handle_memory_get (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const memory_get_request_t *params = request->params;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    for (size_t i = 0; i < state->memory.count; i++)
        if (strcmp (state->memory.items[i].key, params->key) == 0)
            return record_copy (&RECORD_memory, &state->memory.items[i], ret_reply) == BATON_OK
                       ? BATON_OK
                       : baton_fail_memory (error);
    return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_key, "key", "session %s has no memory %s",
                             state->session, params->key);
}

baton_status handle_memory_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    memory_page_t *page = ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    for (size_t i = 0; status == BATON_OK && i < state->memory.count; i++) {
        memory_t *memory = list_append (&page->memory, sizeof *memory);
        if (!memory || record_copy (&RECORD_memory, &state->memory.items[i], memory) != BATON_OK)
            status = baton_fail_memory (error);
    }
    return status;
}

baton_status handle_trigger_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    trigger_page_t *page = ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    page->n = state->n;
    if (text_set (&page->session, state->session) != BATON_OK ||
        list_replace (&RECORD_trigger, &state->triggers, &page->triggers) != BATON_OK)
        return baton_fail_memory (error);
    return BATON_OK;
}

static baton_status artifact_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    (void) request;
    artifact_content_t *found = reply;
    return store_blob (store, found->artifact.digest, &found->content, error);
}

baton_status handle_artifact_get (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const artifact_get_request_t *params = request->params;
    artifact_content_t *found = ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    for (size_t i = 0; i < state->artifacts.count; i++) {
        const artifact_t *artifact = &state->artifacts.items[i];
        if (strcmp (artifact->name, params->name) != 0)
            continue;
        if (record_copy (&RECORD_artifact, artifact, &found->artifact) != BATON_OK)
            return baton_fail_memory (error);
        if (artifact->size < STORE_LARGE)
            return artifact_later (broker->store, request, found, error);
        request->later = artifact_later;
        return BATON_OK;
    }
    return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_artifact, "name",
                             "session %s has no artifact %s", state->session, params->name);
}
