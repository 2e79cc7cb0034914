/*  Moving a session to another node, as the two nodes report it.
 *
 *    start ──> prepare ──prepared──> freeze ──frozen──> accept ──accepted──> (commit) resume ──resumed──> finished
 *                 │                     │                  │
 *                 └─────── failed, abort, a deadline, a lost node ──> aborted: the source goes on
 *
 *  Up to `accepted` the source owns the session; that report moves the lease, and from then on the target owns it. A
 *  report that is repeated, because its answer was lost, changes nothing and is answered as the first one was.
 */
#include "deciding.h"

#include <stdio.h>

bool migration_reversible (const session_t *self)
{
    return self->migrating && self->migration.step < migration_step_commit;
}

void migration_end (deciding_t *deciding, const char *detail)
{
    const migration_t *migration = &deciding->self->migration;
    emit (
        deciding, EVENT_migration_aborted,
        &(migration_aborted_event_t){.number = migration->number, .step = migration->step, .detail = (char *) detail});
}

baton_status decide_migration_start (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const migration_start_request_t *request = deciding->command->request;
    if (self->migrating)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_migrating,
                           "session %s is on its way to %s already", self->session, self->migration.target);
    if (!self->lease.node)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "session %s is on no node yet: there is nothing to move", self->session);
    if (text_equal (self->lease.node, request->target))
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "target",
                                 "session %s is on %s already", self->session, request->target);
    deciding->changed.migration = self->migration.number + 1;
    emit (deciding, EVENT_migration_started,
          &(migration_started_event_t){
              .number = self->migration.number + 1,
              .source = self->lease.node,
              .target = request->target,
              .deadline = deciding->command->now + request->patience,
              .patience = request->patience,
          });
    return BATON_OK;
}

baton_status evolve_migration_started (session_t *self, const event_t *event)
{
    const migration_started_event_t *body = event->body;
    record_clear (&RECORD_migration, &self->migration);
    self->migration.number = body->number;
    self->migration.step = migration_step_prepare;
    self->migration.started_at = event->at;
    self->migration.deadline = body->deadline;
    self->migration.patience = body->patience;
    self->migrating = true;
    if (text_set (&self->migration.source, body->source) || text_set (&self->migration.target, body->target) ||
        text_set (&self->migration.actor, event->actor))
        return BATON_resource_exhausted;
    return BATON_OK;
}

/* ---- reports ---- */

static baton_status refuse_ended (const deciding_t *deciding, uint64_t number)
{
    return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_not_migrating,
                       "migration %llu of session %s is not under way", (unsigned long long) number,
                       deciding->self->session);
}

static baton_status refuse_order (const deciding_t *deciding)
{
    const session_t *self = deciding->self;
    return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state,
                       "migration %llu of session %s is at the step %s: %s comes at another",
                       (unsigned long long) self->migration.number, self->session,
                       enum_name (&migration_step_names, self->migration.step),
                       METHODS[deciding->command->method].name);
}

static baton_status refuse_manifest (const deciding_t *deciding, const char *manifest)
{
    return baton_fail_field (deciding->error, BATON_failed_precondition, BATON_REASON_digest_mismatch, "manifest",
                             "the frozen workspace of session %s has the digest %s, not %s", deciding->self->session,
                             deciding->self->migration.manifest, manifest);
}

static uint64_t next_deadline (const deciding_t *deciding)
{
    return deciding->command->now + deciding->self->migration.patience;
}

/*  A report at `step` of migration `number`: *ret_fresh tells whether it is the one waited for, or a repeated one. A
 *  migration that has ended well still knows its reports; one that was undone knows none. */
static baton_status check_report (const deciding_t *deciding, uint64_t number, migration_step_e step, bool *ret_fresh)
{
    const session_t *self = deciding->self;
    const migration_t *migration = &self->migration;
    bool succeeded = !self->migrating && migration->step == migration_step_resume;
    if (number != migration->number || (!self->migrating && !succeeded))
        return refuse_ended (deciding, number);
    if (self->migrating && migration->step < step)
        return refuse_order (deciding);
    *ret_fresh = self->migrating && migration->step == step;
    return BATON_OK;
}

baton_status decide_migration_prepared (deciding_t *deciding)
{
    const migration_prepared_request_t *request = deciding->command->request;
    bool fresh = false;
    deciding->changed.migration = request->migration;
    if (!text_equal (deciding->command->actor, deciding->self->migration.target))
        return refuse_ended (deciding, request->migration);
    baton_status status = check_report (deciding, request->migration, migration_step_prepare, &fresh);
    if (status == BATON_OK && fresh)
        emit (deciding, EVENT_migration_prepared,
              &(migration_prepared_event_t){.number = request->migration, .deadline = next_deadline (deciding)});
    return status;
}

