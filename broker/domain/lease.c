/*  The right to run a session: which node has it, and since which epoch. */
#include "deciding.h"

static baton_status refuse_stale (const deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const command_t *command = deciding->command;
    return baton_fail (deciding->error, BATON_aborted, BATON_REASON_stale_epoch,
                       "%s speaks for session %s under epoch %llu; now %s holds it under epoch %llu",
                       command->actor ? command->actor : "nobody", self->session, (unsigned long long) command->epoch,
                       self->lease.node ? self->lease.node : "no node", (unsigned long long) self->lease.epoch);
}

static bool holds_lease (const session_t *self, const command_t *command)
{
    return self->lease.node && command->actor && text_equal (self->lease.node, command->actor) &&
           command->epoch == self->lease.epoch;
}

/*  The target of a migration reports before it has any right: decide_migration_… checks who it is. */
static bool speaks_as_target (const session_t *self, const command_t *command)
{
    bool before_right = command->method == METHOD_migration_prepared || command->method == METHOD_migration_accepted ||
                        command->method == METHOD_migration_failed;
    return before_right && command->actor && text_equal (command->actor, self->migration.target);
}

bool session_concerns (const session_t *self, const char *node)
{
    return text_equal (self->lease.node, node) || text_equal (self->run.node, node) || text_equal (self->home, node) ||
           text_equal (self->migration.target, node) || text_equal (self->migration.source, node);
}

/*  What a node finds refused, it often does because it has no right any more: what it still has to say is heard. */
static bool speaks_of_refusal (const session_t *self, const command_t *command)
{
    return command->method == METHOD_change_refused && command->actor && session_concerns (self, command->actor);
}

baton_status lease_check_node (deciding_t *deciding)
{
    const command_t *command = deciding->command;
    if (METHODS[command->method].access != ACCESS_node || speaks_as_target (deciding->self, command) ||
        speaks_of_refusal (deciding->self, command) || holds_lease (deciding->self, command))
        return BATON_OK;
    return refuse_stale (deciding);
}

baton_status lease_check_run (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const command_t *command = deciding->command;
    if (command->run == 0 || METHODS[command->method].access == ACCESS_node)
        return BATON_OK;
    if (!holds_lease (self, command))
        return refuse_stale (deciding);
    if (run_active (&self->run) && self->run.number == command->run)
        return BATON_OK;
    return baton_fail (deciding->error, BATON_aborted, BATON_REASON_stale_epoch,
                       "run %llu of session %s is not under way any more", (unsigned long long) command->run,
                       self->session);
}

void lease_move (deciding_t *deciding, const char *node)
{
    uint64_t epoch = deciding->self->lease.epoch + 1;
    emit (deciding, EVENT_lease_moved, &(lease_moved_event_t){.node = (char *) node, .epoch = epoch});
    deciding->changed.epoch = epoch;
}

baton_status evolve_lease_moved (session_t *self, const event_t *event)
{
    const lease_moved_event_t *body = event->body;
    self->lease.epoch = body->epoch;
    if (body->abandon && (text_set (&self->home, NULL) || text_set (&self->folder, NULL)))
        return BATON_resource_exhausted;
    if (body->abandon) {
        record_clear (&RECORD_origin, &self->origin);
        session_forget_carried (self);
    }
    return text_set (&self->lease.node, body->node);
}

/* ---- place and fence ---- */

baton_status decide_session_place (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const session_place_request_t *request = deciding->command->request;
    if (self->migrating)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_migrating,
                           "session %s is on its way to %s", self->session, self->migration.target);
    if (self->run.phase != run_phase_queued)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "run %llu of session %s is %s: it waits for no node", (unsigned long long) self->run.number,
                           self->session, enum_name (&run_phase_names, self->run.phase));
    deciding->changed.run = self->run.number;
    deciding->changed.epoch = self->lease.epoch;
    if (!text_equal (self->lease.node, request->node))
        lease_move (deciding, request->node);
    emit (deciding, EVENT_run_placed, &(run_placed_event_t){.number = self->run.number, .node = request->node});
    return BATON_OK;
}

/*  Somebody has to look at its files while it sleeps. */
baton_status decide_session_host (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const session_host_request_t *request = deciding->command->request;
    if (session_watches (self) && !self->lease.node && !run_active (&self->run))
        lease_move (deciding, request->node);
    return BATON_OK;
}

/*  A run that no node has begun keeps waiting; any other is lost with its node. */
static void lose (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    bool lost = run_placed (&self->run);
    if (lost) {
        run_finish (deciding, &(run_finished_event_t){.number = self->run.number,
                                                      .outcome = run_outcome_lost,
                                                      .detail = (char *) "its node was lost"});
        run_undo (deciding);
        deciding->changed.run = self->run.number;
    }
    lease_move (deciding, NULL);
    if (lost)
        emit (deciding, EVENT_session_suspended, &(session_suspended_event_t){.cause = cause_node_lost});
}

baton_status decide_session_fence (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const session_fence_request_t *request = deciding->command->request;
    bool owner = self->lease.node && text_equal (self->lease.node, request->node);
    bool target = self->migrating && text_equal (self->migration.target, request->node);
    if (target)
        migration_end (deciding, "the target was lost");
    else if (self->migrating && owner)
        migration_end (deciding, "the source was lost");
    if (owner)
        lose (deciding);
    return BATON_OK;
}
