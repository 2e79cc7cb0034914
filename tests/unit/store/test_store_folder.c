/*  Large contents, which are files: where they are, what is noticed of them, and what a kill at each step leaves. */
#include "fixture.h"

#include "id.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define LARGE 100000

/* ---- killed at a step ---- */

static unsigned steps_left; /*  of file calls until this process kills itself; 0: never */

static void step (void)
{
    if (steps_left > 0 && --steps_left == 0)
        raise (SIGKILL);
}

/*  The linker leads the store's calls here (tests/unit/CMakeLists.txt). */
int __real_open (const char *path, int flags, ...);
int __wrap_open (const char *path, int flags, mode_t mode);
int __wrap_open (const char *path, int flags, mode_t mode)
{
    step ();
    return __real_open (path, flags, mode);
}

#define STEP(name, parameters, arguments)                                                                              \
    int __real_##name parameters;                                                                                      \
    int __wrap_##name parameters;                                                                                      \
    int __wrap_##name parameters                                                                                       \
    {                                                                                                                  \
        step ();                                                                                                       \
        return __real_##name arguments;                                                                                \
    }
STEP (fdatasync, (int file), (file))
STEP (fsync, (int file), (file))
STEP (rename, (const char *from, const char *to), (from, to))
STEP (unlink, (const char *path), (path))
STEP (mkdir, (const char *path, mode_t mode), (path, mode))

/*  The first half is a step of its own. */
ssize_t __real_write (int file, const void *data, size_t size);
ssize_t __wrap_write (int file, const void *data, size_t size);
ssize_t __wrap_write (int file, const void *data, size_t size)
{
    step ();
    ssize_t half = __real_write (file, data, size / 2);
    step ();
    return half > 0 ? half : __real_write (file, data, size);
}

/* ---- contents ---- */

/*  A content that doesn't shrink, and is what its name makes it. */
static store_blob_t large (const char *digest, uint64_t staged_at, uint8_t content[LARGE])
{
    uint64_t random = (uint64_t) *digest * 7919 + 1;
    for (size_t i = 0; i < LARGE; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        content[i] = (uint8_t) random;
    }
    return (store_blob_t){digest, {LARGE, content}, staged_at, {"ada", digest}, NULL};
}

static baton_status forget (store_t *store, uint64_t before, baton_error_t *error)
{
    bool more = false;
    return store_forget_staged (store, before, &more, error);
}

static baton_status try_put (store_t *store, const char *digest, uint64_t staged_at, baton_error_t *error)
{
    static uint8_t content[LARGE];
    store_blob_t blob = large (digest, staged_at, content);
    return store_commit (store, &(store_batch_t){.blobs = &blob, .blob_count = 1}, error);
}

static void put (store_t *store, const char *digest, uint64_t staged_at)
{
    baton_error_t error = {0};
    if (try_put (store, digest, staged_at, &error) != BATON_OK)
        fail_msg ("can't put: %s", error.message);
}

static void check_content (store_t *store, const char *digest)
{
    static uint8_t content[LARGE];
    baton_bytes_t found = {0};
    baton_error_t error = {0};
    if (store_blob (store, digest, &found, &error) != BATON_OK)
        fail_msg ("can't read %s: %s", digest, error.message);
    large (digest, 0, content);
    assert_int_equal (found.size, LARGE);
    assert_memory_equal (found.data, content, LARGE);
    bytes_clear (&found);
}

static store_content_t *pack (store_packer_t *packer, const char *name)
{
    static uint8_t content[LARGE];
    store_blob_t blob = large (name, 0, content);
    store_content_t *ready = NULL;
    baton_error_t error = {0};
    return store_pack (packer, &blob.content, *name == 'q', &ready, &error) == BATON_OK ? ready : NULL;
}

static store_packer_t *open_packer (const char *directory)
{
    store_packer_t *packer = NULL;
    assert_int_equal (store_packer_new (directory, &packer, NULL), BATON_OK);
    return packer;
}

static void path_of (const fixture_t *fixture, const char *name, char path[96])
{
    snprintf (path, 96, "%s/blobs/%s", fixture->directory, name);
}

static bool is_there (const fixture_t *fixture, const char *name)
{
    char path[96];
    path_of (fixture, name, path);
    return access (path, F_OK) == 0;
}

static size_t files_seen;

static int count_file (const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void) path, (void) place;
    if (type == FTW_F)
        files_seen++;
    assert_int_equal (info->st_mode & 0777, type == FTW_F ? 0600 : 0700);
    return 0;
}

