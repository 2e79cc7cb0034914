/*  What every store does: each case runs against SQLite and against memory. */
#include "both.h"

#include "id.h"

/* ---- journals ---- */

static void an_empty_store_has_nothing (void **state)
{
    store_t *store = store_of (state);
    baton_bytes_t bytes = {0};
    store_reads_t reads = {0};
    store_projections_t rows = {0};
    uint64_t number = 7;
    char payload[DIGEST_SIZE];
    baton_error_t error = {0};
    assert_int_equal (store_head (store), 0);
    assert_int_equal (store_session_count (store), 0);
    assert_int_equal (store_load (store, "a", &bytes, &number, &reads, &error), BATON_not_found);
    assert_int_equal (error.reason, BATON_REASON_no_such_session);
    assert_int_equal (number, 7);
    assert_int_equal (store_history (store, "a", 0, 10, &reads, NULL), BATON_OK);
    assert_int_equal (reads.count, 0);
    assert_int_equal (store_log (store, 0, event_class_none, 10, &reads, &number, NULL), BATON_OK);
    assert_int_equal (reads.count, 0);
    assert_int_equal (number, 0);
    assert_int_equal (store_list (store, &(store_filter_t){0}, 0, 10, &rows, NULL), BATON_OK);
    assert_int_equal (rows.count, 0);
    assert_int_equal (store_find (store, "a", 10, NULL, &rows, NULL), BATON_OK);
    assert_int_equal (rows.count, 0);
    assert_int_equal (store_due (store, STORE_DUE, 1000, 10, &rows, &number, NULL), BATON_OK);
    assert_int_equal (rows.count, 0);
    assert_int_equal (number, 0);
    assert_int_equal (store_answer (store, "ann", "k", payload, &bytes, &error), BATON_not_found);
    assert_int_equal (store_blob (store, "d", &bytes, &error), BATON_not_found);
    assert_int_equal (error.reason, BATON_REASON_no_such_artifact);
}

static void events_are_read_by_session_and_by_seq (void **state)
{
    store_t *store = store_of (state);
    static const struct {
        const char *session;
        uint64_t n;
    } EVENTS_PUT[] = {{"a", 1}, {"b", 1}, {"a", 2}, {"a", 3}, {"b", 2}};
    store_event_t events[5];
    char texts[5][FIXTURE_TEXT];
    for (size_t i = 0; i < 5; i++) {
        fixture_text (EVENTS_PUT[i].session, EVENTS_PUT[i].n, texts[i]);
        events[i] =
            (store_event_t){EVENTS_PUT[i].session, i + 1, EVENTS_PUT[i].n, event_class_run, fixture_bytes (texts[i])};
    }
    fixture_commit (store, &(store_batch_t){.events = events, .event_count = 3});
    fixture_commit (store, &(store_batch_t){.events = events + 3, .event_count = 2});
    assert_int_equal (store_head (store), 5);
    fixture_check_journal (store, "a", 3, 2);
    fixture_check_journal (store, "b", 2, 10);
    store_reads_t reads = {0};
    uint64_t last = 0;
    assert_int_equal (store_log (store, 1, event_class_none, 3, &reads, &last, NULL), BATON_OK);
    assert_int_equal (reads.count, 3);
    assert_int_equal (last, 4);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal (reads.items[i].seq, i + 2);
        fixture_check_read (&reads.items[i], EVENTS_PUT[i + 1].session, EVENTS_PUT[i + 1].n);
    }
    store_reads_clear (&reads);
}

static void a_batch_that_does_not_go_on_is_refused (void **state)
{
    store_t *store = store_of (state);
    fixture_put (store, "a", 1, event_class_run);
    store_event_t events[] = {{"a", 2, 2, event_class_run, {0}}, {"a", 4, 3, event_class_run, {0}}};
    baton_error_t error = {0};
    assert_int_equal (store_commit (store, &(store_batch_t){.events = events, .event_count = 2}, &error),
                      BATON_internal);
    assert_int_equal (error.reason, BATON_REASON_bug);
    assert_int_equal (store_head (store), 1);
    fixture_check_journal (store, "a", 1, 10);
}

