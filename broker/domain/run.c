/*  Runs: queued, placed, running, stopping, finished, and what the session does then. */
#include "deciding.h"
#include "lineage.h"

#include <stdio.h>

bool run_active (const run_t *run)
{
    return run->phase != run_phase_none && run->phase != run_phase_finished;
}

bool run_placed (const run_t *run)
{
    return run_active (run) && run->phase != run_phase_queued;
}

/* ---- beginning ---- */

/*  trace: of a start that has waited, or NULL. */
static void begin (deciding_t *deciding, const baton_bytes_t *input, char *trace)
{
    const session_t *self = deciding->self;
    uint64_t number = self->run.number + 1;
    emit (deciding, EVENT_run_queued,
          &(run_queued_event_t){
              .number = number,
              .driver = self->driver ? self->driver : (char *) DRIVER_DEFAULT,
              .input = input ? *input : (baton_bytes_t){0},
              .trace = trace,
          });
    deciding->changed.run = number;
}

void run_begin (deciding_t *deciding, const baton_bytes_t *input)
{
    begin (deciding, input, NULL);
}

void run_begin_waiting (deciding_t *deciding)
{
    emit (deciding, EVENT_start_dequeued, &(start_dequeued_event_t){});
    const start_t *start = &deciding->self->queue.items[0];
    begin (deciding, &start->input, start->trace);
}

/*  Keeps what a rollback would need: a copy, because the state can't look into the journal. */
static baton_status keep_before (session_t *self)
{
    self->before.items = self->items;
    self->before.tokens = self->tokens;
    if (list_replace (&RECORD_memory, &self->memory, &self->before.memory) ||
        list_replace (&RECORD_decision, &self->decisions, &self->before.decisions) ||
        list_replace (&RECORD_artifact, &self->artifacts, &self->before.artifacts))
        return BATON_resource_exhausted;
    self->before.place = line_next (self) - 1;
    record_clear (&RECORD_window, &self->before.window);
    return record_copy (&RECORD_window, &self->window, &self->before.window);
}

baton_status evolve_run_queued (session_t *self, const event_t *event)
{
    const run_queued_event_t *body = event->body;
    record_clear (&RECORD_run, &self->run);
    self->run.number = body->number;
    self->run.phase = run_phase_queued;
    self->run.base = event->n - 1;
    self->run.queued_at = event->at;
    budget_count_run (self);
    if (text_set (&self->run.trace, body->trace ? body->trace : event->trace) ||
        text_set (&self->run.driver, body->driver) || bytes_set (&self->run.input, body->input.data, body->input.size))
        return BATON_resource_exhausted;
    return keep_before (self);
}

baton_status evolve_start_enqueued (session_t *self, const event_t *event)
{
    const start_enqueued_event_t *body = event->body;
    start_t *start = list_append (&self->queue, sizeof *start);
    if (!start || bytes_set (&start->input, body->input.data, body->input.size) ||
        text_set (&start->actor, event->actor))
        return BATON_resource_exhausted;
    if (text_set (&start->trigger, body->trigger) != BATON_OK || text_set (&start->trace, event->trace) != BATON_OK)
        return BATON_resource_exhausted;
    start->cause = body->cause;
    for (size_t i = self->queue.count - 1; body->first && i > 0; i--) {
        start_t last = self->queue.items[i];
        self->queue.items[i] = self->queue.items[i - 1];
        self->queue.items[i - 1] = last;
    }
    return BATON_OK;
}

baton_status evolve_start_dequeued (session_t *self, const event_t *event)
{
    (void) event;
    if (self->queue.count > 0)
        list_remove (&self->queue, &RECORD_start, 0);
    return BATON_OK;
}

baton_status evolve_run_placed (session_t *self, const event_t *event)
{
    const run_placed_event_t *body = event->body;
    self->run.phase = run_phase_placed;
    return text_set (&self->run.node, body->node);
}

/* ---- what the node reports ---- */

static baton_status check_number (const deciding_t *deciding, uint64_t number)
{
    const session_t *self = deciding->self;
    if (number <= self->run.number)
        return BATON_OK;
    return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_run, "run",
                             "session %s has no run %llu", self->session, (unsigned long long) number);
}

