#include "fake_broker.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
/*  cmocka wants the two above before it. */
#include <cmocka.h>

#define SEQS_MOST 32
#define SOON 2500 /*  milliseconds; less than the silence that ends a subscription */

/*  A delivery that the broker makes: its count, the head that it names, and the event in it (0: a heartbeat). */
typedef struct {
    uint64_t count, head, seq;
} push_t;

/*  A site whose log has the events 1 to head, and what it delivers when. */
typedef struct {
    uint64_t after;      /*  given to the client */
    const char *kind;    /*  likewise */
    uint64_t subscribed; /*  head when the subscription begins */
    uint64_t head;       /*  head when the log is read */
    uint64_t page;       /*  events in an answer */
    push_t early[4];     /*  delivered before the first reading is answered */
    push_t late[4];      /*  delivered after it */
    push_t again[4];     /*  delivered after the second subscription's reading */
    bool restart;        /*  the broker is killed after `late`, and starts again */
    const char *refusal; /*  the status of all subscriptions after the first `accepted` */
    int accepted;
    bool resync;
    uint64_t expected[SEQS_MOST]; /*  what the client is to see, then nothing */
    baton_status ending;          /*  and how it ends */
    /*  What happened. */
    int subscriptions, readings, read_now;
} site_script_t;

static void fill_event (uint64_t seq, event_envelope_t *event)
{
    *event = (event_envelope_t){.seq = seq,
                                .session = (char *) "s",
                                .n = seq,
                                .kind = (char *) (seq % 2 == 1 ? "run_started" : "run_finished"),
                                .at = 1};
}

static void push (fake_t *fake, const asked_t *asked, const site_script_t *script, const push_t *pushes)
{
    for (int i = 0; i < 4 && pushes[i].count > 0; i++) {
        event_envelope_t event;
        delivery_t delivery = {
            .subscription = (uint64_t) script->subscriptions, .count = pushes[i].count, .head = pushes[i].head};
        fill_event (pushes[i].seq, &event);
        fake_send (fake, asked, WIRE_DELIVERY, &RECORD_delivery, &delivery,
                   pushes[i].seq > 0 ? &RECORD_event_envelope : NULL, &event);
    }
}

static void answer_subscribe (fake_t *fake, const asked_t *asked, site_script_t *script)
{
    script->subscriptions++;
    script->read_now = 0;
    failure_t failure = {.status = (char *) script->refusal, .message = (char *) "no"};
    subscribed_t subscribed = {.subscription = (uint64_t) script->subscriptions, .head = script->subscribed};
    if (script->refusal && script->subscriptions > script->accepted)
        fake_refuse (fake, asked, &failure);
    else
        fake_answer (fake, asked, &RECORD_subscribed, &subscribed);
}

static void answer_read (fake_t *fake, const asked_t *asked, site_script_t *script)
{
    events_read_request_t request = {0};
    event_page_t page = {.head = script->head, .resync = script->resync};
    if (record_decode (&METHODS[METHOD_events_read].type, asked->body.data, asked->body.size, &request, NULL) !=
        BATON_OK)
        abort ();
    page.last = request.after;
    for (uint64_t seq = request.after + 1; seq <= script->head && page.events.count < script->page; seq++) {
        fill_event (seq, list_append (&page.events, sizeof (event_envelope_t)));
        page.last = seq;
    }
    bool first = script->read_now++ == 0;
    script->readings++;
    if (first && script->subscriptions == 1)
        push (fake, asked, script, script->early);
    fake_answer (fake, asked, &RECORD_event_page, &page);
    free (page.events.items); /*  its texts are constants */
    if (!first)
        return;
    push (fake, asked, script, script->subscriptions == 1 ? script->late : script->again);
    if (script->restart && script->subscriptions == 1) {
        zmq_poll (NULL, 0, 100); /*  a kill that comes after the deliveries were sent */
        fake_restart (fake);
    }
}

static void answer (fake_t *fake, const asked_t *asked)
{
    site_script_t *script = fake->arg;
    if (strcmp (asked->header.method, "events.subscribe") == 0)
        answer_subscribe (fake, asked, script);
    else if (strcmp (asked->header.method, "events.read") == 0)
        answer_read (fake, asked, script);
}

static void follow (const char *name, site_script_t *script)
{
    fake_t fake;
    print_message ("%s\n", name);
    fake_start (&fake, "tcp://127.0.0.1:*", answer, script);
    baton_context_t context = fake_context (&fake);
    baton_filter_t filter = {.after = script->after, .kind = script->kind};
    baton_events_t *events = NULL;
    assert_int_equal (baton_events_new (&context, &filter, &events, NULL), BATON_OK);
    baton_status status = BATON_OK;
    uint8_t *event = NULL;
    size_t size = 0;
    uint64_t seq = 0;
    for (int i = 0; script->expected[i] > 0; i++) {
        assert_int_equal (baton_events_next (events, SOON, &event, &size, &seq, NULL), BATON_OK);
        free (event);
        assert_int_equal (seq, script->expected[i]);
    }
    bool waits = script->ending == BATON_deadline_exceeded;
    status = baton_events_next (events, waits ? 300 : 6000, &event, &size, &seq, NULL);
    assert_int_equal (status, script->ending);
    baton_events_destroy (&events);
    fake_stop (&fake);
}

