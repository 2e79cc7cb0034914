/*  Forks: what is inherited, what begins anew, and the line of items. */
#include "lineage.h"
#include "story.h"

#include "deciding.h"

#include <stdio.h>

/* ---- what a fork inherits ---- */

/*  What belongs to one life, by name: with what fork.c says is inherited, all there is. */
/* clang-format off */
static const char *const ANEW[] = {
    "merge",
    "origin",
    "state",
    "cause",
    "created_at",
    "created_by",
    "audience",
    "forked_from",
    "forks",
    "active_at",
    "wake_on_message",
    "wake_at",
    "lease",
    "home",
    "carried",
    "carried_from",
    "waiting",
    "lent",
    "provenance",
    "run",
    "queue",
    "before",
    "breakpoints",
    "mailbox",
    "seen",
    "migration",
    "migrating",
    "triggers",
    "depends_on",
    "watchers",
    "checkpoints",
    "clients",
    "lock", "follows",
    "parent",
    "root",
    "level",
    "parent_ended",
    "stem",
    "ended",
    "folder",
    "refused",
    "offshoots",
    "children",
    "child_ended_n",
    "asked",
    "owed",
    "dead",
    "wake_on_family",
    "budget",
};
/* clang-format on */

static void test_each_field_is_inherited_or_begins_anew (void **context)
{
    (void) context;
    for (const field_t *field = RECORD_session.fields (); field->name; field++) {
        bool anew = false;
        for (size_t i = 0; i < COUNT (ANEW); i++)
            anew = anew || strcmp (ANEW[i], field->name) == 0;
        if (anew == fork_inherits (field->name))
            fail_msg ("the session's field %s must be inherited by forks (INHERITED in fork.c), or begin anew (ANEW in "
                      "this test)",
                      field->name);
    }
}

/*  The fork of a story's session, under that id. */
static baton_status fork_story (const session_t *source, const char *id, const session_fork_request_t *request,
                                session_t *ret_fork, baton_error_t *error)
{
    event_list_t events = {0};
    changed_t changed = {0};
    command_t command = {.method = METHOD_session_fork,
                         .request = request,
                         .now = STORY_START,
                         .actor = "ada",
                         .role = role_operator,
                         .access = access_own,
                         .source = source};
    session_t nothing = {0};
    baton_status status = session_decide (&nothing, &command, &events, &changed, error);
    for (size_t i = 0; status == BATON_OK && i < events.count; i++) {
        baton_bytes_t bytes = {0};
        event_t read = {0};
        events.items[i].n = events.items[i].seq = ret_fork->n + 1;
        events.items[i].at = STORY_START + 5;
        assert_int_equal (text_set (&events.items[i].session, id), BATON_OK);
        assert_int_equal (event_encode (&events.items[i], &bytes), BATON_OK);
        if (event_decode (bytes.data, bytes.size, &read, error) != BATON_OK)
            fail_msg ("%s", error->message);
        assert_int_equal (session_evolve (ret_fork, &read), BATON_OK);
        event_clear (&read);
        bytes_clear (&bytes);
    }
    event_list_clear (&events);
    record_clear (&RECORD_changed, &changed);
    return status;
}

static session_t given_fork (const session_t *source, const char *id)
{
    session_t fork = {0};
    baton_error_t error = {0};
    session_fork_request_t request = {.session = source->session, .title = (char *) id};
    if (fork_story (source, id, &request, &fork, &error) != BATON_OK)
        fail_msg ("%s", error.message);
    return fork;
}

