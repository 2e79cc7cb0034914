/*  Budgets, as one session sees them: what counts, and what happens at a cap. The broker gives budget.check whenever
 *  session_wants_check; so does this. */
#include "story.h"

static const who_t RUNNING = {.actor = "n1", .role = role_node, .epoch = 1, .run = 1};

/*  The events of the check that follows; "" when none is wanted. */
static void check (story_t *story, const char *kinds)
{
    assert_int_equal (session_wants_check (&story->state, story->now), *kinds != '\0');
    if (*kinds)
        check_ok (story, GIVE (story, BROKER, budget_check), kinds, __FILE__, __LINE__);
    assert_false (session_wants_check (&story->state, story->now));
}

static void finish (story_t *story, uint64_t run, const char *kinds)
{
    check_ok (story, GIVE (story, NODE ("n1", 1), run_finished, .run = run, .attempt = 1), kinds, __FILE__, __LINE__);
}

static void start (story_t *story, uint64_t run)
{
    check_ok (story, GIVE (story, BROKER, session_place, .node = (char *) "n1"), "run_placed", __FILE__, __LINE__);
    check_ok (story, GIVE (story, NODE ("n1", 1), run_started, .run = run, .attempt = 1), "run_started", __FILE__,
              __LINE__);
}

/*  A run that is stopping, since its 10 tokens are used up. */
static void given_spent (story_t *story)
{
    given_running (story);
    DOES (story, "usage_reported", RUNNING, usage_report, .output_tokens = 10);
    DOES (story, "budget_set", ADA, budget_set, .tokens = 10);
    check (story, "budget_reached breakpoint_opened run_stopping");
}

static void test_what_counts (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    const amounts_t *spent = &story.state.budget.spent;
    assert_int_equal (spent->runs, 1);
    GIVE (&story, ADA, item_append, .role = item_role_user, .text = (char *) "x", .tokens = 50);
    assert_int_equal (spent->tokens, 0); /*  what people add, no run has used */
    GIVE (&story, RUNNING, item_append, .role = item_role_assistant, .text = (char *) "x", .tokens = 70);
    assert_int_equal (spent->tokens, 70);
    DOES (&story, "usage_reported", RUNNING, usage_report, .input_tokens = 100, .output_tokens = 20, .cost_micros = 9);
    assert_int_equal (spent->tokens, 120); /*  in place of the item's */
    GIVE (&story, RUNNING, item_append, .role = item_role_assistant, .text = (char *) "x", .tokens = 70);
    assert_int_equal (spent->tokens, 120);
    FAILS (&story, invalid_argument, missing_field, RUNNING, usage_report);
    story.now += 1500;
    finish (&story, 1, "run_finished session_suspended");
    assert_int_equal (spent->run_time, 1500);
    assert_int_equal (spent->cost_micros, 9);
    assert_int_equal (story.state.budget.tree_spent.tokens, 120);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    assert_int_equal (spent->runs, 2);
    DOES (&story, "run_finished session_suspended", ADA, session_suspend);
    assert_int_equal (spent->runs, 1); /*  no node has seen it */
    story_end (&story);
}

static void test_at_the_cap_it_stops_and_raised_it_goes_on (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "budget_set", ADA, budget_set, .tokens = 100);
    DOES (&story, "", ADA, budget_set, .tokens = 100);
    DOES (&story, "session_activated run_queued", ADA, session_activate, .input = NUMBER (7));
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "run_started", NODE ("n1", 1), run_started, .run = 1, .attempt = 1);
    DOES (&story, "usage_reported", RUNNING, usage_report, .input_tokens = 99);
    check (&story, "");
    DOES (&story, "usage_reported", RUNNING, usage_report, .output_tokens = 1);
    check (&story, "budget_reached breakpoint_opened run_stopping");
    DOES (&story, "usage_reported", RUNNING, usage_report, .output_tokens = 1); /*  it was under way */
    check (&story, "");
    finish (&story, 1, "run_finished session_suspended");
    CHECK_STATE (&story, suspended, budget_reached);
    check (&story, "");
    FAILS (&story, failed_precondition, budget_reached, ADA, session_activate);
    DOES (&story, "budget_set", ADA, budget_set, .tokens = 101);
    check (&story, "");
    DOES (&story, "budget_set", ADA, budget_set, .tokens = 200);
    check (&story, "budget_released breakpoint_cancelled session_activated run_queued");
    assert_memory_equal (story.state.run.input.data, NUMBER (7).data, 1);
    story_end (&story);
}

