/*  The link against a broker that is played here: answers, silence, a broker that goes and comes back, and what the
 *  broker sends on its own. */
#include "link.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DEADLINE 20000

typedef struct {
    zloop_t *loop;
    link_t *link;
    zsock_t *broker;
    char endpoint[64];
    char secret[41];
    zframe_t *peer;      /*  the link, as the broker knows it */
    size_t heard;        /*  requests */
    uint64_t last;       /*  id of the last one */
    size_t answer_after; /*  the broker is silent to the first so many */
    size_t ups, answers, deliveries, requests;
    baton_status status;
    bool timed_out;
} fixture_t;

static void send_as_broker (fixture_t *fixture, const char *signature, const record_type_t *header_type,
                            const void *header_record, const record_type_t *type, const void *record)
{
    baton_bytes_t header = {0, NULL}, body = {0, NULL};
    assert_int_equal (record_encode (header_type, header_record, &header), BATON_OK);
    assert_int_equal (record_encode (type, record, &body), BATON_OK);
    zmsg_t *message = zmsg_new ();
    zmsg_addmem (message, zframe_data (fixture->peer), zframe_size (fixture->peer));
    zmsg_addmem (message, signature, WIRE_SIGNATURE_SIZE);
    zmsg_addmem (message, header.data, header.size);
    zmsg_addmem (message, body.data, body.size);
    assert_int_equal (zmsg_send (&message, fixture->broker), 0);
    bytes_clear (&header);
    bytes_clear (&body);
}

static void answer (fixture_t *fixture)
{
    reply_header_t reply = {.id = fixture->last, .status = (char *) "ok"};
    heartbeat_t heartbeat = {.ttl = 5};
    send_as_broker (fixture, WIRE_ANSWER, &RECORD_reply_header, &reply, &RECORD_heartbeat, &heartbeat);
}

static int hear (zloop_t *loop, zsock_t *socket, void *arg)
{
    (void) loop;
    fixture_t *fixture = arg;
    baton_error_t error;
    request_header_t header = {.id = 0};
    zmsg_t *message = zmsg_recv (socket);
    zframe_destroy (&fixture->peer);
    fixture->peer = zmsg_pop (message);
    zframe_t *signature = zmsg_first (message), *frame = zmsg_next (message);
    bool request = memcmp (zframe_data (signature), WIRE_REQUEST, WIRE_SIGNATURE_SIZE) == 0;
    if (request) {
        assert_int_equal (
            record_decode (&RECORD_request_header, zframe_data (frame), zframe_size (frame), &header, &error),
            BATON_OK);
        fixture->heard++;
        fixture->last = header.id;
    }
    record_clear (&RECORD_request_header, &header);
    zmsg_destroy (&message);
    if (request && fixture->heard > fixture->answer_after)
        answer (fixture);
    return request && fixture->heard > fixture->answer_after ? 0 : -1;
}

static void open_broker (fixture_t *fixture)
{
    fixture->broker = zsock_new (ZMQ_ROUTER);
    zsock_set_curve_server (fixture->broker, 1);
    zsock_set_curve_secretkey (fixture->broker, fixture->secret);
    zsock_set_linger (fixture->broker, 0);
    const char *endpoint = *fixture->endpoint ? fixture->endpoint : "tcp://127.0.0.1:*";
    int port = -1;
    for (int waited = 0; port < 0 && waited < DEADLINE; waited += 5) {
        port = zsock_bind (fixture->broker, "%s", endpoint);
        if (port < 0)
            zclock_sleep (5); /*  the socket before is closed by another thread of libzmq */
    }
    assert_true (port > 0);
    snprintf (fixture->endpoint, sizeof fixture->endpoint, "tcp://127.0.0.1:%d", port);
    zloop_reader (fixture->loop, fixture->broker, hear, fixture);
}

static void close_broker (fixture_t *fixture)
{
    zloop_reader_end (fixture->loop, fixture->broker);
    zsock_destroy (&fixture->broker);
}

static void on_up (void *arg)
{
    ((fixture_t *) arg)->ups++;
}

static void on_delivery (void *arg, const event_t *event)
{
    fixture_t *fixture = arg;
    assert_int_equal (event->kind, EVENT_run_placed);
    assert_string_equal (((const run_placed_event_t *) event->body)->node, "n1");
    fixture->deliveries++;
}

static void on_request (void *arg, const request_header_t *header, const uint8_t *body, size_t size)
{
    fixture_t *fixture = arg;
    (void) body;
    (void) size;
    assert_string_equal (header->method, "run.logs");
    fixture->requests++;
    log_page_t page = {.next = 3};
    link_reply (fixture->link, header->id, &RECORD_log_page, &page);
}

static void on_answer (void *arg, const link_answer_t *given)
{
    fixture_t *fixture = arg;
    fixture->answers++;
    fixture->status = given->status;
    assert_true (given->status == BATON_OK || given->failure->message);
}

static int check (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    return *(size_t *) arg > 0 ? -1 : 0;
}

static int give_up (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    ((fixture_t *) arg)->timed_out = true;
    return -1;
}

/*  Until the counter moves on. */
static void await (fixture_t *fixture, size_t *counter)
{
    *counter = 0;
    int deadline = zloop_timer (fixture->loop, DEADLINE, 1, give_up, fixture);
    int poll = zloop_timer (fixture->loop, 5, 0, check, counter);
    while (*counter == 0 && !fixture->timed_out)
        zloop_start (fixture->loop);
    zloop_timer_end (fixture->loop, poll);
    zloop_timer_end (fixture->loop, deadline);
    assert_false (fixture->timed_out);
}

