/*  What only a store on a disk has: it is opened again, sealed, refused, full, and killed. */
#include "sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

/* ---- opened again ---- */

static void everything_is_there_after_a_restart (void **state)
{
    fixture_t *fixture = *state;
    projection_t row = {.row = {.session = "a", .title = "A", .state = lifecycle_running, .cause = cause_created},
                        .order = 1,
                        .due = 9};
    store_snapshot_t snapshot = {"a", 1, fixture_bytes ("state")};
    store_answer_t answers[] = {{"ann", "old", "digest", 10, {0}}, {"ann", "new", "digest", 20, {0}}};
    store_blob_t blob = {.digest = "d", .content = fixture_bytes ("content")};
    fixture_put (fixture->store, "a", 1, event_class_run);
    fixture_put (fixture->store, "a", 2, event_class_run);
    fixture_commit (fixture->store, &(store_batch_t){.projections = &row,
                                                     .projection_count = 1,
                                                     .snapshots = &snapshot,
                                                     .snapshot_count = 1,
                                                     .answers = answers,
                                                     .answer_count = 2,
                                                     .blobs = &blob,
                                                     .blob_count = 1});
    assert_int_equal (store_forget_answers (fixture->store, 15, NULL), BATON_OK);
    fixture_reopen (fixture);
    store_t *store = fixture->store;
    assert_int_equal (store_head (store), 2);
    assert_int_equal (store_session_count (store), 1);
    fixture_check_journal (store, "a", 2, 10);
    baton_bytes_t bytes = {0};
    store_reads_t tail = {0};
    store_projections_t rows = {0};
    uint64_t number = 0;
    char payload[DIGEST_SIZE];
    assert_int_equal (store_load (store, "a", &bytes, &number, &tail, NULL), BATON_OK);
    assert_int_equal (number, 1);
    assert_int_equal (tail.count, 1);
    store_reads_clear (&tail);
    bytes_clear (&bytes);
    assert_int_equal (store_due (store, STORE_DUE, 9, 10, &rows, &number, NULL), BATON_OK);
    assert_int_equal (rows.count, 1);
    store_projections_clear (&rows);
    assert_int_equal (store_answer (store, "ann", "old", payload, &bytes, NULL), BATON_not_found);
    assert_int_equal (store_answer (store, "ann", "new", payload, &bytes, NULL), BATON_OK);
    bytes_clear (&bytes);
    assert_int_equal (store_blob (store, "d", &bytes, NULL), BATON_OK);
    bytes_clear (&bytes);
    fixture_put (store, "a", 3, event_class_run);
    fixture_check_log (store);
}

/*  Events move from the log into pages while the store goes on; at each moment, and after a restart at any of them,
 *  every journal is whole. */
static void sealing_moves_journals_without_a_gap (void **state)
{
    fixture_t *fixture = *state;
    fleet_t fleet = {.random = 4711};
    int64_t sealed[3] = {0};
    for (size_t part = 0; part < 3; part++) {
        for (size_t i = 0; i < 530; i++)
            assert_int_equal (fleet_write (&fleet, fixture->store, NULL), BATON_OK);
        fleet_check (&fleet, fixture->store);
        /*  The first part ends in the middle of a round: there are pages, but the log isn't sealed. */
        assert_true (query (fixture, "SELECT count (*) FROM page") > 0);
        sealed[part] = query (fixture, "SELECT value FROM meta WHERE key = 'sealed'");
        fixture_reopen (fixture);
        fleet_check (&fleet, fixture->store);
    }
    assert_int_equal (sealed[0], 0);
    assert_true (sealed[1] > 0 && sealed[2] > sealed[1]);
    assert_true (query (fixture, "SELECT count (*) FROM answer") > 0);
    assert_int_equal (store_forget_answers (fixture->store, 1001 + 100, NULL), BATON_OK);
    fleet_check_answer (fixture->store, 99, false);
    fleet_check_answer (fixture->store, 100, true);
}

