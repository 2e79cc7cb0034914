#include "detect.h"

#include "markers.h"
#include "members.h"
#include "report.h"
#include "vcs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/*  One look upward. path is the folder under way. */
typedef struct {
    workspace_report_t *report;
    const char *home;
    char start[LIMIT_PATH]; /*  the folder that was asked about, without links */
    char path[LIMIT_PATH];
    baton_error_t *error;
} look_t;

/* ---- upward ---- */

static bool same_folder (const char *a, const char *b)
{
    struct stat one, other;
    return a && b && stat (a, &one) == 0 && stat (b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

/*  Something is mounted here, also when it is a part of the same file system. */
static bool is_mounted (const char *path)
{
    struct statx about;
    return statx (AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &about) == 0 &&
           (about.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/*  Goes to the folder above; false where none is to be looked at. */
static bool go_up (look_t *look)
{
    char *last = strrchr (look->path, '/');
    struct stat here, above;
    if (!last || last == look->path || is_mounted (look->path) || same_folder (look->path, look->home))
        return false;
    bool known = stat (look->path, &here) == 0;
    *last = '\0';
    return known && stat (look->path, &above) == 0 && here.st_dev == above.st_dev &&
           !same_folder (look->path, look->home);
}

static bool open_here (look_t *look, folder_t *ret_folder)
{
    bool opened = folder_open (AT_FDCWD, look->path, false, ret_folder);
    if (!opened)
        report_note (look->report, "can't look into %s: %s", look->path, strerror (errno));
    return opened;
}

/* ---- version control ---- */

/*  Takes a working copy into the report; for one that spreads, a root further up replaces the one below. */
static baton_status take_vcs (look_t *look, workspace_vcs_t *vcs, bool spread)
{
    workspace_report_t *report = look->report;
    size_t count = report->enclosing.count;
    workspace_vcs_t *last = count > 0 ? &report->enclosing.items[count - 1] : &report->vcs;
    baton_status status = BATON_OK;
    if (last->kind && spread && strcmp (last->kind, vcs->kind) == 0)
        status = text_set (&last->root, vcs->root);
    else if (!last->kind) {
        *last = *vcs;
        *vcs = (workspace_vcs_t){0};
    } else if (count < LIMIT_MARKERS) {
        status = vcs_relate (last, vcs);
        workspace_vcs_t *next = status == BATON_OK ? list_append (&report->enclosing, sizeof *next) : NULL;
        if (!next)
            return BATON_resource_exhausted;
        *next = *vcs;
        *vcs = (workspace_vcs_t){0};
    }
    return status;
}

/*  What is wrong with a working copy further up is none of our concern. */
static baton_status find_vcs (look_t *look)
{
    baton_status status = BATON_OK;
    bool more = true;
    for (strcpy (look->path, look->start); more && status == BATON_OK; more = go_up (look)) {
        folder_t folder;
        workspace_vcs_t vcs = {0};
        bool spread = false;
        if (!open_here (look, &folder))
            continue;
        status = vcs_look (&folder, look->path, &vcs, &spread, look->error);
        if (status == BATON_OK && vcs.kind && take_vcs (look, &vcs, spread) != BATON_OK)
            status = baton_fail_memory (look->error);
        if (status == BATON_failed_precondition && look->report->vcs.kind)
            status = BATON_OK;
        folder_close (&folder);
        record_clear (&RECORD_workspace_vcs, &vcs);
    }
    return status;
}

/* ---- projects ---- */

static baton_status take_project (look_t *look, const markers_t *markers)
{
    workspace_project_t *project = &look->report->project;
    const marker_t *first = markers->items[0].marker;
    record_clear (&RECORD_workspace_project, project);
    baton_status status = report_text (&project->root, look->path);
    if (status == BATON_OK && (text_set (&project->kind, first->kind) || text_set (&project->tool, first->tool) ||
                               text_set (&project->language, first->language)))
        status = BATON_resource_exhausted;
    for (size_t i = 0; i < markers->count && status == BATON_OK; i++) {
        const marker_t *marker = markers->items[i].marker;
        workspace_marker_t *row = list_append (&project->markers, sizeof *row);
        if (!row || report_text (&row->file, markers->items[i].name) || text_set (&row->kind, marker->kind) ||
            text_set (&row->tool, marker->tool) || text_set (&row->language, marker->language) ||
            report_language (look->report, marker->language))
            status = BATON_resource_exhausted;
    }
    return status;
}

/*  Whether the start is the folder, or below it. */
static bool is_within (const look_t *look, const char *root, const char *path)
{
    char whole[2 * LIMIT_PATH];
    snprintf (whole, sizeof whole, "%s%s%s", strcmp (root, "/") == 0 ? "" : root, strcmp (path, ".") == 0 ? "" : "/",
              strcmp (path, ".") == 0 ? "" : path);
    size_t length = strlen (whole);
    return strncmp (look->start, whole, length) == 0 && (look->start[length] == '/' || !look->start[length]);
}

/*  The root as a member of its own has everything below that is no other project. */
static void find_place (const look_t *look, workspace_group_t *group)
{
    group->here = strcmp (look->start, group->root) == 0;
    bool own = text_equal (look->report->project.root, group->root);
    for (size_t i = 0; i < group->members.count; i++) {
        workspace_member_t *member = &group->members.items[i];
        member->here = !member->outside && !member->missing && is_within (look, group->root, member->path) &&
                       (own || strcmp (member->path, ".") != 0);
        group->here = group->here || member->here;
    }
}

/*  The tool of what lists members. Lock files beside it say which of several of its language it is. */
static const marker_t *tool_of (const markers_t *markers, const marker_t *lists)
{
    if (lists->level == LEVEL_workspace)
        return lists;
    for (size_t i = 0; i < markers->count; i++)
        if (text_equal (markers->items[i].marker->language, lists->language))
            return markers->items[i].marker;
    return lists;
}

static baton_status take_group (look_t *look, folder_t *folder, const markers_t *markers, size_t index)
{
    workspace_group_t group = {0};
    const marker_found_t *found = &markers->items[index];
    bool listed = false;
    baton_status status = report_text (&group.root, look->path);
    if (status == BATON_OK)
        status = members_read (folder, found, look->report, &group, &listed);
    if (status == BATON_OK && listed) {
        const marker_t *marker = tool_of (markers, found->marker);
        workspace_group_t *row = list_append (&look->report->workspaces, sizeof *row);
        if (!row || text_set (&group.kind, marker->kind) || text_set (&group.tool, marker->tool) ||
            report_text (&group.file, found->name) || report_language (look->report, marker->language))
            status = BATON_resource_exhausted;
        else {
            find_place (look, &group);
            *row = group;
            group = (workspace_group_t){0};
        }
    }
    record_clear (&RECORD_workspace_group, &group);
    return status;
}

/*  Several tools may share one workspace (turbo on pnpm); each is told with what it lists. */
static baton_status take_groups (look_t *look, folder_t *folder, const markers_t *markers)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < markers->count && status == BATON_OK; i++)
        if (markers->items[i].marker->level >= LEVEL_either && look->report->workspaces.count < LIMIT_MARKERS)
            status = take_group (look, folder, markers, i);
    return status;
}

/*  The nearest project is at most as far up as the root of the version control; a workspace may be around several of
 *  those. */
static baton_status find_projects (look_t *look)
{
    bool inside = true, found = false, more = true;
    baton_status status = BATON_OK;
    const char *top = look->report->vcs.root;
    for (strcpy (look->path, look->start); more && status == BATON_OK; more = go_up (look)) {
        folder_t folder;
        markers_t markers;
        if (!folder_open (AT_FDCWD, look->path, false, &folder))
            continue;
        markers_look (&folder, &markers);
        if (folder.cut)
            report_note (look->report, "%s has more names than are looked at", look->path);
        marker_level_t level = markers_level (&markers);
        bool weak = level == LEVEL_weak && !look->report->project.kind;
        if (inside && !found && (level >= LEVEL_project || weak))
            status = take_project (look, &markers);
        found = found || level >= LEVEL_project;
        if (status == BATON_OK)
            status = take_groups (look, &folder, &markers);
        inside = inside && !(top && strcmp (look->path, top) == 0);
        folder_close (&folder);
    }
    return status == BATON_OK ? BATON_OK : baton_fail_memory (look->error);
}

/* ---- what it comes to ---- */

static baton_status conclude (look_t *look)
{
    workspace_report_t *report = look->report;
    const char *root = report->vcs.root, *kind = report->project.kind, *by = "version control";
    if (!root) {
        by = "workspace";
        for (size_t i = 0; i < report->workspaces.count; i++)
            if (report->workspaces.items[i].here) {
                root = report->workspaces.items[i].root;
                kind = report->workspaces.items[i].kind;
            }
    }
    if (!root) {
        by = report->project.root ? "project" : "nothing";
        root = report->project.root ? report->project.root : look->start;
    }
    kind = kind ? kind : report->vcs.kind ? report->vcs.kind : "folder";
    return report_text (&report->root, root) || text_set (&report->kind, kind) || text_set (&report->found_by, by) ||
                   report_text (&report->folder, look->start)
               ? baton_fail_memory (look->error)
               : BATON_OK;
}

static baton_status check_start (const char *folder, look_t *look)
{
    struct stat about;
    char *real = realpath (folder, NULL);
    if (!real || stat (real, &about) != 0) {
        int reason = errno;
        free (real);
        return baton_fail_field (look->error, reason == ENOENT ? BATON_not_found : BATON_invalid_argument,
                                 BATON_REASON_none, "directory", "can't use %s: %s", folder, strerror (reason));
    }
    bool fits = strlen (real) < sizeof look->start;
    if (fits)
        strcpy (look->start, real);
    free (real);
    if (!fits || !S_ISDIR (about.st_mode))
        return baton_fail_field (look->error, BATON_invalid_argument, BATON_REASON_none, "directory", "%s %s", folder,
                                 fits ? "is no folder" : "has a path that is too long");
    return BATON_OK;
}

baton_status workspace_detect (const char *folder, const char *home, workspace_report_t *ret_report,
                               baton_error_t *error)
{
    workspace_report_t report = {0};
    look_t look = {.report = &report, .home = home, .error = error};
    baton_status status = check_start (folder, &look);
    if (status == BATON_OK)
        status = find_vcs (&look);
    if (status == BATON_OK)
        status = find_projects (&look);
    if (status == BATON_OK)
        status = conclude (&look);
    if (status == BATON_OK) {
        record_clear (&RECORD_workspace_report, ret_report);
        *ret_report = report;
    } else
        record_clear (&RECORD_workspace_report, &report);
    return status;
}
