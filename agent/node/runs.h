/*  The runs of this node: their rows in the ledger and their processes, together.
 *
 *  Each live attempt has a shim (shim.h), watched through a pidfd. Whatever changes goes to the ledger first, in one
 *  transaction with the report that the broker is to get of it, so that a crash at any point loses neither.
 */
#ifndef BATON_RUNS_H
#define BATON_RUNS_H

#include "launch.h"
#include "shim.h"

#include <czmq.h>

typedef struct runs runs_t;

typedef struct {
    /*  Inside the transaction that changes the ledger: put the report into the spool. */
    baton_status (*started) (void *arg, const attempt_t *attempt, baton_error_t *error);
    baton_status (*ended) (void *arg, const attempt_t *attempt, const run_exit_t *exit, baton_error_t *error);
    /*  After the commit: something has changed here. */
    void (*changed) (void *arg, const attempt_t *attempt);
    void *arg;
} runs_handlers_t;

/*  Loads the ledger and finds the processes again. Those that ended meanwhile are reported by the handlers before this
 *  returns. db, loop and state are borrowed. */
BATON_MUST_USE baton_status runs_new (zloop_t *loop, db_t *db, const char *state, const runs_handlers_t *handlers,
                                      runs_t **ret_runs, baton_error_t *error);

/*  Stops watching; the processes go on. */
void runs_destroy (runs_t **self);

/*  Starts a process, replacing what the ledger has of the session, which must not be alive. */
BATON_MUST_USE baton_status runs_start (runs_t *self, const launch_t *launch, baton_error_t *error);

/*  The grace that the attempt's driver had when it was started. */
#define GRACE_OF_DRIVER (-1)

/*  Asks the attempt to stop: SIGTERM now, SIGKILL after grace milliseconds. Nothing to do when it isn't alive. */
void runs_stop (runs_t *self, const char *session, int64_t grace);

/*  Tries again what could not be written down, on a full disk for example. Call it now and then. */
void runs_retry (runs_t *self);

/*  Changes the state of an attempt in the ledger. */
BATON_MUST_USE baton_status runs_mark (runs_t *self, const char *session, attempt_state_t state, baton_error_t *error);

/*  How the last attempt of the session ended. */
void runs_exit (runs_t *self, const char *session, run_exit_t *ret_exit);

/*  Drops the attempt, which must not be alive. Its log stays. */
BATON_MUST_USE baton_status runs_forget (runs_t *self, const char *session, baton_error_t *error);

/*  NULL when there is none. */
const attempt_t *runs_find (const runs_t *self, const char *session);

/*  The live attempt whose token this is, compared in constant time; NULL for any other. */
const attempt_t *runs_authenticate (const runs_t *self, const char *token);

/*  A copy of all attempts, freed by the caller with free (). NULL with count 0 when there is none. */
BATON_MUST_USE baton_status runs_list (const runs_t *self, attempt_t **ret_attempts, size_t *ret_count);
size_t runs_alive (const runs_t *self);

#endif
