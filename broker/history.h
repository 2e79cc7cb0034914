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

/*  Whether events of that kind are of interest. */
typedef bool wanted_kind_t (event_kind_t kind);

/*  The same for some kinds only; the others are not even decoded. */
BATON_MUST_USE baton_status history_walk_some (store_t *store, const char *session, uint64_t after,
                                               wanted_kind_t *wanted, visit_t *visit, void *argument,
                                               baton_error_t *error);

/*  The state at position n (0: the newest), by the shortest way. ret_state is zeroed or valid. Errors as of the other
 * two.
 */
BATON_MUST_USE baton_status history_state (store_t *store, const char *session, uint64_t n, session_t *ret_state,
                                           baton_error_t *error);

/*  Rebuilds the state at position n from the journal alone, which is how any past state is read. ret_state is zeroed or
 *  valid. not_found/no_such_position when the journal ends before. */
BATON_MUST_USE baton_status history_replay (store_t *store, const char *session, uint64_t n, session_t *ret_state,
                                            baton_error_t *error);

/*  An item on the walk through a session's line. */
typedef struct {
    const event_t *event;     /*  item_appended */
    const char *session;      /*  in whose journal it stands */
    const segment_t *segment; /*  the segment of the lineage that it belongs to; NULL: the session's own journal */
    uint64_t place;           /*  in the line; see lineage.h */
} found_item_t;

/*  Is shown one item; sets *ret_more to false to end the walk. */
typedef baton_status visit_item_t (const found_item_t *item, void *argument, bool *ret_more, baton_error_t *error);

/*  Shows each item of the session's context past that place of its line (0: from the beginning), in order: those of its
 *  ancestors up to the fork, its own, and those of merged branches where they came in. state is its state at the
 *  position that counts. */
BATON_MUST_USE baton_status history_items (store_t *store, const session_t *state, uint64_t place, visit_item_t *visit,
                                           void *argument, baton_error_t *error);

/*  What two sessions have in common, and what the other's context has beyond the one's: read at what the store has of
 * both now. ret_ours and ret_theirs are those states, zeroed or valid, and the caller's. failed_precondition/
 *  no_common_ancestor, also when it is a session that the viewer (NULL: somebody who sees all) may not see. */
BATON_MUST_USE baton_status history_basis (store_t *store, const viewer_t *viewer, const char *ours, const char *theirs,
                                           session_t *ret_ours, session_t *ret_theirs, merge_basis_t *ret_basis,
                                           baton_error_t *error);

/*  Whether a fork of the session that has not ended, or a fork of one, works in its workspace, or is to be made from
 * it. Said of more than LENT_MOST forks without looking at them all. */
#define LENT_MOST 10000
BATON_MUST_USE baton_status history_lent (store_t *store, const char *session, bool *ret_lent, baton_error_t *error);

/*  The state that the store has of a session now, and the position of the snapshot that it was made from (may be NULL).
 *  ret_state is zeroed or valid; not_found/no_such_session. */
BATON_MUST_USE baton_status history_load (store_t *store, const char *session, session_t *ret_state,
                                          uint64_t *ret_snapshot_n, baton_error_t *error);

#endif
