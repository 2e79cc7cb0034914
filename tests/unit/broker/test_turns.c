/*  Who waits for a thread, in which order, and how many may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "turns.h"

#include <stdlib.h>
#include <string.h>

static const turns_limit_t LIMIT = {LIMIT_WRITES, LIMIT_WRITES_EACH, "large contents"};

static request_t *ask (const char *key, uint64_t number)
{
    request_t *request = calloc (1, sizeof *request);
    assert_non_null (request);
    strcpy (request->key, key);
    request->seen = number;
    return request;
}

static baton_status add (turns_t *turns, const char *key, uint64_t number, baton_error_t *error)
{
    request_t *request = ask (key, number);
    baton_status status = turns_add (turns, &request, &LIMIT, error);
    assert_int_equal (request == NULL, status == BATON_OK);
    request_destroy (&request);
    return status;
}

static bool is_even (const void *argument, const request_t *request)
{
    (void) argument;
    return request->seen % 2 == 0;
}

static uint64_t take (turns_t *turns, turns_may_fn *may)
{
    request_t *next = turns_next (turns, may, NULL);
    assert_non_null (next);
    uint64_t number = next->seen;
    turns_remove (turns, next);
    request_destroy (&next);
    return number;
}

static void who_asks_for_little_does_not_wait_for_who_asks_for_much (void **state)
{
    (void) state;
    turns_t turns = {0};
    for (uint64_t number = 1; number <= 5; number++)
        assert_int_equal (add (&turns, "much", number, NULL), BATON_OK);
    assert_int_equal (take (&turns, NULL), 1);
    assert_int_equal (add (&turns, "little", 10, NULL), BATON_OK);
    assert_int_equal (take (&turns, NULL), 2);
    assert_int_equal (take (&turns, NULL), 10);
    assert_int_equal (take (&turns, NULL), 3);
    turns_clear (&turns);
    assert_null (turns_next (&turns, NULL, NULL));
}

static void one_that_may_not_be_taken_keeps_its_turn (void **state)
{
    (void) state;
    turns_t turns = {0};
    for (uint64_t number = 1; number <= 3; number++)
        assert_int_equal (add (&turns, "a", number, NULL), BATON_OK);
    assert_int_equal (take (&turns, is_even), 2);
    assert_null (turns_next (&turns, is_even, NULL));
    assert_int_equal (take (&turns, NULL), 1);
    assert_int_equal (take (&turns, NULL), 3);
}

static void so_many_may_wait (void **state)
{
    (void) state;
    turns_t turns = {0};
    baton_error_t error = {0};
    char key[8];
    for (uint64_t number = 0; number < LIMIT_WRITES; number++) {
        snprintf (key, sizeof key, "k%d", (int) (number / LIMIT_WRITES_EACH));
        assert_int_equal (add (&turns, key, number, NULL), BATON_OK);
        if (number + 1 == LIMIT_WRITES_EACH)
            assert_int_equal (add (&turns, key, number, &error), BATON_resource_exhausted);
    }
    assert_int_equal (error.reason, BATON_REASON_busy);
    assert_string_equal (error.message, "32 large contents wait already for the same client");
    assert_int_equal (add (&turns, "another", 0, &error), BATON_resource_exhausted);
    assert_string_equal (error.message, "128 large contents wait already");
    turns_clear (&turns);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (who_asks_for_little_does_not_wait_for_who_asks_for_much),
        cmocka_unit_test (one_that_may_not_be_taken_keeps_its_turn),
        cmocka_unit_test (so_many_may_wait),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
