#include "story.h"

#define SOURCE NODE ("n1", 1)
#define TARGET NODE ("n2", 0) /*  it has no epoch yet */
#define OWNER NODE ("n2", 2)  /*  the target after the commit */
#define PATIENCE 1000

/*  How far a migration has come. */
typedef enum { AT_none, AT_prepare, AT_freeze, AT_accept, AT_resume, AT_finished, AT_aborted, AT_COUNT } stage_t;

static void start (story_t *story)
{
    DOES (story, "migration_started", ADA, migration_start, .target = (char *) "n2", .patience = PATIENCE);
}

static void given_stage (story_t *story, stage_t stage)
{
    given_running (story);
    if (stage >= AT_prepare)
        start (story);
    if (stage == AT_aborted) {
        DOES (story, "migration_aborted", ADA, migration_abort);
        assert_int_equal (story->changed.migration, 1);
        assert_string_equal (LAST (story, migration_aborted)->detail, "aborted by ada");
        return;
    }
    if (stage >= AT_freeze)
        DOES (story, "migration_prepared", TARGET, migration_prepared, .migration = 1);
    if (stage >= AT_accept)
        DOES (story, "migration_frozen", SOURCE, migration_frozen, .migration = 1, .manifest = (char *) "d1");
    if (stage >= AT_resume)
        DOES (story, "lease_moved migration_committed", TARGET, migration_accepted, .migration = 1,
              .manifest = (char *) "d1");
    if (stage >= AT_finished)
        DOES (story, "migration_finished", OWNER, migration_resumed, .migration = 1);
}

static void test_all_five_steps (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "breakpoint_opened", RUN ("n1", 1, 1), breakpoint_ask, .key = (char *) "k", .title = (char *) "T",
          .policy = {.kind = policy_kind_quorum, .k = 2});
    start (&story);
    const migration_t *migration = &story.state.migration;
    assert_int_equal (story.changed.migration, 1);
    assert_int_equal (migration->deadline, STORY_START + PATIENCE);
    assert_string_equal (migration->source, "n1");
    assert_string_equal (migration->actor, "ada");
    story.now += 10;
    DOES (&story, "migration_prepared", TARGET, migration_prepared, .migration = 1);
    assert_int_equal (migration->step, migration_step_freeze);
    assert_int_equal (migration->deadline, STORY_START + 10 + PATIENCE);
    DOES (&story, "breakpoint_voted", BOB, breakpoint_vote, .breakpoint = 1, .option = (char *) "approve");
    story.now += 10;
    DOES (&story, "migration_frozen", SOURCE, migration_frozen, .migration = 1, .manifest = (char *) "d1");
    assert_int_equal (migration->frozen_at, STORY_START + 20);
    assert_int_equal (session_due (&story.state), STORY_START + 20 + PATIENCE);
    DOES (&story, "lease_moved migration_committed", TARGET, migration_accepted, .migration = 1,
          .manifest = (char *) "d1");
    assert_int_equal (story.changed.epoch, 2);
    assert_string_equal (story.state.lease.node, "n2");
    assert_string_equal (story.state.run.node, "n2");
    assert_int_equal (story.state.run.phase, run_phase_running);
    assert_int_equal (session_due (&story.state), 0);
    /*  The source is fenced from here on; the run goes on counting votes. */
    FAILS (&story, aborted, stale_epoch, SOURCE, run_finished, .run = 1, .attempt = 1);
    FAILS (&story, aborted, stale_epoch, RUN ("n1", 1, 1), memory_set, .key = (char *) "k", .value = NUMBER (1));
    DOES (&story, "run_started", OWNER, run_started, .run = 1, .attempt = 2);
    DOES (&story, "migration_finished", OWNER, migration_resumed, .migration = 1);
    assert_false (story.state.migrating);
    DOES (&story, "breakpoint_voted breakpoint_decided", CYD, breakpoint_vote, .breakpoint = 1,
          .option = (char *) "approve");
    DOES (&story, "memory_set", RUN ("n2", 2, 1), memory_set, .key = (char *) "k", .value = NUMBER (1));
    DOES (&story, "run_finished session_suspended", OWNER, run_finished, .run = 1, .attempt = 2);
    story_end (&story);
}

/* ---- each report at each stage ---- */

