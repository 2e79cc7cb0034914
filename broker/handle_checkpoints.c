/*  Positions with a name: save, load, restore. */
#include "handlers.h"

#include "history.h"
#include "id.h"
#include "window_items.h"

#include <stdlib.h>
#include <string.h>

/* ---- session.save ---- */

/*  The snapshot is kept under its digest, so that loading needs no replay. */
baton_status handle_session_save (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_t *state = NULL;
    baton_bytes_t snapshot = {0};
    char digest[DIGEST_SIZE];
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK && record_encode (&RECORD_session, state, &snapshot) != BATON_OK)
        status = baton_fail_memory (error);
    if (status == BATON_OK) {
        digest_of (snapshot.data, snapshot.size, digest);
        command_t command = command_of (broker, request);
        command.digest = digest;
        status = journal_decide (broker->journal, request_session (request), &command, ret_reply, error);
    }
    if (status == BATON_OK && journal_note_blob (broker->journal, digest, &snapshot) != BATON_OK)
        status = baton_fail_memory (error);
    bytes_clear (&snapshot);
    return status;
}

/* ---- finding a position ---- */

/*  A label, or a number. */
static baton_status find_position (const session_t *state, const char *at, uint64_t *ret_n, baton_error_t *error)
{
    char *end = NULL;
    for (size_t i = 0; i < state->checkpoints.count; i++)
        if (text_equal (state->checkpoints.items[i].label, at)) {
            *ret_n = state->checkpoints.items[i].n;
            return BATON_OK;
        }
    uint64_t n = strtoull (at, &end, 10);
    if (*end || n == 0)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_position, "at",
                                 "session %s has no checkpoint %s", state->session, at);
    if (n > state->n)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_position, "at",
                                 "the journal of session %s ends at %lu", state->session, state->n);
    *ret_n = n;
    return BATON_OK;
}

/*  From the snapshot of a checkpoint, unless it can't be read. */
static bool read_checkpoint (store_t *store, const session_t *present, uint64_t n, session_t *ret_state)
{
    baton_bytes_t snapshot = {0};
    baton_error_t ignored = {0};
    bool done = false;
    for (size_t i = 0; i < present->checkpoints.count && !done; i++) {
        const checkpoint_t *checkpoint = &present->checkpoints.items[i];
        if (checkpoint->n == n && store_blob (store, checkpoint->digest, &snapshot, &ignored) == BATON_OK)
            done = record_decode (&RECORD_session, snapshot.data, snapshot.size, ret_state, &ignored) == BATON_OK;
        bytes_clear (&snapshot);
    }
    /*  One that was imported under another id is read from the journal, which names it. */
    return done && ret_state->n == n && text_equal (ret_state->session, present->session);
}

static baton_status read_past (store_t *store, const char *session, const char *at, session_t *present,
                               session_t *ret_state, baton_error_t *error)
{
    uint64_t n = 0;
    baton_status status = history_load (store, session, present, NULL, error);
    if (status == BATON_OK)
        status = find_position (present, at, &n, error);
    if (status == BATON_OK && !read_checkpoint (store, present, n, ret_state))
        status = history_state (store, session, n, ret_state, error);
    return status;
}

/* ---- session.load ---- */

/*  What its context shows, and what not, though the session had it. */
static void count_shown (const shown_list_t *list, loaded_t *loaded)
{
    uint64_t items = 0, tokens = 0; /*  that are no summary */
    for (size_t i = 0; i < list->count; i++) {
        const shown_t *item = &list->items[i];
        loaded->items++;
        loaded->tokens += item->item.tokens;
        loaded->estimated += item->item.estimated;
        loaded->compacted = loaded->compacted || item->summary;
        items += !item->summary;
        tokens += item->summary ? 0 : item->item.tokens;
    }
    loaded->left_out_items = loaded->state.items > items ? loaded->state.items - items : 0;
    loaded->left_out_tokens = loaded->state.tokens > tokens ? loaded->state.tokens - tokens : 0;
}

static baton_status describe (store_t *store, const session_t *present, loaded_t *loaded, baton_error_t *error)
{
    shown_list_t list = {0};
    baton_status status = window_items (store, &loaded->state, &list, error);
    if (status != BATON_OK)
        return status;
    count_shown (&list, loaded);
    shown_list_clear (&list);
    loaded->n = loaded->state.n;
    for (size_t i = 0; i < present->checkpoints.count && status == BATON_OK; i++)
        if (present->checkpoints.items[i].n == loaded->n && !loaded->label)
            status = text_set (&loaded->label, present->checkpoints.items[i].label);
    if (status != BATON_OK || text_set (&loaded->session, present->session) != BATON_OK)
        return baton_fail_memory (error);
    return BATON_OK;
}

static baton_status load_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const session_load_request_t *params = request->params;
    loaded_t *loaded = reply;
    session_t present = {0};
    baton_status status = read_past (store, params->session, params->at, &present, &loaded->state, error);
    if (status == BATON_OK)
        status = describe (store, &present, loaded, error);
    record_clear (&RECORD_session, &present);
    return status;
}

baton_status handle_session_load (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK)
        request->later = load_later;
    return status;
}

/* ---- session.restore ---- */

static baton_status restore_later (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    const session_restore_request_t *params = request->params;
    session_t present = {0};
    baton_status status = read_past (store, params->session, params->at, &present, record, error);
    record_clear (&RECORD_session, &present);
    return status;
}

/*  The past never changes, so it need not be read again when the session has moved on. */
baton_status handle_session_restore (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK && !request->prepared)
        return request_prepare (request, &RECORD_session, restore_later, error);
    if (status != BATON_OK)
        return status;
    command_t command = command_of (broker, request);
    command.source = request->prepared;
    return journal_decide (broker->journal, request_session (request), &command, ret_reply, error);
}
