/*  Workspaces, environment and input of a run. */
#include "environment.h"
#include "files.h"
#include "id.h"
#include "place.h"
#include "prune.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up (void **state)
{
    char *folder = strdup ("/tmp/baton-place-XXXXXX");
    *state = folder;
    return mkdtemp (folder) ? 0 : -1;
}

static int tear_down (void **state)
{
    files_remove_tree (*state);
    free (*state);
    return 0;
}

static void test_workspace (void **state)
{
    const char *base = *state;
    char folder[128], file[128], own[PLACE_SIZE], long_path[PLACE_SIZE];
    baton_error_t error;
    snprintf (folder, sizeof folder, "%s/given", base);
    snprintf (file, sizeof file, "%s/file", base);
    place_workspace_path (base, "s1", own);
    memset (long_path, 'x', sizeof long_path - 1);
    long_path[0] = '/';
    long_path[sizeof long_path - 1] = '\0';
    assert_int_equal (mkdir (folder, 0700), 0);
    assert_int_equal (files_write (file, "x", 1, &error), BATON_OK);
    const struct {
        const char *given;
        bool adopted;
        const char *path, *says;
    } CASES[] = {
        {NULL, false, own, NULL},
        {folder, false, folder, NULL},
        {folder, true, own, NULL}, /*  a session that moved here never uses a path of another host */
        {"/no/such/place", false, NULL, "workspace /no/such/place is not there"},
        {file, false, NULL, "is a file"},
        {"relative/path", false, NULL, "not an absolute path"},
        {long_path, false, NULL, "name too long"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assignment_t assignment = {.session = (char *) "s1", .workspace = (char *) CASES[i].given};
        char path[PLACE_SIZE] = "untouched";
        struct stat status;
        error.message[0] = '\0';
        baton_status result = place_workspace (base, &assignment, CASES[i].adopted, path, &error);
        if (CASES[i].path) {
            assert_int_equal (result, BATON_OK);
            assert_string_equal (path, CASES[i].path);
            assert_int_equal (stat (path, &status), 0);
            assert_true (S_ISDIR (status.st_mode));
        } else {
            assert_int_equal (result, BATON_failed_precondition);
            assert_string_equal (error.field, "workspace");
            assert_string_equal (path, "untouched");
            if (strlen (CASES[i].given) < 256)
                assert_non_null (strstr (error.message, CASES[i].says));
        }
    }
}

static void test_names (void **state)
{
    (void) state;
    assert_true (place_possible ("01hx-ab"));
    assert_false (place_possible ("a/../../b"));
    assert_false (place_possible (".."));
    assert_false (place_possible (""));
    assert_false (place_possible (NULL));
}

static void test_last_run (void **state)
{
    const char *base = *state;
    char path[PLACE_SIZE];
    baton_error_t error;
    assert_int_equal (place_last_run (base, "s1"), 0);
    static const uint64_t RUNS[] = {2, 10, 9};
    for (size_t i = 0; i < 3; i++) {
        place_log_path (base, "s1", RUNS[i], path);
        assert_int_equal (files_make_folder (path, &error), BATON_OK);
    }
    assert_int_equal (place_last_run (base, "s1"), 10);
}

/*  Removing a tree stays inside it. */
static void test_remove_tree (void **state)
{
    const char *base = *state;
    char tree[128], link[160], outside[128], kept[160];
    baton_error_t error;
    snprintf (tree, sizeof tree, "%s/tree/deep", base);
    snprintf (outside, sizeof outside, "%s/outside", base);
    snprintf (kept, sizeof kept, "%s/file", outside);
    snprintf (link, sizeof link, "%s/link", tree);
    assert_int_equal (files_make_folder (tree, &error), BATON_OK);
    assert_int_equal (files_make_folder (outside, &error), BATON_OK);
    assert_int_equal (files_write (kept, "x", 1, &error), BATON_OK);
    assert_int_equal (symlink (outside, link), 0);
    *strrchr (tree, '/') = '\0';
    files_remove_tree (tree);
    assert_int_equal (access (tree, F_OK), -1);
    assert_int_equal (access (kept, F_OK), 0);
}

static bool is_wanted (void *arg, const char *session)
{
    return strcmp (arg, session) == 0;
}

/*  Only what is old goes, and only of sessions that aren't wanted. */
static void test_prune (void **state)
{
    const char *base = *state;
    static const struct {
        const char *session;
        time_t age; /*  seconds */
        bool stays;
    } CASES[] = {{"fresh", 0, true}, {"wanted", 1000, true}, {"old", 1000, false}};
    char path[PLACE_SIZE];
    baton_error_t error;
    for (size_t i = 0; i < 3; i++) {
        place_log_path (base, CASES[i].session, 1, path);
        assert_int_equal (files_make_folder (path, &error), BATON_OK);
        *strrchr (path, '/') = '\0';
        struct timespec then[2] = {{.tv_sec = time (NULL) - CASES[i].age}, {.tv_sec = time (NULL) - CASES[i].age}};
        assert_int_equal (utimensat (AT_FDCWD, path, then, 0), 0);
    }
    prune_runs (base, 500 * 1000, (uint64_t) time (NULL) * 1000, is_wanted, (void *) "wanted");
    for (size_t i = 0; i < 3; i++) {
        place_log_path (base, CASES[i].session, 1, path);
        assert_int_equal (access (path, F_OK), CASES[i].stays ? 0 : -1);
    }
}

static const char *find (char **envp, const char *name)
{
    size_t length = strlen (name);
    for (; *envp; envp++)
        if (strncmp (*envp, name, length) == 0 && (*envp)[length] == '=')
            return *envp + length + 1;
    return NULL;
}

static void test_environment (void **state)
{
    (void) state;
    setenv ("BATON_CONTEXT", "/the/node's/own", 1);
    setenv ("NOTIFY_SOCKET", "/run/notify", 1);
    setenv ("KEPT", "yes", 1);
    setenv ("OVER", "the node's", 1);
    driver_t driver = {.name = NULL};
    assert_int_equal (pairs_set (&driver.env, "OVER", "the driver's"), BATON_OK);
    assert_int_equal (pairs_set (&driver.env, "BATON_TOKEN", "forged"), BATON_OK);
    attempt_t attempt = {.session = "s1", .token = "secret"};
    launch_t launch = {
        .session = "s1", .run = 3, .attempt = 2, .workspace = "/w", .driver = &driver, .socket = "ipc:///s"};
    char **envp = environment_of (&attempt, &launch, "/state/runs/s1/3/2");
    assert_non_null (envp);
    static const struct {
        const char *name, *value;
    } CASES[] = {{"BATON_SOCKET", "ipc:///s"}, {"BATON_SESSION", "s1"},
                 {"BATON_RUN", "3"},           {"BATON_ATTEMPT", "2"},
                 {"BATON_TOKEN", "secret"},    {"BATON_WORKSPACE", "/w"},
                 {"BATON_OBJECTIVE", ""},      {"KEPT", "yes"},
                 {"OVER", "the driver's"},     {"BATON_INPUT", "/state/runs/s1/3/2/input.json"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_string_equal (find (envp, CASES[i].name), CASES[i].value);
    assert_null (find (envp, "BATON_CONTEXT"));
    assert_null (find (envp, "NOTIFY_SOCKET"));
    assert_non_null (strstr (find (envp, "PATH"), ":"));
    environment_free (envp);
    pairs_clear (&driver.env);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (void)
{
    if (id_init () != BATON_OK)
        return 1;
    const struct CMUnitTest tests[] = {TEST (test_workspace),   TEST (test_names), TEST (test_last_run),
                                       TEST (test_remove_tree), TEST (test_prune), cmocka_unit_test (test_environment)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