static void a_page_is_bounded_in_bytes_but_never_empty (void **state)
{
    store_t *store = store_of (state);
    static uint8_t large[LIMIT_PAGE_BYTES / 2], huge[LIMIT_PAGE_BYTES + 1];
    store_event_t events[] = {
        {"a", 1, 1, event_class_context, {sizeof large, large}},
        {"a", 2, 2, event_class_context, {sizeof large, large}},
        {"a", 3, 3, event_class_context, {1, large}},
        {"a", 4, 4, event_class_context, {sizeof huge, huge}},
    };
    fixture_commit (store, &(store_batch_t){.events = events, .event_count = 4});
    static const struct {
        uint64_t after;
        size_t count;
    } CASES[] = {{0, 2}, {1, 2}, {2, 1}, {3, 1}, {4, 0}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        store_reads_t reads = {0}, log = {0};
        uint64_t last = 0;
        assert_int_equal (store_history (store, "a", CASES[i].after, LIMIT_PAGE, &reads, NULL), BATON_OK);
        assert_int_equal (reads.count, CASES[i].count);
        assert_int_equal (store_log (store, CASES[i].after, event_class_none, LIMIT_PAGE, &log, &last, NULL), BATON_OK);
        assert_int_equal (log.count, CASES[i].count);
        assert_int_equal (last, CASES[i].after + CASES[i].count);
        store_reads_clear (&reads);
        store_reads_clear (&log);
    }
}

static void the_log_is_read_by_class (void **state)
{
    store_t *store = store_of (state);
    for (uint64_t n = 1; n <= 9; n++)
        fixture_put (store, "a", n, n % 3 == 0 ? event_class_message : event_class_run);
    static const struct {
        uint64_t after;
        event_class_e class;
        size_t limit, count;
        uint64_t first, last;
    } CASES[] = {
        {0, event_class_message, 10, 3, 3, 9}, {3, event_class_message, 10, 2, 6, 9},
        {0, event_class_message, 1, 1, 3, 3},  {0, event_class_node, 10, 0, 0, 9},
        {9, event_class_run, 10, 0, 0, 9},     {20, event_class_none, 10, 0, 0, 20},
        {6, event_class_run, 2, 2, 7, 8},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        store_reads_t reads = {0};
        uint64_t last = 0;
        assert_int_equal (store_log (store, CASES[i].after, CASES[i].class, CASES[i].limit, &reads, &last, NULL),
                          BATON_OK);
        assert_int_equal (reads.count, CASES[i].count);
        if (reads.count > 0)
            assert_int_equal (reads.items[0].seq, CASES[i].first);
        assert_int_equal (last, CASES[i].last);
        store_reads_clear (&reads);
    }
}

/*  However rare the class, one call looks at a bounded part of the log and says how far it came. */
static void a_rare_class_is_found_in_several_calls (void **state)
{
    store_t *store = store_of (state);
    enum { ROUNDS = 100, EACH = 256 };
    for (uint64_t round = 0; round < ROUNDS; round++) {
        store_event_t events[EACH];
        for (uint64_t i = 0; i < EACH; i++)
            events[i] = (store_event_t){"a", round * EACH + i + 1, round * EACH + i + 1, event_class_run, {0}};
        if (round == ROUNDS - 1)
            events[EACH - 1].class = event_class_node;
        fixture_commit (store, &(store_batch_t){.events = events, .event_count = EACH});
    }
    uint64_t after = 0;
    size_t calls = 0, found = 0;
    for (; after < store_head (store); calls++) {
        store_reads_t reads = {0};
        uint64_t last = 0;
        assert_int_equal (store_log (store, after, event_class_node, 10, &reads, &last, NULL), BATON_OK);
        assert_true (last > after);
        found += reads.count;
        after = last;
        store_reads_clear (&reads);
    }
    assert_int_equal (found, 1);
    assert_int_equal (calls, 2);
}

/* ---- snapshots ---- */

static void put_snapshot (store_t *store, const char *session, uint64_t n, const char *text)
{
    store_snapshot_t snapshot = {session, n, fixture_bytes (text)};
    fixture_commit (store, &(store_batch_t){.snapshots = &snapshot, .snapshot_count = 1});
}

static void check_load (store_t *store, const char *session, uint64_t n, const char *text, size_t tail)
{
    baton_bytes_t snapshot = {0};
    store_reads_t reads = {0};
    uint64_t got_n = 99;
    assert_int_equal (store_load (store, session, &snapshot, &got_n, &reads, NULL), BATON_OK);
    assert_int_equal (got_n, n);
    assert_int_equal (snapshot.size, strlen (text));
    if (snapshot.size > 0)
        assert_memory_equal (snapshot.data, text, strlen (text));
    assert_int_equal (reads.count, tail);
    for (size_t i = 0; i < tail; i++)
        fixture_check_read (&reads.items[i], session, n + 1 + i);
    bytes_clear (&snapshot);
    store_reads_clear (&reads);
}

