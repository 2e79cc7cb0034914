/*  Looking at files: what is a change, and what is none. */
#include "files.h"
#include "look.h"
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE 20000 /*  ms */
#define OLD 60         /*  ms after which a file is not read again */

typedef struct {
    char root[64];
    int notify;
    trigger_t trigger;
    binding_t binding;
    look_t last;
    char digest[DIGEST_SIZE];
    baton_error_t error;
} place_t;

static int setup (void **state)
{
    place_t *self = calloc (1, sizeof *self);
    strcpy (self->root, "/tmp/baton-look-XXXXXX");
    self->notify = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
    self->trigger = (trigger_t){.name = (char *) "t", .kind = trigger_kind_file};
    *state = self;
    return id_init () == BATON_OK && mkdtemp (self->root) && self->notify >= 0 ? 0 : -1;
}

static int teardown (void **state)
{
    place_t *self = *state;
    files_remove_tree (self->root);
    look_clear (&self->last);
    close (self->notify);
    free (self);
    return 0;
}

static const char *in (const place_t *self, const char *path)
{
    static char buffers[4][256];
    static int next;
    char *buffer = buffers[next++ % 4];
    snprintf (buffer, sizeof buffers[0], "%s/%s", self->root, path);
    return buffer;
}

static void put (const place_t *self, const char *path, const char *text)
{
    char folder[256];
    snprintf (folder, sizeof folder, "%s", in (self, path));
    for (char *slash = strchr (folder + strlen (self->root) + 1, '/'); slash; slash = strchr (slash + 1, '/')) {
        *slash = '\0';
        mkdir (folder, 0777);
        *slash = '/';
    }
    FILE *file = fopen (in (self, path), "w");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
}

static baton_status glance (place_t *self, const char *pattern, look_t *ret_look)
{
    self->trigger.file = (char *) pattern;
    look_for_t what = {self->notify, self->root, &self->trigger, &self->binding, self->binding.path ? 1 : 0,
                       &self->last};
    return look (&what, ret_look, &self->error);
}

/*  Whether what the pattern fits is another than at the last look. */
static bool differs (place_t *self, const char *pattern)
{
    look_t now = {.commit = ""};
    assert_int_equal (glance (self, pattern, &now), BATON_OK);
    bool differs = strcmp (now.digest, self->digest) != 0;
    strcpy (self->digest, now.digest);
    look_clear (&self->last);
    self->last = now;
    return differs;
}

/*  The files that a pattern fits, as one line. */
static void check_files (place_t *self, const char *pattern, const char *wanted)
{
    char got[1024] = "";
    look_t now = {.commit = ""};
    assert_int_equal (glance (self, pattern, &now), BATON_OK);
    for (size_t i = 0; i < now.files.count; i++) {
        strcat (got, i ? " " : "");
        strcat (got, now.files.items[i].path);
    }
    if (strcmp (got, wanted) != 0)
        fail_msg ("%s fits \"%s\" instead of \"%s\"", pattern, got, wanted);
    look_clear (&now);
}

static void patterns_fit_files (void **state)
{
    place_t *self = *state;
    static const char *const FILES[] = {"a.c",          "b.h",       ".hidden",    "src/a.c", "src/deep/b.c",
                                        "src/deep/x.o", ".git/HEAD", "src/.git/x", "lib/a.c"};
    for (size_t i = 0; i < COUNT (FILES); i++)
        put (self, FILES[i], "x");
    assert_int_equal (symlink ("../lib", in (self, "src/link")), 0);
    check_files (self, "a.c", "a.c");
    check_files (self, "./src//a.c", "src/a.c");
    check_files (self, "*.c", "a.c");
    check_files (self, "*/a.c", "lib/a.c src/a.c");
    check_files (self, "**/*.c", "a.c lib/a.c src/a.c src/deep/b.c");
    check_files (self, "src/**/*.c", "src/a.c src/deep/b.c");
    check_files (self, "**/**/deep/**", "src/deep/b.c src/deep/x.o");
    check_files (self, "src", "src/a.c src/deep/b.c src/deep/x.o src/link");
    check_files (self, "src/", "src/a.c src/deep/b.c src/deep/x.o src/link");
    check_files (self, "[ab].?", "a.c b.h");
    check_files (self, ".hidden", ".hidden");
    check_files (self, ".git/HEAD", ".git/HEAD");
    check_files (self, "src/link/a.c", "");
    check_files (self, "nothing/*", "");
    self->binding = (binding_t){.path = (char *) "src/deep", .omit = true};
    check_files (self, "src", "src/a.c src/link");
}

