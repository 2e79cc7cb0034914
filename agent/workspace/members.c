#include "members.h"

#include "report.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  One walk for all patterns of a group. */
typedef struct {
    const group_t *group;
    const baton_texts_t *patterns;
    workspace_report_t *report;
    workspace_group_t *to;
    unsigned folders; /*  opened so far */
    bool wild;        /*  the pattern under way has a star: what does not fit is not meant */
    bool failed;      /*  for lack of memory */
} walk_t;

/*  Folders that belong to tools: no member is in one, and they are large. */
static bool is_passed_over (const char *name)
{
    return *name == '.' || strcmp (name, "node_modules") == 0 || strncmp (name, "bazel-", 6) == 0;
}

static bool is_excluded (const walk_t *walk, const char *path)
{
    for (size_t i = 0; i < walk->patterns->count; i++) {
        const char *pattern = walk->patterns->items[i];
        if (*pattern++ != '!')
            continue;
        pattern += strncmp (pattern, "./", 2) == 0 ? 2 : 0;
        size_t length = strlen (pattern);
        length -= length > 0 && pattern[length - 1] == '/' ? 1 : 0;
        if (fnmatch (pattern, path, 0) == 0 ||
            (strncmp (pattern, path, length) == 0 && (path[length] == '/' || !path[length])))
            return true;
    }
    return false;
}

/*  Whether the folder has one of the files that a member has. */
static bool is_member (folder_t *folder, const char *files)
{
    char file[LIMIT_NAME];
    bool has = !*files;
    while (*files && !has) {
        size_t length = strcspn (files, "|");
        snprintf (file, sizeof file, "%.*s", (int) length, files);
        has = folder_find (folder, file) != NULL;
        files += length + (files[length] ? 1 : 0);
    }
    return has;
}

static bool is_listed (const walk_t *walk, const char *path)
{
    for (size_t i = 0; i < walk->to->members.count; i++)
        if (strcmp (walk->to->members.items[i].path, path) == 0)
            return true;
    return false;
}

/*  NULL when it is there already, or there is no more room. */
static workspace_member_t *add (walk_t *walk, const char *path)
{
    if (is_listed (walk, path))
        return NULL;
    walk->to->more = walk->to->more || walk->to->members.count >= LIMIT_MEMBERS;
    if (walk->to->more)
        return NULL;
    workspace_member_t *member = list_append (&walk->to->members, sizeof *member);
    walk->failed = walk->failed || !member || report_text (&member->path, path) != BATON_OK;
    return walk->failed ? NULL : member;
}

static void add_folder (walk_t *walk, folder_t *folder, const char *path)
{
    markers_t markers;
    if (is_excluded (walk, path))
        return;
    bool fits = is_member (folder, walk->group->member);
    workspace_member_t *member = fits || !walk->wild ? add (walk, *path ? path : ".") : NULL;
    if (!member)
        return;
    member->missing = !fits;
    markers_look (folder, &markers);
    for (size_t i = 0; i < markers.count && !walk->failed; i++)
        walk->failed = report_language (walk->report, markers.items[i].marker->language) != BATON_OK;
    if (markers.count > 0 && markers_level (&markers) > LEVEL_hint)
        walk->failed = walk->failed || text_set (&member->kind, markers.items[0].marker->kind) != BATON_OK;
}

static void walk_pattern (walk_t *walk, folder_t *folder, const char *path, const char *pattern, unsigned depth);

/*  A folder below, when it is one and may be entered. */
static bool enter (walk_t *walk, const folder_t *folder, const char *path, const char *name, char ret_path[LIMIT_PATH],
                   folder_t *ret_folder)
{
    if (snprintf (ret_path, LIMIT_PATH, "%s%s%s", path, *path ? "/" : "", name) >= LIMIT_PATH)
        return false;
    if (++walk->folders > LIMIT_MEMBER_FOLDERS)
        walk->to->more = true;
    if (walk->to->more)
        return false;
    bool opened = folder_open (folder->fd, name, walk->wild, ret_folder);
    if (!opened && errno == EACCES)
        report_note (walk->report, "can't look into %s/%s: %s", walk->to->root, ret_path, strerror (errno));
    return opened;
}

/*  Every folder below whose name fits. A last name such as *.cabal may mean a file, whose folder is meant then. */
static void walk_names (walk_t *walk, folder_t *folder, const char *path, const char *name, const char *rest,
                        unsigned depth)
{
    bool any = strcmp (name, "**") == 0;
    char below[LIMIT_PATH];
    if (!folder_list (folder))
        report_note (walk->report, "can't list %s/%s: %s", walk->to->root, path, strerror (errno));
    for (size_t i = 0; i < folder->names.count && !walk->to->more && !walk->failed; i++) {
        const char *found = folder->names.items[i];
        folder_t inner;
        if (is_passed_over (found) || (!any && fnmatch (name, found, FNM_PERIOD) != 0))
            continue;
        if (!*rest && !any && strchr (name, '.') && folder_has (folder, found))
            add_folder (walk, folder, path);
        else if (enter (walk, folder, path, found, below, &inner)) {
            walk_pattern (walk, &inner, below, any ? name : rest, depth + 1);
            folder_close (&inner);
        }
    }
}

