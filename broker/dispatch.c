#include "handlers.h"

#include "id.h"

#include <stdlib.h>
#include <string.h>

handler_t *const HANDLERS[METHOD_COUNT] = {
    [METHOD_site_about] = handle_site_about,
    [METHOD_identity_invite] = handle_identity_invite,
    [METHOD_identity_enroll] = handle_identity_enroll,
    [METHOD_identity_list] = handle_identity_list,
    [METHOD_session_create] = handle_session_create,
    [METHOD_session_spawn] = handle_session_spawn,
    [METHOD_session_children] = handle_session_children,
    [METHOD_session_cancel] = handle_session_cancel,
    [METHOD_session_list] = handle_session_list,
    [METHOD_session_resolve] = handle_session_resolve,
    [METHOD_session_show] = handle_session_show,
    [METHOD_session_snapshot] = handle_session_snapshot,
    [METHOD_session_log] = handle_session_log,
    [METHOD_session_fork] = handle_session_fork,
    [METHOD_session_migrate] = handle_session_migrate,
    [METHOD_trigger_add] = handle_trigger_add,
    [METHOD_trigger_list] = handle_trigger_list,
    [METHOD_trigger_fire] = handle_trigger_fire,
    [METHOD_run_list] = handle_run_list,
    [METHOD_run_logs] = handle_run_logs,
    [METHOD_item_list] = handle_item_list,
    [METHOD_memory_get] = handle_memory_get,
    [METHOD_memory_list] = handle_memory_list,
    [METHOD_session_clients] = handle_session_clients,
    [METHOD_decision_list] = handle_decision_list,
    [METHOD_decision_history] = handle_decision_history,
    [METHOD_artifact_put] = handle_artifact_put,
    [METHOD_artifact_get] = handle_artifact_get,
    [METHOD_breakpoint_ask] = handle_breakpoint_ask,
    [METHOD_breakpoint_list] = handle_breakpoint_list,
    [METHOD_breakpoint_show] = handle_breakpoint_show,
    [METHOD_message_send] = handle_message_send,
    [METHOD_message_list] = handle_message_list,
    [METHOD_events_read] = handle_events_read,
    [METHOD_events_subscribe] = handle_events_subscribe,
    [METHOD_events_unsubscribe] = handle_events_unsubscribe,
    [METHOD_node_list] = handle_node_list,
    [METHOD_node_register] = handle_node_register,
    [METHOD_node_heartbeat] = handle_node_heartbeat,
    [METHOD_node_assignments] = handle_node_assignments,
    [METHOD_node_drain] = handle_node_drain,
};

static handler_t *handler_of (method_id_t method)
{
    if (HANDLERS[method])
        return HANDLERS[method];
    return METHODS[method].target == TARGET_site ? handle_site_change : handle_session_change;
}

/* ---- who may ---- */

static baton_status identify (broker_t *broker, request_t *request, baton_error_t *error)
{
    const identity_t *identity = site_identity_of_key (journal_site (broker->journal), request->key);
    if (identity && identity->revoked_at == 0) {
        strcpy (request->actor, identity->name); /*  both LIMIT_NAME */
        request->role = identity->role;
        return BATON_OK;
    }
    if (METHODS[request->method].access == ACCESS_open)
        return BATON_OK;
    if (identity)
        return baton_fail (error, BATON_unauthenticated, BATON_REASON_revoked, "the identity %s was revoked",
                           identity->name);
    return baton_fail (error, BATON_unauthenticated, BATON_REASON_unknown_key, "this key belongs to no identity");
}

static baton_status not_allowed (const request_t *request, baton_error_t *error)
{
    return baton_fail (error, BATON_permission_denied, BATON_REASON_not_allowed,
                       "%s has the role %s, which may not do %s", request->actor,
                       enum_name (&role_names, request->role), METHODS[request->method].name);
}

/*  A run may look at the children of its session, where the method says so. */
static bool is_child (broker_t *broker, const request_t *request, const char *session)
{
    entry_t *entry = NULL;
    return METHODS[request->method].inside == INSIDE_kin &&
           cache_get (journal_cache (broker->journal), session, &entry, NULL) == BATON_OK &&
           text_equal (entry->state.parent, request->header.session);
}

/*  A node speaks for a run: only what runs may do, and only to the run's own session. Whether the node holds that
 *  session, and under which epoch, is the domain's to say for changes; reads are checked here. */
