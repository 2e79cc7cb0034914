#include "event.h"

#include "faults.h"
#include "fill.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void fill_event (event_t *event, event_kind_t kind, uint64_t *seed)
{
    event->kind = kind;
    event->seq = 1 + fill_random (seed) % 1000000;
    event->n = 1 + fill_random (seed) % 1000;
    event->at = 1 + fill_random (seed) % 2000000000000u;
    event->run = fill_random (seed) % 3;
    assert_int_equal (text_set (&event->session, "s3ss10n"), BATON_OK);
    assert_int_equal (text_set (&event->actor, fill_random (seed) % 2 ? "ada" : NULL), BATON_OK);
    event->body = calloc (1, EVENTS[kind].type.size + 1);
    assert_non_null (event->body);
    fill_record (&EVENTS[kind].type, event->body, 60, seed);
}

static void every_kind_comes_back_as_it_was (void **state)
{
    (void) state;
    uint64_t seed = 1;
    for (int kind = 1; kind < EVENT_COUNT; kind++) {
        event_t event = {0}, decoded = {0};
        baton_bytes_t bytes = {0}, again = {0};
        baton_error_t error = {0};
        fill_event (&event, (event_kind_t) kind, &seed);
        assert_int_equal (event_encode (&event, &bytes), BATON_OK);
        if (event_decode (bytes.data, bytes.size, &decoded, &error) != BATON_OK)
            fail_msg ("%s: %s", EVENTS[kind].name, error.message);
        assert_int_equal (decoded.kind, kind);
        assert_int_equal (event_peek (bytes.data, bytes.size), kind);
        assert_int_equal (event_peek (bytes.data, 3), EVENT_none);
        assert_int_equal (decoded.seq, event.seq);
        assert_int_equal (decoded.n, event.n);
        assert_int_equal (decoded.at, event.at);
        assert_int_equal (decoded.run, event.run);
        assert_string_equal (decoded.session, event.session);
        assert_true (text_equal (decoded.actor, event.actor));
        assert_int_equal (event_encode (&decoded, &again), BATON_OK);
        assert_int_equal (again.size, bytes.size);
        assert_memory_equal (again.data, bytes.data, bytes.size);
        event_clear (&event);
        event_clear (&decoded);
        bytes_clear (&bytes);
        bytes_clear (&again);
    }
}

static baton_status decode_envelope (const char *kind, const char *body, size_t body_size, baton_error_t *error)
{
    event_envelope_t envelope = {.seq = 1,
                                 .n = 1,
                                 .at = 1,
                                 .session = (char *) "s",
                                 .kind = (char *) kind,
                                 .body = {body_size, (uint8_t *) body}};
    baton_bytes_t bytes = {0};
    event_t event = {0};
    assert_int_equal (record_encode (&RECORD_event_envelope, &envelope, &bytes), BATON_OK);
    baton_status status = event_decode (bytes.data, bytes.size, &event, error);
    if (status != BATON_OK)
        assert_null (event.body);
    event_clear (&event);
    bytes_clear (&bytes);
    return status;
}

static void an_envelope_must_fit_its_body (void **state)
{
    (void) state;
    baton_error_t error = {0};
    assert_int_equal (decode_envelope ("start_dequeued", NULL, 0, &error), BATON_OK);
    assert_int_equal (decode_envelope ("start_dequeued", "\x81\xa3new\1", 6, &error), BATON_OK);
    assert_int_equal (decode_envelope ("from_the_future", NULL, 0, &error), BATON_invalid_argument);
    assert_string_equal (error.field, "kind");
    assert_int_equal (error.reason, BATON_REASON_bad_value);
    assert_int_equal (decode_envelope ("memory_deleted", NULL, 0, &error), BATON_invalid_argument);
    assert_int_equal (error.reason, BATON_REASON_missing_field);
    assert_int_equal (decode_envelope ("memory_deleted", "\1", 1, &error), BATON_invalid_argument);
    assert_int_equal (error.reason, BATON_REASON_malformed);
}

static void a_list_owns_its_events (void **state)
{
    (void) state;
    for (uint64_t k = 1; faults_round (k); k++) {
        event_list_t list = {0};
        memory_deleted_event_t *body = NULL;
        for (int i = 0; i < 3 && (body = event_list_add (&list, EVENT_memory_deleted)); i++)
            if (text_set (&body->key, "k") != BATON_OK)
                break;
        assert_true (list.count <= 3);
        if (!faults_hit ())
            assert_int_equal (list.count, 3);
        event_list_clear (&list);
        assert_null (list.items);
    }
}

static void lack_of_memory_is_a_status (void **state)
{
    (void) state;
    uint64_t seed = 7;
    event_t event = {0};
    fill_event (&event, EVENT_run_rolled_back, &seed);
    baton_bytes_t bytes = {0};
    for (uint64_t k = 1; faults_round (k); k++) {
        bytes_clear (&bytes);
        baton_status status = event_encode (&event, &bytes);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
    }
    for (uint64_t k = 1; faults_round (k); k++) {
        event_t decoded = {0};
        baton_status status = event_decode (bytes.data, bytes.size, &decoded, NULL);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
        event_clear (&decoded);
    }
    event_clear (&event);
    bytes_clear (&bytes);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_kind_comes_back_as_it_was),
        cmocka_unit_test (an_envelope_must_fit_its_body),
        cmocka_unit_test (a_list_owns_its_events),
        cmocka_unit_test (lack_of_memory_is_a_status),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