static void a_load_gives_the_newest_snapshot_and_what_came_after (void **state)
{
    store_t *store = store_of (state);
    for (uint64_t n = 1; n <= 4; n++)
        fixture_put (store, "a", n, event_class_run);
    check_load (store, "a", 0, "", 4);
    put_snapshot (store, "a", 3, "three");
    check_load (store, "a", 3, "three", 1);
    put_snapshot (store, "a", 2, "two comes late");
    check_load (store, "a", 3, "three", 1);
    put_snapshot (store, "a", 4, "four");
    check_load (store, "a", 4, "four", 0);
    fixture_put (store, "a", 5, event_class_run);
    check_load (store, "a", 4, "four", 1);
    put_snapshot (store, "only a snapshot", 8, "eight");
    check_load (store, "only a snapshot", 8, "eight", 0);
}

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

/* ---- answers and blobs ---- */

static void put_answer (store_t *store, const char *actor, const char *key, uint64_t at, const char *reply)
{
    store_answer_t answer = {actor, key, "digest of the request", at, fixture_bytes (reply)};
    fixture_commit (store, &(store_batch_t){.answers = &answer, .answer_count = 1});
}

/*  reply NULL: there is none. */
static void check_answer (store_t *store, const char *actor, const char *key, const char *reply)
{
    char payload[DIGEST_SIZE] = "untouched";
    baton_bytes_t got = {0};
    baton_status status = store_answer (store, actor, key, payload, &got, NULL);
    if (!reply) {
        assert_int_equal (status, BATON_not_found);
        assert_string_equal (payload, "untouched");
        return;
    }
    assert_int_equal (status, BATON_OK);
    assert_string_equal (payload, "digest of the request");
    assert_int_equal (got.size, strlen (reply));
    assert_memory_equal (got.data, reply, strlen (reply));
    bytes_clear (&got);
}

static void an_answer_is_kept_until_it_is_forgotten (void **state)
{
    store_t *store = store_of (state);
    put_answer (store, "ann", "k1", 100, "one");
    fixture_put (store, "a", 1, event_class_run);
    put_answer (store, "bob", "k1", 200, "two");
    put_answer (store, "ann", "k2", 300, "three");
    check_answer (store, "ann", "k1", "one");
    check_answer (store, "bob", "k1", "two");
    check_answer (store, "ann", "k2", "three");
    check_answer (store, "bob", "k2", NULL);
    check_answer (store, "annk", "1", NULL);
    assert_int_equal (store_forget_answers (store, 200, NULL), BATON_OK);
    check_answer (store, "ann", "k1", NULL);
    check_answer (store, "bob", "k1", "two");
    put_answer (store, "ann", "k1", 400, "one again");
    check_answer (store, "ann", "k1", "one again");
    fixture_check_log (store);
    assert_int_equal (store_head (store), 1);
}

static void a_blob_is_kept_by_its_digest (void **state)
{
    store_t *store = store_of (state);
    store_blob_t blobs[] = {{.digest = "d1", .content = fixture_bytes ("content")},
                            {.digest = "d2"},
                            {.digest = "d1", .content = fixture_bytes ("ignored")}};
    fixture_commit (store, &(store_batch_t){.blobs = blobs, .blob_count = 3});
    baton_bytes_t content = {0};
    assert_int_equal (store_blob (store, "d1", &content, NULL), BATON_OK);
    assert_int_equal (content.size, 7);
    assert_memory_equal (content.data, "content", 7);
    bytes_clear (&content);
    assert_int_equal (store_blob (store, "d2", &content, NULL), BATON_OK);
    assert_int_equal (content.size, 0);
    bytes_clear (&content);
    assert_int_equal (store_blob (store, "d3", &content, NULL), BATON_not_found);
}

static void check_staged (store_t *store, uint64_t count, uint64_t bytes)
{
    uint64_t found = 99, size = 99;
    assert_int_equal (store_staged (store, NULL, &found, &size, NULL), BATON_OK);
    assert_int_equal (found, count);
    assert_int_equal (size, bytes);
}

