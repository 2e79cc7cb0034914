/*  Time passes: when something is due, and what is done then. */
#include "deciding.h"
#include "story.h"

#define ASK(story, ...)                                                                                                \
    DOES (story, "breakpoint_opened", RUN ("n1", 1, 1), breakpoint_ask, .key = (char *) "k", .title = (char *) "T",    \
          ##__VA_ARGS__)

static void tick_at (story_t *story, uint64_t after, const char *kinds, int line)
{
    story->now = STORY_START + after;
    check_ok (story, GIVE (story, BROKER, session_tick, .wall = story->now), kinds, __FILE__, line);
}

#define TICK(story, after, kinds) tick_at (story, after, kinds, __LINE__)
#define DUE(story, after) assert_int_equal (session_due (&(story)->state), STORY_START + (after))

static void test_when_the_warning_comes (void **context)
{
    (void) context;
    static const struct {
        uint64_t duration, warning;
    } ROWS[] = {{100000, 80000}, {5000, 4000}, {4000, 3000}, {2000, 1000}, {1000, 500}, {100, 50}, {1, 1}};
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        breakpoint_t breakpoint = {.deadline = STORY_START + ROWS[i].duration, .duration = ROWS[i].duration};
        assert_int_equal (breakpoint_warn_at (&breakpoint), STORY_START + ROWS[i].warning);
        breakpoint.warned = true;
        assert_int_equal (breakpoint_warn_at (&breakpoint), 0);
    }
}

static void test_expire (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, .deadline = 10000);
    DUE (&story, 8000);
    TICK (&story, 7999, "");
    TICK (&story, 8000, "breakpoint_warned");
    TICK (&story, 8001, "");
    DUE (&story, 10000);
    TICK (&story, 9999, "");
    TICK (&story, 10000, "breakpoint_expired");
    const breakpoint_t *breakpoint = &story.state.breakpoints.items[0];
    assert_int_equal (breakpoint->state, breakpoint_state_expired);
    assert_string_equal (breakpoint->outcome, "expired");
    assert_int_equal (session_due (&story.state), 0);
    FAILS (&story, failed_precondition, already_decided, ADA, breakpoint_vote, .breakpoint = 1,
           .option = (char *) "approve");
    CHECK_STATE (&story, running, activated);
    story_end (&story);
}

static void test_expire_with_an_option (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, .deadline = 10000, .on_expiry = expiry_option, .expiry_option = (char *) "reject");
    TICK (&story, 20000, "breakpoint_expired"); /*  a late tick needs no warning any more */
    assert_string_equal (story.state.breakpoints.items[0].outcome, "reject");
    story_end (&story);
}

static void test_escalate (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    char *people[] = {(char *) "ada", (char *) "bob"};
    ASK (&story, .deadline = 10000, .on_expiry = expiry_escalate,
         .policy = {.kind = policy_kind_named, .people = {2, people}});
    DOES (&story, "breakpoint_voted", ADA, breakpoint_vote, .breakpoint = 1, .option = (char *) "approve");
    TICK (&story, 8000, "breakpoint_warned");
    TICK (&story, 10005, "breakpoint_escalated");
    assert_int_equal (story.state.breakpoints.items[0].policy.kind, policy_kind_first);
    assert_int_equal (story.state.breakpoints.items[0].policy.people.count, 2);
    DUE (&story, 18005);
    TICK (&story, 18005, "breakpoint_warned");
    /*  Those who may vote are the same; one vote is enough, also one that was given before. */
    FAILS (&story, permission_denied, excluded, CYD, breakpoint_vote, .breakpoint = 1, .option = (char *) "approve");
    DOES (&story, "breakpoint_voted breakpoint_decided", ADA, breakpoint_vote, .breakpoint = 1,
          .option = (char *) "approve");
    story_end (&story);
}

