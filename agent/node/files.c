#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*  The same word for every failure of a file: what was tried, on what, why. */
static baton_status failed (baton_error_t *error, const char *verb, const char *path)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    return baton_fail (error, full ? BATON_resource_exhausted : BATON_failed_precondition,
                       full ? BATON_REASON_disk_full : BATON_REASON_storage_failed, "can't %s %s: %s", verb, path,
                       strerror (errno));
}

baton_status files_make_folder (const char *path, baton_error_t *error)
{
    char part[PATH_MAX];
    int length = snprintf (part, sizeof part, "%s", path);
    if (length < 0 || (size_t) length >= sizeof part)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_too_large, "the path %.100s… is too long", path);
    for (char *slash = part + 1;; slash++) {
        if (*slash != '/' && *slash != '\0')
            continue;
        char kept = *slash;
        *slash = '\0';
        if (mkdir (part, 0700) < 0 && errno != EEXIST)
            return failed (error, "make the folder", part);
        *slash = kept;
        if (kept == '\0')
            break;
    }
    struct stat status;
    if (stat (path, &status) < 0 || !S_ISDIR (status.st_mode)) {
        errno = ENOTDIR;
        return failed (error, "use the folder", path);
    }
    return BATON_OK;
}

static bool write_all (int file, const char *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = write (file, data + done, size - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        done += (size_t) count;
    }
    return true;
}

static void flush_folder_of (const char *path)
{
    char folder[PATH_MAX];
    snprintf (folder, sizeof folder, "%s", path);
    char *slash = strrchr (folder, '/');
    if (!slash)
        return;
    *slash = '\0';
    int handle = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle >= 0) {
        fsync (handle);
        close (handle);
    }
}

static baton_status replace_file (const char *path, const void *data, size_t size, bool flush, baton_error_t *error)
{
    char fresh[PATH_MAX];
    int length = snprintf (fresh, sizeof fresh, "%s.new", path);
    if (length < 0 || (size_t) length >= sizeof fresh)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_too_large, "the path %.100s… is too long", path);
    int file = open (fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return failed (error, "write", fresh);
    bool written = write_all (file, data, size) && (!flush || fsync (file) == 0);
    int reason = errno;
    close (file);
    errno = reason;
    if (!written || rename (fresh, path) < 0) {
        baton_status status = failed (error, "write", path);
        unlink (fresh);
        return status;
    }
    if (flush)
        flush_folder_of (path);
    return BATON_OK;
}

baton_status files_write (const char *path, const void *data, size_t size, baton_error_t *error)
{
    return replace_file (path, data, size, true, error);
}

baton_status files_write_unflushed (const char *path, const void *data, size_t size, baton_error_t *error)
{
    return replace_file (path, data, size, false, error);
}

bool files_read (const char *path, char *ret_text, size_t size)
{
    int file = open (path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    size_t length = 0;
    ssize_t count = 1;
    while (length < size - 1 && count > 0) {
        count = read (file, ret_text + length, size - 1 - length);
        if (count > 0)
            length += (size_t) count;
    }
    close (file);
    ret_text[length] = '\0';
    return count >= 0;
}

static int remove_entry (const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void) status;
    (void) kind;
    (void) place;
    remove (path);
    return 0;
}

void files_remove_tree (const char *path)
{
    nftw (path, remove_entry, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
