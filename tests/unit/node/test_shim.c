/*  Real processes under a real shim: this program is the shim when it is started with that word. */
#include "files.h"
#include "place.h"
#include "procs.h"
#include "runlog.h"
#include "shim.h"
#include "spawn.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE 20000 /*  milliseconds: sanitizers and a busy machine included */

typedef struct {
    char base[64];
    char folder[PLACE_SIZE]; /*  of the attempt */
    int pidfd;
    int ready;
} fixture_t;

static int set_up (void **state)
{
    fixture_t *fixture = calloc (1, sizeof *fixture);
    baton_error_t error;
    strcpy (fixture->base, "/tmp/baton-shim-XXXXXX");
    fixture->pidfd = fixture->ready = -1;
    *state = fixture;
    if (!mkdtemp (fixture->base))
        return -1;
    snprintf (fixture->folder, sizeof fixture->folder, "%s/1", fixture->base);
    return files_make_folder (fixture->folder, &error) == BATON_OK ? 0 : -1;
}

static size_t left_behind (fixture_t *fixture)
{
    char mark[128];
    snprintf (mark, sizeof mark, "BATON_TOKEN=%s", fixture->base);
    return procs_kill_marked (-1, mark);
}

static int tear_down (void **state)
{
    fixture_t *fixture = *state;
    pid_t shim, driver;
    if (fixture->pidfd >= 0)
        close (fixture->pidfd);
    if (spawn_find (fixture->folder, &fixture->pidfd) == SHIM_alive && shim_read_pids (fixture->folder, &shim, &driver))
        kill (shim, SIGKILL); /*  a test that failed leaves nothing running either */
    left_behind (fixture);
    if (fixture->ready >= 0)
        close (fixture->ready);
    while (waitpid (-1, NULL, WNOHANG) > 0) {
    }
    files_remove_tree (fixture->base);
    free (fixture);
    return 0;
}

static void start_argv (fixture_t *fixture, char **argv, uint64_t bound)
{
    char mark[128];
    snprintf (mark, sizeof mark, "BATON_TOKEN=%s", fixture->base);
    char *envp[] = {mark, (char *) "PATH=/usr/bin:/bin", NULL};
    baton_error_t error;
    spawn_t spawn = {fixture->folder, fixture->base, bound, 5000, fixture->base, argv, envp};
    assert_int_equal (spawn_shim (&spawn, &fixture->pidfd, &fixture->ready, &error), BATON_OK);
}

static void start (fixture_t *fixture, const char *script)
{
    char *argv[] = {(char *) "/bin/sh", (char *) "-c", (char *) script, NULL};
    start_argv (fixture, argv, 1 << 20);
}

static void await (int fd)
{
    assert_int_equal (poll (&(struct pollfd){.fd = fd, .events = POLLIN}, 1, DEADLINE), 1);
}

static void await_driver (fixture_t *fixture)
{
    pid_t shim, driver;
    await (fixture->ready);
    assert_true (shim_read_pids (fixture->folder, &shim, &driver));
}

static void stop (fixture_t *fixture, int grace)
{
    siginfo_t info = {.si_signo = SHIM_STOP, .si_code = SI_QUEUE};
    info.si_pid = getpid ();
    info.si_uid = getuid ();
    info.si_value.sival_int = grace;
    assert_int_equal (pidfd_send_signal (fixture->pidfd, SHIM_STOP, &info, 0), 0);
}

static run_exit_t await_exit (fixture_t *fixture)
{
    run_exit_t exit;
    await (fixture->pidfd);
    shim_read_exit (fixture->folder, &exit);
    return exit;
}

static char *printed (fixture_t *fixture)
{
    runlog_page_t page = {.offset = 0};
    baton_error_t error;
    assert_int_equal (runlog_read (fixture->base, 0, 1 << 20, &page, &error), BATON_OK);
    char *text = calloc (1, page.content.size + 1);
    memcpy (text, page.content.data, page.content.size);
    bytes_clear (&page.content);
    return text;
}

