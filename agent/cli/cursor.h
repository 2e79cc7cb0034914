/*  How far a named client has read a session's journal, in a file of the user's: written after each event that was
 *  printed, so that a client which is killed goes on where its output ended.
 */
#ifndef BATON_CURSOR_H
#define BATON_CURSOR_H

#include <baton/baton.h>

typedef struct {
    int file;       /*  -1: none is kept */
    uint64_t value; /*  as it was found, and then as it was noted last; 0: none yet */
} cursor_t;

/*  Opens, or makes, the file of that client: $XDG_STATE_HOME/baton/cursors/DIGEST. */
BATON_MUST_USE baton_status cursor_open (const baton_context_t *context, const char *session, const char *client,
                                         cursor_t *ret_cursor, baton_error_t *error);

/*  Survives the process, not the machine: there is no need to wait for the disk. */
BATON_MUST_USE baton_status cursor_note (cursor_t *self, uint64_t value, baton_error_t *error);
void cursor_close (cursor_t *self);

#endif
