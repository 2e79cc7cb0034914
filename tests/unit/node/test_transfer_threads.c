/*  Whole moves between a real source and a real target. */
#include "test_transfer.h"

#include <dirent.h>

/* ---- a nasty tree ---- */

static void make_deep (void)
{
    char path[3000] = "w";
    for (int i = 0; i < 140; i++) {
        strcat (path, "/deep-deep-deep-deep");
        assert_int_equal (mkdir (path, 0755), 0);
    }
    strcat (path, "/end");
    put_text (path, "the end");
}

static void make_sparse (void)
{
    put_text ("w/sparse", "begin");
    assert_int_equal (truncate ("w/sparse", ((off_t) 1 << 30) + 5), 0);
    int file = open ("w/sparse", O_WRONLY);
    assert_int_equal (pwrite (file, "middle", 6, (off_t) 700 << 20), 6);
    close (file);
}

static void make_nasty (void)
{
    assert_int_equal (mkdir ("w/empty", 0711) | mkdir ("w/d", 0755) | mkdir ("w/.git", 0755), 0);
    put_text ("w/.git/config", "[core]");
    put_text ("w/nothing", "");
    put_text ("w/new\nline \xff\xfe", "strange");
    put_text ("w/\xc3\xa9t\xc3\xa9", "summer");
    put_noise ("w/large", 3 * CHUNK_SIZE + 17, 1);
    put_noise ("w/exact", 2 * CHUNK_SIZE, 2);
    put_text ("outside", "not for you");
    assert_int_equal (symlink ("../outside", "w/relative") | symlink ("/etc/passwd", "w/absolute") |
                          symlink ("nowhere", "w/dangling") | symlink ("d", "w/folder") | symlink ("loop", "w/loop"),
                      0);
    assert_int_equal (link ("w/large", "w/d/hard"), 0);
    put_text ("w/setuid", "#!");
    assert_int_equal (chmod ("w/setuid", 06755), 0);
    put_text ("w/d/locked", "no rights");
    assert_int_equal (chmod ("w/d/locked", geteuid () == 0 ? 0 : 0400), 0);
    make_deep ();
    make_sparse ();
    struct timespec old[2] = {{.tv_sec = -100, .tv_nsec = 5}, {.tv_sec = -100, .tv_nsec = 123456789}};
    assert_int_equal (utimensat (AT_FDCWD, "w/nothing", old, 0), 0);
    assert_int_equal (utimensat (AT_FDCWD, "w/dangling", old, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal (utimensat (AT_FDCWD, "w/empty", old, 0), 0);
    assert_int_equal (chmod ("w/d", 0555) | chmod ("w", 01750), 0);
}

static void test_nasty_tree (void **state)
{
    fixture_t *self = *state;
    make_nasty ();
    allow (self);
    start_target (self);
    wait_target (self, TRANSFER_PREPARED);
    move_over (self);
    expect_same ("w", "stage/tree");
    transfer_target_destroy (&self->target);
    assert_int_equal (transfer_stage_place ("stage", "there", NULL), BATON_OK);
    expect_missing ("stage");
    expect_same ("w", "there");

    struct stat status;
    char target[64] = "";
    assert_int_equal (readlink ("there/relative", target, sizeof target), 10);
    assert_string_equal (target, "../outside");
    assert_int_equal (lstat ("there/nothing", &status), 0);
    assert_true (status.st_mtim.tv_sec == -100 && status.st_mtim.tv_nsec == 123456789);
    assert_int_equal (stat ("there/setuid", &status), 0);
    assert_int_equal (status.st_mode & 07777, 06755);
    assert_int_equal (stat ("there/d", &status), 0);
    assert_int_equal (status.st_mode & 07777, 0555);
    assert_int_equal (stat ("there/sparse", &status), 0);
    assert_true (status.st_blocks * 512 < 8 << 20);
    assert_int_equal (stat ("there/large", &status), 0);
    assert_int_equal (status.st_nlink, 1);
    expect_text ("outside", "not for you");
    transfer_stage_discard ("there");
}

/* ---- changes ---- */

static void test_everything_changes_into_something_else (void **state)
{
    fixture_t *self = *state;
    assert_int_equal (mkdir ("w/becomes-file", 0755) | mkdir ("w/becomes-link", 0755) | mkdir ("w/goes", 0755), 0);
    put_text ("w/becomes-file/x", "x");
    put_text ("w/becomes-link/y", "y");
    put_text ("w/goes/z", "z");
    put_text ("w/becomes-folder", "f");
    put_noise ("w/grows", CHUNK_SIZE + 10, 3);
    put_noise ("w/shrinks", 3 * CHUNK_SIZE, 4);
    put_noise ("w/becomes-zero", 2 * CHUNK_SIZE, 5);
    put_noise ("w/moves", 2 * CHUNK_SIZE + 1, 6);
    assert_int_equal (symlink ("a", "w/link"), 0);
    put_text ("w/mode", "m");
    allow (self);
    start_target (self);
    wait_target (self, TRANSFER_PREPARED);

    files_remove_tree ("w/becomes-file");
    files_remove_tree ("w/becomes-link");
    files_remove_tree ("w/goes");
    put_text ("w/becomes-file", "now a file");
    assert_int_equal (symlink ("..", "w/becomes-link"), 0);
    unlink ("w/becomes-folder");
    assert_int_equal (mkdir ("w/becomes-folder", 0700), 0);
    put_text ("w/becomes-folder/inside", "i");
    put_noise ("w/grows", 3 * CHUNK_SIZE + 10, 3);
    put_noise ("w/shrinks", CHUNK_SIZE / 2, 4);
    assert_int_equal (truncate ("w/becomes-zero", 0) | truncate ("w/becomes-zero", 2 * CHUNK_SIZE + 9), 0);
    assert_int_equal (rename ("w/moves", "w/becomes-folder/moved"), 0);
    unlink ("w/link");
    assert_int_equal (symlink ("b", "w/link") | chmod ("w/mode", 0600), 0);
    move_over (self);
    expect_same ("w", "stage/tree");
    expect_text ("stage/tree/becomes-file", "now a file");
}

/*  A tree that is written to all the time: the pre-copy copes, and the frozen one is exact. */
static void scribble (zsock_t *pipe, void *argument)
{
    (void) argument;
    zsock_signal (pipe, 0);
    for (unsigned i = 0; !(zsock_events (pipe) & ZMQ_POLLIN); i++) {
        char path[64], other[64];
        snprintf (path, sizeof path, "w/f%u", i % 50);
        snprintf (other, sizeof other, "w/d/g%u", i % 50);
        put_noise (path, 1000 + i % 7 * 100000, i);
        if (i % 3 == 0)
            rename (path, other);
        if (i % 5 == 0)
            unlink (other);
        if (i % 11 == 0)
            rmdir ("w/d");
        mkdir ("w/d", 0755);
    }
}

static void test_changing_tree (void **state)
{
    fixture_t *self = *state;
    mkdir ("w/d", 0755);
    for (unsigned i = 0; i < 50; i++) {
        char path[64];
        snprintf (path, sizeof path, "w/f%u", i);
        put_noise (path, 300000, i);
    }
    zactor_t *writer = zactor_new (scribble, NULL);
    allow (self);
    start_target (self);
    wait_target (self, TRANSFER_PREPARED);
    zactor_destroy (&writer);
    move_over (self);
    expect_same ("w", "stage/tree");
}

static void test_bindings_stay_behind (void **state)
{
    fixture_t *self = *state;
    assert_int_equal (mkdir ("w/cache", 0755) | mkfifo ("w/cache/fifo", 0600), 0);
    put_text ("w/a.o", "object");
    put_text ("w/a.c", "source");
    const binding_t bindings[] = {{.path = (char *) "cache", .omit = true}, {.path = (char *) "*.o", .omit = true}};
    assert_int_equal (
        transfer_source_allow (self->source, "session", 1, self->target_keys.public_key, "w", bindings, 2), BATON_OK);
    start_target (self);
    wait_target (self, TRANSFER_PREPARED);
    move_over (self);
    expect_text ("stage/tree/a.c", "source");
    expect_missing ("stage/tree/a.o");
    expect_missing ("stage/tree/cache");
}

/* ---- interruptions ---- */

#define BIG (100 * CHUNK_SIZE)

static uint64_t staged_bytes (void)
{
    int root = -1;
    uint64_t bytes = 0;
    workspace_scan_t options = {0};
    workspace_t found = {0};
    if (workspace_open ("stage/tree", &root, NULL) != BATON_OK)
        return 0;
    assert_int_equal (workspace_scan (root, &options, &found, NULL), BATON_OK);
    for (size_t i = 0; i < found.count; i++)
        bytes += found.items[i].entry.size;
    workspace_clear (&found);
    close (root);
    return bytes;
}

static void make_big (void)
{
    for (unsigned i = 0; i < 4; i++) {
        char path[16];
        snprintf (path, sizeof path, "w/big%u", i);
        put_noise (path, BIG, i);
    }
}

/*  The target is killed in the middle and started again: what was staged is found by its digests, and not asked for
 *  again. */
static void test_target_restarts (void **state)
{
    fixture_t *self = *state;
    make_big ();
    allow (self);
    start_target (self);
    wait_for (transfer_target_pipe (self->target), true);
    transfer_target_destroy (&self->target);
    uint64_t staged = staged_bytes ();
    start_target (self);
    transfer_report_t first = wait_for (transfer_target_pipe (self->target), true);
    assert_true (staged == 0 || first.done >= staged);
    if (first.kind == TRANSFER_PROGRESS)
        wait_target (self, TRANSFER_PREPARED);
    move_over (self);
    expect_same ("w", "stage/tree");
}

/*  With everything staged, a new target has nothing to ask for: its first word is that all is there. */
static void test_resume_refetches_nothing (void **state)
{
    fixture_t *self = *state;
    make_big ();
    allow (self);
    start_target (self);
    wait_target (self, TRANSFER_PREPARED);
    transfer_target_destroy (&self->target);
    start_target (self);
    transfer_report_t first = wait_for (transfer_target_pipe (self->target), true);
    assert_int_equal (first.done, 4 * BIG);
    assert_int_equal (first.total, 4 * BIG);
    wait_target (self, TRANSFER_PREPARED);
}

/*  What was damaged on the target's disk meanwhile is noticed. */
static void test_damaged_stage (void **state)
{
    fixture_t *self = *state;
    make_big ();
    allow (self);
    start_target (self);
    wait_target (self, TRANSFER_PREPARED);
    transfer_target_destroy (&self->target);
    struct stat before;
    assert_int_equal (stat ("stage/tree/big2", &before), 0);
    int file = open ("stage/tree/big2", O_WRONLY);
    assert_int_equal (pwrite (file, "damage", 6, 5 * CHUNK_SIZE), 6);
    struct timespec times[2] = {before.st_atim, before.st_mtim};
    assert_int_equal (futimens (file, times), 0);
    close (file);
    put_text ("stage/tree/intruder", "?");
    assert_int_equal (mkfifo ("stage/tree/pipe", 0600), 0);
    start_target (self);
    wait_target (self, TRANSFER_PREPARED);
    move_over (self);
    expect_same ("w", "stage/tree");
}

/*  The source goes away in the middle and comes back at the same place, without any memory of the transfer. */
static void test_source_restarts (void **state)
{
    fixture_t *self = *state;
    char endpoint[128];
    make_big ();
    allow (self);
    start_target (self);
    wait_for (transfer_target_pipe (self->target), true);
    snprintf (endpoint, sizeof endpoint, "%s", transfer_source_endpoint (self->source));
    transfer_source_destroy (&self->source);
    start_source (self, endpoint);
    allow (self);
    wait_target (self, TRANSFER_PREPARED);
    move_over (self);
    expect_same ("w", "stage/tree");
}

/*  The target may come before the source was told of it. */
static void test_allowed_late (void **state)
{
    fixture_t *self = *state;
    put_text ("w/a", "a");
    start_target (self);
    zpoller_t *poller = zpoller_new (transfer_target_pipe (self->target), NULL);
    assert_null (zpoller_wait (poller, 200));
    zpoller_destroy (&poller);
    allow (self);
    wait_target (self, TRANSFER_PREPARED);
    /*  accept before the source has frozen anything: it waits, too. */
    char digest[DIGEST_SIZE];
    digest_folder ("w", digest);
    transfer_target_accept (self->target, digest);
    assert_string_equal (freeze (self).digest, digest);
    wait_target (self, TRANSFER_ACCEPTED);
}

/* ---- what fails ---- */

static void test_other_digest (void **state)
{
    fixture_t *self = *state;
    put_text ("w/a", "a");
    allow (self);
    start_target (self);
    wait_target (self, TRANSFER_PREPARED);
    transfer_report_t frozen = freeze (self);
    frozen.digest[0] = frozen.digest[0] == '0' ? '1' : '0';
    transfer_target_accept (self->target, frozen.digest);
    transfer_report_t failed = wait_target (self, TRANSFER_FAILED);
    assert_int_equal (failed.error.reason, BATON_REASON_digest_mismatch);
}

static void test_frozen_workspace_that_changes (void **state)
{
    fixture_t *self = *state;
    allow (self);
    start_target (self);
    wait_target (self, TRANSFER_PREPARED);
    put_text ("w/a", "before");
    transfer_report_t frozen = freeze (self);
    put_text ("w/a", "after!");
    transfer_target_accept (self->target, frozen.digest);
    transfer_report_t failed = wait_target (self, TRANSFER_FAILED);
    assert_int_equal (failed.error.reason, BATON_REASON_digest_mismatch);
}

static void test_sockets_are_refused_by_name (void **state)
{
    fixture_t *self = *state;
    assert_int_equal (mkfifo ("w/fifo", 0600), 0);
    allow (self);
    start_target (self);
    transfer_report_t failed = wait_target (self, TRANSFER_FAILED);
    assert_non_null (strstr (failed.error.message, "fifo"));
    transfer_source_freeze (self->source, "session", 1);
    failed = wait_for (transfer_source_pipe (self->source), false);
    assert_int_equal (failed.kind, TRANSFER_FAILED);
    assert_non_null (strstr (failed.error.message, "fifo"));
}

static void test_unknown_peer (void **state)
{
    fixture_t *self = *state;
    put_text ("w/a", "a");
    keys_t right = self->target_keys;
    allow (self);
    zmq_curve_keypair (self->target_keys.public_key, self->target_keys.secret_key);
    start_target_at (self, transfer_source_endpoint (self->source), 300);
    transfer_report_t failed = wait_target (self, TRANSFER_FAILED);
    assert_int_equal (failed.error.status, BATON_permission_denied);
    expect_missing ("stage/tree/a");
    transfer_target_destroy (&self->target);

    /*  And the right one, when the source has forgotten it. */
    self->target_keys = right;
    transfer_source_forget (self->source, "session", 1);
    start_target_at (self, transfer_source_endpoint (self->source), 300);
    failed = wait_target (self, TRANSFER_FAILED);
    assert_int_equal (failed.error.status, BATON_permission_denied);
}

static void test_source_that_never_answers (void **state)
{
    fixture_t *self = *state;
    start_target_at (self, "tcp://127.0.0.1:1", 300);
    transfer_report_t failed = wait_target (self, TRANSFER_FAILED);
    assert_int_equal (failed.error.status, BATON_unavailable);
}

static void test_freeze_of_nothing (void **state)
{
    fixture_t *self = *state;
    transfer_source_freeze (self->source, "other", 7);
    transfer_report_t failed = wait_for (transfer_source_pipe (self->source), false);
    assert_int_equal (failed.kind, TRANSFER_FAILED);
    assert_string_equal (failed.session, "other");
    assert_int_equal (failed.error.status, BATON_not_found);
}

static void test_place_is_taken (void **state)
{
    fixture_t *self = *state;
    put_text ("w/a", "a");
    allow (self);
    start_target (self);
    wait_target (self, TRANSFER_PREPARED);
    move_over (self);
    assert_int_equal (mkdir ("there", 0755), 0);
    put_text ("there/mine", "mine");
    assert_int_equal (transfer_stage_place ("stage", "there", NULL), BATON_already_exists);
    expect_text ("there/mine", "mine");
    unlink ("there/mine");
    assert_int_equal (transfer_stage_place ("stage", "there", NULL), BATON_OK);
    expect_text ("there/a", "a");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, fixture_setup, fixture_teardown)

int main (void)
{
    if (id_init () != BATON_OK)
        return 1;
    zsys_init ();
    const struct CMUnitTest tests[] = {
        TEST (test_nasty_tree),
        TEST (test_everything_changes_into_something_else),
        TEST (test_changing_tree),
        TEST (test_bindings_stay_behind),
        TEST (test_target_restarts),
        TEST (test_resume_refetches_nothing),
        TEST (test_damaged_stage),
        TEST (test_source_restarts),
        TEST (test_allowed_late),
        TEST (test_other_digest),
        TEST (test_frozen_workspace_that_changes),
        TEST (test_sockets_are_refused_by_name),
        TEST (test_unknown_peer),
        TEST (test_source_that_never_answers),
        TEST (test_freeze_of_nothing),
        TEST (test_place_is_taken),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
