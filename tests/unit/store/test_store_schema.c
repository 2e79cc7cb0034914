/*  What is found on the disk: an older schema is brought forward, a newer one and what is damaged are refused. */
#include "sqlite.h"

#include <fcntl.h>
#include <sys/stat.h>

/*  What an earlier version has written: its sessions are the site's. */
static void an_older_schema_is_brought_forward (void **state)
{
    fixture_t *fixture = *state;
    projection_t row = {.row = {.session = (char *) "s",
                                .title = (char *) "T",
                                .state = lifecycle_running,
                                .cause = cause_created,
                                .breakpoints = 1},
                        .order = 1,
                        .due = 7};
    fixture_put (fixture->store, "s", 1, event_class_lifecycle);
    store_blob_t blob = {.digest = "d", .content = fixture_bytes ("content")};
    fixture_commit (fixture->store,
                    &(store_batch_t){.projections = &row, .projection_count = 1, .blobs = &blob, .blob_count = 1});
    store_close (&fixture->store);
    query (fixture, "ALTER TABLE blob DROP COLUMN file");
    query (fixture, "DROP INDEX projection_shared");
    query (fixture, "DROP INDEX projection_wakes");
    query (fixture, "ALTER TABLE projection DROP COLUMN wakes");
    query (fixture, "ALTER TABLE projection DROP COLUMN audience");
    query (fixture, "ALTER TABLE projection DROP COLUMN driver");
    query (fixture, "DROP TABLE hold"); /*  with its triggers */
    query (fixture, "DROP TABLE held");
    query (fixture, "DROP TABLE open_breakpoint");
    query (fixture, "UPDATE meta SET value = 1 WHERE key = 'schema'");
    fixture_open_sqlite (fixture);
    baton_texts_t stale = {0};
    assert_int_equal (store_stale (fixture->store, &stale, NULL), BATON_OK);
    assert_int_equal (stale.count, 1); /*  not for its event, but for what it asks */
    assert_string_equal (stale.items[0], "s");
    texts_clear (&stale);
    assert_int_equal (store_shown (fixture->store), 1);
    const viewer_t operator= {.name = "ada", .role = role_operator}, guest = {.name = "eve", .role = role_guest};
    bool shown = false;
    store_projections_t rows = {0};
    uint64_t next = 0;
    assert_int_equal (store_due (fixture->store, STORE_WAKES, 7, 1, &rows, &next, NULL), BATON_OK);
    assert_int_equal (rows.count, 1); /*  its one time may have been of either kind */
    store_projections_clear (&rows);
    baton_bytes_t content = {0};
    assert_int_equal (store_blob (fixture->store, "d", &content, NULL), BATON_OK);
    assert_int_equal (content.size, strlen ("content"));
    bytes_clear (&content);
    assert_int_equal (store_shows (fixture->store, "s", &operator, & shown, NULL), BATON_OK);
    assert_true (shown);
    assert_int_equal (store_shows (fixture->store, "s", &guest, &shown, NULL), BATON_OK);
    assert_false (shown);
    grant_t grant = {.who = (char *) "eve", .access = access_view};
    row.audience = (audience_t){.owner = (char *) "ada", .shares = {1, &grant}};
    fixture_commit (fixture->store, &(store_batch_t){.projections = &row, .projection_count = 1});
    assert_int_equal (store_shows (fixture->store, "s", &guest, &shown, NULL), BATON_OK);
    assert_true (shown);
}

static void a_newer_schema_is_refused (void **state)
{
    fixture_t *fixture = *state;
    store_close (&fixture->store);
    query (fixture, "UPDATE meta SET value = value + 1 WHERE key = 'schema'");
    check_refused (fixture, BATON_failed_precondition, BATON_REASON_newer_schema, "schema version");
}

static void a_directory_that_is_not_there_is_refused (void **state)
{
    fixture_t *fixture = *state;
    store_close (&fixture->store);
    strcat (fixture->directory, "/nothing");
    check_refused (fixture, BATON_unavailable, BATON_REASON_storage_failed, "nothing/baton.db");
    *strrchr (fixture->directory, '/') = '\0';
}

static void overwrite (const fixture_t *fixture, off_t from, size_t size)
{
    char path[96], noise[4096];
    path_of (fixture, "baton.db", path);
    memset (noise, 0x5a, sizeof noise);
    int file = open (path, O_WRONLY);
    assert_true (file >= 0);
    for (size_t done = 0; done < size; done += sizeof noise) {
        size_t part = size - done < sizeof noise ? size - done : sizeof noise;
        assert_int_equal (pwrite (file, noise, part, from + (off_t) done), part);
    }
    close (file);
}

static void a_damaged_file_is_refused (void **state)
{
    fixture_t *fixture = *state;
    fleet_t fleet = {.random = 1};
    for (size_t i = 0; i < 20; i++)
        assert_int_equal (fleet_write (&fleet, fixture->store, NULL), BATON_OK);
    static const struct {
        off_t from;
        size_t size;
    } CASES[] = {{4096, 1u << 20}, {100, 3996}, {0, 100}};
    store_close (&fixture->store);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        overwrite (fixture, CASES[i].from, CASES[i].size);
        check_refused (fixture, BATON_failed_precondition, BATON_REASON_corrupt, "baton.db");
    }
}

static void another_database_is_refused (void **state)
{
    fixture_t *fixture = *state;
    char path[96];
    store_close (&fixture->store);
    path_of (fixture, "baton.db", path);
    assert_int_equal (unlink (path), 0);
    query (fixture, "CREATE TABLE meta (key, value)");
    check_refused (fixture, BATON_failed_precondition, BATON_REASON_corrupt, "not one of Baton's");
}

/*  A bit that the disk has turned over in an event is noticed when it is read. */
static void a_damaged_row_is_noticed (void **state)
{
    fixture_t *fixture = *state;
    fixture_put (fixture->store, "a", 1, event_class_run);
    query (fixture, "UPDATE log SET data = substr (data, 1, length (data) - 1) || x'00'");
    store_reads_t reads = {0};
    uint64_t last = 0;
    baton_error_t error = {0};
    assert_int_equal (store_log (fixture->store, 0, event_class_none, 10, &reads, &last, &error),
                      BATON_failed_precondition);
    assert_int_equal (error.reason, BATON_REASON_corrupt);
    store_close (&fixture->store);
    check_refused (fixture, BATON_failed_precondition, BATON_REASON_corrupt, "damaged");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        CASE (an_older_schema_is_brought_forward),
        CASE (a_newer_schema_is_refused),
        CASE (a_directory_that_is_not_there_is_refused),
        CASE (a_damaged_file_is_refused),
        CASE (another_database_is_refused),
        CASE (a_damaged_row_is_noticed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
