/*  session.handoff: the document is made of the synthesis, which is read first; then it is kept with the session, and a
 *  follow-up session begins with it. All of it is one batch: there is no follow-up without its handoff. */
#include "family.h"
#include "handlers.h"

#include "handoff.h"
#include "handoff_markdown.h"
#include "id.h"
#include "synthesis.h"

#include <stdlib.h>
#include <string.h>

/*  What is handed over, and by which request. Borrows. */
typedef struct {
    broker_t *broker;
    request_t *request;
    const session_t *state;
    const session_handoff_request_t *params;
    char *text; /*  owned by the handler */
    char digest[DIGEST_SIZE];
    uint64_t upto;
} handing_t;

static baton_status read_later (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    const session_handoff_request_t *params = request->params;
    return synthesis_make (store, params->session, 0, record, error);
}

static baton_status check (const session_handoff_request_t *params, baton_error_t *error)
{
    if (params->create || (!params->activate && !params->objective))
        return BATON_OK;
    return baton_fail_field (
        error, BATON_invalid_argument, BATON_REASON_missing_field, "create",
        "without a follow-up session there is nothing to activate and no objective: give its title");
}

/* ---- the follow-up session ---- */

/*  A path means the same only on the node where it was used. */
static char *node_of (const session_t *state)
{
    return state->node ? state->node : state->workspace ? state->home : NULL;
}

static session_create_request_t follow_up_of (const handing_t *self, opening_t *opening)
{
    const session_t *state = self->state;
    *opening = (opening_t){.role = item_role_user,
                           .text = self->text,
                           .source = (char *) HANDOFF_ARTIFACT,
                           .digest = (char *) self->digest,
                           .pinned = true};
    return (session_create_request_t){
        .title = self->params->create,
        .objective = self->params->objective ? self->params->objective : state->objective,
        .agent = state->agent,
        .priority = state->priority,
        .labels = state->labels,
        .workspace = state->workspace,
        .bindings = {state->bindings.count, state->bindings.items},
        .driver = state->driver,
        .node = node_of (state),
        .selector = state->selector,
        .multitask_strategy = state->multitask,
        .window = state->window.size,
        .pressure = state->window.pressure,
        .bootstrap = {1, opening},
    };
}

static baton_status give (const handing_t *self, const char *id, method_id_t method, const void *params,
                          baton_error_t *error)
{
    command_t command = command_of (self->broker, self->request);
    changed_t changed = {0};
    command.method = method;
    command.request = params;
    command.run = command.if_n = command.fence = 0; /*  all are about the other session */
    baton_status status = journal_decide (self->broker->journal, id, &command, &changed, error);
    record_clear (&RECORD_changed, &changed);
    return status;
}

/*  What the new session is told beside its creation. None of it can be refused. */
static baton_status complete (const handing_t *self, char *id, baton_error_t *error)
{
    char *from = self->params->session;
    handoff_take_request_t take = {.session = id,
                                   .predecessor = {.session = from, .n = self->upto, .digest = (char *) self->digest}};
    dependency_add_request_t depend = {.session = id, .on = from};
    session_activate_request_t activate = {.session = id};
    baton_status status = give (self, id, METHOD_handoff_take, &take, error);
    if (status == BATON_OK && self->state->state != lifecycle_terminated)
        status = give (self, id, METHOD_dependency_add, &depend, error);
    if (status == BATON_OK && self->params->activate)
        status = give (self, id, METHOD_session_activate, &activate, error);
    if (status != BATON_OK)
        journal_spoil (self->broker->journal);
    return status;
}

static baton_status put_and_create (const handing_t *self, const command_t *putting, char *id, changed_t *changed,
                                    baton_error_t *error)
{
    opening_t opening;
    session_create_request_t create = follow_up_of (self, &opening);
    command_t creating = command_of (self->broker, self->request);
    creating.method = METHOD_session_create;
    creating.request = &create;
    creating.fresh = id;
    creating.source = self->state;
    creating.run = creating.if_n = creating.fence = 0;
    baton_status status = journal_decide_two (
        self->broker->journal, (const share_t[2]){{id, &creating}, {self->params->session, putting}}, changed, error);
    return status == BATON_OK ? complete (self, id, error) : status;
}

/* ---- all together ---- */

static baton_status hand_over (const handing_t *self, handoff_t *handoff, baton_error_t *error)
{
    char id[ID_SIZE] = "";
    changed_t changed = {0};
    baton_bytes_t content = {strlen (self->text), (uint8_t *) self->text};
    if (self->params->create)
        id_new (id);
    handoff_put_request_t put = {.session = self->params->session,
                                 .digest = (char *) self->digest,
                                 .size = content.size,
                                 .upto = self->upto,
                                 .created = *id ? id : NULL};
    command_t putting = command_of (self->broker, self->request);
    putting.method = METHOD_handoff_put;
    putting.request = &put;
    baton_status status =
        *id ? put_and_create (self, &putting, id, &changed, error)
            : journal_decide (self->broker->journal, self->params->session, &putting, &changed, error);
    record_clear (&RECORD_changed, &changed);
    if (status == BATON_OK && (journal_note_blob (self->broker->journal, self->digest, &content) != BATON_OK ||
                               text_set (&handoff->created, id) != BATON_OK))
        status = baton_fail_memory (error);
    return status;
}

static baton_status answer (const handing_t *self, handoff_t *handoff, baton_error_t *error)
{
    handoff->n = self->state->n;
    handoff->size = strlen (self->text);
    if (text_set (&handoff->session, self->params->session) || text_set (&handoff->artifact, HANDOFF_ARTIFACT) ||
        text_set (&handoff->digest, self->digest) || (self->params->dry_run && text_set (&handoff->text, self->text)))
        return baton_fail_memory (error);
    return BATON_OK;
}

baton_status handle_session_handoff (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const synthesis_t *synthesis = request->prepared;
    handing_t handing = {.broker = broker, .request = request, .params = request->params};
    baton_status status = check (request->params, error);
    if (status == BATON_OK)
        status = session_of (broker, request, &handing.state, error);
    if (status == BATON_OK && handing.params->create)
        status = family_check_offshoot (broker, request, handing.state, error);
    if (status != BATON_OK)
        return status;
    if (!synthesis || synthesis->n != handing.state->n)
        return request_prepare (request, &RECORD_synthesis, read_later, error);
    handing.upto = synthesis->n;
    handing.text = handoff_markdown (synthesis, handing.params->next);
    if (!handing.text)
        return baton_fail_memory (error);
    digest_of (handing.text, strlen (handing.text), handing.digest);
    if (!handing.params->dry_run)
        status = hand_over (&handing, ret_reply, error);
    if (status == BATON_OK)
        status = answer (&handing, ret_reply, error);
    free (handing.text);
    return status;
}
