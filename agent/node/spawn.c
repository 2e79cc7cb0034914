#include "spawn.h"

#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <unistd.h>

/*  Above the numbers that the shim gets them under, so that moving one never closes the other. */
#define FD_LEAST 16

#define FIND_PATIENCE 5000 /*  milliseconds for a shim that was just spawned to say its pid */

typedef struct {
    int lock;
    int ready[2];
} handles_t;

static int raise_fd (int fd)
{
    int raised = fcntl (fd, F_DUPFD_CLOEXEC, FD_LEAST);
    close (fd);
    return raised;
}

static bool open_handles (const char *folder, handles_t *ret_handles)
{
    char path[PATH_MAX];
    snprintf (path, sizeof path, "%s/lock", folder);
    int lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return false;
    int ready[2];
    if (flock (lock, LOCK_EX | LOCK_NB) < 0 || pipe2 (ready, O_CLOEXEC) < 0) {
        close (lock);
        return false;
    }
    *ret_handles = (handles_t){raise_fd (lock), {ready[0], raise_fd (ready[1])}};
    return true;
}

/*  The program beside ours that is nothing but a shim: it starts in a tenth of our time, and many runs don't each hold
 *  our libraries. Ours does the same where that one isn't there, and where we were replaced meanwhile, since what is
 *  beside us then is of another version. */
static const char *find_program (char path[PATH_MAX])
{
    static const char OWN[] = "/proc/self/exe", DELETED[] = " (deleted)";
    ssize_t length = readlink (OWN, path, PATH_MAX - 1);
    if (length <= 0)
        return OWN;
    path[length] = '\0';
    size_t ending = sizeof DELETED - 1;
    if ((size_t) length > ending && strcmp (path + (size_t) length - ending, DELETED) == 0)
        return OWN;
    char *name = strrchr (path, '/') + 1;
    if ((size_t) (name - path) + sizeof SHIM_PROGRAM > PATH_MAX)
        return OWN;
    memcpy (name, SHIM_PROGRAM, sizeof SHIM_PROGRAM);
    return access (path, X_OK) == 0 ? path : OWN;
}

static int spawn_program (const spawn_t *spawn, const handles_t *handles, char **argv, pid_t *ret_pid)
{
    char path[PATH_MAX];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_addopen (&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen (&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2 (&actions, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_adddup2 (&actions, handles->lock, SHIM_LOCK_FD);
    posix_spawn_file_actions_adddup2 (&actions, handles->ready[1], SHIM_READY_FD);
    posix_spawn_file_actions_addclosefrom_np (&actions, SHIM_READY_FD + 1);
    posix_spawn_file_actions_addchdir_np (&actions, spawn->workspace);
    posix_spawnattr_t attributes;
    posix_spawnattr_init (&attributes);
    posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK);
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SHIM_STOP); /*  one that comes before the shim looks for it waits */
    sigaddset (&set, SIGTERM);
    posix_spawnattr_setsigmask (&attributes, &set);
    int failure = posix_spawn (ret_pid, find_program (path), &actions, &attributes, argv, spawn->envp);
    posix_spawnattr_destroy (&attributes);
    posix_spawn_file_actions_destroy (&actions);
    return failure;
}

/*  The shim's own arguments, then the driver's. */
static char **build_arguments (const spawn_t *spawn, char bound[24], char grace[24])
{
    size_t count = 0;
    while (spawn->argv[count])
        count++;
    char **argv = calloc (SHIM_ARGUMENTS + count + 2, sizeof *argv);
    if (!argv)
        return NULL;
    snprintf (bound, 24, "%" PRIu64, spawn->log_bound);
    snprintf (grace, 24, "%" PRIu64, spawn->grace);
    const char *own[SHIM_ARGUMENTS + 1] = {SHIM_PROGRAM, SHIM_WORD, spawn->folder, spawn->log, bound, grace};
    memcpy (argv, own, sizeof own);
    memcpy (argv + SHIM_ARGUMENTS + 1, spawn->argv, count * sizeof *argv);
    return argv;
}

baton_status spawn_shim (const spawn_t *spawn, int *ret_pidfd, int *ret_ready, baton_error_t *error)
{
    handles_t handles;
    if (!open_handles (spawn->folder, &handles))
        return baton_fail (error, BATON_internal, BATON_REASON_storage_failed, "can't lock %s: %s", spawn->folder,
                           strerror (errno));
    char bound[24], grace[24];
    char **argv = build_arguments (spawn, bound, grace);
    pid_t pid = 0;
    int failure = argv ? spawn_program (spawn, &handles, argv, &pid) : ENOMEM;
    free (argv);
    close (handles.lock);
    close (handles.ready[1]);
    int pidfd = failure == 0 ? pidfd_open (pid, 0) : -1;
    if (pidfd < 0) {
        close (handles.ready[0]);
        return baton_fail (error, BATON_internal, BATON_REASON_out_of_memory, "can't start a process in %s: %s",
                           spawn->workspace, strerror (failure != 0 ? failure : errno));
    }
    *ret_pidfd = pidfd;
    *ret_ready = handles.ready[0];
    return BATON_OK;
}

static bool is_locked (int lock)
{
    if (flock (lock, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK;
    flock (lock, LOCK_UN);
    return false;
}

/*  While the lock is held, the pid that its holder wrote down is the holder's. */
static int open_holder (const char *folder, int lock)
{
    for (int waited = 0; waited < FIND_PATIENCE && is_locked (lock); waited += 10) {
        pid_t shim, driver;
        if (shim_read_pids (folder, &shim, &driver)) {
            int pidfd = pidfd_open (shim, 0);
            if (pidfd >= 0 && is_locked (lock))
                return pidfd;
            if (pidfd >= 0)
                close (pidfd);
        }
        poll (NULL, 0, 10);
    }
    return -1;
}

shim_state_t spawn_find (const char *folder, int *ret_pidfd)
{
    char path[PATH_MAX];
    snprintf (path, sizeof path, "%s/lock", folder);
    int lock = open (path, O_RDWR | O_CLOEXEC);
    if (lock < 0)
        return SHIM_never;
    int pidfd = open_holder (folder, lock);
    close (lock);
    if (pidfd < 0)
        return SHIM_gone;
    *ret_pidfd = pidfd;
    return SHIM_alive;
}
