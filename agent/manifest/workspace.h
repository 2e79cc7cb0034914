/*  A workspace as it was at one moment: every file, folder and link in it, with the digests of their content.
 *
 *  A scan never follows a symbolic link, never leaves the workspace, never crosses a mount point, and survives files
 *  that change or vanish meanwhile. Hard links become files of their own; owner, group and extended attributes stay
 *  behind. What can't be carried over (a device, a socket, a mount point, an unreadable file) is an error that names
 * it, never left out in silence.
 */
#ifndef BATON_WORKSPACE_H
#define BATON_WORKSPACE_H

#include "schema.h"

/*  What a file looked like from outside when its chunks were computed: while this stays, the chunks stay. */
typedef struct {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    int64_t mtime; /*  nanoseconds, as ctime */
    int64_t ctime;
    bool trusted; /*  false: the file changed so late that a further change might not show */
} workspace_identity_t;

typedef struct {
    manifest_entry_t entry;
    workspace_identity_t identity;
} workspace_item_t;

/*  Ascending by path; the first is the workspace itself, with an empty path. A zeroed one is empty. */
typedef struct {
    size_t count;
    workspace_item_t *items;
} workspace_t;

typedef struct {
    size_t binding_count;
    const binding_t *bindings;            /*  those with `omit` are left out */
    const workspace_t *known;             /*  an earlier scan, whose digests are reused; may be NULL */
    bool frozen;                          /*  nobody writes any more: a file that changes nevertheless is an error */
    bool (*interrupted) (void *argument); /*  asked now and then: true gives the scan up; may be NULL */
    void *argument;
} workspace_scan_t;

/*  Opens the folder at that path. The descriptor is the caller's. */
BATON_MUST_USE baton_status workspace_open (const char *path, int *ret_root, baton_error_t *error);

/*  Scans the folder. `aborted` when it was interrupted or a frozen file changed, failed_precondition for what can't be
 *  carried over, resource_exhausted past the limits. The result is freed with workspace_clear. */
BATON_MUST_USE baton_status workspace_scan (int root, const workspace_scan_t *options, workspace_t *ret_workspace,
                                            baton_error_t *error);
void workspace_clear (workspace_t *self);

/*  The item of that path, or NULL. */
workspace_item_t *workspace_find (const workspace_t *self, const baton_bytes_t *path);

/*  Whether a binding of the list leaves that path out: its pattern is the path, a folder above it, or a glob (fnmatch,
 *  `*` stays within a name); one that begins with a double star and a slash fits at any depth. */
bool workspace_omits (const binding_t *bindings, size_t count, const char *path);

/*  By the bytes of their paths, so that a folder comes before what is in it. */
int workspace_compare (const baton_bytes_t *a, const baton_bytes_t *b);

/*  Opens path below root, with no symbolic link on the way and no way out (openat2). "" is root itself. -1 and errno.
 */
int workspace_open_below (int root, const char *path, int flags, unsigned mode);

/*  The identity of an open file. */
BATON_MUST_USE bool workspace_identify (int file, workspace_identity_t *ret_identity);

/*  A path for a sentence: control and other strange bytes become "?". Returns buffer. */
const char *workspace_printable (const baton_bytes_t *path, char *buffer, size_t size);

#endif