typedef struct {
    method_id_t method;
    const char *cells; /*  a letter a stage: + an event, = none, O wrong order, E ended or not begun, S stale */
} row_t;

static const row_t ROWS[] = {
    /*                            none prepare freeze accept resume finished aborted */
    {METHOD_migration_prepared, "S+====E"}, {METHOD_migration_frozen, "EO+=SSE"},
    {METHOD_migration_accepted, "SOO+==E"}, {METHOD_migration_resumed, "SSSS+=S"},
    {METHOD_migration_failed, "S+++EE="},   {METHOD_migration_abort, "E+++EEE"},
};

static baton_status report (story_t *story, method_id_t method)
{
    switch (method) {
    case METHOD_migration_prepared:
        return GIVE (story, TARGET, migration_prepared, .migration = 1);
    case METHOD_migration_frozen:
        return GIVE (story, SOURCE, migration_frozen, .migration = 1, .manifest = (char *) "d1");
    case METHOD_migration_accepted:
        return GIVE (story, TARGET, migration_accepted, .migration = 1, .manifest = (char *) "d1");
    case METHOD_migration_resumed:
        return GIVE (story, OWNER, migration_resumed, .migration = 1);
    case METHOD_migration_failed:
        return GIVE (story, TARGET, migration_failed, .migration = 1, .detail = (char *) "disk full");
    default:
        return GIVE (story, ADA, migration_abort);
    }
}

static char cell_of (const story_t *story, baton_status status)
{
    if (status == BATON_OK)
        return story->last.count > 0 ? '+' : '=';
    if (status == BATON_aborted && story->error.reason == BATON_REASON_stale_epoch)
        return 'S';
    if (status != BATON_failed_precondition)
        return '?';
    return story->error.reason == BATON_REASON_not_migrating ? 'E' : 'O';
}

static void test_each_report_at_each_stage (void **context)
{
    (void) context;
    for (size_t i = 0; i < COUNT (ROWS); i++)
        for (stage_t stage = AT_none; stage < AT_COUNT; stage++) {
            story_t story;
            given_stage (&story, stage);
            char got = cell_of (&story, report (&story, ROWS[i].method));
            if (got == '+' || got == '=')
                assert_int_equal (story.changed.migration, 1);
            if (got != ROWS[i].cells[stage])
                fail_msg ("%s at stage %d: expected %c, got %c: %s", METHODS[ROWS[i].method].name, (int) stage,
                          ROWS[i].cells[stage], got, story.error.message);
            story_end (&story);
        }
}

static void test_another_number_is_another_migration (void **context)
{
    (void) context;
    story_t story;
    given_stage (&story, AT_aborted);
    start (&story);
    assert_int_equal (story.state.migration.number, 2);
    FAILS (&story, failed_precondition, not_migrating, TARGET, migration_prepared, .migration = 1);
    FAILS (&story, failed_precondition, not_migrating, SOURCE, migration_frozen, .migration = 1,
           .manifest = (char *) "d");
    FAILS (&story, failed_precondition, not_migrating, TARGET, migration_failed, .migration = 1);
    FAILS (&story, failed_precondition, not_migrating, TARGET, migration_failed, .migration = 3);
    story_end (&story);
}

static void test_a_third_node_is_not_heard (void **context)
{
    (void) context;
    story_t story;
    given_stage (&story, AT_accept);
    who_t third = NODE ("n3", 1);
    FAILS (&story, aborted, stale_epoch, third, migration_prepared, .migration = 1);
    FAILS (&story, aborted, stale_epoch, third, migration_accepted, .migration = 1, .manifest = (char *) "d1");
    FAILS (&story, aborted, stale_epoch, third, migration_failed, .migration = 1);
    /*  Nor does the source speak for the target. */
    FAILS (&story, failed_precondition, not_migrating, SOURCE, migration_accepted, .migration = 1,
           .manifest = (char *) "d1");
    assert_string_equal (story.state.lease.node, "n1");
    story_end (&story);
}

static void test_manifests_must_agree (void **context)
{
    (void) context;
    story_t story;
    given_stage (&story, AT_accept);
    FAILS (&story, failed_precondition, digest_mismatch, SOURCE, migration_frozen, .migration = 1,
           .manifest = (char *) "d2");
    FAILS (&story, failed_precondition, digest_mismatch, TARGET, migration_accepted, .migration = 1,
           .manifest = (char *) "d2");
    assert_int_equal (story.state.lease.epoch, 1);
    story_end (&story);
}

