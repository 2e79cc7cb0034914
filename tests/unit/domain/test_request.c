/*  Requests and dead letters, as each of the two sessions sees them. */
#include "story.h"

#include <stdio.h>

#define ASKED_BY_SESSION .from = (char *) "n1", .from_session = (char *) "s2", .wants_reply = true
#define ASKED_BY_ADA .from = (char *) "ada", .wants_reply = true

static void test_asked_and_answered (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "message_sent", RUN ("n1", 1, 1), message_post, .id = (char *) "q", .to = (char *) "s2",
          .wants_reply = true, .ttl = 50);
    assert_int_equal (story.state.asked.items[0].expires_at, STORY_START + 50);
    DOES (&story, "message_receipt", BROKER, message_receipt, .id = (char *) "q", .to = (char *) "s2",
          .receipt = receipt_read);
    assert_int_equal (story.state.asked.items[0].receipt, receipt_none);
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "a", .from = (char *) "n2",
          .from_session = (char *) "s2", .reply_to = (char *) "q", .body = NUMBER (7));
    assert_int_equal (story.state.asked.items[0].receipt, receipt_answered);
    assert_int_equal (story.state.asked.items[0].n, story.state.n);
    /*  Settled once: what comes later changes nothing. */
    DOES (&story, "message_receipt", BROKER, message_receipt, .id = (char *) "q", .to = (char *) "s2",
          .receipt = receipt_unanswered);
    assert_int_equal (story.state.asked.items[0].receipt, receipt_answered);
    story_end (&story);
}

static void test_it_answers_once (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "q", ASKED_BY_SESSION);
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "p", ASKED_BY_ADA);
    FAILS (&story, not_found, no_such_message, ADA, message_reply, .id = (char *) "x");
    DOES (&story, "message_answered", ADA, message_reply, .id = (char *) "q", .body = NUMBER (1));
    assert_int_equal (LAST (&story, message_answered)->body.size, 0); /*  it goes to a mailbox */
    DOES (&story, "message_answered", ADA, message_reply, .id = (char *) "p", .body = NUMBER (1));
    assert_int_equal (LAST (&story, message_answered)->body.size, 1);
    FAILS (&story, failed_precondition, already_decided, ADA, message_reply, .id = (char *) "p");
    story_end (&story);
}

/*  The other session of that id is somebody else's here. */
static void test_nobody_waits_across_an_import (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "q", ASKED_BY_SESSION, .ttl = 50);
    DOES (&story, "message_sent", RUN ("n1", 1, 1), message_post, .id = (char *) "p", .to = (char *) "s2",
          .wants_reply = true);
    session_import_request_t import = {.origin_site = (char *) "other",
                                       .origin_session = (char *) "x",
                                       .origin_n = story.state.n,
                                       .exporter = (char *) "eve",
                                       .archive = (char *) "d"};
    assert_int_equal (give (&story, ADA, METHOD_session_import, &import), BATON_OK);
    assert_int_equal (story.state.owed.items[0].receipt, receipt_unanswered);
    assert_int_equal (story.state.asked.items[0].receipt, receipt_unanswered);
    FAILS (&story, failed_precondition, already_decided, ADA, message_reply, .id = (char *) "q");
    story_end (&story);
}

static void test_its_time_is_up (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "read", ASKED_BY_SESSION, .ttl = 50);
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "unread", ASKED_BY_ADA, .ttl = 50);
    DOES (&story, "message_read", ADA, message_read, .id = (char *) "read");
    assert_int_equal (session_due (&story.state), STORY_START + 50);
    story.now += 50;
    DOES (&story, "message_expired request_ended", BROKER, session_tick);
    assert_int_equal (story.state.owed.items[0].receipt, receipt_unanswered);
    assert_int_equal (story.state.owed.items[1].receipt, receipt_expired);
    assert_int_equal (session_due (&story.state), 0);
    assert_int_equal (story.state.dead.count, 1);
    assert_string_equal (story.state.dead.items[0].id, "unread");
    story_end (&story);
}

