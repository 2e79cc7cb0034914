#include "story.h"

#include <stdio.h>

#define DELIVER(story, kinds, name, ...)                                                                               \
    DOES (story, kinds, BROKER, message_deliver, .id = (char *) (name), .from = (char *) "ada", ##__VA_ARGS__)

#define SENT_BY(identity, session) .id = (char *) "m1", .from = (char *) (identity), .from_session = (char *) (session)

static void test_delivered_once_and_read_once (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DELIVER (&story, "message_delivered", "m1", .subject = (char *) "Hello", .from_session = (char *) "s2",
             .body = NUMBER (1));
    assert_string_equal (story.changed.message, "m1");
    assert_int_equal (story.state.mailbox.items[0].at, STORY_START);
    assert_string_equal (story.state.mailbox.items[0].from, "ada");
    assert_string_equal (story.state.mailbox.items[0].from_session, "s2");
    assert_string_equal (story.state.mailbox.items[0].subject, "Hello");
    assert_int_equal (story.state.mailbox.items[0].n, story.state.n);
    DELIVER (&story, "", "m1", .from_session = (char *) "s2");
    DOES (&story, "message_read", RUN ("n1", 1, 1), message_read, .id = (char *) "m1");
    assert_string_equal (story.changed.message, "m1");
    assert_int_equal (story.state.mailbox.count, 0);
    DELIVER (&story, "", "m1", .from_session = (char *) "s2"); /*  read, but known */
    DOES (&story, "", RUN ("n1", 1, 1), message_read, .id = (char *) "m1");
    FAILS (&story, not_found, no_such_message, ADA, message_read, .id = (char *) "m2");
    story_end (&story);
}

/*  Two senders may choose the same id: neither message is taken for the other's and lost. */
static void test_an_id_is_one_sender_s (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "message_delivered", BROKER, message_deliver, SENT_BY ("east", "s2"));
    for (int read = 0; read < 2; read++) {
        DOES (&story, "", BROKER, message_deliver, SENT_BY ("east", "s2"));
        DOES (&story, "", BROKER, message_deliver, SENT_BY ("west", "s2")); /*  after a move to another node */
        FAILS (&story, already_exists, name_taken, BROKER, message_deliver, SENT_BY ("east", "s3"));
        FAILS (&story, already_exists, name_taken, BROKER, message_deliver, SENT_BY ("east", NULL));
        GIVE (&story, ADA, message_read, .id = (char *) "m1");
    }
    story_end (&story);
}

static void test_first_in_first_out (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DELIVER (&story, "message_delivered", "m1");
    DELIVER (&story, "message_delivered", "m2");
    DELIVER (&story, "message_delivered", "m3");
    DOES (&story, "message_read", ADA, message_read, .id = (char *) "m2");
    assert_string_equal (story.state.mailbox.items[0].id, "m1");
    assert_string_equal (story.state.mailbox.items[1].id, "m3");
    story_end (&story);
}

static void test_the_mailbox_has_a_limit (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    char id[16];
    for (int i = 0; i < LIMIT_MAILBOX; i++) {
        snprintf (id, sizeof id, "m%d", i);
        DELIVER (&story, "message_delivered", id);
    }
    FAILS (&story, resource_exhausted, busy, BROKER, message_deliver, .id = (char *) "x", .from = (char *) "ada");
    assert_int_equal (story.state.seen.count, LIMIT_MESSAGES_SEEN);
    DELIVER (&story, "", "m0"); /*  not among those seen last, but still in the mailbox */
    DOES (&story, "message_read", ADA, message_read, .id = (char *) "m0");
    DELIVER (&story, "message_delivered", "x");
    story_end (&story);
}

/* ---- waking ---- */

static void test_a_message_wakes_who_says_so (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "session_slept", ADA, session_sleep, .until = STORY_START + 50);
    DELIVER (&story, "message_delivered", "m1");
    DOES (&story, "message_read", ADA, message_read, .id = (char *) "m1");
    DOES (&story, "session_slept", ADA, session_sleep, .on_message = true);
    DELIVER (&story, "", "m1"); /*  known: nothing new */
    DELIVER (&story, "message_delivered session_activated run_queued", "m2");
    CHECK_STATE (&story, running, message);
    assert_int_equal (story.changed.run, 1);
    DELIVER (&story, "message_delivered", "m3");
    story_end (&story);
}

