/*  The start of one attempt: its folder and input, its environment, its process. runs.c calls these in this order and
 *  writes the attempt down between the last two.
 */
#ifndef BATON_NODE_LAUNCH_H
#define BATON_NODE_LAUNCH_H

#include "config.h"
#include "ledger.h"

/*  Everything borrowed. */
typedef struct {
    const char *session;
    uint64_t run;
    uint64_t attempt;
    uint64_t epoch;
    const char *workspace;
    const driver_t *driver;
    const char *socket;    /*  endpoint for the run */
    const char *input;     /*  JSON */
    const char *objective; /*  or NULL */
    const char *agent;     /*  or NULL */
    const char *trace;     /*  W3C traceparent, or NULL */
    uint64_t log_bound;
} launch_t;

/*  The row of the ledger, with a fresh token. */
void launch_describe (const launch_t *launch, attempt_t *ret_attempt);

/*  Makes the attempt's folder anew, with its input. */
BATON_MUST_USE baton_status launch_prepare (const char *state, const launch_t *launch, const attempt_t *attempt,
                                            baton_error_t *error);

/*  Starts the shim; pidfd and ready as spawn_shim gives them. */
BATON_MUST_USE baton_status launch_spawn (const char *state, const launch_t *launch, const attempt_t *attempt,
                                          int *ret_pidfd, int *ret_ready, baton_error_t *error);

#endif
