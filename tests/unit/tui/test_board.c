#include "board.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/*  cmocka wants some of the above before it. */
#include <cmocka.h>

#define MINUTE 60000u

static session_row_t sessions[] = {
    {.session = (char *) "aaa",
     .title = (char *) "Review the parser",
     .agent = (char *) "tools",
     .state = lifecycle_running,
     .run = 2,
     .phase = run_phase_running,
     .node = (char *) "east",
     .breakpoints = 1,
     .activity = {.at = 5 * MINUTE}},
    {.session = (char *) "bbb",
     .title = (char *) "payroll",
     .state = lifecycle_sleeping,
     .activity = {.at = 9 * MINUTE}},
    {.session = (char *) "ccc",
     .title = (char *) "Fix the parser",
     .state = lifecycle_terminated,
     .run = 1,
     .phase = run_phase_finished,
     .node = (char *) "west",
     .activity = {.at = 7 * MINUTE}},
};

static board_rows_t rows_of (void)
{
    return (board_rows_t){sizeof sessions / sizeof *sessions, sessions};
}

/*  The ids of what is shown, in order. */
static void assert_shows (board_t *board, const char *expected)
{
    char shown[64] = "";
    for (size_t i = 0; i < board->count; i++)
        strcat (strcat (shown, i > 0 ? " " : ""), sessions[board->order[i]].session);
    assert_string_equal (shown, expected);
}

static size_t column_of (const board_type_t *type, const char *header)
{
    for (size_t i = 0; i < BOARD_COLUMNS; i++)
        if (type->columns[i].header && strcmp (type->columns[i].header, header) == 0)
            return i;
    fail ();
    return 0;
}

static void sorts_by_each_kind_of_column (void **state)
{
    (void) state;
    static const struct {
        const char *header, *forward, *backward;
    } CASES[] = {
        {"ACTIVE", "bbb ccc aaa", "aaa ccc bbb"}, {"TITLE", "ccc bbb aaa", "aaa bbb ccc"},
        {"STATE", "aaa bbb ccc", "ccc bbb aaa"},  {"RUN", "aaa ccc bbb", "bbb ccc aaa"},
        {"NODE", "aaa ccc bbb", "bbb ccc aaa"},   {"AGENT", "aaa bbb ccc", "bbb ccc aaa"},
    };
    board_rows_t rows = rows_of ();
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        board_t board;
        board_open (&board, &BOARDS[BOARD_sessions]);
        board.sort = column_of (board.type, CASES[i].header);
        board_arrange (&board, &rows);
        assert_shows (&board, CASES[i].forward);
        board.reversed = true;
        board_arrange (&board, &rows);
        assert_shows (&board, CASES[i].backward);
        board_clear (&board);
    }
}

static void filters_by_words (void **state)
{
    (void) state;
    static const struct {
        size_t board;
        const char *filter, *shown;
        size_t belong;
    } CASES[] = {
        {BOARD_sessions, "", "bbb ccc aaa", 3},   {BOARD_sessions, "  ", "bbb ccc aaa", 3},
        {BOARD_sessions, "PARSER", "ccc aaa", 3}, {BOARD_sessions, "parser east", "aaa", 3},
        {BOARD_sessions, "sleeping", "bbb", 3},   {BOARD_sessions, "nothing", "", 3},
        {BOARD_sessions, "ccc", "ccc", 3},        {BOARD_runs, "", "aaa ccc", 2},
        {BOARD_runs, "finished", "ccc", 2},
    };
    board_rows_t rows = rows_of ();
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        board_t board;
        board_open (&board, &BOARDS[CASES[i].board]);
        snprintf (board.filter, sizeof board.filter, "%s", CASES[i].filter);
        board_arrange (&board, &rows);
        assert_shows (&board, CASES[i].shown);
        assert_int_equal (board.belong, CASES[i].belong);
        board_clear (&board);
    }
}