/*  With a loop of one's own: nothing that has come is left behind in silence. */
static void tells_of_what_comes_by_its_descriptor (void **state)
{
    (void) state;
    site_script_t script = {.subscribed = 5, .head = 5, .page = 2, .late = {{1, 6, 6}, {2, 7, 7}}};
    fake_t fake;
    fake_start (&fake, "tcp://127.0.0.1:*", answer, &script);
    baton_context_t context = fake_context (&fake);
    baton_filter_t filter = {0};
    baton_events_t *events = NULL;
    assert_int_equal (baton_events_new (&context, &filter, &events, NULL), BATON_OK);
    uint8_t *event = NULL;
    size_t size = 0;
    for (uint64_t seq = 0; seq < 7;) {
        baton_status status = baton_events_next (events, 0, &event, &size, &seq, NULL);
        struct pollfd fd = {baton_events_fd (events), POLLIN, 0};
        if (status == BATON_OK)
            free (event);
        else
            assert_int_equal (poll (&fd, 1, SOON), 1);
    }
    baton_events_destroy (&events);
    fake_stop (&fake);
}

static void gives_each_event_once_and_in_order (void **state)
{
    (void) state;
    static const struct {
        const char *name;
        site_script_t script;
    } CASES[] = {
        {"reads page by page, then follows",
         {.subscribed = 5, .head = 5, .page = 2, .late = {{1, 6, 6}, {2, 7, 7}}, .expected = {1, 2, 3, 4, 5, 6, 7}}},
        {"begins after a position", {.after = 3, .subscribed = 5, .head = 5, .page = 10, .expected = {4, 5}}},
        {"begins now",
         {.after = UINT64_MAX, .subscribed = 5, .head = 5, .page = 10, .late = {{1, 6, 6}}, .expected = {6}}},
        {"holds back what comes while it reads",
         {.subscribed = 2, .head = 2, .page = 1, .early = {{1, 3, 3}, {2, 4, 4}}, .expected = {1, 2, 3, 4}}},
        {"drops what the log gave already",
         {.subscribed = 2, .head = 4, .page = 9, .early = {{1, 3, 3}, {2, 4, 4}}, .expected = {1, 2, 3, 4}}},
        {"drops what is delivered twice",
         {.subscribed = 1, .head = 1, .page = 9, .late = {{1, 2, 2}, {2, 2, 2}, {3, 3, 3}}, .expected = {1, 2, 3}}},
        {"reads what a gap in the count has lost",
         {.subscribed = 1, .head = 4, .page = 1, .late = {{1, 2, 2}, {3, 4, 4}}, .expected = {1, 2, 3, 4}}},
        {"a heartbeat shows that the last one is missing, by its count",
         {.subscribed = 1, .head = 2, .page = 1, .late = {{2, 2, 0}}, .expected = {1, 2}}},
        {"and by its head", {.subscribed = 1, .head = 2, .page = 1, .late = {{1, 2, 0}}, .expected = {1, 2}}},
        {"leaves out other kinds of the log",
         {.kind = "run_started", .subscribed = 5, .head = 5, .page = 2, .expected = {1, 3, 5}}},
        {"subscribes again after a restart",
         {.subscribed = 3,
          .head = 3,
          .page = 9,
          .late = {{1, 4, 4}},
          .restart = true,
          .again = {{1, 4, 4}, {2, 5, 5}},
          .expected = {1, 2, 3, 4, 5}}},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        site_script_t script = CASES[i].script;
        script.ending = BATON_deadline_exceeded;
        follow (CASES[i].name, &script);
        assert_int_equal (script.subscriptions, script.restart ? 2 : 1);
    }
}

static void ends_when_it_may_not_follow_any_more (void **state)
{
    (void) state;
    site_script_t refused = {.refusal = "unauthenticated", .ending = BATON_unauthenticated};
    follow ("refused at once", &refused);
    /*  A broker ends the subscription of a revoked key without a word; silence makes the client ask. */
    site_script_t revoked = {.subscribed = 1,
                             .head = 1,
                             .page = 1,
                             .refusal = "unauthenticated",
                             .accepted = 1,
                             .expected = {1},
                             .ending = BATON_unauthenticated};
    follow ("revoked", &revoked);
    assert_int_equal (revoked.subscriptions, 2);
    site_script_t shorter = {
        .after = 9, .subscribed = 3, .head = 3, .resync = true, .ending = BATON_failed_precondition};
    follow ("the log is shorter than the position", &shorter);
}

static void asks_again_when_refused_for_now (void **state)
{
    (void) state;
    site_script_t busy = {.refusal = "unavailable", .ending = BATON_deadline_exceeded};
    follow ("refused for now", &busy);
    assert_true (busy.subscriptions >= 1);
}

static void refuses_a_filter_that_matches_nothing (void **state)
{
    (void) state;
    baton_context_t context = {.endpoint = "ipc:///tmp/baton-test-nobody.sock"};
    baton_events_t *events = NULL;
    baton_error_t error = {0};
    baton_filter_t filter = {.event_class = "weather"};
    assert_int_equal (baton_events_new (&context, &filter, &events, &error), BATON_invalid_argument);
    assert_string_equal (error.field, "class");
    assert_null (events);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (gives_each_event_once_and_in_order),
        cmocka_unit_test (tells_of_what_comes_by_its_descriptor),
        cmocka_unit_test (ends_when_it_may_not_follow_any_more),
        cmocka_unit_test (asks_again_when_refused_for_now),
        cmocka_unit_test (refuses_a_filter_that_matches_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
