/*  How a fork's workspace is made: shell scripts, for sh -c. Each gets the source, a folder that is not there yet, the
 *  place, and the session. That the place is there afterwards is all that tells of success: nobody has to wait for the
 *  process. What goes wrong is said on standard error, in the words of the C locale.
 */
#ifndef BATON_INHERIT_SCRIPTS_H
#define BATON_INHERIT_SCRIPTS_H

extern const char INHERIT_COPY[];
extern const char INHERIT_WORKTREE[];

#endif