/*  How many files there are, each of which only its owner may see. */
static size_t count_files (const fixture_t *fixture)
{
    char path[96];
    path_of (fixture, "", path);
    files_seen = 0;
    nftw (path, count_file, 8, FTW_PHYS);
    return files_seen;
}

static void check_refused (store_t *store, const char *digest, baton_reason reason, const char *says)
{
    baton_bytes_t found = {0};
    baton_error_t error = {0};
    assert_int_not_equal (store_blob (store, digest, &found, &error), BATON_OK);
    assert_int_equal (error.reason, reason);
    if (!strstr (error.message, says))
        fail_msg ("\"%s\" doesn't say \"%s\"", error.message, says);
}

/* ---- where they are ---- */

static void a_large_content_is_a_file_and_others_are_not (void **state)
{
    fixture_t *fixture = *state;
    static uint8_t zeros[LARGE * 10];
    store_blob_t small = {.digest = "small", .content = fixture_bytes ("text")};
    store_blob_t flat = {.digest = "flat", .content = {sizeof zeros, zeros}};
    fixture_commit (fixture->store, &(store_batch_t){.blobs = &small, .blob_count = 1});
    fixture_commit (fixture->store, &(store_batch_t){.blobs = &flat, .blob_count = 1});
    assert_int_equal (count_files (fixture), 0);
    umask (0);
    put (fixture->store, "aab", 0);
    put (fixture->store, "aac", 0);
    put (fixture->store, "aab", 0);
    assert_int_equal (count_files (fixture), 2);
    assert_true (is_there (fixture, "aa/aab") && is_there (fixture, "aa/aac"));
    fixture_reopen (fixture);
    check_content (fixture->store, "aab");
    store_t *reader = NULL;
    assert_int_equal (store_open_reader (fixture->directory, &reader, NULL), BATON_OK);
    assert_int_equal (store_view_begin (reader, NULL), BATON_OK);
    check_content (reader, "aac");
    store_close (&reader);
}

static void a_file_goes_with_the_last_who_needs_it (void **state)
{
    fixture_t *fixture = *state;
    store_hold_t holds[] = {{.what = STORE_HOLD_keep, .digest = "a"},
                            {.what = STORE_HOLD_release, .holder = {"ada", "b"}}};
    put (fixture->store, "a", 10);
    put (fixture->store, "b", 10);
    put (fixture->store, "c", 20);
    fixture_commit (fixture->store, &(store_batch_t){.holds = holds, .hold_count = 2});
    assert_int_equal (forget (fixture->store, 5, NULL), BATON_OK);
    assert_false (is_there (fixture, "b/b"));
    assert_int_equal (forget (fixture->store, 30, NULL), BATON_OK);
    assert_int_equal (count_files (fixture), 1);
    check_content (fixture->store, "a");
    put (fixture->store, "c", 0);
    check_content (fixture->store, "c");
}

/* ---- what is noticed ---- */

static void a_lost_file_is_noticed_and_can_be_put_again (void **state)
{
    fixture_t *fixture = *state;
    char path[96];
    put (fixture->store, "a", 0);
    path_of (fixture, "a/a", path);
    assert_int_equal (unlink (path), 0);
    check_refused (fixture->store, "a", BATON_REASON_corrupt, "blobs/a/a, a content of the store, is not there");
    put (fixture->store, "a", 0);
    check_content (fixture->store, "a");
    assert_int_equal (truncate (path, LARGE / 2), 0);
    check_refused (fixture->store, "a", BATON_REASON_corrupt, "another size");
    put (fixture->store, "a", 0);
    check_content (fixture->store, "a");
}

static void a_damaged_file_is_noticed (void **state)
{
    fixture_t *fixture = *state;
    char path[96];
    uint8_t byte = 0;
    put (fixture->store, "a", 0);
    path_of (fixture, "a/a", path);
    for (off_t at = 0; at < LARGE; at += LARGE / 7) {
        int file = open (path, O_RDWR);
        assert_int_equal (pread (file, &byte, 1, at), 1);
        byte ^= 4;
        assert_int_equal (pwrite (file, &byte, 1, at), 1);
        check_refused (fixture->store, "a", BATON_REASON_corrupt, "blobs/a/a, a content of the store, is damaged");
        byte ^= 4;
        assert_int_equal (pwrite (file, &byte, 1, at), 1);
        close (file);
    }
    check_content (fixture->store, "a");
}

