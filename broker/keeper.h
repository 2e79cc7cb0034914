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

/*  Milliseconds until the next deadline of a session, or until one is to be woken; UINT64_MAX: none is. */
uint64_t keeper_patience (const broker_t *broker);

/*  The wall clock was set: what is to be woken has to be looked up anew. */
void keeper_clock_set (broker_t *broker);

/*  Whether nothing is under way and nothing has a deadline: nobody would notice if the broker's time made a step. */
bool keeper_is_idle (const broker_t *broker);

#endif