/*  One session with more than a page holds, and events larger than one. */
static void a_long_session_is_sealed_in_several_pages (void **state)
{
    fixture_t *fixture = *state;
    static uint8_t large[100000];
    for (uint64_t n = 1; n <= 600; n++) {
        store_event_t event = {"a", n, n, event_class_context, {sizeof large, large}};
        fixture_commit (fixture->store, &(store_batch_t){.events = &event, .event_count = 1});
    }
    assert_true (query (fixture, "SELECT value FROM meta WHERE key = 'sealed'") > 0);
    assert_true (query (fixture, "SELECT count (*) FROM page") > 100);
    fixture_reopen (fixture);
    store_reads_t tail = {0};
    baton_bytes_t snapshot = {0};
    uint64_t n = 0;
    assert_int_equal (store_load (fixture->store, "a", &snapshot, &n, &tail, NULL), BATON_OK);
    assert_int_equal (tail.count, 600);
    for (size_t i = 0; i < tail.count; i++)
        assert_int_equal (tail.items[i].n, i + 1);
    store_reads_clear (&tail);
}

/* ---- full ---- */

/*  Writes until there is no room, and then: nothing of the refused batch is there, reads go on. */
static void fill_up (fixture_t *fixture, fleet_t *fleet)
{
    baton_error_t error = {0};
    baton_status status = BATON_OK;
    for (size_t i = 0; i < 20000 && status == BATON_OK; i++)
        status = fleet_write (fleet, fixture->store, &error);
    if (status != BATON_resource_exhausted || error.reason != BATON_REASON_disk_full)
        fail_msg ("a full disk was reported as: %s", error.message);
    assert_int_equal (store_head (fixture->store), fleet->answers);
    fleet_check (fleet, fixture->store);
    assert_int_equal (fleet_write (fleet, fixture->store, &error), BATON_resource_exhausted);
}

static void go_on (fixture_t *fixture, fleet_t *fleet)
{
    for (size_t i = 0; i < 50; i++)
        assert_int_equal (fleet_write (fleet, fixture->store, NULL), BATON_OK);
    fleet_check (fleet, fixture->store);
    fixture_reopen (fixture);
    fleet_check (fleet, fixture->store);
}

static void a_file_that_may_not_grow_is_a_full_disk (void **state)
{
    fixture_t *fixture = *state;
    fleet_t fleet = {.random = 3};
    struct rlimit before, small;
    assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
    signal (SIGXFSZ, SIG_IGN);
    small = (struct rlimit){300000, before.rlim_max};
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &small), 0);
    fill_up (fixture, &fleet);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &before), 0);
    go_on (fixture, &fleet);
}

/*  What a refused commit would have sealed is sealed by a later one. */
static void a_disk_full_in_the_middle_of_sealing_loses_nothing (void **state)
{
    fixture_t *fixture = *state;
    fleet_t fleet = {.random = 7};
    struct rlimit before, small;
    struct stat wal;
    char path[96];
    for (size_t i = 0; i < 530; i++)
        assert_int_equal (fleet_write (&fleet, fixture->store, NULL), BATON_OK);
    path_of (fixture, "baton.db-wal", path);
    assert_int_equal (stat (path, &wal), 0);
    assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
    signal (SIGXFSZ, SIG_IGN);
    small = (struct rlimit){(rlim_t) wal.st_size + 100000, before.rlim_max};
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &small), 0);
    fill_up (fixture, &fleet);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &before), 0);
    assert_int_equal (query (fixture, "SELECT value FROM meta WHERE key = 'sealed'"), 0);
    for (size_t i = 0; i < 400; i++)
        assert_int_equal (fleet_write (&fleet, fixture->store, NULL), BATON_OK);
    assert_true (query (fixture, "SELECT value FROM meta WHERE key = 'sealed'") > 0);
    go_on (fixture, &fleet);
}

/*  A file system of 1 MiB of its own, where this process may make one. */
static void a_full_disk_is_survived (void **state)
{
    fixture_t *fixture = *state;
    fleet_t fleet = {.random = 5};
    store_close (&fixture->store);
    if (unshare (CLONE_NEWNS) != 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount ("tmpfs", fixture->directory, "tmpfs", 0, "size=1m") != 0) {
        print_message ("skipped: this process may not mount a file system\n");
        fixture_open_sqlite (fixture);
        return;
    }
    fixture_open_sqlite (fixture);
    fill_up (fixture, &fleet);
    assert_int_equal (mount ("tmpfs", fixture->directory, "tmpfs", MS_REMOUNT, "size=64m"), 0);
    go_on (fixture, &fleet);
    store_close (&fixture->store);
    assert_int_equal (umount2 (fixture->directory, MNT_DETACH), 0);
}

