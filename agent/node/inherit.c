#include "inherit.h"

#include "files.h"
#include "id.h"
#include "place.h"
#include "trash.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/*  Each gets the source, a folder that is not there yet, the place, and the session. That the place is there afterwards
 *  is all that tells of success: nobody has to wait for the process.
 *
 *  A repository's settings may name programs for git to run: hooks, a file system monitor, filters, transports.
 * Settings can be a pipe, and git would wait for it. */
#define GIT_SAFELY                                                                                                     \
    "set -e\n"                                                                                                         \
    "unset $(git rev-parse --local-env-vars)\n"                                                                        \
    "export GIT_ALLOW_PROTOCOL=none GIT_NO_LAZY_FETCH=1 GIT_TERMINAL_PROMPT=0\n"                                       \
    "git() { command git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c worktree.useRelativePaths=false "      \
    "-C \"$@\"; }\n"

/*  The copy of a linked worktree becomes one of its own, on a branch of its own, with what is staged: its .git is a
 * file, and the copied one would name the index and HEAD of the source. Any other .git that is no folder and leads out
 * of the copy would be shared likewise, and nothing can be put in its place. */
static const char COPY[] =
    "set -e\n"
    "trap 'rm -rf -- \"$2.tree\"' EXIT\n"
    "folder=$(readlink -ve -- \"$1\")\n"
    "linked= depth=1\n"
    "if [ -f \"$folder/.git\" ] && [ ! -L \"$folder/.git\" ]; then\n"
    "    IFS= read -r to <\"$folder/.git\" || :\n"
    "    to=${to#gitdir: }\n"
    "    case $to in /*) ;; *) to=$folder/$to ;; esac\n"
    "    if [ -f \"$to/commondir\" ]; then linked=yes depth=2; fi\n"
    "fi\n"
    "check='\n"
    "    if [ -L \"$2\" ]; then to=$(readlink -- \"$2\")\n"
    "    else IFS= read -r to <\"$2\"; to=${to#gitdir: }; fi\n"
    "    case $to in\n"
    "    /*) ;;\n"
    "    *) to=$(readlink -m -- \"${2%/*}/$to\"); case $to/ in \"$1\"/*) exit ;; esac ;;\n"
    "    esac\n"
    "    if [ -e \"$to\" ]; then printf \"%s\\n\" \"$2\"; fi'\n"
    "shared=$(find \"$folder\" -xdev -mindepth $depth -name .git '(' -type f -o -type l ')' "
    "-exec sh -c \"$check\" sh \"$folder\" '{}' ';' | head -n 1)\n"
    "if [ -n \"$shared\" ]; then\n"
    "    echo \"$shared leads to a repository elsewhere, which a copy would share: take --workspace worktree, or "
    "shared\""
    " >&2\n"
    "    exit 1\n"
    "fi\n"
    "cp -a --reflink=auto --one-file-system -- \"$1/.\" \"$2\"\n"
    "if [ -n \"$linked\" ]; then\n" GIT_SAFELY
    "    git \"$1\" worktree add --quiet --force --no-checkout -B \"baton/$4\" \"$2.tree\" HEAD\n"
    "    theirs=$(git \"$1\" rev-parse --absolute-git-dir) own=$(git \"$2.tree\" rev-parse --absolute-git-dir)\n"
    "    for file in \"$theirs\"/index \"$theirs\"/sharedindex.*; do\n"
    "        if [ -f \"$file\" ]; then cp -a -- \"$file\" \"$own/\"; fi\n"
    "    done\n"
    "    mv -T -- \"$2.tree/.git\" \"$2/.git\"\n"
    "    printf '%s/.git\\n' \"$3\" >\"$own/gitdir\"\n"
    "fi\n"
    "sync -f \"$2\"\n"
    "mv -T -- \"$2\" \"$3\"\n";

/*  The filters are asked for in the new folder, since settings can be made to hold there alone. `git worktree move`
 * would refuse where there are submodules. */
static const char WORKTREE[] =
    GIT_SAFELY "top=$(timeout --foreground -k 1 5 git -C \"$1\" rev-parse --show-toplevel) || exit 1\n"
               "[ \"$top\" -ef \"$1\" ] || { echo \"it is not the root of a git repository\" >&2; exit 1; }\n"
               "git \"$1\" worktree add --quiet --force --no-checkout -B \"baton/$4\" \"$2\" HEAD\n"
               "filters=$(git \"$2\" config --name-only --get-regexp '^filter[.]' || true)\n"
               "count=0\n"
               "while IFS= read -r name; do\n"
               "    [ -n \"$name\" ] || continue\n"
               "    case $name in *.required) value=false ;; *) value= ;; esac\n"
               "    export \"GIT_CONFIG_KEY_$count=$name\" \"GIT_CONFIG_VALUE_$count=$value\"\n"
               "    count=$((count + 1))\n"
               "done <<END\n"
               "$filters\n"
               "END\n"
               "export GIT_CONFIG_COUNT=$count\n"
               "git \"$2\" reset --quiet --hard --no-recurse-submodules\n"
               "folder=$(git \"$2\" rev-parse --absolute-git-dir)\n"
               "printf '%s/.git\\n' \"$3\" >\"$folder/gitdir\"\n"
               "mv -T -- \"$2\" \"$3\"\n";

