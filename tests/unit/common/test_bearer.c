/*  Access tokens as text. */
#include "bearer.h"
#include "id.h"
#include "unit.h"

#include <string.h>

static void fresh_ones_are_valid_and_differ (void **state)
{
    (void) state;
    char one[BEARER_SIZE], other[BEARER_SIZE];
    bearer_new (one);
    bearer_new (other);
    assert_int_equal (strlen (one), BEARER_SIZE - 1);
    assert_memory_equal (one, BEARER_PREFIX, strlen (BEARER_PREFIX));
    assert_true (bearer_valid (one));
    assert_true (bearer_valid (other));
    assert_string_not_equal (one, other);
}

static void any_changed_character_is_seen (void **state)
{
    (void) state;
    char text[BEARER_SIZE + 1] = "";
    bearer_new (text);
    for (size_t i = 0; i < BEARER_SIZE - 1; i++) {
        char before = text[i];
        text[i] = before == '0' ? '1' : '0';
        assert_false (bearer_valid (text));
        text[i] = before;
    }
    text[BEARER_SIZE - 1] = '0'; /*  one too many */
    assert_false (bearer_valid (text));
    text[BEARER_SIZE - 2] = 0; /*  one too few */
    assert_false (bearer_valid (text));
    assert_false (bearer_valid (""));
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (fresh_ones_are_valid_and_differ),
                                       cmocka_unit_test (any_changed_character_is_seen)};
    return id_init () == BATON_OK ? cmocka_run_group_tests (tests, NULL, NULL) : 1;
}
