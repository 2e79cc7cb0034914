/*  What a trigger looks at, as it was at one moment: the content of files, or a git ref; and where the kernel is to
 * tell us that it may have changed.
 *
 *  Only content counts: a name, what a file holds, where a symbolic link points. A touch changes nothing. Links are not
 *  followed, no folder is left, and nothing of the workspace is run.
 */
#ifndef BATON_LOOK_H
#define BATON_LOOK_H

#include "id.h"
#include "workspace.h"

/*  A folder in which something may happen; with a name, only that entry of it matters. */
typedef struct {
    int folder; /*  inotify's number */
    char *name;
} spot_t;

typedef struct {
    char *path;
    uint8_t digest[32];
    workspace_identity_t identity;
} looked_file_t;

/*  A zeroed one is empty. */
typedef struct {
    char digest[DIGEST_SIZE];  /*  of all of it */
    char commit[LIMIT_ID + 1]; /*  git: that the ref names; "": there is none */
    int64_t written;           /*  when the last of the files was; nanoseconds since 1970 */
    bool blind;                /*  the kernel could not be asked to watch all of it */
    struct {
        size_t count;
        looked_file_t *items;
    } files; /*  ascending by path */
    struct {
        size_t count;
        spot_t *items;
    } spots; /*  ascending */
} look_t;

typedef struct {
    int notify; /*  an inotify descriptor; negative: there is none, and the look is blind */
    const char *root;
    const trigger_t *trigger;
    const binding_t *bindings; /*  those with `omit` are not looked at: they don't move with the session */
    size_t binding_count;
    const look_t *known; /*  an earlier look, whose digests are reused; may be NULL */
} look_for_t;

/*  Looks. On an error the result has the spots at least, and is to be cleared all the same: not_found when the
 * workspace is not there, resource_exhausted past a LIMIT_WATCH. */
BATON_MUST_USE baton_status look (const look_for_t *what, look_t *ret_look, baton_error_t *error);
void look_clear (look_t *self);

/*  Adds the folder to the spots; name may be NULL. For the files that look. */
BATON_MUST_USE baton_status look_add_spot (look_t *self, int notify, const char *path, const char *name);

/*  look_git.c: the same for a git trigger. */
BATON_MUST_USE baton_status look_git (const look_for_t *what, look_t *look, baton_error_t *error);

/*  The paths of files that are different in the two, at most LIMIT_OPTIONS, fit to be printed. */
BATON_MUST_USE baton_status look_compare (const look_t *before, const look_t *after, baton_texts_t *ret_paths);

#endif
