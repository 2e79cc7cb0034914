/*  Positions with a name, and going back to an earlier one. */
#include "story.h"

#include <stdio.h>

static const who_t SAVER = {.actor = "ada", .role = role_operator, .digest = "d1"};

static void test_a_position_gets_a_name (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "session_saved", SAVER, session_save, .label = (char *) "one");
    assert_int_equal (LAST (&story, session_saved)->position, 1);
    FAILS (&story, already_exists, name_taken, SAVER, session_save, .label = (char *) "one");
    assert_non_null (strstr (story.error.message, "only with replace"));
    DOES (&story, "session_saved", SAVER, session_save, .label = (char *) "one", .replace = true);
    assert_int_equal (story.state.checkpoints.count, 1);
    assert_int_equal (story.state.checkpoints.items[0].n, 2);
    DOES (&story, "session_saved", SAVER, session_save);
    assert_string_equal (LAST (&story, session_saved)->label, "3"); /*  the position's number */
    FAILS (&story, invalid_argument, bad_value, SAVER, session_save, .label = (char *) "7");
    DOES (&story, "session_saved", SAVER, session_save, .label = (char *) "4");
    DOES (&story, "session_saved", SAVER, session_save, .label = (char *) "5a");
    story_end (&story);
}

static void test_checkpoints_have_a_limit (void **context)
{
    (void) context;
    story_t story;
    char label[16];
    given_created (&story);
    for (int i = 0; i < LIMIT_CHECKPOINTS; i++) {
        snprintf (label, sizeof label, "l%d", i);
        DOES (&story, "session_saved", SAVER, session_save, .label = label);
    }
    FAILS (&story, resource_exhausted, too_large, SAVER, session_save, .label = (char *) "more");
    DOES (&story, "session_saved", SAVER, session_save, .label = (char *) "l0", .replace = true);
    story_end (&story);
}

/*  Decides, and applies nothing; checks the label that is told. */
static baton_status try_restore_from (const session_t *present, const session_t *past, const char *label,
                                      baton_error_t *ret_error)
{
    session_restore_request_t request = {.session = (char *) STORY_ID, .at = (char *) "1"};
    command_t command = {.method = METHOD_session_restore,
                         .request = &request,
                         .now = STORY_START,
                         .actor = "ada",
                         .role = role_operator,
                         .access = access_own,
                         .source = past};
    event_list_t events = {0};
    changed_t changed = {0};
    *ret_error = (baton_error_t){0};
    baton_status status = session_decide (present, &command, &events, &changed, ret_error);
    assert_int_equal (events.count > 0, status == BATON_OK);
    if (status == BATON_OK) {
        const session_restored_event_t *restored = events.items[0].body;
        assert_int_equal (restored->position, past->n);
        assert_true (text_equal (restored->label, label));
    }
    event_list_clear (&events);
    record_clear (&RECORD_changed, &changed);
    return status;
}

static baton_status try_restore (const session_t *present, const session_t *past, baton_error_t *ret_error)
{
    return try_restore_from (present, past, NULL, ret_error);
}

static void test_a_restore_tells_the_name_of_its_position (void **context)
{
    (void) context;
    story_t story;
    baton_error_t error = {0};
    session_t past = {0};
    given_created (&story);
    assert_int_equal (record_copy (&RECORD_session, &story.state, &past), BATON_OK);
    DOES (&story, "session_saved", SAVER, session_save, .label = (char *) "one");
    DOES (&story, "session_saved", SAVER, session_save, .label = (char *) "two");
    assert_int_equal (try_restore_from (&story.state, &past, "one", &error), BATON_OK);
    past.n = 2;
    assert_int_equal (try_restore_from (&story.state, &past, "two", &error), BATON_OK);
    past.n = 3;
    assert_int_equal (try_restore_from (&story.state, &past, NULL, &error), BATON_OK);
    record_clear (&RECORD_session, &past);
    story_end (&story);
}

static void test_when_it_can_be_restored (void **context)
{
    (void) context;
    story_t story;
    baton_error_t error = {0};
    session_t past = {0};
    given_created (&story);
    assert_int_equal (record_copy (&RECORD_session, &story.state, &past), BATON_OK);
    DOES (&story, "memory_set", ADA, memory_set, .key = (char *) "k", .value = NUMBER (1));
    assert_int_equal (try_restore (&story.state, &past, &error), BATON_OK);
    assert_int_equal (try_restore (&story.state, NULL, &error), BATON_internal);

    assert_int_equal (text_set (&story.state.merge.from, "s2"), BATON_OK);
    assert_int_equal (try_restore (&story.state, &past, &error), BATON_failed_precondition);
    assert_int_equal (error.reason, BATON_REASON_merge_pending);
    assert_int_equal (text_set (&story.state.merge.from, NULL), BATON_OK);

    story.state.migrating = true;
    assert_int_equal (text_set (&story.state.migration.target, "n2"), BATON_OK);
    assert_int_equal (try_restore (&story.state, &past, &error), BATON_failed_precondition);
    assert_int_equal (error.reason, BATON_REASON_migrating);
    story.state.migrating = false;

    for (int i = 0; i < LIMIT_SPANS - 1; i++)
        assert_non_null (list_append (&past.window.spans, sizeof (span_t)));
    assert_int_equal (try_restore (&story.state, &past, &error), BATON_resource_exhausted);
    record_clear (&RECORD_session, &past);

    DOES (&story, "session_activated run_queued", ADA, session_activate);
    assert_int_equal (try_restore (&story.state, &story.state, &error), BATON_failed_precondition);
    assert_int_equal (error.reason, BATON_REASON_wrong_state);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_position_gets_a_name),
        cmocka_unit_test (test_checkpoints_have_a_limit),
        cmocka_unit_test (test_a_restore_tells_the_name_of_its_position),
        cmocka_unit_test (test_when_it_can_be_restored),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
