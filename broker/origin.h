/*  Where a fork is to run whose workspace comes from another session's. */
#ifndef BATON_ORIGIN_H
#define BATON_ORIGIN_H

#include "broker.h"

/*  The state as it is to be placed: a fork that shares a workspace, or whose own is not made yet, belongs where that
 *  workspace is now. Borrows from the two states. */
session_t origin_placed (broker_t *broker, const session_t *state);

#endif
