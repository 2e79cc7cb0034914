/*  The line of a session: the stretches of journals whose items are its context, oldest first.
 *
 *  A session that is no fork and has merged nothing has one, its own journal. A fork's begins with those of its source;
 *  a merge ends the own stretch so far, puts the branch's after it, and begins another. So a line only ever grows at
 * its end, and a place in it, once given, stays: in the session, and in all its forks.
 */
#ifndef BATON_LINEAGE_H
#define BATON_LINEAGE_H

#include "schema.h"

/*  Positions after < n <= upto of a session's journal. Borrowed from the state. */
typedef struct {
    const char *session;
    uint64_t after, upto;
    const segment_t *segment; /*  NULL: the session's own journal */
} stretch_t;

typedef struct {
    size_t count;
    stretch_t *items;
} line_t;

/*  The line of a state. None of its stretches is empty. */
BATON_MUST_USE baton_status line_of (const session_t *state, line_t *ret_line);
void line_clear (line_t *line);

/*  A place in the line: a number that grows along it. In a line of one stretch it is the position. */
#define LINE_PLACE_BITS 40
uint64_t line_place (size_t stretch, uint64_t n);
size_t line_place_stretch (uint64_t place);
uint64_t line_place_n (uint64_t place);

/*  The place that the session's next event will have. */
uint64_t line_next (const session_t *state);

/*  Where position n of that session's journal (NULL: the state's own) stands in the line; 0 when it does not. */
uint64_t line_find (const session_t *state, const char *session, uint64_t n);

/*  How deep the state's position is: see `ancestor` in records.def. */
uint64_t lineage_depth (const session_t *state);

/*  Adds `session`, of that position and depth, to the ancestors, or moves it on. */
BATON_MUST_USE baton_status lineage_add_ancestor (session_t *self, const char *session, uint64_t n, uint64_t depth);

/*  The newest position that is part of both pasts (one of the two may be it); false when there is none. Borrowed from
 *  one of the states. */
bool lineage_common (const session_t *a, const session_t *b, const char **ret_session, uint64_t *ret_n);

/*  Up to where a journal is part of the session's past; the whole of its own. */
uint64_t lineage_covers (const session_t *self, const char *session);

/*  What of the line of `from` self does not have: appended to the list `segments`, as they would be merged. */
BATON_MUST_USE baton_status lineage_news (const session_t *self, const session_t *from, void *segments);

/*  Makes self, a copy of the state of another session, that session's heir: its line becomes the lineage. */
BATON_MUST_USE baton_status lineage_inherit (session_t *self);

#endif
