/*  Rows of sessions: lists, who sees them, what is due. Each case runs against SQLite and against memory. */
#include "both.h"

/* ---- projections ---- */

static void put_fleet (store_t *store)
{
    static baton_pair_t blue[] = {{"color", "blue"}, {"team", "hr"}}, red[] = {{"color", "red"}},
                        lookalike[] = {{"a-color", "blue"}, {"color", "blue-ish"}};
    put_row (store, (projection_t){.row = {.session = "s1",
                                           .title = "Hire Anna",
                                           .agent = "hr",
                                           .state = lifecycle_running,
                                           .cause = cause_created,
                                           .node = "n1",
                                           .driver = "claude",
                                           .labels = {2, blue}},
                                   .order = 10,
                                   .active = true,
                                   .due = 500});
    put_row (store, (projection_t){.row = {.session = "s2",
                                           .title = "Hire Bob",
                                           .agent = "hr",
                                           .state = lifecycle_sleeping,
                                           .cause = cause_created,
                                           .labels = {1, red}},
                                   .order = 20,
                                   .due = 300,
                                   .wakes = 800});
    put_row (store, (projection_t){.row = {.session = "s3",
                                           .title = "Fix 100%_done",
                                           .agent = "dev",
                                           .state = lifecycle_running,
                                           .cause = cause_created,
                                           .node = "n2",
                                           .breakpoints = 2,
                                           .labels = {2, lookalike}},
                                   .order = 30,
                                   .active = true,
                                   .due = 700,
                                   .wakes = 600});
    put_row (store, (projection_t){.row = {.session = "t4",
                                           .title = "s2",
                                           .state = lifecycle_suspended,
                                           .cause = cause_created,
                                           .breakpoints = 1},
                                   .order = 40});
}

static void a_projection_is_added_and_replaced (void **state)
{
    store_t *store = store_of (state);
    put_fleet (store);
    assert_int_equal (store_session_count (store), 4);
    put_row (store, (projection_t){.row = {.session = "s2",
                                           .title = "Hire Bobby",
                                           .state = lifecycle_terminated,
                                           .cause = cause_completed,
                                           .run = 3,
                                           .priority = 9},
                                   .order = 20});
    assert_int_equal (store_session_count (store), 4);
    store_projections_t rows = {0};
    assert_int_equal (store_find (store, "s2", 10, NULL, &rows, NULL), BATON_OK);
    assert_int_equal (rows.count, 2);
    const projection_t *row = &rows.items[0];
    assert_string_equal (row->row.title, "Hire Bobby");
    assert_int_equal (row->row.state, lifecycle_terminated);
    assert_int_equal (row->row.priority, 9);
    assert_null (row->row.agent);
    assert_int_equal (row->row.labels.count, 0);
    assert_int_equal (row->order, 20);
    assert_int_equal (row->due, 0);
    store_projections_clear (&rows);
}

