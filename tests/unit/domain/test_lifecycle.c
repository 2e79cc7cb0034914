#include "story.h"

#include <stdio.h>

/* ---- create ---- */

static void test_create (void **context)
{
    (void) context;
    story_t story;
    story_begin (&story);
    baton_pair_t label = {(char *) "team", (char *) "red"};
    binding_t binding = {.path = (char *) "src/..x/*.c", .read_only = true};
    CREATE (&story, .objective = (char *) "Win", .agent = (char *) "hr", .priority = 7, .labels = {1, &label},
            .workspace = (char *) "/srv/a..b/...", .bindings = {1, &binding}, .driver = (char *) "shell",
            .node = (char *) "n1", .selector = {1, &label}, .multitask_strategy = multitask_enqueue);
    const session_t *self = &story.state;
    assert_string_equal (self->session, STORY_ID);
    assert_string_equal (self->title, "A title");
    assert_string_equal (self->objective, "Win");
    assert_string_equal (self->agent, "hr");
    assert_int_equal (self->priority, 7);
    assert_string_equal (pairs_get (&self->labels, "team"), "red");
    assert_string_equal (pairs_get (&self->selector, "team"), "red");
    assert_string_equal (self->workspace, "/srv/a..b/...");
    assert_string_equal (self->bindings.items[0].path, "src/..x/*.c");
    assert_string_equal (self->driver, "shell");
    assert_string_equal (self->node, "n1");
    assert_string_equal (self->created_by, "ada");
    assert_int_equal (self->created_at, STORY_START);
    assert_int_equal (self->multitask, multitask_enqueue);
    CHECK_STATE (&story, suspended, created);
    assert_int_equal (story.state.n, 1);
    story_end (&story);
}

static void test_create_and_activate (void **context)
{
    (void) context;
    story_t story;
    story_begin (&story);
    session_create_request_t request = {.title = (char *) "T", .activate = true, .input = NUMBER (5)};
    check_ok (&story, give (&story, ADA, METHOD_session_create, &request),
              "session_created session_activated run_queued", __FILE__, __LINE__);
    CHECK_STATE (&story, running, activated);
    assert_int_equal (story.changed.run, 1);
    assert_string_equal (story.state.run.driver, "default");
    assert_int_equal (story.state.run.input.data[0], 5);
    assert_int_equal (story.state.run.base, 2);
    story_end (&story);
}

static void test_create_refuses_paths (void **context)
{
    (void) context;
    static const struct {
        const char *workspace, *binding, *field;
    } ROWS[] = {
        {"relative", NULL, "workspace"}, {"/a/../b", NULL, "workspace"},    {"/..", NULL, "workspace"},
        {"/a/..", NULL, "workspace"},    {NULL, "/etc/passwd", "bindings"}, {NULL, "..", "bindings"},
        {NULL, "a/../../b", "bindings"}, {NULL, "../a", "bindings"},
    };
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        story_t story;
        story_begin (&story);
        binding_t binding = {.path = (char *) ROWS[i].binding};
        session_create_request_t request = {.title = (char *) "T",
                                            .workspace = (char *) ROWS[i].workspace,
                                            .bindings = {ROWS[i].binding ? 1 : 0, &binding}};
        check_refused (&story, give (&story, ADA, METHOD_session_create, &request), BATON_invalid_argument,
                       BATON_REASON_bad_value, __FILE__, __LINE__);
        assert_string_equal (story.error.field, ROWS[i].field);
        assert_int_equal (story.state.n, 0);
        story_end (&story);
    }
}

static void test_input_needs_activate (void **context)
{
    (void) context;
    story_t story;
    story_begin (&story);
    session_create_request_t request = {.title = (char *) "T", .input = NUMBER (5)};
    check_refused (&story, give (&story, ADA, METHOD_session_create, &request), BATON_invalid_argument,
                   BATON_REASON_bad_value, __FILE__, __LINE__);
    story_end (&story);
}

/* ---- update ---- */

