/*  Forks: a session that goes on from another's position. */
#include "deciding.h"
#include "lineage.h"

#include <string.h>

/*  What a fork inherits: what the session knows and is meant for. The rest belongs to one life (runs, nodes, mail,
 *  questions, whoever is there) and begins anew. A test knows both lists, and fails for a field that is in neither. */
static const char *const INHERITED[] = {
    "session", "n",         "title",     "objective", "agent",     "priority", "labels",   "depth",
    "lineage", "ancestors", "workspace", "bindings",  "driver",    "node",     "selector", "multitask",
    "items",   "tokens",    "memory",    "decisions", "artifacts", "window",
};

bool fork_inherits (const char *field)
{
    for (size_t i = 0; i < sizeof INHERITED / sizeof *INHERITED; i++)
        if (strcmp (INHERITED[i], field) == 0)
            return true;
    return false;
}

static baton_status inherit (const session_t *source, session_t *ret_state)
{
    for (const field_t *field = RECORD_session.fields (); field->name; field++)
        if (fork_inherits (field->name) && record_copy_field (field, source, ret_state) != BATON_OK)
            return BATON_resource_exhausted;
    ret_state->state = lifecycle_suspended;
    ret_state->cause = cause_forked;
    return BATON_OK;
}

/*  Entries say where they come from, once they are elsewhere. */
static baton_status mark_origin (session_t *self)
{
    for (size_t i = 0; i < self->memory.count; i++)
        if (!self->memory.items[i].session && text_set (&self->memory.items[i].session, self->session))
            return BATON_resource_exhausted;
    for (size_t i = 0; i < self->decisions.count; i++)
        if (!self->decisions.items[i].session && text_set (&self->decisions.items[i].session, self->session))
            return BATON_resource_exhausted;
    for (size_t i = 0; i < self->artifacts.count; i++)
        if (!self->artifacts.items[i].session && text_set (&self->artifacts.items[i].session, self->session))
            return BATON_resource_exhausted;
    return BATON_OK;
}

static baton_status check_source (const deciding_t *deciding, const session_t *source)
{
    const session_fork_request_t *request = deciding->command->request;
    unsigned long long number = source->run.number, base = source->run.base, at = source->n;
    if (run_active (&source->run) && request->at == 0)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_run_active,
                           "run %llu of session %s is under way: before it, at %llu, the session can be forked", number,
                           source->session, base);
    if (run_active (&source->run))
        return baton_fail_field (deciding->error, BATON_failed_precondition, BATON_REASON_run_active, "at",
                                 "run %llu of session %s was under way at %llu: before it, at %llu, the session can be "
                                 "forked",
                                 number, source->session, at, base);
    if (source->window.calls.count > 0)
        return baton_fail_field (deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state, "at",
                                 "the tool call %s of session %s has no result yet: append it, or fork the session at "
                                 "%llu, before the call",
                                 source->window.calls.items[0].call, source->session,
                                 (unsigned long long) source->window.calls.items[0].n - 1);
    if (request->input.size > 0 && !request->activate)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "input",
                                 "an input needs activate: it is what the first run is started with");
    line_t line = {0};
    if (line_of (source, &line) != BATON_OK)
        return baton_fail_memory (deciding->error);
    size_t count = line.count;
    line_clear (&line);
    if (count > LIMIT_LINEAGE || source->ancestors.count >= LIMIT_ANCESTORS)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "session %s stands at the end of too many forks and merges: a context comes from at most %d "
                           "stretches of journals and %d sessions",
                           source->session, LIMIT_LINEAGE, LIMIT_ANCESTORS);
    return BATON_OK;
}

static void start (deciding_t *deciding)
{
    const session_fork_request_t *request = deciding->command->request;
    char *driver = request->driver ? request->driver : deciding->command->source->driver;
    emit (deciding, EVENT_session_activated, &(session_activated_event_t){.cause = cause_activated});
    emit (deciding, EVENT_run_queued,
          &(run_queued_event_t){
              .number = 1, .driver = driver ? driver : (char *) DRIVER_DEFAULT, .input = request->input});
    deciding->changed.run = 1;
}

/*  Files are those of now, whatever the position. */
static const session_t *present_source (const deciding_t *deciding)
{
    const command_t *command = deciding->command;
    return command->present ? command->present : command->source;
}

/*  A workspace that came along and that no run has started in is at no node: the broker has it, for a copy. */
static baton_status carry_along (const session_t *source, session_t *ret_state)
{
    ret_state->carried = source->carried;
    return source->carried > 0
               ? text_set (&ret_state->carried_from, source->carried_from ? source->carried_from : source->session)
               : BATON_OK;
}

