/*  Processes of this host, as /proc shows them. */
#ifndef BATON_PROCS_H
#define BATON_PROCS_H

#include <stddef.h>
#include <sys/types.h>

/*  Sends SIGKILL to every child of parent, running or stopped. Returns how many there were. */
size_t procs_kill_children (pid_t parent);

/*  Sends SIGKILL to every process of that session (setsid) and to each whose environment holds the text
 *  `mark`, NAME=VALUE, so that what left the session is found too. Never to the caller. Returns how many there were. */
size_t procs_kill_marked (pid_t session, const char *mark);

#endif
