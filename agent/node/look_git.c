/*  Looking at a git repository. Git itself reads it, by two commands that look names up and no more: no hook, no
 * filter, no configured helper of the repository is run, and nothing is fetched. */
#include "look.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <dirent.h>

#define PATIENCE 3000 /*  ms; git can be made to wait for ever, by a settings file that is a pipe */
#define ANSWER (3 * LIMIT_PATH)
#define REF_FOLDERS_MOST 256
#define REF_DEPTH 8

/*  What a repository, or the user's own settings, could otherwise make it do. */
static char *const ENVIRONMENT[] = {
    (char *) "PATH=/usr/local/bin:/usr/bin:/bin",
    (char *) "LC_ALL=C",
    (char *) "GIT_CONFIG_NOSYSTEM=1",
    (char *) "GIT_CONFIG_GLOBAL=/dev/null",
    (char *) "GIT_OPTIONAL_LOCKS=0",
    (char *) "GIT_TERMINAL_PROMPT=0",
    (char *) "GIT_NO_LAZY_FETCH=1",
    (char *) "GIT_NO_REPLACE_OBJECTS=1",
    (char *) "GIT_ALLOW_PROTOCOL=none",
    (char *) "GIT_PAGER=cat",
    NULL,
};
#define SAFE                                                                                                           \
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never", "-c",                \
        "core.sshCommand=false"

static int64_t milliseconds (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*  Reads to the end, for as long as we are patient. */
static bool read_all (int from, char *answer, size_t size)
{
    size_t length = 0;
    int64_t until = milliseconds () + PATIENCE;
    for (;;) {
        struct pollfd item = {.fd = from, .events = POLLIN};
        int64_t left = until - milliseconds ();
        if (left <= 0 || poll (&item, 1, (int) left) <= 0)
            return false;
        ssize_t got = read (from, answer + length, size - 1 - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || (length += (size_t) got) == size - 1)
            break;
    }
    answer[length] = '\0';
    return true;
}

/*  Runs git with a few lines on its standard input, which fit into a pipe. False when it can't be run or doesn't end.
 */
static bool ask (char *const *arguments, const char *lines, char *answer, size_t size)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    posix_spawn_file_actions_t actions;
    pid_t git = -1;
    bool good = false;
    posix_spawn_file_actions_init (&actions);
    if (pipe2 (in, O_CLOEXEC) == 0 && pipe2 (out, O_CLOEXEC) == 0) {
        posix_spawn_file_actions_adddup2 (&actions, in[0], 0);
        posix_spawn_file_actions_adddup2 (&actions, out[1], 1);
        posix_spawn_file_actions_addopen (&actions, 2, "/dev/null", O_WRONLY, 0);
        if (posix_spawnp (&git, "git", &actions, NULL, arguments, ENVIRONMENT) != 0)
            git = -1;
        good = git > 0 && write (in[1], lines, strlen (lines)) == (ssize_t) strlen (lines);
        close (in[1]);
        close (out[1]);
        in[1] = out[1] = -1;
        good = good && read_all (out[0], answer, size);
    }
    if (git > 0 && !good)
        kill (git, SIGKILL);
    if (git > 0)
        waitpid (git, NULL, 0);
    posix_spawn_file_actions_destroy (&actions);
    for (int i = 0; i < 2; i++) {
        if (in[i] >= 0)
            close (in[i]);
        if (out[i] >= 0)
            close (out[i]);
    }
    return good;
}

/* ---- where refs are ---- */