/* ---- starting ---- */

static void test_start_is_refused (void **context)
{
    (void) context;
    story_t story;
    given_queued (&story);
    FAILS (&story, failed_precondition, wrong_state, BROKER, migration_start, .target = (char *) "n2", .patience = 1);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    FAILS (&story, invalid_argument, bad_value, BROKER, migration_start, .target = (char *) "n1", .patience = 1);
    start (&story);
    FAILS (&story, failed_precondition, migrating, BROKER, migration_start, .target = (char *) "n3", .patience = 1);
    story_end (&story);
}

static void test_nothing_is_placed_meanwhile (void **context)
{
    (void) context;
    story_t story;
    given_stage (&story, AT_prepare);
    DOES (&story, "run_finished session_suspended", SOURCE, run_finished, .run = 1, .attempt = 1);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    FAILS (&story, failed_precondition, migrating, BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "migration_prepared", TARGET, migration_prepared, .migration = 1);
    DOES (&story, "migration_frozen", SOURCE, migration_frozen, .migration = 1, .manifest = (char *) "d1");
    DOES (&story, "lease_moved migration_committed", TARGET, migration_accepted, .migration = 1,
          .manifest = (char *) "d1");
    FAILS (&story, failed_precondition, migrating, BROKER, session_place, .node = (char *) "n2");
    DOES (&story, "migration_finished", OWNER, migration_resumed, .migration = 1);
    DOES (&story, "run_placed", BROKER, session_place, .node = (char *) "n2");
    story_end (&story);
}

/* ---- what may go wrong ---- */

static void test_a_step_has_its_deadline (void **context)
{
    (void) context;
    static const struct {
        stage_t stage;
        const char *events, *detail;
    } TIMES[] = {
        {AT_prepare, "migration_aborted", "the step prepare took longer than 1000 ms"},
        {AT_freeze, "migration_aborted", "the step freeze took longer than 1000 ms"},
        {AT_accept, "migration_aborted", "the step accept took longer than 1000 ms"},
        {AT_resume, "", NULL},
        {AT_finished, "", NULL},
    };
    for (size_t i = 0; i < COUNT (TIMES); i++) {
        story_t story;
        given_stage (&story, TIMES[i].stage);
        story.now += PATIENCE - 1;
        DOES (&story, "", BROKER, session_tick);
        story.now += 1;
        check_ok (&story, GIVE (&story, BROKER, session_tick), TIMES[i].events, __FILE__, __LINE__);
        if (TIMES[i].detail) {
            assert_int_equal (story.changed.migration, 1);
            assert_string_equal (LAST (&story, migration_aborted)->detail, TIMES[i].detail);
            assert_false (story.state.migrating);
            assert_string_equal (story.state.lease.node, "n1");
            DOES (&story, "run_started", SOURCE, run_started, .run = 1, .attempt = 2);
        }
        story_end (&story);
    }
}

static void test_a_node_is_lost (void **context)
{
    (void) context;
    static const struct {
        stage_t stage;
        const char *node, *events;
        const char *owner;
        cause_e cause;
    } LOSSES[] = {
        {AT_prepare, "n1", "migration_aborted run_finished lease_moved session_suspended", NULL, cause_node_lost},
        {AT_prepare, "n2", "migration_aborted", "n1", cause_activated},
        {AT_freeze, "n1", "migration_aborted run_finished lease_moved session_suspended", NULL, cause_node_lost},
        {AT_freeze, "n2", "migration_aborted", "n1", cause_activated},
        {AT_accept, "n1", "migration_aborted run_finished lease_moved session_suspended", NULL, cause_node_lost},
        {AT_accept, "n2", "migration_aborted", "n1", cause_activated},
        {AT_accept, "n3", "", "n1", cause_activated},
        {AT_resume, "n1", "", "n2", cause_activated},
        {AT_resume, "n2", "migration_aborted run_finished lease_moved session_suspended", NULL, cause_node_lost},
        {AT_finished, "n1", "", "n2", cause_activated},
        {AT_finished, "n2", "run_finished lease_moved session_suspended", NULL, cause_node_lost},
        {AT_aborted, "n2", "", "n1", cause_activated},
    };
    for (size_t i = 0; i < COUNT (LOSSES); i++) {
        story_t story;
        given_stage (&story, LOSSES[i].stage);
        check_ok (&story, GIVE (&story, BROKER, session_fence, .node = (char *) LOSSES[i].node), LOSSES[i].events,
                  __FILE__, __LINE__);
        assert_true (text_equal (story.state.lease.node, LOSSES[i].owner));
        assert_int_equal (story.state.cause, LOSSES[i].cause);
        story_end (&story);
    }
}

