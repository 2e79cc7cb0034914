#include "handlers.h"

#include "authorise.h"
#include "id.h"
#include "trace.h"

#include <stdlib.h>
#include <string.h>

handler_t *const HANDLERS[METHOD_COUNT] = {
    [METHOD_site_about] = handle_site_about,
    [METHOD_site_metrics] = handle_site_metrics,
    [METHOD_identity_invite] = handle_identity_invite,
    [METHOD_identity_enroll] = handle_identity_enroll,
    [METHOD_identity_list] = handle_identity_list,
    [METHOD_identity_rekey] = handle_identity_rekey,
    [METHOD_token_create] = handle_token_create,
    [METHOD_token_list] = handle_token_list,
    [METHOD_console_link] = handle_console_link,
    [METHOD_console_sign_in] = handle_console_sign_in,
    [METHOD_console_sign_out] = handle_console_sign_out,
    [METHOD_session_create] = handle_session_create,
    [METHOD_session_activate] = handle_session_activate,
    [METHOD_session_spawn] = handle_session_spawn,
    [METHOD_session_children] = handle_session_children,
    [METHOD_session_cancel] = handle_session_cancel,
    [METHOD_session_list] = handle_session_list,
    [METHOD_session_resolve] = handle_session_resolve,
    [METHOD_session_show] = handle_session_show,
    [METHOD_session_snapshot] = handle_session_snapshot,
    [METHOD_session_log] = handle_session_log,
    [METHOD_session_fork] = handle_session_fork,
    [METHOD_session_diff] = handle_session_diff,
    [METHOD_session_merge] = handle_session_merge,
    [METHOD_session_migrate] = handle_session_migrate,
    [METHOD_dependency_add] = handle_dependency_add,
    [METHOD_trigger_add] = handle_trigger_add,
    [METHOD_trigger_list] = handle_trigger_list,
    [METHOD_trigger_fire] = handle_trigger_fire,
    [METHOD_session_import] = handle_session_import,
    [METHOD_blob_put] = handle_blob_put,
    [METHOD_blob_forget] = handle_blob_forget,
    [METHOD_blob_get] = handle_blob_get,
    [METHOD_run_list] = handle_run_list,
    [METHOD_run_logs] = handle_run_logs,
    [METHOD_workspace_manifest] = handle_workspace_manifest,
    [METHOD_workspace_chunks] = handle_workspace_chunks,
    [METHOD_workspace_carried] = handle_workspace_carried,
    [METHOD_item_append] = handle_item_append,
    [METHOD_item_list] = handle_item_list,
    [METHOD_item_pin] = handle_item_pin,
    [METHOD_context_render] = handle_context_render,
    [METHOD_session_compact] = handle_session_compact,
    [METHOD_session_uncompact] = handle_session_uncompact,
    [METHOD_session_save] = handle_session_save,
    [METHOD_session_load] = handle_session_load,
    [METHOD_session_restore] = handle_session_restore,
    [METHOD_memory_get] = handle_memory_get,
    [METHOD_memory_list] = handle_memory_list,
    [METHOD_session_clients] = handle_session_clients,
    [METHOD_session_handoff] = handle_session_handoff,
    [METHOD_session_synthesize] = handle_session_synthesize,
    [METHOD_decision_list] = handle_decision_list,
    [METHOD_decision_history] = handle_decision_history,
    [METHOD_artifact_put] = handle_artifact_put,
    [METHOD_artifact_get] = handle_artifact_get,
    [METHOD_breakpoint_ask] = handle_breakpoint_ask,
    [METHOD_breakpoint_list] = handle_breakpoint_list,
    [METHOD_breakpoint_show] = handle_breakpoint_show,
    [METHOD_message_send] = handle_message_send,
    [METHOD_message_reply] = handle_message_reply,
    [METHOD_message_outcome] = handle_message_outcome,
    [METHOD_message_broadcast] = handle_message_broadcast,
    [METHOD_message_dead] = handle_message_dead,
    [METHOD_change_refused] = handle_change_refused,
    [METHOD_message_redeliver] = handle_message_redeliver,
    [METHOD_message_list] = handle_message_list,
    [METHOD_events_read] = handle_events_read,
    [METHOD_events_subscribe] = handle_events_subscribe,
    [METHOD_events_unsubscribe] = handle_events_unsubscribe,
    [METHOD_session_share] = handle_session_share,
    [METHOD_session_transfer] = handle_session_transfer,
    [METHOD_session_shares] = handle_session_shares,
    [METHOD_team_list] = handle_team_list,
    [METHOD_node_list] = handle_node_list,
    [METHOD_node_register] = handle_node_register,
    [METHOD_node_heartbeat] = handle_node_heartbeat,
    [METHOD_node_assignments] = handle_node_assignments,
    [METHOD_node_watches] = handle_node_watches,
    [METHOD_node_drain] = handle_node_drain,
};

static handler_t *handler_of (method_id_t method)
{
    if (HANDLERS[method])
        return HANDLERS[method];
    return METHODS[method].target == TARGET_site ? handle_site_change : handle_session_change;
}

/* ---- keyed changes ---- */

/*  Whose idempotency keys these are. A run's belong to its session, so that they mean the same on another host; an
 *  unknown key is somebody too, so that enrolling twice is one enrolment. */
