/*  Files that nobody but us has to do with, and of which nothing stays when we are killed. */
#ifndef BATON_CLI_NAMELESS_H
#define BATON_CLI_NAMELESS_H

#include <baton/baton.h>
#include <stdio.h>

/*  A file for what has no place of its own and may be large: in $TMPDIR, or else where our state is, which unlike /tmp
 * is on a disk. Only we may read it. */
BATON_MUST_USE baton_status nameless_new (FILE **ret_file, baton_error_t *error);

/*  Opens a file without a name in that folder; -1 where there are no such files. */
int nameless_open (const char *folder);

#endif