baton_status evolve_migration_prepared (session_t *self, const event_t *event)
{
    const migration_prepared_event_t *body = event->body;
    self->migration.step = migration_step_freeze;
    self->migration.deadline = body->deadline;
    return BATON_OK;
}

baton_status decide_migration_frozen (deciding_t *deciding)
{
    const migration_frozen_request_t *request = deciding->command->request;
    bool fresh = false;
    deciding->changed.migration = request->migration;
    baton_status status = check_report (deciding, request->migration, migration_step_freeze, &fresh);
    if (status != BATON_OK)
        return status;
    if (!fresh && !text_equal (request->manifest, deciding->self->migration.manifest))
        return refuse_manifest (deciding, request->manifest);
    if (fresh)
        emit (deciding, EVENT_migration_frozen,
              &(migration_frozen_event_t){
                  .number = request->migration, .manifest = request->manifest, .deadline = next_deadline (deciding)});
    return BATON_OK;
}

baton_status evolve_migration_frozen (session_t *self, const event_t *event)
{
    const migration_frozen_event_t *body = event->body;
    self->migration.step = migration_step_accept;
    self->migration.deadline = body->deadline;
    self->migration.frozen_at = event->at;
    return text_set (&self->migration.manifest, body->manifest);
}

/*  The commit. From here on the source is stale and the target owns the session. */
baton_status decide_migration_accepted (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const migration_accepted_request_t *request = deciding->command->request;
    bool fresh = false;
    deciding->changed.migration = request->migration;
    if (!text_equal (deciding->command->actor, self->migration.target))
        return refuse_ended (deciding, request->migration);
    baton_status status = check_report (deciding, request->migration, migration_step_accept, &fresh);
    if (status != BATON_OK)
        return status;
    if (!text_equal (request->manifest, self->migration.manifest))
        return refuse_manifest (deciding, request->manifest);
    deciding->changed.epoch = self->lease.epoch;
    if (!fresh)
        return text_equal (self->lease.node, deciding->command->actor) ? BATON_OK
                                                                       : refuse_ended (deciding, request->migration);
    lease_move (deciding, self->migration.target);
    emit (deciding, EVENT_migration_committed,
          &(migration_committed_event_t){.number = request->migration, .bytes = request->bytes});
    return BATON_OK;
}

baton_status evolve_migration_committed (session_t *self, const event_t *event)
{
    (void) event;
    self->migration.step = migration_step_resume;
    self->migration.deadline = 0;
    record_clear (&RECORD_origin, &self->origin); /*  what it shared before has come along as a copy */
    if (text_set (&self->home, self->migration.target) || text_set (&self->folder, NULL))
        return BATON_resource_exhausted;
    return run_placed (&self->run) ? text_set (&self->run.node, self->migration.target) : BATON_OK;
}

baton_status decide_migration_resumed (deciding_t *deciding)
{
    const migration_resumed_request_t *request = deciding->command->request;
    bool fresh = false;
    deciding->changed.migration = request->migration;
    baton_status status = check_report (deciding, request->migration, migration_step_resume, &fresh);
    if (status == BATON_OK && fresh)
        emit (deciding, EVENT_migration_finished,
              &(migration_finished_event_t){.number = request->migration, .folder = request->folder});
    return status;
}

baton_status evolve_migration_finished (session_t *self, const event_t *event)
{
    self->migrating = false;
    return text_set (&self->folder, ((const migration_finished_event_t *) event->body)->folder);
}

/* ---- undoing ---- */

baton_status decide_migration_failed (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const migration_failed_request_t *request = deciding->command->request;
    deciding->changed.migration = request->migration;
    if (request->migration != self->migration.number || self->migration.step >= migration_step_commit)
        return refuse_ended (deciding, request->migration);
    if (self->migrating)
        migration_end (deciding, request->detail);
    return BATON_OK;
}

baton_status decide_migration_abort (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    char detail[LIMIT_ID + 32];
    if (!migration_reversible (self))
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_not_migrating,
                           self->migrating ? "the migration of session %s is committed: it can't be undone"
                                           : "session %s is not being moved",
                           self->session);
    snprintf (detail, sizeof detail, "aborted by %s",
              deciding->command->actor ? deciding->command->actor : "the broker");
    deciding->changed.migration = self->migration.number;
    migration_end (deciding, detail);
    return BATON_OK;
}

baton_status evolve_migration_aborted (session_t *self, const event_t *event)
{
    (void) event;
    self->migrating = false;
    return BATON_OK;
}
