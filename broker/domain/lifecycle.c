/*  Suspend, sleep, interrupt, complete, cancel. To activate is in activate.c. */
#include "deciding.h"

/* ---- suspend, sleep, interrupt ---- */

void session_clear_wake (session_t *self)
{
    self->wake_at = 0;
    self->wake_on_message = false;
    self->wake_on_family = false;
}

baton_status decide_session_suspend (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    if (self->state == lifecycle_running) {
        deciding->changed.run = self->run.number;
        if (run_placed (&self->run)) {
            run_stop (deciding, &(run_stopping_event_t){.stop = stop_suspend});
            return BATON_OK;
        }
        run_finish_unplaced (deciding);
    }
    emit (deciding, EVENT_session_suspended, &(session_suspended_event_t){.cause = cause_requested});
    return BATON_OK;
}

baton_status decide_session_interrupt (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    deciding->changed.run = self->run.number;
    if (run_placed (&self->run)) {
        run_stop (deciding, &(run_stopping_event_t){.stop = stop_interrupt});
        return BATON_OK;
    }
    run_finish_unplaced (deciding);
    emit (deciding, EVENT_session_suspended, &(session_suspended_event_t){.cause = cause_interrupted});
    return BATON_OK;
}

baton_status decide_session_sleep (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const session_sleep_request_t *request = deciding->command->request;
    if (request->on_children && !family_alive (self) && !family_has_news (self))
        return baton_fail_field (deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state, "on_children",
                                 "session %s has no child that goes on: there is no end to wait for", self->session);
    if (self->state == lifecycle_running) {
        deciding->changed.run = self->run.number;
        if (self->run.stop == stop_interrupt)
            return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state,
                               "run %llu of session %s is being interrupted: it can't be put to sleep",
                               (unsigned long long) self->run.number, self->session);
        if (run_placed (&self->run)) {
            run_stop (deciding, &(run_stopping_event_t){.stop = stop_sleep,
                                                        .wake_at = request->until,
                                                        .on_message = request->on_message,
                                                        .on_children = request->on_children});
            return BATON_OK;
        }
        run_finish_unplaced (deciding);
    }
    if (self->state != lifecycle_sleeping || self->wake_at != request->until ||
        self->wake_on_message != request->on_message || self->wake_on_family != request->on_children)
        session_fall_asleep (deciding, &(session_slept_event_t){.cause = cause_requested,
                                                                .wake_at = request->until,
                                                                .on_message = request->on_message,
                                                                .on_children = request->on_children});
    return BATON_OK;
}

/*  A message, or a firing for which a start waits, may have come while the run was being stopped. */
void session_fall_asleep (deciding_t *deciding, const session_slept_event_t *slept)
{
    const session_t *self = deciding->self;
    bool fired = false;
    for (size_t i = 0; i < self->queue.count; i++)
        fired = fired || self->queue.items[i].trigger;
    session_slept_event_t how = *slept;
    bool waits = self->queue.count > 0 && dependency_pending (self);
    if (waits)
        how.cause = cause_waiting;
    emit (deciding, EVENT_session_slept, &how);
    if (waits)
        return;
    if (fired) {
        emit (deciding, EVENT_session_activated, &(session_activated_event_t){.cause = cause_trigger});
        run_begin_waiting (deciding);
    } else if (slept->on_message && mailbox_has_news (self))
        session_wake (deciding, cause_message, NULL);
    else if (slept->on_children && family_has_news (self))
        session_wake (deciding, cause_children, NULL);
}

baton_status evolve_session_suspended (session_t *self, const event_t *event)
{
    const session_suspended_event_t *body = event->body;
    session_clear_wake (self);
    self->state = lifecycle_suspended;
    self->cause = body->cause;
    return BATON_OK;
}

baton_status evolve_session_slept (session_t *self, const event_t *event)
{
    const session_slept_event_t *body = event->body;
    if (self->state == lifecycle_running)
        trigger_look_anew (self, event->n);
    session_clear_wake (self);
    self->state = lifecycle_sleeping;
    self->cause = body->cause;
    self->wake_at = body->wake_at;
    self->wake_on_message = body->on_message;
    self->wake_on_family = body->on_children;
    return BATON_OK;
}

/* ---- complete, cancel ---- */

void session_end (deciding_t *deciding, cause_e cause, run_outcome_e outcome, const char *detail, uint64_t except)
{
    const session_t *self = deciding->self;
    if (self->migrating)
        migration_end (deciding, "the session has ended");
    if (run_active (&self->run))
        emit (deciding, EVENT_run_finished, &(run_finished_event_t){.number = self->run.number, .outcome = outcome});
    item_end_calls (deciding, &self->window, 0, "There is no result: the session has ended.");
    for (size_t i = 0; i < self->breakpoints.count; i++) {
        const breakpoint_t *breakpoint = &self->breakpoints.items[i];
        if (breakpoint->state == breakpoint_state_open && breakpoint->number != except)
            emit (deciding, EVENT_breakpoint_cancelled, &(breakpoint_cancelled_event_t){.number = breakpoint->number});
    }
    for (size_t i = 0; i < self->queue.count; i++)
        emit (deciding, EVENT_start_dequeued, &(start_dequeued_event_t){});
    if (self->lease.node)
        lease_move (deciding, NULL);
    mailbox_take_answered (deciding);
    emit (deciding, EVENT_session_terminated, &(session_terminated_event_t){.cause = cause, .detail = (char *) detail});
}

baton_status decide_session_complete (deciding_t *deciding)
{
    const session_complete_request_t *request = deciding->command->request;
    session_end (deciding, cause_completed, run_outcome_completed, request->detail, 0);
    return BATON_OK;
}

baton_status decide_session_cancel (deciding_t *deciding)
{
    const session_cancel_request_t *request = deciding->command->request;
    if (!request->dry_run)
        session_end (deciding, cause_cancelled, run_outcome_cancelled, request->detail, 0);
    return BATON_OK;
}

baton_status evolve_session_terminated (session_t *self, const event_t *event)
{
    const session_terminated_event_t *body = event->body;
    session_clear_wake (self);
    texts_clear (&self->watchers); /*  they hear of it in this batch */
    self->state = lifecycle_terminated;
    self->cause = body->cause;
    self->ended.at = event->at;
    self->ended.run = event->run;
    if (text_set (&self->ended.by, event->actor) || text_set (&self->ended.detail, body->detail))
        return BATON_resource_exhausted;
    return mailbox_end (self, event->n);
}
