/*  Where a fork is to run whose workspace comes from another session's. */
#ifndef BATON_ORIGIN_H
#define BATON_ORIGIN_H

#include "broker.h"

/*  The state as it is to be placed: a fork that shares a workspace, or whose own is not made yet, belongs where that
 *  workspace is now. Borrows from the two states. */
session_t origin_placed (broker_t *broker, const session_t *state);

/*  The source whose workspace the fork's own is, or is to be made of, while that is on its way to another node: its
 * runs wait until it has arrived. NULL: nothing of the kind. */
const session_t *origin_moving (broker_t *broker, const session_t *state);

/*  A fork that has a run in the workspace of this session, and would go on writing where nobody looks when that moved
 *  away. NULL: there is none. */
const session_t *origin_guest (broker_t *broker, const session_t *state);

/*  Whether it is a fork that works in the workspace of a session that has not ended: it goes where that goes. */
bool origin_follows (broker_t *broker, const session_t *state);

#endif
