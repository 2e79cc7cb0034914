/*  Nodes: what they report, what they are to do, and moving sessions between them. */
#include "handlers.h"

#include "origin.h"
#include "wire.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE 60000 /*  ms that a step of a migration may take, unless given */

static const node_t *registered (broker_t *broker, const char *name)
{
    return site_node (journal_site (broker->journal), name);
}

/* ---- register, heartbeat, list ---- */

/*  Two nodes with one identity would each think that the other's runs are lost. The first one is kept for as long as it
 *  is heard of. */
static baton_status check_instance (broker_t *broker, const request_t *request, const char *instance,
                                    baton_error_t *error)
{
    const member_t *member = fleet_member (broker->fleet, request->actor);
    if (!member)
        return baton_fail_memory (error);
    if (member->heard == 0 || text_equal (member->instance, instance) ||
        !fleet_alive (broker->fleet, member, broker->monotonic, broker->options.lease_ttl))
        return BATON_OK;
    return baton_fail (error, BATON_failed_precondition, BATON_REASON_identity_in_use,
                       "another node with another state directory is %s already: it was heard of %lu ms ago",
                       request->actor, broker->monotonic - member->heard);
}

static baton_status hear (broker_t *broker, const request_t *request, const char *instance, heartbeat_t *reply,
                          baton_error_t *error)
{
    member_t *member = fleet_member (broker->fleet, request->actor);
    if (!member)
        return baton_fail_memory (error);
    snprintf (member->instance, sizeof member->instance, "%s", instance ? instance : "");
    member->peer = request->peer;
    if (member->heard == 0)
        broker->schedule = true;
    member->heard = broker->monotonic;
    member->seen_at = broker->now;
    reply->ttl = broker->options.lease_ttl;
    reply->seq = member->seq;
    reply->now = broker->now;
    reply->watches = watches_last (broker->watches, request->actor);
    return BATON_OK;
}

baton_status handle_node_register (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const char *instance = ((const node_register_request_t *) request->params)->instance;
    command_t command = command_of (broker, request);
    baton_status status = check_instance (broker, request, instance, error);
    if (status == BATON_OK)
        status = journal_decide_site (broker->journal, &command, error);
    broker->schedule = true;
    return status == BATON_OK ? hear (broker, request, instance, ret_reply, error) : status;
}

baton_status handle_node_heartbeat (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const node_heartbeat_request_t *params = request->params;
    const node_t *node = registered (broker, request->actor);
    if (!node || node->state != node_state_up)
        return baton_fail (error, BATON_not_found, BATON_REASON_no_such_node, "node %s has %s: it must register first",
                           request->actor, node ? "been given up as lost" : "not registered");
    const member_t *member = fleet_member (broker->fleet, request->actor);
    if (member && !text_equal (member->instance, params->instance))
        return baton_fail (error, BATON_not_found, BATON_REASON_no_such_node,
                           "another process has registered as node %s: this one must register first", request->actor);
    baton_status status = hear (broker, request, params->instance, ret_reply, error);
    if (status != BATON_OK)
        return status;
    member_t *heard = fleet_member (broker->fleet, request->actor);
    const record_type_t *type = &METHODS[METHOD_node_heartbeat].type;
    record_clear (type, &heard->beat);
    return record_copy (type, params, &heard->beat) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

static baton_status add_arriving (const node_heartbeat_request_t *beat, node_t *node)
{
    for (size_t i = 0; i < beat->arriving.count; i++) {
        incoming_t *incoming = list_append (&node->arriving, sizeof *incoming);
        if (!incoming || record_copy (&RECORD_incoming, &beat->arriving.items[i], incoming) != BATON_OK)
            return BATON_resource_exhausted;
    }
    return BATON_OK;
}

baton_status handle_node_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) request;
    node_page_t *page = ret_reply;
    const site_t *site = journal_site (broker->journal);
    for (size_t i = 0; i < site->nodes.count; i++) {
        const member_t *member = fleet_member (broker->fleet, site->nodes.items[i].name);
        node_t *node = list_append (&page->nodes, sizeof *node);
        if (!member || !node || record_copy (&RECORD_node, &site->nodes.items[i], node) != BATON_OK)
            return baton_fail_memory (error);
        node->seen_at = member->seen_at;
        node->active = member->occupied;
        node->free_bytes = member->beat.free_bytes;
        node->spooled = member->beat.spooled;
        node->load = member->beat.load;
        if (add_arriving (&member->beat, node) != BATON_OK)
            return baton_fail_memory (error);
    }
    return BATON_OK;
}

