/*  From frames to a request: what is refused, and what an answer to it still knows. */
#include "request.h"
#include "unit.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

static baton_bytes_t text (const char *bytes, size_t size)
{
    return (baton_bytes_t){size, (uint8_t *) (uintptr_t) bytes};
}
#define BYTES(literal) text (literal, sizeof (literal) - 1)

static bool known = true; /*  whether the key belongs to an identity */

static request_t *read_frames (const baton_bytes_t *frames, size_t count)
{
    inbound_t inbound = {.peer = {1, {7}}, .frames = count};
    memset (inbound.key, 'k', KEY_SIZE - 1);
    for (size_t i = 0; i < 3; i++) {
        zmq_msg_init (&inbound.frame[i]);
        if (i < count) {
            assert_int_equal (zmq_msg_init_size (&inbound.frame[i], frames[i].size), 0);
            memcpy (zmq_msg_data (&inbound.frame[i]), frames[i].size ? frames[i].data : (uint8_t *) "", frames[i].size);
        }
    }
    request_t *request = request_new (&inbound, known, 42);
    assert_non_null (request);
    assert_int_equal (request->peer.data[0], 7);
    assert_int_equal (request->arrived, 42);
    assert_int_equal (strlen (request->key), KEY_SIZE - 1);
    inbound_clear (&inbound);
    return request;
}

static request_t *read_request (const request_header_t *header, baton_bytes_t body)
{
    baton_bytes_t frames[] = {BYTES (WIRE_REQUEST), {0}, body};
    assert_int_equal (record_encode (&RECORD_request_header, header, &frames[1]), BATON_OK);
    request_t *request = read_frames (frames, 3);
    bytes_clear (&frames[1]);
    return request;
}

static request_t *show (const char *key, const char *method, baton_bytes_t body)
{
    request_header_t header = {.id = 9, .method = (char *) method, .key = (char *) key, .past = 3};
    return read_request (&header, body);
}

static void a_good_one_is_read_whole (void **state)
{
    (void) state;
    request_t *request = show ("k", "session.show",
                               BYTES ("\x82\xa7session\xa1s\xa2"
                                      "at\x05"));
    assert_int_equal (request->error.status, BATON_OK);
    assert_int_equal (request->method, METHOD_session_show);
    assert_int_equal (request->header.id, 9);
    assert_int_equal (request->header.past, 3);
    assert_string_equal (request_session (request), "s");
    assert_int_equal (((session_show_request_t *) request->params)->at, 5);
    request_destroy (&request);
    assert_null (request);
    request_destroy (&request);
}

static void what_is_wrong_is_said (void **state)
{
    (void) state;
    static const struct {
        const char *name;
        const char *method;
        const char *body;
        baton_status status;
        baton_reason reason;
        const char *field;
    } CASES[] = {
        {"unknown", "session.explode", "\x80", BATON_not_found, BATON_REASON_unknown_method, "method"},
        {"internal", "session.fence", "\x80", BATON_not_found, BATON_REASON_unknown_method, "method"},
        {"missing", "session.show", "", BATON_invalid_argument, BATON_REASON_missing_field, "session"},
        {"type", "session.show", "\x81\xa7session\x01", BATON_invalid_argument, BATON_REASON_wrong_type, "session"},
        {"truncated", "session.show", "\x81\xa7sess", BATON_invalid_argument, BATON_REASON_malformed, ""},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        request_t *request = show ("k", CASES[i].method, text (CASES[i].body, strlen (CASES[i].body)));
        if (request->error.status != CASES[i].status || request->error.reason != CASES[i].reason ||
            strcmp (request->error.field, CASES[i].field) != 0)
            fail_msg ("%s: %s", CASES[i].name, request->error.message);
        assert_int_equal (request->header.id, 9); /*  so that the answer can be matched */
        request_destroy (&request);
    }
}

