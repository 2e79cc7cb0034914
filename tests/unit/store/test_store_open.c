/*  Open breakpoints in lists, and which rows may lag: each case runs against SQLite and against memory. */
#include "both.h"

#define MANY 60

/*  Sessions x00, x01, …: the odd ones ask once, the even ones twice, each third with a deadline. Two of three have an
 *  audience: shared with eve, or ada's own. */
static void put_open (store_t *store, size_t i)
{
    char id[16];
    snprintf (id, sizeof id, "x%02zu", i);
    grant_t grant = {.who = (char *) "eve", .access = access_view};
    open_breakpoint_t open[2] = {{1, 1000 + i * 7 % 10, i % 3 == 0 ? 5000 - i : 0}, {4, 2000 - i, 0}};
    projection_t row = {
        .row = {.session = id, .title = (char *) "T", .state = lifecycle_suspended, .cause = cause_created},
        .order = i + 1,
        .open = {i % 2 ? 1 : 2, open}};
    row.row.breakpoints = row.open.count;
    if (i % 3 > 0)
        row.audience = (audience_t){.owner = (char *) "ada",
                                    .visibility = i % 2 ? visibility_shared : visibility_site,
                                    .shares = {i % 5 == 0, &grant}};
    put_row (store, row);
}

static bool sees (store_t *store, const char *session, const viewer_t *viewer)
{
    bool shown = false;
    assert_int_equal (store_shows (store, session, viewer, &shown, NULL), BATON_OK);
    return shown;
}

/*  All that the viewer sees, in pages of that size: in order, each once, and none that isn't theirs. */
static size_t walk_open (store_t *store, breakpoint_order_e order, const viewer_t *viewer, size_t limit)
{
    store_place_t after = {0};
    size_t count = 0;
    for (bool more = true; more;) {
        store_places_t page = {0};
        assert_int_equal (store_open_breakpoints (store, order, &after, limit, viewer, &page, NULL), BATON_OK);
        assert_true (page.count <= limit);
        for (size_t i = 0; i < page.count; i++, count++) {
            assert_true (store_place_compare (&page.items[i], &after) > 0);
            assert_true (sees (store, page.items[i].session, viewer));
            after = page.items[i];
        }
        more = page.count == limit;
        free (page.items);
    }
    return count;
}

static void open_breakpoints_are_listed_in_both_orders_to_who_may_see_them (void **state)
{
    store_t *store = store_of (state);
    for (size_t i = 0; i < MANY; i++)
        put_open (store, i);
    for (size_t v = 0; v < sizeof VIEWERS / sizeof *VIEWERS; v++) {
        size_t due = 0;
        for (size_t i = 0; i < MANY; i++) {
            char id[16];
            snprintf (id, sizeof id, "x%02zu", i);
            due += sees (store, id, &VIEWERS[v]) ? (i % 2 ? 1 : 2) : 0;
        }
        for (size_t limit = 1; limit < 40; limit += 6) {
            assert_int_equal (walk_open (store, breakpoint_order_oldest, &VIEWERS[v], limit), due);
            assert_int_equal (walk_open (store, breakpoint_order_urgent, &VIEWERS[v], limit), due);
        }
    }
    store_places_t page = {0};
    assert_int_equal (
        store_open_breakpoints (store, breakpoint_order_urgent, &(store_place_t){0}, 1, NULL, &page, NULL), BATON_OK);
    assert_string_equal (page.items[0].session, "x57"); /*  the first deadline */
    assert_int_equal (page.items[0].first, 5000 - 57);
    free (page.items);
}

static void a_row_replaces_what_its_session_asked (void **state)
{
    store_t *store = store_of (state);
    const viewer_t bob = {.name = "bob", .role = role_guest};
    grant_t grant = {.who = (char *) "bob", .access = access_view};
    open_breakpoint_t open[] = {{1, 10, 0}, {2, 20, 0}};
    projection_t row = {
        .row = {.session = (char *) "s", .title = (char *) "T", .state = lifecycle_suspended, .cause = cause_created},
        .order = 1};
    static const struct {
        size_t open;
        bool shared;
        size_t all, bobs;
    } STEPS[] = {{2, false, 2, 0}, {2, true, 2, 2}, {1, true, 1, 1},
                 {1, false, 1, 0}, {0, true, 0, 0}, {2, true, 2, 2}};
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++) {
        row.open.count = row.row.breakpoints = STEPS[i].open;
        row.open.items = open;
        row.audience = (audience_t){.owner = (char *) "ada", .shares = {STEPS[i].shared, &grant}};
        put_row (store, row);
        assert_int_equal (walk_open (store, breakpoint_order_oldest, NULL, 10), STEPS[i].all);
        assert_int_equal (walk_open (store, breakpoint_order_urgent, &bob, 10), STEPS[i].bobs);
    }
}

static void check_stale (store_t *store, const char *due)
{
    char found[64] = "";
    baton_texts_t sessions = {0};
    assert_int_equal (store_stale (store, &sessions, NULL), BATON_OK);
    for (size_t i = 0; i < sessions.count; i++)
        if (!strstr (found, sessions.items[i]))
            strncat (found, sessions.items[i], 8);
    texts_clear (&sessions);
    assert_string_equal (found, due);
}

static void rows_may_lag_behind_what_was_written_down (void **state)
{
    store_t *store = store_of (state);
    assert_int_equal (store_shown (store), 0);
    check_stale (store, "");
    fixture_put (store, "a", 1, event_class_lifecycle);
    fixture_put (store, "b", 1, event_class_lifecycle);
    fixture_put (store, "c", 1, event_class_lifecycle);
    check_stale (store, "abc");
    fixture_commit (store, &(store_batch_t){.shown = 2});
    assert_int_equal (store_shown (store), 2);
    check_stale (store, "c");
    fixture_commit (store, &(store_batch_t){.shown = 3});
    check_stale (store, "");
    fixture_put (store, "b", 2, event_class_lifecycle);
    assert_int_equal (store_shown (store), 3);
    check_stale (store, "b");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        BOTH (open_breakpoints_are_listed_in_both_orders_to_who_may_see_them),
        BOTH (a_row_replaces_what_its_session_asked),
        BOTH (rows_may_lag_behind_what_was_written_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
