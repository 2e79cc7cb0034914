/*  What a run's process finds in its environment: the node's own without what is only the node's, then the driver's,
 * then
 *
 *    BATON_SOCKET     endpoint of the node's local socket
 *    BATON_TOKEN      what opens it, for this attempt and this session only
 *    BATON_SESSION, BATON_RUN, BATON_ATTEMPT, BATON_WORKSPACE, BATON_OBJECTIVE
 *    BATON_INPUT      path of a file with what the run was started with, in JSON
 *    PATH             led by the node's own folder, so that `baton` is found
 */
#ifndef BATON_ENVIRONMENT_H
#define BATON_ENVIRONMENT_H

#include "launch.h"

/*  A NULL-ended array of NAME=VALUE, or NULL for lack of memory. folder is the attempt's. */
char **environment_of (const attempt_t *attempt, const launch_t *launch, const char *folder);
void environment_free (char **envp);

#endif