static void frames_that_are_no_request_are_refused (void **state)
{
    (void) state;
    static char large[LIMIT_HEADER + 1];
    const struct {
        baton_bytes_t frames[3];
        size_t count;
        baton_reason reason;
    } CASES[] = {
        {{{0}}, 0, BATON_REASON_unknown_version},
        {{BYTES ("")}, 1, BATON_REASON_unknown_version},
        {{BYTES ("BTN2Q"), BYTES ("\x80"), BYTES ("\x80")}, 3, BATON_REASON_unknown_version},
        {{BYTES ("BTN1QX"), BYTES ("\x80"), BYTES ("\x80")}, 3, BATON_REASON_unknown_version},
        {{BYTES (WIRE_REQUEST)}, 1, BATON_REASON_malformed},
        {{BYTES (WIRE_REQUEST), BYTES ("\x80")}, 2, BATON_REASON_malformed},
        {{BYTES (WIRE_REQUEST), BYTES ("\x80"), BYTES ("\x80")}, 4, BATON_REASON_malformed},
        {{BYTES (WIRE_REQUEST), BYTES ("\xc1"), BYTES ("\x80")}, 3, BATON_REASON_malformed},
        {{BYTES (WIRE_REQUEST), BYTES (""), BYTES ("")}, 3, BATON_REASON_missing_field},
        {{BYTES (WIRE_REQUEST), text (large, sizeof large), BYTES ("")}, 3, BATON_REASON_too_large},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        request_t *request = read_frames (CASES[i].frames, CASES[i].count);
        if (request->error.status != BATON_invalid_argument || request->error.reason != CASES[i].reason)
            fail_msg ("case %zu: %s", i, request->error.message);
        assert_int_equal (request->method, METHOD_none);
        request_destroy (&request);
    }
}

/*  The payload stands for method and body, byte by byte, and for nothing else. */
static void a_payload_tells_requests_apart (void **state)
{
    (void) state;
    baton_bytes_t body = BYTES ("\x81\xa7session\xa1s"), other = BYTES ("\x81\xa7session\xa1t");
    request_t *first = show ("k", "session.activate", body), *same = show ("another", "session.activate", body);
    request_t *method = show ("k", "session.suspend", body), *content = show ("k", "session.activate", other);
    request_t *none = show (NULL, "session.activate", body);
    assert_string_equal (first->payload, same->payload);
    assert_string_not_equal (first->payload, method->payload);
    assert_string_not_equal (first->payload, content->payload);
    assert_string_equal (none->payload, "");
    request_t *all[] = {first, same, method, content, none};
    for (size_t i = 0; i < COUNT (all); i++)
        request_destroy (&all[i]);
}

/*  A list of so many zeros, under a field that no method has: each is one byte, and 24 when it is unpacked. */
static baton_bytes_t zeros (uint32_t count)
{
    baton_bytes_t body = {8 + count, calloc (1, 8 + count)};
    assert_non_null (body.data);
    static const uint8_t HEAD[] = {0x81, 0xa1, 'z', 0xdd};
    memcpy (body.data, HEAD, sizeof HEAD);
    for (size_t i = 0; i < 4; i++)
        body.data[4 + i] = (uint8_t) (count >> (24 - 8 * i));
    return body;
}

static void check_zeros (uint32_t count, baton_status status, baton_reason reason)
{
    baton_bytes_t body = zeros (count);
    request_t *request = show (NULL, "site.about", body);
    assert_int_equal (request->error.status, status);
    if (status != BATON_OK)
        assert_int_equal (request->error.reason, reason);
    request_destroy (&request);
    bytes_clear (&body);
}

static void many_small_values_are_refused_before_they_are_unpacked (void **state)
{
    (void) state;
    check_zeros (LIMIT_VALUES - 3, BATON_OK, BATON_REASON_none); /*  and the map, its key and the list */
    check_zeros (LIMIT_VALUES - 2, BATON_invalid_argument, BATON_REASON_too_large);
}

static void a_stranger_is_not_listened_to_for_long (void **state)
{
    (void) state;
    known = false;
    check_zeros (LIMIT_STRANGER - 8, BATON_OK, BATON_REASON_none);
    check_zeros (LIMIT_STRANGER - 7, BATON_unauthenticated, BATON_REASON_unknown_key);
    known = true;
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_good_one_is_read_whole),
        cmocka_unit_test (what_is_wrong_is_said),
        cmocka_unit_test (frames_that_are_no_request_are_refused),
        cmocka_unit_test (a_payload_tells_requests_apart),
        cmocka_unit_test (many_small_values_are_refused_before_they_are_unpacked),
        cmocka_unit_test (a_stranger_is_not_listened_to_for_long),
    };
    return id_init () == BATON_OK ? cmocka_run_group_tests (tests, NULL, NULL) : 1;
}
