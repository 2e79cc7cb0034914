/*  The fleet: who is there, what fits where, and who is next. */
#include "fleet.h"
#include "session.h"
#include "unit.h"

#include <string.h>

#define TTL 6000u
#define START 100000u
#define LATER (START + 60000u) /*  when the time of grace at the start is over */

/* ---- a site of three nodes ---- */

typedef struct {
    fleet_t *fleet;
    site_t site;
} world_t;

static void add_node (world_t *world, const char *name, uint64_t slots, const char *zone, const char *driver)
{
    node_t *node = list_append (&world->site.nodes, sizeof *node);
    assert_non_null (node);
    assert_int_equal (text_set (&node->name, name), BATON_OK);
    assert_int_equal (pairs_set (&node->labels, "zone", zone), BATON_OK);
    assert_int_equal (texts_add (&node->drivers, driver), BATON_OK);
    node->slots = slots;
    node->state = node_state_up;
    fleet_member (world->fleet, name)->heard = LATER;
}

static int set_up (void **state)
{
    static world_t world;
    world = (world_t){0};
    assert_int_equal (fleet_new (START, 5, &world.fleet), BATON_OK);
    add_node (&world, "big", 4, "a", "default");
    add_node (&world, "odd", 2, "b", "special");
    add_node (&world, "small", 2, "a", "default");
    *state = &world;
    return 0;
}

static int tear_down (void **state)
{
    world_t *world = *state;
    record_clear (&RECORD_site, &world->site);
    fleet_destroy (&world->fleet);
    fleet_destroy (&world->fleet);
    return 0;
}

static void note (world_t *world, const char *id, run_phase_e phase, const char *node, const char *target,
                  uint64_t priority, uint64_t order)
{
    session_t session = {.session = (char *) id,
                         .priority = priority,
                         .lease = {.node = (char *) node, .epoch = node != NULL},
                         .run = {.number = 1, .phase = phase},
                         .migrating = target != NULL,
                         .migration = {.source = (char *) node, .target = (char *) target}};
    assert_int_equal (fleet_note (world->fleet, &session, order), BATON_OK);
}

/* ---- choose ---- */

/*  All that a node is to do must fit into one answer, or it would hear of nothing any more. */
static void a_node_gets_no_more_than_it_can_be_told_of (void **state)
{
    world_t *world = *state;
    static uint8_t input[LIMIT_VALUE];
    session_t session = {.node = "big",
                         .run = {.number = 1, .phase = run_phase_queued, .input = {sizeof input, input}}};
    node_t *big = &world->site.nodes.items[0];
    big->slots = LIMIT_SLOTS;
    assignment_page_t page = {0};
    char id[24];
    uint64_t count = 0;
    while (fleet_choose (world->fleet, &world->site, &session, NULL, LATER, TTL, NULL, 0)) {
        snprintf (id, sizeof id, "s%llu", (unsigned long long) count++);
        session_t placed = {
            .session = id, .lease = {.node = "big"}, .run = {.phase = run_phase_placed, .input = session.run.input}};
        assert_int_equal (fleet_note (world->fleet, &placed, count), BATON_OK);
        assignment_t *assignment = list_append (&page.assignments, sizeof *assignment);
        assert_int_equal (session_assign (&placed, "big", assignment), true);
    }
    check_t check = {0};
    assert_true (fleet_check (world->fleet, big, &session, 5, LATER, TTL, &check));
    assert_non_null (strstr (check.detail, "bytes of inputs"));
    record_clear (&RECORD_check, &check);
    assert_in_range (count, 100, 128);
    baton_bytes_t bytes = {0};
    assert_int_equal (record_encode (&RECORD_assignment_page, &page, &bytes), BATON_OK);
    assert_in_range (bytes.size, LIMIT_FRAME / 2, LIMIT_FRAME);
    bytes_clear (&bytes);
    record_clear (&RECORD_assignment_page, &page);

    note (world, "s0", run_phase_finished, NULL, NULL, 0, 1); /*  one has gone: there is room for one */
    assert_non_null (fleet_choose (world->fleet, &world->site, &session, NULL, LATER, TTL, NULL, 0));
    for (uint64_t i = 1; i < count; i++) {
        snprintf (id, sizeof id, "s%llu", (unsigned long long) i);
        note (world, id, run_phase_finished, NULL, NULL, 0, 1);
    }
    assert_int_equal (fleet_member (world->fleet, "big")->bytes, 0);
}

