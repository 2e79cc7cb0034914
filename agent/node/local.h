/*  The local socket: where the runs of this node reach their own session, and nothing else.
 *
 *  A ROUTER on ipc, mode 0600, speaking the frames of wire.h. The token in the header says which run speaks; session,
 * run and epoch are written in here and never taken from the run. Reads go on to the broker; changes go through the
 * spool, so that they happen once and survive the node.
 */
#ifndef BATON_LOCAL_H
#define BATON_LOCAL_H

#include "courier.h"
#include "runs.h"

typedef struct local local_t;

typedef struct {
    zloop_t *loop;
    db_t *db;
    runs_t *runs;
    link_t *link;
    courier_t *courier;
} local_parts_t;

/*  Binds ipc://path. The parts are borrowed. */
BATON_MUST_USE baton_status local_new (const local_parts_t *parts, const char *path, local_t **ret_local,
                                       baton_error_t *error);
void local_destroy (local_t **self);

/*  A change of the spool is done: whoever waits for it is answered. False: there is nobody. */
bool local_settled (local_t *self, const spooled_t *change, const link_answer_t *answer);

/* ---- what a run may do: no socket here ---- */

typedef struct {
    method_id_t method;
    baton_bytes_t body; /*  the request for the broker; owned */
} admitted_t;

/*  Checks the method and the body of a request that came from a run of that session: the method must be one for runs,
 *  and its session field this one; where it is absent it is filled in. ret_admitted is a zeroed struct. */
BATON_MUST_USE baton_status local_admit (const char *session, const char *method, const uint8_t *body, size_t size,
                                         admitted_t *ret_admitted, baton_error_t *error);

#endif
