#include "inherit.h"

#include "files.h"
#include "id.h"
#include "inherit_scripts.h"
#include "place.h"
#include "retry.h"
#include "text.h"
#include "trash.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

#define IDLE_MOST 60000 /*  milliseconds */

typedef struct {
    char session[LIMIT_ID + 1];
    char destination[PLACE_SIZE], staging[PLACE_SIZE];
    pid_t pid;
    int pidfd, said; /*  said: its standard error, in memory, since the disk may be full. Both -1: there is none */
    bool ended;
    int64_t asked; /*  monotonic milliseconds */
    retry_t retry;
} making_t;

struct inherit {
    zloop_t *loop;
    const char *state;
    inherit_done_fn *done;
    void *arg;
    zlistx_t *makings; /*  of making_t * */
};

baton_status inherit_new (zloop_t *loop, const char *state, inherit_done_fn *done, void *arg, inherit_t **ret_inherit,
                          baton_error_t *error)
{
    char folder[PLACE_SIZE];
    inherit_t *self = calloc (1, sizeof *self);
    zlistx_t *makings = zlistx_new ();
    if (!self || !makings) {
        free (self);
        zlistx_destroy (&makings);
        return baton_fail_memory (error);
    }
    *self = (inherit_t){.loop = loop, .state = state, .done = done, .arg = arg, .makings = makings};
    snprintf (folder, sizeof folder, "%s/forks", state);
    trash_put (state, folder);
    *ret_inherit = self;
    return BATON_OK;
}

/*  Ends what is under way, and removes what has come of it. */
static void stop (inherit_t *self, making_t *making)
{
    if (making->pidfd >= 0) {
        zloop_poller_end (self->loop, &(zmq_pollitem_t){.fd = making->pidfd});
        struct pollfd end = {.fd = making->pidfd, .events = POLLIN};
        if (poll (&end, 1, 0) == 0)
            kill (-making->pid, SIGKILL); /*  it lives, so the number is its own */
        close (making->pidfd);
    }
    if (making->said >= 0)
        close (making->said);
    making->pidfd = making->said = -1;
    making->ended = false;
    trash_put (self->state, making->staging);
}

static void drop (inherit_t *self, making_t *making)
{
    stop (self, making);
    zlistx_detach (self->makings, zlistx_find (self->makings, making));
    free (making);
}

void inherit_destroy (inherit_t **self)
{
    if (!*self)
        return;
    while (zlistx_size ((*self)->makings) > 0)
        drop (*self, zlistx_first ((*self)->makings));
    zlistx_destroy (&(*self)->makings);
    free (*self);
    *self = NULL;
}

static making_t *find (inherit_t *self, const char *session)
{
    for (making_t *making = zlistx_first (self->makings); making; making = zlistx_next (self->makings))
        if (streq (making->session, session))
            return making;
    return NULL;
}

void inherit_tidy (inherit_t *self)
{
    int64_t now = zclock_mono ();
    for (making_t *making = zlistx_first (self->makings); making; making = zlistx_next (self->makings))
        if (now - making->asked > IDLE_MOST) {
            drop (self, making);
            break; /*  the next time, the next */
        }
}

void inherit_waiting (const inherit_t *self, baton_pairs_t *ret_waiting)
{
    for (making_t *making = zlistx_first (self->makings); making; making = zlistx_next (self->makings))
        retry_tell (&making->retry, making->session, ret_waiting);
}

/* ---- making ---- */

static int on_end (zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    inherit_t *self = arg;
    for (making_t *making = zlistx_first (self->makings); making; making = zlistx_next (self->makings))
        if (making->pidfd == item->fd) {
            zloop_poller_end (loop, item);
            close (making->pidfd);
            making->pidfd = -1;
            making->ended = true;
            break;
        }
    self->done (self->arg);
    return 0;
}