typedef struct {
    const char *name;
    session_t session;
    const char *except;
    const char *due;
    const char *why; /*  part of the sentence */
} choice_t;

static void the_node_with_most_room_is_chosen (void **state)
{
    world_t *world = *state;
    static baton_pair_t in_a = {(char *) "zone", (char *) "a"}, in_b = {(char *) "zone", (char *) "b"};
    static const choice_t CASES[] = {
        {"anywhere", {0}, NULL, "big", NULL},
        {"but for the best", {0}, "big", "small", NULL},
        {"by name", {.node = "small"}, NULL, "small", NULL},
        {"by an unknown name", {.node = "none"}, NULL, NULL, "only on none"},
        {"by name, but not there", {.node = "small"}, "small", NULL, "only on small"},
        {"by label", {.selector = {1, &in_a}}, NULL, "big", NULL},
        {"by label without the driver", {.selector = {1, &in_b}}, NULL, NULL, NULL},
        {"by driver", {.driver = "special"}, NULL, "odd", NULL},
        {"by label and driver", {.selector = {1, &in_b}, .driver = "special"}, NULL, "odd", NULL},
        {"by an unknown driver", {.driver = "none"}, NULL, NULL, "no driver none"},
        {"home", {.lease = {.node = "small", .epoch = 1}}, NULL, "small", NULL},
        {"where its workspace is", {.home = "small"}, NULL, "small", NULL},
        {"nowhere but where its workspace is", {.home = "gone"}, NULL, NULL, "its workspace is at node gone"},
        {"away from home", {.lease = {.node = "small", .epoch = 1}}, "small", "big", NULL},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        char why[256] = "";
        const node_t *node =
            fleet_choose (world->fleet, &world->site, &CASES[i].session, CASES[i].except, LATER, TTL, why, sizeof why);
        if (!text_equal (node ? node->name : NULL, CASES[i].due))
            fail_msg ("%s: %s in place of %s (%s)", CASES[i].name, node ? node->name : "none",
                      CASES[i].due ? CASES[i].due : "none", why);
        if (CASES[i].why && !strstr (why, CASES[i].why))
            fail_msg ("%s: %s", CASES[i].name, why);
    }
}

static const char *choose (world_t *world)
{
    session_t session = {0};
    const node_t *node = fleet_choose (world->fleet, &world->site, &session, NULL, LATER, TTL, NULL, 0);
    return node ? node->name : "none";
}

static void room_is_counted (void **state)
{
    world_t *world = *state;
    note (world, "r1", run_phase_placed, "big", NULL, 0, 1);
    note (world, "r2", run_phase_running, "big", NULL, 0, 2);
    assert_string_equal (choose (world), "big"); /*  equal room: the first by name */
    note (world, "r3", run_phase_stopping, "big", NULL, 0, 3);
    assert_string_equal (choose (world), "small");
    note (world, "m", run_phase_running, "small", "big", 0, 4); /*  a move takes a slot at both */
    assert_int_equal (fleet_member (world->fleet, "big")->occupied, 4);
    assert_int_equal (fleet_member (world->fleet, "small")->occupied, 1);
    assert_string_equal (choose (world), "small");
    note (world, "m", run_phase_running, "big", NULL, 0, 4); /*  and at the end at one */
    assert_int_equal (fleet_member (world->fleet, "big")->occupied, 4);
    assert_int_equal (fleet_member (world->fleet, "small")->occupied, 0);
    note (world, "r2", run_phase_finished, "big", NULL, 0, 2);
    note (world, "r2", run_phase_finished, "big", NULL, 0, 2);
    assert_int_equal (fleet_member (world->fleet, "big")->occupied, 3);
    note (world, "r4", run_phase_running, "small", NULL, 0, 5);
    note (world, "r5", run_phase_running, "small", NULL, 0, 6);
    note (world, "r6", run_phase_running, "big", NULL, 0, 7);
    assert_string_equal (choose (world), "none");
}

static void a_finished_run_that_moves_takes_no_slot (void **state)
{
    world_t *world = *state;
    note (world, "m", run_phase_finished, "small", "big", 0, 1);
    assert_int_equal (fleet_member (world->fleet, "big")->occupied, 0);
    assert_int_equal (fleet_member (world->fleet, "small")->occupied, 0);
    size_t small = 0, big = 0, odd = 0;
    assert_string_equal (fleet_next_at (world->fleet, "small", &small), "m");
    assert_string_equal (fleet_next_at (world->fleet, "big", &big), "m");
    assert_null (fleet_next_at (world->fleet, "big", &big));
    assert_null (fleet_next_at (world->fleet, "odd", &odd));
}