/*  The target was lost after the commit; what it still says must not be taken for a success. */
static void test_a_lost_target_hears_that_it_is_over (void **context)
{
    (void) context;
    story_t story;
    given_stage (&story, AT_resume);
    DOES (&story, "migration_aborted run_finished lease_moved session_suspended", BROKER, session_fence,
          .node = (char *) "n2");
    FAILS (&story, failed_precondition, not_migrating, TARGET, migration_accepted, .migration = 1,
           .manifest = (char *) "d1");
    FAILS (&story, aborted, stale_epoch, OWNER, migration_resumed, .migration = 1);
    story_end (&story);
}

static void test_a_stop_on_the_way (void **context)
{
    (void) context;
    story_t story;
    given_stage (&story, AT_accept);
    DOES (&story, "run_stopping", ADA, session_suspend);
    DOES (&story, "lease_moved migration_committed", TARGET, migration_accepted, .migration = 1,
          .manifest = (char *) "d1");
    DOES (&story, "run_started", OWNER, run_started, .run = 1, .attempt = 2);
    assert_int_equal (story.state.run.phase, run_phase_stopping);
    DOES (&story, "migration_finished", OWNER, migration_resumed, .migration = 1);
    DOES (&story, "run_finished session_suspended", OWNER, run_finished, .run = 1, .attempt = 2);
    CHECK_STATE (&story, suspended, requested);
    story_end (&story);
}

static void test_a_run_that_can_t_start_at_the_target (void **context)
{
    (void) context;
    story_t story;
    given_stage (&story, AT_resume);
    DOES (&story, "run_finished session_suspended", OWNER, run_finished, .run = 1, .detail = (char *) "no such driver");
    assert_int_equal (story.state.run.outcome, run_outcome_failed);
    DOES (&story, "migration_finished", OWNER, migration_resumed, .migration = 1);
    story_end (&story);
}

static void test_moving_there_and_back (void **context)
{
    (void) context;
    story_t story;
    given_stage (&story, AT_finished);
    DOES (&story, "migration_started", ADA, migration_start, .target = (char *) "n1", .patience = PATIENCE);
    DOES (&story, "migration_prepared", NODE ("n1", 0), migration_prepared, .migration = 2);
    DOES (&story, "migration_frozen", OWNER, migration_frozen, .migration = 2, .manifest = (char *) "d3");
    DOES (&story, "lease_moved migration_committed", NODE ("n1", 0), migration_accepted, .migration = 2,
          .manifest = (char *) "d3");
    assert_int_equal (story.state.lease.epoch, 3);
    FAILS (&story, aborted, stale_epoch, SOURCE, run_started, .run = 1, .attempt = 2); /*  its first epoch */
    DOES (&story, "run_started", NODE ("n1", 3), run_started, .run = 1, .attempt = 2);
    DOES (&story, "migration_finished", NODE ("n1", 3), migration_resumed, .migration = 2);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_all_five_steps),
        cmocka_unit_test (test_each_report_at_each_stage),
        cmocka_unit_test (test_another_number_is_another_migration),
        cmocka_unit_test (test_a_third_node_is_not_heard),
        cmocka_unit_test (test_manifests_must_agree),
        cmocka_unit_test (test_start_is_refused),
        cmocka_unit_test (test_nothing_is_placed_meanwhile),
        cmocka_unit_test (test_a_step_has_its_deadline),
        cmocka_unit_test (test_a_node_is_lost),
        cmocka_unit_test (test_a_lost_target_hears_that_it_is_over),
        cmocka_unit_test (test_a_stop_on_the_way),
        cmocka_unit_test (test_a_run_that_can_t_start_at_the_target),
        cmocka_unit_test (test_moving_there_and_back),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