/* ---- assignments ---- */

static baton_status add_peer (broker_t *broker, const char *self, assignment_t *assignment)
{
    bool target = text_equal (assignment->migration.target, self);
    const char *name = target ? assignment->migration.source : assignment->migration.target;
    const node_t *peer = name ? registered (broker, name) : NULL;
    const identity_t *identity = name ? site_identity (journal_site (broker->journal), name) : NULL;
    if (!peer || !identity)
        return BATON_OK;
    if (text_set (&assignment->peer_endpoint, peer->transfer) != BATON_OK)
        return BATON_resource_exhausted;
    return text_set (&assignment->peer_key, identity->key);
}

baton_status handle_node_assignments (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    assignment_page_t *page = ret_reply;
    page->seq = store_head (broker->store);
    const char *session = NULL;
    for (size_t cursor = 0; (session = fleet_next_at (broker->fleet, request->actor, &cursor));) {
        entry_t *entry = NULL;
        assignment_t assignment = {0};
        baton_status status = cache_get (journal_cache (broker->journal), session, &entry, error);
        if (status != BATON_OK)
            return status;
        if (!session_assign (&entry->state, request->actor, &assignment))
            continue;
        /*  The fleet gives a node no more than can be said here. */
        assignment_t *slot = list_append (&page->assignments, sizeof *slot);
        if (!slot || add_peer (broker, request->actor, &assignment) != BATON_OK) {
            record_clear (&RECORD_assignment, &assignment);
            return baton_fail_memory (error);
        }
        *slot = assignment;
    }
    return BATON_OK;
}

/* ---- migrate, drain ---- */

static baton_status add_checks (broker_t *broker, const session_t *session, const node_t *node, migration_plan_t *plan,
                                baton_error_t *error)
{
    baton_status first = BATON_OK;
    for (size_t i = 0;; i++) {
        check_t check = {0};
        if (!fleet_check (broker->fleet, node, session, i, broker->monotonic, broker->options.lease_ttl, &check)) {
            record_clear (&RECORD_check, &check);
            return first;
        }
        check_t *slot = list_append (&plan->checks, sizeof *slot);
        if (!slot) {
            record_clear (&RECORD_check, &check);
            return baton_fail_memory (error);
        }
        *slot = check;
        if (!check.ok && first == BATON_OK)
            first = baton_fail_field (error, BATON_failed_precondition, BATON_REASON_no_room, "to",
                                      "session %s cannot move to %s: %s", session->session, node->name, check.detail);
    }
}

/*  Finds the target of a migration and says for each condition whether it holds. */
static baton_status plan_migration (broker_t *broker, const session_t *session, const char *to, migration_plan_t *plan,
                                    baton_error_t *error)
{
    char why[LIMIT_SHORT] = "";
    const char *source = session->lease.node;
    if (!source)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "session %s is at no node yet: there is nothing to move", session->session);
    const session_t *guest = origin_guest (broker, session);
    if (guest)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_run_active,
                           "run %lu of session %s, a fork, works in the workspace of session %s, which can't leave it "
                           "behind",
                           guest->run.number, guest->session, session->session);
    const node_t *target = to ? registered (broker, to)
                              : fleet_choose (broker->fleet, journal_site (broker->journal), session, source,
                                              broker->monotonic, broker->options.lease_ttl, why, sizeof why);
    if (!target && to)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_node, "to", "there is no node %s", to);
    if (!target)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_no_room, "no node can take session %s: %s",
                           session->session, why);
    plan->n = session->n;
    if (text_set (&plan->session, session->session) != BATON_OK || text_set (&plan->source, source) != BATON_OK ||
        text_set (&plan->target, target->name) != BATON_OK)
        return baton_fail_memory (error);
    return add_checks (broker, session, target, plan, error);
}

static baton_status start_migration (broker_t *broker, command_t command, const migration_plan_t *plan,
                                     uint64_t patience, uint64_t *ret_number, baton_error_t *error)
{
    migration_start_request_t start = {
        .session = plan->session, .target = plan->target, .patience = patience ? patience : PATIENCE};
    changed_t changed = {0};
    command.method = METHOD_migration_start;
    command.request = &start;
    baton_status status = journal_decide (broker->journal, plan->session, &command, &changed, error);
    if (status == BATON_OK)
        *ret_number = changed.migration;
    record_clear (&RECORD_changed, &changed);
    return status;
}

