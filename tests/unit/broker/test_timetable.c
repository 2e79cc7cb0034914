/*  Which times fire: what was missed, and a clock that jumps. */
#include "timetable.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE 60000u
#define DAY 86400000u

static timetable_t *timetable;

static int setup (void **state)
{
    (void) state;
    return timetable_new (&timetable) == BATON_OK ? 0 : -1;
}

static int teardown (void **state)
{
    (void) state;
    timetable_destroy (&timetable);
    return 0;
}

static trigger_t every (const char *rule, missed_e missed, uint64_t next)
{
    return (trigger_t){.name = (char *) "t",
                       .kind = rule ? trigger_kind_calendar : trigger_kind_time,
                       .rule = (char *) rule,
                       .missed = missed,
                       .next = next};
}

static void check (const trigger_t *trigger, uint64_t now, size_t count, uint64_t first, uint64_t passed, uint64_t next)
{
    moment_t times[LIMIT_TIMES];
    trigger_due_request_t due = {.times = {0, times}};
    timetable_due (timetable, trigger, now, &due);
    assert_int_equal (due.scheduled, trigger->next);
    assert_int_equal (due.times.count, count);
    assert_int_equal (due.passed, passed);
    assert_int_equal (due.next, next);
    if (count > 0)
        assert_int_equal (times[0].at, first);
}

static void what_is_on_time_fires_whatever_missed_says (void **state)
{
    (void) state;
    for (missed_e missed = missed_skip; missed <= missed_all; missed++) {
        trigger_t trigger = every ("@daily", missed, DAY);
        check (&trigger, DAY + 30000, 1, DAY, 1, 2 * DAY);
        trigger = every (NULL, missed, DAY);
        check (&trigger, DAY, 1, DAY, 1, 0);
    }
}

static void what_was_missed_is_up_to_missed (void **state)
{
    (void) state;
    trigger_t trigger = every ("@daily", missed_skip, DAY);
    check (&trigger, 5 * DAY + 2 * MINUTE, 0, 0, 5, 6 * DAY);
    check (&trigger, 5 * DAY + 1, 1, 5 * DAY, 5, 6 * DAY); /*  the last one is on time */
    trigger = every ("@daily", missed_once, DAY);
    check (&trigger, 5 * DAY + 2 * MINUTE, 1, 5 * DAY, 5, 6 * DAY);
    trigger = every ("@daily", missed_all, DAY);
    check (&trigger, 5 * DAY + 2 * MINUTE, 5, DAY, 5, 6 * DAY);
    trigger = every (NULL, missed_skip, DAY);
    check (&trigger, 2 * DAY, 0, 0, 1, 0);
}

/*  A broker that was away for years, or a clock that jumps there, costs no more than a thousand times. */
static void a_long_absence_is_bounded (void **state)
{
    (void) state;
    trigger_t trigger = every ("* * * * *", missed_all, MINUTE);
    check (&trigger, 10000ul * DAY, LIMIT_TIMES, MINUTE, 1000, 10000ul * DAY + MINUTE);
}

static void a_clock_that_jumps_back_changes_nothing (void **state)
{
    (void) state;
    trigger_t trigger = every ("@daily", missed_once, 6 * DAY);
    check (&trigger, 3 * DAY, 0, 0, 0, 6 * DAY);
}

static void zones_are_known_by_name (void **state)
{
    (void) state;
    static const char *const UNKNOWN[] = {"Nowhere/Town", "../../etc/passwd", "Europe/../UTC",
                                          "Europe",       "tzdata.zi",        "/etc/localtime"};
    uint64_t at = 0;
    baton_error_t error = {0};
    assert_int_equal (timetable_first (timetable, "@daily", NULL, 1, &at, &error), BATON_OK);
    assert_int_equal (at, DAY);
    assert_int_equal (timetable_first (timetable, "@daily", "UTC", 1, &at, &error), BATON_OK);
    assert_int_equal (at, DAY);
    for (int i = 0; i < 2; i++) { /*  read, and known */
        assert_int_equal (timetable_first (timetable, "@daily", "Asia/Tokyo", 1, &at, &error), BATON_OK);
        assert_int_equal (at, 15 * 3600000);
    }
    for (size_t i = 0; i < COUNT (UNKNOWN); i++) {
        assert_int_equal (timetable_first (timetable, "@daily", UNKNOWN[i], 1, &at, &error), BATON_invalid_argument);
        assert_string_equal (error.field, "zone");
    }
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (what_is_on_time_fires_whatever_missed_says),
        TEST (what_was_missed_is_up_to_missed),
        TEST (a_long_absence_is_bounded),
        TEST (a_clock_that_jumps_back_changes_nothing),
        TEST (zones_are_known_by_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
