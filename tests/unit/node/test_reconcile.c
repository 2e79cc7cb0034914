/*  Assignments and what is here, and the actions that follow: one row a case. */
#include "reconcile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ME "n1"
#define OTHER "n2"

typedef struct {
    const char *name;
    bool unassigned;
    const char *owner; /*  lease.node */
    uint64_t epoch;
    uint64_t run;
    run_phase_e phase;
    stop_e stop;
    uint64_t attempt; /*  as the broker knows it */
    migration_step_e step;
    bool from_me; /*  the migration's source is this node; else its target */
    attempt_state_t here;
    uint64_t here_run, here_attempt, here_epoch;
    bool lapsed;
    action_kind_t then;
    uint64_t number;   /*  of ACTION_start */
    stop_e how;        /*  of ACTION_stop */
    action_kind_t and; /*  a second action */
} case_t;

#define PLACED .owner = ME, .epoch = 4, .run = 2, .phase = run_phase_placed
#define RUNNING .owner = ME, .epoch = 4, .run = 2, .phase = run_phase_running, .attempt = 1
#define STOPPING(how) .owner = ME, .epoch = 4, .run = 2, .phase = run_phase_stopping, .stop = how, .attempt = 1
#define IDLE .owner = ME, .epoch = 4
#define HERE(state) .here = state, .here_run = 2, .here_attempt = 1, .here_epoch = 4
#define AS_SOURCE(step_) .step = step_, .from_me = true
#define AS_TARGET(step_) .step = step_