static void test_people_raise_or_stop (void **context)
{
    (void) context;
    static uint8_t low[] = {0x81, 0xa6, 't', 'o', 'k', 'e', 'n', 's', 5};
    static uint8_t high[] = {0x81, 0xa6, 't', 'o', 'k', 'e', 'n', 's', 0xcc, 200};
    story_t story;
    given_spent (&story);
    finish (&story, 1, "run_finished session_suspended");
    FAILS (&story, invalid_argument, bad_value, BOB, breakpoint_vote, .breakpoint = 1, .option = (char *) "raise");
    FAILS (&story, invalid_argument, bad_value, BOB, breakpoint_vote, .breakpoint = 1, .option = (char *) "raise",
           .value = {sizeof low, low});
    FAILS (&story, invalid_argument, bad_value, BOB, breakpoint_vote, .breakpoint = 1, .option = (char *) "stop",
           .value = {sizeof high, high});
    DOES (&story, "breakpoint_voted breakpoint_decided budget_set", BOB, breakpoint_vote, .breakpoint = 1,
          .option = (char *) "raise", .value = {sizeof high, high});
    assert_int_equal (story.state.budget.own.tokens, 200);
    check (&story, "budget_released session_activated run_queued");
    start (&story, 2);
    DOES (&story, "usage_reported", RUN ("n1", 1, 2), usage_report, .output_tokens = 190);
    check (&story, "budget_reached breakpoint_opened run_stopping");
    DOES (&story, "breakpoint_voted breakpoint_decided", BOB, breakpoint_vote, .breakpoint = 2,
          .option = (char *) "stop");
    finish (&story, 2, "run_finished session_suspended");
    CHECK_STATE (&story, suspended, budget_reached);
    check (&story, "");
    FAILS (&story, invalid_argument, bad_value, ADA, breakpoint_ask, .key = (char *) "k", .title = (char *) "T",
           .kind = breakpoint_kind_budget);
    story_end (&story);
}

/*  Raised before the run has come to its safe point, the session goes on as soon as it has. */
static void test_raised_in_time (void **context)
{
    (void) context;
    story_t story;
    given_spent (&story);
    DOES (&story, "budget_set", ADA, budget_set, .clear = true);
    check (&story, "budget_released breakpoint_cancelled");
    finish (&story, 1, "run_finished session_suspended");
    check (&story, "session_activated run_queued");
    story_end (&story);
}

static void test_an_operator_has_the_last_word (void **context)
{
    (void) context;
    story_t story;
    given_spent (&story);
    DOES (&story, "run_stopping", ADA, session_suspend);
    finish (&story, 1, "run_finished session_suspended");
    CHECK_STATE (&story, suspended, requested);
    DOES (&story, "budget_set", ADA, budget_set, .clear = true);
    check (&story, "budget_released breakpoint_cancelled");
    CHECK_STATE (&story, suspended, requested);
    story_end (&story);
}

/*  The last run that may begin goes on; the next is stopped before a node has seen it. */
static void test_runs (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "budget_set", ADA, budget_set, .runs = 1);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    check (&story, "budget_reached");
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "run_started", NODE ("n1", 1), run_started, .run = 1, .attempt = 1);
    DOES (&story, "run_stopping", RUNNING, session_sleep, .on_message = true);
    finish (&story, 1, "run_finished session_slept");
    FAILS (&story, failed_precondition, budget_reached, ADA, session_activate);
    DOES (&story, "message_delivered session_activated run_queued", BROKER, message_deliver, .id = (char *) "m",
          .from = (char *) "ada");
    check (&story, "breakpoint_opened run_stopping run_finished session_suspended");
    CHECK_STATE (&story, suspended, budget_reached);
    assert_int_equal (story.state.budget.spent.runs, 1);
    DOES (&story, "budget_set", ADA, budget_set, .runs = 3);
    check (&story, "budget_released breakpoint_cancelled session_activated run_queued");
    check (&story, "");
    story_end (&story);
}

