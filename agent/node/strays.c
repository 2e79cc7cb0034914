#include "strays.h"

#include "log.h"
#include "place.h"
#include "shim.h"
#include "spawn.h"

#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define END_WITHIN 10000 /*  ms from the signal to the end of a shim and of all below it */

static bool end_shim (int pidfd)
{
    siginfo_t info = {.si_signo = SHIM_STOP, .si_code = SI_QUEUE};
    info.si_pid = getpid ();
    info.si_uid = getuid ();
    info.si_value.sival_int = 0; /*  SIGKILL at once */
    pidfd_send_signal (pidfd, SHIM_STOP, &info, 0);
    pidfd_send_signal (pidfd, SIGCONT, NULL, 0);
    return poll (&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, END_WITHIN) == 1;
}

static baton_status end_attempt (const char *state, const char *session, uint64_t run, uint64_t attempt,
                                 baton_error_t *error)
{
    char folder[PLACE_SIZE];
    int pidfd = -1;
    place_attempt_path (state, session, run, attempt, folder);
    if (spawn_find (folder, &pidfd) != SHIM_alive)
        return BATON_OK;
    log_warning ("run %" PRIu64 " of %s is alive and unknown to the ledger: it is ended", run, session);
    bool ended = end_shim (pidfd);
    close (pidfd);
    return ended ? BATON_OK
                 : baton_fail (error, BATON_failed_precondition, BATON_REASON_state_in_use,
                               "a process of run %" PRIu64 " of session %s, which this node knows nothing of, can't be "
                               "ended: see %.800s/pid",
                               run, session, folder);
}

/*  The attempts of a session's last run: an earlier run has ended before the last one began. */
static baton_status end_of_session (const char *state, const char *session, strays_known_fn *known, const void *arg,
                                    baton_error_t *error)
{
    char path[PLACE_SIZE];
    uint64_t run = place_last_run (state, session);
    place_log_path (state, session, run, path);
    DIR *folder = run > 0 ? opendir (path) : NULL;
    if (!folder)
        return BATON_OK;
    baton_status status = BATON_OK;
    for (struct dirent *entry; status == BATON_OK && (entry = readdir (folder));) {
        uint64_t attempt = strtoull (entry->d_name, NULL, 10);
        if (attempt > 0 && !known (arg, session, run, attempt))
            status = end_attempt (state, session, run, attempt, error);
    }
    closedir (folder);
    return status;
}

baton_status strays_end (const char *state, strays_known_fn *known, const void *arg, baton_error_t *error)
{
    char path[PLACE_SIZE];
    snprintf (path, sizeof path, "%s/runs", state);
    DIR *folder = opendir (path);
    if (!folder)
        return BATON_OK;
    baton_status status = BATON_OK;
    for (struct dirent *entry; status == BATON_OK && (entry = readdir (folder));)
        if (entry->d_name[0] != '.' && place_possible (entry->d_name))
            status = end_of_session (state, entry->d_name, known, arg, error);
    closedir (folder);
    return status;
}
