/*  What is known of sessions: state, past states, and what their journals tell. */
#include "handlers.h"

#include "id.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 100

static baton_status current (broker_t *broker, const request_t *request, const session_t **ret_state,
                             baton_error_t *error)
{
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), request_session (request), &entry, error);
    if (status == BATON_OK)
        *ret_state = &entry->state;
    return status;
}

/*  The state at position n; 0 is now. */
static baton_status state_at (broker_t *broker, const request_t *request, uint64_t n, session_t *ret_state,
                              baton_error_t *error)
{
    const session_t *now = NULL;
    baton_status status = current (broker, request, &now, error);
    if (status != BATON_OK)
        return status;
    if (n > 0 && n != now->n)
        return cache_replay (broker->store, now->session, n, ret_state, error);
    return record_copy (&RECORD_session, now, ret_state) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

/* ---- lists ---- */

static baton_status add_row (session_page_t *page, const projection_t *projection)
{
    session_row_t *row = list_append (&page->sessions, sizeof *row);
    return row ? record_copy (&RECORD_session_row, &projection->row, row) : BATON_resource_exhausted;
}

baton_status handle_session_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_list_request_t *params = request->params;
    session_page_t *page = ret_reply;
    uint64_t before = 0;
    if (params->after && sscanf (params->after, "%" SCNu64, &before) != 1)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "after",
                                 "%s is not a cursor of a page before", params->after);
    store_filter_t filter = {.state = params->state,
                             .agent = params->agent,
                             .node = params->node,
                             .labels = &params->labels,
                             .match = params->match};
    size_t limit = params->limit ? params->limit : PAGE_DEFAULT;
    store_projections_t rows = {0};
    baton_status status = store_list (broker->store, &filter, before, limit, &rows, error);
    for (size_t i = 0; status == BATON_OK && i < rows.count; i++)
        status = add_row (page, &rows.items[i]);
    if (status == BATON_OK && rows.count == limit) {
        char cursor[24];
        snprintf (cursor, sizeof cursor, "%lu", rows.items[rows.count - 1].order);
        status = text_set (&page->cursor, cursor);
    }
    store_projections_clear (&rows);
    return status;
}

baton_status handle_session_resolve (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_resolve_request_t *params = request->params;
    session_ref_t *found = ret_reply;
    store_projections_t rows = {0};
    baton_status status = store_find (broker->store, params->ref, 2, &rows, error);
    if (status == BATON_OK && rows.count == 0)
        status = baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_session, "ref",
                                   "no session has the id or title %s", params->ref);
    size_t exact = rows.count; /*  a full id is unique, even when it is somebody's title */
    for (size_t i = 0; i < rows.count; i++)
        if (strcmp (rows.items[i].row.session, params->ref) == 0)
            exact = i;
    if (status == BATON_OK && rows.count > 1 && exact == rows.count)
        status = baton_fail_field (error, BATON_failed_precondition, BATON_REASON_ambiguous, "ref",
                                   "several sessions match %s, among them %s (%s) and %s (%s)", params->ref,
                                   rows.items[0].row.session, rows.items[0].row.title, rows.items[1].row.session,
                                   rows.items[1].row.title);
    if (status == BATON_OK) {
        const session_row_t *row = &rows.items[exact < rows.count ? exact : 0].row;
        if (text_set (&found->session, row->session) != BATON_OK || text_set (&found->title, row->title) != BATON_OK)
            status = baton_fail_memory (error);
    }
    store_projections_clear (&rows);
    return status;
}

/* ---- one session ---- */

baton_status handle_session_show (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    return state_at (broker, request, ((const session_show_request_t *) request->params)->at, ret_reply, error);
}

baton_status handle_session_snapshot (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    snapshot_t *snapshot = ret_reply;
    session_t state = {0};
    char digest[DIGEST_SIZE];
    baton_status status =
        state_at (broker, request, ((const session_snapshot_request_t *) request->params)->at, &state, error);
    if (status == BATON_OK && record_encode (&RECORD_session, &state, &snapshot->state) != BATON_OK)
        status = baton_fail_memory (error);
    if (status == BATON_OK) {
        digest_of (snapshot->state.data, snapshot->state.size, digest);
        snapshot->n = state.n;
        if (text_set (&snapshot->session, state.session) != BATON_OK ||
            text_set (&snapshot->digest, digest) != BATON_OK)
            status = baton_fail_memory (error);
    }
    record_clear (&RECORD_session, &state);
    return status;
}

