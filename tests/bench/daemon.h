/*  A batond of our own, as a child process on a folder of its own. */
#ifndef BATON_BENCH_DAEMON_H
#define BATON_BENCH_DAEMON_H

#include "tools.h"

#include <baton/baton.h>
#include <sys/types.h>

typedef struct {
    const char *program;
    char state[BENCH_PATH];
    bool http; /*  serves HTTP, too */
    pid_t pid;
    int notices;             /*  socket at which sd_notify arrives */
    baton_context_t context; /*  of the admin */
    uint64_t ready_us;       /*  from its start until it was ready */
} daemon_t;

/*  Starts it and returns when it is ready. A second start uses the endpoint of the first, so that clients find it
 *  again. */
void daemon_start (daemon_t *self);

/*  SIGTERM or SIGKILL, and waits for its end. */
void daemon_stop (daemon_t *self, int signal);

/*  Processor time that all its threads have used, in microseconds. */
uint64_t daemon_cpu_us (const daemon_t *self);

/*  Resident memory in bytes. */
uint64_t daemon_resident (const daemon_t *self);

#endif
