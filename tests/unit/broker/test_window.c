/*  The window, read from the store: what each format shows, pairs, budgets, compactions on top of each other and their
 *  undoing, rollback and restore; and that nothing but the position changes a byte. */
#include "stage.h"

#include "compact.h"
#include "fill.h"
#include "history.h"
#include "render.h"
#include "window.h"

#include <stdio.h>
#include <stdlib.h>

static stage_t stage;

static int set_up (void **state)
{
    (void) state;
    stage_begin (&stage);
    return 0;
}

static int tear_down (void **state)
{
    (void) state;
    stage_end (&stage);
    return 0;
}

/* ---- what happens ---- */

static void create (void)
{
    stage_do (&stage, "s", METHOD_session_create,
              &(session_create_request_t){.title = (char *) "s", .system = (char *) "Be brief."});
}

static void say (item_role_e role, const char *text)
{
    stage_do (&stage, "s", METHOD_item_append,
              &(item_append_request_t){.session = (char *) "s", .role = role, .text = (char *) text});
}

static void append (item_role_e role, const part_t *parts, size_t count)
{
    item_append_request_t request = {.session = (char *) "s", .role = role, .parts = {count, (part_t *) parts}};
    stage_do (&stage, "s", METHOD_item_append, &request);
}

static void call (const char *id)
{
    static uint8_t input[] = {0x81, 0xa1, 'q', 0xa2, '"', '\\'}; /*  {"q": "\"\\"} */
    part_t part = {.kind = part_kind_tool_call, .call = (char *) id, .tool = (char *) "grep", .value = {6, input}};
    append (item_role_assistant, &part, 1);
}

static void result (const char *id)
{
    part_t part = {.kind = part_kind_tool_result, .call = (char *) id, .text = (char *) "two\nlines"};
    append (item_role_tool, &part, 1);
}

/*  Decides a change whose window was planned as the broker does it. */
static void give_planned (method_id_t method, const void *request, const window_plan_t *plan)
{
    command_t command = {.method = method,
                         .request = request,
                         .now = STAGE_NOW,
                         .actor = "ada",
                         .role = role_operator,
                         .prepared = plan};
    if (journal_decide (stage.journal, "s", &command, &stage.changed, &stage.error) != BATON_OK)
        fail_msg ("%s: %s", METHODS[method].name, stage.error.message);
    stage_commit (&stage);
}

static session_t now (void)
{
    session_t state = {0};
    stage_commit (&stage);
    assert_int_equal (history_load (stage.store, "s", &state, NULL, &stage.error), BATON_OK);
    return state;
}

static baton_status try_compact (uint64_t keep, const char *summary)
{
    session_t state = now ();
    window_plan_t plan = {0};
    session_compact_request_t request = {.session = (char *) "s", .keep_last = keep, .summary = (char *) summary};
    baton_status status = compact_plan (stage.store, &state, keep, summary, &plan, &stage.error);
    if (status == BATON_OK)
        give_planned (METHOD_session_compact, &request, &plan);
    record_clear (&RECORD_window_plan, &plan);
    record_clear (&RECORD_session, &state);
    return status;
}

static void undo (void)
{
    session_t state = now ();
    window_plan_t plan = {0};
    session_uncompact_request_t request = {.session = (char *) "s"};
    assert_int_equal (compact_undo_plan (stage.store, &state, &plan, &stage.error), BATON_OK);
    give_planned (METHOD_session_uncompact, &request, &plan);
    record_clear (&RECORD_window_plan, &plan);
    record_clear (&RECORD_session, &state);
}

static void restore (uint64_t n)
{
    session_t past = {0};
    char at[24];
    snprintf (at, sizeof at, "%lu", n);
    stage_commit (&stage);
    session_restore_request_t request = {.session = (char *) "s", .at = at};
    assert_int_equal (history_state (stage.store, "s", n, &past, &stage.error), BATON_OK);
    command_t command = {.method = METHOD_session_restore,
                         .request = &request,
                         .now = STAGE_NOW,
                         .actor = "ada",
                         .role = role_operator,
                         .source = &past};
    assert_int_equal (journal_decide (stage.journal, "s", &command, &stage.changed, &stage.error), BATON_OK);
    record_clear (&RECORD_session, &past);
}