static void only_content_counts (void **state)
{
    place_t *self = *state;
    put (self, "src/a", "one");
    assert_true (differs (self, "src"));
    assert_false (differs (self, "src"));
    struct timespec old[2] = {{.tv_sec = 5}, {.tv_sec = 5}};
    assert_int_equal (utimensat (AT_FDCWD, in (self, "src/a"), old, 0), 0);
    assert_false (differs (self, "src"));
    put (self, "src/a", "one");
    assert_false (differs (self, "src"));
    chmod (in (self, "src/a"), 0600);
    assert_false (differs (self, "src"));
    put (self, "src/a", "two");
    assert_true (differs (self, "src"));
    put (self, "src/b", "");
    assert_true (differs (self, "src"));
    assert_int_equal (rename (in (self, "src/b"), in (self, "src/c")), 0);
    assert_true (differs (self, "src"));
    assert_int_equal (unlink (in (self, "src/c")), 0);
    assert_true (differs (self, "src"));
    mkdir (in (self, "src/empty"), 0777);
    assert_false (differs (self, "src"));
    assert_int_equal (symlink ("a", in (self, "src/link")), 0);
    assert_true (differs (self, "src"));
    assert_int_equal (unlink (in (self, "src/link")), 0);
    assert_int_equal (symlink ("b", in (self, "src/link")), 0);
    assert_true (differs (self, "src"));
}

/*  Written within the same tick of the clock, with the same size. */
static void a_quick_second_change_is_seen (void **state)
{
    place_t *self = *state;
    for (int i = 0; i < 200; i++) {
        put (self, "a", i % 2 ? "x" : "y");
        assert_true (differs (self, "a"));
    }
}

static void a_folder_that_is_replaced_is_another_one (void **state)
{
    place_t *self = *state;
    put (self, "src/a", "one");
    put (self, "other/a", "two");
    assert_true (differs (self, "src/a"));
    assert_int_equal (rename (in (self, "src"), in (self, "old")), 0);
    assert_true (differs (self, "src/a"));
    assert_int_equal (rename (in (self, "other"), in (self, "src")), 0);
    assert_true (differs (self, "src/a"));
    assert_int_equal (rename (in (self, "src"), in (self, "older")), 0);
    assert_int_equal (symlink ("older", in (self, "src")), 0);
    assert_true (differs (self, "src/a"));
    put (self, "older/a", "behind the link");
    assert_false (differs (self, "src/a"));
}

static void what_has_changed_is_named (void **state)
{
    place_t *self = *state;
    baton_texts_t paths = {0};
    put (self, "kept", "1");
    put (self, "gone", "1");
    put (self, "new\nline", "1");
    assert_true (differs (self, "*"));
    look_t before = self->last;
    self->last = (look_t){.commit = ""};
    unlink (in (self, "gone"));
    put (self, "made", "1");
    put (self, "new\nline", "2");
    assert_true (differs (self, "*"));
    assert_int_equal (look_compare (&before, &self->last, &paths), BATON_OK);
    assert_int_equal (paths.count, 3);
    assert_string_equal (paths.items[0], "gone");
    assert_string_equal (paths.items[1], "made");
    assert_string_equal (paths.items[2], "new?line");
    texts_clear (&paths);
    look_clear (&before);
}

static void a_workspace_that_is_not_there_is_no_change (void **state)
{
    place_t *self = *state;
    look_t now = {.commit = ""};
    char root[64];
    strcpy (root, self->root);
    strcat (self->root, "/later");
    assert_int_equal (glance (self, "a", &now), BATON_not_found);
    assert_int_equal (now.spots.count, 1);
    assert_string_equal (now.spots.items[0].name, "later");
    look_clear (&now);
    strcpy (self->root, root);
}

static void too_many_files_are_refused (void **state)
{
    place_t *self = *state;
    look_t now = {.commit = ""};
    char name[32];
    for (int i = 0; i <= (int) LIMIT_WATCH_FILES; i++) {
        snprintf (name, sizeof name, "%d", i);
        assert_int_equal (mknod (in (self, name), S_IFREG | 0600, 0), 0);
    }
    assert_int_equal (glance (self, "*", &now), BATON_resource_exhausted);
    look_clear (&now);
    assert_int_equal (unlink (in (self, "7")), 0);
    assert_int_equal (glance (self, "*", &now), BATON_OK);
    look_clear (&now);
}