/*  Whoever has answered it has read it, though it was never taken from the mailbox. */
static void test_answered_is_read (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "brief", ASKED_BY_SESSION, .ttl = 50);
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "q", ASKED_BY_SESSION);
    DOES (&story, "message_answered", ADA, message_reply, .id = (char *) "brief", .body = NUMBER (1));
    DOES (&story, "message_answered", ADA, message_reply, .id = (char *) "q", .body = NUMBER (1));
    assert_int_equal (story.state.mailbox.count, 2);
    story.now += 50;
    DOES (&story, "message_read", BROKER, session_tick);
    DOES (&story, "message_read session_terminated", ADA, session_complete);
    assert_int_equal (story.state.mailbox.count, 0);
    assert_int_equal (story.state.dead.count, 0);
    story_end (&story);
}

static void test_how_many (void **context)
{
    (void) context;
    story_t story;
    char id[16];
    given_created (&story);
    for (int i = 0; i <= LIMIT_ASKED; i++) {
        snprintf (id, sizeof id, "q%d", i);
        baton_status status = GIVE (&story, ADA, message_post, .id = id, .to = (char *) "s2", .wants_reply = true);
        assert_int_equal (status, i < LIMIT_ASKED ? BATON_OK : BATON_resource_exhausted);
    }
    DOES (&story, "message_receipt", BROKER, message_receipt, .id = (char *) "q5", .to = (char *) "s2",
          .receipt = receipt_dead);
    DOES (&story, "message_sent", ADA, message_post, .id = (char *) "more", .to = (char *) "s2", .wants_reply = true);
    assert_int_equal (story.state.asked.count, LIMIT_ASKED);
    for (int i = 0; i <= LIMIT_OWED; i++) {
        snprintf (id, sizeof id, "o%d", i);
        baton_status status = GIVE (&story, BROKER, message_deliver, .id = id, ASKED_BY_ADA);
        assert_int_equal (status, i < LIMIT_OWED ? BATON_OK : BATON_resource_exhausted);
    }
    GIVE (&story, ADA, message_reply, .id = (char *) "o7");
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "more", ASKED_BY_ADA);
    assert_int_equal (story.state.owed.count, LIMIT_OWED);
    story_end (&story);
}

static void test_unread_at_the_end (void **context)
{
    (void) context;
    story_t story;
    char id[16];
    given_created (&story);
    for (int i = 0; i < LIMIT_DEAD + 2; i++) {
        snprintf (id, sizeof id, "m%d", i);
        DOES (&story, "message_delivered", BROKER, message_deliver, .id = id, .from = (char *) "ada",
              .wants_reply = i == 1);
    }
    GIVE (&story, ADA, session_complete);
    assert_int_equal (story.state.mailbox.count, 0);
    assert_int_equal (story.state.dead.count, LIMIT_DEAD);
    assert_string_equal (story.state.dead.items[0].id, "m2"); /*  the oldest are forgotten */
    assert_int_equal (story.state.owed.items[0].receipt, receipt_unanswered);
    FAILS (&story, not_found, no_such_message, ADA, message_redeliver, .id = (char *) "m0");
    DOES (&story, "message_redelivered", ADA, message_redeliver, .id = (char *) "m9", .to = (char *) "s2");
    FAILS (&story, not_found, no_such_message, ADA, message_redeliver, .id = (char *) "m9");
    story_end (&story);
}

static void test_delivered_again (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "m", .from = (char *) "ada", .ttl = 5);
    story.now += 5;
    DOES (&story, "message_expired", BROKER, session_tick);
    DOES (&story, "", BROKER, message_deliver, .id = (char *) "m", .from = (char *) "ada"); /*  known */
    DOES (&story, "message_delivered", BROKER, message_deliver, .id = (char *) "m", .from = (char *) "ada",
          .again = true);
    DOES (&story, "", BROKER, message_deliver, .id = (char *) "m", .from = (char *) "ada",
          .again = true); /*  it is there */
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_asked_and_answered),
        cmocka_unit_test (test_it_answers_once),
        cmocka_unit_test (test_nobody_waits_across_an_import),
        cmocka_unit_test (test_its_time_is_up),
        cmocka_unit_test (test_answered_is_read),
        cmocka_unit_test (test_how_many),
        cmocka_unit_test (test_unread_at_the_end),
        cmocka_unit_test (test_delivered_again),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
