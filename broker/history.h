/*  Reading a session's journal from the store, for whatever is told from it. Nothing here looks at what is in memory,
 * so it may run on the reader's thread.
 */
#ifndef BATON_HISTORY_H
#define BATON_HISTORY_H

#include "session.h"
#include "store.h"

/*  Is shown one event; sets *ret_more to false to end the walk. */
typedef baton_status visit_t (const event_t *event, void *argument, bool *ret_more, baton_error_t *error);

/*  Shows each event of a session with n > after, in order, until there is none left or visit has had enough. */
BATON_MUST_USE baton_status history_walk (store_t *store, const char *session, uint64_t after, visit_t *visit,
                                          void *argument, baton_error_t *error);

/*  Rebuilds the state at position n from the journal alone, which is how any past state is read. ret_state is zeroed or
 *  valid. not_found/no_such_position when the journal ends before. */
BATON_MUST_USE baton_status history_replay (store_t *store, const char *session, uint64_t n, session_t *ret_state,
                                            baton_error_t *error);

#endif
