#include "story.h"

#include <stdio.h>

#define SECOND 1000u

#define ATTACH(story, kinds, who, name, ...)                                                                           \
    DOES (story, kinds, who, session_attach, .client = (char *) (name), ##__VA_ARGS__)

static const session_client_t *at (const story_t *story, size_t index)
{
    assert_true (index < story->state.clients.count);
    return &story->state.clients.items[index];
}

static void test_from_now_or_from_the_start (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ATTACH (&story, "client_attached", ADA, "laptop", .kind = client_kind_cli);
    /*  Not even its own coming is news to it. */
    assert_int_equal (story.changed.cursor, story.state.n);
    assert_int_equal (story.changed.until, story.now + 300 * SECOND);
    ATTACH (&story, "client_attached", ADA, "console", .from_start = true);
    assert_int_equal (story.changed.cursor, 0);
    ATTACH (&story, "client_attached", BOB, "laptop", .cursor = 2);
    assert_int_equal (story.changed.cursor, 2);
    assert_int_equal (story.state.clients.count, 3);
    FAILS (&story, invalid_argument, bad_value, BOB, session_attach, .client = (char *) "laptop",
           .cursor = story.state.n + 1);
    story_end (&story);
}

static void test_being_there_still_costs_little (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ATTACH (&story, "client_attached", ADA, "laptop", .ttl = 10 * SECOND);
    size_t written = 0;
    for (int i = 0; i < 100; i++) {
        story.now += SECOND;
        assert_int_equal (GIVE (&story, ADA, session_attach, .client = (char *) "laptop", .ttl = 10 * SECOND,
                                .cursor = story.state.n),
                          BATON_OK);
        assert_true (story.changed.until > story.now);
        written += story.last.count;
        DOES (&story, "", BROKER, session_tick);
    }
    assert_int_equal (written, 100 / 6);
    assert_int_equal (story.state.clients.count, 1);
    assert_int_equal (at (&story, 0)->since, STORY_START);
    /*  Another kind is news. */
    ATTACH (&story, "client_attached", ADA, "laptop", .ttl = 10 * SECOND, .kind = client_kind_console);
    story_end (&story);
}

static void test_comes_back (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    ATTACH (&story, "client_attached", ADA, "laptop", .ttl = 10 * SECOND);
    uint64_t first = story.changed.cursor;
    story.now += 10 * SECOND;
    assert_true (session_due (&story.state) == story.now);
    DOES (&story, "client_left", BROKER, session_tick);
    assert_true (LAST (&story, client_left)->expired);
    assert_int_equal (at (&story, 0)->left_at, story.now);
    assert_int_equal (session_due (&story.state), 0);
    DOES (&story, "session_updated", BOB, session_update, .title = (char *) "B");
    ATTACH (&story, "client_attached", ADA, "laptop");
    assert_int_equal (story.changed.cursor, first);
    assert_int_equal (at (&story, 0)->left_at, 0);
    assert_int_equal (at (&story, 0)->since, story.now);
    /*  What it has read meanwhile stands when it says so, and is never taken back. */
    DOES (&story, "client_left", ADA, session_detach, .client = (char *) "laptop", .cursor = story.state.n);
    uint64_t read = story.changed.cursor;
    assert_int_equal (read, story.state.n - 1);
    DOES (&story, "", ADA, session_detach, .client = (char *) "laptop", .cursor = 1);
    ATTACH (&story, "client_attached", ADA, "laptop", .cursor = 1);
    assert_int_equal (story.changed.cursor, read);
    story_end (&story);
}

static void test_detach (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    FAILS (&story, not_found, no_such_client, ADA, session_detach, .client = (char *) "laptop");
    ATTACH (&story, "client_attached", ADA, "laptop");
    FAILS (&story, not_found, no_such_client, BOB, session_detach, .client = (char *) "laptop");
    FAILS (&story, invalid_argument, bad_value, ADA, session_detach, .client = (char *) "laptop", .cursor = 1000);
    DOES (&story, "client_left", ADA, session_detach, .client = (char *) "laptop", .forget = true);
    assert_int_equal (story.state.clients.count, 0);
    DOES (&story, "", ADA, session_detach, .client = (char *) "laptop", .forget = true);
    story_end (&story);
}

/*  Who has gone longest ago makes room; who is there stays. */
static void test_limit (void **context)
{
    (void) context;
    story_t story;
    char name[16];
    given_running (&story);
    for (int i = 0; i < LIMIT_CLIENTS; i++) {
        snprintf (name, sizeof name, "c%d", i);
        ATTACH (&story, "client_attached", ADA, name);
    }
    FAILS (&story, resource_exhausted, busy, BOB, session_attach, .client = (char *) "c0");
    ATTACH (&story, "", ADA, "c7");
    story.now += 1;
    DOES (&story, "client_left", ADA, session_detach, .client = (char *) "c5");
    story.now += 1;
    DOES (&story, "client_left", ADA, session_detach, .client = (char *) "c3");
    ATTACH (&story, "client_attached", BOB, "c0");
    assert_int_equal (story.state.clients.count, LIMIT_CLIENTS);
    for (size_t i = 0; i < LIMIT_CLIENTS; i++)
        assert_string_not_equal (at (&story, i)->client, "c5");
    story_end (&story);
}

static void test_a_session_that_has_ended (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    ATTACH (&story, "client_attached", ADA, "laptop");
    DOES (&story, "session_terminated", ADA, session_cancel);
    ATTACH (&story, "client_attached", BOB, "phone", .from_start = true);
    DOES (&story, "client_left", ADA, session_detach, .client = (char *) "laptop", .cursor = story.state.n);
    story_end (&story);
}

/*  Or nobody could come any more, once there have been as many as may be. */
static void test_leaves_a_session_that_has_ended (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    ATTACH (&story, "client_attached", ADA, "laptop", .ttl = 10 * SECOND);
    DOES (&story, "lock_acquired", ADA, lock_acquire, .ttl = 5 * SECOND);
    DOES (&story, "session_terminated", ADA, session_cancel);
    assert_int_equal (session_due (&story.state), story.now + 5 * SECOND);
    story.now += 10 * SECOND;
    DOES (&story, "lock_released client_left", BROKER, session_tick);
    assert_int_equal (session_due (&story.state), 0);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_from_now_or_from_the_start),
        cmocka_unit_test (test_being_there_still_costs_little),
        cmocka_unit_test (test_comes_back),
        cmocka_unit_test (test_detach),
        cmocka_unit_test (test_limit),
        cmocka_unit_test (test_a_session_that_has_ended),
        cmocka_unit_test (test_leaves_a_session_that_has_ended),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
