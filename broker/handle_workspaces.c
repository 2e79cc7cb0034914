/*  Workspaces that go to another site, and those that came from one. */
#include "handlers.h"

#include "dispatch.h"
#include "history.h"

#include <sodium.h>

/* ---- going: asked of the node that has it ---- */

static baton_status check_still (const session_t *state, baton_error_t *error)
{
    bool idle = state->run.phase == run_phase_none || state->run.phase == run_phase_finished;
    if (!idle || state->migrating)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "a run of session %s is under way: its workspace can be read when it stands still",
                           state->session);
    if (state->carried > 0)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "the workspace of session %s came along when it was imported, and is at no node before its "
                           "first run here",
                           state->session);
    if (!state->home)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "session %s has no workspace: none of its runs has started", state->session);
    return BATON_OK;
}

static baton_status hand_on (broker_t *broker, request_t *request, const baton_bytes_t *digests, baton_error_t *error)
{
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK)
        status = check_still (state, error);
    if (status != BATON_OK)
        return status;
    workspace_order_t order = {.session = state->session,
                               .workspace = state->workspace,
                               .bindings = {state->bindings.count, state->bindings.items},
                               .origin = state->origin,
                               .digests = *digests};
    return relay_to_node (broker, request, state->home, &RECORD_workspace_order, &order, error);
}

baton_status handle_workspace_manifest (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    return hand_on (broker, request, &(baton_bytes_t){0}, error);
}

baton_status handle_workspace_chunks (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    const workspace_chunks_request_t *params = request->params;
    if (params->digests.size == 0 || params->digests.size % 32 != 0)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "digests",
                                 "there is at least one digest, and each has 32 bytes");
    return hand_on (broker, request, &params->digests, error);
}

/* ---- coming: kept here until the first run ---- */

typedef struct {
    uint64_t number, count;
    char digest[DIGEST_SIZE]; /*  "": there is none of that number */
} wanted_t;

static baton_status find_digest (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    (void) error;
    wanted_t *wanted = argument;
    *ret_more = false;
    if (event->kind != EVENT_session_imported)
        return BATON_OK;
    const baton_bytes_t *carried = &((const session_imported_event_t *) event->body)->carried;
    wanted->count = carried->size / 32;
    if (wanted->number < wanted->count)
        sodium_bin2hex (wanted->digest, sizeof wanted->digest, carried->data + wanted->number * 32, 32);
    return BATON_OK;
}

static baton_status content_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const workspace_carried_request_t *params = request->params;
    carried_content_t *content = reply;
    wanted_t wanted = {.number = params->number};
    session_t state = {0};
    baton_status status = history_load (store, params->session, &state, NULL, error);
    if (status == BATON_OK && state.carried > 0)
        status = history_walk (store, state.carried_from ? state.carried_from : state.session, state.carried - 1,
                               find_digest, &wanted, error);
    record_clear (&RECORD_session, &state);
    if (status == BATON_OK && !*wanted.digest)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_artifact, "number",
                                 "no content %lu came along with session %s", params->number, params->session);
    if (status == BATON_OK)
        status = store_blob (store, wanted.digest, &content->content, error);
    content->count = wanted.count;
    return status;
}

baton_status handle_workspace_carried (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    if (!text_equal (state->lease.node, request->actor))
        return baton_fail (error, BATON_aborted, BATON_REASON_stale_epoch, "node %s does not hold session %s",
                           request->actor, state->session);
    if (state->carried == 0)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "session %s has no workspace that is still to be fetched", state->session);
    request->later = content_later;
    return BATON_OK;
}
