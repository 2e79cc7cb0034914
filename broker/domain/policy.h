/*  Who decides a breakpoint, and when: pure functions over the votes.
 *
 *  Only the newest vote can bring a decision, and only the one that it is for: an earlier vote of the same person that
 *  it replaces takes from others and gives to none. So the tally looks at what is alike to the newest vote.
 */
#ifndef BATON_POLICY_H
#define BATON_POLICY_H

#include "schema.h"

/*  Checks a policy when a breakpoint is opened. options are what can be voted for; requester may be NULL. */
BATON_MUST_USE baton_status policy_check (const policy_t *policy, breakpoint_kind_e kind, const char *requester,
                                          baton_error_t *error);

/*  Whether that person may vote. */
bool policy_admits (const breakpoint_t *breakpoint, const char *actor);

/*  The rule that decides with vote as the newest one: "quorum of 2", …; NULL while nothing is decided. The outcome is
 *  the vote's. Static or in `buffer`, which has POLICY_RULE_SIZE bytes. */
#define POLICY_RULE_SIZE 64
const char *policy_decides (const breakpoint_t *breakpoint, const vote_t *vote, char *buffer);

bool vote_alike (const vote_t *a, const vote_t *b);

#endif
