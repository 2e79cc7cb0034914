/*  Which sessions' files are to be looked at by which node, and in which order that has changed.
 *
 *  A node asks for the changes since the last one that it has seen (node.watches). Like the fleet, all of this can be
 *  told from the journals; nothing is stored. A broker that begins anew counts anew, under another generation.
 */
#ifndef BATON_WATCHES_H
#define BATON_WATCHES_H

#include "schema.h"

typedef struct watches watches_t;

/*  Needs id_init. */
BATON_MUST_USE baton_status watches_new (watches_t **ret_watches);
void watches_destroy (watches_t **self);

/*  Notes a session's state after a commit, or at the start. */
BATON_MUST_USE baton_status watches_note (watches_t *self, const session_t *state);

/*  The next session in which something has changed for that node since `after`, and the number of that change; NULL
 *  when there is none. Borrowed until the next note. */
const char *watches_next (const watches_t *self, const char *node, uint64_t after, uint64_t *ret_change);

/*  The last change for that node; 0 when there was none. */
uint64_t watches_last (const watches_t *self, const char *node);

const char *watches_generation (const watches_t *self);

/*  Sessions that are to be looked at and that no node has. A cursor begins at 0 and is moved on; NULL past the last. */
const char *watches_next_homeless (const watches_t *self, size_t *cursor);

#endif