baton_status handle_session_log (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_log_request_t *params = request->params;
    event_page_t *page = ret_reply;
    const session_t *state = NULL;
    store_reads_t rows = {0};
    baton_status status = current (broker, request, &state, error);
    if (status == BATON_OK)
        status = store_history (broker->store, state->session, params->after,
                                params->limit ? params->limit : PAGE_DEFAULT, &rows, error);
    for (size_t i = 0; status == BATON_OK && i < rows.count; i++) {
        event_envelope_t *event = list_append (&page->events, sizeof *event);
        status = event ? record_decode (&RECORD_event_envelope, rows.items[i].data.data, rows.items[i].data.size, event,
                                        error)
                       : baton_fail_memory (error);
    }
    if (status == BATON_OK) {
        page->last = rows.count > 0 ? rows.items[rows.count - 1].n : params->after;
        page->head = state->n;
    }
    store_reads_clear (&rows);
    return status;
}

baton_status handle_memory_get (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const memory_get_request_t *params = request->params;
    const session_t *state = NULL;
    baton_status status = current (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    for (size_t i = 0; i < state->memory.count; i++)
        if (strcmp (state->memory.items[i].key, params->key) == 0)
            return record_copy (&RECORD_memory, &state->memory.items[i], ret_reply);
    return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_key, "key", "session %s has no memory %s",
                             state->session, params->key);
}

baton_status handle_memory_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    memory_page_t *page = ret_reply;
    const session_t *state = NULL;
    baton_status status = current (broker, request, &state, error);
    for (size_t i = 0; status == BATON_OK && i < state->memory.count; i++) {
        memory_t *memory = list_append (&page->memory, sizeof *memory);
        status = memory ? record_copy (&RECORD_memory, &state->memory.items[i], memory) : BATON_resource_exhausted;
    }
    return status;
}

baton_status handle_artifact_get (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const artifact_get_request_t *params = request->params;
    artifact_content_t *found = ret_reply;
    const session_t *state = NULL;
    baton_status status = current (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    for (size_t i = 0; i < state->artifacts.count; i++) {
        const artifact_t *artifact = &state->artifacts.items[i];
        if (strcmp (artifact->name, params->name) != 0)
            continue;
        status = record_copy (&RECORD_artifact, artifact, &found->artifact);
        return status == BATON_OK ? store_blob (broker->store, artifact->digest, &found->content, error)
                                  : baton_fail_memory (error);
    }
    return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_artifact, "name",
                             "session %s has no artifact %s", state->session, params->name);
}

/* ---- read from the journal ---- */

/*  Calls visit for each event of the session past `after`, until it returns false or the journal ends. */
typedef bool visit_t (const event_t *event, void *argument, baton_status *ret_status);

static baton_status walk (broker_t *broker, const char *session, uint64_t after, visit_t *visit, void *argument,
                          baton_error_t *error)
{
    baton_status status = BATON_OK;
    bool more = true;
    while (more && status == BATON_OK) {
        store_reads_t rows = {0};
        status = store_history (broker->store, session, after, LIMIT_PAGE, &rows, error);
        more = rows.count > 0;
        for (size_t i = 0; i < rows.count && more && status == BATON_OK; i++) {
            event_t event = {0};
            status = event_decode (rows.items[i].data.data, rows.items[i].data.size, &event, error);
            if (status == BATON_OK)
                more = visit (&event, argument, &status);
            after = rows.items[i].n;
            event_clear (&event);
        }
        store_reads_clear (&rows);
    }
    return status == BATON_resource_exhausted ? baton_fail_memory (error) : status;
}

typedef struct {
    session_t state; /*  only its run is folded */
    uint64_t after, limit;
    size_t bytes; /*  of the inputs on the page */
    run_page_t *page;
} run_walk_t;

static baton_status keep_run (run_walk_t *self)
{
    if (self->state.run.number <= self->after)
        return BATON_OK;
    size_t count = self->page->runs.count;
    run_t *row = count > 0 && self->page->runs.items[count - 1].number == self->state.run.number
                     ? &self->page->runs.items[count - 1]
                     : list_append (&self->page->runs, sizeof *row);
    if (!row)
        return BATON_resource_exhausted;
    record_clear (&RECORD_run, row);
    return record_copy (&RECORD_run, &self->state.run, row);
}

