#include "story.h"

/* ---- who may speak ---- */

static void test_only_the_holder_of_the_lease_reports (void **context)
{
    (void) context;
    static const who_t STALE[] = {
        {.actor = "n2", .role = role_node, .epoch = 1},
        {.actor = "n1", .role = role_node, .epoch = 0},
        {.actor = "n1", .role = role_node, .epoch = 2},
        {.actor = NULL, .role = role_node, .epoch = 1},
    };
    story_t story;
    given_running (&story);
    for (size_t i = 0; i < COUNT (STALE); i++) {
        FAILS (&story, aborted, stale_epoch, STALE[i], run_started, .run = 1, .attempt = 2);
        FAILS (&story, aborted, stale_epoch, STALE[i], run_finished, .run = 1, .attempt = 1);
        FAILS (&story, aborted, stale_epoch, STALE[i], migration_frozen, .migration = 1, .manifest = (char *) "d");
        FAILS (&story, aborted, stale_epoch, STALE[i], migration_resumed, .migration = 1);
    }
    story_end (&story);
}

/*  A run speaks through its node, with any method that changes something. */
static void test_a_run_speaks_only_while_it_is_under_way (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "item_appended", RUN ("n1", 1, 1), item_append, .role = item_role_user, .text = (char *) "a");
    FAILS (&story, aborted, stale_epoch, RUN ("n1", 2, 1), item_append, .role = item_role_user, .text = (char *) "a");
    FAILS (&story, aborted, stale_epoch, RUN ("n2", 1, 1), item_append, .role = item_role_user, .text = (char *) "a");
    FAILS (&story, aborted, stale_epoch, RUN ("n1", 1, 2), session_complete);
    FAILS (&story, aborted, stale_epoch, RUN ("n1", 1, 2), message_post, .id = (char *) "m", .to = (char *) "s2");
    DOES (&story, "run_finished session_suspended", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    FAILS (&story, aborted, stale_epoch, RUN ("n1", 1, 1), memory_set, .key = (char *) "k", .value = NUMBER (1));
    story_end (&story);
}

/* ---- place ---- */

static void test_place (void **context)
{
    (void) context;
    story_t story;
    given_queued (&story);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    assert_int_equal (story.changed.epoch, 1);
    assert_int_equal (story.changed.run, 1);
    FAILS (&story, failed_precondition, wrong_state, BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "run_finished session_suspended", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n2");
    assert_int_equal (story.state.lease.epoch, 2);
    assert_string_equal (story.state.run.node, "n2");
    FAILS (&story, aborted, stale_epoch, NODE ("n1", 1), run_started, .run = 2, .attempt = 1);
    story_end (&story);
}

/* ---- fence ---- */

static void test_fence_in_each_phase (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "", BROKER, session_fence, .node = (char *) "n2");
    DOES (&story, "run_finished lease_moved session_suspended", BROKER, session_fence, .node = (char *) "n1");
    CHECK_STATE (&story, suspended, node_lost);
    assert_int_equal (story.changed.run, 1);
    assert_int_equal (story.changed.epoch, 2);
    assert_int_equal (story.state.run.outcome, run_outcome_lost);
    assert_int_equal (story.state.lease.epoch, 2);
    DOES (&story, "", BROKER, session_fence, .node = (char *) "n1");
    FAILS (&story, aborted, stale_epoch, NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    /*  It may go on elsewhere. */
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n2");
    assert_int_equal (story.state.lease.epoch, 3);
    DOES (&story, "run_finished session_suspended", NODE ("n2", 3), run_finished, .run = 2, .attempt = 1);
    /*  A run that waits for its home waits for any other node from now on. */
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "lease_moved", BROKER, session_fence, .node = (char *) "n2");
    CHECK_STATE (&story, running, activated);
    assert_int_equal (story.state.run.phase, run_phase_queued);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n3");
    DOES (&story, "run_stopping", ADA, session_sleep, .until = 5);
    DOES (&story, "run_finished lease_moved session_suspended", BROKER, session_fence, .node = (char *) "n3");
    CHECK_STATE (&story, suspended, node_lost);
    assert_int_equal (story.state.wake_at, 0);
    story_end (&story);
}

static void test_fence_of_an_idle_session (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "run_stopping", ADA, session_sleep, .on_message = true);
    DOES (&story, "run_finished session_slept", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    DOES (&story, "lease_moved", BROKER, session_fence, .node = (char *) "n1");
    CHECK_STATE (&story, sleeping, requested);
    assert_true (story.state.wake_on_message);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_only_the_holder_of_the_lease_reports),
        cmocka_unit_test (test_a_run_speaks_only_while_it_is_under_way),
        cmocka_unit_test (test_place),
        cmocka_unit_test (test_fence_in_each_phase),
        cmocka_unit_test (test_fence_of_an_idle_session),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