typedef struct {
    char session[LIMIT_ID + 1];
    char destination[PLACE_SIZE], staging[PLACE_SIZE], said[PLACE_SIZE + 8]; /*  said: its standard error */
    pid_t pid;
    int pidfd; /*  -1: it has ended, and failed */
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

static void drop (inherit_t *self, making_t *making)
{
    if (making->pidfd >= 0) {
        zloop_poller_end (self->loop, &(zmq_pollitem_t){.fd = making->pidfd});
        struct pollfd end = {.fd = making->pidfd, .events = POLLIN};
        if (poll (&end, 1, 0) == 0)
            kill (-making->pid, SIGKILL); /*  it lives, so the number is its own */
        close (making->pidfd);
    }
    trash_put (self->state, making->staging);
    unlink (making->said);
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

/* ---- making ---- */

static int on_end (zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    inherit_t *self = arg;
    for (making_t *making = zlistx_first (self->makings); making; making = zlistx_next (self->makings))
        if (making->pidfd == item->fd) {
            zloop_poller_end (loop, item);
            close (making->pidfd);
            making->pidfd = -1;
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
    posix_spawn_file_actions_addopen (&actions, 2, making->said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addclosefrom_np (&actions, 3);
    posix_spawnattr_init (&attributes);
    posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigmask (&attributes, &none);
    int failure = posix_spawn (&making->pid, "/bin/sh", &actions, &attributes, argv, environ);
    posix_spawnattr_destroy (&attributes);
    posix_spawn_file_actions_destroy (&actions);
    return failure;
}

static baton_status begin (inherit_t *self, const char *session, const char *source, fork_workspace_e how,
                           const char *destination, baton_error_t *error)
{
    char folder[PLACE_SIZE], above[PLACE_SIZE], id[ID_SIZE];
    making_t *making = calloc (1, sizeof *making);
    if (!making || !zlistx_add_end (self->makings, making)) {
        free (making);
        return baton_fail_memory (error);
    }
    id_new (id);
    making->pidfd = -1;
    snprintf (folder, sizeof folder, "%s/forks", self->state);
    snprintf (above, sizeof above, "%s/workspaces", self->state);
    snprintf (making->session, sizeof making->session, "%s", session);
    snprintf (making->destination, sizeof making->destination, "%s", destination);
    snprintf (making->staging, sizeof making->staging, "%.3000s/%.64s.%s", folder, session, id);
    snprintf (making->said, sizeof making->said, "%s.log", making->staging);
    baton_status status = files_make_folder (folder, error);
    if (status == BATON_OK)
        status = files_make_folder (above, error);
    int failure =
        status == BATON_OK ? spawn_script (making, source, how == fork_workspace_worktree ? WORKTREE : COPY) : 0;
    if (status == BATON_OK && (failure != 0 || (making->pidfd = pidfd_open (making->pid, 0)) < 0))
        status = baton_fail (error, BATON_internal, BATON_REASON_out_of_memory,
                             "can't start a process for the workspace: %s", strerror (failure ? failure : errno));
    if (status == BATON_OK)
        zloop_poller (self->loop, &(zmq_pollitem_t){.fd = making->pidfd, .events = ZMQ_POLLIN}, on_end, self);
    else
        drop (self, making);
    return status;
}

/*  What the process said last, in one line. */
static baton_status report_failure (const making_t *making, const char *source, baton_error_t *error)
{
    char said[LIMIT_SHORT / 2] = "";
    if (!files_read (making->said, said, sizeof said) || !*said)
        snprintf (said, sizeof said, "it was interrupted");
    for (char *at = said; *at; at++)
        *at = (unsigned char) *at < 0x20 || (unsigned char) *at >= 0x7f ? ' ' : *at;
    return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_bad_value, "workspace",
                             "the workspace can't be made from %.300s: %s", source, said);
}

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
    if (making && making->pidfd < 0) {
        report_failure (making, source, error);
        drop (self, making);
        return BATON_failed_precondition;
    }
    baton_status status = making ? BATON_OK : begin (self, session, source, how, destination, error);
    return status == BATON_OK ? baton_fail (error, BATON_unavailable, BATON_REASON_busy,
                                            "the workspace of session %s is being made", session)
                              : status;
}