/* ---- what is seen ---- */

static baton_status try_render (uint64_t at, render_format_e format, uint64_t budget, rendering_t *ret_rendering)
{
    session_t state = {0};
    shown_list_t list = {0};
    stage_commit (&stage);
    assert_int_equal (history_state (stage.store, "s", at, &state, &stage.error), BATON_OK);
    assert_int_equal (window_items (stage.store, &state, &list, &stage.error), BATON_OK);
    baton_status status = render (&state, &list, format, budget, ret_rendering, &stage.error);
    if (status == BATON_OK && budget == 0) {
        assert_int_equal (ret_rendering->items, state.window.items);
        assert_int_equal (ret_rendering->tokens, state.window.tokens);
        assert_int_equal (ret_rendering->estimated, state.window.estimated);
    }
    shown_list_clear (&list);
    record_clear (&RECORD_session, &state);
    return status;
}

/*  The rendering at a position (0: now); freed by the caller. */
static char *shown (uint64_t at, render_format_e format, uint64_t budget)
{
    rendering_t rendering = {0};
    if (try_render (at, format, budget, &rendering) != BATON_OK)
        fail_msg ("%s", stage.error.message);
    char *text = strndup ((char *) rendering.content.data, rendering.content.size);
    assert_non_null (text);
    record_clear (&RECORD_rendering, &rendering);
    return text;
}

static void check_shown (uint64_t at, render_format_e format, uint64_t budget, const char *wanted)
{
    char *text = shown (at, format, budget);
    assert_string_equal (text, wanted);
    free (text);
}

/*  The items in the window, by their positions. */
static void check_positions (const char *wanted)
{
    char got[4096] = "";
    session_t state = now ();
    shown_list_t list = {0};
    assert_int_equal (window_items (stage.store, &state, &list, &stage.error), BATON_OK);
    for (size_t i = 0; i < list.count; i++)
        snprintf (got + strlen (got), sizeof got - strlen (got), "%s%lu%s", i ? " " : "", list.items[i].item.n,
                  list.items[i].summary ? "s" : "");
    assert_string_equal (got, wanted);
    shown_list_clear (&list);
    record_clear (&RECORD_session, &state);
}

static uint64_t position (void)
{
    session_t state = now ();
    uint64_t n = state.n;
    record_clear (&RECORD_session, &state);
    return n;
}

/* ---- formats ---- */

/*  Two calls at once, somebody who speaks in between, a call without a result, a file. */
static void tell_story (void)
{
    create ();                          /*  2: system */
    say (item_role_user, "Find \"x\""); /*  3 */
    static const part_t CALLS[] = {{.kind = part_kind_text, .text = (char *) "Looking"},
                                   {.kind = part_kind_tool_call, .call = (char *) "c/1", .tool = (char *) "grep"},
                                   {.kind = part_kind_tool_call, .call = (char *) "c2", .tool = (char *) "ls"}};
    append (item_role_assistant, CALLS, 3); /*  4 */
    say (item_role_user, "hurry");          /*  5 */
    result ("c2");                          /*  6 */
    result ("c/1");                         /*  7 */
    stage_do (&stage, "s", METHOD_item_append,
              &(item_append_request_t){.session = (char *) "s",
                                       .role = item_role_user,
                                       .text = (char *) "int\tx;",
                                       .source = (char *) "src/x.c"}); /*  8 */
    say (item_role_assistant, "Found");                                /*  9 */
    call ("c3");                                                       /*  10 */
}

