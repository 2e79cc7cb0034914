/*  The site's own journal: dispatch, and the nodes. Identities are in site_identity.c, teams in site_team.c, tokens in
 *  site_token.c. */
#include "site_internal.h"

#include <string.h>

const node_t *site_node (const site_t *self, const char *name)
{
    return keyed_find (&self->nodes, &RECORD_node, name);
}

/* ---- nodes ---- */

static bool pairs_equal (const baton_pairs_t *a, const baton_pairs_t *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = text_equal (a->items[i].key, b->items[i].key) && text_equal (a->items[i].value, b->items[i].value);
    return equal;
}

static bool texts_equal (const baton_texts_t *a, const baton_texts_t *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = text_equal (a->items[i], b->items[i]);
    return equal;
}

/*  Never less than what it takes when it is encoded. */
static size_t description_bytes (const baton_pairs_t *labels, const baton_texts_t *drivers, const char *transfer)
{
    size_t bytes = 512 + (transfer ? strlen (transfer) : 0);
    for (size_t i = 0; i < labels->count; i++)
        bytes += 8 + strlen (labels->items[i].key) + (labels->items[i].value ? strlen (labels->items[i].value) : 0);
    for (size_t i = 0; i < drivers->count; i++)
        bytes += 8 + strlen (drivers->items[i]);
    return bytes;
}

/*  Of all nodes but that one. */
static size_t described_bytes (const site_t *self, const char *except)
{
    size_t bytes = 0;
    for (size_t i = 0; i < self->nodes.count; i++) {
        const node_t *node = &self->nodes.items[i];
        if (!text_equal (node->name, except))
            bytes += description_bytes (&node->labels, &node->drivers, node->transfer);
    }
    return bytes;
}

static baton_status decide_register (site_deciding_t *deciding)
{
    const command_t *command = deciding->command;
    const node_register_request_t *request = command->request;
    const node_t *known = site_node (deciding->self, command->actor);
    if (known && known->state == node_state_up && pairs_equal (&known->labels, &request->labels) &&
        known->slots == request->slots && texts_equal (&known->drivers, &request->drivers) &&
        text_equal (known->transfer, request->transfer))
        return BATON_OK;
    if (!known && deciding->self->nodes.count >= LIMIT_NODES)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the site has %d nodes, and can't have more", LIMIT_NODES);
    if (described_bytes (deciding->self, command->actor) +
            description_bytes (&request->labels, &request->drivers, request->transfer) >
        LIMIT_NODE_BYTES)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "all nodes together describe themselves in more than %u bytes: use fewer labels",
                           LIMIT_NODE_BYTES);
    return site_emit (deciding, EVENT_node_registered,
                      &(node_registered_event_t){
                          .name = (char *) command->actor,
                          .labels = request->labels,
                          .slots = request->slots,
                          .drivers = request->drivers,
                          .transfer = request->transfer,
                      });
}

static baton_status evolve_registered (site_t *self, const event_t *event)
{
    const node_registered_event_t *body = event->body;
    node_t *node = keyed_put (&self->nodes, &RECORD_node, body->name);
    if (!node || pairs_copy (&body->labels, &node->labels) || texts_copy (&body->drivers, &node->drivers) ||
        text_set (&node->transfer, body->transfer))
        return BATON_resource_exhausted;
    node->state = node_state_up;
    node->slots = body->slots;
    node->registered_at = event->at;
    return BATON_OK;
}

static baton_status find_node (const site_deciding_t *deciding, const char *name, const node_t **ret_node)
{
    const node_t *node = site_node (deciding->self, name);
    if (!node)
        return baton_fail (deciding->error, BATON_not_found, BATON_REASON_no_such_node, "there is no node %s", name);
    *ret_node = node;
    return BATON_OK;
}

static baton_status decide_lost (site_deciding_t *deciding)
{
    const node_mark_lost_request_t *request = deciding->command->request;
    const node_t *node = NULL;
    baton_status status = find_node (deciding, request->name, &node);
    if (status != BATON_OK || node->state == node_state_lost)
        return status;
    return site_emit (deciding, EVENT_node_lost, &(node_lost_event_t){.name = request->name});
}

static baton_status evolve_lost (site_t *self, const event_t *event)
{
    const node_lost_event_t *body = event->body;
    node_t *node = keyed_find (&self->nodes, &RECORD_node, body->name);
    if (node)
        node->state = node_state_lost;
    return BATON_OK;
}

static baton_status set_draining (site_deciding_t *deciding, char *name, bool draining)
{
    const node_t *node = NULL;
    baton_status status = find_node (deciding, name, &node);
    if (status != BATON_OK || node->draining == draining)
        return status;
    return site_emit (deciding, EVENT_node_draining, &(node_draining_event_t){.name = name, .draining = draining});
}