static const case_t CASES[] = {
    /*  the way of a run */
    {"placed, nothing here", PLACED, .then = ACTION_start, .number = 1},
    {"placed again after a loss", PLACED, .attempt = 3, .then = ACTION_start, .number = 4},
    {"placed, starting", PLACED, HERE (ATTEMPT_starting)},
    {"placed, running: the report is under way", PLACED, HERE (ATTEMPT_running)},
    {"placed, ended: the reports are under way", PLACED, HERE (ATTEMPT_ended)},
    {"running, running", RUNNING, HERE (ATTEMPT_running)},
    {"running, ended", RUNNING, HERE (ATTEMPT_ended)},
    {"running, nothing here", RUNNING, .then = ACTION_lost},
    {"suspend", STOPPING (stop_suspend), HERE (ATTEMPT_running), .then = ACTION_stop, .how = stop_suspend},
    {"interrupt", STOPPING (stop_interrupt), HERE (ATTEMPT_running), .then = ACTION_stop, .how = stop_interrupt},
    {"stopping, still starting", STOPPING (stop_sleep), HERE (ATTEMPT_starting), .then = ACTION_stop,
     .how = stop_sleep},
    {"stopping, ended", STOPPING (stop_suspend), HERE (ATTEMPT_ended)},
    {"stopping, nothing here", STOPPING (stop_suspend), .then = ACTION_lost},
    {"stopping before the start", .owner = ME, .epoch = 4, .run = 2, .phase = run_phase_stopping, .then = ACTION_never},
    {"queued", .owner = ME, .epoch = 4, .run = 2, .phase = run_phase_queued},
    {"the next run, the last one still here", PLACED, .here = ATTEMPT_ended, .here_run = 1, .here_attempt = 1,
     .here_epoch = 4, .then = ACTION_start, .number = 1},
    {"the next run, the last one still alive", PLACED, .here = ATTEMPT_running, .here_run = 1, .here_attempt = 1,
     .here_epoch = 4, .then = ACTION_stop, .how = stop_interrupt},
    {"no run, ended", IDLE, HERE (ATTEMPT_ended), .then = ACTION_forget},
    {"no run, alive", IDLE, HERE (ATTEMPT_running), .then = ACTION_stop, .how = stop_interrupt},
    {"no run, nothing here", IDLE},
    /*  not ours any more */
    {"gone, alive", .unassigned = true, HERE (ATTEMPT_running), .then = ACTION_stop, .how = stop_interrupt},
    {"gone while our lease had lapsed", .unassigned = true, HERE (ATTEMPT_running), .lapsed = true,
     .then = ACTION_fence},
    {"gone, ended", .unassigned = true, HERE (ATTEMPT_ended), .then = ACTION_forget},
    {"gone, frozen", .unassigned = true, HERE (ATTEMPT_frozen), .then = ACTION_forget},
    {"elsewhere, alive", .owner = OTHER, .epoch = 5, .run = 2, .phase = run_phase_running, HERE (ATTEMPT_running),
     .then = ACTION_fence},
    {"back here under another epoch, alive", .owner = ME, .epoch = 6, .run = 2, .phase = run_phase_placed,
     HERE (ATTEMPT_running), .then = ACTION_fence},
    {"back here under another epoch, ended", .owner = ME, .epoch = 6, .run = 2, .phase = run_phase_placed, .attempt = 1,
     HERE (ATTEMPT_ended), .then = ACTION_start, .number = 2},
    /*  source of a migration */
    {"prepare, running", RUNNING, AS_SOURCE (migration_step_prepare), HERE (ATTEMPT_running), .then = ACTION_offer},
    {"prepare, to be stopped too", STOPPING (stop_suspend), AS_SOURCE (migration_step_prepare), HERE (ATTEMPT_running),
     .then = ACTION_stop, .how = stop_suspend, .and = ACTION_offer},
    {"prepare, no run", IDLE, AS_SOURCE (migration_step_prepare), .then = ACTION_offer},
    {"freeze, running", RUNNING, AS_SOURCE (migration_step_freeze), HERE (ATTEMPT_running), .then = ACTION_freeze},
    {"freeze, perhaps not told yet", RUNNING, AS_SOURCE (migration_step_freeze), HERE (ATTEMPT_freezing),
     .then = ACTION_freeze},
    {"freeze, frozen", RUNNING, AS_SOURCE (migration_step_freeze), HERE (ATTEMPT_frozen), .then = ACTION_freeze},
    {"freeze, ended by itself", RUNNING, AS_SOURCE (migration_step_freeze), HERE (ATTEMPT_ended)},
    {"freeze, placed but not started", PLACED, AS_SOURCE (migration_step_freeze), .then = ACTION_freeze},
    {"freeze, no run", IDLE, AS_SOURCE (migration_step_freeze), .then = ACTION_freeze},
    {"accept, frozen", RUNNING, AS_SOURCE (migration_step_accept), HERE (ATTEMPT_frozen), .then = ACTION_freeze},
    {"undone, frozen", RUNNING, HERE (ATTEMPT_frozen), .then = ACTION_start, .number = 2},
    {"undone, perhaps not told to stop yet", RUNNING, HERE (ATTEMPT_freezing), .then = ACTION_freeze},
    {"undone and to be stopped, frozen", STOPPING (stop_interrupt), HERE (ATTEMPT_frozen), .then = ACTION_ended},
    {"to be stopped, freezing", STOPPING (stop_interrupt), HERE (ATTEMPT_freezing), .then = ACTION_stop,
     .how = stop_interrupt},
    {"committed, frozen", .owner = OTHER, .epoch = 5, .run = 2, .phase = run_phase_running, .attempt = 1,
     AS_SOURCE (migration_step_resume), HERE (ATTEMPT_frozen), .then = ACTION_forget},
    {"committed, still alive", .owner = OTHER, .epoch = 5, .run = 2, .phase = run_phase_running, .attempt = 1,
     AS_SOURCE (migration_step_resume), HERE (ATTEMPT_freezing), .then = ACTION_fence},
    /*  target of a migration */
    {"target, prepare", .owner = OTHER, .epoch = 4, .run = 2, .phase = run_phase_running, .attempt = 1,
     AS_TARGET (migration_step_prepare), .then = ACTION_fetch},
    {"target, freeze", .owner = OTHER, .epoch = 4, .run = 2, .phase = run_phase_running, .attempt = 1,
     AS_TARGET (migration_step_freeze)},
    {"target, accept", .owner = OTHER, .epoch = 4, .run = 2, .phase = run_phase_running, .attempt = 1,
     AS_TARGET (migration_step_accept), .then = ACTION_accept},
    {"target, resume", RUNNING, AS_TARGET (migration_step_resume), .then = ACTION_resume},
    {"target, resume, placed", PLACED, AS_TARGET (migration_step_resume), .then = ACTION_resume},
    {"target, resume, started", RUNNING, AS_TARGET (migration_step_resume), .here = ATTEMPT_running, .here_run = 2,
     .here_attempt = 2, .here_epoch = 4, .then = ACTION_resumed},
    {"target, resume, started and ended", RUNNING, AS_TARGET (migration_step_resume), .here = ATTEMPT_ended,
     .here_run = 2, .here_attempt = 2, .here_epoch = 4, .then = ACTION_resumed},
    {"target, resume, stopped while frozen", STOPPING (stop_suspend), AS_TARGET (migration_step_resume),
     .then = ACTION_never},
    {"target, resume, started and to be stopped", STOPPING (stop_suspend), AS_TARGET (migration_step_resume),
     .here = ATTEMPT_running, .here_run = 2, .here_attempt = 2, .here_epoch = 4, .then = ACTION_stop,
     .how = stop_suspend, .and = ACTION_resumed},
    {"target, resume without a run", IDLE, AS_TARGET (migration_step_resume), .then = ACTION_resume},
};

