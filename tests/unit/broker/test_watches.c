/*  Which node is to look at what, and what it is told of it. */
#include "watches.h"

#include "id.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static watches_t *watches;

static int setup (void **state)
{
    (void) state;
    return id_init () == BATON_OK && watches_new (&watches) == BATON_OK ? 0 : -1;
}

static int teardown (void **state)
{
    (void) state;
    watches_destroy (&watches);
    return 0;
}

/*  A session at that node (NULL: at none) that sleeps over a file, or is suspended. */
static void note (const char *session, const char *node, bool sleeps)
{
    trigger_t trigger = {.name = (char *) "t", .kind = trigger_kind_file, .file = (char *) "f"};
    session_t state = {.session = (char *) session,
                       .n = 1,
                       .state = sleeps ? lifecycle_sleeping : lifecycle_suspended,
                       .lease = {.node = (char *) node},
                       .triggers = {1, &trigger}};
    assert_int_equal (watches_note (watches, &state), BATON_OK);
}

/*  Everything that node is told since that change, as one line. */
static uint64_t told (const char *node, uint64_t after, const char *wanted)
{
    char got[256] = "";
    const char *session = NULL;
    while ((session = watches_next (watches, node, after, &after))) {
        strcat (got, *got ? " " : "");
        strcat (got, session);
    }
    assert_string_equal (got, wanted);
    assert_int_equal (watches_last (watches, node), after);
    return after;
}

static void a_node_is_told_of_changes_in_their_order (void **state)
{
    (void) state;
    note ("b", "n1", true);
    note ("a", "n1", true);
    note ("c", "n2", true);
    note ("d", "n1", false);
    uint64_t after = told ("n1", 0, "b a");
    told ("n2", 0, "c");
    told ("n3", 0, "");
    note ("b", "n1", true);
    after = told ("n1", after, "b");
    note ("a", "n1", false); /*  it has to learn that it is over */
    after = told ("n1", after, "a");
    note ("a", "n1", false);
    told ("n1", after, "");
}

/*  With as many as a site may have, each is told once, in the order of its last change. */
static void many_are_told_in_their_order (void **state)
{
    (void) state;
    enum { MANY = 10000 };
    char name[16];
    for (unsigned i = 0; i < 2 * MANY; i++) {
        snprintf (name, sizeof name, "s%u", i * 7919 % MANY);  /*  each twice, in no order */
        note (name, i % 2 ? "n1" : "n2", i < 2 * MANY - 2000); /*  some are over in the end */
    }
    unsigned count = 0;
    uint64_t after = 0, before = 0;
    for (const char *session = NULL; (session = watches_next (watches, "n1", after, &after)); count++) {
        assert_true (after > before);
        before = after;
    }
    assert_int_equal (count, MANY / 2);
    assert_int_equal (watches_last (watches, "n1"), before);
}

static void a_session_that_moves_is_told_to_both (void **state)
{
    (void) state;
    note ("a", "n1", true);
    uint64_t first = told ("n1", 0, "a");
    note ("a", "n2", true);
    told ("n1", first, "a");
    uint64_t second = told ("n2", 0, "a");
    note ("a", "n1", true);
    told ("n2", second, "a");
    told ("n1", first, "a");
}

static void a_session_at_no_node_is_homeless (void **state)
{
    (void) state;
    size_t cursor = 0;
    note ("a", NULL, true);
    note ("b", "n1", true);
    assert_string_equal (watches_next_homeless (watches, &cursor), "a");
    assert_null (watches_next_homeless (watches, &cursor));
    note ("a", "n1", true);
    cursor = 0;
    assert_null (watches_next_homeless (watches, &cursor));
    note ("c", NULL, true);
    note ("c", NULL, false);
    cursor = 0;
    assert_null (watches_next_homeless (watches, &cursor));
}

/*  What is over is not kept for ever: then each node begins anew. */
static void what_is_over_is_forgotten_in_the_end (void **state)
{
    (void) state;
    char name[16], generation[ID_SIZE];
    snprintf (generation, sizeof generation, "%s", watches_generation (watches));
    note ("kept", "n1", true);
    for (int i = 0; i < 10000; i++) {
        snprintf (name, sizeof name, "s%d", i);
        note (name, "n1", true);
        note (name, "n1", false);
    }
    assert_string_not_equal (watches_generation (watches), generation);
    size_t count = 0;
    uint64_t after = 0;
    while (watches_next (watches, "n1", after, &after))
        count++;
    assert_true (count < 5000);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (a_node_is_told_of_changes_in_their_order), TEST (many_are_told_in_their_order),
        TEST (a_session_that_moves_is_told_to_both),     TEST (a_session_at_no_node_is_homeless),
        TEST (what_is_over_is_forgotten_in_the_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