/*  One stays at a row wherever it goes, and at its place when it has gone. */
static void keeps_the_place (void **state)
{
    (void) state;
    board_rows_t rows = rows_of (), fewer = {2, sessions}, none = {0, NULL};
    board_t board;
    board_open (&board, &BOARDS[BOARD_sessions]);
    assert_null (board_chosen (&board, &none));
    board_arrange (&board, &none);
    board_move (&board, &none, 1);
    assert_null (board_chosen (&board, &none));
    board_arrange (&board, &rows);
    assert_ptr_equal (board_chosen (&board, &rows), &sessions[1]);
    board_move (&board, &rows, 1);
    assert_ptr_equal (board_chosen (&board, &rows), &sessions[2]);
    board.reversed = true;
    board_arrange (&board, &rows);
    assert_ptr_equal (board_chosen (&board, &rows), &sessions[2]);
    board_move (&board, &rows, 100);
    assert_ptr_equal (board_chosen (&board, &rows), &sessions[1]);
    board_move (&board, &rows, -100);
    assert_ptr_equal (board_chosen (&board, &rows), &sessions[0]);
    board_move (&board, &rows, 1);
    board_arrange (&board, &fewer); /*  without ccc, where one stood */
    assert_int_equal (board.at, 1);
    assert_ptr_equal (board_chosen (&board, &fewer), &sessions[1]);
    board_clear (&board);
}

static void lays_out_what_fits (void **state)
{
    (void) state;
    for (size_t type = 0; type < BOARD_TYPES; type++)
        for (size_t cells = 1; cells < 300; cells++) {
            size_t widths[BOARD_COLUMNS], total = 0, least = 0;
            board_layout (&BOARDS[type], cells, widths);
            for (size_t i = 0; i < BOARD_COLUMNS && BOARDS[type].columns[i].header; i++) {
                total += widths[i] > 0 ? widths[i] + 1 : 0;
                least += BOARDS[type].columns[i].rank == 0 ? BOARDS[type].columns[i].width + 1 : 0;
                assert_true (widths[i] > 0 || BOARDS[type].columns[i].rank > 0);
            }
            assert_int_equal (total, cells > least ? cells : least);
        }
}

static void sorts_by_columns_that_are_seen (void **state)
{
    (void) state;
    board_t board;
    board_open (&board, &BOARDS[BOARD_sessions]);
    board.sort = 0;
    for (size_t i = 0; i < 40; i++) {
        size_t widths[BOARD_COLUMNS];
        board_layout (board.type, 60, widths);
        board_sort_next (&board, 60);
        assert_true (widths[board.sort] > 0);
    }
    board_clear (&board);
}

static void says_times_as_spans (void **state)
{
    (void) state;
    vote_t votes[] = {{.actor = (char *) "bob", .option = (char *) "approve"}};
    char *options[] = {(char *) "approve", (char *) "reject"};
    breakpoint_view_t view = {.session = (char *) "s",
                              .breakpoint = {.number = 2,
                                             .state = breakpoint_state_open,
                                             .options = {2, options},
                                             .policy = {.kind = policy_kind_quorum, .k = 3},
                                             .votes = {1, votes},
                                             .deadline = 200 * MINUTE + 5000,
                                             .opened_at = 10 * MINUTE}};
    static const struct {
        const char *header, *text;
    } CASES[] = {{"VOTES", "approve 1 / needs 3"}, {"LEFT", "3h5m"}, {"SINCE", "5m"}, {"BREAKPOINT", "s/2"}};
    const board_type_t *type = &BOARDS[BOARD_breakpoints];
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char *text = board_cell (type, &type->columns[column_of (type, CASES[i].header)], &view, 15 * MINUTE + 2000);
        assert_string_equal (text, CASES[i].text);
        free (text);
    }
    view.breakpoint.deadline = 0;
    assert_null (board_cell (type, &type->columns[column_of (type, "LEFT")], &view, 1));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (sorts_by_each_kind_of_column),
        cmocka_unit_test (filters_by_words),
        cmocka_unit_test (keeps_the_place),
        cmocka_unit_test (lays_out_what_fits),
        cmocka_unit_test (sorts_by_columns_that_are_seen),
        cmocka_unit_test (says_times_as_spans),
    };
    setlocale (LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests (tests, NULL, NULL);
}
