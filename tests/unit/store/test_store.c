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
        assert_int_equal (store_has_blob (store, NULL, (char[]){*digest, '\0'}, &has, NULL), BATON_OK);
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
    check_staged (store, 6, strlen ("oldadoptedspentlaternewkept"));
    store_blob_t put = {"e", fixture_bytes ("later"), 0, {0}, NULL};
    store_hold_t holds[] = {{STORE_HOLD_keep, "c", {0}, NULL}, {STORE_HOLD_release, NULL, eve, NULL}};
    fixture_commit (store, &(store_batch_t){.blobs = &put, .blob_count = 1, .holds = holds, .hold_count = 2});
    check_staged (store, 4, strlen ("oldadoptedlaternew"));
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

static bool has_put (store_t *store, const char *owner, const char *digest)
{
    bool has = false;
    assert_int_equal (store_has_blob (store, owner, digest, &has, NULL), BATON_OK);
    return has;
}

/*  Who has put what the site has already is known, too, for as long as nothing ends it; and the content outlasts that.
 */
static void a_kept_blob_says_who_has_put_it (void **state)
{
    store_t *store = store_of (state);
    stage (store, "a", "ada", "kept", 10);
    stage (store, "a", "eve", "1", 10);
    assert_true (has_put (store, "ada", "a") && has_put (store, "eve", "a") && !has_put (store, "bob", "a"));
    hold (store, (store_hold_t){STORE_HOLD_keep, "a", {0}, NULL});
    hold (store, (store_hold_t){STORE_HOLD_release, NULL, {"ada", "kept"}, NULL});
    sweep (store, 5);
    assert_true (!has_put (store, "ada", "a") && has_put (store, "eve", "a"));
    for (int i = 0; i < 20; i++)
        stage (store, "a", "ada", (char[]){(char) ('a' + i), '\0'}, 10);
    sweep (store, 1000);
    check_staged (store, 0, 0);
    check_blobs (store, "a");
    stage (store, "a", "ada", "kept", 10);
    assert_true (has_put (store, "ada", "a"));
    hold (store, (store_hold_t){STORE_HOLD_release, NULL, {"ada", NULL}, NULL});
    sweep (store, 1000);
    assert_false (has_put (store, "ada", "a"));
    check_blobs (store, "a");
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
        assert_int_equal (store_has_blob (store, NULL, digest, &has, NULL), BATON_OK);
        assert_false (has);
    }
    check_blobs (store, "a");
}

static void what_there_is_can_be_counted (void **state)
{
    store_t *store = store_of (state);
    store_counts_t counts = {.oldest = 9};
    assert_int_equal (store_count (store, 100, &counts, NULL), BATON_OK);
    assert_int_equal (counts.oldest + counts.sessions[lifecycle_running] + counts.open[0], 0);
    open_breakpoint_t open[] = {{1, 5000, 0}, {2, 86404999, 0}, {3, 86405000 - 3600000, 0}, {4, 86405000 - 300000, 0}};
    projection_t rows[3] = {{.order = 1, .row = {.session = "a", .title = "A", .state = lifecycle_running}},
                            {.order = 2, .row = {.session = "b", .title = "B", .state = lifecycle_running}},
                            {.order = 3, .row = {.session = "c", .title = "C", .state = lifecycle_terminated}}};
    rows[1].open.items = open;
    rows[1].open.count = rows[1].row.breakpoints = 4;
    for (size_t i = 0; i < 3; i++)
        put_row (store, rows[i]);
    assert_int_equal (store_count (store, 86405000, &counts, NULL), BATON_OK);
    assert_int_equal (counts.sessions[lifecycle_running], 2);
    assert_int_equal (counts.sessions[lifecycle_terminated], 1);
    assert_int_equal (counts.sessions[lifecycle_sleeping], 0);
    assert_int_equal (counts.oldest, 5000);
    for (size_t age = 0; age < STORE_AGES; age++)
        assert_int_equal (counts.open[age], 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        BOTH (an_empty_store_has_nothing),
        BOTH (what_there_is_can_be_counted),
        BOTH (events_are_read_by_session_and_by_seq),
        BOTH (a_batch_that_does_not_go_on_is_refused),
        BOTH (a_page_is_bounded_in_bytes_but_never_empty),
        BOTH (the_log_is_read_by_class),
        BOTH (a_rare_class_is_found_in_several_calls),
        BOTH (a_load_gives_the_newest_snapshot_and_what_came_after),
        BOTH (an_answer_is_kept_until_it_is_forgotten),
        BOTH (a_blob_is_kept_by_its_digest),
        BOTH (large_blobs_are_as_small_ones),
        BOTH (a_staged_blob_is_forgotten_unless_something_refers_to_it),
        BOTH (a_staged_blob_stays_for_all_who_put_it),
        BOTH (a_kept_blob_says_who_has_put_it),
        BOTH (a_blob_that_sessions_hold_goes_with_the_last_of_them),
        BOTH (many_blobs_are_swept_one_after_another),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
