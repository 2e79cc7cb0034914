/*  The node: one host's daemon. It runs the sessions that the broker places here. */
#ifndef BATON_NODE_H
#define BATON_NODE_H

#include "config.h"

#include <baton/baton.h>

typedef struct {
    const char *state; /*  absolute path of a folder that is there, and locked for this process */
    const char *version;
    bool stop_runs;  /*  at the end, stop the runs too instead of leaving them running */
    config_t config; /*  borrowed */
    baton_context_t context;
} node_options_t;

/*  Runs until SIGTERM or SIGINT, which must be blocked in every thread, as SIGCHLD. */
BATON_MUST_USE baton_status node_run (const node_options_t *options, baton_error_t *error);

#endif
