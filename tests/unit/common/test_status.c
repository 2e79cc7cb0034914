#include <baton/status.h>

#include "text.h"
#include "unit.h"

#include <string.h>

static const struct {
    baton_status status;
    const char *name;
    int number;
} CODES[] = {
    {BATON_ok, "ok", 0},
    {BATON_invalid_argument, "invalid_argument", 3},
    {BATON_deadline_exceeded, "deadline_exceeded", 4},
    {BATON_not_found, "not_found", 5},
    {BATON_already_exists, "already_exists", 6},
    {BATON_permission_denied, "permission_denied", 7},
    {BATON_resource_exhausted, "resource_exhausted", 8},
    {BATON_failed_precondition, "failed_precondition", 9},
    {BATON_aborted, "aborted", 10},
    {BATON_internal, "internal", 13},
    {BATON_unavailable, "unavailable", 14},
    {BATON_unauthenticated, "unauthenticated", 16},
};

static void codes_have_the_names_and_numbers_of_grpc (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT (CODES); i++) {
        assert_int_equal (CODES[i].status, CODES[i].number);
        assert_string_equal (baton_status_name (CODES[i].status), CODES[i].name);
        assert_int_equal (baton_status_from_name (CODES[i].name), CODES[i].status);
    }
}

static void unknown_names_and_numbers_are_somebody_elses_bug (void **state)
{
    (void) state;
    assert_string_equal (baton_status_name ((baton_status) 999), "internal");
    assert_string_equal (baton_reason_name ((baton_reason) 9999), "bug");
    assert_int_equal (baton_status_from_name ("from_the_future"), BATON_internal);
    assert_int_equal (baton_reason_from_name ("from_the_future"), BATON_REASON_none);
    assert_string_equal (baton_reason_hint ((baton_reason) 9999), "");
    assert_false (baton_reason_retry ((baton_reason) 9999));
}

/*  A person who is refused must be told what to do, but where there is nothing to say. */
static void every_reason_has_one_name_and_a_hint (void **state)
{
    (void) state;
    for (int reason = 0; reason < BATON_REASON_COUNT; reason++) {
        const char *name = baton_reason_name ((baton_reason) reason);
        assert_int_equal (baton_reason_from_name (name), reason);
        if (reason != BATON_REASON_none && reason != BATON_REASON_cancelled_by_peer)
            assert_true (strlen (baton_reason_hint ((baton_reason) reason)) > 0);
    }
    assert_true (baton_reason_retry (BATON_REASON_busy));
    assert_true (baton_reason_retry (BATON_REASON_disk_full));
    assert_false (baton_reason_retry (BATON_REASON_key_reused));
    assert_false (baton_reason_retry (BATON_REASON_stale_epoch));
}

static void failing_fills_the_error_and_gives_the_status_back (void **state)
{
    (void) state;
    baton_error_t error;
    memset (&error, 'x', sizeof error);
    assert_int_equal (baton_fail (&error, BATON_not_found, BATON_REASON_no_such_run, "run %d is not there", 7),
                      BATON_not_found);
    assert_int_equal (error.status, BATON_not_found);
    assert_int_equal (error.reason, BATON_REASON_no_such_run);
    assert_string_equal (error.field, "");
    assert_string_equal (error.message, "run 7 is not there");
    assert_int_equal (baton_fail_field (&error, BATON_aborted, BATON_REASON_bug, "a.b", "x"), BATON_aborted);
    assert_string_equal (error.field, "a.b");
    assert_int_equal (baton_fail_memory (&error), BATON_resource_exhausted);
    assert_int_equal (error.reason, BATON_REASON_out_of_memory);
    assert_int_equal (baton_fail (NULL, BATON_not_found, BATON_REASON_none, "nobody listens"), BATON_not_found);
}

static void texts_that_are_too_long_are_cut (void **state)
{
    (void) state;
    char longer[2 * BATON_ERROR_MESSAGE_SIZE];
    memset (longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    baton_error_t error;
    baton_fail_field (&error, BATON_aborted, BATON_REASON_bug, longer, "%s", longer);
    assert_int_equal (strlen (error.field), BATON_ERROR_FIELD_SIZE - 1);
    assert_int_equal (strlen (error.message), BATON_ERROR_MESSAGE_SIZE - 1);
}

/*  Else nobody could be told of them: they are sent as text. */
static void texts_are_cut_where_a_character_ends (void **state)
{
    (void) state;
    char longer[2 * BATON_ERROR_MESSAGE_SIZE] = "";
    for (size_t i = 0; i + 3 < sizeof longer; i += 2)
        memcpy (longer + i, "\u00e9", 3);
    baton_error_t error;
    for (size_t shift = 0; shift < 2; shift++) {
        baton_fail_field (&error, BATON_aborted, BATON_REASON_bug, longer, "%s%s", shift ? "x" : "", longer);
        assert_true (text_valid (error.field, strlen (error.field), false));
        assert_true (text_valid (error.message, strlen (error.message), false));
    }
    baton_fail (&error, BATON_aborted, BATON_REASON_bug, "no text: \xff\xc0\xaf\x01.");
    assert_string_equal (error.message, "no text:     .");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (codes_have_the_names_and_numbers_of_grpc),
        cmocka_unit_test (unknown_names_and_numbers_are_somebody_elses_bug),
        cmocka_unit_test (every_reason_has_one_name_and_a_hint),
        cmocka_unit_test (failing_fills_the_error_and_gives_the_status_back),
        cmocka_unit_test (texts_that_are_too_long_are_cut),
        cmocka_unit_test (texts_are_cut_where_a_character_ends),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
