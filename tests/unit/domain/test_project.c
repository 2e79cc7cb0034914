/*  What lists show of a session, and what nodes are told to do for it. */
#include "story.h"

static void test_row (void **context)
{
    (void) context;
    story_t story;
    story_begin (&story);
    projection_t row = {.order = 42};
    baton_pair_t label = {(char *) "team", (char *) "red"};
    CREATE (&story, .agent = (char *) "hr", .priority = 3, .labels = {1, &label});
    assert_int_equal (session_project (&story.state, &row), BATON_OK);
    assert_string_equal (row.row.session, STORY_ID);
    assert_string_equal (row.row.title, "A title");
    assert_string_equal (row.row.agent, "hr");
    assert_int_equal (row.row.priority, 3);
    assert_int_equal (row.row.state, lifecycle_suspended);
    assert_int_equal (row.row.cause, cause_created);
    assert_int_equal (row.row.created_at, STORY_START);
    assert_string_equal (pairs_get (&row.row.labels, "team"), "red");
    assert_false (row.active);
    assert_int_equal (row.due, 0);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "breakpoint_opened", ADA, breakpoint_ask, .key = (char *) "k", .title = (char *) "T",
          .deadline = 10000);
    DOES (&story, "breakpoint_opened", ADA, breakpoint_ask, .key = (char *) "l", .title = (char *) "T");
    DOES (&story, "breakpoint_cancelled", ADA, breakpoint_cancel, .breakpoint = 2);
    assert_int_equal (session_project (&story.state, &row), BATON_OK); /*  into a row that is filled already */
    assert_int_equal (row.order, 42);
    assert_int_equal (row.row.breakpoints, 1);
    assert_int_equal (row.open.count, 1);
    assert_int_equal (row.open.items[0].number, 1);
    assert_int_equal (row.open.items[0].opened_at, STORY_START);
    assert_int_equal (row.row.deadline, STORY_START + 10000);
    assert_int_equal (row.row.activity.n, story.state.n);
    assert_int_equal (row.row.activity.at, STORY_START);
    assert_int_equal (row.row.run, 1);
    assert_int_equal (row.row.phase, run_phase_placed);
    assert_string_equal (row.row.node, "n1");
    assert_int_equal (row.due, STORY_START + 8000);
    assert_true (row.active);
    DOES (&story, "run_finished session_suspended", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    assert_int_equal (session_project (&story.state, &row), BATON_OK);
    assert_false (row.active);
    DOES (&story, "migration_started", BROKER, migration_start, .target = (char *) "n2", .patience = 1);
    assert_int_equal (session_project (&story.state, &row), BATON_OK);
    assert_true (row.active);
    record_clear (&RECORD_projection, &row);
    story_end (&story);
}

/*  Who is told of the session: a letter a node, of n1 and n2. */
static void check_told (const story_t *story, const char *nodes, uint64_t migration, run_phase_e phase, int line)
{
    static const char *const NAMES[] = {"n1", "n2"};
    for (size_t i = 0; i < COUNT (NAMES); i++) {
        assignment_t assignment = {0};
        bool told = session_assign (&story->state, NAMES[i], &assignment);
        if (told != (strstr (nodes, NAMES[i]) != NULL))
            fail_msg ("line %d: %s is %s", line, NAMES[i], told ? "told" : "not told");
        if (told) {
            assert_string_equal (assignment.session, STORY_ID);
            assert_int_equal (assignment.n, story->state.n);
            assert_int_equal (assignment.lease.epoch, story->state.lease.epoch);
            assert_int_equal (assignment.migration.number, migration);
            assert_int_equal (assignment.run.phase, phase);
        }
        record_clear (&RECORD_assignment, &assignment);
    }
}

#define TOLD(nodes, migration, phase) check_told (&story, nodes, migration, run_phase_##phase, __LINE__)

static void test_assignments (void **context)
{
    (void) context;
    story_t story;
    given_queued (&story);
    TOLD ("", 0, queued);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    TOLD ("n1", 0, placed);
    DOES (&story, "migration_started", BROKER, migration_start, .target = (char *) "n2", .patience = 9);
    TOLD ("n1 n2", 1, placed);
    DOES (&story, "migration_prepared", NODE ("n2", 0), migration_prepared, .migration = 1);
    DOES (&story, "migration_frozen", NODE ("n1", 1), migration_frozen, .migration = 1, .manifest = (char *) "d");
    TOLD ("n1 n2", 1, placed);
    DOES (&story, "lease_moved migration_committed", NODE ("n2", 0), migration_accepted, .migration = 1,
          .manifest = (char *) "d");
    TOLD ("n2", 1, placed);
    DOES (&story, "migration_finished", NODE ("n2", 2), migration_resumed, .migration = 1);
    TOLD ("n2", 0, placed);
    DOES (&story, "run_finished session_suspended", NODE ("n2", 2), run_finished, .run = 1, .attempt = 1);
    TOLD ("n2", 0, none); /*  its workspace is kept there */
    DOES (&story, "lease_moved session_terminated", ADA, session_complete);
    TOLD ("", 0, none);
    story_end (&story);
}

static void test_what_a_node_needs (void **context)
{
    (void) context;
    story_t story;
    story_begin (&story);
    binding_t binding = {.path = (char *) "src", .omit = true};
    assignment_t assignment = {0};
    CREATE (&story, .objective = (char *) "Win", .agent = (char *) "hr", .workspace = (char *) "/w",
            .bindings = {1, &binding}, .driver = (char *) "shell");
    DOES (&story, "session_activated run_queued", ADA, session_activate, .input = NUMBER (7));
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    assert_true (session_assign (&story.state, "n1", &assignment));
    assert_string_equal (assignment.title, "A title");
    assert_string_equal (assignment.objective, "Win");
    assert_string_equal (assignment.agent, "hr");
    assert_string_equal (assignment.workspace, "/w");
    assert_string_equal (assignment.lease.node, "n1");
    assert_int_equal (assignment.bindings.count, 1);
    assert_true (assignment.bindings.items[0].omit);
    assert_string_equal (assignment.run.driver, "shell");
    assert_int_equal (assignment.run.number, 1);
    assert_int_equal (assignment.run.input.data[0], 7);
    record_clear (&RECORD_assignment, &assignment);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_row),
        cmocka_unit_test (test_assignments),
        cmocka_unit_test (test_what_a_node_needs),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
