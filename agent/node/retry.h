/*  A workspace that could not be had for a reason that may pass, as a full disk does: when it is tried again. Pauses
 * get longer, and each is of another length, since many nodes may share a disk, or a broker.
 */
#ifndef BATON_NODE_RETRY_H
#define BATON_NODE_RETRY_H

#include "schema.h"

typedef struct {
    const char *verb;  /*  what can't be done with it: "fetched" */
    unsigned failures; /*  one after the other */
    int64_t again;     /*  monotonic milliseconds */
    baton_error_t error;
} retry_t;

/*  Notes a failure, and logs it. */
void retry_note (retry_t *self, const char *session, const baton_error_t *error);

bool retry_due (const retry_t *self);

/*  Adds why the session waits, in words, when it does. */
void retry_tell (const retry_t *self, const char *session, baton_pairs_t *ret_waiting);

#endif
