/*  Old output: what runs have printed is kept for some days after their session has left this node. (Workspaces are
 * kept longer, see act.c: what is in them may be what the session was for.)
 */
#ifndef BATON_PRUNE_H
#define BATON_PRUNE_H

#include <stdbool.h>
#include <stdint.h>

/*  Whether the session still has something to do here. */
typedef bool (prune_wanted_fn) (void *arg, const char *session);

/*  Removes the output of sessions that aren't wanted and whose last run began longer ago than keep milliseconds; now is
 *  in milliseconds since 1970. */
void prune_runs (const char *state, uint64_t keep, uint64_t now, prune_wanted_fn *wanted, void *arg);

#endif
