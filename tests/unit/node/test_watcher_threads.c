/*  The watcher: it tells what is another than was seen last, once, with 10,000 triggers as with one. */
#include "watcher_internal.h"

#include "files.h"
#include "id.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE 60000 /*  ms */
#define SESSIONS 160
#define EACH 63 /*  triggers: 10,080 in all */

typedef struct {
    char root[64];
    zloop_t *loop;
    watcher_t *watcher;
    size_t told;
    size_t wanted; /*  the loop ends when so many were told */
    uint64_t epoch;
    char session[LIMIT_ID + 1], name[LIMIT_NAME + 1], seen[DIGEST_SIZE], path[LIMIT_TITLE];
} place_t;

static void on_change (void *arg, uint64_t epoch, const trigger_changed_request_t *change)
{
    place_t *self = arg;
    self->told++;
    self->epoch = epoch;
    snprintf (self->session, sizeof self->session, "%s", change->session);
    snprintf (self->name, sizeof self->name, "%s", change->name);
    snprintf (self->seen, sizeof self->seen, "%s", change->seen);
    snprintf (self->path, sizeof self->path, "%s", change->paths.count > 0 ? change->paths.items[0] : "");
}

static int check (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    place_t *self = arg;
    return self->told >= self->wanted ? -1 : 0;
}

static int give_up (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    (void) arg;
    return -1;
}

/*  Until so many more were told; and no more than that. */
static void await (place_t *self, size_t count)
{
    self->wanted = self->told + count;
    int checks = zloop_timer (self->loop, 2, 0, check, self),
        end = zloop_timer (self->loop, PATIENCE, 1, give_up, self);
    zloop_start (self->loop);
    zloop_timer_end (self->loop, checks);
    zloop_timer_end (self->loop, end);
    assert_int_equal (self->told, self->wanted);
}

static int setup (void **state)
{
    place_t *self = calloc (1, sizeof *self);
    baton_error_t error = {0};
    strcpy (self->root, "/tmp/baton-watcher-XXXXXX");
    self->loop = zloop_new ();
    *state = self;
    zsys_handler_set (NULL);
    return id_init () == BATON_OK && mkdtemp (self->root) && self->loop &&
                   watcher_new (self->loop, on_change, self, &self->watcher, &error) == BATON_OK
               ? 0
               : -1;
}

static int teardown (void **state)
{
    place_t *self = *state;
    watcher_destroy (&self->watcher);
    zloop_destroy (&self->loop);
    files_remove_tree (self->root);
    free (self);
    return 0;
}

/*  In one step, so that no look finds half of it. */
static void put (const place_t *self, const char *path, const char *text)
{
    char whole[256], beside[256];
    snprintf (whole, sizeof whole, "%s/%s", self->root, path);
    snprintf (beside, sizeof beside, "%s/.beside", self->root);
    FILE *file = fopen (beside, "w");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
    assert_int_equal (rename (beside, whole), 0);
}

/*  A session with one trigger on a file, which saw that digest since that position. */
static void set_session (place_t *self, const char *session, const char *file, const char *seen, uint64_t since,
                         uint64_t epoch)
{
    trigger_t trigger = {
        .name = (char *) "t", .kind = trigger_kind_file, .file = (char *) file, .seen = (char *) seen, .since = since};
    watched_t watched = {.session = (char *) session, .lease = {.epoch = epoch}, .triggers = {1, &trigger}};
    assert_int_equal (watcher_set (self->watcher, self->root, &watched), BATON_OK);
}

static void set_one (place_t *self, const char *file, const char *seen, uint64_t since, uint64_t epoch)
{
    set_session (self, "s1", file, seen, since, epoch);
}

static void each_change_is_told_once_until_it_is_known (void **state)
{
    place_t *self = *state;
    put (self, "a", "1");
    set_one (self, "a", NULL, 1, 7);
    await (self, 1); /*  the first look */
    assert_int_equal (self->epoch, 7);
    assert_string_equal (self->path, "");
    char first[DIGEST_SIZE];
    strcpy (first, self->seen);
    set_one (self, "a", first, 2, 7);
    put (self, "a", "2");
    await (self, 1);
    assert_string_equal (self->path, "a");
    put (self, "a", "3"); /*  not told before the broker knows of the one before; then at once */
    set_one (self, "a", self->seen, 3, 7);
    await (self, 1);
    set_one (self, "a", self->seen, 4, 7);
    put (self, "a", "1");
    await (self, 1);
    assert_string_equal (self->seen, first);
    watcher_again (self->watcher, "s1"); /*  it could not be kept */
    await (self, 1);
    set_one (self, "a", first, 4, 8); /*  the right has moved, and come back */
    put (self, "a", "4");
    await (self, 1);
    assert_int_equal (self->epoch, 8);
}

