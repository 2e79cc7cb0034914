/*  Items: what they must be, how full the window gets, and that every call has exactly one result. */
#include "lineage.h"
#include "story.h"

#include <stdio.h>

/* ---- what an item must be ---- */

static void test_text_becomes_one_part (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .text = (char *) "12345");
    const item_appended_event_t *item = LAST (&story, item_appended);
    assert_int_equal (item->parts.count, 1);
    assert_int_equal (item->parts.items[0].kind, part_kind_text);
    assert_string_equal (item->parts.items[0].text, "12345");
    assert_int_equal (item->tokens, 2); /*  a quarter of its bytes, rounded up */
    assert_true (item->estimated);
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .text = (char *) "a", .tokens = 40);
    assert_false (LAST (&story, item_appended)->estimated);
    assert_int_equal (story.state.items, 2);
    assert_int_equal (story.state.tokens, 42);
    assert_int_equal (story.state.window.items, 2);
    assert_int_equal (story.state.window.tokens, 42);
    assert_int_equal (story.state.window.estimated, 1);
    story_end (&story);
}

static void test_parts (void **context)
{
    (void) context;
    static uint8_t one = 1;
    const struct {
        part_t part;
        item_role_e role;
        baton_reason reason;
    } ROWS[] = {
        {{.kind = part_kind_text, .text = (char *) "a"}, item_role_user, BATON_REASON_none},
        {{.kind = part_kind_text}, item_role_user, BATON_REASON_missing_field},
        {{.kind = part_kind_tool_call, .tool = (char *) "grep", .call = (char *) "c1"},
         item_role_assistant,
         BATON_REASON_none},
        {{.kind = part_kind_tool_call, .tool = (char *) "grep", .call = (char *) "c1"},
         item_role_user,
         BATON_REASON_bad_value},
        {{.kind = part_kind_tool_call, .call = (char *) "c1"}, item_role_assistant, BATON_REASON_missing_field},
        {{.kind = part_kind_tool_call, .tool = (char *) "grep"}, item_role_assistant, BATON_REASON_missing_field},
        {{.kind = part_kind_tool_result}, item_role_tool, BATON_REASON_missing_field},
        {{.kind = part_kind_tool_result, .call = (char *) "c1"}, item_role_assistant, BATON_REASON_bad_value},
        {{.kind = part_kind_tool_result, .call = (char *) "c1"}, item_role_tool, BATON_REASON_bad_value},
        {{.kind = part_kind_json, .value = {1, &one}}, item_role_tool, BATON_REASON_none},
        {{.kind = part_kind_json, .text = (char *) "a"}, item_role_tool, BATON_REASON_missing_field},
        {{.kind = part_kind_blob}, item_role_user, BATON_REASON_missing_field},
    };
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        story_t story;
        part_t part = ROWS[i].part;
        given_created (&story);
        item_append_request_t request = {.role = ROWS[i].role, .parts = {1, &part}};
        baton_status status = give (&story, ADA, METHOD_item_append, &request);
        if (ROWS[i].reason == BATON_REASON_none)
            check_ok (&story, status, "item_appended", __FILE__, __LINE__);
        else
            check_refused (&story, status, BATON_invalid_argument, ROWS[i].reason, __FILE__, __LINE__);
        story_end (&story);
    }
}

static void test_an_item_needs_text_or_parts (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    part_t part = {.kind = part_kind_text, .text = (char *) "a"};
    FAILS (&story, invalid_argument, missing_field, ADA, item_append, .role = item_role_user);
    FAILS (&story, invalid_argument, missing_field, ADA, item_append, .role = item_role_user, .text = (char *) "a",
           .parts = {1, &part});
    FAILS (&story, invalid_argument, missing_field, ADA, item_append, .role = item_role_user, .parts = {1, &part},
           .source = (char *) "a.c");
    story_end (&story);
}