static void given_rich (story_t *story)
{
    given_running (story);
    DOES (story, "memory_set", RUN ("n1", 1, 1), memory_set, .key = (char *) "color", .value = NUMBER (7));
    DOES (story, "decision_recorded", ADA, decision_record, .key = (char *) "db", .value = (char *) "sqlite");
    DOES (story, "artifact_put", (((who_t){.actor = "ada", .role = role_operator, .digest = "d1"})), artifact_put,
          .name = (char *) "plan");
    DOES (story, "item_appended", ADA, item_append, .role = item_role_user, .text = (char *) "hello");
    DOES (story, "breakpoint_opened", ADA, breakpoint_ask, .key = (char *) "k", .title = (char *) "Well?");
    DOES (story, "message_delivered", ADA, message_deliver, .id = (char *) "m1", .from = (char *) "ada");
    DOES (story, "run_finished session_suspended", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
}

static void test_a_fork_knows_what_its_source_knew (void **context)
{
    (void) context;
    story_t story;
    given_rich (&story);
    session_t fork = given_fork (&story.state, "f1");
    assert_string_equal (fork.session, "f1");
    assert_string_equal (fork.title, "f1");
    assert_int_equal (fork.n, 1);
    assert_int_equal (fork.state, lifecycle_suspended);
    assert_int_equal (fork.cause, cause_forked);
    assert_string_equal (fork.forked_from.session, STORY_ID);
    assert_int_equal (fork.forked_from.n, story.state.n);
    assert_int_equal (fork.forked_from.workspace, fork_workspace_copy);
    assert_int_equal (fork.items, 1);
    assert_int_equal (fork.memory.count, 1);
    assert_string_equal (fork.memory.items[0].session, STORY_ID); /*  whose run 1 it was */
    assert_int_equal (fork.memory.items[0].run, 1);
    assert_string_equal (fork.decisions.items[0].session, STORY_ID);
    assert_string_equal (fork.artifacts.items[0].session, STORY_ID);
    assert_int_equal (fork.breakpoints.count, 0);
    assert_int_equal (fork.mailbox.count, 0);
    assert_int_equal (fork.run.number, 0);
    assert_int_equal (fork.lease.epoch, 0);
    assert_null (fork.home);
    record_clear (&RECORD_session, &fork);
    story_end (&story);
}

static void test_a_run_under_way_is_not_copied (void **context)
{
    (void) context;
    story_t story;
    session_t fork = {0};
    baton_error_t error = {0};
    session_fork_request_t request = {.session = (char *) STORY_ID, .title = (char *) "f"};
    given_running (&story);
    assert_int_equal (fork_story (&story.state, "f1", &request, &fork, &error), BATON_failed_precondition);
    assert_int_equal (error.reason, BATON_REASON_run_active);
    assert_non_null (strstr (error.message, "at 2,")); /*  after session_activated, before run_queued */
    request.at = story.state.n;
    assert_int_equal (fork_story (&story.state, "f1", &request, &fork, &error), BATON_failed_precondition);
    assert_string_equal (error.field, "at");
    assert_int_equal (fork.n, 0);
    story_end (&story);
}

static void test_an_open_tool_call_is_not_copied (void **context)
{
    (void) context;
    story_t story;
    session_t fork = {0};
    baton_error_t error = {0};
    session_fork_request_t request = {.session = (char *) STORY_ID, .title = (char *) "f"};
    part_t call = {.kind = part_kind_tool_call, .tool = (char *) "grep", .call = (char *) "c1"};
    part_t result = {.kind = part_kind_tool_result, .call = (char *) "c1", .text = (char *) "none"};
    given_created (&story);
    assert_int_equal (GIVE (&story, ADA, item_append, .role = item_role_assistant, .parts = {1, &call}), BATON_OK);
    assert_int_equal (fork_story (&story.state, "f1", &request, &fork, &error), BATON_failed_precondition);
    assert_int_equal (error.reason, BATON_REASON_wrong_state);
    assert_non_null (strstr (error.message, "at 1, before the call"));
    assert_int_equal (GIVE (&story, ADA, item_append, .role = item_role_tool, .parts = {1, &result}), BATON_OK);
    assert_int_equal (fork_story (&story.state, "f1", &request, &fork, &error), BATON_OK);
    record_clear (&RECORD_session, &fork);
    story_end (&story);
}

static void test_a_fork_can_begin_to_run_at_once (void **context)
{
    (void) context;
    story_t story;
    session_t fork = {0};
    baton_error_t error = {0};
    session_fork_request_t request = {.session = (char *) STORY_ID, .title = (char *) "f", .input = NUMBER (1)};
    given_created (&story);
    assert_int_equal (fork_story (&story.state, "f1", &request, &fork, &error), BATON_invalid_argument);
    assert_string_equal (error.field, "input");
    request.activate = true;
    request.driver = (char *) "other";
    assert_int_equal (fork_story (&story.state, "f1", &request, &fork, &error), BATON_OK);
    assert_int_equal (fork.state, lifecycle_running);
    assert_string_equal (fork.run.driver, "other");
    assert_int_equal (fork.run.input.size, 1);
    record_clear (&RECORD_session, &fork);
    story_end (&story);
}

static void test_there_must_be_something_to_fork (void **context)
{
    (void) context;
    session_t fork = {0};
    baton_error_t error = {0};
    session_fork_request_t request = {.session = (char *) "nobody", .title = (char *) "f"};
    assert_int_equal (fork_story (NULL, "f1", &request, &fork, &error), BATON_not_found);
    assert_int_equal (fork_story (&(session_t){.session = (char *) "site", .n = 4}, "f1", &request, &fork, &error),
                      BATON_not_found);
    assert_int_equal (error.reason, BATON_REASON_no_such_session);
}

static void test_the_source_counts_its_forks (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "session_branched", ADA, session_branch, .fork = (char *) "f1", .at = 1, .title = (char *) "F");
    assert_int_equal (story.state.forks, 1);
    session_t fork = given_fork (&story.state, "f1");
    assert_int_equal (fork.forks, 0);
    record_clear (&RECORD_session, &fork);
    story_end (&story);
}