/*  Between the wish to sleep and the end of the run, a message must not be slept through. */
static void test_a_message_on_the_way_to_sleep (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "run_stopping", RUN ("n1", 1, 1), session_sleep, .on_message = true);
    DELIVER (&story, "message_delivered", "m2");
    DOES (&story, "run_finished session_slept session_activated run_queued", NODE ("n1", 1), run_finished, .run = 1,
          .attempt = 1);
    CHECK_STATE (&story, running, message);
    /*  What was there before the run began does not count: a run that never reads its mail is not started for ever. */
    DOES (&story, "run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "run_stopping", RUN ("n1", 1, 2), session_sleep, .on_message = true);
    DOES (&story, "run_finished session_slept", NODE ("n1", 1), run_finished, .run = 2, .attempt = 1);
    /*  Nor does a message that nobody wants to be woken by. */
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "run_stopping", RUN ("n1", 1, 3), session_sleep, .until = STORY_START * 2);
    DELIVER (&story, "message_delivered", "m3");
    DOES (&story, "run_finished session_slept", NODE ("n1", 1), run_finished, .run = 3, .attempt = 1);
    story_end (&story);
}

/*  A message that came just before somebody put the session to sleep is not slept through either. */
static void test_unread_news_wakes_at_once (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DELIVER (&story, "message_delivered", "m1");
    DOES (&story, "session_slept session_activated run_queued", ADA, session_sleep, .on_message = true);
    CHECK_STATE (&story, running, message);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    DELIVER (&story, "message_delivered", "m2");
    DOES (&story, "run_stopping", RUN ("n1", 1, 1), session_sleep, .on_message = true);
    DOES (&story, "run_finished session_slept session_activated run_queued", NODE ("n1", 1), run_finished, .run = 1,
          .attempt = 1);
    story_end (&story);
}

/* ---- time to live ---- */

static void test_an_expired_message_is_not_read (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DELIVER (&story, "message_delivered", "m1", .ttl = 100);
    DELIVER (&story, "message_delivered", "m2", .ttl = 200);
    DELIVER (&story, "message_delivered", "m3");
    assert_int_equal (session_due (&story.state), STORY_START + 100);
    story.now += 99;
    DOES (&story, "", BROKER, session_tick);
    story.now += 1;
    FAILS (&story, not_found, no_such_message, ADA, message_read, .id = (char *) "m1");
    DOES (&story, "message_expired", BROKER, session_tick);
    DELIVER (&story, "", "m1", .ttl = 100);
    assert_int_equal (session_due (&story.state), STORY_START + 200);
    story.now += 900;
    DOES (&story, "message_expired", BROKER, session_tick);
    assert_int_equal (session_due (&story.state), 0);
    assert_int_equal (story.state.mailbox.count, 1);
    story_end (&story);
}

/* ---- at the sender ---- */

static void test_the_sender_s_journal (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "message_sent", RUN ("n1", 1, 1), message_post, .id = (char *) "m1", .to = (char *) "s2");
    assert_string_equal (story.changed.message, "m1");
    DOES (&story, "message_receipt", BROKER, message_receipt, .id = (char *) "m1", .to = (char *) "s2",
          .receipt = receipt_delivered);
    assert_string_equal (story.changed.message, "m1");
    DOES (&story, "run_finished lease_moved session_terminated", ADA, session_cancel);
    DOES (&story, "message_receipt", BROKER, message_receipt, .id = (char *) "m1", .to = (char *) "s2",
          .receipt = receipt_read);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_delivered_once_and_read_once), cmocka_unit_test (test_an_id_is_one_sender_s),
        cmocka_unit_test (test_first_in_first_out),           cmocka_unit_test (test_the_mailbox_has_a_limit),
        cmocka_unit_test (test_a_message_wakes_who_says_so),  cmocka_unit_test (test_a_message_on_the_way_to_sleep),
        cmocka_unit_test (test_unread_news_wakes_at_once),    cmocka_unit_test (test_an_expired_message_is_not_read),
        cmocka_unit_test (test_the_sender_s_journal),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