/*  A process group of its own, so that all of it can be ended, with the signals that a program expects. */
static int spawn_script (making_t *making, const char *source, const char *script)
{
    char *const argv[] = {(char *) "sh",   (char *) "-c",       (char *) script, (char *) "sh", (char *) source,
                          making->staging, making->destination, making->session, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset (&none);
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_addopen (&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen (&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2 (&actions, making->said, 2);
    posix_spawn_file_actions_addclosefrom_np (&actions, 3);
    posix_spawnattr_init (&attributes);
    posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigmask (&attributes, &none);
    int failure = posix_spawn (&making->pid, "/bin/sh", &actions, &attributes, argv, environ);
    posix_spawnattr_destroy (&attributes);
    posix_spawn_file_actions_destroy (&actions);
    return failure;
}

/*  Of what a process says no more is kept than is told. */
static int open_said (void)
{
    int said = memfd_create ("baton-inherit", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (said >= 0 && (ftruncate (said, LIMIT_SHORT / 2) < 0 || fcntl (said, F_ADD_SEALS, F_SEAL_GROW) < 0)) {
        close (said);
        said = -1;
    }
    return said;
}

static baton_status start (inherit_t *self, making_t *making, const char *source, fork_workspace_e how,
                           baton_error_t *error)
{
    char folder[PLACE_SIZE], above[PLACE_SIZE], id[ID_SIZE];
    id_new (id);
    making->retry.error = (baton_error_t){0};
    snprintf (folder, sizeof folder, "%s/forks", self->state);
    snprintf (above, sizeof above, "%s/workspaces", self->state);
    snprintf (making->staging, sizeof making->staging, "%.3000s/%.64s.%s", folder, making->session, id);
    baton_status status = files_make_folder (folder, error);
    if (status == BATON_OK)
        status = files_make_folder (above, error);
    if (status != BATON_OK)
        return status;
    making->said = open_said ();
    int failure = making->said < 0
                      ? errno
                      : spawn_script (making, source, how == fork_workspace_worktree ? INHERIT_WORKTREE : INHERIT_COPY);
    if (failure != 0 || (making->pidfd = pidfd_open (making->pid, 0)) < 0)
        return baton_fail (error, BATON_internal, BATON_REASON_out_of_memory,
                           "can't start a process for the workspace: %s", strerror (failure ? failure : errno));
    zloop_poller (self->loop, &(zmq_pollitem_t){.fd = making->pidfd, .events = ZMQ_POLLIN}, on_end, self);
    return BATON_OK;
}

static baton_status begin (inherit_t *self, const char *session, const char *destination, making_t **ret_making,
                           baton_error_t *error)
{
    making_t *making = calloc (1, sizeof *making);
    if (!making || !zlistx_add_end (self->makings, making)) {
        free (making);
        return baton_fail_memory (error);
    }
    making->pidfd = making->said = -1;
    making->retry.verb = "made";
    snprintf (making->session, sizeof making->session, "%s", session);
    snprintf (making->destination, sizeof making->destination, "%s", destination);
    *ret_making = making;
    return BATON_OK;
}

/* ---- failing ---- */

static bool tells_of_full_disk (const char *said)
{
    static const int FULL[] = {ENOSPC, EDQUOT, EFBIG};
    for (size_t i = 0; i < sizeof FULL / sizeof *FULL; i++)
        if (strstr (said, strerrordesc_np (FULL[i])))
            return true;
    return false;
}

/*  What the process said, in one line. */
static baton_status report_failure (const making_t *making, const char *source, baton_error_t *error)
{
    char said[LIMIT_SHORT / 2] = "";
    if (pread (making->said, said, sizeof said - 1, 0) < 0 || !*said)
        snprintf (said, sizeof said, "it was interrupted");
    bool full = tells_of_full_disk (said);
    text_line (said, sizeof said - 1);
    if (full)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_disk_full, "the node's disk is full: %s",
                           said);
    return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_bad_value, "workspace",
                             "the workspace can't be made from %.300s: %s", source, said);
}

/* ---- asking ---- */

baton_status inherit_workspace (inherit_t *self, const char *session, const char *source, fork_workspace_e how,
                                const char *destination, baton_error_t *error)
{
    struct stat there;
    making_t *making = find (self, session);
    if (lstat (destination, &there) == 0 && (!making || making->pidfd < 0)) {
        if (making)
            drop (self, making);
        return BATON_OK;
    }
    baton_status status = making ? BATON_OK : begin (self, session, destination, &making, error);
    if (status != BATON_OK)
        return status;
    making->asked = zclock_mono ();
    if (making->ended)
        status = report_failure (making, source, error);
    else if (making->pidfd < 0 && retry_due (&making->retry))
        status = start (self, making, source, how, error);
    if (status != BATON_OK && !baton_reason_retry (error->reason)) {
        drop (self, making);
        return status;
    }
    if (status != BATON_OK) {
        stop (self, making);
        retry_note (&making->retry, session, error);
    }
    return baton_fail (error, BATON_unavailable, BATON_REASON_busy, "the workspace of session %s is being made",
                       session);
}