/*  The log says when a script has got somewhere: what it waits for itself, its handlers set. */
static void await_text (fixture_t *fixture, const char *text)
{
    for (int waited = 0; waited < DEADLINE; waited += 5) {
        char *log = printed (fixture);
        bool there = strstr (log, text) != NULL;
        free (log);
        if (there)
            return;
        poll (NULL, 0, 5);
    }
    fail_msg ("the run never printed %s", text);
}

/* ---- how a run ends ---- */

static void test_ends (void **state)
{
    static const struct {
        const char *script;
        exit_kind_t kind;
        uint64_t number;
        const char *output;
    } CASES[] = {
        {"echo out; echo err >&2", EXIT_code, 0, "out\nerr\n"},
        {"exit 7", EXIT_code, 7, ""},
        {"kill -9 $$", EXIT_signal, SIGKILL, ""},
        {"kill -11 $$", EXIT_signal, SIGSEGV, ""},
        {"cat; pwd >/dev/null; echo $BATON_TOKEN | wc -l", EXIT_code, 0, "1\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_int_equal (set_up (state), 0);
        fixture_t *fixture = *state;
        start (fixture, CASES[i].script);
        run_exit_t exit = await_exit (fixture);
        char *output = printed (fixture);
        assert_int_equal (exit.kind, CASES[i].kind);
        assert_int_equal (exit.number, CASES[i].number);
        assert_string_equal (output, CASES[i].output);
        free (output);
        assert_int_equal (left_behind (fixture), 0);
        tear_down (state);
    }
}

static void test_cannot_be_started (void **state)
{
    fixture_t *fixture = *state;
    char *argv[] = {(char *) "/no/such/driver", NULL};
    start_argv (fixture, argv, 1 << 20);
    run_exit_t exit = await_exit (fixture);
    pid_t shim, driver;
    assert_int_equal (exit.kind, EXIT_error);
    assert_non_null (strstr (exit.detail, "/no/such/driver"));
    assert_non_null (strstr (exit.detail, "No such file"));
    assert_false (shim_read_pids (fixture->folder, &shim, &driver));
    await (fixture->ready);
}

/*  Children in the background, in sessions of their own, double-forked: none outlives the run. */
static void test_no_orphan (void **state)
{
    fixture_t *fixture = *state;
    start (fixture, "sleep 1000 & setsid sleep 1000 & (setsid sh -c 'sleep 1000 & sleep 1000' &) ; echo all; exit 3");
    run_exit_t exit = await_exit (fixture);
    assert_int_equal (exit.kind, EXIT_code);
    assert_int_equal (exit.number, 3);
    assert_int_equal (left_behind (fixture), 0);
}

static void test_stops_at_a_safe_point (void **state)
{
    fixture_t *fixture = *state;
    start (fixture, "trap 'echo safe; exit 5' TERM; echo ready; while :; do sleep 1000 & wait $!; done");
    await_text (fixture, "ready");
    stop (fixture, DEADLINE);
    run_exit_t exit = await_exit (fixture);
    char *output = printed (fixture);
    assert_int_equal (exit.kind, EXIT_code);
    assert_int_equal (exit.number, 5);
    assert_non_null (strstr (output, "safe"));
    free (output);
    assert_int_equal (left_behind (fixture), 0);
}

static void test_ignores_sigterm (void **state)
{
    fixture_t *fixture = *state;
    start (fixture, "trap '' TERM; echo ready; while :; do sleep 1000; done");
    await_text (fixture, "ready");
    stop (fixture, 100);
    run_exit_t exit = await_exit (fixture);
    assert_int_equal (exit.kind, EXIT_signal);
    assert_int_equal (exit.number, SIGKILL);
    assert_int_equal (left_behind (fixture), 0);
}

/*  A stopped process can't act on SIGTERM: it is continued first. */
static void test_stopped_process (void **state)
{
    fixture_t *fixture = *state;
    pid_t shim, driver;
    start (fixture, "trap 'exit 6' TERM; echo ready; while :; do sleep 1000 & wait $!; done");
    await_text (fixture, "ready");
    assert_true (shim_read_pids (fixture->folder, &shim, &driver));
    kill (-driver, SIGSTOP);
    stop (fixture, DEADLINE);
    run_exit_t exit = await_exit (fixture);
    assert_int_equal (exit.kind, EXIT_code);
    assert_int_equal (exit.number, 6);
}

/*  Asked again with less patience, the shorter grace counts; with more, nothing changes. */
static void test_quicker (void **state)
{
    fixture_t *fixture = *state;
    start (fixture, "trap 'echo told' TERM; echo ready; while :; do sleep 1000 & wait $!; done");
    await_text (fixture, "ready");
    stop (fixture, 600000);
    await_text (fixture, "told");
    stop (fixture, 700000);
    stop (fixture, 0);
    run_exit_t exit = await_exit (fixture);
    assert_int_equal (exit.kind, EXIT_signal);
    assert_int_equal (exit.number, SIGKILL);
}

/*  A stop that comes before the shim has even begun isn't lost, and kills nothing but the driver. */
static void test_stopped_at_once (void **state)
{
    for (int i = 0; i < 10; i++) {
        assert_int_equal (set_up (state), 0);
        fixture_t *fixture = *state;
        start (fixture, "sleep 1000");
        stop (fixture, 0);
        run_exit_t exit = await_exit (fixture);
        assert_int_equal (exit.kind, EXIT_signal);
        assert_int_equal (left_behind (fixture), 0);
        tear_down (state);
    }
}

static void test_floods_its_output (void **state)
{
    fixture_t *fixture = *state;
    char *argv[] = {(char *) "/bin/sh", (char *) "-c", (char *) "head -c 2000000 /dev/zero; echo end", NULL};
    start_argv (fixture, argv, 65536);
    run_exit_t exit = await_exit (fixture);
    assert_int_equal (exit.number, 0);
    runlog_page_t page = {.offset = 0};
    baton_error_t error;
    assert_int_equal (runlog_read (fixture->base, 0, 1 << 20, &page, &error), BATON_OK);
    assert_int_equal (page.next, 2000004);
    assert_true (page.content.size >= 32768 && page.content.size <= 65536);
    assert_memory_equal (page.content.data + page.content.size - 4, "end\n", 4);
    bytes_clear (&page.content);
}

/* ---- finding it again ---- */

static void test_found_again (void **state)
{
    fixture_t *fixture = *state;
    int pidfd = -1;
    assert_int_equal (spawn_find (fixture->folder, &pidfd), SHIM_never);
    start (fixture, "trap 'exit 4' TERM; echo ready; while :; do sleep 1000 & wait $!; done");
    await_text (fixture, "ready");
    close (fixture->pidfd);
    assert_int_equal (spawn_find (fixture->folder, &fixture->pidfd), SHIM_alive);
    stop (fixture, DEADLINE);
    run_exit_t exit = await_exit (fixture);
    assert_int_equal (exit.number, 4);
    assert_int_equal (spawn_find (fixture->folder, &pidfd), SHIM_gone);
}

/*  A shim that is killed says nothing; what it watched is found by its mark. */
static void test_killed_shim (void **state)
{
    fixture_t *fixture = *state;
    pid_t shim, driver;
    start (fixture, "setsid sleep 1000 & echo ready; sleep 1000");
    await_text (fixture, "ready");
    await_driver (fixture);
    assert_true (shim_read_pids (fixture->folder, &shim, &driver));
    kill (shim, SIGKILL);
    run_exit_t exit = await_exit (fixture);
    assert_int_equal (exit.kind, EXIT_unknown);
    assert_true (left_behind (fixture) >= 2);
    for (int waited = 0; waited < DEADLINE && left_behind (fixture) > 0; waited += 5)
        poll (NULL, 0, 5);
    assert_int_equal (left_behind (fixture), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up, tear_down)

int main (int argc, char **argv)
{
    if (argc > 1 && strcmp (argv[1], SHIM_WORD) == 0)
        return shim_main (argc - 1, argv + 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_ends),  TEST (test_cannot_be_started),
                                       TEST (test_no_orphan),         TEST (test_stops_at_a_safe_point),
                                       TEST (test_ignores_sigterm),   TEST (test_stopped_process),
                                       TEST (test_quicker),           cmocka_unit_test (test_stopped_at_once),
                                       TEST (test_floods_its_output), TEST (test_found_again),
                                       TEST (test_killed_shim)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
