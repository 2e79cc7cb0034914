#include "shim.h"

#include "files.h"
#include "procs.h"
#include "runlog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    const char *folder;
    runlog_t *log;
    int signals;
    int output;     /*  read end of the driver's stdout and stderr */
    uint64_t grace; /*  of a SIGTERM that nobody queued a value with */
    pid_t driver;
    int status; /*  of the driver, once it is gone */
    bool gone;
    uint64_t kill_at; /*  0: nobody asked to stop */
} shim_t;

static uint64_t now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

typedef baton_status write_fn (const char *path, const void *data, size_t size, baton_error_t *error);

static void write_word (const shim_t *self, const char *name, const char *text, write_fn *write)
{
    char path[PATH_MAX];
    snprintf (path, sizeof path, "%s/%s", self->folder, name);
    baton_error_t error;
    if (write (path, text, strlen (text), &error) != BATON_OK && self->log)
        runlog_append (self->log, error.message, strlen (error.message));
}

static void write_pids (const shim_t *self)
{
    char text[64];
    snprintf (text, sizeof text, "%d %d\n", (int) getpid (), (int) self->driver);
    write_word (self, "pid", text, files_write_unflushed); /*  means nothing after the machine has ended */
}

static void write_exit (const shim_t *self)
{
    char text[64];
    if (WIFSIGNALED (self->status))
        snprintf (text, sizeof text, "signal %d\n", WTERMSIG (self->status));
    else
        snprintf (text, sizeof text, "exit %d\n", WEXITSTATUS (self->status));
    write_word (self, "exit", text, files_write);
}

static int open_signals (void)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGCHLD);
    sigaddset (&set, SHIM_STOP);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGHUP);
    sigprocmask (SIG_SETMASK, &set, NULL);
    signal (SIGPIPE, SIG_IGN);
    return signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*  The driver starts with no signal blocked or ignored, leads its own process group, reads nothing and writes to us. */
