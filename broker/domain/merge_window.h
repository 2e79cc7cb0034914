/*  What a merged branch adds to a context: what its own window shows of it at the position that is merged. Items that
 * the branch had rolled back, cleared or compacted away come along in its journal, but stay out of sight.
 *
 *  The spans of a merge are those of the branch's window that lie in the merge's segments; their places count the
 * segments as stretches, the first one being 0. So they can be put behind any line.
 */
#ifndef BATON_MERGE_WINDOW_H
#define BATON_MERGE_WINDOW_H

#include "schema.h"

/*  What the branch shows of the segments. When that is all of them, ret_all is true and nothing is
 *  appended to the list `spans`. */
BATON_MUST_USE baton_status merge_spans (const session_t *from, const segment_t *segments, size_t count, void *spans,
                                         bool *ret_all);

/*  Whether the spans show the item, or the summary, at position n of that segment's journal. */
bool merge_shows (const span_t *spans, size_t count, size_t segment, uint64_t n, bool summary);

/*  Whether the branch shows a summary that stands in the segment. */
bool merge_has_summary (const session_t *from, const segment_t *segment);

/*  Makes room in the session's window for what is merged at position `at`; to be called before its segments are added.
 */
BATON_MUST_USE baton_status merge_show (session_t *self, const merge_t *merge, uint64_t at);

#endif
