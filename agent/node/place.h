/*  Where things are in the node's state directory.
 *
 *    STATE/lock                            held by the one node of this directory
 *    STATE/node.db                         spool and ledger
 *    STATE/node.sock                       the socket for runs
 *    STATE/workspaces/SESSION              a workspace that the node made
 *    STATE/forks                           workspaces of forks that are being made (inherit.h)
 *    STATE/runs/SESSION/RUN                what the run printed (runlog.h)
 *    STATE/runs/SESSION/RUN/ATTEMPT        what node and shim share (shim.h), and input.json
 */
#ifndef BATON_PLACE_H
#define BATON_PLACE_H

#include "schema.h"

#define PLACE_SIZE 4096

void place_workspace_path (const char *state, const char *session, char ret_path[PLACE_SIZE]);
void place_log_path (const char *state, const char *session, uint64_t run, char ret_path[PLACE_SIZE]);
void place_attempt_path (const char *state, const char *session, uint64_t run, uint64_t attempt,
                         char ret_path[PLACE_SIZE]);

/*  The number of the last run that left something here; 0 when none did. */
uint64_t place_last_run (const char *state, const char *session);

/*  The workspace of a session: the path that its owner gave, which must be a folder, or a folder of the node's own,
 *  which is made when needed. A session that moved here (adopted) always has the node's own. */
BATON_MUST_USE baton_status place_workspace (const char *state, const assignment_t *assignment, bool adopted,
                                             char ret_path[PLACE_SIZE], baton_error_t *error);

/*  Whether a session's id can be a file name here. */
bool place_possible (const char *session);

#endif