/* ---- killed ---- */

/*  Writes for ever, batches of the fleet; tells the head after each commit. The fleet is what its seed and the number
 *  of its batches make it, so the one who kills can follow it. */
static void write_until_killed (const char *directory, fleet_t fleet, int out)
{
    store_t *store = NULL;
    if (store_open_sqlite (directory, &store, NULL) != BATON_OK)
        _exit (2);
    for (;;) {
        if (fleet_write (&fleet, store, NULL) != BATON_OK)
            _exit (3);
        uint64_t head = store_head (store);
        if (write (out, &head, sizeof head) != sizeof head)
            _exit (4);
    }
}

/*  Kills a writer after that many acknowledgements: each is awaited, no time is. Gives back the last one. */
static uint64_t kill_writer (const fixture_t *fixture, const fleet_t *fleet, uint64_t commits)
{
    int ends[2];
    uint64_t acknowledged = 0;
    assert_int_equal (pipe (ends), 0);
    pid_t writer = fork ();
    assert_true (writer >= 0);
    if (writer == 0) {
        close (ends[0]);
        write_until_killed (fixture->directory, *fleet, ends[1]);
    }
    close (ends[1]);
    for (; commits > 0; commits--)
        assert_int_equal (read (ends[0], &acknowledged, sizeof acknowledged), sizeof acknowledged);
    assert_int_equal (kill (writer, SIGKILL), 0);
    while (read (ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged)
        continue;
    close (ends[0]);
    assert_int_equal (waitpid (writer, NULL, 0), writer);
    return acknowledged;
}

/*  Moves the fleet on as the writer did, in a store of its own that forgets. */
static void follow (fleet_t *fleet, uint64_t head)
{
    while (fleet->answers < head) {
        store_t *shadow = NULL;
        assert_int_equal (store_open_memory (&shadow), BATON_OK);
        assert_int_equal (fleet_write (fleet, shadow, NULL), BATON_OK);
        store_close (&shadow);
    }
}

static void whatever_was_acknowledged_survives_kill (void **state)
{
    fixture_t *fixture = *state;
    fleet_t fleet = {.random = 99}, chance = {.random = 17};
    for (size_t round = 0; round < 25; round++) {
        store_close (&fixture->store);
        uint64_t acknowledged = kill_writer (fixture, &fleet, fleet_random (&chance) % 60 + 1);
        fixture_open_sqlite (fixture);
        uint64_t head = store_head (fixture->store);
        /*  At most the one commit that was under way is there unheard. */
        assert_true (head == acknowledged || head == acknowledged + FLEET_BATCH);
        follow (&fleet, head);
        fleet_check (&fleet, fixture->store);
    }
    assert_true (query (fixture, "SELECT count (*) FROM page") > 0);
}

/*  What was only in the log is gone with it: noticed, unless somebody wants to go on so. */
static void a_log_that_was_removed_is_noticed (void **state)
{
    fixture_t *fixture = *state;
    fleet_t fleet = {.random = 99};
    char path[96];
    store_close (&fixture->store);
    kill_writer (fixture, &fleet, 10);
    path_of (fixture, "baton.db-wal", path);
    assert_int_equal (unlink (path), 0);
    check_refused (fixture, BATON_failed_precondition, BATON_REASON_corrupt, "baton.db-wal");
    check_refused (fixture, BATON_failed_precondition, BATON_REASON_corrupt, "to go on from what it has, remove");
    path_of (fixture, "baton.mark", path);
    assert_int_equal (unlink (path), 0);
    fixture_open_sqlite (fixture);
    assert_int_equal (store_head (fixture->store), 0);
    fixture_put (fixture->store, "a", 1, event_class_run);
    fixture_reopen (fixture);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        CASE (everything_is_there_after_a_restart),
        CASE (sealing_moves_journals_without_a_gap),
        CASE (a_long_session_is_sealed_in_several_pages),
        CASE (a_file_that_may_not_grow_is_a_full_disk),
        CASE (a_disk_full_in_the_middle_of_sealing_loses_nothing),
        CASE (a_full_disk_is_survived),
        CASE (whatever_was_acknowledged_survives_kill),
        CASE (a_log_that_was_removed_is_noticed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