/* ---- where the files come from ---- */

static void check_origin (const session_t *fork, const char *session, fork_workspace_e how)
{
    if (session)
        assert_string_equal (fork->origin.session, session);
    else
        assert_null (fork->origin.session);
    assert_int_equal (fork->origin.how, how);
    assert_null (fork->workspace); /*  its own, or named by the origin */
}

static session_t given_fork_in (const session_t *source, const char *id, fork_workspace_e how)
{
    session_t fork = {0};
    baton_error_t error = {0};
    session_fork_request_t request = {.session = source->session, .title = (char *) id, .workspace = how};
    if (fork_story (source, id, &request, &fork, &error) != BATON_OK)
        fail_msg ("%s", error.message);
    return fork;
}

static void test_where_the_files_come_from (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    session_t early = given_fork (&story.state, "f0");
    check_origin (&early, NULL, fork_workspace_none); /*  nothing is there yet */
    story_end (&story);
    given_rich (&story);
    session_t copy = given_fork (&story.state, "f1");
    check_origin (&copy, STORY_ID, fork_workspace_copy);
    session_t second = given_fork_in (&copy, "f2", fork_workspace_worktree);
    check_origin (&second, STORY_ID, fork_workspace_worktree); /*  the first has no files of its own yet */
    session_t shared = given_fork_in (&story.state, "f3", fork_workspace_shared);
    check_origin (&shared, STORY_ID, fork_workspace_shared);
    event_t started = {.kind = EVENT_run_started, .n = 2, .body = &(run_started_event_t){1, 1, (char *) "n1"}};
    assert_int_equal (session_evolve (&copy, &started), BATON_OK);
    check_origin (&copy, NULL, fork_workspace_none); /*  now it has */
    assert_int_equal (session_evolve (&shared, &started), BATON_OK);
    check_origin (&shared, STORY_ID, fork_workspace_shared);
    copy.run.phase = shared.run.phase = run_phase_finished;
    session_t third = given_fork (&shared, "f4");
    check_origin (&third, STORY_ID, fork_workspace_copy);
    session_t fourth = given_fork (&copy, "f5");
    check_origin (&fourth, "f1", fork_workspace_copy);
    session_t *const ALL[] = {&early, &copy, &second, &shared, &third, &fourth};
    for (size_t i = 0; i < COUNT (ALL); i++)
        record_clear (&RECORD_session, ALL[i]);
    story_end (&story);
}

/*  What came along with an import is at no node before the first run: only a copy can be made of it. */
static void test_a_workspace_that_came_along (void **context)
{
    (void) context;
    story_t story;
    given_rich (&story);
    session_t fork = {0}, again = {0};
    story.state.carried = 7;
    story.state.run.phase = run_phase_finished;
    fork = given_fork (&story.state, "f1");
    check_origin (&fork, NULL, fork_workspace_none);
    assert_int_equal (fork.carried, 7);
    assert_string_equal (fork.carried_from, STORY_ID);
    again = given_fork (&fork, "f2");
    assert_int_equal (again.carried, 7);
    assert_string_equal (again.carried_from, STORY_ID);
    for (fork_workspace_e how = fork_workspace_none + 1; how < fork_workspace_count; how++) {
        session_t refused = {0};
        baton_error_t error = {0};
        session_fork_request_t request = {.session = STORY_ID, .title = (char *) "f3", .workspace = how};
        if (how == fork_workspace_copy)
            continue;
        assert_int_equal (fork_story (&story.state, "f3", &request, &refused, &error), BATON_failed_precondition);
        assert_string_equal (error.field, "workspace");
    }
    event_t abandoned = {
        .kind = EVENT_lease_moved, .n = 2, .body = &(lease_moved_event_t){.epoch = 2, .abandon = true}};
    assert_int_equal (session_evolve (&fork, &abandoned), BATON_OK);
    assert_int_equal (fork.carried, 0);
    assert_null (fork.carried_from);
    record_clear (&RECORD_session, &fork);
    record_clear (&RECORD_session, &again);
    story_end (&story);
}

/* ---- the line ---- */

static void check_stretch (const stretch_t *stretch, const char *session, uint64_t after, uint64_t upto)
{
    assert_string_equal (stretch->session, session);
    assert_int_equal (stretch->after, after);
    assert_int_equal (stretch->upto, upto);
}

