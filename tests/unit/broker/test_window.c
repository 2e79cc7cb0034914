/*  The window, read from the store: compactions on top of each other and their undoing, rollback and restore; and that
 *  nothing but the position changes a byte. */
#include "context.h"

#include "fill.h"

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
