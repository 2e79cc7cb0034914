/*  The rows of lists: a busy session's waits, and a broker that ends without warning leaves none behind for good. */
#include "on_stage.h"

#include "id.h"

#include <stdlib.h>

#define BUSY 300 /*  sessions; more than are mended in one commit */

static uint64_t row_n (const char *session)
{
    store_projections_t rows = {0};
    assert_int_equal (store_find (stage.store, session, 1, NULL, &rows, NULL), BATON_OK);
    assert_int_equal (rows.count, 1);
    uint64_t n = rows.items[0].row.activity.n;
    store_projections_clear (&rows);
    return n;
}

static void name_of (int number, char name[16])
{
    snprintf (name, 16, "s%03d", number);
}

static void begin_busy (void)
{
    char name[16];
    for (int i = 0; i < BUSY; i++) {
        name_of (i, name);
        stage_create (&stage, name);
        stage_commit (&stage);
    }
    for (int i = 0; i < BUSY; i++) {
        name_of (i, name);
        assert_int_equal (stage_note (&stage, name, "color", 7), BATON_OK);
        stage_commit (&stage);
        assert_int_equal (row_n (name), 1);
    }
}

static void check_rows (uint64_t n)
{
    char name[16];
    for (int i = 0; i < BUSY; i++) {
        name_of (i, name);
        assert_int_equal (row_n (name), n);
    }
}

static void what_waited_is_told_after_a_restart (void **state)
{
    (void) state;
    begin_busy ();
    stage_reopen (&stage);
    check_rows (2);
    assert_false (journal_behind (stage.journal));
    assert_int_equal (store_shown (stage.store), store_head (stage.store));
}

/*  The next one has the work of a second, not that of all time. */
static void how_far_rows_tell_is_written_down_meanwhile (void **state)
{
    (void) state;
    begin_busy ();
    for (int i = 0; i < 5000; i++) {
        assert_int_equal (stage_note (&stage, i % 2 ? "s001" : "s002", "color", (uint8_t) (i % 100)), BATON_OK);
        if (i % 100 == 0)
            journal_catch_up (stage.journal, SIZE_MAX);
        stage_commit (&stage);
    }
    assert_true (store_head (stage.store) - store_shown (stage.store) < 1400);
    assert_true (store_shown (stage.store) < store_head (stage.store));
    stage_reopen (&stage);
    assert_int_equal (row_n ("s001"), 2502);
    assert_int_equal (row_n ("s000"), 2);
}

/*  And the site's own journal has no row, then either. */
static void a_disk_that_is_full_leaves_it_for_later (void **state)
{
    (void) state;
    assert_int_equal (journal_found_site (stage.journal, "admin", "key", STAGE_NOW, &stage.error), BATON_OK);
    stage_commit (&stage);
    begin_busy ();
    stage_break_disk (&stage);
    journal_catch_up (stage.journal, SIZE_MAX);
    assert_int_not_equal (journal_commit (stage.journal, &stage.error), BATON_OK);
    assert_true (journal_behind (stage.journal));
    stage_reopen (&stage); /*  with the disk full still */
    assert_true (journal_behind (stage.journal));
    assert_int_equal (row_n ("s000"), 1);
    stage_mend_disk (&stage);
    journal_catch_up (stage.journal, SIZE_MAX);
    stage_commit (&stage);
    check_rows (2);
    assert_int_equal (store_session_count (stage.store), BUSY);
}

/*  As after an older version, which did not say which. */
static void a_row_that_does_not_say_what_is_asked_is_written_anew (void **state)
{
    (void) state;
    stage_create (&stage, "asks");
    stage_do (&stage, "asks", METHOD_breakpoint_ask,
              &(breakpoint_ask_request_t){.session = "asks", .key = "k", .title = "May I?"});
    stage_commit (&stage);
    store_projections_t rows = {0};
    store_places_t places = {0};
    assert_int_equal (store_find (stage.store, "asks", 1, NULL, &rows, NULL), BATON_OK);
    assert_int_equal (rows.items[0].open.count, 1);
    rows.items[0].open.count = 0;
    assert_int_equal (
        store_commit (
            stage.store,
            &(store_batch_t){.projections = rows.items, .projection_count = 1, .shown = store_head (stage.store)},
            NULL),
        BATON_OK);
    rows.items[0].open.count = 1;
    store_projections_clear (&rows);
    stage_reopen (&stage);
    assert_int_equal (
        store_open_breakpoints (stage.store, breakpoint_order_oldest, &(store_place_t){0}, 10, NULL, &places, NULL),
        BATON_OK);
    assert_int_equal (places.count, 1);
    assert_string_equal (places.items[0].session, "asks");
    free (places.items);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (what_waited_is_told_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown (how_far_rows_tell_is_written_down_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_disk_that_is_full_leaves_it_for_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_row_that_does_not_say_what_is_asked_is_written_anew, set_up, tear_down),
    };
    return id_init () == BATON_OK ? cmocka_run_group_tests (tests, NULL, NULL) : 1;
}