static void fill (const case_t *given, assignment_t *assignment, attempt_t *attempt)
{
    *assignment = (assignment_t){.session = (char *) "s1", .n = 9};
    assignment->lease.node = (char *) given->owner;
    assignment->lease.epoch = given->epoch;
    assignment->run =
        (run_t){.number = given->run, .phase = given->phase, .stop = given->stop, .attempt = given->attempt};
    if (given->step != migration_step_none)
        assignment->migration = (migration_t){.number = 1,
                                              .step = given->step,
                                              .source = (char *) (given->from_me ? ME : OTHER),
                                              .target = (char *) (given->from_me ? OTHER : ME)};
    *attempt = (attempt_t){.session = "s1",
                           .run = given->here_run,
                           .attempt = given->here_attempt,
                           .epoch = given->here_epoch,
                           .state = given->here};
}

static void check (const case_t *given)
{
    assignment_t assignment;
    attempt_t attempt;
    fill (given, &assignment, &attempt);
    assignment_page_t page = {.seq = 1};
    page.assignments.count = given->unassigned ? 0 : 1;
    page.assignments.items = &assignment;
    situation_t situation = {ME, given->lapsed, &page, &attempt, given->here == ATTEMPT_none ? 0 : 1};
    actions_t actions = {.count = 0};
    assert_int_equal (reconcile (&situation, &actions), BATON_OK);
    size_t expected = (given->then != ACTION_none ? 1u : 0u) + (given->and != ACTION_none ? 1u : 0u);
    action_t first = actions.count > 0 ? actions.items[0] : (action_t){.kind = ACTION_none};
    bool right = actions.count == expected && first.kind == given->then && first.number == given->number &&
                 first.stop == given->how && (expected < 2 || actions.items[1].kind == given->and);
    if (!right)
        print_error ("%s: %zu actions, the first %d (attempt %lu, stop %d)\n", given->name, actions.count, first.kind,
                     (unsigned long) first.number, first.stop);
    free (actions.items);
    assert_true (right);
}

static void test_cases (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        check (&CASES[i]);
}

static void test_several_sessions_at_once (void **state)
{
    (void) state;
    assignment_t assignments[2] = {{.session = (char *) "a", .n = 1}, {.session = (char *) "b", .n = 1}};
    for (size_t i = 0; i < 2; i++) {
        assignments[i].lease.node = (char *) ME;
        assignments[i].lease.epoch = 1;
        assignments[i].run = (run_t){.number = 1, .phase = run_phase_placed};
    }
    attempt_t attempts[2] = {{.session = "b", .run = 1, .attempt = 1, .epoch = 1, .state = ATTEMPT_running},
                             {.session = "c", .run = 1, .attempt = 1, .epoch = 1, .state = ATTEMPT_running}};
    assignment_page_t page = {.assignments = {2, assignments}};
    situation_t situation = {ME, false, &page, attempts, 2};
    actions_t actions = {.count = 0};
    assert_int_equal (reconcile (&situation, &actions), BATON_OK);
    assert_int_equal (actions.count, 2);
    assert_int_equal (actions.items[0].kind, ACTION_start);
    assert_ptr_equal (actions.items[0].assignment, &assignments[0]);
    assert_int_equal (actions.items[1].kind, ACTION_stop);
    assert_ptr_equal (actions.items[1].attempt, &attempts[1]);
    free (actions.items);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_cases), cmocka_unit_test (test_several_sessions_at_once)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
