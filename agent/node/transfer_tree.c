#include "transfer_tree.h"

#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static baton_status failed (const baton_bytes_t *path, const char *verb, baton_error_t *error)
{
    char text[200];
    bool full = errno == ENOSPC || errno == EDQUOT;
    return baton_fail (error, full ? BATON_resource_exhausted : BATON_failed_precondition,
                       full ? BATON_REASON_disk_full : BATON_REASON_storage_failed,
                       "can't %s %s in the staging folder: %s", verb, workspace_printable (path, text, sizeof text),
                       strerror (errno));
}

void transfer_tree_init (transfer_tree_t *self, int root)
{
    *self = (transfer_tree_t){.root = root, .folder = -1, .file = -1};
}

static void close_kept (int *file)
{
    if (*file >= 0)
        close (*file);
    *file = -1;
}

void transfer_tree_close (transfer_tree_t *self)
{
    close_kept (&self->file);
    close_kept (&self->folder);
    close_kept (&self->root);
}

static void path_text (const baton_bytes_t *path, char ret_text[LIMIT_PATH + 1])
{
    if (path->size > 0) /*  the workspace itself has no path */
        memcpy (ret_text, path->data, path->size < LIMIT_PATH ? path->size : LIMIT_PATH);
    ret_text[path->size < LIMIT_PATH ? path->size : LIMIT_PATH] = '\0';
}

/*  Opens the folder that holds the entry, and says where in the path the entry's own name begins. -1 and errno. */
static int open_folder (transfer_tree_t *self, char path[LIMIT_PATH + 1], const char **ret_name)
{
    char *slash = strrchr (path, '/');
    *ret_name = slash ? slash + 1 : path;
    char folder[LIMIT_PATH + 1];
    snprintf (folder, sizeof folder, "%.*s", slash ? (int) (slash - path) : 0, path);
    if (self->folder >= 0 && strcmp (folder, self->folder_path) == 0)
        return self->folder;
    close_kept (&self->folder);
    self->folder = workspace_open_below (self->root, folder, O_PATH | O_DIRECTORY, 0);
    strcpy (self->folder_path, folder);
    return self->folder;
}

baton_status transfer_tree_make_folder (transfer_tree_t *self, const baton_bytes_t *path, baton_error_t *error)
{
    char text[LIMIT_PATH + 1];
    const char *name;
    path_text (path, text);
    int folder = open_folder (self, text, &name);
    if (folder < 0 || mkdirat (folder, name, 0700) < 0)
        return failed (path, "make the folder", error);
    return BATON_OK;
}