/* ---- checks ---- */

static void each_condition_is_checked_by_itself (void **state)
{
    world_t *world = *state;
    static const char *const NAMES[] = {"up", "not-draining", "name", "labels", "driver", "slot"};
    static baton_pair_t in_b = {(char *) "zone", (char *) "b"};
    session_t session = {.node = "small", .selector = {1, &in_b}, .driver = "special"};
    node_t *node = &world->site.nodes.items[0];
    node->draining = true;
    node->slots = 0;
    for (int good = 0; good < 2; good++) {
        uint64_t now = good ? LATER : LATER + TTL + 1;
        size_t index = 0;
        check_t check = {0};
        for (; fleet_check (world->fleet, node, &session, index, now, TTL, &check); index++) {
            assert_string_equal (check.name, NAMES[index]);
            assert_int_equal (check.ok, good);
            assert_true (strlen (check.detail) > 10);
        }
        assert_int_equal (index, COUNT (NAMES));
        record_clear (&RECORD_check, &check);
        session = (session_t){0};
        node->draining = false;
        node->slots = 1;
    }
}

static void silence_ends_a_lease (void **state)
{
    world_t *world = *state;
    member_t *member = fleet_member (world->fleet, "big");
    static const struct {
        uint64_t heard, now;
        bool due;
    } CASES[] = {
        {LATER, LATER, true}, {LATER, LATER + TTL, true}, {LATER, LATER + TTL + 1, false},
        {0, START, true},     {0, START + TTL, true},     {0, START + TTL + 1, false},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        member->heard = CASES[i].heard;
        if (fleet_alive (world->fleet, member, CASES[i].now, TTL) != CASES[i].due)
            fail_msg ("case %zu", i);
    }
    member->heard = 0; /*  not heard of since the start: alive for now, but nothing new goes there */
    session_t session = {.node = "big"};
    assert_null (fleet_choose (world->fleet, &world->site, &session, NULL, START + 1, TTL, NULL, 0));
}

/* ---- who waits ---- */

static void priority_and_then_age_decide_who_is_next (void **state)
{
    world_t *world = *state;
    static const char *const DUE[] = {"urgent", "urgent-too", "old", "young", "low"};
    note (world, "young", run_phase_queued, NULL, NULL, 5, 30);
    note (world, "low", run_phase_queued, NULL, NULL, 0, 1);
    note (world, "urgent-too", run_phase_queued, NULL, NULL, 9, 40);
    note (world, "old", run_phase_queued, NULL, NULL, 5, 10);
    note (world, "placed", run_phase_placed, "big", NULL, 9, 2);
    note (world, "urgent", run_phase_queued, NULL, NULL, 0, 20);
    note (world, "urgent", run_phase_queued, NULL, NULL, 9, 20); /*  its priority was raised */
    size_t cursor = 0;
    for (size_t i = 0; i < COUNT (DUE); i++) {
        assert_string_equal (fleet_next_waiting (world->fleet, &cursor), DUE[i]);
        if (strcmp (DUE[i], "old") == 0) /*  placed meanwhile: the cursor keeps its place */
            note (world, "old", run_phase_placed, "big", NULL, 5, 10);
    }
    assert_null (fleet_next_waiting (world->fleet, &cursor));
}

static void a_new_member_has_nothing_before_it (void **state)
{
    world_t *world = *state;
    assert_int_equal (fleet_member (world->fleet, "new")->seq, 5);
    assert_ptr_equal (fleet_member (world->fleet, "new"), fleet_member (world->fleet, "new"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (the_node_with_most_room_is_chosen, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_node_gets_no_more_than_it_can_be_told_of, set_up, tear_down),
        cmocka_unit_test_setup_teardown (room_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_finished_run_that_moves_takes_no_slot, set_up, tear_down),
        cmocka_unit_test_setup_teardown (each_condition_is_checked_by_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown (silence_ends_a_lease, set_up, tear_down),
        cmocka_unit_test_setup_teardown (priority_and_then_age_decide_who_is_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown (a_new_member_has_nothing_before_it, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