static void a_store_without_its_folder_is_refused (void **state)
{
    fixture_t *fixture = *state;
    char path[96], elsewhere[96];
    path_of (fixture, "", path);
    snprintf (elsewhere, sizeof elsewhere, "%s/elsewhere", fixture->directory);
    put (fixture->store, "a", 0);
    store_close (&fixture->store);
    assert_int_equal (rename (path, elsewhere), 0);
    baton_error_t error = {0};
    assert_int_equal (store_open_sqlite (fixture->directory, &fixture->store, &error), BATON_failed_precondition);
    assert_int_equal (error.reason, BATON_REASON_corrupt);
    assert_non_null (strstr (error.message, "bring it back from the same backup"));
    assert_int_equal (rename (elsewhere, path), 0);
    fixture_open_sqlite (fixture);
    check_content (fixture->store, "a");
}

/* ---- no room ---- */

static void check_put_fails (fixture_t *fixture, baton_reason reason)
{
    baton_error_t error = {0};
    assert_int_not_equal (try_put (fixture->store, "b", 0, &error), BATON_OK);
    assert_int_equal (error.reason, reason);
    bool has = true;
    assert_int_equal (store_has_blob (fixture->store, NULL, "b", &has, NULL), BATON_OK);
    assert_false (has);
    check_content (fixture->store, "a");
}

static void a_full_disk_leaves_nothing_behind (void **state)
{
    fixture_t *fixture = *state;
    struct rlimit before;
    put (fixture->store, "a", 0);
    assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
    signal (SIGXFSZ, SIG_IGN);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &(struct rlimit){LARGE / 2, before.rlim_max}), 0);
    check_put_fails (fixture, BATON_REASON_disk_full);
    store_packer_t *packer = open_packer (fixture->directory);
    assert_null (pack (packer, "c"));
    store_packer_destroy (&packer);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &before), 0);
    assert_int_equal (count_files (fixture), 1);
    put (fixture->store, "b", 0);
    check_content (fixture->store, "b");
}

