#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MOST 60000 /*  ms */

static void open_notices (daemon_t *self, char *ret_path, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    demand (snprintf (ret_path, size, "%s.notify", self->state) < (int) sizeof address.sun_path,
            "the path %s is too long for a socket", self->state);
    strcpy (address.sun_path, ret_path);
    unlink (ret_path);
    self->notices = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    demand (self->notices >= 0 && bind (self->notices, (struct sockaddr *) &address, sizeof address) == 0,
            "cannot listen at %s: %s", ret_path, strerror (errno));
}

static void run (const daemon_t *self, const char *notify)
{
    setenv ("NOTIFY_SOCKET", notify, 1);
    const char *listen = *self->context.endpoint ? self->context.endpoint : "tcp://127.0.0.1:*";
    setenv ("XDG_RUNTIME_DIR", self->state, 1); /*  it announces itself there, and to nobody else */
    execl (self->program, self->program, "--state", self->state, "--listen", listen, "--log-level", "warning",
           self->http ? "--http" : (char *) NULL, "127.0.0.1:0", "--http-rate", "1000000", (char *) NULL);
    fprintf (stderr, "baton-bench: cannot start %s: %s\n", self->program, strerror (errno));
    _exit (127);
}

static void await_ready (daemon_t *self)
{
    for (;;) {
        char notice[256];
        struct pollfd poll_item = {.fd = self->notices, .events = POLLIN};
        int status = 0;
        demand (poll (&poll_item, 1, START_MOST) == 1 || waitpid (self->pid, &status, WNOHANG) == 0, "%s did not start",
                self->program);
        ssize_t size = recv (self->notices, notice, sizeof notice - 1, 0);
        if (size >= 7 && memcmp (notice, "READY=1", 7) == 0)
            return;
    }
}

void daemon_start (daemon_t *self)
{
    char notify[BENCH_PATH + 16];
    open_notices (self, notify, sizeof notify);
    uint64_t started = clock_us ();
    self->pid = child_new ();
    if (self->pid == 0)
        run (self, notify);
    await_ready (self);
    self->ready_us = clock_us () - started;
    close (self->notices);
    unlink (notify);
    char path[BENCH_PATH + 16];
    baton_error_t error = {0};
    snprintf (path, sizeof path, "%s/admin.ctx", self->state);
    demand_ok (baton_context_load (path, &self->context, &error), &error, "the broker's context");
}

void daemon_stop (daemon_t *self, int signal)
{
    if (self->pid <= 0)
        return;
    kill (self->pid, signal);
    waitpid (self->pid, NULL, 0);
    self->pid = 0;
}

uint64_t daemon_resident (const daemon_t *self)
{
    char path[64];
    unsigned long long total = 0, resident = 0;
    snprintf (path, sizeof path, "/proc/%d/statm", (int) self->pid);
    FILE *file = fopen (path, "re");
    demand (file && fscanf (file, "%llu %llu", &total, &resident) == 2, "cannot read %s", path);
    fclose (file);
    return resident * (uint64_t) sysconf (_SC_PAGESIZE);
}

uint64_t daemon_cpu_us (const daemon_t *self)
{
    clockid_t clock;
    struct timespec used;
    demand (clock_getcpuclockid (self->pid, &clock) == 0 && clock_gettime (clock, &used) == 0,
            "cannot read the processor time of the broker");
    return (uint64_t) used.tv_sec * 1000000 + (uint64_t) used.tv_nsec / 1000;
}
