/*  Requests that wait: for their session, for a node, and not for ever. */
#include "parking.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const peer_t NODE = {1, {1}}, OTHER = {1, {2}};

static request_t *make (const char *session, uint64_t past, uint64_t arrived, uint64_t timeout)
{
    request_t *request = calloc (1, sizeof *request);
    session_show_request_t *params = calloc (1, sizeof *params);
    assert_non_null (request);
    assert_non_null (params);
    assert_int_equal (text_set (&params->session, session), BATON_OK);
    request->method = METHOD_session_show;
    request->params = params;
    request->header.past = past;
    request->header.timeout = timeout;
    request->arrived = arrived;
    return request;
}

static request_t *park (parking_t *parking, request_t *request)
{
    request_t *taken = request;
    assert_int_equal (parking_add (parking, &taken, NULL), BATON_OK);
    assert_null (taken);
    return request;
}

static int set_up (void **state)
{
    return parking_new ((parking_t **) state) == BATON_OK ? 0 : 1;
}

static int tear_down (void **state)
{
    parking_destroy ((parking_t **) state);
    parking_destroy ((parking_t **) state);
    return 0;
}

static void a_session_wakes_those_that_wait_for_less (void **state)
{
    parking_t *parking = *state;
    static const struct {
        const char *session;
        uint64_t past;
        bool due;
    } CASES[] = {{"a", 1, true}, {"a", 4, true}, {"a", 5, false}, {"a", 9, false}, {"b", 1, false}};
    request_t *requests[COUNT (CASES)];
    for (size_t i = 0; i < COUNT (CASES); i++)
        requests[i] = park (parking, make (CASES[i].session, CASES[i].past, 0, 1000));
    bool woken[COUNT (CASES)] = {false};
    for (request_t *request; (request = parking_take_session (parking, "a", 5)); request_destroy (&request))
        for (size_t i = 0; i < COUNT (CASES); i++)
            woken[i] |= requests[i] == request;
    for (size_t i = 0; i < COUNT (CASES); i++)
        assert_int_equal (woken[i], CASES[i].due);
}

static void a_node_answers_only_what_it_was_asked (void **state)
{
    parking_t *parking = *state;
    request_t *request = make ("a", 0, 0, 1000);
    request->relay = 7;
    request->relayed_to = NODE;
    park (parking, request);
    assert_null (parking_take_relayed (parking, 8, &NODE));
    assert_null (parking_take_relayed (parking, 7, &OTHER));
    assert_null (parking_take_session (parking, "a", 100)); /*  it waits for the node, not for the session */
    assert_ptr_equal (parking_take_relayed (parking, 7, &NODE), request);
    assert_null (parking_take_relayed (parking, 7, &NODE));
    request_destroy (&request);
}

static void each_ends_at_its_time (void **state)
{
    parking_t *parking = *state;
    assert_true (parking_next (parking) == UINT64_MAX);
    request_t *late = park (parking, make ("a", 1, 1000, 500));
    request_t *early = park (parking, make ("a", 1, 1000, 100));
    assert_int_equal (parking_next (parking), 1100);
    assert_null (parking_take_late (parking, 1099));
    assert_ptr_equal (parking_take_late (parking, 1100), early);
    assert_null (parking_take_late (parking, 1100));
    assert_int_equal (parking_next (parking), 1500);
    assert_ptr_equal (parking_take_late (parking, 9999), late);
    assert_null (parking_take_late (parking, 9999));
    assert_true (parking_next (parking) == UINT64_MAX);
    request_destroy (&early);
    request_destroy (&late);
}

static void there_is_room_for_so_many (void **state)
{
    parking_t *parking = *state;
    for (size_t i = 0; i < LIMIT_WAITERS; i++) {
        request_t *request = make ("a", 1, i, 1000);
        snprintf (request->actor, sizeof request->actor, "n%zu", i / LIMIT_WAITERS_EACH);
        park (parking, request);
    }
    request_t *more = make ("a", 1, 0, 1000), *kept = more;
    baton_error_t error = {0};
    assert_int_equal (parking_add (parking, &more, &error), BATON_resource_exhausted);
    assert_int_equal (error.reason, BATON_REASON_busy);
    assert_ptr_equal (more, kept);
    request_t *gone = parking_take_session (parking, "a", 2);
    assert_non_null (gone);
    request_destroy (&gone);
    park (parking, more);
}

static void nobody_takes_all_the_room (void **state)
{
    parking_t *parking = *state;
    baton_error_t error = {0};
    for (size_t i = 0; i < LIMIT_WAITERS_EACH; i++)
        park (parking, make ("a", 1, i, 1000));
    request_t *more = make ("a", 1, 0, 1000), *other = make ("a", 1, 0, 1000);
    assert_int_equal (parking_add (parking, &more, &error), BATON_resource_exhausted);
    assert_int_equal (error.reason, BATON_REASON_busy);
    strcpy (other->actor, "somebody-else");
    park (parking, other);
    request_destroy (&more);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_session_wakes_those_that_wait_for_less, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_node_answers_only_what_it_was_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown (each_ends_at_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown (there_is_room_for_so_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown (nobody_takes_all_the_room, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