baton_status handle_session_migrate (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_migrate_request_t *params = request->params;
    migration_plan_t *plan = ret_reply;
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), params->session, &entry, error);
    if (status == BATON_OK)
        status = plan_migration (broker, &entry->state, params->to, plan, error);
    if (params->dry_run)
        return plan->checks.count > 0 ? BATON_OK : status; /*  the checks say what would fail */
    if (status == BATON_OK)
        status =
            start_migration (broker, command_of (broker, request), plan, params->patience, &plan->migration, error);
    if (status == BATON_OK)
        plan->n = entry->state.n;
    return status;
}

baton_status handle_node_drain (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const node_drain_request_t *params = request->params;
    drained_t *drained = ret_reply;
    if (!registered (broker, params->node))
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_node, "node", "there is no node %s",
                                 params->node);
    store_filter_t filter = {.node = params->node};
    store_projections_t rows = {0};
    baton_status status = store_list (broker->store, &filter, 0, LIMIT_PAGE, &rows, error);
    for (size_t i = 0; status == BATON_OK && i < rows.count; i++) {
        entry_t *entry = NULL;
        if (rows.items[i].row.state == lifecycle_terminated)
            continue;
        status = cache_get (journal_cache (broker->journal), rows.items[i].row.session, &entry, error);
        if (status != BATON_OK)
            break;
        bool room = fleet_choose (broker->fleet, journal_site (broker->journal), &entry->state, params->node,
                                  broker->monotonic, broker->options.lease_ttl, NULL, 0);
        audience_t audience = session_audience (&entry->state);
        if (access_of (&request->viewer, &audience) == access_none)
            continue; /*  it moves with the others, and is nobody's to know who may not view it */
        if (texts_add (room ? &drained->moving : &drained->staying, entry->id) != BATON_OK)
            status = baton_fail_memory (error);
    }
    store_projections_clear (&rows);
    if (status == BATON_OK && text_set (&drained->node, params->node) != BATON_OK)
        status = baton_fail_memory (error);
    if (status != BATON_OK || params->dry_run)
        return status;
    /*  The migrations themselves are started by the server, a few at a time, until nothing is left at the node. */
    command_t command = command_of (broker, request);
    broker->schedule = true;
    return journal_decide_site (broker->journal, &command, error);
}

/* ---- relayed to the node ---- */

baton_status relay_to_node (broker_t *broker, request_t *request, const char *node, const record_type_t *type,
                            const void *record, baton_error_t *error)
{
    baton_status status = BATON_OK;
    member_t *member = fleet_member (broker->fleet, node);
    if (!member || member->heard == 0 ||
        !fleet_alive (broker->fleet, member, broker->monotonic, broker->options.lease_ttl))
        return baton_fail (error, BATON_unavailable, BATON_REASON_node_away,
                           "%s is answered by node %s, which is not heard of", METHODS[request->method].name, node);
    request_header_t header = {.id = ++broker->last_relay,
                               .method = (char *) METHODS[request->method].name,
                               .timeout = request->header.timeout};
    baton_bytes_t header_bytes = {0}, body = {0};
    if (record_encode (&RECORD_request_header, &header, &header_bytes) != BATON_OK ||
        record_encode (type, record, &body) != BATON_OK)
        status = baton_fail_memory (error);
    else if (frontend_send (broker->frontend, &member->peer, WIRE_REQUEST, &header_bytes, &body) != SEND_ok)
        status = baton_fail (error, BATON_unavailable, BATON_REASON_node_away, "node %s cannot be reached", node);
    bytes_clear (&header_bytes);
    bytes_clear (&body);
    request->relay = header.id;
    request->relayed_to = member->peer;
    request->deferred = status == BATON_OK;
    return status;
}

baton_status handle_run_logs (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    run_logs_request_t *params = request->params;
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), params->session, &entry, error);
    if (status != BATON_OK)
        return status;
    const session_t *state = &entry->state;
    if (params->run == 0)
        params->run = state->run.number;
    if (params->run == 0 || params->run > state->run.number)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_run, "run", "session %s has no run %lu",
                                 params->session, params->run);
    const char *node = state->lease.node ? state->lease.node : state->run.node;
    if (!node)
        return baton_fail (error, BATON_unavailable, BATON_REASON_node_away,
                           "run %lu of session %s has not been at any node yet", params->run, params->session);
    return relay_to_node (broker, request, node, &METHODS[request->method].type, params, error);
}
