/*  What the tests of the SQLite store share: CASE (test) gives it a directory with a store of its own. */
#ifndef BATON_TEST_STORE_SQLITE_H
#define BATON_TEST_STORE_SQLITE_H

#include "fixture.h"

#include "id.h"

#include <sqlite3.h>

static inline int open_fixture (void **state)
{
    fixture_t *fixture = calloc (1, sizeof *fixture);
    assert_non_null (fixture);
    fixture_make_directory (fixture);
    fixture_open_sqlite (fixture);
    *state = fixture;
    return 0;
}

static inline int close_fixture (void **state)
{
    fixture_t *fixture = *state;
    store_close (&fixture->store);
    fixture_remove_directory (fixture);
    free (fixture);
    return 0;
}

static inline void path_of (const fixture_t *fixture, const char *name, char path[96])
{
    snprintf (path, 96, "%s/%s", fixture->directory, name);
}

/* ---- fleets of events ---- */

#define FLEET_SESSIONS 61
#define FLEET_BATCH 64

/*  Writes events of many sessions, a keyed answer with each, and remembers how many each session has. */
typedef struct {
    uint64_t random; /*  xorshift64 (Marsaglia 2003) */
    uint64_t n[FLEET_SESSIONS];
    uint64_t answers;
} fleet_t;

static inline uint64_t fleet_random (fleet_t *fleet)
{
    fleet->random ^= fleet->random << 13;
    fleet->random ^= fleet->random >> 7;
    fleet->random ^= fleet->random << 17;
    return fleet->random;
}

static inline void fleet_session (size_t index, char id[32])
{
    snprintf (id, 32, "session-%zu", index * 7919 % 1000);
}

static inline void fleet_key (uint64_t index, char key[32])
{
    snprintf (key, 32, "key-%llu", (unsigned long long) index);
}

static inline baton_status fleet_write (fleet_t *fleet, store_t *store, baton_error_t *error)
{
    static char ids[FLEET_BATCH][32], texts[FLEET_BATCH][FIXTURE_TEXT], keys[FLEET_BATCH][32];
    store_event_t events[FLEET_BATCH];
    store_answer_t answers[FLEET_BATCH];
    fleet_t after = *fleet;
    for (size_t i = 0; i < FLEET_BATCH; i++) {
        size_t session = fleet_random (&after) % FLEET_SESSIONS;
        uint64_t n = ++after.n[session];
        fleet_session (session, ids[i]);
        fixture_text (ids[i], n, texts[i]);
        fleet_key (after.answers++, keys[i]);
        events[i] = (store_event_t){ids[i], store_head (store) + 1 + i, n, event_class_run, fixture_bytes (texts[i])};
        answers[i] = (store_answer_t){"ann", keys[i], "digest", 1000 + after.answers, fixture_bytes (keys[i])};
    }
    store_batch_t batch = {
        .events = events, .event_count = FLEET_BATCH, .answers = answers, .answer_count = FLEET_BATCH};
    baton_status status = store_commit (store, &batch, error);
    if (status == BATON_OK)
        *fleet = after;
    return status;
}

static inline void fleet_check_answer (store_t *store, uint64_t index, bool there)
{
    char key[32], payload[DIGEST_SIZE];
    baton_bytes_t reply = {0};
    fleet_key (index, key);
    assert_int_equal (store_answer (store, "ann", key, payload, &reply, NULL), there ? BATON_OK : BATON_not_found);
    if (!there)
        return;
    assert_string_equal (payload, "digest");
    assert_int_equal (reply.size, strlen (key));
    assert_memory_equal (reply.data, key, strlen (key));
    bytes_clear (&reply);
}

static inline void fleet_check (const fleet_t *fleet, store_t *store)
{
    for (size_t i = 0; i < FLEET_SESSIONS; i++) {
        char id[32];
        fleet_session (i, id);
        fixture_check_journal (store, id, fleet->n[i], 11 + i * 13);
    }
    for (uint64_t i = 0; i < fleet->answers; i += 197)
        fleet_check_answer (store, i, true);
    fleet_check_answer (store, fleet->answers, false);
    fixture_check_log (store);
}

static inline int64_t query (const fixture_t *fixture, const char *sql)
{
    char path[96];
    path_of (fixture, "baton.db", path);
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal (sqlite3_open (path, &db), SQLITE_OK);
    assert_int_equal (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), SQLITE_OK);
    int got = sqlite3_step (statement);
    assert_true (got == SQLITE_ROW || got == SQLITE_DONE);
    int64_t value = got == SQLITE_ROW ? sqlite3_column_int64 (statement, 0) : 0;
    sqlite3_finalize (statement);
    sqlite3_close (db);
    return value;
}

static inline void check_refused (fixture_t *fixture, baton_status status, baton_reason reason, const char *says)
{
    baton_error_t error = {0};
    store_t *store = NULL;
    assert_int_equal (store_open_sqlite (fixture->directory, &store, &error), status);
    assert_null (store);
    assert_int_equal (error.reason, reason);
    if (!strstr (error.message, says))
        fail_msg ("\"%s\" doesn't say \"%s\"", error.message, says);
}

#define CASE(test) cmocka_unit_test_setup_teardown (test, open_fixture, close_fixture)

#endif