static void test_escalate_once (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, .deadline = 10000, .on_expiry = expiry_escalate, .policy = {.kind = policy_kind_quorum, .k = 2});
    TICK (&story, 10000, "breakpoint_escalated");
    assert_int_equal (story.state.breakpoints.items[0].policy.k, 0);
    TICK (&story, 20000, "breakpoint_expired");
    assert_string_equal (story.state.breakpoints.items[0].outcome, "expired");
    story_end (&story);
}

static void test_cancel (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, .deadline = 10000, .on_expiry = expiry_cancel);
    DOES (&story, "breakpoint_opened", RUN ("n1", 1, 1), breakpoint_ask, .key = (char *) "k2", .title = (char *) "T",
          .deadline = 10000);
    TICK (&story, 10000, "breakpoint_expired run_finished breakpoint_cancelled lease_moved session_terminated");
    CHECK_STATE (&story, terminated, expired);
    assert_string_equal (story.state.breakpoints.items[0].outcome, "expired");
    assert_string_equal (story.state.breakpoints.items[1].outcome, "cancelled");
    assert_int_equal (session_due (&story.state), 0);
    TICK (&story, 99999, "");
    story_end (&story);
}

static void test_wake_at_a_time (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "session_slept", ADA, session_sleep, .until = STORY_START + 500);
    assert_int_equal (session_wakes (&story.state), STORY_START + 500);
    assert_int_equal (session_due (&story.state), 0);
    TICK (&story, 499, "");
    TICK (&story, 500, "session_activated run_queued");
    CHECK_STATE (&story, running, time);
    assert_int_equal (story.state.run.number, 1);
    assert_int_equal (session_wakes (&story.state), 0);
    story_end (&story);
}

/*  The wish to sleep is kept while the run stops, but it wakes only who sleeps. */
static void test_no_waking_before_sleep (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "run_stopping", ADA, session_sleep, .until = STORY_START + 500);
    assert_int_equal (session_due (&story.state), 0);
    TICK (&story, 600, "");
    DOES (&story, "run_finished session_slept", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    assert_int_equal (session_wakes (&story.state), STORY_START + 500);
    assert_int_equal (session_due (&story.state), 0);
    TICK (&story, 600, "session_activated run_queued");
    story_end (&story);
}

static void test_the_earliest_is_due_first (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ASK (&story, .deadline = 100000);
    DUE (&story, 80000);
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "m", .from = (char *) "ada",
          .ttl = 70000);
    DUE (&story, 70000);
    DOES (&story, "breakpoint_joined", ADA, breakpoint_join, .breakpoint = 1, .ttl = 60000);
    DUE (&story, 60000);
    DOES (&story, "migration_started", BROKER, migration_start, .target = (char *) "n2", .patience = 50000);
    DUE (&story, 50000);
    TICK (&story, 100000, "message_expired breakpoint_expired migration_aborted");
    assert_int_equal (session_due (&story.state), 0);
    story_end (&story);
}

/*  What came along with an import and was never fetched: a fork may need it, for as long as nodes keep workspaces. */
static void test_a_workspace_that_nobody_fetches (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    story.state.carried = 1;
    assert_int_equal (session_due (&story.state), 0);
    DOES (&story, "session_terminated", ADA, session_cancel);
    uint64_t after = story.state.active_at - STORY_START + LIMIT_CARRIED_IDLE;
    DUE (&story, after);
    TICK (&story, after - 1, "");
    TICK (&story, after, "carried_dropped");
    assert_int_equal (story.state.carried, 0);
    assert_int_equal (session_due (&story.state), 0);
    TICK (&story, after, "");
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_when_the_warning_comes),
        cmocka_unit_test (test_expire),
        cmocka_unit_test (test_expire_with_an_option),
        cmocka_unit_test (test_escalate),
        cmocka_unit_test (test_escalate_once),
        cmocka_unit_test (test_cancel),
        cmocka_unit_test (test_wake_at_a_time),
        cmocka_unit_test (test_no_waking_before_sleep),
        cmocka_unit_test (test_the_earliest_is_due_first),
        cmocka_unit_test (test_a_workspace_that_nobody_fetches),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