static void walk_plain (walk_t *walk, folder_t *folder, const char *path, const char *name, const char *rest,
                        unsigned depth)
{
    folder_t inner;
    char below[LIMIT_PATH];
    if (!*rest && folder_has (folder, name))
        add_folder (walk, folder, path);
    else if (enter (walk, folder, path, name, below, &inner)) {
        walk_pattern (walk, &inner, below, rest, depth + 1);
        folder_close (&inner);
    } else if (!walk->wild && *below) {
        char whole[2 * LIMIT_PATH];
        snprintf (whole, sizeof whole, "%s%s%s", below, *rest ? "/" : "", rest);
        workspace_member_t *member = add (walk, whole);
        if (member)
            member->missing = true;
    }
}

/*  Goes on with what is left of a pattern, in the folder that its beginning has led to. */
static void walk_pattern (walk_t *walk, folder_t *folder, const char *path, const char *pattern, unsigned depth)
{
    char name[LIMIT_PATH];
    while (*pattern == '/' || strncmp (pattern, "./", 2) == 0 || strcmp (pattern, ".") == 0)
        pattern++;
    size_t length = strcspn (pattern, "/");
    snprintf (name, sizeof name, "%.*s", (int) length, pattern);
    const char *rest = pattern + length + strspn (pattern + length, "/");
    if (depth > LIMIT_MEMBER_DEPTH || walk->failed)
        return;
    if (!*name)
        add_folder (walk, folder, path);
    else if (strcmp (name, "**") == 0) {
        while (strncmp (rest, "**/", 3) == 0) /*  twice any folders are any folders */
            rest += 3;
        walk_pattern (walk, folder, path, rest, depth);
        walk_names (walk, folder, path, name, pattern, depth);
    } else if (strpbrk (name, "*?["))
        walk_names (walk, folder, path, name, rest, depth);
    else
        walk_plain (walk, folder, path, name, rest, depth);
}

static bool leads_outside (const char *pattern)
{
    bool outside = *pattern == '/' || *pattern == '~';
    for (const char *at = pattern; *at && !outside; at += strcspn (at, "/"), at += *at == '/')
        outside = strncmp (at, "..", 2) == 0 && (at[2] == '/' || !at[2]);
    return outside;
}

/*  What is outside is named, and not looked at. */
static void walk_one (walk_t *walk, folder_t *root, const char *pattern)
{
    if (!leads_outside (pattern)) {
        walk_pattern (walk, root, "", pattern, 0);
        return;
    }
    workspace_member_t *member = add (walk, pattern);
    if (member)
        member->outside = true;
}

/*  a/{b,c} is a/b and a/c: for each in turn. Nested braces are left as they are. */
static void walk_braces (walk_t *walk, folder_t *root, const char *pattern)
{
    const char *open = strchr (pattern, '{'), *close = open ? strchr (open, '}') : NULL;
    if (!close) {
        walk->wild = strpbrk (pattern, "*?[") != NULL;
        walk_one (walk, root, pattern);
        return;
    }
    for (const char *at = open + 1; at <= close && !walk->failed;) {
        char one[LIMIT_PATH];
        size_t length = strcspn (at, ",}");
        snprintf (one, sizeof one, "%.*s%.*s%s", (int) (open - pattern), pattern, (int) length, at, close + 1);
        walk->wild = true;
        if (!strchr (one, '{'))
            walk_one (walk, root, one);
        at += length + 1;
    }
}

static void walk_all (walk_t *walk, folder_t *root)
{
    for (size_t i = 0; i < walk->patterns->count && !walk->failed; i++)
        if (*walk->patterns->items[i] != '!')
            walk_braces (walk, root, walk->patterns->items[i]);
}

/*  The file of one group, when it can be read. */
static void read_patterns (const group_t *group, const folder_t *root, const char *name, workspace_report_t *report,
                           patterns_t *patterns)
{
    size_t size = 0;
    char *text = folder_read (root, name, &size);
    if (text)
        group->read (group, text, size, patterns);
    else
        report_note (report, "%s was not read: %s", name,
                     errno == EFBIG ? "it is larger than 1 MiB" : strerror (errno));
    free (text);
}

static int by_path (const void *a, const void *b)
{
    return strcmp (((const workspace_member_t *) a)->path, ((const workspace_member_t *) b)->path);
}

baton_status members_read (folder_t *root, const marker_found_t *found, workspace_report_t *report,
                           workspace_group_t *group, bool *ret_listed)
{
    bool always = found->marker->level == LEVEL_workspace, failed = false;
    for (size_t i = 0; i < GROUP_COUNT && !failed; i++) {
        patterns_t patterns = {0};
        if (strcmp (GROUPS[i].file, found->marker->file) != 0)
            continue;
        read_patterns (&GROUPS[i], root, found->name, report, &patterns);
        walk_t walk = {.group = &GROUPS[i], .patterns = &patterns.texts, .report = report, .to = group};
        walk_all (&walk, root);
        failed = walk.failed;
        group->more = group->more || patterns.failed;
        bool fixed = GROUPS[i].read == patterns_read_fixed;
        *ret_listed = *ret_listed || (patterns.listed && (!fixed || group->members.count > 0));
        patterns_clear (&patterns);
    }
    *ret_listed = *ret_listed || always;
    if (group->members.count > 0)
        qsort (group->members.items, group->members.count, sizeof *group->members.items, by_path);
    return failed ? BATON_resource_exhausted : BATON_OK;
}
