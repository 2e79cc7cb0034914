#include "workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int workspace_compare (const baton_bytes_t *a, const baton_bytes_t *b)
{
    size_t shorter = a->size < b->size ? a->size : b->size;
    int order = shorter > 0 ? memcmp (a->data, b->data, shorter) : 0;
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

workspace_item_t *workspace_find (const workspace_t *self, const baton_bytes_t *path)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = workspace_compare (path, &self->items[middle].entry.path);
        if (order == 0)
            return &self->items[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

void workspace_clear (workspace_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        record_clear (&RECORD_manifest_entry, &self->items[i].entry);
    free (self->items);
    *self = (workspace_t){0};
}

baton_status workspace_open (const char *path, int *ret_root, baton_error_t *error)
{
    int root = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return baton_fail (error, errno == ENOENT ? BATON_not_found : BATON_failed_precondition,
                           BATON_REASON_storage_failed, "can't open the workspace %.200s: %s", path, strerror (errno));
    *ret_root = root;
    return BATON_OK;
}

int workspace_open_below (int root, const char *path, int flags, unsigned mode)
{
    struct open_how how = {.flags = (uint64_t) (unsigned) (flags | O_NOFOLLOW | O_CLOEXEC),
                           .mode = mode,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    int file;
    do
        file = (int) syscall (SYS_openat2, root, *path ? path : ".", &how, sizeof how);
    while (file < 0 && (errno == EINTR || errno == EAGAIN));
    return file;
}

static int64_t nanoseconds (struct timespec at)
{
    return (int64_t) ((uint64_t) at.tv_sec * 1000000000u + (uint64_t) at.tv_nsec);
}

bool workspace_identify (int file, workspace_identity_t *ret_identity)
{
    struct stat status;
    if (fstat (file, &status) < 0)
        return false;
    *ret_identity = (workspace_identity_t){.device = status.st_dev,
                                           .inode = status.st_ino,
                                           .size = (uint64_t) status.st_size,
                                           .mtime = nanoseconds (status.st_mtim),
                                           .ctime = nanoseconds (status.st_ctim)};
    return true;
}

const char *workspace_printable (const baton_bytes_t *path, char *buffer, size_t size)
{
    size_t length = path->size < size - 1 ? path->size : size - 1;
    for (size_t i = 0; i < length; i++)
        buffer[i] = path->data[i] < 0x20 || path->data[i] >= 0x7f ? '?' : (char) path->data[i];
    buffer[length] = '\0';
    return path->size == 0 ? "the workspace itself" : buffer;
}

/* ---- what is left out ---- */

/*  A pattern without what doesn't matter: a leading "./", trailing slashes. */
static void trim_pattern (const char *pattern, char *ret_trimmed, size_t size)
{
    while (strncmp (pattern, "./", 2) == 0)
        pattern += 2;
    snprintf (ret_trimmed, size, "%s", pattern);
    size_t length = strlen (ret_trimmed);
    while (length > 1 && ret_trimmed[length - 1] == '/')
        ret_trimmed[--length] = '\0';
}

static bool pattern_fits (const char *pattern, const char *path)
{
    if (strncmp (pattern, "**/", 3) != 0)
        return fnmatch (pattern, path, FNM_PATHNAME) == 0;
    for (const char *from = path; from; from = strchr (from, '/') ? strchr (from, '/') + 1 : NULL)
        if (fnmatch (pattern + 3, from, FNM_PATHNAME) == 0)
            return true;
    return false;
}

bool workspace_omits (const binding_t *bindings, size_t count, const char *path)
{
    char pattern[LIMIT_PATH + 1], above[LIMIT_PATH + 1];
    for (size_t i = 0; i < count; i++) {
        if (!bindings[i].omit || !bindings[i].path)
            continue;
        trim_pattern (bindings[i].path, pattern, sizeof pattern);
        snprintf (above, sizeof above, "%s", path);
        for (char *slash = above; slash; slash = strrchr (above, '/')) {
            if (slash != above)
                *slash = '\0';
            if (pattern_fits (pattern, above))
                return true;
        }
    }
    return false;
}
