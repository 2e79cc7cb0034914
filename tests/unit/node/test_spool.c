/*  The spool and the ledger survive kill -9 at each step: a child process does the steps and kills itself between them.
 */
#include "files.h"
#include "ledger.h"
#include "spool.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
    char folder[64];
    char path[96];
    db_t *db;
} fixture_t;

static int set_up (void **state)
{
    fixture_t *fixture = calloc (1, sizeof *fixture);
    strcpy (fixture->folder, "/tmp/baton-spool-XXXXXX");
    *state = fixture;
    if (!mkdtemp (fixture->folder))
        return -1;
    snprintf (fixture->path, sizeof fixture->path, "%s/node.db", fixture->folder);
    return 0;
}

static int tear_down (void **state)
{
    fixture_t *fixture = *state;
    db_destroy (&fixture->db);
    files_remove_tree (fixture->folder);
    free (fixture);
    return 0;
}

static void open_db (fixture_t *fixture)
{
    baton_error_t error;
    assert_int_equal (db_new (fixture->path, &fixture->db, &error), BATON_OK);
}

static baton_status add (db_t *db, const char *session, const char *key, const char *body, uint64_t *ret_id,
                         baton_error_t *error)
{
    spooled_t change = {.method = METHOD_item_append, .run = 3, .epoch = 4, .if_n = 5};
    snprintf (change.session, sizeof change.session, "%s", session);
    snprintf (change.key, sizeof change.key, "%s", key);
    change.body = (baton_bytes_t){strlen (body), (uint8_t *) (uintptr_t) body};
    return spool_add (db, &change, ret_id, error);
}

static uint64_t must_add (db_t *db, const char *session, const char *key, const char *body)
{
    uint64_t id = 0;
    baton_error_t error;
    assert_int_equal (add (db, session, key, body, &id, &error), BATON_OK);
    return id;
}

/*  The keys of what waits, in the order in which it would be sent; takes it all out. */
static void drain (db_t *db, const char *session, char ret_keys[256])
{
    baton_error_t error;
    spooled_t change = {.id = 0};
    ret_keys[0] = '\0';
    while (spool_first (db, session, &change, &error) == BATON_OK) {
        strcat (strcat (ret_keys, change.key), " ");
        assert_int_equal (spool_remove (db, change.id, &error), BATON_OK);
        spooled_clear (&change);
    }
}

static void test_order_and_content (void **state)
{
    fixture_t *fixture = *state;
    baton_error_t error;
    char keys[256];
    open_db (fixture);
    must_add (fixture->db, "b", "k1", "one");
    must_add (fixture->db, "a", "k1", "two");
    must_add (fixture->db, "b", "k0", "");
    spooled_t change = {.id = 0};
    assert_int_equal (spool_first (fixture->db, "b", &change, &error), BATON_OK);
    assert_int_equal (change.method, METHOD_item_append);
    assert_int_equal (change.run, 3);
    assert_int_equal (change.epoch, 4);
    assert_int_equal (change.if_n, 5);
    assert_int_equal (change.body.size, 3);
    assert_memory_equal (change.body.data, "one", 3);
    spooled_clear (&change);
    baton_texts_t sessions = {.count = 0};
    assert_int_equal (spool_sessions (fixture->db, &sessions, &error), BATON_OK);
    assert_int_equal (sessions.count, 2);
    assert_string_equal (sessions.items[0], "b");
    texts_clear (&sessions);
    drain (fixture->db, "b", keys);
    assert_string_equal (keys, "k1 k0 ");
    drain (fixture->db, "b", keys);
    assert_string_equal (keys, "");
    drain (fixture->db, "a", keys);
    assert_string_equal (keys, "k1 ");
}

static void test_same_key (void **state)
{
    fixture_t *fixture = *state;
    baton_error_t error;
    uint64_t again = 0;
    open_db (fixture);
    uint64_t first = must_add (fixture->db, "a", "k", "one");
    assert_int_equal (must_add (fixture->db, "a", "k", "one"), first);
    assert_int_equal (add (fixture->db, "a", "k", "two", &again, &error), BATON_aborted);
    assert_int_equal (error.reason, BATON_REASON_key_reused);
    assert_int_equal (again, 0);
    assert_true (must_add (fixture->db, "b", "k", "two") != first);
}

/* ---- kill -9 ---- */

/*  The end of an attempt as the node writes it: ledger and report in one transaction; and then a change of a run, and
 *  the broker's answer to the first. The process is killed before step number `steps`. */
static void walk (const char *path, int steps)
{
    db_t *db = NULL;
    baton_error_t error;
    attempt_t attempt = {.session = "a", .run = 1, .attempt = 1, .epoch = 1, .state = ATTEMPT_running, .token = "t"};
    uint64_t id = 0;
    for (int step = 0;; step++) {
        if (step == steps)
            kill (getpid (), SIGKILL);
        baton_status status = BATON_OK;
        if (step == 0)
            status = db_new (path, &db, &error);
        else if (step == 1)
            status = ledger_put (db, &attempt, &error);
        else if (step == 2)
            status = db_begin (db, &error);
        else if (step == 3) {
            attempt.state = ATTEMPT_ended;
            status = ledger_put (db, &attempt, &error);
        } else if (step == 4)
            status = add (db, "a", "finished", "f", &id, &error);
        else if (step == 5)
            status = db_commit (db, &error);
        else if (step == 6)
            status = add (db, "a", "item", "i", &(uint64_t){0}, &error);
        else
            status = spool_remove (db, id, &error);
        if (status != BATON_OK)
            _exit (1);
    }
}

