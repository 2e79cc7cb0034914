/*  What the broker does without being asked: deadlines, lost nodes, placing runs, draining nodes.
 *
 *  Each of these is an ordinary command of a session or of the site, with the broker itself as the actor, in the same
 *  batch as the requests of the turn.
 */
#ifndef BATON_KEEPER_H
#define BATON_KEEPER_H

#include "broker.h"

/*  Loads what is under way into the fleet. Once, at the start. */
BATON_MUST_USE baton_status keeper_start (broker_t *broker, baton_error_t *error);

/*  Does what is due in this turn. */
void keeper_turn (broker_t *broker);

/*  After a commit: brings the fleet in step with what was committed. */
void keeper_note (broker_t *broker);

/*  After a failed commit: brings the fleet back in step, and lets things rest for a moment. */
void keeper_forget (broker_t *broker);

/*  The wall-clock time of the next deadline of a session; 0: none. */
uint64_t keeper_next (const broker_t *broker);

#endif