/*  The next change is looked at before the broker knows of the one before: it can say what has changed all the same. */
static void a_change_during_another_says_what_it_is (void **state)
{
    place_t *self = *state;
    char first[DIGEST_SIZE], second[DIGEST_SIZE];
    put (self, "a", "1");
    put (self, "b", "1");
    set_session (self, "s2", "b", NULL, 1, 1);
    await (self, 1);
    strcpy (second, self->seen);
    set_one (self, "a", NULL, 1, 1);
    await (self, 1);
    set_one (self, "a", self->seen, 2, 1);
    set_session (self, "s2", "b", second, 2, 1);
    put (self, "a", "2");
    await (self, 1);
    strcpy (first, self->seen);
    put (self, "a", "3");
    put (self, "b", "3");
    await (self, 1); /*  of b: by then a was looked at, too */
    assert_string_equal (self->session, "s2");
    set_one (self, "a", first, 3, 1);
    await (self, 1);
    assert_string_equal (self->path, "a");
}

static void what_changed_while_nobody_looked_is_told (void **state)
{
    place_t *self = *state;
    put (self, "a", "1");
    set_one (self, "a", "what was seen before", 9, 1);
    await (self, 1);
}

static void what_is_not_set_again_is_dropped (void **state)
{
    place_t *self = *state;
    put (self, "a", "1");
    put (self, "b", "1");
    set_one (self, "a", NULL, 1, 1);
    await (self, 1);
    watcher_begin (self->watcher);
    watcher_end (self->watcher);
    put (self, "a", "2");
    set_one (self, "b", NULL, 1, 1);
    await (self, 1);
    char digest[DIGEST_SIZE];
    strcpy (digest, self->seen);
    watched_t none = {.session = (char *) "s1"};
    assert_int_equal (watcher_set (self->watcher, "", &none), BATON_OK);
    put (self, "b", "2");
    set_one (self, "a", NULL, 1, 1);
    await (self, 1);
    assert_string_not_equal (self->seen, digest);
}

static void set_many (place_t *self, int number)
{
    char names[EACH][16], files[EACH][32], session[16];
    trigger_t triggers[EACH];
    snprintf (session, sizeof session, "s%d", number);
    for (int i = 0; i < EACH; i++) {
        snprintf (names[i], sizeof names[i], "t%d", i);
        snprintf (files[i], sizeof files[i], "%d/f%d", number % 16, i);
        triggers[i] = (trigger_t){.name = names[i], .kind = trigger_kind_file, .file = files[i], .since = 1};
    }
    watched_t watched = {.session = session, .lease = {.epoch = 1}, .triggers = {EACH, triggers}};
    assert_int_equal (watcher_set (self->watcher, self->root, &watched), BATON_OK);
}

static void ten_thousand_triggers (void **state)
{
    place_t *self = *state;
    char path[96];
    for (int i = 0; i < 16; i++) {
        snprintf (path, sizeof path, "%s/%d", self->root, i);
        assert_int_equal (mkdir (path, 0777), 0);
    }
    for (int i = 0; i < SESSIONS; i++)
        set_many (self, i);
    await (self, SESSIONS * EACH);
    watcher_begin (self->watcher); /*  as after a broker's restart */
    for (int i = 0; i < SESSIONS; i++)
        set_many (self, i);
    watcher_end (self->watcher);
    set_one (self, "15/f7", NULL, 1, 1); /*  in the place of what s1 had */
    await (self, 1);
    set_one (self, "15/f7", self->seen, 2, 1);
    put (self, "15/f7", "changed");
    await (self, 1);
    assert_string_equal (self->session, "s1");
    assert_string_equal (self->path, "15/f7");
}

/*  A look that finds one folder more keeps those that it had. */
static void a_new_folder_leaves_the_others_watched (void **state)
{
    place_t *place = *state;
    thread_t self = {.notify = inotify_init1 (IN_CLOEXEC), .folders = folders_new ()};
    watch_t watch = {.told = false};
    look_t fresh = {.commit = ""};
    char below[256];
    snprintf (below, sizeof below, "%s/new", place->root);
    assert_int_equal (mkdir (below, 0700), 0);
    assert_int_equal (look_add_spot (&watch.look, self.notify, place->root, NULL), BATON_OK);
    look_t before = watch.look;
    watch.look = (look_t){.commit = ""};
    folders_keep (&self, &watch, &before);
    watch.look = before;
    assert_int_equal (look_add_spot (&fresh, self.notify, place->root, NULL), BATON_OK);
    assert_int_equal (look_add_spot (&fresh, self.notify, below, NULL), BATON_OK);
    folders_keep (&self, &watch, &fresh);
    for (size_t i = 0; i < fresh.spots.count; i++) {
        const folder_t *folder = folders_find (&self, fresh.spots.items[i].folder);
        assert_non_null (folder);
        assert_int_equal (folder->ears.count, 1);
    }
    folders_forget (&self, &watch, &fresh);
    assert_int_equal (zhashx_size (self.folders), 0);
    look_clear (&fresh);
    look_clear (&watch.look);
    zhashx_destroy (&self.folders);
    close (self.notify);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (each_change_is_told_once_until_it_is_known),
        TEST (a_change_during_another_says_what_it_is),
        TEST (what_changed_while_nobody_looked_is_told),
        TEST (what_is_not_set_again_is_dropped),
        TEST (ten_thousand_triggers),
        TEST (a_new_folder_leaves_the_others_watched),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
