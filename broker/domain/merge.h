/*  Merging: what a branch has changed since the common ancestor comes into another session.
 *
 *  Key by key: what only the branch has changed is taken, what only we have changed stays, and what both have changed,
 * and not alike, is a conflict, which nobody but people decides.
 */
#ifndef BATON_MERGE_H
#define BATON_MERGE_H

#include "schema.h"

/*  Why `from` can't be merged into `into` as they are now; BATON_OK when it can. */
BATON_MUST_USE baton_status merge_check (const session_t *into, const session_t *from, baton_error_t *error);

/*  What both sides, or one of them, have changed since base: appended to the list of merge_keys at ret_keys, ascending.
 *  branch_only: only what the branch has changed, and what can be merged. Returns how many of them conflict through
 *  ret_conflicts. */
BATON_MUST_USE baton_status merge_compare (const session_t *base, const session_t *ours, const session_t *theirs,
                                           bool branch_only, void *ret_keys, uint64_t *ret_conflicts);

/*  The whole plan. basis was read at exactly these two states. ret_merge is zeroed; the caller clears it. */
BATON_MUST_USE baton_status merge_plan (const session_t *into, const session_t *from, const merge_basis_t *basis,
                                        bool keep, merge_t *ret_merge, uint64_t *ret_conflicts, baton_error_t *error);

/*  Whether the branch brings nothing. */
bool merge_empty (const merge_t *merge);

/*  What the merge makes of a state. key_n is the position at which edited values are set. */
BATON_MUST_USE baton_status merge_apply (session_t *self, const merge_t *merge, uint64_t key_n);

/*  The state after the merge is within all limits. */
BATON_MUST_USE baton_status merge_check_limits (const session_t *self, const merge_t *merge, baton_error_t *error);

/*  Its keys are within their limit of bytes. */
BATON_MUST_USE baton_status merge_check_bytes (const session_t *self, const merge_t *merge, baton_error_t *error);

/*  "memory/color". */
void merge_key_name (const merge_key_t *key, char ret_name[LIMIT_FACT_KEY + 1]);

#endif
