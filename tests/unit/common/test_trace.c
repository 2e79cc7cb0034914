/*  W3C trace contexts, by the rules of the standard. */
#include "trace.h"
#include "unit.h"

#define GOOD "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static void only_a_traceparent_is_one (void **state)
{
    (void) state;
    static const char LONGER[] = GOOD "0", EXTENDED[] = GOOD "-x";
    static const char *const BAD[] = {
        NULL,
        "",
        "00",
        LONGER,
        EXTENDED,
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
    };
    assert_true (trace_valid (GOOD));
    assert_true (trace_valid ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"));
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false (trace_valid (BAD[i]));
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (only_a_traceparent_is_one)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