static void test_killed_at_each_step (void **state)
{
    static const struct {
        attempt_state_t attempt; /*  none: no row */
        const char *keys;
    } AFTER[] = {
        {ATTEMPT_none, ""},      {ATTEMPT_none, ""},    {ATTEMPT_running, ""},        {ATTEMPT_running, ""},
        {ATTEMPT_running, ""},   {ATTEMPT_running, ""}, {ATTEMPT_ended, "finished "}, {ATTEMPT_ended, "finished item "},
        {ATTEMPT_ended, "item "}};
    for (int steps = 0; steps < (int) (sizeof AFTER / sizeof *AFTER); steps++) {
        assert_int_equal (set_up (state), 0);
        fixture_t *fixture = *state;
        int status = 0;
        pid_t pid = fork ();
        if (pid == 0)
            walk (fixture->path, steps);
        assert_int_equal (waitpid (pid, &status, 0), pid);
        assert_true (WIFSIGNALED (status));
        attempt_t *attempts = NULL;
        size_t count = 0;
        char keys[256];
        baton_error_t error;
        open_db (fixture);
        assert_int_equal (ledger_load (fixture->db, &attempts, &count, &error), BATON_OK);
        assert_int_equal (count > 0 ? attempts[0].state : ATTEMPT_none, AFTER[steps].attempt);
        free (attempts);
        drain (fixture->db, "a", keys);
        assert_string_equal (keys, AFTER[steps].keys);
        tear_down (state);
    }
}

/*  A run may choose any key, also one that the node's own reports have: it must not keep them from being made. */
static void test_key_of_a_report (void **state)
{
    fixture_t *fixture = *state;
    baton_error_t error;
    uint64_t id;
    open_db (fixture);
    must_add (fixture->db, "a", "key", "of a run");
    spooled_t report = {.session = "a", .key = "key", .method = METHOD_run_finished, .epoch = 4};
    assert_int_equal (spool_add (fixture->db, &report, &id, &error), BATON_OK);
}

static void test_bound (void **state)
{
    fixture_t *fixture = *state;
    baton_error_t error;
    uint64_t id;
    spooled_t change = {.session = "a", .method = METHOD_item_append, .run = 1, .body = {LIMIT_FRAME, NULL}};
    change.body.data = calloc (1, LIMIT_FRAME);
    open_db (fixture);
    assert_int_equal (db_begin (fixture->db, &error), BATON_OK);
    for (unsigned i = 0; i < SPOOL_BYTES_MOST / LIMIT_FRAME; i++) {
        assert_false (spool_full (fixture->db));
        snprintf (change.key, sizeof change.key, "%u", i);
        assert_int_equal (spool_add (fixture->db, &change, &id, &error), BATON_OK);
    }
    assert_true (spool_full (fixture->db));
    assert_int_equal (spool_remove (fixture->db, id, &error), BATON_OK);
    assert_false (spool_full (fixture->db));
    db_rollback (fixture->db);
    free (change.body.data);
}

static void test_nobody_else_reads_it (void **state)
{
    fixture_t *fixture = *state;
    struct stat status;
    mode_t before = umask (0);
    open_db (fixture);
    umask (before);
    assert_int_equal (stat (fixture->path, &status), 0);
    assert_int_equal (status.st_mode & 0777, 0600);
}

/* ---- what can't be opened ---- */

static void test_newer_schema (void **state)
{
    fixture_t *fixture = *state;
    baton_error_t error;
    open_db (fixture);
    sqlite3_stmt *statement = db_prepare (fixture->db, "PRAGMA user_version = 99");
    assert_int_equal (db_done (fixture->db, statement, sqlite3_step (statement), &error), BATON_OK);
    db_destroy (&fixture->db);
    assert_int_equal (db_new (fixture->path, &fixture->db, &error), BATON_failed_precondition);
    assert_int_equal (error.reason, BATON_REASON_newer_schema);
    assert_null (fixture->db);
}

static void test_damaged (void **state)
{
    fixture_t *fixture = *state;
    baton_error_t error;
    char garbage[4096];
    memset (garbage, 'x', sizeof garbage);
    assert_int_equal (files_write (fixture->path, garbage, sizeof garbage, &error), BATON_OK);
    assert_int_equal (db_new (fixture->path, &fixture->db, &error), BATON_failed_precondition);
    assert_int_equal (error.reason, BATON_REASON_corrupt);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    const struct CMUnitTest tests[] = {TEST (test_order_and_content),
                                       TEST (test_same_key),
                                       cmocka_unit_test (test_killed_at_each_step),
                                       TEST (test_newer_schema),
                                       TEST (test_damaged),
                                       TEST (test_key_of_a_report),
                                       TEST (test_bound),
                                       TEST (test_nobody_else_reads_it)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