static void anthropic_has_the_system_apart_and_results_first (void **state)
{
    (void) state;
    tell_story ();
    check_shown (
        0, render_format_anthropic, 0,
        "{\"system\":[{\"type\":\"text\",\"text\":\"Be brief.\"}],\"messages\":["
        "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Find \\\"x\\\"\"}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Looking\"},"
        "{\"type\":\"tool_use\",\"id\":\"c_1\",\"name\":\"grep\",\"input\":{}},"
        "{\"type\":\"tool_use\",\"id\":\"c2\",\"name\":\"ls\",\"input\":{}}]},"
        "{\"role\":\"user\",\"content\":["
        "{\"type\":\"tool_result\",\"tool_use_id\":\"c_1\",\"content\":\"two\\nlines\"},"
        "{\"type\":\"tool_result\",\"tool_use_id\":\"c2\",\"content\":\"two\\nlines\"},"
        "{\"type\":\"text\",\"text\":\"hurry\"},{\"type\":\"text\",\"text\":\"File src/x.c:\\n\\nint\\tx;\"}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Found\"},"
        "{\"type\":\"tool_use\",\"id\":\"c3\",\"name\":\"grep\",\"input\":{\"q\":\"\\\"\\\\\"}}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"c3\","
        "\"content\":\"There is no result yet.\",\"is_error\":true}]}]}\n");
}

static void openai_has_tool_messages (void **state)
{
    (void) state;
    tell_story ();
    check_shown (0, render_format_openai, 0,
                 "[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":\"Find \\\"x\\\"\"},"
                 "{\"role\":\"assistant\",\"content\":\"Looking\",\"tool_calls\":["
                 "{\"id\":\"c_1\",\"type\":\"function\",\"function\":{\"name\":\"grep\",\"arguments\":\"{}\"}},"
                 "{\"id\":\"c2\",\"type\":\"function\",\"function\":{\"name\":\"ls\",\"arguments\":\"{}\"}}]},"
                 "{\"role\":\"tool\",\"tool_call_id\":\"c_1\",\"content\":\"two\\nlines\"},"
                 "{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"content\":\"two\\nlines\"},"
                 "{\"role\":\"user\",\"content\":\"hurry\"},"
                 "{\"role\":\"user\",\"content\":\"File src/x.c:\\n\\nint\\tx;\"},"
                 "{\"role\":\"assistant\",\"content\":\"Found\"},"
                 "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c3\",\"type\":\"function\","
                 "\"function\":{\"name\":\"grep\",\"arguments\":\"{\\\"q\\\":\\\"\\\\\\\"\\\\\\\\\\\"}\"}}]},"
                 "{\"role\":\"tool\",\"tool_call_id\":\"c3\",\"content\":\"Error: There is no result yet.\"}]\n");
}

static void text_and_json_show_the_items (void **state)
{
    (void) state;
    tell_story ();
    check_shown (5, render_format_text, 0,
                 "--- system (2, pinned)\nBe brief.\n--- user (3)\nFind \"x\"\n--- assistant (4)\nLooking\n"
                 "grep [c/1] \nls [c2] \n--- user (5)\nhurry\n");
    check_shown (3, render_format_json, 0,
                 "[\n{\"n\":2,\"role\":\"system\",\"parts\":[{\"kind\":\"text\",\"text\":\"Be brief.\"}],\"tokens\":3,"
                 "\"estimated\":true,\"pinned\":true},\n"
                 "{\"n\":3,\"role\":\"user\",\"parts\":[{\"kind\":\"text\",\"text\":\"Find \\\"x\\\"\"}],\"tokens\":2,"
                 "\"estimated\":true}\n]\n");
    check_shown (1, render_format_json, 0, "[\n]\n");
    check_shown (1, render_format_anthropic, 0, "{\"system\":[],\"messages\":[]}\n");
}

