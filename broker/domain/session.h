/*  The session: decide and evolve.
 *
 *    session_decide (state, command)  ->  events | error     pure
 *    session_evolve (state, event)    ->  state              pure, total
 *
 *  `state` is the session_t of records.def. Each method whose target is `session` is decided here, and each event
 *  outside the site's journal is applied here.
 */
#ifndef BATON_SESSION_H
#define BATON_SESSION_H

#include "command.h"

/*  Decides a command. self is the current state (n == 0: there is no such session yet). On BATON_OK ret_events holds
 *  zero or more events without seq, n, at, session, actor and run, which the server fills in; none means that what was
 *  asked for is so already. ret_changed gets the numbers that the command is about (run, breakpoint, message, …), not
 *  session, n, state and cause. On an error nothing was added. */
BATON_MUST_USE baton_status session_decide (const session_t *self, const command_t *command, event_list_t *ret_events,
                                            changed_t *ret_changed, baton_error_t *error);

/*  Applies an event. Fails only for lack of memory, and self must be dropped and loaded again then. */
BATON_MUST_USE baton_status session_evolve (session_t *self, const event_t *event);

/*  What its parent is to know of the session; borrows from it. */
child_row_t session_as_child (const session_t *self);

/*  The session whose limit counts it and all that its runs make: the root of its tree, or of the one whose run has made
 *  that. Borrows from it. */
const char *session_stem (const session_t *self);

/*  How many sessions have not ended of those that this one is the stem of. */
uint64_t session_family (const session_t *self);

/*  Whether budget.check has something to do at that time. */
bool session_wants_check (const session_t *self, uint64_t now);

/*  When session.tick has something to do next because time has passed, in milliseconds since 1970; 0: never. */
uint64_t session_due (const session_t *self);

/*  When it is to be woken next at a time of the wall clock: a trigger's, or the one that it sleeps until. */
uint64_t session_wakes (const session_t *self);

/*  Whether a run is under way that a node has been given. */
bool run_placed (const run_t *run);

/*  Whether the trigger's time is one of the wall clock; a duration's goes by the time that passes. */
bool trigger_by_wall (const trigger_t *trigger);

/*  The row that lists show. ret_row is cleared and filled with copies; order is kept. */
BATON_MUST_USE baton_status session_project (const session_t *self, projection_t *ret_row);

/*  Whether an event of that kind can stand in the journal of a session. */
bool session_knows (event_kind_t kind);

/*  Whether an event of that kind may change which decisions stand. */
bool session_decides (event_kind_t kind);

/*  Whether it is one that a journal begins with. */
bool session_begins (event_kind_t kind);

/*  Whether the node holds it, is to receive it, or had to do with it last. A migration or run that has ended counts,
 * too: a node that was away meanwhile must learn how, and what it may clean up. */
bool session_concerns (const session_t *self, const char *node);

/*  What a node of that name is to do for the session; false when it is not concerned. ret_assignment gets copies;
 *  peer_endpoint and peer_key are the server's to fill in. For lack of memory it is true with an empty ret_assignment:
 *  a node that missed one of its sessions in the answer would stop it. */
bool session_assign (const session_t *self, const char *node, assignment_t *ret_assignment);

/*  Whether a node is to look at what that trigger waits for, and whether at any. Not while the workspace moves: it may
 * be nowhere in full. */
bool session_watches_for (const session_t *self, const trigger_t *trigger);
bool session_watches (const session_t *self);

/*  Whether the session wants to hear of the end of that other one. */
bool session_waits_for (const session_t *self, const char *other);

/*  Whether it has reached its objective, as far as others may count on it. */
bool cause_is_success (cause_e cause);

/*  Whether a trigger that came from elsewhere says what it waits for, and that inside its workspace. */
bool trigger_whole (const trigger_t *trigger);

#endif