baton_status transfer_tree_make_symlink (transfer_tree_t *self, const manifest_entry_t *entry, baton_error_t *error)
{
    char text[LIMIT_PATH + 1], target[LIMIT_PATH + 1];
    const char *name;
    path_text (&entry->path, text);
    path_text (&entry->target, target);
    int folder = open_folder (self, text, &name);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
    int64_t mtime = (int64_t) entry->mtime;
    times[1].tv_nsec = (mtime % 1000000000 + 1000000000) % 1000000000;
    times[1].tv_sec = (mtime - times[1].tv_nsec) / 1000000000;
    if (folder < 0 || symlinkat (target, folder, name) < 0 || utimensat (folder, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return failed (&entry->path, "make the link", error);
    return BATON_OK;
}

baton_status transfer_tree_remove (transfer_tree_t *self, const manifest_entry_t *entry, baton_error_t *error)
{
    char text[LIMIT_PATH + 1];
    const char *name;
    path_text (&entry->path, text);
    int folder = open_folder (self, text, &name);
    if (folder >= 0 && unlinkat (folder, name, entry->kind == entry_kind_directory ? AT_REMOVEDIR : 0) < 0)
        folder = -1;
    if (folder < 0 && errno != ENOENT)
        return failed (&entry->path, "remove", error);
    if (entry->kind == entry_kind_directory)
        close_kept (&self->folder);
    if (strcmp (text, self->file_path) == 0)
        close_kept (&self->file);
    return BATON_OK;
}

/*  chmod of what an O_PATH descriptor stands for, which fchmod refuses. */
static int change_mode (int path_descriptor, unsigned mode)
{
    char text[64];
    snprintf (text, sizeof text, "/proc/self/fd/%d", path_descriptor);
    return chmod (text, mode);
}

static int loosen_file (int folder, const char *name)
{
    int file = openat (folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    int result = file >= 0 && fstat (file, &status) == 0 && S_ISREG (status.st_mode) ? change_mode (file, 0600) : -1;
    if (file >= 0)
        close (file);
    return result;
}

/*  -1 and errno. */
static int open_file (transfer_tree_t *self, const baton_bytes_t *path, int flags)
{
    char text[LIMIT_PATH + 1];
    const char *name;
    path_text (path, text);
    if (self->file >= 0 && strcmp (text, self->file_path) == 0)
        return self->file;
    close_kept (&self->file);
    int folder = open_folder (self, text, &name);
    if (folder < 0)
        return -1;
    int how = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags;
    self->file = openat (folder, name, how, 0600);
    if (self->file < 0 && errno == EACCES && loosen_file (folder, name) == 0)
        self->file = openat (folder, name, how, 0600);
    struct stat status;
    if (self->file >= 0 && (fstat (self->file, &status) < 0 || !S_ISREG (status.st_mode))) {
        close_kept (&self->file);
        errno = EISDIR;
    }
    strcpy (self->file_path, text);
    return self->file;
}

static int write_at (int file, uint64_t offset, const uint8_t *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = pwrite (file, data + done, size - done, (off_t) (offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        done += (size_t) count;
    }
    return 0;
}

baton_status transfer_tree_write (transfer_tree_t *self, const baton_bytes_t *path, uint64_t offset,
                                  const uint8_t *data, size_t size, baton_error_t *error)
{
    int file = open_file (self, path, O_CREAT);
    return file >= 0 && write_at (file, offset, data, size) == 0 ? BATON_OK : failed (path, "write", error);
}

baton_status transfer_tree_zero (transfer_tree_t *self, const baton_bytes_t *path, uint64_t offset, uint64_t size,
                                 baton_error_t *error)
{
    static const uint8_t ZEROS[65536];
    int file = open_file (self, path, O_CREAT);
    if (file < 0)
        return failed (path, "write", error);
    if (fallocate (file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t) offset, (off_t) size) == 0)
        return BATON_OK;
    for (uint64_t done = 0; done < size; done += sizeof ZEROS) {
        size_t part = size - done < sizeof ZEROS ? (size_t) (size - done) : sizeof ZEROS;
        if (write_at (file, offset + done, ZEROS, part) < 0)
            return failed (path, "write", error);
    }
    return BATON_OK;
}

bool transfer_tree_read (transfer_tree_t *self, const baton_bytes_t *path, uint64_t offset, uint8_t *ret_data,
                         size_t size)
{
    int file = open_file (self, path, 0);
    for (size_t done = 0; file >= 0 && done < size;) {
        ssize_t count = pread (file, ret_data + done, size - done, (off_t) (offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        done += (size_t) count;
    }
    return file >= 0;
}

baton_status transfer_tree_finish (transfer_tree_t *self, const manifest_entry_t *entry,
                                   workspace_identity_t *ret_identity, baton_error_t *error)
{
    bool folder = entry->kind == entry_kind_directory;
    char text[LIMIT_PATH + 1];
    path_text (&entry->path, text);
    int file = folder ? workspace_open_below (self->root, text, O_RDONLY | O_DIRECTORY, 0)
                      : open_file (self, &entry->path, O_CREAT);
    int64_t mtime = (int64_t) entry->mtime;
    long nanoseconds = (mtime % 1000000000 + 1000000000) % 1000000000;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (mtime - nanoseconds) / 1000000000, .tv_nsec = nanoseconds}};
    /*  Writing and truncating clear setuid: the mode comes after them. */
    bool done = file >= 0 && (folder || ftruncate (file, (off_t) entry->size) == 0) &&
                fchmod (file, (mode_t) entry->mode) == 0 && futimens (file, times) == 0 &&
                workspace_identify (file, ret_identity);
    baton_status status = done ? BATON_OK : failed (&entry->path, "finish", error);
    if (folder && file >= 0)
        close (file);
    if (!folder)
        close_kept (&self->file);
    return status;
}

/* ---- loosening ---- */

/*  Whatever fails here fails again, with a sentence, where the right is needed. */
static void loosen_entry (int root, const char *above, const char *name, baton_texts_t *folders)
{
    char path[LIMIT_PATH + 1];
    int length = snprintf (path, sizeof path, "%s%s%s", above, *above ? "/" : "", name);
    int entry = length > 0 && length <= LIMIT_PATH ? workspace_open_below (root, path, O_PATH, 0) : -1;
    struct stat status;
    if (entry >= 0 && fstat (entry, &status) == 0) {
        bool folder = S_ISDIR (status.st_mode);
        unsigned needed = folder ? 0700 : S_ISREG (status.st_mode) ? 0600 : 0;
        if ((status.st_mode & needed) != needed)
            change_mode (entry, (status.st_mode & 07777) | needed);
        if (folder && texts_add (folders, path) != BATON_OK)
            folder = false;
    }
    if (entry >= 0)
        close (entry);
}

void transfer_tree_loosen (const char *path)
{
    int root = open (path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (root < 0)
        return;
    baton_texts_t folders = {0};
    change_mode (root, 0700);
    bool queued = texts_add (&folders, "") == BATON_OK;
    for (size_t i = 0; queued && i < folders.count; i++) {
        int file = workspace_open_below (root, folders.items[i], O_RDONLY | O_DIRECTORY, 0);
        DIR *folder = file >= 0 ? fdopendir (file) : NULL;
        for (struct dirent *found; folder && (found = readdir (folder));)
            if (strcmp (found->d_name, ".") != 0 && strcmp (found->d_name, "..") != 0)
                loosen_entry (root, folders.items[i], found->d_name, &folders);
        if (folder)
            closedir (folder);
        else if (file >= 0)
            close (file);
    }
    texts_clear (&folders);
    close (root);
}
