#include "story.h"

#define N1 NODE ("n1", 1)

/* ---- what the node reports ---- */

static void test_started (void **context)
{
    (void) context;
    story_t story;
    given_queued (&story);
    assert_int_equal (story.state.run.queued_at, STORY_START);
    assert_int_equal (story.state.run.base, 2);
    FAILS (&story, aborted, stale_epoch, N1, run_started, .run = 1, .attempt = 1);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    assert_int_equal (story.state.run.phase, run_phase_placed);
    story.now += 5;
    DOES (&story, "run_started", N1, run_started, .run = 1, .attempt = 1);
    assert_int_equal (story.state.run.phase, run_phase_running);
    assert_int_equal (story.state.run.started_at, STORY_START + 5);
    DOES (&story, "", N1, run_started, .run = 1, .attempt = 1); /*  repeated */
    FAILS (&story, not_found, no_such_run, N1, run_started, .run = 2, .attempt = 1);
    DOES (&story, "run_finished session_suspended", N1, run_finished, .run = 1, .attempt = 1);
    FAILS (&story, failed_precondition, wrong_state, N1, run_started, .run = 1, .attempt = 2);
    story_end (&story);
}

typedef struct {
    run_finished_request_t report;
    bool stopping;
    run_outcome_e outcome;
    cause_e cause;
} finish_row_t;

static void test_how_a_run_finishes (void **context)
{
    (void) context;
    static const finish_row_t ROWS[] = {
        {{.attempt = 1}, false, run_outcome_completed, cause_run_completed},
        {{.attempt = 1, .exit_code = 3}, false, run_outcome_failed, cause_run_failed},
        {{.attempt = 1, .signal = 9}, false, run_outcome_failed, cause_run_failed},
        {{.detail = (char *) "no such driver"}, false, run_outcome_failed, cause_run_failed},
        {{.attempt = 1, .lost = true}, false, run_outcome_lost, cause_node_lost},
        {{.attempt = 1}, true, run_outcome_interrupted, cause_requested},
        {{.attempt = 1, .exit_code = 143}, true, run_outcome_interrupted, cause_requested},
        {{.attempt = 1, .lost = true}, true, run_outcome_lost, cause_node_lost},
    };
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        story_t story;
        given_running (&story);
        if (ROWS[i].stopping)
            DOES (&story, "run_stopping", ADA, session_suspend);
        run_finished_request_t report = ROWS[i].report;
        report.run = 1;
        story.now += 9;
        check_ok (&story, give (&story, N1, METHOD_run_finished, &report), "run_finished session_suspended", __FILE__,
                  __LINE__);
        assert_int_equal (story.state.run.outcome, ROWS[i].outcome);
        assert_int_equal (story.state.cause, ROWS[i].cause);
        assert_int_equal (story.state.run.exit_code, report.exit_code);
        assert_int_equal (story.state.run.signal, report.signal);
        assert_true (text_equal (story.state.run.detail, report.detail));
        assert_int_equal (story.state.run.finished_at, STORY_START + 9);
        /*  Once more, because the answer was lost; also with another content. */
        check_ok (&story, give (&story, N1, METHOD_run_finished, &report), "", __FILE__, __LINE__);
        DOES (&story, "", N1, run_finished, .run = 1, .attempt = 1, .exit_code = 9);
        assert_int_equal (story.state.run.outcome, ROWS[i].outcome);
        story_end (&story);
    }
}

static void test_finished_of_other_runs (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "run_started", N1, run_started, .run = 1, .attempt = 2);
    DOES (&story, "", N1, run_finished, .run = 1, .attempt = 1); /*  an older process */
    FAILS (&story, not_found, no_such_run, N1, run_finished, .run = 2, .attempt = 1);
    DOES (&story, "run_finished session_suspended", N1, run_finished, .run = 1, .attempt = 2);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "", N1, run_finished, .run = 1, .attempt = 2);                                /*  an older run */
    FAILS (&story, failed_precondition, wrong_state, N1, run_finished, .run = 2, .attempt = 1); /*  not placed */
    story_end (&story);
}