static void test_update (void **context)
{
    (void) context;
    story_t story;
    story_begin (&story);
    baton_pair_t labels[] = {{(char *) "a", (char *) "1"}, {(char *) "b", (char *) "2"}};
    CREATE (&story, .labels = {2, labels}, .priority = 5);
    DOES (&story, "", ADA, session_update, .title = (char *) "A title", .labels = {2, labels});
    DOES (&story, "", ADA, session_update, .priority = 5);
    baton_pair_t change[] = {{(char *) "a", NULL}, {(char *) "b", (char *) "3"}, {(char *) "c", (char *) "4"}};
    DOES (&story, "session_updated", ADA, session_update, .title = (char *) "New", .labels = {3, change});
    assert_string_equal (story.state.title, "New");
    assert_int_equal (story.state.priority, 5);
    assert_int_equal (story.state.labels.count, 2);
    assert_null (pairs_get (&story.state.labels, "a"));
    assert_string_equal (pairs_get (&story.state.labels, "b"), "3");
    DOES (&story, "", ADA, session_update, .labels = {1, change}); /*  it is gone already */
    assert_string_equal (pairs_get (&story.state.labels, "c"), "4");
    DOES (&story, "session_updated", ADA, session_update, .set_priority = true);
    assert_int_equal (story.state.priority, 0);
    story_end (&story);
}

static void test_update_holds_the_limit_of_labels (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    for (int i = 0; i <= LIMIT_LABELS; i++) {
        char key[16];
        snprintf (key, sizeof key, "k%d", i);
        baton_pair_t label = {key, (char *) "v"};
        if (i < LIMIT_LABELS)
            DOES (&story, "session_updated", ADA, session_update, .labels = {1, &label});
        else
            FAILS (&story, resource_exhausted, too_large, ADA, session_update, .labels = {1, &label});
    }
    /*  Another value for a label that is there makes no room. */
    baton_pair_t more[] = {{(char *) "k0", (char *) "w"}, {(char *) "new", (char *) "v"}};
    FAILS (&story, resource_exhausted, too_large, ADA, session_update, .labels = {2, more});
    baton_pair_t gone = {(char *) "gone", NULL};
    DOES (&story, "", ADA, session_update, .labels = {1, &gone});
    baton_pair_t swap[] = {{(char *) "k0", NULL}, {(char *) "new", (char *) "v"}};
    DOES (&story, "session_updated", ADA, session_update, .labels = {2, swap});
    assert_int_equal (story.state.labels.count, LIMIT_LABELS);
    story_end (&story);
}

/* ---- stopping ---- */

/*  What a stop of a run in each phase does at once. */
static void test_a_queued_run_stops_at_once (void **context)
{
    (void) context;
    story_t story;
    given_queued (&story);
    DOES (&story, "run_finished session_suspended", ADA, session_suspend);
    CHECK_STATE (&story, suspended, requested);
    assert_int_equal (story.state.run.outcome, run_outcome_interrupted);
    assert_string_equal (story.state.run.detail, "not started");
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    assert_int_equal (story.state.run.number, 2);
    DOES (&story, "run_finished session_slept", ADA, session_sleep, .until = 7);
    CHECK_STATE (&story, sleeping, requested);
    assert_int_equal (story.state.wake_at, 7);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    assert_int_equal (story.state.wake_at, 0);
    DOES (&story, "run_finished session_suspended", ADA, session_interrupt);
    CHECK_STATE (&story, suspended, interrupted);
    story_end (&story);
}

static void test_a_running_run_stops_when_its_node_says_so (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "run_stopping", ADA, session_suspend);
    DOES (&story, "", ADA, session_suspend);
    assert_int_equal (story.changed.run, 1);
    CHECK_STATE (&story, running, activated);
    DOES (&story, "run_stopping", ADA, session_interrupt); /*  harder */
    assert_int_equal (story.changed.run, 1);
    DOES (&story, "", ADA, session_interrupt);
    DOES (&story, "", ADA, session_suspend); /*  softer */
    FAILS (&story, failed_precondition, wrong_state, ADA, session_sleep);
    assert_int_equal (story.state.run.stop, stop_interrupt);
    DOES (&story, "run_finished session_suspended", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1, .signal = 15);
    CHECK_STATE (&story, suspended, interrupted);
    assert_int_equal (story.state.run.outcome, run_outcome_interrupted);
    story_end (&story);
}

static void test_a_placed_run_stops_too (void **context)
{
    (void) context;
    story_t story;
    given_placed (&story);
    DOES (&story, "run_stopping", ADA, session_suspend);
    DOES (&story, "run_started", NODE ("n1", 1), run_started, .run = 1, .attempt = 1);
    assert_int_equal (story.state.run.phase, run_phase_stopping);
    DOES (&story, "run_finished session_suspended", NODE ("n1", 1), run_finished, .run = 1);
    CHECK_STATE (&story, suspended, requested);
    story_end (&story);
}

