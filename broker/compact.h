/*  What a compaction, and its undoing, make of a window: read and planned before it is decided.
 *
 *  Looks at nothing in memory, so it may run on the reader's thread.
 */
#ifndef BATON_COMPACT_H
#define BATON_COMPACT_H

#include "window_items.h"

/*  A summary takes the place of all but the last keep items, and of what is pinned. More is kept where a call would be
 *  parted from its result. summary NULL: it is extracted. failed_precondition/wrong_state when nothing would be hidden.
 *  ret_plan is zeroed. */
BATON_MUST_USE baton_status compact_plan (store_t *store, const session_t *state, uint64_t keep, const char *summary,
                                          window_plan_t *ret_plan, baton_error_t *error);

/*  Shows again what the last compaction has hidden; failed_precondition/wrong_state when there is none. */
BATON_MUST_USE baton_status compact_undo_plan (store_t *store, const session_t *state, window_plan_t *ret_plan,
                                               baton_error_t *error);

/*  The same state always gives the same text, of at most LIMIT_TEXT bytes: what was decided, what is open, what was
 *  made, which files, and how the items before `end` went. */
BATON_MUST_USE baton_status compact_summarize (const session_t *state, const shown_list_t *list, size_t end,
                                               char **ret_summary, baton_error_t *error);

#endif
