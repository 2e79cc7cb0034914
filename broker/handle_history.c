/*  What journals tell: past states, events, runs, items, messages. Each handler checks on the core thread and copies
 * what it needs of the present; the journal itself is read later, on the reader's thread.
 */
#include "handlers.h"

#include "history.h"
#include "id.h"
#include "letters.h"
#include "waiting.h"
#include "window.h"

#include <string.h>

#define PAGE_DEFAULT 100

/*  For handlers that need only that the session is there. */
static baton_status read_later (broker_t *broker, request_t *request, later_t *later, baton_error_t *error)
{
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK)
        request->later = later;
    return status;
}

/* ---- session.show, session.snapshot ---- */

static baton_status show_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const session_show_request_t *params = request->params;
    return history_replay (store, params->session, params->at, reply, error);
}

static baton_status lent_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const session_show_request_t *params = request->params;
    return history_lent (store, params->session, &((session_t *) reply)->lent, error);
}

baton_status handle_session_show (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_show_request_t *params = request->params;
    const session_t *state = NULL;
    if (params->at > 0)
        return read_later (broker, request, show_later, error);
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK &&
        (record_copy (&RECORD_session, state, ret_reply) != BATON_OK || waiting_show (broker, ret_reply) != BATON_OK))
        status = baton_fail_memory (error);
    bool asked = request->role == role_node; /*  whether it may remove the workspace */
    if (status == BATON_OK && asked && state->state == lifecycle_terminated && state->forks > 0)
        request->later = lent_later;
    return status;
}

static baton_status fill_snapshot (const session_t *state, snapshot_t *snapshot, baton_error_t *error)
{
    char digest[DIGEST_SIZE];
    if (record_encode (&RECORD_session, state, &snapshot->state) != BATON_OK)
        return baton_fail_memory (error);
    digest_of (snapshot->state.data, snapshot->state.size, digest);
    snapshot->n = state->n;
    if (text_set (&snapshot->session, state->session) != BATON_OK || text_set (&snapshot->digest, digest) != BATON_OK)
        return baton_fail_memory (error);
    return BATON_OK;
}

static baton_status snapshot_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const session_snapshot_request_t *params = request->params;
    session_t state = {0};
    baton_status status = history_replay (store, params->session, params->at, &state, error);
    if (status == BATON_OK)
        status = fill_snapshot (&state, reply, error);
    record_clear (&RECORD_session, &state);
    return status;
}

baton_status handle_session_snapshot (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_snapshot_request_t *params = request->params;
    const session_t *state = NULL;
    if (params->at > 0)
        return read_later (broker, request, snapshot_later, error);
    baton_status status = session_of (broker, request, &state, error);
    return status == BATON_OK ? fill_snapshot (state, ret_reply, error) : status;
}

/* ---- session.log ---- */

static baton_status log_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const session_log_request_t *params = request->params;
    event_page_t *page = reply;
    store_reads_t rows = {0};
    baton_status status = store_history (store, params->session, params->after,
                                         params->limit ? params->limit : PAGE_DEFAULT, &rows, error);
    for (size_t i = 0; status == BATON_OK && i < rows.count; i++) {
        const baton_bytes_t *data = &rows.items[i].data;
        event_envelope_t *event = list_append (&page->events, sizeof *event);
        status = event ? record_decode (&RECORD_event_envelope, data->data, data->size, event, error)
                       : baton_fail_memory (error);
    }
    page->last = rows.count > 0 ? rows.items[rows.count - 1].n : params->after;
    store_reads_clear (&rows);
    return status;
}

baton_status handle_session_log (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    event_page_t *page = ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK)
        page->head = state->n;
    request->later = log_later;
    return status;
}

/* ---- run.list ---- */

typedef struct {
    session_t state; /*  only its run is looked at */
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

static baton_status visit_run (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    run_walk_t *self = argument;
    if (event->kind == EVENT_run_queued) {
        *ret_more = self->page->runs.count < self->limit && self->bytes <= LIMIT_PAGE_BYTES;
        if (!*ret_more)
            return BATON_OK;
        if (self->state.run.number >= self->after)
            self->bytes += ((const run_queued_event_t *) event->body)->input.size;
    }
    bool concerns = EVENTS[event->kind].class == event_class_run || event->kind == EVENT_migration_committed;
    if (session_evolve (&self->state, event) != BATON_OK ||
        (concerns && self->state.run.number > 0 && keep_run (self) != BATON_OK))
        return baton_fail_memory (error);
    return BATON_OK;
}

static baton_status runs_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const run_list_request_t *params = request->params;
    run_walk_t walk = {.after = params->after, .limit = params->limit ? params->limit : PAGE_DEFAULT, .page = reply};
    baton_status status = history_walk (store, params->session, 0, visit_run, &walk, error);
    record_clear (&RECORD_session, &walk.state);
    return status;
}

