/*  The shim: a small process between the node and a run's driver, one for each attempt.
 *
 *  The node may end and start again while runs go on. A process whose parent has gone can't tell its exit status to
 *  anybody, so each driver gets a parent of its own that does nothing but this: it starts the driver in a process
 * group, takes its output into the run's log, stops it when asked to, kills whatever of its descendants is left (it is
 * their subreaper), and writes down how it ended. A folder for each attempt holds what both sides must know:
 *
 *    lock   held (flock) as long as the shim lives: the one sign of life that can't lie
 *    pid    "SHIM DRIVER", once the driver was started
 *    exit   "exit CODE", "signal NUMBER" or "error WHY": how the driver ended, or why it couldn't be started
 *
 *  The shim is asked to stop the driver with SHIM_STOP; the queued value is the grace in milliseconds until SIGKILL,
 *  or negative for the one of the driver's template. Anybody's SIGTERM does the same with the latter.
 */
#ifndef BATON_SHIM_H
#define BATON_SHIM_H

#include <baton/status.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

/*  The program, beside `baton-node`; and the word that makes either a shim, as its first argument. */
#define SHIM_PROGRAM "baton-run-shim"
#define SHIM_WORD "run-shim"

/*  A real-time signal: each one queued arrives, while a second SIGTERM would vanish in the first. */
#define SHIM_STOP SIGRTMIN

/*  The lock, held open from the start; and a pipe that is closed when the driver was started or could not be. */
#define SHIM_LOCK_FD 3
#define SHIM_READY_FD 4

/*  argv: SHIM_WORD, folder of the attempt, folder of the log, bound of the log, grace, then the driver's. */
#define SHIM_ARGUMENTS 5

/*  Runs the driver to its end. Returns the process's exit code. */
int shim_main (int argc, char **argv);

/* ---- what the node reads ---- */

typedef enum { EXIT_unknown, EXIT_code, EXIT_signal, EXIT_error } exit_kind_t;

typedef struct {
    exit_kind_t kind;
    uint64_t number;  /*  the code or the signal */
    char detail[512]; /*  EXIT_error: why it couldn't be started */
} run_exit_t;

/*  EXIT_unknown when nothing was written down. */
void shim_read_exit (const char *folder, run_exit_t *ret_exit);

/*  False when the driver hasn't been started (yet). */
bool shim_read_pids (const char *folder, pid_t *ret_shim, pid_t *ret_driver);

#endif
