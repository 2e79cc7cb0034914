/*  Walking a tree of sessions. */
#ifndef BATON_FAMILY_H
#define BATON_FAMILY_H

#include "broker.h"

/*  Whether to go to a child and what is below it. */
typedef bool family_wants_t (const child_row_t *child);

/*  Adds the ids of the sessions below this one that are wanted, each after those below it. No more than LIMIT_FAMILY of
 * a tree go on, so none is left out as long as only those are wanted. */
BATON_MUST_USE baton_status family_below (broker_t *broker, const char *session, family_wants_t *wants,
                                          baton_texts_t *ret_ids, baton_error_t *error);

/*  Whether a run, if one asks, may make a session that is not its session's child: a fork, or one that follows it. Such
 *  a one has a budget of its own, so there must be no caps that it would get around; and those that have not ended
 * count where the runs' own tree does. */
BATON_MUST_USE baton_status family_check_offshoot (broker_t *broker, const request_t *request, const session_t *session,
                                                   baton_error_t *error);

#endif