static baton_status authorise_run (broker_t *broker, const request_t *request, baton_error_t *error)
{
    const char *session = request_session (request);
    if (!METHODS[request->method].inside)
        return baton_fail (error, BATON_permission_denied, BATON_REASON_not_allowed,
                           "%s cannot be done from inside a run", METHODS[request->method].name);
    if (!request->header.session ||
        (session && strcmp (session, request->header.session) != 0 && !is_child (broker, request, session)))
        return baton_fail (error, BATON_permission_denied, BATON_REASON_not_your_session,
                           "a run of session %s may not touch session %s",
                           request->header.session ? request->header.session : "?", session ? session : "?");
    if (METHODS[request->method].change || !session)
        return BATON_OK;
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), request->header.session, &entry, error);
    if (status == BATON_OK &&
        (!text_equal (entry->state.lease.node, request->actor) || entry->state.lease.epoch != request->header.epoch))
        status = baton_fail (error, BATON_aborted, BATON_REASON_stale_epoch, "node %s no longer holds session %s",
                             request->actor, entry->id);
    return status;
}

/*  A node for itself: reads of sessions that it holds, is to receive, or had to do with last. */
static baton_status authorise_node_read (broker_t *broker, const request_t *request, baton_error_t *error)
{
    const char *session = request_session (request);
    entry_t *entry = NULL;
    if (!session)
        return request->method == METHOD_events_subscribe || request->method == METHOD_events_unsubscribe
                   ? BATON_OK /*  it is sent only what concerns it */
                   : not_allowed (request, error);
    baton_status status = cache_get (journal_cache (broker->journal), session, &entry, error);
    if (status != BATON_OK)
        return status;
    const session_t *state = &entry->state;
    /*  A migration or run that has ended counts, too: a node that was away meanwhile must learn how, and what it may
     *  clean up. */
    bool concerned = text_equal (state->lease.node, request->actor) || text_equal (state->run.node, request->actor) ||
                     text_equal (state->migration.target, request->actor) ||
                     text_equal (state->migration.source, request->actor);
    return concerned ? BATON_OK : not_allowed (request, error);
}

static baton_status authorise (broker_t *broker, request_t *request, baton_error_t *error)
{
    baton_status status = identify (broker, request, error);
    if (status != BATON_OK)
        return status;
    role_e role = request->role;
    if (role == role_node && request->header.run > 0)
        return authorise_run (broker, request, error);
    if (role != role_node && (request->header.run > 0 || request->header.session))
        return baton_fail_field (error, BATON_permission_denied, BATON_REASON_not_allowed, "session",
                                 "only a node can speak for a run");
    switch (METHODS[request->method].access) {
    case ACCESS_open:
        return BATON_OK;
    case ACCESS_read:
        if (role == role_node)
            return authorise_node_read (broker, request, error);
        return BATON_OK;
    case ACCESS_operate:
        return role == role_operator || role == role_admin ? BATON_OK : not_allowed (request, error);
    case ACCESS_admin:
        return role == role_admin ? BATON_OK : not_allowed (request, error);
    case ACCESS_node:
        return role == role_node ? BATON_OK : not_allowed (request, error);
    case ACCESS_internal:
        break;
    }
    return not_allowed (request, error);
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

static bool answered_before (broker_t *broker, request_t *request)
{
    baton_status status = journal_answer (broker->journal, answer_actor (request), request->header.key,
                                          request->payload, &request->reply, &request->error);
    if (status == BATON_not_found)
        return false;
    request->error.status = status;
    return true;
}

/* ---- dispatch ---- */

command_t command_of (const broker_t *broker, const request_t *request)
{
    return (command_t){
        .method = request->method,
        .request = request->params,
        .now = broker->now,
        .actor = *request->actor ? request->actor : NULL,
        .role = request->role,
        .run = request->header.run,
        .epoch = request->header.epoch,
        .if_n = request->header.if_n,
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
    request->deferred = request->deferred || (request->error.status == BATON_OK && request->later);
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

void dispatch (broker_t *broker, request_t *request)
{
    const method_row_t *row = &METHODS[request->method];
    bytes_clear (&request->reply);
    request->deferred = false;
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
                             broker->now, &request->reply) != BATON_OK)
        request->error.status = baton_fail_memory (&request->error);
    /*  It may have been applied in part, or without its answer. */
    if (row->change && request->error.status != BATON_OK && request->error.reason == BATON_REASON_out_of_memory)
        journal_spoil (broker->journal);
}
