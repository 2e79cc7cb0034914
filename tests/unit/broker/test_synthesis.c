/*  All runs together: what is bounded, what an excerpt is, and what comes through the line of a fork. */
#include "on_stage.h"

#include "synthesis.h"
#include "synthesis_markdown.h"

#include <stdio.h>
#include <stdlib.h>

static synthesis_t told;

static int forget (void **state)
{
    record_clear (&RECORD_synthesis, &told);
    return tear_down (state);
}

static void give (const char *session, method_id_t method, const void *request, const command_t *as)
{
    command_t command = *as;
    command.method = method;
    command.request = request;
    command.now = STAGE_NOW;
    if (journal_decide (stage.journal, session, &command, &stage.changed, &stage.error) != BATON_OK)
        fail_msg ("%s: %s", METHODS[method].name, stage.error.message);
}

/*  One run at node n1, with what it says and decides, and its end. */
static void run (const char *session, uint64_t number, const char *says, const char *decides, uint64_t exit_code)
{
    char *id = (char *) session;
    command_t broker = {0}, node = {.actor = "n1", .role = role_node, .epoch = 1}, inside = node;
    inside.run = number;
    stage_do (&stage, session, METHOD_session_activate, &(session_activate_request_t){.session = id});
    give (session, METHOD_session_place, &(session_place_request_t){.session = id, .node = (char *) "n1"}, &broker);
    give (session, METHOD_run_started, &(run_started_request_t){.session = id, .run = number, .attempt = 1}, &node);
    if (says)
        give (session, METHOD_item_append,
              &(item_append_request_t){.session = id, .role = item_role_assistant, .text = (char *) says}, &inside);
    if (decides)
        give (session, METHOD_decision_record,
              &(decision_record_request_t){.session = id, .key = (char *) "db", .value = (char *) decides}, &inside);
    give (session, METHOD_run_finished,
          &(run_finished_request_t){.session = id, .run = number, .attempt = 1, .exit_code = exit_code}, &node);
}

static void tell (const char *session, uint64_t n)
{
    baton_error_t error = {0};
    stage_commit (&stage);
    if (synthesis_make (stage.store, session, n, &told, &error) != BATON_OK)
        fail_msg ("%s", error.message);
}

static void the_latest_of_many_are_told (void **state)
{
    (void) state;
    for (uint64_t i = 1; i <= LIMIT_REPORT + 3; i++)
        run ("a", i, NULL, i % 2 ? "odd" : "even", 1);
    tell ("a", 0);
    assert_int_equal (told.runs.count, LIMIT_REPORT);
    assert_int_equal (told.runs.items[0].run.number, 4);
    assert_int_equal (told.runs.items[LIMIT_REPORT - 1].run.number, LIMIT_REPORT + 3);
    assert_int_equal (told.failures.count, LIMIT_REPORT);
    assert_int_equal (told.conflicts.count, LIMIT_REPORT);
    assert_int_equal (told.superseded.count, LIMIT_REPORT);
    assert_int_equal (told.left_out.count, 4);
    assert_string_equal (told.left_out.items[0], "3 earlier runs");
    char *text = synthesis_markdown (&told);
    assert_non_null (text);
    assert_true (strlen (text) < LIMIT_REPORT_TEXT);
    assert_non_null (strstr (text, "- 3 earlier runs\n"));
    free (text);
}

static void a_long_text_is_cut_between_characters (void **state)
{
    (void) state;
    char *text = calloc (1, LIMIT_EXCERPT * 2);
    assert_non_null (text);
    for (size_t i = 0; i < LIMIT_EXCERPT; i += 2)
        strcpy (text + i, "\u00e4");
    run ("a", 1, text, NULL, 0);
    strcat (text, "x");
    run ("a", 2, text, NULL, 0);
    tell ("a", 0);
    assert_int_equal (strlen (told.runs.items[0].last), LIMIT_EXCERPT);
    const char *cut = told.runs.items[1].last;
    assert_true (strlen (cut) <= LIMIT_EXCERPT);
    assert_string_equal (cut + strlen (cut) - 5, "\u00e4\u2026");
    free (text);
}

static void a_fork_tells_of_its_source (void **state)
{
    (void) state;
    entry_t *entry = NULL;
    run ("a", 1, "first words", "sqlite", 0);
    assert_int_equal (cache_get (journal_cache (stage.journal), "a", &entry, &stage.error), BATON_OK);
    session_fork_request_t fork = {.session = (char *) "a", .title = (char *) "b"};
    session_branch_request_t branch = {.session = (char *) "a", .fork = (char *) "b", .at = entry->state.n};
    command_t forking = {.method = METHOD_session_fork, .request = &fork, .now = STAGE_NOW, .source = &entry->state};
    command_t branching = {.method = METHOD_session_branch, .request = &branch, .now = STAGE_NOW};
    assert_int_equal (journal_decide_two (stage.journal, (const share_t[2]){{"b", &forking}, {"a", &branching}},
                                          &stage.changed, &stage.error),
                      BATON_OK);
    run ("a", 2, "not of the fork", "files", 0);
    run ("b", 1, "words of the fork", "postgres", 0);
    tell ("b", 0);
    assert_int_equal (told.runs.count, 2);
    assert_string_equal (told.runs.items[0].session, "a");
    assert_string_equal (told.runs.items[0].last, "first words");
    assert_null (told.runs.items[1].session);
    assert_string_equal (told.runs.items[1].last, "words of the fork");
    /*  Run 1 of the one and run 1 of the other are two. */
    assert_int_equal (told.conflicts.count, 1);
    assert_string_equal (told.conflicts.items[0].value, "sqlite");
    assert_string_equal (told.conflicts.items[0].other, "postgres");
}

static void the_same_position_tells_the_same (void **state)
{
    (void) state;
    run ("a", 1, "words", "sqlite", 0);
    tell ("a", 0);
    uint64_t n = told.n;
    char *first = synthesis_markdown (&told);
    run ("a", 2, "others", "files", 1);
    stage_commit (&stage);
    stage_reopen (&stage);
    tell ("a", n);
    char *second = synthesis_markdown (&told);
    assert_string_equal (first, second);
    free (first);
    free (second);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up_one, forget)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (the_latest_of_many_are_told),
        TEST (a_long_text_is_cut_between_characters),
        TEST (a_fork_tells_of_its_source),
        TEST (the_same_position_tells_the_same),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
