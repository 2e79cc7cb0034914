/*  Who gets which event. */
#include "sockets.h"
#include "subscriptions.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- a site, its people, and their connections ---- */

enum { ADA, EVE, FAR, PEOPLE };

static const struct {
    const char *name;
    role_e role;
} WHO[PEOPLE] = {{"ada", role_observer}, {"eve", role_operator}, {"far", role_node}};

static struct {
    wire_t wire;
    site_t site;
    dealer_t dealers[PEOPLE];
    peer_t peers[PEOPLE];
    people_t *people;
    subscriptions_t *subscriptions;
} world;

static int set_up (void **state)
{
    (void) state;
    memset (&world, 0, sizeof world);
    wire_begin (&world.wire);
    world.people = people_new (&world.site);
    assert_non_null (world.people);
    assert_int_equal (subscriptions_new (world.wire.frontend, &world.subscriptions), BATON_OK);
    for (size_t i = 0; i < PEOPLE; i++) {
        dealer_begin (&world.dealers[i], &world.wire, world.wire.public_key);
        world.peers[i] = wire_meet (&world.wire, &world.dealers[i]);
        identity_t *identity = list_append (&world.site.identities, sizeof *identity);
        assert_non_null (identity);
        identity->role = WHO[i].role;
        assert_int_equal (text_set (&identity->name, WHO[i].name), BATON_OK);
        assert_int_equal (text_set (&identity->key, world.dealers[i].key), BATON_OK);
    }
    return 0;
}

static int tear_down (void **state)
{
    (void) state;
    for (size_t i = 0; i < PEOPLE; i++)
        dealer_end (&world.dealers[i]);
    subscriptions_destroy (&world.subscriptions);
    subscriptions_destroy (&world.subscriptions);
    people_destroy (&world.people);
    record_clear (&RECORD_site, &world.site);
    wire_end (&world.wire);
    return 0;
}

static uint64_t subscribe (size_t who, events_subscribe_request_t filter)
{
    uint64_t number = 0;
    assert_int_equal (
        subscriptions_add (world.subscriptions, &world.peers[who], world.dealers[who].key, &filter, &number, NULL),
        BATON_OK);
    return number;
}

static pending_t make_event (event_kind_t kind, const char *session, uint64_t seq, const char *node)
{
    pending_t event = {.kind = kind, .seq = seq, .n = 1, .data = {5, (uint8_t *) "event"}};
    snprintf (event.session, sizeof event.session, "%s", session);
    if (node)
        snprintf (event.concerned[1], sizeof event.concerned[1], "%s", node);
    return event;
}

static void publish (pending_t event)
{
    subscriptions_publish (world.subscriptions, world.people, &event, 1);
}

/*  The next delivery; false when there is none before the marker that is sent behind it. */
static bool take (size_t who, delivery_t *ret_delivery, bool *ret_event)
{
    baton_bytes_t end = frame ("end");
    frames_t frames;
    frontend_send (world.wire.frontend, &world.peers[who], "BTN1A", &end, NULL);
    assert_true (dealer_take (&world.dealers[who], PATIENCE, &frames));
    if (memcmp (zmq_msg_data (&frames.items[0]), "BTN1A", 5) == 0) {
        frames_clear (&frames);
        return false;
    }
    assert_int_equal (record_decode (&RECORD_delivery, zmq_msg_data (&frames.items[1]), zmq_msg_size (&frames.items[1]),
                                     ret_delivery, NULL),
                      BATON_OK);
    *ret_event = frames.count == 3;
    frames_clear (&frames);
    assert_true (dealer_take (&world.dealers[who], PATIENCE, &frames)); /*  the marker */
    frames_clear (&frames);
    return true;
}

static void expect (size_t who, uint64_t number, uint64_t count, uint64_t head, bool event)
{
    delivery_t delivery = {0};
    bool is_event = false;
    assert_true (take (who, &delivery, &is_event));
    assert_int_equal (delivery.subscription, number);
    assert_int_equal (delivery.count, count);
    assert_int_equal (delivery.head, head);
    assert_int_equal (is_event, event);
}