/*  A value as each JSON type, as it comes out of msgpack. */
static void values_are_json (void **state)
{
    (void) state;
    static uint8_t value[] = {0x99, 0xc0, 0xc3, 0xff, 0xcd, 0x01, 0x00, 0xcb, 0x3f, 0xb9, 0x99, 0x99, 0x99,
                              0x99, 0x99, 0x9a, 0xcb, 0x40, 0,    0,    0,    0,    0,    0,    0,    0xc4,
                              0x02, 'h',  'i',  0x81, 0xa1, 'k',  0x90, 0xa3, 'a',  '"',  'b'};
    part_t part = {.kind = part_kind_json, .value = {sizeof value, value}};
    create ();
    append (item_role_user, &part, 1);
    char *text = shown (0, render_format_json, 0);
    assert_non_null (strstr (text, "\"value\":[null,true,-1,256,0.1,2.0,\"aGk=\",{\"k\":[]},\"a\\\"b\"]"));
    free (text);
}

/* ---- budgets ---- */

static void a_budget_keeps_what_is_pinned_and_whole_turns (void **state)
{
    (void) state;
    rendering_t rendering = {0};
    create ();                             /*  2, 3 tokens */
    say (item_role_user, "aaaa");          /*  3, 1 */
    say (item_role_assistant, "bbbbbbbb"); /*  4, 2 */
    say (item_role_user, "cccc");          /*  5, 1 */
    call ("c1");                           /*  6, 2 */
    result ("c1");                         /*  7, 3 */
    check_positions ("2 3 4 5 6 7");
    assert_int_equal (try_render (0, render_format_json, 2, &rendering), BATON_invalid_argument);
    assert_non_null (strstr (stage.error.message, "3"));
    for (uint64_t budget = 3; budget <= 13; budget++) {
        assert_int_equal (try_render (0, render_format_anthropic, budget, &rendering), BATON_OK);
        assert_true (rendering.tokens <= budget);
        /*  A turn of 6, before it one of 3; of a turn that does not fit, what parts no call from its result: 5. */
        uint64_t left_out = budget < 3 + 5 ? 9 : budget < 3 + 6 ? 4 : budget < 3 + 9 ? 3 : 0;
        assert_int_equal (rendering.left_out_tokens, left_out);
        assert_int_equal (rendering.items + rendering.left_out_items, 6);
        record_clear (&RECORD_rendering, &rendering);
    }
    /*  A conversation begins with the user. */
    char *text = shown (0, render_format_anthropic, 8);
    assert_non_null (
        strstr (text, "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"(What"));
    free (text);
}

/* ---- compactions ---- */

static void compactions_stack_and_can_be_undone (void **state)
{
    (void) state;
    create ();
    for (int i = 0; i < 6; i++)
        say (i % 2 ? item_role_assistant : item_role_user, "12345678"); /*  3 to 8 */
    char *before = shown (0, render_format_anthropic, 0);
    assert_int_equal (try_compact (2, "first"), BATON_OK); /*  9 */
    check_positions ("2 9s 7 8");
    say (item_role_user, "more"); /*  10 */
    char *between = shown (0, render_format_anthropic, 0);
    assert_int_equal (try_compact (1, NULL), BATON_OK); /*  11 */
    check_positions ("2 11s 10");
    char *text = shown (0, render_format_text, 0);
    assert_non_null (strstr (text, "first")); /*  the earlier summary is in the later one */
    free (text);
    assert_int_equal (try_compact (1, NULL), BATON_failed_precondition);
    undo ();
    check_shown (0, render_format_anthropic, 0, between);
    undo ();
    check_positions ("2 3 4 5 6 7 8 10");
    assert_int_equal (position (), 13);
    check_shown (8, render_format_anthropic, 0, before);
    session_t state_now = now ();
    window_plan_t plan = {0};
    assert_int_equal (state_now.window.spans.count, 1); /*  as if nothing had been */
    assert_int_equal (compact_undo_plan (stage.store, &state_now, &plan, &stage.error), BATON_failed_precondition);
    record_clear (&RECORD_window_plan, &plan);
    record_clear (&RECORD_session, &state_now);
    free (before);
    free (between);
}

static void a_cut_parts_no_call_from_its_result (void **state)
{
    (void) state;
    create ();
    say (item_role_user, "a");                         /*  3 */
    call ("c1");                                       /*  4 */
    call ("c2");                                       /*  5 */
    result ("c1");                                     /*  6 */
    say (item_role_assistant, "b");                    /*  7 */
    result ("c2");                                     /*  8 */
    say (item_role_assistant, "c");                    /*  9 */
    assert_int_equal (try_compact (2, "s"), BATON_OK); /*  10: 8 needs 5, which has 6 behind it, which needs 4 */
    check_positions ("2 10s 4 5 6 7 8 9");
    undo ();
    call ("c3"); /*  12: waits, so it stays */
    assert_int_equal (try_compact (0, "s"), BATON_OK);
    check_positions ("2 13s 12");
    result ("c3");
    check_positions ("2 13s 12 14");
}

/*  What is extracted says everything that is known, and always the same. */
static void a_summary_is_extracted (void **state)
{
    (void) state;
    tell_story ();
    stage_do (&stage, "s", METHOD_decision_record,
              &(decision_record_request_t){
                  .session = (char *) "s", .key = (char *) "db", .value = (char *) "sqlite", .why = (char *) "small"});
    session_t state_now = now ();
    shown_list_t list = {0};
    char *first = NULL, *second = NULL;
    assert_int_equal (window_items (stage.store, &state_now, &list, &stage.error), BATON_OK);
    assert_int_equal (compact_summarize (&state_now, &list, list.count, &first, &stage.error), BATON_OK);
    assert_int_equal (compact_summarize (&state_now, &list, list.count, &second, &stage.error), BATON_OK);
    assert_string_equal (first, second);
    assert_non_null (strstr (first, "Objective: s\n"));
    assert_non_null (strstr (first, "- db: sqlite (small)\n"));
    assert_non_null (strstr (first, "- src/x.c ("));
    assert_non_null (strstr (first, "- assistant: Looking | calls grep | calls ls\n"));
    assert_non_null (strstr (first, "- tool: result: two lines\n"));
    free (first);
    free (second);
    shown_list_clear (&list);
    record_clear (&RECORD_session, &state_now);
}

/* ---- going back ---- */

static void restore_shows_exactly_what_was (void **state)
{
    (void) state;
    create ();
    say (item_role_user, "a"); /*  3 */
    call ("c1");               /*  4 */
    result ("c1");             /*  5 */
    uint64_t then = position ();
    char *before = shown (then, render_format_anthropic, 0);
    say (item_role_user, "b");                         /*  6 */
    assert_int_equal (try_compact (1, "s"), BATON_OK); /*  7 */
    restore (then);                                    /*  8 */
    check_shown (0, render_format_anthropic, 0, before);
    check_positions ("2 3 4 5");
    say (item_role_user, "c"); /*  9 */
    check_positions ("2 3 4 5 9");
    restore (7);
    check_positions ("2 7s 6");
    undo (); /*  a compaction that was restored can be undone */
    check_positions ("2 3 4 5 6");
    restore (4); /*  in between call and result: it gets one that says why */
    check_positions ("2 3 4 13");
    char *text = shown (0, render_format_anthropic, 0);
    assert_non_null (strstr (text, "restored"));
    free (text);
    free (before);
}

/*  Whatever is done in whatever order, the window counts what it shows, calls have their results, the past stays as it
 *  was, and a restore shows what stood there. */
static void random_walk (uint64_t seed)
{
    char *past[8] = {0};
    uint64_t at[8] = {0};
    create ();
    for (int step = 0, id = 0; step < 60; step++) {
        char name[16];
        snprintf (name, sizeof name, "c%d", id);
        switch (fill_random (&seed) % 9) {
        case 0:
            call (name);
            say (item_role_user, "in between");
            result (name);
            id++;
            break;
        case 1:
            (void) try_compact (fill_random (&seed) % 6, fill_random (&seed) % 2 ? "short" : NULL);
            break;
        case 2: {
            session_t state = now ();
            bool compacted = state.window.compactions.count > 0;
            record_clear (&RECORD_session, &state);
            if (compacted)
                undo ();
            break;
        }
        case 3:
            if (step % 4 == 0)
                stage_do (&stage, "s", METHOD_context_clear, &(context_clear_request_t){.session = (char *) "s"});
            break;
        case 4: {
            size_t which = fill_random (&seed) % 8;
            if (at[which] == 0)
                break;
            restore (at[which]);
            check_shown (0, render_format_openai, 0, past[which]);
            break;
        }
        case 5: {
            size_t which = fill_random (&seed) % 8;
            free (past[which]);
            at[which] = position ();
            past[which] = shown (at[which], render_format_openai, 0);
            break;
        }
        default:
            say (fill_random (&seed) % 2 ? item_role_user : item_role_assistant, "some words");
        }
        char *text = shown (0, render_format_openai, 0);
        assert_null (strstr (text, "no result"));
        free (text);
    }
    for (size_t i = 0; i < 8; i++) {
        if (at[i])
            check_shown (at[i], render_format_openai, 0, past[i]);
        free (past[i]);
    }
}

static void any_order_of_changes_holds (void **state)
{
    for (uint64_t seed = 1; seed <= 15; seed++) {
        random_walk (seed * 7919);
        tear_down (state);
        set_up (state);
    }
}

/*  Undoing only goes so far, and the state stays small, however often a session is compacted. */
static void compactions_have_a_limit (void **state)
{
    (void) state;
    create ();
    for (int i = 0; i < LIMIT_COMPACTIONS + 8; i++) {
        say (item_role_user, "some words");
        say (item_role_assistant, "some more");
        assert_int_equal (try_compact (1, "s"), BATON_OK);
    }
    session_t last = now ();
    assert_int_equal (last.window.compactions.count, LIMIT_COMPACTIONS);
    assert_true (window_span_count (&last.window) <= LIMIT_SPANS);
    record_clear (&RECORD_session, &last);
    for (int i = 0; i < LIMIT_COMPACTIONS; i++)
        undo ();
}

/* ---- the two ways of reading ---- */

/*  Bytes that were cut or changed anywhere are read as nothing, or as something; never past their end. */
static void odd_bytes_are_left_to_the_decoder (void **state)
{
    (void) state;
    tell_story ();
    stage_commit (&stage);
    store_reads_t rows = {0};
    uint64_t seed = 5;
    assert_int_equal (store_history (stage.store, "s", 0, 100, &rows, &stage.error), BATON_OK);
    for (size_t i = 0; i < rows.count; i++)
        for (size_t cut = 0; cut <= 2 * rows.items[i].data.size; cut++) {
            baton_bytes_t bytes = {0};
            item_bytes_t item = {0};
            size_t size = cut < rows.items[i].data.size ? cut : rows.items[i].data.size;
            assert_int_equal (bytes_set (&bytes, rows.items[i].data.data, size), BATON_OK);
            if (cut > size && size > 0)
                bytes.data[fill_random (&seed) % size] = (uint8_t) fill_random (&seed);
            item_bytes_e got = item_bytes_read (&bytes, &item);
            if (cut < rows.items[i].data.size)
                assert_int_not_equal (got, ITEM_BYTES_read);
            for (size_t part = 0; got == ITEM_BYTES_read && part < item.part_count; part++)
                (void) strlen (item.many ? item.many[part].text ? item.many[part].text : "" : "");
            free (item.many);
            bytes_clear (&bytes);
        }
    store_reads_clear (&rows);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (anthropic_has_the_system_apart_and_results_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown (openai_has_tool_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown (text_and_json_show_the_items, set_up, tear_down),
        cmocka_unit_test_setup_teardown (values_are_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_budget_keeps_what_is_pinned_and_whole_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown (compactions_stack_and_can_be_undone, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_cut_parts_no_call_from_its_result, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_summary_is_extracted, set_up, tear_down),
        cmocka_unit_test_setup_teardown (restore_shows_exactly_what_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown (any_order_of_changes_holds, set_up, tear_down),
        cmocka_unit_test_setup_teardown (compactions_have_a_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown (odd_bytes_are_left_to_the_decoder, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
