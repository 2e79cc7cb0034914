/*  What the threads that move workspaces tell the node's main loop. */
#ifndef BATON_TRANSFER_REPORT_H
#define BATON_TRANSFER_REPORT_H

#include "id.h"
#include "limits.h"

#include <czmq.h>

typedef enum {
    TRANSFER_FROZEN = 1, /*  source: `digest` stands for the frozen workspace */
    TRANSFER_PROGRESS,   /*  target: `done` of `total` bytes are staged */
    TRANSFER_PREPARED,   /*  target: all is here but for what changes from now on */
    TRANSFER_ACCEPTED,   /*  target: everything is here, verified and on disk; `digest` */
    TRANSFER_FAILED,     /*  either: `error` says why; a target has ended, a source's migration goes on as it was */
    TRANSFER_ENDED,      /*  target, the last of all: it was told to end, and touches its staging folder no more */
} transfer_report_kind_t;

typedef struct {
    transfer_report_kind_t kind;
    char session[LIMIT_ID + 1];
    uint64_t migration;
    char digest[DIGEST_SIZE];
    uint64_t done;
    uint64_t total;
    baton_error_t error;
} transfer_report_t;

/*  Sends a report up a pipe; texts and all, so that nothing is left to free when nobody reads it. */
void transfer_report_send (zsock_t *pipe, const transfer_report_t *report);

/*  Takes the next report that waits, without blocking; false when there is none. */
bool transfer_report_next (void *pipe, transfer_report_t *ret_report);

#endif