baton_status decide_run_started (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const run_started_request_t *request = deciding->command->request;
    baton_status status = check_number (deciding, request->run);
    if (status != BATON_OK)
        return status;
    deciding->changed.run = request->run;
    if (request->run == self->run.number && run_placed (&self->run)) {
        if (request->attempt > self->run.attempt)
            emit (
                deciding, EVENT_run_started,
                &(run_started_event_t){.number = request->run, .attempt = request->attempt, .node = self->lease.node});
        return BATON_OK;
    }
    return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state,
                       "run %llu of session %s is not to be started: run %llu is %s", (unsigned long long) request->run,
                       self->session, (unsigned long long) self->run.number,
                       enum_name (&run_phase_names, self->run.phase));
}

baton_status evolve_run_started (session_t *self, const event_t *event)
{
    const run_started_event_t *body = event->body;
    self->run.phase = self->run.stop ? run_phase_stopping : run_phase_running;
    self->run.attempt = body->attempt;
    if (self->run.started_at == 0)
        self->run.started_at = event->at;
    session_forget_carried (self);
    if (text_set (&self->home, body->node))
        return BATON_resource_exhausted;
    if (self->origin.how != fork_workspace_shared)
        record_clear (&RECORD_origin, &self->origin);
    return text_set (&self->run.node, body->node);
}

static run_outcome_e outcome_of (const run_t *run, const run_finished_request_t *request)
{
    if (request->lost)
        return run_outcome_lost;
    if (run->phase == run_phase_stopping)
        return run_outcome_interrupted;
    bool unstarted = request->attempt == 0 && request->detail;
    return unstarted || request->exit_code != 0 || request->signal != 0 ? run_outcome_failed : run_outcome_completed;
}

static cause_e cause_of (const run_t *run, run_outcome_e outcome)
{
    if (outcome == run_outcome_lost)
        return cause_node_lost;
    if (run->stop == stop_suspend)
        return run->budget ? cause_budget_reached : cause_requested;
    if (run->stop == stop_interrupt)
        return cause_interrupted;
    return outcome == run_outcome_completed ? cause_run_completed : cause_run_failed;
}

/*  What becomes of the session when its run has finished: the next start, sleep, or standing still. A start that waits
 *  goes on after a run that ended by itself, or that was stopped for it; not after one that an operator stopped. A
 *  session with triggers sleeps between its runs. */
static void settle (deciding_t *deciding, run_outcome_e outcome)
{
    const session_t *self = deciding->self;
    const run_t *run = &self->run;
    bool by_itself = run->stop == stop_none && outcome != run_outcome_lost;
    run_undo (deciding);
    if (self->queue.count > 0 && (run->restart || by_itself))
        run_begin_waiting (deciding);
    else if (run->stop == stop_sleep || (by_itself && self->triggers.count > 0))
        session_fall_asleep (deciding,
                             &(session_slept_event_t){.cause = by_itself ? cause_of (run, outcome) : cause_requested,
                                                      .wake_at = self->wake_at,
                                                      .on_message = self->wake_on_message,
                                                      .on_children = self->wake_on_family});
    else
        emit (deciding, EVENT_session_suspended, &(session_suspended_event_t){.cause = cause_of (run, outcome)});
}

baton_status decide_run_finished (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const run_finished_request_t *request = deciding->command->request;
    baton_status status = check_number (deciding, request->run);
    if (status != BATON_OK)
        return status;
    deciding->changed.run = request->run;
    bool current = request->run == self->run.number && run_active (&self->run);
    bool outdated = request->attempt != 0 && request->attempt < self->run.attempt;
    if (!current || outdated)
        return BATON_OK;
    if (self->run.phase == run_phase_queued)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "run %llu of session %s was not placed yet", (unsigned long long) request->run,
                           self->session);
    run_outcome_e outcome = outcome_of (&self->run, request);
    run_finish (deciding, &(run_finished_event_t){
                              .number = request->run,
                              .outcome = outcome,
                              .exit_code = request->exit_code,
                              .signal = request->signal,
                              .detail = request->detail,
                          });
    settle (deciding, outcome);
    deciding->changed.run = request->run;
    return BATON_OK;
}

