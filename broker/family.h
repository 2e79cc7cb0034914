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

#endif
