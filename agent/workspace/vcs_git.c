/*  git's files, as gitrepository-layout(5) has them: a .git that is a folder, or a file which says where it is. */
#include "report.h"
#include "vcs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  A path that may be relative to a folder, made plain as far as it is there. */
static void resolve (const char *base, const char *path, char ret_path[LIMIT_PATH])
{
    char joined[2 * LIMIT_PATH];
    snprintf (joined, sizeof joined, "%s%s%s", *path == '/' ? "" : base, *path == '/' ? "" : "/", path);
    char *real = realpath (joined, NULL);
    snprintf (ret_path, LIMIT_PATH, "%s", real ? real : joined);
    free (real);
}

/*  Where the repository of a folder is that has a .git; failed_precondition when it points to nothing. */
static baton_status find_repository (const folder_t *folder, const char *path, char ret_path[LIMIT_PATH],
                                     baton_error_t *error)
{
    char line[LIMIT_PATH];
    if (folder_has (folder, ".git/")) {
        snprintf (ret_path, LIMIT_PATH, "%s/.git", path);
        return BATON_OK;
    }
    bool points = vcs_line (folder, ".git", line) && strncmp (line, "gitdir:", 7) == 0;
    if (!points)
        return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_none, "directory",
                                 "%s/.git is a file that does not say where the repository is (gitdir: PATH)", path);
    resolve (path, line + 7 + strspn (line + 7, " "), ret_path);
    return BATON_OK;
}

static baton_status read_head (const folder_t *repository, workspace_vcs_t *vcs)
{
    char line[LIMIT_PATH];
    static const char BRANCH[] = "ref: refs/heads/";
    if (!vcs_line (repository, "HEAD", line))
        return BATON_OK;
    if (strncmp (line, BRANCH, sizeof BRANCH - 1) == 0)
        /*  What stands there where the refs are in tables, which are no plain files. */
        return strcmp (line, "ref: refs/heads/.invalid") == 0 ? BATON_OK
                                                              : report_text (&vcs->branch, line + sizeof BRANCH - 1);
    bool digest = strspn (line, "0123456789abcdef") == strlen (line) && strlen (line) <= LIMIT_ID;
    return digest ? text_set (&vcs->commit, line) : BATON_OK;
}

/*  Whether the configuration has such a line. */
static bool configured (const folder_t *repository, const char *key, const char *value)
{
    size_t size = 0;
    char *text = folder_read (repository, "config", &size);
    bool found = false;
    for (char *at = text, *next; at && !found; at = next) {
        next = strchr (at, '\n');
        if (next)
            *next++ = '\0';
        at += strspn (at, " \t");
        size_t length = strlen (key);
        found = strncmp (at, key, length) == 0 && strspn (at + length, " \t=") > 0 && strstr (at + length, value);
    }
    free (text);
    return found;
}

/*  A linked working copy has a folder of its own in the repository; a submodule's repository is inside that of its
 *  superproject. */
static baton_status place (const folder_t *folder, const char *repository, workspace_vcs_t *vcs)
{
    char line[LIMIT_PATH], common[LIMIT_PATH];
    vcs->worktree = vcs_line (folder, "commondir", line);
    snprintf (common, sizeof common, "%s", repository);
    if (vcs->worktree)
        resolve (repository, line, common);
    char *modules = strstr (common, "/.git/modules/");
    vcs->submodule = modules != NULL;
    if (vcs->worktree && report_text (&vcs->repository, common) != BATON_OK)
        return BATON_resource_exhausted;
    if (!modules)
        return BATON_OK;
    *modules = '\0';
    return report_text (&vcs->superproject, common);
}

baton_status vcs_read_git (const folder_t *folder, const char *path, workspace_vcs_t *vcs, baton_error_t *error)
{
    char repository[LIMIT_PATH];
    folder_t at;
    baton_status status = find_repository (folder, path, repository, error);
    if (status != BATON_OK)
        return status;
    if (!folder_open (AT_FDCWD, repository, false, &at))
        return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_none, "directory",
                                 "%s belongs to the git repository %s, which can't be opened: %s", path, repository,
                                 strerror (errno));
    if (configured (&at, "bare", "true") && !folder_has (&at, "commondir") && !configured (&at, "worktree", "/"))
        status = baton_fail_field (
            error, BATON_failed_precondition, BATON_REASON_none, "directory",
            "%s belongs to a bare git repository, without files to work with: give one of its worktrees", path);
    else if (place (&at, repository, vcs) != BATON_OK || read_head (&at, vcs) != BATON_OK)
        status = baton_fail_memory (error);
    folder_close (&at);
    return status;
}