static void test_run_time (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "budget_set", ADA, budget_set, .run_time = 5000);
    check (&story, "");
    assert_int_equal (session_due (&story.state), STORY_START + 5000);
    story.now += 5000;
    DOES (&story, "budget_reached breakpoint_opened run_stopping", BROKER, session_tick);
    assert_int_equal (session_due (&story.state), 0);
    story_end (&story);
}

/* ---- trees ---- */

static void note (story_t *story, uint64_t n, uint64_t tokens, uint64_t clocks, uint64_t sum)
{
    child_row_t child = {.session = (char *) "c",
                         .n = n,
                         .state = lifecycle_running,
                         .cause = cause_activated,
                         .alive = 1,
                         .spent = {.tokens = tokens, .runs = 1},
                         .clocks = clocks,
                         .clock_sum = sum};
    check_ok (story, GIVE (story, BROKER, child_note, .child = child), "child_changed", __FILE__, __LINE__);
}

static void test_a_tree_counts_all (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    child_spawned_event_t spawned = {.child = (char *) "c", .title = (char *) "T"};
    event_t event = {.kind = EVENT_child_spawned, .n = story.state.n + 1, .body = &spawned};
    assert_int_equal (session_evolve (&story.state, &event), BATON_OK);
    DOES (&story, "budget_set", ADA, budget_set, .tree = true, .tokens = 100, .run_time = 10000);
    DOES (&story, "usage_reported", RUNNING, usage_report, .output_tokens = 30);
    note (&story, 2, 20, 1, STORY_START + 1000);
    note (&story, 3, 60, 1, STORY_START + 1000);
    assert_int_equal (story.state.budget.tree_spent.tokens, 90);
    assert_int_equal (story.state.budget.spent.tokens, 30);
    assert_int_equal (story.state.budget.tree_spent.runs, 2);
    /*  Two clocks, one of which has run for a second longer: 5.5 s after the start both have 10 s. */
    assert_int_equal (session_due (&story.state), STORY_START + 5500);
    check (&story, "");
    note (&story, 4, 70, 1, STORY_START + 1000);
    check (&story, "budget_reached breakpoint_opened run_stopping");
    assert_int_equal (story.state.budget.tree_reached, cap_tokens);
    story_end (&story);
}

static void test_held_from_above (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "budget_held", BROKER, budget_hold, .by = (char *) "root", .cap = cap_runs);
    DOES (&story, "", BROKER, budget_hold, .by = (char *) "root", .cap = cap_runs);
    check (&story, ""); /*  what has begun goes on */
    FAILS (&story, failed_precondition, budget_reached, ADA, session_activate);
    DOES (&story, "budget_held", BROKER, budget_hold, .by = (char *) "root", .cap = cap_tokens);
    check (&story, "run_stopping");
    finish (&story, 1, "run_finished session_suspended");
    CHECK_STATE (&story, suspended, budget_reached);
    DOES (&story, "budget_held", BROKER, budget_hold, .by = (char *) "mother", .cap = cap_tokens);
    DOES (&story, "budget_freed", BROKER, budget_hold, .by = (char *) "root");
    check (&story, "");
    DOES (&story, "budget_freed", BROKER, budget_hold, .by = (char *) "mother");
    check (&story, "session_activated run_queued");
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_what_counts),
        cmocka_unit_test (test_at_the_cap_it_stops_and_raised_it_goes_on),
        cmocka_unit_test (test_people_raise_or_stop),
        cmocka_unit_test (test_raised_in_time),
        cmocka_unit_test (test_an_operator_has_the_last_word),
        cmocka_unit_test (test_runs),
        cmocka_unit_test (test_run_time),
        cmocka_unit_test (test_a_tree_counts_all),
        cmocka_unit_test (test_held_from_above),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
