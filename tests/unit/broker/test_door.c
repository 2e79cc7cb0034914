/*  The way between the core thread and another one; here both ends are of one thread. */
#include "door.h"
#include "unit.h"

static struct {
    void *zmq;
    door_t *door;
} world;

static int set_up (void **state)
{
    (void) state;
    world.zmq = zmq_ctx_new ();
    return door_new (world.zmq, &world.door, NULL) == BATON_OK ? 0 : -1;
}

static int tear_down (void **state)
{
    (void) state;
    door_destroy (&world.door);
    door_destroy (&world.door);
    return zmq_ctx_term (world.zmq);
}

static request_t *make_request (void *ticket)
{
    request_header_t header = {.id = 1};
    request_t *request = request_new_at (world.door, ticket, METHOD_site_about, &header, 0);
    assert_non_null (request);
    assert_int_equal (request->error.status, BATON_OK);
    return request;
}

static void a_request_goes_in_and_comes_back (void **state)
{
    (void) state;
    ticket_t ticket = {0};
    request_t *request = make_request (&ticket), *sent = request, *back = NULL;
    door_news_t *news = NULL;
    assert_null (door_take (world.door));
    door_submit (world.door, &request);
    assert_null (request);
    assert_ptr_equal (door_take (world.door), sent);
    assert_null (door_take (world.door));
    assert_false (door_collect (world.door, &back, &news));
    request = sent;
    door_give (world.door, &request);
    assert_null (request);
    assert_true (door_collect (world.door, &back, &news));
    assert_ptr_equal (back, sent);
    assert_ptr_equal (back->ticket, &ticket);
    assert_null (news);
    request_destroy (&back);
}

static void news_come_in_order (void **state)
{
    (void) state;
    baton_bytes_t event = {5, (uint8_t *) "event"};
    request_t *request = NULL;
    for (uint64_t seq = 1; seq <= 3; seq++) {
        door_news_t *news = door_news_new (2, seq, seq < 3 ? &event : NULL);
        assert_non_null (news);
        news->numbers[news->count++] = seq + 10;
        door_tell (world.door, &news);
        assert_null (news);
    }
    for (uint64_t seq = 1; seq <= 3; seq++) {
        door_news_t *news = NULL;
        assert_true (door_collect (world.door, &request, &news));
        assert_null (request);
        assert_int_equal (news->seq, seq);
        assert_int_equal (news->event.size, seq < 3 ? event.size : 0);
        assert_int_equal (news->count, 1);
        assert_int_equal (news->numbers[0], seq + 10);
        door_news_destroy (&news);
    }
}

/*  tear_down does: a leak would be seen under AddressSanitizer. */
static void what_is_on_its_way_goes_with_the_door (void **state)
{
    (void) state;
    request_t *in = make_request (NULL), *out = make_request (NULL);
    door_news_t *news = door_news_new (1, 1, NULL);
    door_submit (world.door, &in);
    door_give (world.door, &out);
    door_tell (world.door, &news);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_request_goes_in_and_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown (news_come_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown (what_is_on_its_way_goes_with_the_door, set_up, tear_down)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
