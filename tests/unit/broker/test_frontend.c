/*  The broker's socket, with real clients on loopback. */
#include "sockets.h"

#include "limits.h"
#include "wire.h"

#include <stdlib.h>

static wire_t wire;

static int set_up (void **state)
{
    (void) state;
    wire_begin (&wire);
    return 0;
}

static int tear_down (void **state)
{
    (void) state;
    wire_end (&wire);
    return 0;
}

static void the_key_of_the_connection_comes_with_each_message (void **state)
{
    (void) state;
    dealer_t first, second;
    dealer_begin (&first, &wire, wire.public_key);
    dealer_begin (&second, &wire, wire.public_key);
    peer_t one = wire_meet (&wire, &first), two = wire_meet (&wire, &second), again = wire_meet (&wire, &first);
    assert_false (peer_equal (&one, &two));
    assert_true (peer_equal (&one, &again));
    dealer_end (&first);
    dealer_end (&second);
}

static void an_answer_goes_to_the_one_who_asked (void **state)
{
    (void) state;
    dealer_t first, second;
    dealer_begin (&first, &wire, wire.public_key);
    dealer_begin (&second, &wire, wire.public_key);
    peer_t one = wire_meet (&wire, &first), two = wire_meet (&wire, &second);
    baton_bytes_t header = frame ("header"), body = frame ("body");
    assert_int_equal (frontend_send (wire.frontend, &two, WIRE_ANSWER, &header, &body), SEND_ok);
    assert_int_equal (frontend_send (wire.frontend, &one, WIRE_DELIVERY, &header, NULL), SEND_ok);
    static const char *const DUE[] = {WIRE_ANSWER, "header", "body"};
    frames_t frames;
    assert_true (dealer_take (&second, PATIENCE, &frames));
    assert_int_equal (frames.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal (zmq_msg_size (&frames.items[i]), strlen (DUE[i]));
        assert_memory_equal (zmq_msg_data (&frames.items[i]), DUE[i], strlen (DUE[i]));
    }
    frames_clear (&frames);
    assert_true (dealer_take (&first, PATIENCE, &frames));
    assert_int_equal (frames.count, 2); /*  a heartbeat has no body */
    frames_clear (&frames);
    dealer_end (&first);
    dealer_end (&second);
}

static void any_number_of_frames_is_taken_whole (void **state)
{
    (void) state;
    static const size_t COUNTS[] = {1, 2, 3, 4, 100, 1};
    dealer_t dealer;
    dealer_begin (&dealer, &wire, wire.public_key);
    for (size_t i = 0; i < COUNT (COUNTS); i++) {
        baton_bytes_t frames[100];
        for (size_t k = 0; k < COUNTS[i]; k++)
            frames[k] = frame (k % 2 ? "odd" : "");
        dealer_send (&dealer, frames, COUNTS[i]);
        inbound_t inbound;
        wire_take (&wire, &inbound);
        assert_int_equal (inbound.frames, COUNTS[i]);
        if (COUNTS[i] > 1)
            assert_int_equal (zmq_msg_size (&inbound.frame[1]), 3);
        inbound_clear (&inbound);
    }
    dealer_end (&dealer);
}

/*  Up to twice the limit a frame is let in, so that it can be refused with a sentence; a larger one ends the
 *  connection, and nobody else's. */
static void an_oversized_frame_ends_its_connection_only (void **state)
{
    (void) state;
    dealer_t hostile, other;
    dealer_begin (&hostile, &wire, wire.public_key);
    dealer_begin (&other, &wire, wire.public_key);
    peer_t before = wire_meet (&wire, &hostile), steady = wire_meet (&wire, &other);
    size_t size = 2 * LIMIT_FRAME + 1;
    baton_bytes_t huge = {size, calloc (1, size)}, large = {LIMIT_FRAME + 1, huge.data};
    assert_non_null (huge.data);
    inbound_t inbound;
    dealer_send (&hostile, &large, 1);
    wire_take (&wire, &inbound);
    assert_int_equal (zmq_msg_size (&inbound.frame[0]), LIMIT_FRAME + 1);
    inbound_clear (&inbound);
    dealer_send (&hostile, &huge, 1);
    peer_t after = wire_meet (&wire, &hostile); /*  it has connected again: the huge one never came */
    assert_false (peer_equal (&before, &after));
    after = wire_meet (&wire, &other);
    assert_true (peer_equal (&steady, &after));
    free (huge.data);
    dealer_end (&hostile);
    dealer_end (&other);
}