static const char *answer_actor (const request_t *request)
{
    if (request->header.run > 0)
        return request->header.session;
    return *request->actor ? request->actor : request->key;
}

/*  What the key of a large put stands for is known once its content was hashed. */
static bool answered_before (broker_t *broker, request_t *request)
{
    baton_status status = journal_answer (broker->journal, answer_actor (request), request->header.key,
                                          request->payload, &request->reply, &request->error);
    if (status == BATON_not_found)
        return false;
    request->deferred = !*request->payload && request_packs (request, request_content (request));
    if (request->deferred) {
        bytes_clear (&request->reply);
        request->error = (baton_error_t){0};
    } else
        request->error.status = status;
    return true;
}

/* ---- dispatch ---- */

/*  A run hands on the trace that it was started in, unless it says of another. */
static const char *trace_of (const broker_t *broker, const request_t *request)
{
    entry_t *entry = NULL;
    if (trace_valid (request->header.trace))
        return request->header.trace;
    if (request->header.run == 0 ||
        cache_get (journal_cache (broker->journal), request->header.session, &entry, NULL) != BATON_OK ||
        entry->state.run.number != request->header.run)
        return NULL;
    return entry->state.run.trace;
}

command_t command_of (const broker_t *broker, const request_t *request)
{
    return (command_t){
        .method = request->method,
        .request = request->params,
        .now = broker->now,
        .actor = *request->actor ? request->actor : NULL,
        .role = request->role,
        .access = request->access,
        .trace = trace_of (broker, request),
        .run = request->header.run,
        .epoch = request->header.epoch,
        .if_n = request->header.if_n,
        .prepared = request->prepared,
        .fence = request->header.fence,
    };
}

baton_status session_of (broker_t *broker, const request_t *request, const session_t **ret_state, baton_error_t *error)
{
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), request_session (request), &entry, error);
    if (status == BATON_OK)
        *ret_state = &entry->state;
    return status;
}

bool dispatch_ready (broker_t *broker, const request_t *request)
{
    entry_t *entry = NULL;
    const char *session = request_session (request);
    return !session || cache_get (journal_cache (broker->journal), session, &entry, NULL) != BATON_OK ||
           entry->state.n > request->header.past;
}

/*  The reply record of a read that goes on at the reader stays with the request. A change that has to read first begins
 *  anew when that is done. */
static void run_handler (broker_t *broker, request_t *request)
{
    const method_row_t *row = &METHODS[request->method];
    void *reply = calloc (1, row->reply->size + 1);
    request->later = NULL;
    if (!reply) {
        baton_fail_memory (&request->error);
        return;
    }
    request->error.status = handler_of (request->method) (broker, request, reply, &request->error);
    request->deferred = request->deferred || (request->error.status == BATON_OK && (request->later || request->packs));
    if (request->deferred && request->later && !row->change) {
        request->answer = reply;
        return;
    }
    if (!request->deferred)
        request->later = NULL;
    if (request->error.status == BATON_OK && !request->deferred)
        request_reply (request, reply);
    record_clear (row->reply, reply);
    free (reply);
}

static void decide (broker_t *broker, request_t *request)
{
    const method_row_t *row = &METHODS[request->method];
    bytes_clear (&request->reply);
    bytes_clear (&request->remembered);
    request->deferred = false;
    request->packs = NULL;
    if (request->method == METHOD_none || request->error.status != BATON_OK)
        return; /*  it could not be read, and says so */
    bool keyed = row->change && request->header.key;
    request->error.status = authorise (broker, request, &request->error);
    if (request->error.status != BATON_OK || (keyed && answered_before (broker, request)))
        return;
    if (!row->change && request->header.past > 0 && broker->monotonic < request->arrived + request->header.timeout &&
        !dispatch_ready (broker, request)) {
        request->deferred = true;
        return;
    }
    run_handler (broker, request);
    if (request->error.status == BATON_OK && !request->deferred && keyed &&
        journal_note_answer (broker->journal, answer_actor (request), request->header.key, request->payload,
                             broker->now,
                             request->remembered.size > 0 ? &request->remembered : &request->reply) != BATON_OK)
        request->error.status = baton_fail_memory (&request->error);
    /*  It may have been applied in part, or without its answer. */
    if (row->change && request->error.status != BATON_OK && request->error.reason == BATON_REASON_out_of_memory)
        journal_spoil (broker->journal);
}

void dispatch (broker_t *broker, request_t *request)
{
    decide (broker, request);
    if (!request->deferred)
        import_ended (broker, request);
}

/*  As before it was dispatched first. */
static void begin_anew (request_t *request)
{
    request->answered = false;
    request->error = (baton_error_t){0};
    request->relay = 0;
    free (request->answer);
    request->answer = NULL;
}

bool dispatch_still (broker_t *broker, request_t *request)
{
    viewer_t before = request->viewer;
    baton_error_t error = {0};
    baton_status status = authorise (broker, request, &error);
    if (status != BATON_OK) {
        request->error = error;
        request->error.status = status;
        return true;
    }
    if (METHODS[request->method].change || viewer_equal (&before, &request->viewer))
        return true;
    begin_anew (request);
    return false;
}
