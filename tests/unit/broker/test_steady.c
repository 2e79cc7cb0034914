/*  The broker's time goes on by the time that passes, whatever is done to the clock. */
#include "steady.h"
#include "unit.h"

#define DAY 86400000LL

static void a_clock_that_is_set_moves_nothing (void **state)
{
    (void) state;
    static const struct {
        int64_t wall;
        uint64_t passed, now;
        bool set;
    } CASES[] = {
        {1000000000000, 500, 1000000000000, false},
        {1000000001000, 1500, 1000000001000, false},
        {1000000003500, 2000, 1000000003500, false}, /*  two seconds are a correction */
        {1000000003500 + DAY, 2000, 1000000003500, true},
        {1000000004500 + DAY, 3000, 1000000004500, false},
        {1000000005500 - DAY, 4000, 1000000005500, true}, /*  back, past where it was */
        {0, 5000, 1000000006500, true},
        {1500, 6500, 1000000008000, false},
        {1000000009100, 7500, 1000000009100, true}, /*  and it is right again */
    };
    steady_t steady;
    steady_start (&steady, 1000000000000, 500);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        bool set = !CASES[i].set;
        assert_int_equal (steady_look (&steady, (uint64_t) CASES[i].wall, CASES[i].passed, &set), CASES[i].now);
        assert_int_equal (set, CASES[i].set);
    }
}

static void the_clock_is_followed_when_nothing_would_notice (void **state)
{
    (void) state;
    steady_t steady;
    bool set = false;
    steady_start (&steady, 1000, 1000); /*  a machine whose clock has stood still */
    assert_int_equal (steady_look (&steady, 1000000000000, 2000, &set), 2000);
    assert_true (set);
    steady_follow (&steady);
    assert_int_equal (steady_look (&steady, 1000000001000, 3000, &set), 1000000001000);
    assert_false (set);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_clock_that_is_set_moves_nothing),
        cmocka_unit_test (the_clock_is_followed_when_nothing_would_notice),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