static void test_the_parts_of_an_item_have_a_limit_together (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    char *half = calloc (1, LIMIT_ITEM / 2 + 1);
    assert_non_null (half);
    memset (half, 'x', LIMIT_ITEM / 2);
    part_t parts[3] = {{.kind = part_kind_text, .text = half},
                       {.kind = part_kind_text, .text = half},
                       {.kind = part_kind_text, .text = (char *) "x"}};
    DOES (&story, "item_appended context_pressure", ADA, item_append, .role = item_role_user, .parts = {2, parts});
    FAILS (&story, invalid_argument, too_large, ADA, item_append, .role = item_role_user, .parts = {3, parts});
    free (half);
    story_end (&story);
}

/*  A blob is what the session has put; its size and type come from there. */
static void test_a_blob_is_an_artifact (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    part_t part = {.kind = part_kind_blob, .digest = (char *) "d1"};
    who_t ada = {.actor = "ada", .role = role_operator, .digest = "d1"};
    FAILS (&story, not_found, no_such_artifact, ADA, item_append, .role = item_role_user, .parts = {1, &part});
    DOES (&story, "artifact_put", ada, artifact_put, .name = (char *) "pic", .content = {3, (uint8_t *) "abc"},
          .media_type = (char *) "image/png");
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .parts = {1, &part});
    assert_int_equal (LAST (&story, item_appended)->parts.items[0].size, 3);
    assert_string_equal (LAST (&story, item_appended)->parts.items[0].media_type, "image/png");
    story_end (&story);
}

/* ---- calls and results ---- */

static baton_status call (story_t *story, who_t who, const char *id)
{
    part_t part = {.kind = part_kind_tool_call, .tool = (char *) "grep", .call = (char *) id};
    return GIVE (story, who, item_append, .role = item_role_assistant, .parts = {1, &part});
}

static baton_status result (story_t *story, who_t who, const char *id)
{
    part_t part = {.kind = part_kind_tool_result, .text = (char *) "found", .call = (char *) id};
    return GIVE (story, who, item_append, .role = item_role_tool, .parts = {1, &part});
}

static void test_each_call_gets_one_result (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    who_t run = RUN ("n1", 1, 1);
    assert_int_equal (call (&story, run, "c1"), BATON_OK);
    assert_int_equal (call (&story, run, "c2"), BATON_OK);
    assert_int_equal (story.state.window.calls.count, 2);
    assert_int_equal (call (&story, run, "c1"), BATON_invalid_argument);
    assert_non_null (strstr (story.error.message, "c1"));
    assert_int_equal (result (&story, run, "c2"), BATON_OK);
    assert_int_equal (result (&story, run, "c2"), BATON_invalid_argument);
    assert_non_null (strstr (story.error.message, "c2"));
    assert_int_equal (result (&story, run, "c3"), BATON_invalid_argument);
    assert_int_equal (result (&story, run, "c1"), BATON_OK);
    assert_int_equal (story.state.window.calls.count, 0);
    assert_int_equal (call (&story, run, "c1"), BATON_OK); /*  an id may be used again once it is answered */
    part_t twice[2] = {{.kind = part_kind_tool_result, .call = (char *) "c1"},
                       {.kind = part_kind_tool_result, .call = (char *) "c1"}};
    FAILS (&story, invalid_argument, bad_value, ADA, item_append, .role = item_role_tool, .parts = {2, twice});
    story_end (&story);
}

static void test_calls_have_a_limit (void **context)
{
    (void) context;
    story_t story;
    char id[16];
    given_running (&story);
    for (int i = 0; i <= LIMIT_CALLS; i++) {
        snprintf (id, sizeof id, "c%d", i);
        assert_int_equal (call (&story, ADA, id), i < LIMIT_CALLS ? BATON_OK : BATON_resource_exhausted);
    }
    story_end (&story);
}

static void check_synthetic (const story_t *story, const char *id)
{
    const item_appended_event_t *item = LAST (story, item_appended);
    assert_true (item->synthetic && item->estimated && item->role == item_role_tool);
    assert_int_equal (item->parts.count, 1);
    assert_string_equal (item->parts.items[0].call, id);
    assert_true (item->parts.items[0].error);
    assert_int_equal (story->state.window.calls.count, 0);
}