static void a_peer_that_has_gone_is_told_from_one_that_is_full (void **state)
{
    (void) state;
    dealer_t dealer;
    dealer_begin (&dealer, &wire, wire.public_key);
    peer_t peer = wire_meet (&wire, &dealer);
    static uint8_t data[1 << 16];
    baton_bytes_t header = frame ("h"), body = {sizeof data, data};
    send_result_t result = SEND_ok;
    for (int i = 0; i < 20000 && result == SEND_ok; i++) /*  it does not read, and its queue is bounded */
        result = frontend_send (wire.frontend, &peer, WIRE_ANSWER, &header, i % 100 ? NULL : &body);
    assert_int_equal (result, SEND_full);
    dealer_end (&dealer);
    zmq_pollitem_t item = {.socket = frontend_router (wire.frontend), .events = ZMQ_POLLIN};
    for (int i = 0; i < PATIENCE && result != SEND_gone; i++) {
        zmq_poll (&item, 1, 1);
        result = frontend_send (wire.frontend, &peer, WIRE_ANSWER, &header, NULL);
    }
    assert_int_equal (result, SEND_gone);
    peer_t nobody = {3, {1, 2, 3}};
    assert_int_equal (frontend_send (wire.frontend, &nobody, WIRE_ANSWER, &header, NULL), SEND_gone);
}

static void a_wrong_broker_key_gets_nowhere (void **state)
{
    (void) state;
    char other[KEY_SIZE], secret[KEY_SIZE];
    assert_int_equal (zmq_curve_keypair (other, secret), 0);
    dealer_t wrong, right;
    dealer_begin (&wrong, &wire, other);
    dealer_begin (&right, &wire, wire.public_key);
    baton_bytes_t hello = frame ("hello");
    dealer_send (&wrong, &hello, 1);
    for (int i = 0; i < 20; i++)
        wire_meet (&wire, &right); /*  each one checks whose message it was */
    dealer_end (&wrong);
    dealer_end (&right);
}

static void where_it_cannot_listen_it_says_so (void **state)
{
    (void) state;
    frontend_t *second = NULL;
    baton_error_t error = {0};
    static const char *const BAD[] = {"tcp://127.0.0.1:65536",
                                      "tcp://127.0.0.1:",
                                      "tcp://127.0.0.1:-1",
                                      "tcp://127.0.0.1:1x",
                                      "tcp://*",
                                      "nonsense",
                                      "udp://127.0.0.1:1",
                                      "ipc:///run/x:1",
                                      "tcp://:x:*:",
                                      ""};
    assert_int_equal (frontend_new (frontend_endpoint (wire.frontend), wire.secret_key, &second, &error),
                      BATON_unavailable);
    assert_string_equal (error.field, "listen");
    for (size_t i = 0; i < COUNT (BAD); i++)
        if (frontend_new (BAD[i], wire.secret_key, &second, &error) != BATON_invalid_argument)
            fail_msg ("%s is taken: %s", BAD[i], error.message);
    assert_null (second);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (the_key_of_the_connection_comes_with_each_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown (an_answer_goes_to_the_one_who_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown (any_number_of_frames_is_taken_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown (an_oversized_frame_ends_its_connection_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_peer_that_has_gone_is_told_from_one_that_is_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_wrong_broker_key_gets_nowhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown (where_it_cannot_listen_it_says_so, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