baton_status handle_run_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    return read_later (broker, request, runs_later, error);
}

/* ---- item.list ---- */

typedef struct {
    uint64_t limit;
    size_t bytes; /*  on the page so far */
    item_page_t *page;
    const window_t *window;
} item_walk_t;

static size_t size_of (const item_appended_event_t *item)
{
    size_t size = 0;
    for (size_t i = 0; i < item->parts.count; i++)
        size += (item->parts.items[i].text ? strlen (item->parts.items[i].text) : 0) + item->parts.items[i].value.size;
    return size;
}

static baton_status visit_item (const found_item_t *found, void *argument, bool *ret_more, baton_error_t *error)
{
    item_walk_t *self = argument;
    const event_t *event = found->event;
    const item_appended_event_t *body = event->body;
    self->bytes += size_of (body);
    if (self->page->items.count == self->limit || (self->page->items.count > 0 && self->bytes > LIMIT_PAGE_BYTES)) {
        self->page->more = true;
        *ret_more = false;
        return BATON_OK;
    }
    item_t *item = list_append (&self->page->items, sizeof *item);
    item_t seen = {.n = event->n,
                   .session = found->segment ? found->segment->session : NULL,
                   .merged = found->segment && found->segment->merged,
                   .role = body->role,
                   .tokens = body->tokens,
                   .estimated = body->estimated,
                   .run = event->run,
                   .at = event->at,
                   .pinned = body->pinned,
                   .source = body->source,
                   .digest = body->digest,
                   .synthetic = body->synthetic,
                   .hidden =
                       !window_spans_show (self->window, found->place) && !window_pin (self->window, found->place)};
    memcpy (&seen.parts, &body->parts, sizeof seen.parts); /*  borrowed for the copy only */
    self->page->last = found->place;
    return item && record_copy (&RECORD_item, &seen, item) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

static baton_status items_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const item_list_request_t *params = request->params;
    item_walk_t walk = {.limit = params->limit ? params->limit : PAGE_DEFAULT, .page = reply};
    session_t state = {0};
    walk.window = &state.window;
    walk.page->last = params->after;
    baton_status status = history_load (store, params->session, &state, NULL, error);
    if (status == BATON_OK)
        status = history_items (store, &state, params->after, visit_item, &walk, error);
    record_clear (&RECORD_session, &state);
    return status;
}

baton_status handle_item_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    return read_later (broker, request, items_later, error);
}

/* ---- message.list ---- */

/*  The letter stays as the state has it: an import has forgotten who is a stranger here. */
static baton_status read_body (store_t *store, const char *session, message_t *message, baton_error_t *error)
{
    message_t told = {0};
    baton_status status = letters_read (store, session, message->letter.n, &told, error);
    message->body = told.body;
    record_clear (&RECORD_letter, &told.letter);
    return status;
}

static baton_status messages_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const message_list_request_t *params = request->params;
    message_page_t *page = reply;
    baton_status status = BATON_OK;
    size_t bytes = 0, count = 0;
    for (; status == BATON_OK && count < page->messages.count && bytes < LIMIT_PAGE_BYTES; count++) {
        message_t *message = &page->messages.items[count];
        status = read_body (store, params->session, message, error);
        bytes += message->body.size;
    }
    /*  What does not fit comes when these were taken from the mailbox. */
    while (page->messages.count > count)
        list_remove (&page->messages, &RECORD_message, page->messages.count - 1);
    return status;
}

baton_status handle_message_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const message_list_request_t *params = request->params;
    message_page_t *page = ret_reply;
    const session_t *state = NULL;
    size_t limit = params->limit ? params->limit : PAGE_DEFAULT;
    baton_status status = session_of (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    page->n = state->n;
    for (size_t i = 0; i < state->mailbox.count && i < limit; i++) {
        message_t *message = list_append (&page->messages, sizeof *message);
        if (!message || record_copy (&RECORD_letter, &state->mailbox.items[i], &message->letter) != BATON_OK)
            return baton_fail_memory (error);
    }
    request->later = messages_later;
    return BATON_OK;
}