/*  However a run ends, none of its calls is left without a result. */
static void test_a_run_that_ends_answers_its_calls (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    assert_int_equal (call (&story, RUN ("n1", 1, 1), "c1"), BATON_OK);
    DOES (&story, "run_finished item_appended session_suspended", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1,
          .exit_code = 1);
    check_synthetic (&story, "c1");
    assert_int_equal (result (&story, ADA, "c1"), BATON_invalid_argument);
    story_end (&story);

    given_running (&story);
    assert_int_equal (call (&story, RUN ("n1", 1, 1), "c1"), BATON_OK);
    DOES (&story, "run_finished item_appended lease_moved session_suspended", BROKER, session_fence,
          .node = (char *) "n1");
    check_synthetic (&story, "c1");
    story_end (&story);

    given_running (&story);
    assert_int_equal (call (&story, RUN ("n1", 1, 1), "c1"), BATON_OK);
    assert_int_equal (call (&story, ADA, "c2"), BATON_OK);
    DOES (&story, "run_finished item_appended item_appended lease_moved session_terminated", ADA, session_cancel);
    check_synthetic (&story, "c2");
    story_end (&story);
}

/*  A call that somebody else has made is theirs to answer. */
static void test_a_run_answers_only_its_own_calls (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    assert_int_equal (call (&story, ADA, "c1"), BATON_OK);
    DOES (&story, "run_finished session_suspended", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    assert_int_equal (result (&story, ADA, "c1"), BATON_OK);
    story_end (&story);
}

/* ---- how full it is ---- */

static void test_pressure_is_told_once (void **context)
{
    (void) context;
    story_t story;
    story_begin (&story);
    CREATE (&story, .window = 1000);
    char *text = (char *) "a";
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .text = text, .tokens = 399);
    DOES (&story, "item_appended context_pressure", ADA, item_append, .role = item_role_user, .text = text,
          .tokens = 1);
    assert_int_equal (LAST (&story, context_pressure)->level, 40);
    assert_int_equal (LAST (&story, context_pressure)->tokens, 400);
    assert_int_equal (LAST (&story, context_pressure)->size, 1000);
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .text = text, .tokens = 1);
    DOES (&story, "item_appended context_pressure", ADA, item_append, .role = item_role_user, .text = text,
          .tokens = 500);
    assert_int_equal (LAST (&story, context_pressure)->level, 90); /*  the highest, when several are passed at once */
    DOES (&story, "context_cleared", ADA, context_clear);
    assert_int_equal (story.state.window.level, 0);
    DOES (&story, "item_appended context_pressure", ADA, item_append, .role = item_role_user, .text = text,
          .tokens = 400); /*  again, after it fell */
    DOES (&story, "session_updated", ADA, session_update, .window = 10000, .pressure = (char *) "5,50");
    assert_int_equal (story.state.window.level, 0);
    DOES (&story, "item_appended context_pressure", ADA, item_append, .role = item_role_user, .text = text,
          .tokens = 100);
    assert_int_equal (LAST (&story, context_pressure)->level, 5);
    story_end (&story);
}

/*  What is still that full needs not be told of again. */
static void test_pressure_that_stays_is_not_told_again (void **context)
{
    (void) context;
    story_t story;
    story_begin (&story);
    CREATE (&story, .window = 1000);
    char *text = (char *) "a";
    DOES (&story, "item_appended context_pressure", ADA, item_append, .role = item_role_system, .text = text,
          .tokens = 450);
    DOES (&story, "item_appended context_pressure", ADA, item_append, .role = item_role_user, .text = text,
          .tokens = 300);
    DOES (&story, "context_cleared", ADA, context_clear);
    assert_int_equal (story.state.window.level, 40);
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .text = text, .tokens = 1);
    story_end (&story);
}

static void test_thresholds_are_ascending_percentages (void **context)
{
    (void) context;
    static const char *const GOOD[] = {"1", "100", "40,70,90", "1,2,3,4,5,6,7,8"};
    static const char *const BAD[] = {"0",   "101", "70,40", "40,40", "40,",
                                      ",40", "a",   "40;70", "040",   "1,2,3,4,5,6,7,8,9"};
    story_t story;
    given_created (&story);
    for (size_t i = 0; i < COUNT (GOOD); i++)
        DOES (&story, "session_updated", ADA, session_update, .pressure = (char *) GOOD[i]);
    for (size_t i = 0; i < COUNT (BAD); i++)
        FAILS (&story, invalid_argument, bad_value, ADA, session_update, .pressure = (char *) BAD[i]);
    story_end (&story);
}