static baton_status decide_drain (site_deciding_t *deciding)
{
    const node_drain_request_t *request = deciding->command->request;
    const node_t *node = NULL;
    if (request->dry_run)
        return find_node (deciding, request->node, &node);
    return set_draining (deciding, request->node, true);
}

static baton_status decide_undrain (site_deciding_t *deciding)
{
    const node_undrain_request_t *request = deciding->command->request;
    return set_draining (deciding, request->node, false);
}

static baton_status evolve_draining (site_t *self, const event_t *event)
{
    const node_draining_event_t *body = event->body;
    node_t *node = keyed_find (&self->nodes, &RECORD_node, body->name);
    if (node)
        node->draining = body->draining;
    return BATON_OK;
}

/* ---- dispatch ---- */

baton_status site_emit (site_deciding_t *deciding, event_kind_t kind, const void *body)
{
    void *copy = event_list_add (deciding->events, kind);
    if (!copy || record_copy (&EVENTS[kind].type, body, copy) != BATON_OK)
        return baton_fail_memory (deciding->error);
    return BATON_OK;
}

typedef baton_status site_decide_fn (site_deciding_t *deciding);
typedef baton_status site_evolve_fn (site_t *self, const event_t *event);

static site_decide_fn *const DECIDES[METHOD_COUNT] = {
    [METHOD_identity_invite] = site_decide_invite,
    [METHOD_identity_enroll] = site_decide_enroll,
    [METHOD_identity_revoke] = site_decide_revoke,
    [METHOD_identity_rekey] = site_decide_rekey,
    [METHOD_node_register] = decide_register,
    [METHOD_node_mark_lost] = decide_lost,
    [METHOD_node_drain] = decide_drain,
    [METHOD_node_undrain] = decide_undrain,
    [METHOD_team_create] = site_decide_team_create,
    [METHOD_team_delete] = site_decide_team_delete,
    [METHOD_team_add] = site_decide_team_add,
    [METHOD_team_remove] = site_decide_team_remove,
    [METHOD_token_create] = site_decide_token_create,
    [METHOD_token_revoke] = site_decide_token_revoke,
    [METHOD_console_link] = site_decide_link,
    [METHOD_console_sign_in] = site_decide_sign_in,
    [METHOD_console_sign_out] = site_decide_sign_out,
};

static site_evolve_fn *const EVOLVES[EVENT_COUNT] = {
    [EVENT_site_created] = site_evolve_created,
    [EVENT_identity_invited] = site_evolve_invited,
    [EVENT_identity_enrolled] = site_evolve_enrolled,
    [EVENT_identity_revoked] = site_evolve_revoked,
    [EVENT_identity_rekeyed] = site_evolve_rekeyed,
    [EVENT_node_registered] = evolve_registered,
    [EVENT_node_lost] = evolve_lost,
    [EVENT_node_draining] = evolve_draining,
    [EVENT_team_created] = site_evolve_team_created,
    [EVENT_team_deleted] = site_evolve_team_deleted,
    [EVENT_team_joined] = site_evolve_team_joined,
    [EVENT_team_left] = site_evolve_team_left,
    [EVENT_token_created] = site_evolve_token_created,
    [EVENT_token_revoked] = site_evolve_token_revoked,
};

baton_status site_decide (const site_t *self, const command_t *command, event_list_t *ret_events, baton_error_t *error)
{
    size_t before = ret_events->count;
    site_deciding_t deciding = {.self = self, .command = command, .events = ret_events, .error = error};
    site_decide_fn *decide = DECIDES[command->method];
    if (!decide)
        return baton_fail (error, BATON_internal, BATON_REASON_bug, "%s is not the site's to decide",
                           METHODS[command->method].name);
    if (command->if_n != 0 && command->if_n != self->n)
        return baton_fail_field (error, BATON_aborted, BATON_REASON_version_mismatch, "if_n",
                                 "the journal of the site stands at n %llu, not at %llu", (unsigned long long) self->n,
                                 (unsigned long long) command->if_n);
    baton_status status = decide (&deciding);
    while (status != BATON_OK && ret_events->count > before)
        event_clear (&ret_events->items[--ret_events->count]);
    return status;
}

baton_status site_evolve (site_t *self, const event_t *event)
{
    site_evolve_fn *evolve = EVOLVES[event->kind];
    if (evolve && evolve (self, event) != BATON_OK)
        return BATON_resource_exhausted;
    self->n = event->n;
    return BATON_OK;
}