static void test_a_second_run_needs_no_new_lease (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "run_finished session_suspended", N1, run_finished, .run = 1, .attempt = 1);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "run_placed", BROKER, session_place, .node = (char *) "n1");
    assert_int_equal (story.state.lease.epoch, 1);
    assert_int_equal (story.changed.epoch, 1);
    DOES (&story, "run_started", N1, run_started, .run = 2, .attempt = 1);
    story_end (&story);
}

/* ---- more starts than one ---- */

static void test_reject (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    FAILS (&story, failed_precondition, run_active, ADA, session_activate);
    FAILS (&story, failed_precondition, run_active, ADA, session_activate, .multitask_strategy = multitask_reject);
    story_end (&story);
}

static void test_the_session_s_own_strategy (void **context)
{
    (void) context;
    story_t story;
    story_begin (&story);
    CREATE (&story, .multitask_strategy = multitask_enqueue);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "start_enqueued", ADA, session_activate);
    FAILS (&story, failed_precondition, run_active, ADA, session_activate, .multitask_strategy = multitask_reject);
    story_end (&story);
}

static void test_enqueue (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "start_enqueued", ADA, session_activate, .multitask_strategy = multitask_enqueue,
          .input = NUMBER (2));
    DOES (&story, "start_enqueued", BOB, session_activate, .multitask_strategy = multitask_enqueue,
          .input = NUMBER (3));
    assert_string_equal (story.state.queue.items[1].actor, "bob");
    DOES (&story, "run_finished start_dequeued run_queued", N1, run_finished, .run = 1, .attempt = 1);
    CHECK_STATE (&story, running, activated);
    assert_int_equal (story.changed.run, 1);
    assert_int_equal (story.state.run.number, 2);
    assert_int_equal (story.state.run.input.data[0], 2);
    DOES (&story, "run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "run_finished start_dequeued run_queued", N1, run_finished, .run = 2, .detail = (char *) "broken");
    assert_int_equal (story.state.run.input.data[0], 3);
    assert_int_equal (story.state.queue.count, 0);
    story_end (&story);
}

static void test_an_operator_s_stop_keeps_the_queue (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "start_enqueued", ADA, session_activate, .multitask_strategy = multitask_enqueue,
          .input = NUMBER (2));
    DOES (&story, "run_stopping", ADA, session_interrupt);
    DOES (&story, "run_finished session_suspended", N1, run_finished, .run = 1, .attempt = 1);
    assert_int_equal (story.state.queue.count, 1);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "run_finished start_dequeued run_queued", N1, run_finished, .run = 2, .attempt = 1);
    assert_int_equal (story.state.run.input.data[0], 2);
    story_end (&story);
}

static void test_who_starts_after_a_stop_wants_to_go_on (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "run_stopping", ADA, session_sleep, .until = 99);
    DOES (&story, "start_enqueued run_stopping", ADA, session_activate, .multitask_strategy = multitask_enqueue);
    DOES (&story, "run_finished start_dequeued run_queued", N1, run_finished, .run = 1, .attempt = 1);
    CHECK_STATE (&story, running, activated);
    assert_int_equal (story.state.wake_at, 0);
    story_end (&story);
}

static void test_interrupt_goes_first (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "start_enqueued", ADA, session_activate, .multitask_strategy = multitask_enqueue,
          .input = NUMBER (2));
    DOES (&story, "start_enqueued run_stopping", ADA, session_activate, .multitask_strategy = multitask_interrupt,
          .input = NUMBER (3));
    assert_int_equal (story.state.run.stop, stop_interrupt);
    DOES (&story, "run_finished start_dequeued run_queued", N1, run_finished, .run = 1, .attempt = 1, .signal = 9);
    assert_int_equal (story.state.run.input.data[0], 3);
    /*  Of a run that no node has seen, nothing has to be waited for. */
    DOES (&story, "start_enqueued run_finished start_dequeued run_queued", ADA, session_activate,
          .multitask_strategy = multitask_interrupt, .input = NUMBER (4));
    assert_int_equal (story.state.run.number, 3);
    assert_int_equal (story.state.run.input.data[0], 4);
    assert_int_equal (story.state.queue.count, 1);
    assert_int_equal (story.state.queue.items[0].input.data[0], 2);
    story_end (&story);
}

