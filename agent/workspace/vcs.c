#include "vcs.h"

#include "lines.h"
#include "report.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    const char *kind;
    const char *marker;
    bool spread;
    vcs_reader_t *read;
} vcs_row_t;

static const vcs_row_t ROWS[] = {
#define VCS(kind, marker, spread, reader) {kind, marker, spread, reader},
#include "vcs.def"
};

bool vcs_line (const folder_t *folder, const char *name, char ret_line[LIMIT_PATH])
{
    size_t size = 0;
    char *text = folder_read (folder, name, &size), line[LINES_LONGEST];
    const char *at = text;
    bool has = text && lines_next (&at, text + size, line) && *line;
    free (text);
    if (has)
        snprintf (ret_line, LIMIT_PATH, "%s", line);
    return has;
}

/*  A repository, without files to work with: it has these three, and nothing that makes it somebody's .git. */
static bool is_bare (const folder_t *folder)
{
    return folder_has (folder, "HEAD") && folder_has (folder, "objects/") && folder_has (folder, "refs/") &&
           !folder_has (folder, ".git/") && !folder_has (folder, ".git");
}

static baton_status refuse_bare (const char *path, baton_error_t *error)
{
    const char *name = strrchr (path, '/');
    if (name && strcmp (name, "/.git") == 0)
        return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_none, "directory",
                                 "%s is where git keeps a repository: give a folder of its files", path);
    return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_none, "directory",
                             "%s is a bare git repository, without files to work with: make some with git worktree add",
                             path);
}

static bool is_there (const folder_t *folder, const vcs_row_t *row)
{
    return folder_has (folder, row->marker) || (strcmp (row->marker, ".git") == 0 && folder_has (folder, ".git/HEAD"));
}

baton_status vcs_look (const folder_t *folder, const char *path, workspace_vcs_t *ret_vcs, bool *ret_spread,
                       baton_error_t *error)
{
    baton_status status = BATON_OK;
    if (is_bare (folder))
        return refuse_bare (path, error);
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS && status == BATON_OK; i++) {
        if (!is_there (folder, &ROWS[i]) || (ret_vcs->kind && strcmp (ret_vcs->kind, ROWS[i].kind) == 0))
            continue;
        if (ret_vcs->kind) {
            status = text_set (&ret_vcs->colocated, ROWS[i].kind);
            continue;
        }
        *ret_spread = ROWS[i].spread;
        if (text_set (&ret_vcs->kind, ROWS[i].kind) != BATON_OK || report_text (&ret_vcs->root, path) != BATON_OK)
            return baton_fail_memory (error);
        status = ROWS[i].read ? ROWS[i].read (folder, path, ret_vcs, error) : BATON_OK;
    }
    return status;
}

/*  A line of .gitmodules or .hgsub that names the folder. */
static bool lists (const folder_t *outer, const char *file, const char *path)
{
    size_t size = 0;
    char *text = folder_read (outer, file, &size), line[LINES_LONGEST];
    bool git = strcmp (file, ".gitmodules") == 0, listed = false;
    for (const char *at = text; text && !listed && lines_next (&at, text + size, line);) {
        char *equals = strchr (line, '=');
        if (!equals)
            continue;
        *equals = '\0';
        char *key = line + strspn (line, " \t"), *value = equals + 1 + strspn (equals + 1, " \t");
        key[strcspn (key, " \t")] = '\0';
        listed = git ? strcmp (key, "path") == 0 && strcmp (value, path) == 0 : strcmp (key, path) == 0;
    }
    free (text);
    return listed;
}

baton_status vcs_relate (workspace_vcs_t *inner, const workspace_vcs_t *outer)
{
    folder_t folder;
    size_t length = strlen (outer->root);
    if (inner->submodule || strncmp (inner->root, outer->root, length) != 0 || inner->root[length] != '/' ||
        !folder_open (AT_FDCWD, outer->root, false, &folder))
        return BATON_OK;
    const char *path = inner->root + length + 1;
    bool listed = lists (&folder, ".gitmodules", path) || lists (&folder, ".hgsub", path);
    folder_close (&folder);
    inner->submodule = listed;
    return listed ? text_set (&inner->superproject, outer->root) : BATON_OK;
}

/* ---- Mercurial ---- */

baton_status vcs_read_hg (const folder_t *folder, const char *path, workspace_vcs_t *vcs, baton_error_t *error)
{
    (void) path;
    char line[LIMIT_PATH];
    bool branch = vcs_line (folder, ".hg/branch", line);
    baton_status status = report_text (&vcs->branch, branch ? line : "default");
    vcs->worktree = vcs_line (folder, ".hg/sharedpath", line);
    if (status == BATON_OK && vcs->worktree)
        status = report_text (&vcs->repository, dirname (line));
    return status == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

/* ---- Jujutsu ---- */

baton_status vcs_read_jj (const folder_t *folder, const char *path, workspace_vcs_t *vcs, baton_error_t *error)
{
    (void) path;
    char line[LIMIT_PATH];
    vcs->worktree = vcs_line (folder, ".jj/repo", line); /*  a file in every working copy but the first */
    if (vcs->worktree && report_text (&vcs->repository, line) != BATON_OK)
        return baton_fail_memory (error);
    return BATON_OK;
}