static void expect_nothing (size_t who)
{
    delivery_t delivery = {0};
    bool is_event = false;
    assert_false (take (who, &delivery, &is_event));
}

/* ---- tests ---- */

static void a_filter_lets_through_what_it_says (void **state)
{
    (void) state;
    static const struct {
        events_subscribe_request_t filter;
        bool due[3]; /*  of the events below */
    } CASES[] = {
        {{0}, {true, true, true}},
        {{.class = event_class_context}, {false, true, true}},
        {{.session = (char *) "s"}, {true, true, false}},
        {{.kind = (char *) "memory_set"}, {false, true, true}},
        {{.class = event_class_context, .session = (char *) "s"}, {false, true, false}},
        {{.class = event_class_run, .kind = (char *) "memory_set"}, {false, false, false}},
        {{.session = (char *) "none"}, {false, false, false}},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        uint64_t number = subscribe (ADA, CASES[i].filter), count = 0;
        const pending_t EVENTS_DONE[] = {make_event (EVENT_session_created, "s", 1, NULL),
                                         make_event (EVENT_memory_set, "s", 2, NULL),
                                         make_event (EVENT_memory_set, "t", 3, NULL)};
        for (size_t k = 0; k < 3; k++) {
            publish (EVENTS_DONE[k]);
            if (CASES[i].due[k])
                expect (ADA, number, ++count, k + 1, true);
            else
                expect_nothing (ADA);
        }
        subscriptions_remove (world.subscriptions, &world.peers[ADA], number);
    }
}

static void a_node_gets_what_concerns_it (void **state)
{
    (void) state;
    uint64_t number = subscribe (FAR, (events_subscribe_request_t){0});
    publish (make_event (EVENT_memory_set, "s", 1, NULL));
    publish (make_event (EVENT_memory_set, "s", 2, "other"));
    expect_nothing (FAR);
    publish (make_event (EVENT_memory_set, "s", 3, "far"));
    expect (FAR, number, 1, 3, true);
}

static void a_revoked_key_gets_nothing_more (void **state)
{
    (void) state;
    subscribe (EVE, (events_subscribe_request_t){0});
    uint64_t number = subscribe (ADA, (events_subscribe_request_t){0});
    world.site.identities.items[EVE].revoked_at = 1;
    publish (make_event (EVENT_memory_set, "s", 1, NULL));
    expect (ADA, number, 1, 1, true);
    expect_nothing (EVE);
    /*  Somebody else now has the name. */
    identity_t *next = list_append (&world.site.identities, sizeof *next);
    assert_non_null (next);
    next->role = role_operator;
    assert_int_equal (text_set (&next->name, "eve"), BATON_OK);
    assert_int_equal (text_set (&next->key, world.wire.public_key), BATON_OK);
    publish (make_event (EVENT_memory_set, "s", 2, NULL));
    subscriptions_beat (world.subscriptions, world.people, 2);
    expect_nothing (EVE);
}

/*  Of a session that is shared with one of them, until it is not; and of the site, which a guest does not see. */
static void an_event_is_for_those_who_may_view_its_session (void **state)
{
    (void) state;
    grant_t grant = {.who = (char *) "eve", .access = access_view};
    session_t session = {.created_by = (char *) "cyd",
                         .audience = {.visibility = visibility_shared, .shares = {1, &grant}}};
    pending_t event = make_event (EVENT_memory_set, "s", 1, NULL),
              of_site = make_event (EVENT_node_lost, "site", 4, NULL);
    event.state = &session;
    uint64_t ada = subscribe (ADA, (events_subscribe_request_t){0});
    uint64_t eve = subscribe (EVE, (events_subscribe_request_t){0}), count = 0;
    publish (event);
    expect (EVE, eve, ++count, 1, true);
    expect_nothing (ADA);
    session.audience.shares.count = 0;
    event.seq = 2;
    publish (event);
    expect_nothing (EVE);
    session.audience.visibility = visibility_site;
    event.seq = 3;
    publish (event);
    expect (ADA, ada, 1, 3, true);
    expect (EVE, eve, ++count, 3, true);
    world.site.identities.items[EVE].role = role_guest;
    publish (of_site);
    event.seq = 5;
    publish (event);
    expect_nothing (EVE);
    expect (ADA, ada, 2, 4, true);
}