static bool visit_run (const event_t *event, void *argument, baton_status *ret_status)
{
    run_walk_t *self = argument;
    if (event->kind == EVENT_run_queued) {
        if (self->page->runs.count == self->limit || self->bytes > LIMIT_PAGE_BYTES)
            return false;
        if (self->state.run.number >= self->after)
            self->bytes += ((const run_queued_event_t *) event->body)->input.size;
    }
    *ret_status = session_evolve (&self->state, event);
    if (*ret_status == BATON_OK && EVENTS[event->kind].class == event_class_run && self->state.run.number > 0)
        *ret_status = keep_run (self);
    return *ret_status == BATON_OK;
}

baton_status handle_run_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const run_list_request_t *params = request->params;
    run_walk_t walker = {
        .after = params->after, .limit = params->limit ? params->limit : PAGE_DEFAULT, .page = ret_reply};
    const session_t *state = NULL;
    baton_status status = current (broker, request, &state, error);
    if (status == BATON_OK)
        status = walk (broker, state->session, 0, visit_run, &walker, error);
    record_clear (&RECORD_session, &walker.state);
    return status;
}

typedef struct {
    uint64_t limit;
    size_t bytes; /*  on the page so far */
    item_page_t *page;
} item_walk_t;

static size_t size_of (const item_appended_event_t *item)
{
    size_t size = 0;
    for (size_t i = 0; i < item->parts.count; i++)
        size += (item->parts.items[i].text ? strlen (item->parts.items[i].text) : 0) + item->parts.items[i].value.size;
    return size;
}

static bool visit_item (const event_t *event, void *argument, baton_status *ret_status)
{
    item_walk_t *self = argument;
    if (event->kind != EVENT_item_appended)
        return true;
    const item_appended_event_t *body = event->body;
    self->bytes += size_of (body);
    if (self->page->items.count == self->limit || (self->page->items.count > 0 && self->bytes > LIMIT_PAGE_BYTES)) {
        self->page->more = true;
        return false;
    }
    item_t *item = list_append (&self->page->items, sizeof *item);
    /*  The parts are borrowed for the copy only. */
    item_t seen = {.n = event->n,
                   .role = body->role,
                   .tokens = body->tokens,
                   .estimated = body->estimated,
                   .run = event->run,
                   .at = event->at};
    memcpy (&seen.parts, &body->parts, sizeof seen.parts);
    *ret_status = item ? record_copy (&RECORD_item, &seen, item) : BATON_resource_exhausted;
    self->page->last = event->n;
    return *ret_status == BATON_OK;
}

baton_status handle_item_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const item_list_request_t *params = request->params;
    item_walk_t walker = {.limit = params->limit ? params->limit : PAGE_DEFAULT, .page = ret_reply};
    walker.page->last = params->after;
    const session_t *state = NULL;
    baton_status status = current (broker, request, &state, error);
    return status == BATON_OK ? walk (broker, params->session, params->after, visit_item, &walker, error) : status;
}

/* ---- mailbox ---- */

static baton_status read_message (broker_t *broker, const session_t *state, const letter_t *letter,
                                  message_t *ret_message, baton_error_t *error)
{
    store_reads_t rows = {0};
    event_t event = {0};
    baton_status status = store_history (broker->store, state->session, letter->n - 1, 1, &rows, error);
    if (status == BATON_OK && rows.count == 1)
        status = event_decode (rows.items[0].data.data, rows.items[0].data.size, &event, error);
    if (status == BATON_OK && event.kind == EVENT_message_delivered) {
        const message_delivered_event_t *body = event.body;
        if (record_copy (&RECORD_letter, letter, &ret_message->letter) != BATON_OK ||
            bytes_set (&ret_message->body, body->body.data, body->body.size) != BATON_OK)
            status = baton_fail_memory (error);
    }
    event_clear (&event);
    store_reads_clear (&rows);
    return status;
}

baton_status handle_message_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const message_list_request_t *params = request->params;
    message_page_t *page = ret_reply;
    const session_t *state = NULL;
    size_t limit = params->limit ? params->limit : PAGE_DEFAULT, bytes = 0;
    baton_status status = current (broker, request, &state, error);
    /*  What does not fit comes when these were taken from the mailbox. */
    for (size_t i = 0; status == BATON_OK && i < state->mailbox.count && i < limit && bytes < LIMIT_PAGE_BYTES; i++) {
        message_t *message = list_append (&page->messages, sizeof *message);
        status = message ? read_message (broker, state, &state->mailbox.items[i], message, error)
                         : baton_fail_memory (error);
        bytes += message ? message->body.size : 0;
    }
    if (status == BATON_OK)
        page->n = state->n;
    return status;
}