static int start_driver (shim_t *self, char **argv)
{
    int output[2];
    if (pipe2 (output, O_CLOEXEC) < 0)
        return errno;
    fcntl (output[0], F_SETFL, O_NONBLOCK);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_addopen (&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2 (&actions, output[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2 (&actions, output[1], STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init (&attributes);
    posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup (&attributes, 0);
    sigset_t set;
    sigemptyset (&set);
    posix_spawnattr_setsigmask (&attributes, &set);
    sigaddset (&set, SIGPIPE);
    posix_spawnattr_setsigdefault (&attributes, &set);
    int failure = posix_spawnp (&self->driver, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy (&attributes);
    posix_spawn_file_actions_destroy (&actions);
    close (output[1]);
    self->output = output[0];
    return failure;
}

/*  Returns false at the end of the output. */
static bool drain_output (shim_t *self)
{
    uint8_t buffer[65536];
    for (int reads = 0; reads < 16; reads++) {
        ssize_t count = read (self->output, buffer, sizeof buffer);
        if (count > 0)
            runlog_append (self->log, buffer, (size_t) count);
        else
            return count < 0 && (errno == EAGAIN || errno == EINTR);
    }
    return true;
}

/*  Asked again, it only ever gets quicker: a driver that is on its way to a safe point isn't disturbed twice. */
static void stop_driver (shim_t *self, uint64_t grace)
{
    uint64_t at = now_ms () + grace;
    if (self->gone || (self->kill_at != 0 && at >= self->kill_at))
        return;
    self->kill_at = at;
    kill (-self->driver, SIGTERM);
    kill (-self->driver, SIGCONT);
}

static void kill_if_due (shim_t *self)
{
    if (self->gone || self->kill_at == 0 || now_ms () < self->kill_at)
        return;
    kill (-self->driver, SIGKILL);
    procs_kill_children (getpid ());
}

/*  Returns false when no descendant is left. Those that the driver left behind become our children, one generation
 *  after the other, and are killed. */
static bool reap (shim_t *self)
{
    for (;;) {
        int status;
        pid_t pid = waitpid (-1, &status, WNOHANG);
        if (pid < 0 && errno == ECHILD)
            return false;
        if (pid <= 0)
            break;
        if (pid == self->driver) {
            self->gone = true;
            self->status = status;
        }
    }
    if (self->gone)
        procs_kill_children (getpid ());
    return true;
}

static void take_signals (shim_t *self)
{
    struct signalfd_siginfo info;
    while (read (self->signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo == (uint32_t) SHIM_STOP)
            stop_driver (self, info.ssi_int >= 0 ? (uint64_t) info.ssi_int : self->grace);
        else if (info.ssi_signo != SIGCHLD)
            stop_driver (self, self->grace);
}

/*  How long poll may sleep: until the kill is due; while what is left behind dies, look again soon, since a process may
 *  have forked while it was looked for. */
static int next_wake (const shim_t *self)
{
    if (self->gone)
        return 20;
    if (self->kill_at == 0)
        return -1;
    uint64_t now = now_ms ();
    return self->kill_at <= now ? 20 : (int) (self->kill_at - now < 60000 ? self->kill_at - now : 60000);
}

static void supervise (shim_t *self)
{
    bool printing = true;
    while (reap (self)) {
        kill_if_due (self);
        struct pollfd polled[] = {{.fd = self->signals, .events = POLLIN},
                                  {.fd = printing ? self->output : -1, .events = POLLIN}};
        poll (polled, 2, next_wake (self));
        take_signals (self);
        if (printing)
            printing = drain_output (self);
    }
    while (printing && poll (&(struct pollfd){.fd = self->output, .events = POLLIN}, 1, 0) > 0)
        printing = drain_output (self);
}

int shim_main (int argc, char **argv)
{
    if (argc <= SHIM_ARGUMENTS)
        return 2;
    shim_t self = {.folder = argv[1], .grace = strtoull (argv[4], NULL, 10), .output = -1};
    fcntl (SHIM_LOCK_FD, F_SETFD, FD_CLOEXEC);
    fcntl (SHIM_READY_FD, F_SETFD, FD_CLOEXEC);
    setsid ();
    prctl (PR_SET_CHILD_SUBREAPER, 1);
    prctl (PR_SET_NAME, "baton-run-shim");
    self.signals = open_signals ();
    baton_error_t error = {.message = ""};
    int failure = 0;
    if (self.signals < 0 || runlog_new (argv[2], strtoull (argv[3], NULL, 10), &self.log, &error) != BATON_OK ||
        (failure = start_driver (&self, argv + SHIM_ARGUMENTS)) != 0) {
        char text[480];
        snprintf (text, sizeof text, "error can't start %.200s: %.200s\n", argv[SHIM_ARGUMENTS],
                  failure != 0 ? strerror (failure) : error.message);
        write_word (&self, "exit", text, files_write);
        runlog_destroy (&self.log);
        return 1;
    }
    write_pids (&self);
    close (SHIM_READY_FD);
    supervise (&self);
    write_exit (&self);
    runlog_destroy (&self.log);
    return 0;
}

/* ---- what the node reads ---- */

void shim_read_exit (const char *folder, run_exit_t *ret_exit)
{
    char path[PATH_MAX], text[sizeof ret_exit->detail];
    *ret_exit = (run_exit_t){.kind = EXIT_unknown};
    snprintf (path, sizeof path, "%s/exit", folder);
    if (!files_read (path, text, sizeof text))
        return;
    unsigned number;
    if (sscanf (text, "exit %u", &number) == 1)
        *ret_exit = (run_exit_t){.kind = EXIT_code, .number = number};
    else if (sscanf (text, "signal %u", &number) == 1)
        *ret_exit = (run_exit_t){.kind = EXIT_signal, .number = number};
    else if (strncmp (text, "error ", 6) == 0) {
        ret_exit->kind = EXIT_error;
        text[strcspn (text, "\n")] = '\0';
        snprintf (ret_exit->detail, sizeof ret_exit->detail, "%s", text + 6);
    }
}

bool shim_read_pids (const char *folder, pid_t *ret_shim, pid_t *ret_driver)
{
    char path[PATH_MAX], text[64];
    snprintf (path, sizeof path, "%s/pid", folder);
    int shim, driver;
    if (!files_read (path, text, sizeof text) || sscanf (text, "%d %d", &shim, &driver) != 2)
        return false;
    *ret_shim = shim;
    *ret_driver = driver;
    return true;
}
