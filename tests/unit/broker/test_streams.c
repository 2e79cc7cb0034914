/*  Which stream is told of which event. */
#include "streams.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define LATER 5000u /*  when ada's token ends */

static struct {
    void *zmq;
    door_t *door;
    site_t site;
    people_t *people;
    streams_t *streams;
} world;

static void add_person (const char *name, role_e role, uint64_t expires_at)
{
    identity_t *identity = list_append (&world.site.identities, sizeof *identity);
    access_token_t *token = list_append (&world.site.tokens, sizeof *token);
    assert_true (identity && token);
    identity->role = role;
    token->expires_at = expires_at;
    assert_int_equal (text_set (&identity->name, name), BATON_OK);
    assert_int_equal (text_set (&identity->key, name), BATON_OK);
    assert_int_equal (text_set (&token->who, name), BATON_OK);
    assert_int_equal (text_set (&token->digest, name), BATON_OK);
}

static int set_up (void **state)
{
    (void) state;
    memset (&world, 0, sizeof world);
    world.site.n = 1; /*  something has happened there */
    world.zmq = zmq_ctx_new ();
    add_person ("ada", role_observer, LATER);
    add_person ("eve", role_observer, UINT64_MAX);
    world.people = people_new (&world.site);
    assert_non_null (world.people);
    assert_int_equal (streams_new (&world.streams), BATON_OK);
    return door_new (world.zmq, &world.door, NULL) == BATON_OK ? 0 : -1;
}

static int tear_down (void **state)
{
    (void) state;
    streams_destroy (&world.streams);
    streams_destroy (&world.streams);
    people_destroy (&world.people);
    record_clear (&RECORD_site, &world.site);
    door_destroy (&world.door);
    return zmq_ctx_term (world.zmq);
}

static baton_status add (const char *who, events_subscribe_request_t filter, uint64_t *ret_number, baton_error_t *error)
{
    request_t request = {.door = world.door, .params = &filter};
    snprintf (request.actor, sizeof request.actor, "%s", who);
    snprintf (request.credential, sizeof request.credential, "%s", who);
    return streams_add (world.streams, &request, ret_number, error);
}

static uint64_t added (const char *who, events_subscribe_request_t filter)
{
    uint64_t number = 0;
    assert_int_equal (add (who, filter, &number, NULL), BATON_OK);
    return number;
}

static door_news_t *next_news (void)
{
    request_t *request = NULL;
    door_news_t *news = NULL;
    door_collect (world.door, &request, &news);
    assert_null (request);
    return news;
}

/*  Publishes one event and expects these streams, in the order of their making; 0 ends the list. */
static void publish (event_kind_t kind, const char *session, uint64_t now, const uint64_t *expected)
{
    pending_t event = {.kind = kind, .seq = 7, .n = 1, .data = {5, (uint8_t *) "event"}};
    snprintf (event.session, sizeof event.session, "%s", session);
    streams_publish (world.streams, world.people, &event, 1, now);
    door_news_t *news = next_news ();
    size_t count = 0;
    for (; expected[count]; count++) {
        assert_true (news && news->count > count);
        assert_int_equal (news->numbers[count], expected[count]);
    }
    assert_int_equal (news ? news->count : 0, count);
    assert_true (!news || (news->seq == 7 && news->event.size == 5));
    door_news_destroy (&news);
}

#define LIST(...)                                                                                                      \
    (const uint64_t[])                                                                                                 \
    {                                                                                                                  \
        __VA_ARGS__, 0                                                                                                 \
    }

