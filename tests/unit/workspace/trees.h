/*  Folders to look at: a temporary one, and files in it by their paths. */
#ifndef BATON_TEST_TREES_H
#define BATON_TEST_TREES_H

#include "detect.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tree[64];

static inline int tree_begin (void **state)
{
    (void) state;
    strcpy (tree, "/tmp/baton-detect-XXXXXX");
    return mkdtemp (tree) ? 0 : -1;
}

static inline int tree_remove (const char *path, const struct stat *about, int kind, struct FTW *at)
{
    (void) about, (void) kind, (void) at;
    return remove (path);
}

static inline int tree_end (void **state)
{
    (void) state;
    return nftw (tree, tree_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *tree_path (const char *path)
{
    static char whole[4][512];
    static unsigned turn;
    char *text = whole[turn++ % 4];
    snprintf (text, sizeof whole[0], "%s%s%s", tree, *path ? "/" : "", path);
    return text;
}

/*  A file with its folders; a path with '/' at its end is a folder alone. */
static inline void tree_put (const char *path, const char *text)
{
    char whole[512];
    snprintf (whole, sizeof whole, "%s", tree_path (path));
    for (char *at = whole + strlen (tree) + 1; (at = strchr (at, '/')) != NULL; *at++ = '/') {
        *at = '\0';
        mkdir (whole, 0755);
    }
    FILE *file = whole[strlen (whole) - 1] == '/' ? NULL : fopen (whole, "w");
    if (file) {
        fputs (text, file);
        fclose (file);
    }
}

/*  Looks from a folder of the tree, whose top is the home: so nothing above it is looked at. */
static inline workspace_report_t tree_detect (const char *path)
{
    workspace_report_t report = {0};
    baton_error_t error = {0};
    if (workspace_detect (tree_path (path), "/tmp", &report, &error) != BATON_OK)
        fail_msg ("%s: %s", path, error.message);
    return report;
}

/*  "a,b(missing)": the members of a group. */
static inline const char *tree_members (const workspace_group_t *group)
{
    static char text[4096];
    text[0] = '\0';
    for (size_t i = 0; i < group->members.count; i++) {
        const workspace_member_t *member = &group->members.items[i];
        sprintf (text + strlen (text), "%s%s%s%s", i ? "," : "", member->path, member->missing ? "?" : "",
                 member->outside ? "^" : "");
    }
    return text;
}

#endif
