/*  Workspaces of forks: made from that of another session, beside the loop, before the fork's first run.
 *
 *  A copy (`cp`, which shares the blocks where the file system can) or a git worktree is made in STATE/forks and then
 *  moved to its place at once: a workspace that is there is whole. What a killed node leaves half-done is removed when
 * it starts again.
 */
#ifndef BATON_NODE_INHERIT_H
#define BATON_NODE_INHERIT_H

#include "schema.h"

#include <czmq.h>

typedef struct inherit inherit_t;

/*  Called when a workspace is done, or has failed: whoever waits for it is to ask again. */
typedef void (inherit_done_fn) (void *arg);

/*  state is borrowed. */
BATON_MUST_USE baton_status inherit_new (zloop_t *loop, const char *state, inherit_done_fn *done, void *arg,
                                         inherit_t **ret_inherit, baton_error_t *error);

/*  What is being made is given up. */
void inherit_destroy (inherit_t **self);

/*  The session's workspace at `destination`, made from the folder `source` unless it is there. unavailable/busy while
 * it is being made, or waits to be tried again, longer each time, after what may pass (a full disk);
 * failed_precondition with what went wrong for good, once, and it is begun anew when asked again. */
BATON_MUST_USE baton_status inherit_workspace (inherit_t *self, const char *session, const char *source,
                                               fork_workspace_e how, const char *destination, baton_error_t *error);

/*  Adds which sessions wait to be tried again, and why. */
void inherit_waiting (const inherit_t *self, baton_pairs_t *ret_waiting);

/*  Forgets what nobody has asked for in a minute. */
void inherit_tidy (inherit_t *self);

#endif