static void filters (void **state)
{
    (void) state;
    uint64_t all = added ("eve", (events_subscribe_request_t){0});
    uint64_t one = added ("eve", (events_subscribe_request_t){.session = (char *) "s1"});
    uint64_t kind = added ("eve", (events_subscribe_request_t){.kind = (char *) "memory_set"});
    uint64_t class = added ("ada", (events_subscribe_request_t){.class = EVENTS[EVENT_breakpoint_opened].class});
    publish (EVENT_memory_set, "s1", 0, LIST (all, one, kind));
    publish (EVENT_memory_set, "s2", 0, LIST (all, kind));
    publish (EVENT_breakpoint_opened, "s2", 0, LIST (all, class));
    streams_remove (world.streams, all);
    streams_remove (world.streams, all);
    streams_remove (world.streams, 99);
    publish (EVENT_session_created, "s2", 0, LIST (0));
}

/*  What one event of a batch is about says nothing of the others. */
static void each_event_of_a_batch_has_its_own_streams (void **state)
{
    (void) state;
    uint64_t first = added ("eve", (events_subscribe_request_t){.session = (char *) "s1"});
    uint64_t second = added ("eve", (events_subscribe_request_t){.session = (char *) "s2"});
    added ("eve", (events_subscribe_request_t){.session = (char *) "s2", .kind = (char *) "memory_set"});
    added ("eve", (events_subscribe_request_t){.session = (char *) "s3"});
    pending_t events[3] = {{.kind = EVENT_memory_set, .seq = 7, .session = "s1"},
                           {.kind = EVENT_memory_set, .seq = 8, .session = "s4"},
                           {.kind = EVENT_session_suspended, .seq = 9, .session = "s2"}};
    streams_publish (world.streams, world.people, events, 3, 0);
    const uint64_t expected[][2] = {{7, first}, {9, second}};
    for (size_t i = 0; i < 2; i++) {
        door_news_t *news = next_news ();
        assert_non_null (news);
        assert_int_equal (news->seq, expected[i][0]);
        assert_int_equal (news->count, 1);
        assert_int_equal (news->numbers[0], expected[i][1]);
        door_news_destroy (&news);
    }
    assert_null (next_news ());
}

static void a_token_ends_and_its_streams_with_it (void **state)
{
    (void) state;
    uint64_t ends = added ("ada", (events_subscribe_request_t){0});
    uint64_t stays = added ("eve", (events_subscribe_request_t){0});
    publish (EVENT_memory_set, "s1", LATER - 1, LIST (ends, stays));
    publish (EVENT_memory_set, "s1", LATER, LIST (stays));
    streams_beat (world.streams, world.people, 40, LATER);
    door_news_t *news = next_news ();
    assert_non_null (news);
    assert_int_equal (news->seq, 40);
    assert_int_equal (news->event.size, 0);
    assert_int_equal (news->count, 1);
    assert_int_equal (news->numbers[0], ends);
    door_news_destroy (&news);
    streams_remove (world.streams, stays);
    streams_beat (world.streams, world.people, 41, LATER);
    assert_null (next_news ()); /*  nobody is there to be told */
}

static void limits (void **state)
{
    (void) state;
    uint64_t number = 0;
    baton_error_t error = {0};
    assert_int_equal (add ("eve", (events_subscribe_request_t){.kind = (char *) "no_such"}, &number, &error),
                      BATON_invalid_argument);
    assert_int_equal (error.reason, BATON_REASON_bad_value);
    for (size_t i = 0; i < LIMIT_STREAMS_EACH; i++)
        number = added ("eve", (events_subscribe_request_t){0});
    assert_int_equal (add ("eve", (events_subscribe_request_t){0}, &number, &error), BATON_resource_exhausted);
    for (size_t i = LIMIT_STREAMS_EACH; i < LIMIT_STREAMS; i++)
        added ("ada", (events_subscribe_request_t){0});
    assert_int_equal (add ("bob", (events_subscribe_request_t){0}, &number, &error), BATON_resource_exhausted);
    assert_int_equal (error.reason, BATON_REASON_busy);
    streams_remove (world.streams, number);
    added ("bob", (events_subscribe_request_t){0});
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (filters, set_up, tear_down),
        cmocka_unit_test_setup_teardown (each_event_of_a_batch_has_its_own_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_token_ends_and_its_streams_with_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown (limits, set_up, tear_down)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