static void a_heartbeat_is_counted (void **state)
{
    (void) state;
    uint64_t number = subscribe (ADA, (events_subscribe_request_t){.class = event_class_run});
    subscriptions_beat (world.subscriptions, world.people, 41);
    expect (ADA, number, 1, 41, false);
    publish (make_event (EVENT_memory_set, "s", 42, NULL)); /*  not for it: no number is used */
    subscriptions_beat (world.subscriptions, world.people, 42);
    expect (ADA, number, 2, 42, false);
}

/*  A bulky event is not pushed; the missing number and the heartbeat say that there is something to read. */
static void a_bulky_event_leaves_a_gap (void **state)
{
    (void) state;
    static uint8_t data[16385];
    uint64_t number = subscribe (ADA, (events_subscribe_request_t){0});
    pending_t event = make_event (EVENT_item_appended, "s", 1, NULL);
    event.data = (baton_bytes_t){sizeof data - 1, data};
    publish (event);
    expect (ADA, number, 1, 1, true);
    event.data.size++;
    event.seq = 2;
    publish (event);
    expect (ADA, number, 3, 2, false);
}

static void an_end_is_heard_from_its_own_connection_only (void **state)
{
    (void) state;
    uint64_t number = subscribe (ADA, (events_subscribe_request_t){0});
    subscriptions_remove (world.subscriptions, &world.peers[EVE], number);
    publish (make_event (EVENT_memory_set, "s", 1, NULL));
    expect (ADA, number, 1, 1, true);
    subscriptions_remove (world.subscriptions, &world.peers[ADA], number);
    subscriptions_remove (world.subscriptions, &world.peers[ADA], number);
    publish (make_event (EVENT_memory_set, "s", 2, NULL));
    expect_nothing (ADA);
}

static void there_is_room_for_so_many (void **state)
{
    (void) state;
    uint64_t number = 0;
    events_subscribe_request_t filter = {.session = (char *) "none"}, unknown = {.kind = (char *) "none"};
    baton_error_t error = {0};
    assert_int_equal (
        subscriptions_add (world.subscriptions, &world.peers[ADA], world.dealers[ADA].key, &unknown, &number, &error),
        BATON_invalid_argument);
    assert_string_equal (error.field, "kind");
    for (size_t i = 0; i < LIMIT_SUBSCRIPTIONS_KEY; i++)
        number = subscribe (ADA, filter);
    assert_int_equal (
        subscriptions_add (world.subscriptions, &world.peers[ADA], world.dealers[ADA].key, &filter, &number, &error),
        BATON_resource_exhausted);
    assert_int_equal (error.reason, BATON_REASON_busy);
    for (size_t i = LIMIT_SUBSCRIPTIONS_KEY; i < LIMIT_SUBSCRIPTIONS; i++) {
        char key[KEY_SIZE];
        uint64_t other = 0;
        snprintf (key, sizeof key, "%040zu", i / LIMIT_SUBSCRIPTIONS_KEY);
        assert_int_equal (subscriptions_add (world.subscriptions, &world.peers[ADA], key, &filter, &other, &error),
                          BATON_OK);
    }
    assert_int_equal (
        subscriptions_add (world.subscriptions, &world.peers[ADA], "fresh", &filter, &(uint64_t){0}, &error),
        BATON_resource_exhausted);
    subscriptions_remove (world.subscriptions, &world.peers[ADA], number);
    subscribe (ADA, filter);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_filter_lets_through_what_it_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_node_gets_what_concerns_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_revoked_key_gets_nothing_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown (an_event_is_for_those_who_may_view_its_session, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_heartbeat_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_bulky_event_leaves_a_gap, set_up, tear_down),
        cmocka_unit_test_setup_teardown (an_end_is_heard_from_its_own_connection_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown (there_is_room_for_so_many, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