static void check_blobs (store_t *store, const char *there)
{
    for (const char *digest = "abcdef"; *digest; digest++) {
        bool has = false;
        assert_int_equal (store_has_blob (store, (char[]){*digest, '\0'}, &has, NULL), BATON_OK);
        assert_int_equal (has, strchr (there, *digest) != NULL);
    }
}

static void sweep (store_t *store, uint64_t before)
{
    for (bool more = true; more;)
        assert_int_equal (store_forget_staged (store, before, &more, NULL), BATON_OK);
}

static void hold (store_t *store, store_hold_t wanted)
{
    fixture_commit (store, &(store_batch_t){.holds = &wanted, .hold_count = 1});
}

static void stage (store_t *store, const char *digest, const char *owner, const char *name, uint64_t at)
{
    store_blob_t blob = {digest, fixture_bytes ("page"), at, {owner, name}, NULL};
    fixture_commit (store, &(store_batch_t){.blobs = &blob, .blob_count = 1});
}

/*  Whichever way a store keeps them. */
static void large_blobs_are_as_small_ones (void **state)
{
    store_t *store = store_of (state);
    static uint8_t content[4][300000];
    uint64_t random = 88172645463325252u; /*  xorshift64 (Marsaglia 2003): it doesn't shrink */
    for (size_t i = 0; i < sizeof content; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        content[i / sizeof *content][i % sizeof *content] = (uint8_t) random;
    }
    store_blob_t blobs[] = {{"a", {sizeof *content, content[0]}, 10, {"ada", "1"}, NULL},
                            {"b", {sizeof *content, content[1]}, 0, {0}, NULL},
                            {"c", {sizeof *content, content[2]}, 10, {"eve", "1"}, NULL},
                            {"d", {sizeof *content, content[3]}, 10, {"ada", "1"}, NULL}};
    fixture_commit (store, &(store_batch_t){.blobs = blobs, .blob_count = 4});
    check_staged (store, 3, 3 * sizeof *content);
    hold (store, (store_hold_t){STORE_HOLD_keep, "a", {0}, NULL});
    hold (store, (store_hold_t){STORE_HOLD_release, NULL, {"eve", "1"}, NULL});
    sweep (store, 5);
    check_blobs (store, "abd");
    sweep (store, 20);
    check_blobs (store, "ab");
    for (size_t i = 0; i < 2; i++) {
        baton_bytes_t found = {0};
        assert_int_equal (store_blob (store, blobs[i].digest, &found, NULL), BATON_OK);
        assert_int_equal (found.size, sizeof *content);
        assert_memory_equal (found.data, content[i], sizeof *content);
        bytes_clear (&found);
    }
    baton_bytes_t found = {0};
    assert_int_equal (store_blob (store, "c", &found, NULL), BATON_not_found);
}

static void a_staged_blob_is_forgotten_unless_something_refers_to_it (void **state)
{
    store_t *store = store_of (state);
    const store_holder_t ada = {"ada", "1"}, eve = {"eve", "1"};
    store_blob_t blobs[] = {
        {"a", fixture_bytes ("kept"), 0, {0}, NULL},     {"b", fixture_bytes ("old"), 10, ada, NULL},
        {"c", fixture_bytes ("adopted"), 10, ada, NULL}, {"d", fixture_bytes ("spent"), 10, eve, NULL},
        {"e", fixture_bytes ("later"), 10, ada, NULL},   {"f", fixture_bytes ("new"), 20, ada, NULL},
        {"a", fixture_bytes ("kept"), 10, eve, NULL}};
    fixture_commit (store, &(store_batch_t){.blobs = blobs, .blob_count = 7});
    check_staged (store, 5, strlen ("oldadoptedspentlaternew"));
    store_blob_t put = {"e", fixture_bytes ("later"), 0, {0}, NULL};
    store_hold_t holds[] = {{STORE_HOLD_keep, "c", {0}, NULL}, {STORE_HOLD_release, NULL, eve, NULL}};
    fixture_commit (store, &(store_batch_t){.blobs = &put, .blob_count = 1, .holds = holds, .hold_count = 2});
    check_staged (store, 2, strlen ("oldnew"));
    sweep (store, 5);
    check_blobs (store, "abcef");
    sweep (store, 20);
    check_staged (store, 1, strlen ("new"));
    check_blobs (store, "acef");
}