/*  Refs have names with slashes, so they lie in folders; git writes each beside its place and renames it. */
static baton_status add_ref_folders (look_t *look, int notify, const char *path, int depth)
{
    if (look_add_spot (look, notify, path, NULL) != BATON_OK)
        return BATON_resource_exhausted;
    DIR *entries = depth < REF_DEPTH && look->spots.count < REF_FOLDERS_MOST ? opendir (path) : NULL;
    baton_status status = BATON_OK;
    for (struct dirent *entry; entries && status == BATON_OK && (entry = readdir (entries));) {
        char below[LIMIT_PATH + 1];
        struct stat kind;
        if (*entry->d_name == '.' || snprintf (below, sizeof below, "%s/%s", path, entry->d_name) >= LIMIT_PATH)
            continue;
        if (lstat (below, &kind) == 0 && S_ISDIR (kind.st_mode))
            status = add_ref_folders (look, notify, below, depth + 1);
    }
    if (entries)
        closedir (entries);
    return status;
}

/*  HEAD is the working tree's own; branches and packed refs are the repository's. */
static baton_status add_spots (const look_for_t *what, look_t *look)
{
    char answer[ANSWER], refs[LIMIT_PATH + 16];
    char *const arguments[] = {(char *) "git",
                               (char *) "-C",
                               (char *) what->root,
                               SAFE,
                               (char *) "rev-parse",
                               (char *) "--path-format=absolute",
                               (char *) "--git-dir",
                               (char *) "--git-common-dir",
                               NULL};
    if (look_add_spot (look, what->notify, what->root, ".git") != BATON_OK)
        return BATON_resource_exhausted;
    char *end = NULL;
    if (!ask (arguments, "", answer, sizeof answer))
        return BATON_unavailable;
    if (!(end = strchr (answer, '\n')))
        return BATON_OK; /*  it is no repository, yet */
    *end = '\0';
    char *common = end + 1;
    common[strcspn (common, "\n")] = '\0';
    snprintf (refs, sizeof refs, "%s/refs", common);
    if (look_add_spot (look, what->notify, answer, "HEAD") != BATON_OK ||
        look_add_spot (look, what->notify, common, "packed-refs") != BATON_OK)
        return BATON_resource_exhausted;
    return add_ref_folders (look, what->notify, refs, 0);
}

/* ---- what they hold ---- */

/*  The object's id at the beginning of a line "ID TYPE SIZE"; "none" for "… missing" and whatever else. */
static void read_object (const char *line, char *ret_id, size_t size)
{
    size_t length = strspn (line, "0123456789abcdef");
    bool found = length >= 40 && length < size && line[length] == ' ' && strncmp (line + length, " missing", 8) != 0;
    snprintf (ret_id, size, "%.*s", found ? (int) length : 4, found ? line : "none");
}

baton_status look_git (const look_for_t *what, look_t *look, baton_error_t *error)
{
    const trigger_t *trigger = what->trigger;
    char answer[ANSWER], lines[LIMIT_PATH + 2 * LIMIT_TITLE + 64];
    char *const arguments[] = {(char *) "git",           (char *) "-C", (char *) what->root, SAFE, (char *) "cat-file",
                               (char *) "--batch-check", NULL};
    if (access (what->root, X_OK) < 0)
        return baton_fail (error, BATON_not_found, BATON_REASON_storage_failed, "the workspace %.200s is not there",
                           what->root);
    baton_status status = add_spots (what, look);
    if (status == BATON_resource_exhausted)
        return baton_fail_memory (error);
    snprintf (lines, sizeof lines, "%s^{commit}\n%s^{commit}:./%s\n", trigger->ref, trigger->ref,
              trigger->path ? trigger->path : "");
    size_t end = strlen (lines);
    while (end > 2 && lines[end - 2] == '/') { /*  "src/" is "src" */
        lines[--end] = '\0';
        lines[end - 1] = '\n';
    }
    if (status != BATON_OK || !ask (arguments, lines, answer, sizeof answer))
        return baton_fail (error, BATON_unavailable, BATON_REASON_timed_out, "git does not say what %s is",
                           trigger->ref);
    const char *second = strchr (answer, '\n');
    read_object (answer, look->commit, sizeof look->commit);
    read_object (trigger->path && second ? second + 1 : answer, look->digest, sizeof look->digest);
    if (strcmp (look->commit, "none") == 0)
        *look->commit = '\0';
    return BATON_OK;
}