/*  Git reads a repository's settings whatever they are. */
static void a_repository_that_never_answers_is_given_up (void **state)
{
    place_t *self = *state;
    look_t now = {.commit = ""};
    assert_int_equal (mkdir (in (self, ".git"), 0777), 0);
    assert_int_equal (mkdir (in (self, ".git/refs"), 0777), 0);
    assert_int_equal (mkdir (in (self, ".git/objects"), 0777), 0);
    put (self, ".git/HEAD", "ref: refs/heads/main\n");
    assert_int_equal (mkfifo (in (self, ".git/config"), 0666), 0);
    self->trigger.kind = trigger_kind_git;
    self->trigger.ref = (char *) "HEAD";
    assert_int_equal (glance (self, NULL, &now), BATON_unavailable);
    look_clear (&now);
}

/*  A pattern with many ways to the same folder must not go each of them. */
static void each_folder_is_read_once (void **state)
{
    place_t *self = *state;
    char path[128] = "a";
    for (int i = 0; i < 29; i++)
        strcat (path, "/a");
    strcat (path, "/x");
    put (self, path, "x");
    check_files (self, "**/*/**/*/**/*/**/*/**/*/**/*/**/*/**/*/**/*/**/*/**/*/**/*/**/*/**/x", path);
    check_files (self, "**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/y", "");
    char pattern[3 * 64 + 1] = "";
    for (int i = 0; i < 64; i++)
        strcat (pattern, "*/");
    look_t now = {.commit = ""};
    assert_int_equal (glance (self, pattern, &now), BATON_resource_exhausted);
    look_clear (&now);
}

/*  Reading it would take for ever. */
static void big_files_are_not_read (void **state)
{
    place_t *self = *state;
    put (self, "big", "");
    assert_int_equal (truncate (in (self, "big"), (off_t) 1 << 42), 0);
    assert_true (differs (self, "big"));
    assert_false (differs (self, "big"));
    assert_int_equal (truncate (in (self, "big"), ((off_t) 1 << 42) + 1), 0);
    assert_true (differs (self, "big"));
    struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 5}};
    assert_int_equal (utimensat (AT_FDCWD, in (self, "big"), times, 0), 0);
    assert_true (differs (self, "big"));
}

/*  As if the file had been read already. */
static void know (place_t *self, const char *path)
{
    looked_file_t *file = list_append (&self->last.files, sizeof *file);
    int opened = open (in (self, path), O_RDONLY | O_CLOEXEC);
    assert_true (file && opened >= 0 && workspace_identify (opened, &file->identity));
    file->identity.trusted = true;
    file->path = strdup (path);
    close (opened);
}

/*  What is younger is read again, since it may still change without another time. */
static void await_age (const char *path)
{
    struct stat file;
    struct timespec now;
    int64_t age = 0;
    for (int waited = 0; waited < DEADLINE && age <= OLD; waited += 5) {
        poll (NULL, 0, 5);
        assert_int_equal (stat (path, &file), 0);
        clock_gettime (CLOCK_REALTIME, &now);
        age = (now.tv_sec - file.st_ctim.tv_sec) * INT64_C (1000) + (now.tv_nsec - file.st_ctim.tv_nsec) / 1000000;
    }
    assert_true (age > OLD);
}

static void too_many_bytes_are_refused (void **state)
{
    place_t *self = *state;
    look_t now = {.commit = ""};
    char name[32];
    for (unsigned i = 0; i < LIMIT_WATCH_BYTES / LIMIT_WATCH_FILE + 1; i++) {
        snprintf (name, sizeof name, "many/%02u", i);
        put (self, name, "");
        assert_int_equal (truncate (in (self, name), LIMIT_WATCH_FILE), 0);
        know (self, name);
    }
    await_age (in (self, name));
    assert_int_equal (glance (self, "many", &now), BATON_resource_exhausted);
    look_clear (&now);
    assert_int_equal (unlink (in (self, name)), 0);
    assert_int_equal (glance (self, "many", &now), BATON_OK);
    assert_int_equal (now.files.count, LIMIT_WATCH_BYTES / LIMIT_WATCH_FILE);
    look_clear (&now);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (patterns_fit_files),
        TEST (only_content_counts),
        TEST (a_quick_second_change_is_seen),
        TEST (a_folder_that_is_replaced_is_another_one),
        TEST (what_has_changed_is_named),
        TEST (a_workspace_that_is_not_there_is_no_change),
        TEST (too_many_files_are_refused),
        TEST (a_repository_that_never_answers_is_given_up),
        TEST (each_folder_is_read_once),
        TEST (big_files_are_not_read),
        TEST (too_many_bytes_are_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
