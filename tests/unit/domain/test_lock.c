#include "story.h"

#define SECOND 1000u

static who_t with_fence (who_t who, uint64_t fence)
{
    who.fence = fence;
    return who;
}

static void given_locked (story_t *story)
{
    given_created (story);
    DOES (story, "lock_acquired", ADA, lock_acquire, .ttl = 10 * SECOND, .client = (char *) "laptop");
}

static void test_one_holds_it (void **context)
{
    (void) context;
    story_t story;
    given_locked (&story);
    assert_int_equal (story.changed.fence, 1);
    assert_int_equal (story.changed.until, story.now + 10 * SECOND);
    FAILS (&story, failed_precondition, lease_held, BOB, session_update, .title = (char *) "B");
    assert_string_equal (story.error.message, "ada (laptop) holds the edit lock of session s1 for 10 s more, with "
                                              "the fence 1");
    FAILS (&story, failed_precondition, lease_held, ADA, session_update, .title = (char *) "B");
    FAILS (&story, failed_precondition, lease_held, BOB, lock_acquire);
    FAILS (&story, failed_precondition, lease_held, ADA, lock_acquire);
    DOES (&story, "session_updated", with_fence (ADA, 1), session_update, .title = (char *) "B");
    /*  Its own again: nothing to write while half of its time is left. */
    DOES (&story, "", with_fence (ADA, 1), lock_acquire, .ttl = 10 * SECOND);
    assert_int_equal (story.changed.fence, 1);
    story_end (&story);
}

static void test_renewed (void **context)
{
    (void) context;
    story_t story;
    given_locked (&story);
    FAILS (&story, invalid_argument, missing_field, ADA, lock_renew);
    assert_string_equal (story.error.field, "fence");
    DOES (&story, "", with_fence (ADA, 1), lock_renew, .ttl = 10 * SECOND);
    assert_int_equal (story.changed.until, STORY_START + 10 * SECOND);
    story.now += 5 * SECOND + 1;
    DOES (&story, "lock_renewed", with_fence (ADA, 1), lock_renew, .ttl = 10 * SECOND);
    assert_int_equal (story.changed.until, story.now + 10 * SECOND);
    assert_int_equal (story.state.lock.fence, 1);
    FAILS (&story, failed_precondition, lease_held, with_fence (BOB, 1), lock_renew);
    story_end (&story);
}

static void test_released (void **context)
{
    (void) context;
    story_t story;
    given_locked (&story);
    FAILS (&story, invalid_argument, missing_field, ADA, lock_release);
    FAILS (&story, aborted, stale_fence, with_fence (BOB, 2), lock_release);
    DOES (&story, "lock_released", with_fence (ADA, 1), lock_release);
    assert_int_equal (LAST (&story, lock_released)->how, lock_end_released);
    assert_null (story.state.lock.holder);
    FAILS (&story, aborted, stale_fence, with_fence (ADA, 1), lock_release);
    /*  Free for all, but not for who thinks to hold it still. */
    FAILS (&story, aborted, stale_fence, with_fence (ADA, 1), session_update, .title = (char *) "A");
    DOES (&story, "session_updated", BOB, session_update, .title = (char *) "B");
    DOES (&story, "lock_acquired", BOB, lock_acquire);
    assert_int_equal (story.changed.fence, 2);
    assert_int_equal (story.changed.until, story.now + 300 * SECOND);
    story_end (&story);
}

static void test_expires (void **context)
{
    (void) context;
    story_t story;
    given_locked (&story);
    assert_int_equal (session_due (&story.state), story.now + 10 * SECOND);
    story.now += 10 * SECOND - 1;
    DOES (&story, "", BROKER, session_tick);
    FAILS (&story, failed_precondition, lease_held, BOB, session_update, .title = (char *) "B");
    story.now += 1;
    /*  Also before anybody has looked at the clock. */
    FAILS (&story, aborted, stale_fence, with_fence (ADA, 1), session_update, .title = (char *) "A");
    FAILS (&story, aborted, stale_fence, with_fence (ADA, 1), lock_renew);
    DOES (&story, "session_updated", BOB, session_update, .title = (char *) "B");
    DOES (&story, "lock_released", BROKER, session_tick);
    assert_int_equal (LAST (&story, lock_released)->how, lock_end_expired);
    assert_string_equal (LAST (&story, lock_released)->holder, "ada");
    assert_int_equal (session_due (&story.state), 0);
    assert_int_equal (story.state.lock.fence, 1);
    story_end (&story);
}

static void test_taken_over_when_expired (void **context)
{
    (void) context;
    story_t story;
    given_locked (&story);
    story.now += 10 * SECOND;
    DOES (&story, "lock_released lock_acquired", BOB, lock_acquire);
    assert_int_equal (story.changed.fence, 2);
    assert_string_equal (story.state.lock.holder, "bob");
    assert_null (story.state.lock.client);
    story_end (&story);
}

static void test_broken (void **context)
{
    (void) context;
    story_t story;
    given_created (&story); /*  by ada */
    DOES (&story, "", BOB, lock_break);
    DOES (&story, "lock_acquired", BOB, lock_acquire);
    who_t dan = {.actor = "dan", .role = role_operator, .access = access_edit};
    FAILS (&story, permission_denied, not_allowed, dan, lock_break);
    DOES (&story, "lock_released", ADA, lock_break);
    assert_int_equal (LAST (&story, lock_released)->how, lock_end_broken);
    DOES (&story, "lock_acquired", BOB, lock_acquire);
    DOES (&story, "lock_released", BOB, lock_break);
    DOES (&story, "lock_acquired", BOB, lock_acquire);
    DOES (&story, "lock_released", CYD, lock_break);
    FAILS (&story, aborted, stale_fence, with_fence (BOB, 3), session_update, .title = (char *) "B");
    story_end (&story);
}

static void test_stopping_needs_no_lock (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "lock_acquired", ADA, lock_acquire);
    DOES (&story, "run_stopping", BOB, session_interrupt);
    DOES (&story, "run_finished lease_moved session_terminated", with_fence (BOB, 77), session_cancel);
    DOES (&story, "lock_released", with_fence (ADA, 1), lock_release);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_one_holds_it),
        cmocka_unit_test (test_renewed),
        cmocka_unit_test (test_released),
        cmocka_unit_test (test_expires),
        cmocka_unit_test (test_taken_over_when_expired),
        cmocka_unit_test (test_broken),
        cmocka_unit_test (test_stopping_needs_no_lock),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