static void test_the_queue_has_a_limit (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    for (int i = 0; i < LIMIT_QUEUE; i++)
        DOES (&story, "start_enqueued", ADA, session_activate, .multitask_strategy = multitask_enqueue);
    FAILS (&story, resource_exhausted, busy, ADA, session_activate, .multitask_strategy = multitask_enqueue);
    FAILS (&story, resource_exhausted, busy, ADA, session_activate, .multitask_strategy = multitask_rollback);
    story_end (&story);
}

/* ---- rollback ---- */

static void change_everything (story_t *story, who_t who, uint8_t value)
{
    who.digest = value == 1 ? "d1" : "d2";
    DOES (story, "memory_set", who, memory_set, .key = (char *) "m", .value = NUMBER (value));
    DOES (story, "decision_recorded", who, decision_record, .key = (char *) "d", .value = (char *) who.digest);
    DOES (story, "artifact_put", who, artifact_put, .name = (char *) "a");
    DOES (story, "item_appended", who, item_append, .role = item_role_user, .text = (char *) "words", .tokens = value);
}

static void check_first (const session_t *self)
{
    assert_int_equal (self->items, 1);
    assert_int_equal (self->tokens, 1);
    assert_int_equal (self->memory.count, 1);
    assert_int_equal (self->memory.items[0].value.data[0], 1);
    assert_string_equal (self->decisions.items[0].value, "d1");
    assert_string_equal (self->artifacts.items[0].digest, "d1");
}

static void test_rollback (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    change_everything (&story, ADA, 1);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "run_started", N1, run_started, .run = 1, .attempt = 1);
    change_everything (&story, RUN ("n1", 1, 1), 2);
    DOES (&story, "memory_set", RUN ("n1", 1, 1), memory_set, .key = (char *) "new", .value = NUMBER (1));
    DOES (&story, "start_enqueued run_stopping", ADA, session_activate, .multitask_strategy = multitask_rollback);
    DOES (&story, "run_finished run_rolled_back start_dequeued run_queued", N1, run_finished, .run = 1, .attempt = 1);
    check_first (&story.state);
    assert_int_equal (story.state.before.memory.count, 1);
    /*  The second run begins where the first did, and may be rolled back as well, also when its node is lost. */
    DOES (&story, "run_placed", BROKER, session_place, .node = (char *) "n1");
    change_everything (&story, RUN ("n1", 1, 2), 2);
    DOES (&story, "start_enqueued run_stopping", ADA, session_activate, .multitask_strategy = multitask_rollback);
    DOES (&story, "run_finished run_rolled_back lease_moved session_suspended", BROKER, session_fence,
          .node = (char *) "n1");
    check_first (&story.state);
    assert_int_equal (story.state.before.memory.count, 0);
    story_end (&story);
}

static void test_an_operator_s_interrupt_does_not_forget_the_rollback (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "memory_set", RUN ("n1", 1, 1), memory_set, .key = (char *) "new", .value = NUMBER (1));
    DOES (&story, "start_enqueued run_stopping", ADA, session_activate, .multitask_strategy = multitask_rollback);
    DOES (&story, "run_stopping", ADA, session_interrupt);
    DOES (&story, "run_finished run_rolled_back session_suspended", N1, run_finished, .run = 1, .attempt = 1);
    assert_int_equal (story.state.memory.count, 0);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_started),
        cmocka_unit_test (test_how_a_run_finishes),
        cmocka_unit_test (test_finished_of_other_runs),
        cmocka_unit_test (test_a_second_run_needs_no_new_lease),
        cmocka_unit_test (test_reject),
        cmocka_unit_test (test_the_session_s_own_strategy),
        cmocka_unit_test (test_enqueue),
        cmocka_unit_test (test_an_operator_s_stop_keeps_the_queue),
        cmocka_unit_test (test_who_starts_after_a_stop_wants_to_go_on),
        cmocka_unit_test (test_interrupt_goes_first),
        cmocka_unit_test (test_the_queue_has_a_limit),
        cmocka_unit_test (test_rollback),
        cmocka_unit_test (test_an_operator_s_interrupt_does_not_forget_the_rollback),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
