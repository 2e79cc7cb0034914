/*  Past states, told from the journal alone. */
#include "stage.h"

#include "history.h"

static stage_t stage;

static int set_up (void **state)
{
    (void) state;
    stage_begin (&stage);
    stage_create (&stage, "a");
    return 0;
}

static int tear_down (void **state)
{
    (void) state;
    stage_end (&stage);
    return 0;
}

static void any_past_state_can_be_had (void **state)
{
    (void) state;
    for (uint8_t i = 1; i <= 100; i++) {
        assert_int_equal (stage_note (&stage, "a", "color", i), BATON_OK);
        if (i % 50 == 0)
            stage_commit (&stage);
    }
    session_t past = {0};
    baton_error_t error = {0};
    assert_int_equal (journal_save (stage.journal, &error), BATON_OK); /*  snapshots make no difference */
    static const uint64_t AT[] = {1, 2, 51, 100, 101};
    for (size_t i = 0; i < COUNT (AT); i++) {
        assert_int_equal (history_replay (stage.store, "a", AT[i], &past, &error), BATON_OK);
        assert_int_equal (past.n, AT[i]);
        assert_int_equal (past.memory.count, AT[i] > 1);
        if (AT[i] > 1)
            assert_int_equal (past.memory.items[0].value.data[0], AT[i] - 1);
    }
    assert_int_equal (history_replay (stage.store, "a", 102, &past, &error), BATON_not_found);
    assert_int_equal (error.reason, BATON_REASON_no_such_position);
    assert_int_equal (past.n, 101); /*  untouched */
    record_clear (&RECORD_session, &past);
}

/*  Counts events, up to three. */
static baton_status count_three (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    (void) error;
    uint64_t *seen = argument;
    assert_int_equal (event->n, *seen + 2);
    *ret_more = ++*seen < 3;
    return BATON_OK;
}

static baton_status refuse (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    (void) event, (void) argument, (void) ret_more;
    return baton_fail (error, BATON_internal, BATON_REASON_bug, "not that one");
}

static void a_walk_ends_when_it_has_had_enough (void **state)
{
    (void) state;
    uint64_t seen = 0;
    baton_error_t error = {0};
    for (uint8_t i = 1; i <= 10; i++)
        assert_int_equal (stage_note (&stage, "a", "color", i), BATON_OK);
    stage_commit (&stage);
    assert_int_equal (history_walk (stage.store, "a", 1, count_three, &seen, &error), BATON_OK);
    assert_int_equal (seen, 3);
    assert_int_equal (history_walk (stage.store, "a", 11, refuse, NULL, &error), BATON_OK);
    assert_int_equal (history_walk (stage.store, "a", 10, refuse, NULL, &error), BATON_internal);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (any_past_state_can_be_had, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_walk_ends_when_it_has_had_enough, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