static void a_list_is_newest_first_in_pages (void **state)
{
    store_t *store = store_of (state);
    put_fleet (store);
    static const struct {
        uint64_t before;
        size_t limit;
        const char *ids;
    } CASES[] = {{0, 10, "t4 s3 s2 s1"}, {0, 2, "t4 s3"}, {30, 2, "s2 s1"}, {10, 2, ""}, {11, 2, "s1"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        store_projections_t rows = {0};
        assert_int_equal (store_list (store, &(store_filter_t){0}, CASES[i].before, CASES[i].limit, &rows, NULL),
                          BATON_OK);
        assert_string_equal (ids_of (&rows), CASES[i].ids);
    }
}

static void a_list_is_filtered (void **state)
{
    store_t *store = store_of (state);
    put_fleet (store);
    static baton_pair_t blue[] = {{"color", "blue"}}, both[] = {{"color", "blue"}, {"team", "hr"}},
                        mixed[] = {{"color", "red"}, {"team", "hr"}};
    static const baton_pairs_t BLUE = {1, blue}, BOTH = {2, both}, MIXED = {2, mixed}, NONE = {0, NULL};
    static const struct {
        store_filter_t filter;
        const char *ids;
    } CASES[] = {
        {{.state = lifecycle_running}, "s3 s1"},
        {{.state = lifecycle_terminated}, ""},
        {{.agent = "hr"}, "s2 s1"},
        {{.agent = ""}, "t4 s3 s2 s1"},
        {{.node = "n2"}, "s3"},
        {{.match = "HIRE"}, "s2 s1"},
        {{.match = "%"}, "s3"},
        {{.match = "0%_"}, "s3"},
        {{.match = ""}, "t4 s3 s2 s1"},
        {{.match = "S2"}, "t4 s2"}, /*  a title, and an id */
        {{.match = "N2"}, "s3"},
        {{.match = "DEV"}, "s3"},
        {{.match = "team=hr"}, "s1"},
        {{.driver = "claude"}, "s1"},
        {{.driver = ""}, "t4 s3 s2 s1"},
        {{.labels = &BLUE}, "s1"},
        {{.labels = &BOTH}, "s1"},
        {{.labels = &MIXED}, ""},
        {{.labels = &NONE}, "t4 s3 s2 s1"},
        {{.active = true}, "s3 s1"},
        {{.open_breakpoints = true}, "t4 s3"},
        {{.active = true, .open_breakpoints = true}, "s3"},
        {{.active = true, .agent = "hr", .match = "anna"}, "s1"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        store_projections_t rows = {0};
        assert_int_equal (store_list (store, &CASES[i].filter, 0, 10, &rows, NULL), BATON_OK);
        assert_string_equal (ids_of (&rows), CASES[i].ids);
    }
}

static void a_session_is_found_by_prefix_or_title (void **state)
{
    store_t *store = store_of (state);
    put_fleet (store);
    static const struct {
        const char *ref;
        size_t limit;
        const char *ids;
    } CASES[] = {
        {"s1", 10, "s1"},   {"s", 10, "s1 s2 s3"},  {"s", 2, "s1 s2"},    {"s2", 10, "s2 t4"}, {"s22", 10, ""},
        {"s2", 1, "s2 t4"}, {"Hire Bob", 10, "s2"}, {"hire bob", 10, ""}, {"t%", 10, ""},      {"Hire", 10, ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        store_projections_t rows = {0};
        assert_int_equal (store_find (store, CASES[i].ref, CASES[i].limit, NULL, &rows, NULL), BATON_OK);
        assert_string_equal (ids_of (&rows), CASES[i].ids);
    }
}

/* ---- who sees what ---- */

#define SHARED_MOST 120

/*  Every fifth has no audience; the others are the site's or not, ada's or eve's, and shared with one of them or a
 * team. */
static void put_shared (store_t *store)
{
    for (uint64_t i = 0; i < SHARED_MOST; i++) {
        char id[16];
        snprintf (id, sizeof id, "x%03d", (int) i);
        grant_t grant = {.who = (char *) (i % 2 ? "eve" : "team:a"), .team = i % 2 ? 0 : 7, .access = access_view};
        projection_t row = {.row = {.session = id,
                                    .title = (char *) "Same",
                                    .state = lifecycle_suspended,
                                    .cause = cause_created,
                                    .breakpoints = i % 7 == 0},
                            .order = i + 1};
        if (i % 5 > 0)
            row.audience = (audience_t){.owner = (char *) (i % 3 ? "ada" : "eve"),
                                        .visibility = i % 4 < 2 ? visibility_shared : visibility_site,
                                        .shares = {i % 6 < 3, &grant}};
        put_row (store, row);
    }
}

/*  The same pages as from looking at each row, each but the last full. */
static void check_pages (store_t *store, const viewer_t *viewer, bool open)
{
    store_projections_t all = {0};
    store_filter_t whole = {.open_breakpoints = open}, filter = {.open_breakpoints = open, .viewer = viewer};
    assert_int_equal (store_list (store, &whole, 0, SHARED_MOST, &all, NULL), BATON_OK);
    uint64_t before = 0;
    size_t seen = 0;
    for (size_t at = 0; at < all.count;) {
        store_projections_t page = {0};
        assert_int_equal (store_list (store, &filter, before, 7, &page, NULL), BATON_OK);
        for (size_t i = 0; i < page.count; i++, at++, seen++) {
            while (at < all.count && access_of (viewer, &all.items[at].audience) == access_none)
                at++;
            assert_true (at < all.count);
            assert_string_equal (page.items[i].row.session, all.items[at].row.session);
            before = page.items[i].order;
        }
        bool last = page.count < 7;
        store_projections_clear (&page);
        if (last)
            break;
    }
    size_t due = 0;
    for (size_t i = 0; i < all.count; i++) {
        bool shown = true, may = access_of (viewer, &all.items[i].audience) >= access_view;
        assert_int_equal (store_shows (store, all.items[i].row.session, viewer, &shown, NULL), BATON_OK);
        assert_int_equal (shown, may);
        due += may;
    }
    assert_int_equal (seen, due);
    store_projections_clear (&all);
}

static void a_viewer_is_shown_what_they_may_view (void **state)
{
    store_t *store = store_of (state);
    put_shared (store);
    for (size_t i = 0; i < sizeof VIEWERS / sizeof *VIEWERS; i++) {
        check_pages (store, &VIEWERS[i], false);
        check_pages (store, &VIEWERS[i], true);
        bool shown = true;
        assert_int_equal (store_shows (store, "nowhere", &VIEWERS[i], &shown, NULL), BATON_OK);
        assert_false (shown);
    }
}

/*  What somebody may not view takes no place among what is found. */
static void a_viewer_finds_what_they_may_view (void **state)
{
    store_t *store = store_of (state);
    put_shared (store);
    for (size_t i = 0; i < sizeof VIEWERS / sizeof *VIEWERS; i++) {
        store_projections_t by_title = {0}, by_prefix = {0}, all = {0};
        assert_int_equal (store_list (store, &(store_filter_t){.viewer = &VIEWERS[i]}, 0, SHARED_MOST, &all, NULL),
                          BATON_OK);
        size_t due = all.count < 10 ? all.count : 10;
        assert_int_equal (store_find (store, "Same", 10, &VIEWERS[i], &by_title, NULL), BATON_OK);
        assert_int_equal (store_find (store, "x", 10, &VIEWERS[i], &by_prefix, NULL), BATON_OK);
        assert_int_equal (by_title.count, due);
        assert_int_equal (by_prefix.count, due);
        for (size_t k = 0; k < due; k++)
            assert_true (access_of (&VIEWERS[i], &by_title.items[k].audience) >= access_view);
        store_projections_clear (&all);
        store_projections_clear (&by_title);
        store_projections_clear (&by_prefix);
    }
}

/*  A right that is given or taken back with a new projection. */
static void an_audience_is_replaced (void **state)
{
    store_t *store = store_of (state);
    grant_t grant = {.who = (char *) "bob", .access = access_view};
    projection_t row = {
        .row = {.session = (char *) "s", .title = (char *) "T", .state = lifecycle_suspended, .cause = cause_created},
        .order = 1};
    const viewer_t bob = {.name = "bob", .role = role_guest};
    for (int i = 0; i < 4; i++) {
        bool shown = i % 2 == 0;
        row.audience = (audience_t){.owner = (char *) "ada", .shares = {i % 2 == 1, &grant}};
        put_row (store, row);
        assert_int_equal (store_shows (store, "s", &bob, &shown, NULL), BATON_OK);
        assert_int_equal (shown, i % 2);
    }
}

static void what_is_due_comes_earliest_first (void **state)
{
    store_t *store = store_of (state);
    put_fleet (store);
    static const struct {
        store_time_t which;
        uint64_t now;
        size_t limit;
        const char *ids;
    } CASES[] = {{STORE_DUE, 299, 10, ""},          {STORE_DUE, 300, 10, "s2"},      {STORE_DUE, 699, 10, "s2 s1"},
                 {STORE_DUE, 9999, 10, "s2 s1 s3"}, {STORE_DUE, 9999, 2, "s2 s1"},   {STORE_WAKES, 599, 10, ""},
                 {STORE_WAKES, 600, 10, "s3"},      {STORE_WAKES, 9999, 10, "s3 s2"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        store_projections_t rows = {0};
        uint64_t next = 0;
        assert_int_equal (store_due (store, CASES[i].which, CASES[i].now, CASES[i].limit, &rows, &next, NULL),
                          BATON_OK);
        assert_string_equal (ids_of (&rows), CASES[i].ids);
        assert_int_equal (next, CASES[i].which == STORE_DUE ? 300 : 600);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        BOTH (a_projection_is_added_and_replaced),
        BOTH (a_list_is_newest_first_in_pages),
        BOTH (a_list_is_filtered),
        BOTH (a_session_is_found_by_prefix_or_title),
        BOTH (a_viewer_is_shown_what_they_may_view),
        BOTH (a_viewer_finds_what_they_may_view),
        BOTH (an_audience_is_replaced),
        BOTH (what_is_due_comes_earliest_first),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