/*  Where the files come from: from the source, once it has a workspace; until then, and while it shares one, from where
 *  that comes from. Without any, there is nothing to copy. */
static baton_status find_origin (const session_t *source, fork_workspace_e how, origin_t *ret_origin)
{
    const origin_t *further = &source->origin;
    if (source->carried > 0)
        return BATON_OK;
    bool own = source->home && further->how != fork_workspace_shared;
    if (!own && !further->session && !source->workspace)
        return BATON_OK;
    bool chained = !own && further->session;
    ret_origin->how = how;
    return text_set (&ret_origin->session, chained ? further->session : source->session) ||
                   text_set (&ret_origin->workspace, chained ? further->workspace : source->workspace)
               ? BATON_resource_exhausted
               : BATON_OK;
}

/*  A copy leaves the source's workspace alone; anything else works in it. */
static baton_status check_workspace (const deciding_t *deciding, const session_t *source)
{
    const session_fork_request_t *request = deciding->command->request;
    bool copies = request->workspace == fork_workspace_none || request->workspace == fork_workspace_copy;
    if (!copies && present_source (deciding)->carried > 0)
        return baton_fail_field (
            deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state, "workspace",
            "the workspace of session %s came along when it was imported, and is at no node before "
            "its first run here: fork it then, or with a copy",
            source->session);
    if (copies || deciding->command->access >= access_edit)
        return BATON_OK;
    return baton_fail_field (deciding->error, BATON_permission_denied, BATON_REASON_no_access, "workspace",
                             "a fork that works in the workspace of session %s needs edit access to it: take a copy",
                             source->session);
}

/*  Decided by the session that is about to be; the other one is the command's source. */
baton_status decide_session_fork (deciding_t *deciding)
{
    const session_fork_request_t *request = deciding->command->request;
    const session_t *source = deciding->command->source;
    if (!source || source->state == lifecycle_none)
        return baton_fail (deciding->error, BATON_not_found, BATON_REASON_no_such_session, "there is no such session");
    baton_status status = check_source (deciding, source);
    if (status != BATON_OK)
        return status;
    status = check_workspace (deciding, source);
    if (status != BATON_OK)
        return status;
    const session_t *present = present_source (deciding);
    session_forked_event_t body = {.title = request->title, .workspace = request->workspace, .driver = request->driver};
    if (body.workspace == fork_workspace_none)
        body.workspace = fork_workspace_copy;
    if (inherit (source, &body.state) != BATON_OK ||
        audience_inherit (deciding->command, source, &body.state.audience) != BATON_OK ||
        find_origin (present, body.workspace, &body.state.origin) != BATON_OK ||
        carry_along (present, &body.state) != BATON_OK ||
        (deciding->command->role == role_node && text_set (&body.state.stem, session_stem (source)) != BATON_OK))
        deciding->out_of_memory = true;
    emit (deciding, EVENT_session_forked, &body);
    record_clear (&RECORD_session, &body.state);
    if (request->activate)
        start (deciding);
    return BATON_OK;
}

static baton_status become (session_t *self, const event_t *event)
{
    const session_forked_event_t *body = event->body;
    if ((self->session && (mark_origin (self) || lineage_inherit (self))) ||
        text_set (&self->forked_from.session, self->session) || text_set (&self->session, event->session) ||
        text_set (&self->title, body->title) || text_set (&self->created_by, event->actor) ||
        text_set (&self->workspace, NULL) || (body->driver && text_set (&self->driver, body->driver)))
        return BATON_resource_exhausted;
    self->forked_from.n = self->n;
    self->forked_from.workspace = body->workspace;
    self->created_at = event->at;
    self->n = 0;
    return BATON_OK;
}

baton_status evolve_session_forked (session_t *self, const event_t *event)
{
    const session_forked_event_t *body = event->body;
    session_t state = {0};
    if (record_copy (&RECORD_session, &body->state, &state) || become (&state, event)) {
        record_clear (&RECORD_session, &state);
        return BATON_resource_exhausted;
    }
    record_clear (&RECORD_session, self);
    *self = state;
    return BATON_OK;
}

baton_status decide_session_branch (deciding_t *deciding)
{
    const session_branch_request_t *request = deciding->command->request;
    emit (deciding, EVENT_session_branched,
          &(session_branched_event_t){.fork = request->fork, .at = request->at, .title = request->title});
    return BATON_OK;
}

baton_status evolve_session_branched (session_t *self, const event_t *event)
{
    (void) event;
    self->forks++;
    return BATON_OK;
}