static void test_a_run_counts_what_it_appends (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .text = (char *) "a", .tokens = 5);
    DOES (&story, "item_appended", RUN ("n1", 1, 1), item_append, .role = item_role_assistant, .text = (char *) "a",
          .tokens = 7);
    assert_int_equal (story.state.run.items, 1);
    assert_int_equal (story.state.run.tokens, 7);
    assert_int_equal (story.state.tokens, 12);
    story_end (&story);
}

/* ---- what stays ---- */

static void test_clear_leaves_what_is_pinned (void **context)
{
    (void) context;
    story_t story;
    story_begin (&story);
    opening_t openings[2] = {
        {.role = item_role_user, .text = (char *) "agents", .source = (char *) "AGENTS.md", .pinned = true},
        {.role = item_role_user, .text = (char *) "12345678"}};
    session_create_request_t create = {
        .title = (char *) "A title", .system = (char *) "be good", .bootstrap = {2, openings}};
    check_ok (&story, give (&story, ADA, METHOD_session_create, &create),
              "session_created item_appended item_appended item_appended", __FILE__, __LINE__);
    assert_int_equal (story.state.window.pins.count, 2);
    assert_int_equal (story.state.window.tokens, 2 + 2 + 2);
    assert_int_equal (call (&story, ADA, "c1"), BATON_OK);
    DOES (&story, "item_appended context_cleared", ADA, context_clear);
    assert_int_equal (story.state.window.items, 2);
    assert_int_equal (story.state.window.tokens, 4);
    assert_int_equal (story.state.items, 5);
    assert_int_equal (story.state.window.calls.count, 0);
    assert_int_equal (story.state.window.spans.count, 1);
    assert_int_equal (story.state.window.spans.items[0].after, story.state.n - 1);
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .text = (char *) "abcd");
    assert_int_equal (story.state.window.items, 3);
    DOES (&story, "item_unpinned", ADA, item_unpin, .item = 2);
    assert_int_equal (story.state.window.items, 2);
    FAILS (&story, not_found, no_such_position, ADA, item_unpin, .item = 2);
    story_end (&story);
}

static void test_pins_have_a_limit (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    for (int i = 0; i < LIMIT_PINS; i++)
        DOES (&story, "item_appended", ADA, item_append, .role = i % 2 ? item_role_system : item_role_user,
              .text = (char *) "a", .pinned = i % 2 == 0);
    FAILS (&story, resource_exhausted, too_large, ADA, item_append, .role = item_role_system, .text = (char *) "a");
    FAILS (&story, resource_exhausted, too_large, ADA, item_append, .role = item_role_user, .text = (char *) "a",
           .pinned = true);
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .text = (char *) "a");
    story_end (&story);
    part_t part = {.kind = part_kind_tool_call, .tool = (char *) "grep", .call = (char *) "c"};
    given_created (&story);
    FAILS (&story, invalid_argument, bad_value, ADA, item_append, .role = item_role_assistant, .parts = {1, &part},
           .pinned = true);
    story_end (&story);
}

static void test_what_a_session_begins_with_has_a_limit (void **context)
{
    (void) context;
    story_t story;
    char *text = calloc (1, LIMIT_ITEM + 1);
    opening_t openings[5];
    assert_non_null (text);
    memset (text, 'x', LIMIT_ITEM);
    for (size_t i = 0; i < COUNT (openings); i++)
        openings[i] = (opening_t){.role = item_role_user, .text = i < 4 ? text : (char *) "x"};
    for (size_t count = 4; count <= 5; count++) {
        session_create_request_t create = {.title = (char *) "A title", .bootstrap = {count, openings}};
        story_begin (&story);
        assert_int_equal (give (&story, ADA, METHOD_session_create, &create),
                          count == 4 ? BATON_OK : BATON_invalid_argument);
        story_end (&story);
    }
    free (text);
}

/* ---- rollback ---- */