static void a_folder_that_cannot_be_written_is_told (void **state)
{
    fixture_t *fixture = *state;
    char path[96];
    put (fixture->store, "a", 10);
    path_of (fixture, "", path);
    if (unshare (CLONE_NEWNS) != 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount (path, path, NULL, MS_BIND, NULL) != 0) {
        print_message ("skipped: this process may not mount a file system\n");
        return;
    }
    assert_int_equal (mount (NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
    check_put_fails (fixture, BATON_REASON_storage_failed);
    assert_int_equal (forget (fixture->store, 30, NULL), BATON_unavailable);
    check_content (fixture->store, "a");
    assert_int_equal (umount2 (path, MNT_DETACH), 0);
    put (fixture->store, "b", 0);
    assert_int_equal (forget (fixture->store, 30, NULL), BATON_OK);
    assert_int_equal (count_files (fixture), 1);
}

/* ---- killed ---- */

#define COMMITS 5

/*  After each commit, what must be there and what must not be; '?' stands for what the next one may already have done.
 */
static baton_status commit_number (store_t *store, size_t number)
{
    static uint8_t contents[3][LARGE];
    store_hold_t spent = {.what = STORE_HOLD_release, .holder = {"ada", "b"}};
    store_blob_t blobs[] = {large ("a", 0, contents[0]), large ("b", 10, contents[1]), large ("c", 10, contents[2])};
    switch (number) {
    case 0:
        return store_commit (store, &(store_batch_t){.blobs = blobs, .blob_count = 3}, NULL);
    case 1:
        return store_commit (store, &(store_batch_t){.holds = &spent, .hold_count = 1}, NULL);
    case 2:
        return forget (store, 20, NULL);
    case 3: /*  put and spent at once */
        return store_commit (
            store, &(store_batch_t){.blobs = blobs + 1, .blob_count = 1, .holds = &spent, .hold_count = 1}, NULL);
    default:
        blobs[1].staged_at = 0;
        return store_commit (store, &(store_batch_t){.blobs = blobs, .blob_count = 2}, NULL);
    }
}

static const char *const THERE[COMMITS + 1] = {"", "abc", "abc", "a", "ab", "ab"};

/*  Whether exactly those contents are there, and can be read. */
static bool has_just (store_t *store, const char *wanted)
{
    bool same = true;
    for (const char *digest = "a\0b\0c\0"; *digest; digest += 2) {
        bool has = false;
        assert_int_equal (store_has_blob (store, NULL, digest, &has, NULL), BATON_OK);
        if (has)
            check_content (store, digest);
        same = same && has == (strchr (wanted, *digest) != NULL);
    }
    return same;
}

/*  Commits until the step at which it is killed; tells each commit. */
static void commit_until_killed (store_t *store, const char *directory, int out)
{
    (void) directory;
    for (uint8_t number = 0; number < COMMITS; number++) {
        if (commit_number (store, number) != BATON_OK)
            _exit (3);
        if (__real_write (out, &number, 1) != 1)
            _exit (4);
    }
}

/*  What a process does until it is killed. */
typedef void work_fn (store_t *store, const char *directory, int out);

static void begin_work (const fixture_t *fixture, unsigned at, work_fn *work, int out)
{
    store_t *store = NULL;
    if (store_open_sqlite (fixture->directory, &store, NULL) != BATON_OK)
        _exit (2);
    steps_left = at;
    work (store, fixture->directory, out);
    _exit (0);
}

/*  Whether it was killed; ret_done is how many of its commits it told of. */
static bool kill_at (const fixture_t *fixture, unsigned at, work_fn *work, size_t *ret_done)
{
    int ends[2], how = 0;
    uint8_t number = 0;
    assert_int_equal (pipe (ends), 0);
    pid_t child = fork ();
    assert_true (child >= 0);
    if (child == 0)
        begin_work (fixture, at, work, ends[1]);
    close (ends[1]);
    for (*ret_done = 0; read (ends[0], &number, 1) == 1;)
        ++*ret_done;
    close (ends[0]);
    assert_int_equal (waitpid (child, &how, 0), child);
    assert_true (WIFSIGNALED (how) || WEXITSTATUS (how) == 0);
    return WIFSIGNALED (how);
}

static void nothing_is_lost_or_left_by_a_kill_at_any_step (void **state)
{
    fixture_t *fixture = *state;
    size_t done = 0;
    unsigned at = 1;
    for (bool killed = true; killed; at++) {
        store_close (&fixture->store);
        fixture_remove_directory (fixture);
        assert_int_equal (mkdir (fixture->directory, 0700), 0);
        killed = kill_at (fixture, at, commit_until_killed, &done);
        fixture_open_sqlite (fixture);
        assert_true (has_just (fixture->store, THERE[done]) ||
                     (done < COMMITS && has_just (fixture->store, THERE[done + 1])));
        size_t rows = 0;
        for (const char *digest = "a\0b\0c\0"; *digest; digest += 2) {
            bool has = false;
            assert_int_equal (store_has_blob (fixture->store, NULL, digest, &has, NULL), BATON_OK);
            rows += has;
        }
        assert_int_equal (count_files (fixture), rows);
    }
    assert_int_equal (done, COMMITS);
    assert_true (at > 30);
}

/* ---- made ready beforehand ---- */

static store_blob_t blob_of (store_content_t *ready)
{
    return (store_blob_t){store_content_digest (ready), {LARGE, NULL}, 10, {"ada", ""}, ready};
}

static void check_ready (store_t *store, const char *name, bool there)
{
    static uint8_t content[LARGE];
    char digest[DIGEST_SIZE];
    baton_bytes_t found = {0};
    large (name, 0, content);
    digest_of (content, LARGE, digest);
    assert_int_equal (store_blob (store, digest, &found, NULL), there ? BATON_OK : BATON_not_found);
    assert_true (!there || (found.size == LARGE && memcmp (found.data, content, LARGE) == 0));
    bytes_clear (&found);
}

static void a_ready_content_is_committed_or_leaves_nothing (void **state)
{
    fixture_t *fixture = *state;
    store_packer_t *packer = open_packer (fixture->directory);
    store_content_t *first = pack (packer, "p"), *same = pack (packer, "p"), *dropped = pack (packer, "q");
    assert_int_equal (count_files (fixture), 3);
    store_blob_t blobs[] = {blob_of (first), blob_of (same)};
    fixture_commit (fixture->store, &(store_batch_t){.blobs = blobs, .blob_count = 2});
    store_content_destroy (&first);
    store_content_destroy (&same);
    store_content_destroy (&dropped);
    assert_int_equal (count_files (fixture), 1);
    check_ready (fixture->store, "p", true);
    uint64_t count = 0, bytes = 0;
    assert_int_equal (store_staged (fixture->store, "ada", &count, &bytes, NULL), BATON_OK);
    assert_true (count == 1 && bytes == LARGE);
    store_packer_destroy (&packer);
}

static void a_small_ready_content_is_in_its_row (void **state)
{
    fixture_t *fixture = *state;
    static uint8_t zeros[LARGE * 10];
    store_packer_t *packer = open_packer (fixture->directory);
    store_content_t *ready = NULL;
    assert_int_equal (store_pack (packer, &(baton_bytes_t){sizeof zeros, zeros}, true, &ready, NULL), BATON_OK);
    store_blob_t blob = blob_of (ready);
    fixture_commit (fixture->store, &(store_batch_t){.blobs = &blob, .blob_count = 1});
    baton_bytes_t found = {0};
    assert_int_equal (store_blob (fixture->store, blob.digest, &found, NULL), BATON_OK);
    assert_int_equal (found.size, sizeof zeros);
    assert_int_equal (count_files (fixture), 0);
    bytes_clear (&found);
    store_content_destroy (&ready);
    store_packer_destroy (&packer);
}

/*  What a power cut may do to a name that was not flushed; and to a content that is there already. */
static void a_committed_file_is_found_under_its_first_name (void **state)
{
    fixture_t *fixture = *state;
    char place[96], staged[96];
    put (fixture->store, "aab", 0);
    path_of (fixture, "aa/aab", place);
    path_of (fixture, "new/aab.x1y2z3", staged);
    store_close (&fixture->store);
    assert_int_equal (rename (place, staged), 0);
    fixture_open_sqlite (fixture);
    check_content (fixture->store, "aab");
    store_close (&fixture->store);
    int file = open (staged, O_WRONLY | O_CREAT, 0600);
    assert_true (file >= 0 && ftruncate (file, LARGE) == 0 && close (file) == 0);
    fixture_open_sqlite (fixture);
    check_content (fixture->store, "aab");
    assert_int_equal (count_files (fixture), 1);
}

/*  p by two at once; q is never committed. */
static void put_ready_until_killed (store_t *store, const char *directory, int out)
{
    store_packer_t *packer = NULL;
    if (store_packer_new (directory, &packer, NULL) != BATON_OK)
        _exit (2);
    store_content_t *ready[] = {pack (packer, "p"), pack (packer, "p"), pack (packer, "q")};
    store_blob_t blobs[] = {blob_of (ready[0]), blob_of (ready[1])};
    if (store_commit (store, &(store_batch_t){.blobs = blobs, .blob_count = 2}, NULL) != BATON_OK ||
        __real_write (out, "", 1) != 1)
        _exit (3);
    for (size_t i = 0; i < 3; i++)
        store_content_destroy (&ready[i]);
}

static void no_ready_content_is_lost_or_left_by_a_kill_at_any_step (void **state)
{
    fixture_t *fixture = *state;
    size_t done = 0;
    unsigned at = 1;
    for (bool killed = true; killed; at++) {
        store_close (&fixture->store);
        fixture_remove_directory (fixture);
        assert_int_equal (mkdir (fixture->directory, 0700), 0);
        killed = kill_at (fixture, at, put_ready_until_killed, &done);
        fixture_open_sqlite (fixture);
        size_t files = count_files (fixture);
        check_ready (fixture->store, "p", files == 1);
        check_ready (fixture->store, "q", false);
        assert_true (files == 1 || (files == 0 && done == 0));
    }
    assert_int_equal (done, 1);
    assert_true (at > 20);
}

static int open_fixture (void **state)
{
    fixture_t *fixture = calloc (1, sizeof *fixture);
    assert_non_null (fixture);
    fixture_make_directory (fixture);
    fixture_open_sqlite (fixture);
    *state = fixture;
    return 0;
}

static int close_fixture (void **state)
{
    fixture_t *fixture = *state;
    store_close (&fixture->store);
    fixture_remove_directory (fixture);
    free (fixture);
    return 0;
}

int main (void)
{
#define CASE(test) cmocka_unit_test_setup_teardown (test, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        CASE (a_large_content_is_a_file_and_others_are_not),
        CASE (a_file_goes_with_the_last_who_needs_it),
        CASE (a_lost_file_is_noticed_and_can_be_put_again),
        CASE (a_damaged_file_is_noticed),
        CASE (a_store_without_its_folder_is_refused),
        CASE (a_full_disk_leaves_nothing_behind),
        CASE (a_folder_that_cannot_be_written_is_told),
        CASE (nothing_is_lost_or_left_by_a_kill_at_any_step),
        CASE (a_ready_content_is_committed_or_leaves_nothing),
        CASE (a_small_ready_content_is_in_its_row),
        CASE (a_committed_file_is_found_under_its_first_name),
        CASE (no_ready_content_is_lost_or_left_by_a_kill_at_any_step),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
