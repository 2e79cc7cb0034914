/*  Workspaces that came along with an import: fetched from the broker before the session's first run here.
 *
 *  Each is written, by a thread of its own, into STATE/carried, checked as a migration's is, and moved to its place at
 *  once: a workspace that is there is whole. What a killed node leaves half-done is removed when it starts again, and
 *  fetched anew.
 */
#ifndef BATON_CARRIED_H
#define BATON_CARRIED_H

#include "link.h"
#include "schema.h"

typedef struct carried carried_t;

/*  Called when a workspace is here, or has failed: whoever waits for it is to ask again. */
typedef void (carried_done_fn) (void *arg);

/*  state is borrowed. */
BATON_MUST_USE baton_status carried_new (zloop_t *loop, const char *state, carried_done_fn *done, void *arg,
                                         carried_t **ret_carried, baton_error_t *error);
void carried_destroy (carried_t **self);

/*  Brings the workspace of that assignment to its destination, in place of whatever an earlier import left there.
 *  unavailable/busy while it is on its way, or waits to be tried again, longer each time, after what may pass (a full
 *  disk); what went wrong for good, once, and it is begun anew when asked again. */
BATON_MUST_USE baton_status carried_workspace (carried_t *self, link_t *link, const assignment_t *assignment,
                                               const char *destination, baton_error_t *error);

/*  Adds which sessions wait to be tried again, and why. */
void carried_waiting (const carried_t *self, baton_pairs_t *ret_waiting);

/*  Forgets what nobody has asked for in a minute. */
void carried_tidy (carried_t *self);

#endif