/*  Two bring the same content: neither takes it from the other, and each has a share of its own. */
static void a_staged_blob_stays_for_all_who_put_it (void **state)
{
    store_t *store = store_of (state);
    uint64_t count = 0, bytes = 0;
    stage (store, "a", "ada", "1", 10);
    stage (store, "a", "ada", "1", 10); /*  asked again */
    stage (store, "a", "ada", "2", 10);
    stage (store, "a", "eve", "1", 20);
    check_staged (store, 3, 3 * strlen ("page"));
    assert_int_equal (store_staged (store, "eve", &count, &bytes, NULL), BATON_OK);
    assert_int_equal (count, 1);
    assert_int_equal (bytes, strlen ("page"));
    hold (store, (store_hold_t){STORE_HOLD_release, NULL, {"ada", "1"}, NULL});
    sweep (store, 5);
    check_staged (store, 2, 2 * strlen ("page"));
    sweep (store, 15);
    check_staged (store, 1, strlen ("page"));
    check_blobs (store, "a");
    hold (store, (store_hold_t){STORE_HOLD_release, NULL, {"eve", NULL}, NULL});
    sweep (store, 5);
    check_blobs (store, "");
    check_staged (store, 0, 0);
}

/*  A session holds what came with it, without an age and without a share, until it has no more need of it. */
static void a_blob_that_sessions_hold_goes_with_the_last_of_them (void **state)
{
    store_t *store = store_of (state);
    stage (store, "a", "ada", "1", 10);
    stage (store, "b", "ada", "1", 0); /*  an artifact, too */
    store_hold_t holds[] = {{STORE_HOLD_add, "a", {"", "s.7"}, NULL},
                            {STORE_HOLD_add, "b", {"", "s.7"}, NULL},
                            {STORE_HOLD_release, NULL, {"ada", "1"}, NULL},
                            {STORE_HOLD_share, NULL, {"", "fork.7"}, "s.7"},
                            {STORE_HOLD_release, NULL, {"", "s.7"}, NULL}};
    fixture_commit (store, &(store_batch_t){.holds = holds, .hold_count = 5});
    check_staged (store, 0, 0);
    sweep (store, 1000);
    check_blobs (store, "ab");
    hold (store, (store_hold_t){STORE_HOLD_release, NULL, {"", "fork.7"}, NULL});
    sweep (store, 1000);
    check_blobs (store, "b");
}

/*  A sweep is done in steps, so that nobody waits for all of it. */
static void many_blobs_are_swept_one_after_another (void **state)
{
    store_t *store = store_of (state);
    char digest[8];
    for (int i = 0; i < 40; i++) {
        snprintf (digest, sizeof digest, "n%d", i);
        stage (store, digest, "ada", "1", 10);
    }
    stage (store, "a", "ada", "2", 10);
    hold (store, (store_hold_t){STORE_HOLD_release, NULL, {"ada", "1"}, NULL});
    check_staged (store, 1, strlen ("page"));
    sweep (store, 5);
    for (int i = 0; i < 40; i++) {
        bool has = true;
        snprintf (digest, sizeof digest, "n%d", i);
        assert_int_equal (store_has_blob (store, digest, &has, NULL), BATON_OK);
        assert_false (has);
    }
    check_blobs (store, "a");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        BOTH (an_empty_store_has_nothing),
        BOTH (events_are_read_by_session_and_by_seq),
        BOTH (a_batch_that_does_not_go_on_is_refused),
        BOTH (a_page_is_bounded_in_bytes_but_never_empty),
        BOTH (the_log_is_read_by_class),
        BOTH (a_rare_class_is_found_in_several_calls),
        BOTH (a_load_gives_the_newest_snapshot_and_what_came_after),
        BOTH (a_projection_is_added_and_replaced),
        BOTH (a_list_is_newest_first_in_pages),
        BOTH (a_list_is_filtered),
        BOTH (a_session_is_found_by_prefix_or_title),
        BOTH (a_viewer_is_shown_what_they_may_view),
        BOTH (a_viewer_finds_what_they_may_view),
        BOTH (an_audience_is_replaced),
        BOTH (what_is_due_comes_earliest_first),
        BOTH (an_answer_is_kept_until_it_is_forgotten),
        BOTH (a_blob_is_kept_by_its_digest),
        BOTH (large_blobs_are_as_small_ones),
        BOTH (a_staged_blob_is_forgotten_unless_something_refers_to_it),
        BOTH (a_staged_blob_stays_for_all_who_put_it),
        BOTH (a_blob_that_sessions_hold_goes_with_the_last_of_them),
        BOTH (many_blobs_are_swept_one_after_another),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
