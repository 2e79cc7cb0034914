/*  What is kept of changes that were refused when nobody was there to be told. */
#include "story.h"

/*  A request as the node has it: encoded. Cleared by the caller. */
static baton_bytes_t encoded (method_id_t method, const void *request)
{
    baton_bytes_t bytes = {0, NULL};
    assert_int_equal (record_encode (&METHODS[method].type, request, &bytes), BATON_OK);
    return bytes;
}

static void refuse (story_t *story, method_id_t method, const void *request)
{
    baton_bytes_t bytes = encoded (method, request);
    DOES (story, "message_refused", NODE ("n1", 1), change_refused, .run = 1, .method = (char *) METHODS[method].name,
          .reason = (char *) "stale_epoch", .detail = (char *) "too late", .request = bytes);
    bytes_clear (&bytes);
}

static void given_ended_run (story_t *story)
{
    given_running (story);
    DOES (story, "run_finished session_suspended", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
}

static void test_each_that_sends (void **context)
{
    (void) context;
    story_t story;
    given_ended_run (&story);
    refuse (&story, METHOD_message_send,
            &(message_send_request_t){.to = (char *) "s2",
                                      .id = (char *) "m1",
                                      .subject = (char *) "hello",
                                      .body = NUMBER (1),
                                      .wants_reply = true});
    const message_refused_event_t *sent = LAST (&story, message_refused);
    assert_string_equal (sent->id, "m1");
    assert_string_equal (sent->to, "s2");
    assert_string_equal (sent->subject, "hello");
    assert_int_equal (sent->body.size, 1);
    assert_true (sent->wants_reply);
    assert_string_equal (sent->reason, "stale_epoch");
    refuse (&story, METHOD_message_reply,
            &(message_reply_request_t){.session = (char *) STORY_ID, .id = (char *) "q1", .body = NUMBER (2)});
    const message_refused_event_t *answer = LAST (&story, message_refused);
    assert_string_equal (answer->reply_to, "q1");
    assert_string_not_equal (answer->id, "q1");
    assert_null (answer->to);
    refuse (&story, METHOD_message_broadcast,
            &(message_broadcast_request_t){.agent = (char *) "hr", .id = (char *) "b"});
    assert_int_equal (story.state.dead.count, 3);
    assert_int_equal (story.state.dead.items[0].receipt, receipt_refused);
    assert_int_equal (story.state.dead.items[2].n, story.state.n);
    assert_int_equal (story.state.refused, 0);
    story_end (&story);
}

static void test_what_is_no_message (void **context)
{
    (void) context;
    story_t story;
    given_ended_run (&story);
    for (int i = 0; i < 2; i++)
        DOES (&story, "change_refused", NODE ("n1", 1), change_refused, .run = 1, .method = (char *) "memory.set",
              .reason = (char *) "stale_epoch");
    assert_int_equal (story.state.refused, 2);
    assert_int_equal (story.state.dead.count, 0);
    FAILS (&story, invalid_argument, malformed, NODE ("n1", 1), change_refused, .run = 1,
           .method = (char *) "message.send", .request = {1, (uint8_t *) (uintptr_t) "\xc1"});
    FAILS (&story, invalid_argument, missing_field, NODE ("n1", 1), change_refused, .run = 1,
           .method = (char *) "message.send", .request = {1, (uint8_t *) (uintptr_t) "\x80"});
    story_end (&story);
}

/*  Nodes without any right any more, if they had to do with it last; no others. */
static void test_which_nodes_are_heard (void **context)
{
    (void) context;
    story_t story;
    given_ended_run (&story);
    DOES (&story, "lease_moved", BROKER, session_fence, .node = (char *) "n1");
    DOES (&story, "change_refused", NODE ("n1", 1), change_refused, .run = 1, .method = (char *) "memory.set");
    FAILS (&story, aborted, stale_epoch, NODE ("n2", 1), change_refused, .run = 1, .method = (char *) "memory.set");
    story_end (&story);
}

static void test_redelivered (void **context)
{
    (void) context;
    story_t story;
    char *by[] = {(char *) "s2", (char *) "s3"};
    given_ended_run (&story);
    refuse (&story, METHOD_message_send, &(message_send_request_t){.to = (char *) "s2", .id = (char *) "m1"});
    FAILS (&story, invalid_argument, missing_field, ADA, message_redeliver, .id = (char *) "m1");
    DOES (&story, "message_redelivered", ADA, message_redeliver, .id = (char *) "m1", .to = (char *) "s3");
    assert_int_equal (story.state.dead.count, 0);
    DOES (&story, "message_refused", BROKER, message_refuse, .id = (char *) "all", .by = {2, by});
    DOES (&story, "message_redelivered", ADA, message_redeliver, .id = (char *) "all", .to = (char *) "s2");
    assert_int_equal (story.state.dead.count, 1); /*  another has not got it yet */
    DOES (&story, "message_redelivered", ADA, message_redeliver, .id = (char *) "all", .to = (char *) "s3");
    assert_int_equal (story.state.dead.count, 0);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_each_that_sends),
        cmocka_unit_test (test_what_is_no_message),
        cmocka_unit_test (test_which_nodes_are_heard),
        cmocka_unit_test (test_redelivered),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