baton_status evolve_run_finished (session_t *self, const event_t *event)
{
    const run_finished_event_t *body = event->body;
    record_clear (&RECORD_before, &self->before);
    self->run.phase = run_phase_finished;
    self->run.outcome = body->outcome;
    self->run.exit_code = body->exit_code;
    self->run.signal = body->signal;
    self->run.finished_at = event->at;
    budget_count_end (self, event);
    return text_set (&self->run.detail, body->detail);
}

/* ---- stopping ---- */

void run_finish (deciding_t *deciding, const run_finished_event_t *finished)
{
    const run_t *run = &deciding->self->run;
    char why[LIMIT_SHORT];
    emit (deciding, EVENT_run_finished, finished);
    if (run->rollback)
        return;
    snprintf (why, sizeof why, "There is no result: run %llu ended first (%s).", (unsigned long long) run->number,
              enum_name (&run_outcome_names, finished->outcome));
    item_end_calls (deciding, &deciding->self->window, run->number, why);
}

void run_finish_unplaced (deciding_t *deciding)
{
    run_finish (deciding, &(run_finished_event_t){
                              .number = deciding->self->run.number,
                              .outcome = run_outcome_interrupted,
                              .detail = (char *) "not started",
                          });
}

void run_stop (deciding_t *deciding, const run_stopping_event_t *stopping)
{
    const session_t *self = deciding->self;
    const run_t *run = &self->run;
    run_stopping_event_t next = *stopping;
    next.number = run->number;
    next.rollback = stopping->rollback || run->rollback;
    if (run->stop == stop_interrupt)
        next.stop = stop_interrupt;
    bool same = run->stop == next.stop && run->restart == next.restart && run->rollback == next.rollback &&
                run->budget == next.budget && self->wake_at == next.wake_at &&
                self->wake_on_message == next.on_message && self->wake_on_family == next.on_children;
    if (!same)
        emit (deciding, EVENT_run_stopping, &next);
}

baton_status evolve_run_stopping (session_t *self, const event_t *event)
{
    const run_stopping_event_t *body = event->body;
    self->run.phase = run_phase_stopping;
    self->run.stop = body->stop;
    self->run.restart = body->restart;
    self->run.rollback = body->rollback;
    self->run.budget = body->budget;
    self->wake_at = body->wake_at;
    self->wake_on_message = body->on_message;
    self->wake_on_family = body->on_children;
    return BATON_OK;
}

/*  The window that goes back to before the run; none when the run has not changed it. */
static void rewind_window (deciding_t *deciding, window_t *ret_window)
{
    const session_t *self = deciding->self;
    bool same = false;
    if (record_equal (&RECORD_window, &self->window, &self->before.window, &same) != BATON_OK ||
        (!same &&
         window_rewind (&self->before.window, self->before.place, line_next (self) - 1, ret_window) != BATON_OK))
        deciding->out_of_memory = true;
}

void run_undo (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    window_t window = {0};
    if (!self->run.rollback)
        return;
    rewind_window (deciding, &window);
    emit (deciding, EVENT_run_rolled_back,
          &(run_rolled_back_event_t){
              .number = self->run.number,
              .items = self->before.items,
              .tokens = self->before.tokens,
              .memory = {self->before.memory.count, self->before.memory.items},
              .decisions = {self->before.decisions.count, self->before.decisions.items},
              .artifacts = {self->before.artifacts.count, self->before.artifacts.items},
              .window = window,
          });
    record_clear (&RECORD_window, &window);
}

baton_status evolve_run_rolled_back (session_t *self, const event_t *event)
{
    const run_rolled_back_event_t *body = event->body;
    self->items = body->items;
    self->tokens = body->tokens;
    if (list_replace (&RECORD_memory, &body->memory, &self->memory) ||
        list_replace (&RECORD_decision, &body->decisions, &self->decisions) ||
        list_replace (&RECORD_artifact, &body->artifacts, &self->artifacts))
        return BATON_resource_exhausted;
    return body->window.spans.count > 0 ? window_take (self, &body->window) : BATON_OK;
}