static void test_sleep_of_a_running_run (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "run_stopping", ADA, session_suspend);
    DOES (&story, "run_stopping", ADA, session_sleep, .until = 9, .on_message = true);
    DOES (&story, "", ADA, session_sleep, .until = 9, .on_message = true);
    assert_int_equal (story.changed.run, 1);
    DOES (&story, "run_stopping", ADA, session_sleep, .until = 8, .on_message = true);
    DOES (&story, "run_finished session_slept", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    CHECK_STATE (&story, sleeping, requested);
    assert_int_equal (story.state.wake_at, 8);
    assert_true (story.state.wake_on_message);
    DOES (&story, "", ADA, session_sleep, .until = 8, .on_message = true);
    DOES (&story, "session_slept", ADA, session_sleep, .until = 8);
    assert_false (story.state.wake_on_message);
    DOES (&story, "session_suspended", ADA, session_suspend);
    CHECK_STATE (&story, suspended, requested);
    assert_int_equal (story.state.wake_at, 0);
    story_end (&story);
}

static void test_suspend_replaces_sleep (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "run_stopping", ADA, session_sleep, .until = 9, .on_message = true);
    DOES (&story, "run_stopping", ADA, session_suspend);
    assert_false (story.state.wake_on_message);
    DOES (&story, "run_finished session_suspended", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    CHECK_STATE (&story, suspended, requested);
    story_end (&story);
}

/* ---- ending ---- */

static void test_cancel_ends_everything (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "start_enqueued", ADA, session_activate, .multitask_strategy = multitask_enqueue);
    DOES (&story, "breakpoint_opened", RUN ("n1", 1, 1), breakpoint_ask, .key = (char *) "k", .title = (char *) "T");
    DOES (&story, "migration_started", BROKER, migration_start, .target = (char *) "n2", .patience = 10);
    DOES (&story, "", ADA, session_cancel, .dry_run = true);
    DOES (&story, "migration_aborted run_finished breakpoint_cancelled start_dequeued lease_moved session_terminated",
          ADA, session_cancel, .detail = (char *) "enough");
    CHECK_STATE (&story, terminated, cancelled);
    assert_string_equal (LAST (&story, session_terminated)->detail, "enough");
    assert_string_equal (story.state.ended.detail, "enough");
    assert_string_equal (story.state.ended.by, "ada");
    assert_int_equal (story.state.ended.at, story.now);
    assert_int_equal (story.state.run.outcome, run_outcome_cancelled);
    assert_int_equal (story.state.lease.epoch, 2);
    assert_null (story.state.lease.node);
    assert_int_equal (story.state.queue.count, 0);
    assert_false (story.state.migrating);
    assert_int_equal (story.state.breakpoints.items[0].state, breakpoint_state_cancelled);
    /*  What the node still says comes too late, whichever epoch it knows. */
    FAILS (&story, aborted, stale_epoch, NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    FAILS (&story, aborted, stale_epoch, NODE ("n1", 2), run_finished, .run = 1, .attempt = 1);
    story_end (&story);
}

static void test_complete_by_the_run_itself (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "run_finished lease_moved session_terminated", RUN ("n1", 1, 1), session_complete,
          .detail = (char *) "done");
    CHECK_STATE (&story, terminated, completed);
    assert_int_equal (story.state.run.outcome, run_outcome_completed);
    story_end (&story);
}

static void test_complete_without_a_run (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "session_terminated", ADA, session_complete);
    assert_int_equal (story.state.lease.epoch, 0);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_create),
        cmocka_unit_test (test_create_and_activate),
        cmocka_unit_test (test_create_refuses_paths),
        cmocka_unit_test (test_input_needs_activate),
        cmocka_unit_test (test_update),
        cmocka_unit_test (test_update_holds_the_limit_of_labels),
        cmocka_unit_test (test_a_queued_run_stops_at_once),
        cmocka_unit_test (test_a_running_run_stops_when_its_node_says_so),
        cmocka_unit_test (test_a_placed_run_stops_too),
        cmocka_unit_test (test_sleep_of_a_running_run),
        cmocka_unit_test (test_suspend_replaces_sleep),
        cmocka_unit_test (test_cancel_ends_everything),
        cmocka_unit_test (test_complete_by_the_run_itself),
        cmocka_unit_test (test_complete_without_a_run),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