/*  What the run had appended leaves the window; the journal keeps it. */
static void test_rollback_rewinds_the_window (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .text = (char *) "a", .tokens = 3);
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    uint64_t before = story.state.run.base;
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "run_started", NODE ("n1", 1), run_started, .run = 1, .attempt = 1);
    DOES (&story, "item_appended", RUN ("n1", 1, 1), item_append, .role = item_role_user, .text = (char *) "b",
          .tokens = 5, .pinned = true);
    assert_int_equal (call (&story, RUN ("n1", 1, 1), "c1"), BATON_OK);
    DOES (&story, "start_enqueued run_stopping", ADA, session_activate, .multitask_strategy = multitask_rollback);
    uint64_t end = story.state.n;
    DOES (&story, "run_finished run_rolled_back start_dequeued run_queued", NODE ("n1", 1), run_finished, .run = 1,
          .attempt = 1);
    const window_t *window = &story.state.window;
    assert_int_equal (window->items, 1);
    assert_int_equal (window->tokens, 3);
    assert_int_equal (window->pins.count, 0);
    assert_int_equal (window->calls.count, 0);
    assert_int_equal (window->spans.count, 2);
    assert_int_equal (window->spans.items[0].upto, before);
    assert_int_equal (window->spans.items[1].after, end);
    assert_int_equal (window->spans.items[1].upto, 0);
    story_end (&story);
}

/* ---- places ---- */

/*  Each position is found at the place that the line gives it, in whatever order forks and merges have come. */
static void test_places_agree_with_the_line (void **context)
{
    (void) context;
    segment_t segments[] = {{.session = (char *) "a", .after = 0, .upto = 5},
                            {.session = (char *) "b", .after = 2, .upto = 2},
                            {.session = (char *) "c", .after = 1, .upto = 4, .at = 3, .merged = true},
                            {.session = (char *) "d", .after = 7, .upto = 9, .at = 3, .merged = true},
                            {.session = (char *) "e", .after = 0, .upto = 1, .at = 8, .merged = true}};
    for (size_t count = 0; count <= COUNT (segments); count++)
        for (uint64_t n = 8; n <= 9; n++) {
            session_t state = {.session = (char *) "s", .n = n, .lineage = {count, segments}};
            line_t line = {0}, next = {0};
            assert_int_equal (line_of (&state, &line), BATON_OK);
            for (size_t i = 0; i < line.count; i++)
                for (uint64_t at = line.items[i].after + 1; at <= line.items[i].upto; at++)
                    assert_int_equal (line_find (&state, line.items[i].session, at), line_place (i, at));
            assert_int_equal (line_find (&state, NULL, n), line_find (&state, "s", n));
            assert_int_equal (line_find (&state, "a", 6), 0);
            assert_int_equal (line_find (&state, NULL, n + 1), 0);
            uint64_t place = line_next (&state);
            state.n++;
            assert_int_equal (line_of (&state, &next), BATON_OK);
            assert_int_equal (place, line_place (next.count - 1, n + 1));
            line_clear (&line);
            line_clear (&next);
        }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_text_becomes_one_part),
        cmocka_unit_test (test_parts),
        cmocka_unit_test (test_an_item_needs_text_or_parts),
        cmocka_unit_test (test_the_parts_of_an_item_have_a_limit_together),
        cmocka_unit_test (test_a_blob_is_an_artifact),
        cmocka_unit_test (test_each_call_gets_one_result),
        cmocka_unit_test (test_calls_have_a_limit),
        cmocka_unit_test (test_a_run_that_ends_answers_its_calls),
        cmocka_unit_test (test_a_run_answers_only_its_own_calls),
        cmocka_unit_test (test_pressure_is_told_once),
        cmocka_unit_test (test_pressure_that_stays_is_not_told_again),
        cmocka_unit_test (test_thresholds_are_ascending_percentages),
        cmocka_unit_test (test_a_run_counts_what_it_appends),
        cmocka_unit_test (test_clear_leaves_what_is_pinned),
        cmocka_unit_test (test_pins_have_a_limit),
        cmocka_unit_test (test_what_a_session_begins_with_has_a_limit),
        cmocka_unit_test (test_rollback_rewinds_the_window),
        cmocka_unit_test (test_places_agree_with_the_line),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
