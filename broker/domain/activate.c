/*  What begins a run: now, behind the one that is under way, or when those have ended that the session depends on. */
#include "deciding.h"

static size_t bytes_with (const session_t *self, const baton_bytes_t *input)
{
    return input && input->size > 0 ? session_waiting_bytes (self) + input->size : 0;
}

static baton_status check_room (const deciding_t *deciding, const baton_bytes_t *input)
{
    const session_t *self = deciding->self;
    size_t bytes = bytes_with (self, input);
    if (self->queue.count >= LIMIT_QUEUE)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_busy,
                           "%d starts of session %s wait already", LIMIT_QUEUE, self->session);
    if (bytes > LIMIT_WAITING_BYTES)
        return session_refuse_waiting (self, bytes, "give a shorter input, or wait until the starts before have begun",
                                       deciding->error);
    return BATON_OK;
}

/*  The run waits until those have ended that it depends on; when one of them has failed, nothing but an operator helps.
 *  What wakes it while there is no room for another start is one with those that wait; who asks for one is refused
 *  before. */
static void start_after_others (deciding_t *deciding, cause_e cause, const baton_bytes_t *input)
{
    const session_t *self = deciding->self;
    bool failed = dependency_failed (self);
    if (failed && (self->state != lifecycle_suspended || self->cause != cause_dependency_failed))
        emit (deciding, EVENT_session_suspended, &(session_suspended_event_t){.cause = cause_dependency_failed});
    if (failed)
        return;
    if (self->state != lifecycle_sleeping || self->cause != cause_waiting || self->wake_at || self->wake_on_message)
        emit (deciding, EVENT_session_slept, &(session_slept_event_t){.cause = cause_waiting});
    if (self->queue.count + deciding->enqueued < LIMIT_QUEUE && bytes_with (self, input) <= LIMIT_WAITING_BYTES)
        emit (deciding, EVENT_start_enqueued,
              &(start_enqueued_event_t){.input = input ? *input : (baton_bytes_t){0}, .cause = cause});
}

void session_wake (deciding_t *deciding, cause_e cause, const baton_bytes_t *input)
{
    deciding->woken = true;
    if (dependency_awaited (deciding) || dependency_failed (deciding->self)) {
        start_after_others (deciding, cause, input);
        return;
    }
    emit (deciding, EVENT_session_activated, &(session_activated_event_t){.cause = cause});
    run_begin (deciding, input);
}

static baton_status start_later (deciding_t *deciding, multitask_e strategy)
{
    const session_t *self = deciding->self;
    const session_activate_request_t *request = deciding->command->request;
    bool first = strategy != multitask_enqueue;
    baton_status status = check_room (deciding, &request->input);
    if (status != BATON_OK)
        return status;
    if (strategy == multitask_rollback && window_span_count (&self->before.window) + 2 > LIMIT_SPANS)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the context of session %s is in %d pieces: compact or clear it before a run is rolled back",
                           self->session, LIMIT_SPANS);
    emit (deciding, EVENT_start_enqueued,
          &(start_enqueued_event_t){.input = request->input, .cause = cause_activated, .first = first});
    if (self->run.phase == run_phase_queued && first) {
        run_finish_unplaced (deciding);
        emit (deciding, EVENT_start_dequeued, &(start_dequeued_event_t){});
        run_begin (deciding, &request->input);
    } else if (first)
        run_stop (deciding, &(run_stopping_event_t){
                                .stop = stop_interrupt, .restart = true, .rollback = strategy == multitask_rollback});
    else if (self->run.phase == run_phase_stopping)
        run_stop (deciding, &(run_stopping_event_t){.stop = self->run.stop, .restart = true});
    return BATON_OK;
}

/*  Explicit, because the workspace may hold work that is nowhere else. */
static void abandon_workspace (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    if (self->home || self->lease.node || self->origin.session || self->carried > 0)
        emit (deciding, EVENT_lease_moved, &(lease_moved_event_t){.epoch = self->lease.epoch + 1, .abandon = true});
}

static baton_status refuse_failed (deciding_t *deciding, const dependency_t *failed)
{
    return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_dependency_failed,
                       "session %s depends on session %s, which has ended without reaching its objective (%s)",
                       deciding->self->session, failed->session, enum_name (&cause_names, failed->ended));
}

baton_status decide_session_activate (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const session_activate_request_t *request = deciding->command->request;
    bool waits = self->state == lifecycle_running && self->run.phase == run_phase_queued;
    if (request->abandon_workspace && self->migrating)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_migrating,
                           "session %s is on its way to %s: its workspace can't be given up now", self->session,
                           self->migration.target);
    if (request->abandon_workspace && (waits || self->state != lifecycle_running))
        abandon_workspace (deciding);
    if (request->abandon_workspace && waits) {
        deciding->changed.run = self->run.number;
        return BATON_OK;
    }
    if (self->state != lifecycle_running && dependency_failed (self))
        return refuse_failed (deciding, dependency_failed (self));
    baton_status status = budget_refuse_run (deciding);
    if (status != BATON_OK)
        return status;
    if (self->state != lifecycle_running) {
        status = dependency_awaited (deciding) ? check_room (deciding, &request->input) : BATON_OK;
        if (status == BATON_OK)
            session_wake (deciding, cause_activated, &request->input);
        return status;
    }
    multitask_e strategy = request->multitask_strategy ? request->multitask_strategy : self->multitask;
    deciding->changed.run = self->run.number;
    if (strategy == multitask_none || strategy == multitask_reject)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_run_active,
                           "run %llu of session %s is under way (%s)", (unsigned long long) self->run.number,
                           self->session, enum_name (&run_phase_names, self->run.phase));
    return start_later (deciding, strategy);
}

baton_status evolve_session_activated (session_t *self, const event_t *event)
{
    const session_activated_event_t *body = event->body;
    session_clear_wake (self);
    self->state = lifecycle_running;
    self->cause = body->cause;
    return BATON_OK;
}
