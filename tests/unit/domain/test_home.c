/*  Where a session's workspace is, and that nothing but an explicit wish gives it up. */
#include "story.h"

static void given_lost (story_t *story)
{
    given_running (story);
    DOES (story, "run_started", NODE ("n1", 1), run_started, .run = 1, .attempt = 2);
    DOES (story, "run_finished lease_moved session_suspended", BROKER, session_fence, .node = (char *) "n1");
}

static void test_home_is_where_a_run_has_started (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    assert_null (story.state.home); /*  nothing is there yet */
    DOES (&story, "run_started", NODE ("n1", 1), run_started, .run = 1, .attempt = 1);
    assert_string_equal (story.state.home, "n1");
    story_end (&story);
}

static void test_home_outlives_the_lease (void **context)
{
    (void) context;
    story_t story;
    given_lost (&story);
    assert_null (story.state.lease.node);
    assert_string_equal (story.state.home, "n1");
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    assert_string_equal (story.state.home, "n1");
    story_end (&story);
}

static void test_a_workspace_is_abandoned_only_when_asked (void **context)
{
    (void) context;
    story_t story;
    given_lost (&story);
    DOES (&story, "lease_moved session_activated run_queued", ADA, session_activate, .abandon_workspace = true);
    assert_null (story.state.home);
    story_end (&story);
}

/*  The run waits for a node that is lost: the wish does not need another run. */
static void test_a_waiting_run_may_be_set_free (void **context)
{
    (void) context;
    story_t story;
    given_lost (&story);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "lease_moved", ADA, session_activate, .abandon_workspace = true);
    assert_null (story.state.home);
    assert_int_equal (story.changed.run, 2);
    DOES (&story, "", ADA, session_activate, .abandon_workspace = true);
    story_end (&story);
}

static void test_a_run_under_way_keeps_it (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    FAILS (&story, failed_precondition, run_active, ADA, session_activate, .abandon_workspace = true);
    story_end (&story);
}

static void test_home_moves_with_the_session (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "migration_started", BROKER, migration_start, .target = (char *) "n2", .patience = 1000);
    FAILS (&story, failed_precondition, migrating, ADA, session_activate, .abandon_workspace = true);
    DOES (&story, "migration_prepared", NODE ("n2", 0), migration_prepared, .migration = 1);
    DOES (&story, "migration_frozen", NODE ("n1", 1), migration_frozen, .migration = 1, .manifest = (char *) "m");
    DOES (&story, "lease_moved migration_committed", NODE ("n2", 0), migration_accepted, .migration = 1,
          .manifest = (char *) "m");
    assert_string_equal (story.state.home, "n2");
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_home_is_where_a_run_has_started),
        cmocka_unit_test (test_home_outlives_the_lease),
        cmocka_unit_test (test_a_workspace_is_abandoned_only_when_asked),
        cmocka_unit_test (test_a_waiting_run_may_be_set_free),
        cmocka_unit_test (test_a_run_under_way_keeps_it),
        cmocka_unit_test (test_home_moves_with_the_session),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