static void test_a_line_goes_through_all_ancestors (void **context)
{
    (void) context;
    story_t story;
    line_t line = {0};
    given_rich (&story);
    uint64_t end = story.state.n;
    session_t child = given_fork (&story.state, "f1");
    child.n = 9;
    session_t grandchild = given_fork (&child, "f2");
    assert_int_equal (line_of (&grandchild, &line), BATON_OK);
    assert_int_equal (line.count, 3);
    check_stretch (&line.items[0], STORY_ID, 0, end);
    check_stretch (&line.items[1], "f1", 0, 9);
    check_stretch (&line.items[2], "f2", 0, 1);
    assert_null (line.items[2].segment);
    assert_int_equal (grandchild.ancestors.count, 2);
    assert_string_equal (grandchild.ancestors.items[0].session, "f1");
    assert_int_equal (grandchild.ancestors.items[0].n, 9);
    assert_int_equal (grandchild.ancestors.items[0].depth, end + 9);
    assert_int_equal (lineage_depth (&grandchild), end + 10);
    line_clear (&line);
    record_clear (&RECORD_session, &grandchild);
    record_clear (&RECORD_session, &child);
    story_end (&story);
}

/*  A branch that was merged in stands where it came in; empty stretches vanish, and a place stays in every fork. */
static void test_a_merged_branch_stands_in_the_line (void **context)
{
    (void) context;
    story_t story;
    line_t line = {0};
    given_created (&story);
    story.state.n = 20;
    segment_t branch = {
        .session = (char *) "b", .after = 3, .upto = 8, .at = 12, .merged = true, .title = (char *) "B"};
    segment_t *segment = list_append (&story.state.lineage, sizeof *segment);
    assert_int_equal (record_copy (&RECORD_segment, &branch, segment), BATON_OK);
    session_t fork = given_fork (&story.state, "f1");
    assert_int_equal (line_of (&fork, &line), BATON_OK);
    assert_int_equal (line.count, 4);
    check_stretch (&line.items[0], STORY_ID, 0, 12);
    check_stretch (&line.items[1], "b", 3, 8);
    assert_true (line.items[1].segment->merged);
    assert_string_equal (line.items[1].segment->title, "B");
    check_stretch (&line.items[2], STORY_ID, 12, 20);
    check_stretch (&line.items[3], "f1", 0, 1);
    line_clear (&line);
    assert_int_equal (line_of (&story.state, &line), BATON_OK);
    assert_int_equal (line.count, 3);
    check_stretch (&line.items[2], STORY_ID, 12, 20);
    line_clear (&line);
    record_clear (&RECORD_session, &fork);
    story_end (&story);
}

static void test_places_grow_along_the_line (void **context)
{
    (void) context;
    assert_int_equal (line_place (0, 7), 7);
    assert_true (line_place (1, 1) > line_place (0, 1000000));
    assert_int_equal (line_place_stretch (line_place (LIMIT_LINEAGE, 5)), LIMIT_LINEAGE);
    assert_int_equal (line_place_n (line_place (LIMIT_LINEAGE, 5)), 5);
    assert_true (line_place (LIMIT_LINEAGE, 5) < (uint64_t) 1 << 53); /*  a JSON number keeps it */
}

static void test_a_lineage_has_a_limit (void **context)
{
    (void) context;
    story_t story;
    baton_error_t error = {0};
    session_fork_request_t request = {.session = (char *) STORY_ID, .title = (char *) "f"};
    given_created (&story);
    session_t now = given_fork (&story.state, "f0");
    for (int i = 1;; i++) {
        char id[16];
        session_t next = {0};
        snprintf (id, sizeof id, "f%d", i);
        baton_status status = fork_story (&now, id, &request, &next, &error);
        record_clear (&RECORD_session, &now);
        now = next;
        if (status == BATON_OK)
            continue;
        assert_int_equal (i, LIMIT_LINEAGE);
        assert_int_equal (status, BATON_resource_exhausted);
        assert_int_equal (error.reason, BATON_REASON_too_large);
        break;
    }
    record_clear (&RECORD_session, &now);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_each_field_is_inherited_or_begins_anew),
        cmocka_unit_test (test_a_fork_knows_what_its_source_knew),
        cmocka_unit_test (test_a_run_under_way_is_not_copied),
        cmocka_unit_test (test_an_open_tool_call_is_not_copied),
        cmocka_unit_test (test_a_fork_can_begin_to_run_at_once),
        cmocka_unit_test (test_there_must_be_something_to_fork),
        cmocka_unit_test (test_the_source_counts_its_forks),
        cmocka_unit_test (test_where_the_files_come_from),
        cmocka_unit_test (test_a_workspace_that_came_along),
        cmocka_unit_test (test_a_line_goes_through_all_ancestors),
        cmocka_unit_test (test_a_merged_branch_stands_in_the_line),
        cmocka_unit_test (test_places_grow_along_the_line),
        cmocka_unit_test (test_a_lineage_has_a_limit),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