static int set_up (void **state)
{
    fixture_t *fixture = calloc (1, sizeof *fixture);
    baton_context_t context = {.endpoint = ""};
    baton_error_t error;
    *state = fixture;
    fixture->loop = zloop_new ();
    assert_int_equal (zmq_curve_keypair (context.broker_key, fixture->secret), 0);
    assert_int_equal (zmq_curve_keypair (context.public_key, context.secret_key), 0);
    open_broker (fixture);
    strcpy (context.endpoint, fixture->endpoint);
    link_handlers_t handlers = {on_up, on_delivery, on_request, fixture};
    assert_int_equal (link_new (fixture->loop, &context, &handlers, &fixture->link, &error), BATON_OK);
    return 0;
}

static int tear_down (void **state)
{
    fixture_t *fixture = *state;
    link_destroy (&fixture->link);
    if (fixture->broker)
        close_broker (fixture);
    zframe_destroy (&fixture->peer);
    zloop_destroy (&fixture->loop);
    free (fixture);
    return 0;
}

static void ask (fixture_t *fixture, uint64_t timeout)
{
    request_header_t header = {.method = (char *) "node.heartbeat"};
    baton_bytes_t body = {0, NULL};
    assert_int_equal (link_send (fixture->link, &header, &body, timeout, on_answer, fixture), BATON_OK);
}

static void test_answer (void **state)
{
    fixture_t *fixture = *state;
    ask (fixture, 0);
    await (fixture, &fixture->answers);
    assert_int_equal (fixture->status, BATON_OK);
    assert_int_equal (fixture->answers, 1);
}

/*  Asked before there is a connection, and again after the broker was away: the question is answered once. */
static void test_broker_comes_back (void **state)
{
    fixture_t *fixture = *state;
    fixture->answer_after = 1;
    ask (fixture, 0);
    await (fixture, &fixture->heard);
    close_broker (fixture);
    fixture->answer_after = 0;
    open_broker (fixture);
    await (fixture, &fixture->answers);
    assert_int_equal (fixture->status, BATON_OK);
    assert_true (fixture->ups >= 2);
}

static void test_timeout (void **state)
{
    fixture_t *fixture = *state;
    fixture->answer_after = SIZE_MAX;
    ask (fixture, 200);
    await (fixture, &fixture->answers);
    assert_int_equal (fixture->status, BATON_unavailable);
}

static void test_broker_speaks_first (void **state)
{
    fixture_t *fixture = *state;
    ask (fixture, 0);
    await (fixture, &fixture->answers);
    request_header_t request = {.id = 77, .method = (char *) "run.logs"};
    run_logs_request_t logs = {.session = (char *) "s1"};
    send_as_broker (fixture, WIRE_REQUEST, &RECORD_request_header, &request, &METHODS[METHOD_run_logs].type, &logs);
    await (fixture, &fixture->requests);
    delivery_t delivery = {.subscription = 1, .count = 1};
    run_placed_event_t placed = {.number = 1, .node = (char *) "n1"};
    event_envelope_t envelope = {.seq = 1, .session = (char *) "s1", .n = 1, .kind = (char *) "run_placed", .at = 1};
    assert_int_equal (record_encode (&EVENTS[EVENT_run_placed].type, &placed, &envelope.body), BATON_OK);
    send_as_broker (fixture, WIRE_DELIVERY, &RECORD_delivery, &delivery, &RECORD_event_envelope, &envelope);
    bytes_clear (&envelope.body);
    await (fixture, &fixture->deliveries);
}

/*  Whatever comes, the link stays: garbage, answers to nobody, short messages. */
static void test_garbage (void **state)
{
    fixture_t *fixture = *state;
    ask (fixture, 0);
    await (fixture, &fixture->answers);
    static const char *const FRAMES[][4] = {{"x", NULL},
                                            {WIRE_ANSWER, NULL},
                                            {WIRE_ANSWER, "\xc1", "", NULL},
                                            {WIRE_ANSWER, "\x81\xa2id\x07", "", NULL},
                                            {WIRE_DELIVERY, "", NULL},
                                            {WIRE_DELIVERY, "", "\xc1", NULL},
                                            {WIRE_REQUEST, "\xc1", "\xc1", NULL},
                                            {"BTN1X", "", "", NULL}};
    for (size_t i = 0; i < sizeof FRAMES / sizeof *FRAMES; i++) {
        zmsg_t *message = zmsg_new ();
        zmsg_addmem (message, zframe_data (fixture->peer), zframe_size (fixture->peer));
        for (size_t j = 0; FRAMES[i][j]; j++)
            zmsg_addmem (message, FRAMES[i][j], strlen (FRAMES[i][j]));
        assert_int_equal (zmsg_send (&message, fixture->broker), 0);
    }
    ask (fixture, 0);
    await (fixture, &fixture->answers);
    assert_int_equal (fixture->status, BATON_OK);
    assert_int_equal (fixture->requests + fixture->deliveries, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    zsys_handler_set (NULL);
    const struct CMUnitTest tests[] = {TEST (test_answer), TEST (test_broker_comes_back), TEST (test_timeout),
                                       TEST (test_broker_speaks_first), TEST (test_garbage)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
