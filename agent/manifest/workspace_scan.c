/*  Scanning a workspace. */
#include "chunk.h"
#include "workspace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

/*  A file whose last change is younger than this when the scan begins may change again within the same tick of the
 *  file system's clock, which would not show: its digests are not reused. Cf. git's "racy" index entries. */
#define RACY_NS 50000000

/*  How often a file is read again because it changed under our hands. */
#define ATTEMPTS 3

typedef struct {
    const workspace_scan_t *options;
    int root;
    int64_t settled; /*  changes before this moment are certain to show in ctime */
    uint64_t device;
    uint8_t *buffer; /*  one chunk */
    workspace_t found;
    baton_error_t *error;
} scan_t;

static baton_status refuse (scan_t *self, const char *path, const char *why)
{
    char text[200];
    baton_bytes_t bytes = {strlen (path), (uint8_t *) path};
    return baton_fail_field (self->error, BATON_failed_precondition, BATON_REASON_bad_value, "workspace",
                             "%s %s; leave it out with an omit binding or remove it",
                             workspace_printable (&bytes, text, sizeof text), why);
}

static baton_status cannot_read (scan_t *self, const char *path)
{
    char text[100];
    snprintf (text, sizeof text, "can't be read (%s)", strerror (errno));
    return refuse (self, path, text);
}

/*  What vanished or turned into something else between our look at it and our opening it is simply not there. */
static bool vanished (void)
{
    return errno == ENOENT || errno == ELOOP || errno == ENOTDIR || errno == ENXIO;
}

static int64_t statx_ns (struct statx_timestamp at)
{
    return (int64_t) ((uint64_t) at.tv_sec * 1000000000u + at.tv_nsec);
}

static workspace_identity_t identity_of (const struct statx *status)
{
    return (workspace_identity_t){.device = makedev (status->stx_dev_major, status->stx_dev_minor),
                                  .inode = status->stx_ino,
                                  .size = status->stx_size,
                                  .mtime = statx_ns (status->stx_mtime),
                                  .ctime = statx_ns (status->stx_ctime)};
}

static bool same_identity (const workspace_identity_t *a, const workspace_identity_t *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->mtime == b->mtime &&
           a->ctime == b->ctime;
}

/* ---- the content of a file ---- */

/*  Whether the chunk at offset lies in a hole altogether, so that there is nothing to read. */
static bool in_hole (int file, uint64_t offset)
{
    off_t data = lseek (file, (off_t) offset, SEEK_DATA);
    return data < 0 ? errno == ENXIO : (uint64_t) data >= offset + CHUNK_SIZE;
}

static ssize_t read_chunk (int file, uint8_t *buffer, uint64_t offset)
{
    size_t done = 0;
    while (done < CHUNK_SIZE) {
        ssize_t count = pread (file, buffer + done, CHUNK_SIZE - done, (off_t) (offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        done += (size_t) count;
    }
    return (ssize_t) done;
}

/*  Reads the file from its beginning to where it ends now. `aborted` when the scan was interrupted. */
static baton_status hash_content (scan_t *self, int file, const char *path, bool sparse, manifest_entry_t *entry)
{
    static const uint8_t NOTHING[CHUNK_DIGEST];
    struct {
        size_t count;
        uint8_t (*items)[CHUNK_DIGEST];
    } digests = {0};
    uint64_t size = 0, end = entry->size;
    baton_status status = BATON_OK;
    while (status == BATON_OK && size < end) {
        ssize_t count = CHUNK_SIZE;
        bool hole = sparse && end - size >= CHUNK_SIZE && in_hole (file, size);
        if (hole)
            memset (self->buffer, 0, CHUNK_SIZE);
        else
            count = read_chunk (file, self->buffer, size);
        if (count < 0)
            status = cannot_read (self, path);
        if (count <= 0)
            break;
        uint8_t (*digest)[CHUNK_DIGEST] = list_append (&digests, sizeof NOTHING);
        if (!digest)
            status = baton_fail_memory (self->error);
        else
            chunk_digest (self->buffer, (size_t) count, *digest);
        size += (uint64_t) count;
        if (self->options->interrupted && self->options->interrupted (self->options->argument))
            status = baton_fail (self->error, BATON_aborted, BATON_REASON_none, "the scan was interrupted");
        if (count < CHUNK_SIZE)
            break;
    }
    free (entry->chunks.data);
    entry->chunks = (baton_bytes_t){digests.count * CHUNK_DIGEST, (uint8_t *) digests.items};
    entry->size = size;
    return status;
}

/*  Reads a file that may be written to meanwhile, until it stood still for one reading or we have tried enough. */
static baton_status hash_file (scan_t *self, int file, const char *path, workspace_item_t *item)
{
    for (int attempt = 1;; attempt++) {
        workspace_identity_t before = {0}, after = {0};
        struct stat status;
        if (fstat (file, &status) < 0 || !workspace_identify (file, &before))
            return cannot_read (self, path);
        if (before.size > (uint64_t) LIMIT_FILE_CHUNKS * CHUNK_SIZE)
            return refuse (self, path, "is larger than 32 GiB");
        item->entry.size = before.size;
        bool sparse = (uint64_t) status.st_blocks * 512 < before.size;
        baton_status result = hash_content (self, file, path, sparse, &item->entry);
        if (result != BATON_OK)
            return result;
        if (!workspace_identify (file, &after))
            return cannot_read (self, path);
        bool still = same_identity (&before, &after) && item->entry.size == before.size;
        if (!still && attempt < ATTEMPTS)
            continue;
        if (!still && self->options->frozen)
            return baton_fail (self->error, BATON_aborted, BATON_REASON_busy, "%.200s is still being written to", path);
        item->identity = after;
        item->identity.trusted = still && after.ctime < self->settled;
        item->entry.mode = status.st_mode & 07777;
        item->entry.mtime = (uint64_t) after.mtime;
        return BATON_OK;
    }
}

static baton_status scan_file (scan_t *self, int folder, const char *name, const char *path, workspace_item_t *item)
{
    const workspace_item_t *known =
        self->options->known ? workspace_find (self->options->known, &item->entry.path) : NULL;
    if (known && known->identity.trusted && same_identity (&known->identity, &item->identity)) {
        item->identity.trusted = true;
        return bytes_set (&item->entry.chunks, known->entry.chunks.data, known->entry.chunks.size) == BATON_OK
                   ? BATON_OK
                   : baton_fail_memory (self->error);
    }
    int file = openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 && vanished ()) {
        item->entry.kind = entry_kind_none;
        return BATON_OK;
    }
    if (file < 0)
        return cannot_read (self, path);
    baton_status status = hash_file (self, file, path, item);
    close (file);
    return status;
}

/* ---- one entry ---- */

static baton_status scan_symlink (scan_t *self, int folder, const char *name, const char *path, workspace_item_t *item)
{
    char target[LIMIT_PATH];
    ssize_t length = readlinkat (folder, name, target, sizeof target);
    if (length <= 0 && vanished ()) {
        item->entry.kind = entry_kind_none;
        return BATON_OK;
    }
    if (length <= 0)
        return cannot_read (self, path);
    return bytes_set (&item->entry.target, target, (size_t) length) == BATON_OK ? BATON_OK
                                                                                : baton_fail_memory (self->error);
}

/*  Fills an item from what statx says of it. A kind of none means: not there any more. */
static baton_status scan_item (scan_t *self, int folder, const char *name, const char *path, const struct statx *status,
                               workspace_item_t *item)
{
    manifest_entry_t *entry = &item->entry;
    if (bytes_set (&entry->path, path, strlen (path)) != BATON_OK)
        return baton_fail_memory (self->error);
    if (status->stx_attributes & STATX_ATTR_MOUNT_ROOT || identity_of (status).device != self->device)
        return refuse (self, path, "is a mount point");
    item->identity = identity_of (status);
    entry->mtime = (uint64_t) item->identity.mtime;
    entry->mode = S_ISLNK (status->stx_mode) ? 0 : status->stx_mode & 07777;
    switch (status->stx_mode & S_IFMT) {
    case S_IFREG:
        entry->kind = entry_kind_file;
        entry->size = status->stx_size;
        return scan_file (self, folder, name, path, item);
    case S_IFDIR:
        entry->kind = entry_kind_directory;
        return BATON_OK;
    case S_IFLNK:
        entry->kind = entry_kind_symlink;
        return scan_symlink (self, folder, name, path, item);
    case S_IFSOCK:
        return refuse (self, path, "is a socket");
    case S_IFIFO:
        return refuse (self, path, "is a named pipe");
    default:
        return refuse (self, path, "is a device");
    }
}

static baton_status scan_name (scan_t *self, int folder, const char *above, const char *name)
{
    char path[LIMIT_PATH];
    int length = snprintf (path, sizeof path, "%s%s%s", above, *above ? "/" : "", name);
    if (length < 0 || (size_t) length >= sizeof path)
        return refuse (self, above, "holds a path that is too long");
    if (workspace_omits (self->options->bindings, self->options->binding_count, path))
        return BATON_OK;
    struct statx status;
    if (statx (folder, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &status) < 0)
        return vanished () ? BATON_OK : cannot_read (self, path);
    if (self->found.count >= LIMIT_ENTRIES)
        return refuse (self, "", "holds too many files");
    workspace_item_t *item = list_append (&self->found, sizeof *item);
    return item ? scan_item (self, folder, name, path, &status, item) : baton_fail_memory (self->error);
}

/* ---- all of it ---- */

static baton_status read_folder (scan_t *self, DIR *folder, const char *path)
{
    baton_status status = BATON_OK;
    while (status == BATON_OK) {
        errno = 0;
        struct dirent *found = readdir (folder);
        if (!found)
            return errno == 0 ? BATON_OK : cannot_read (self, path);
        if (strcmp (found->d_name, ".") != 0 && strcmp (found->d_name, "..") != 0)
            status = scan_name (self, dirfd (folder), path, found->d_name);
        if (status == BATON_OK && self->options->interrupted && self->options->interrupted (self->options->argument))
            status = baton_fail (self->error, BATON_aborted, BATON_REASON_none, "the scan was interrupted");
    }
    return status;
}

/*  Folders are opened by their whole path, one at a time: a deep tree costs no descriptors. */
static baton_status scan_folder (scan_t *self, size_t index)
{
    char path[LIMIT_PATH + 1];
    const baton_bytes_t *bytes = &self->found.items[index].entry.path;
    snprintf (path, sizeof path, "%.*s", (int) bytes->size, bytes->size > 0 ? (const char *) bytes->data : "");
    int file = workspace_open_below (self->root, path, O_RDONLY | O_DIRECTORY, 0);
    DIR *folder = file < 0 ? NULL : fdopendir (file);
    if (!folder && file >= 0)
        close (file);
    if (!folder && index > 0 && vanished ()) {
        self->found.items[index].entry.kind = entry_kind_none;
        return BATON_OK;
    }
    if (!folder)
        return errno == EXDEV ? refuse (self, path, "is a mount point") : cannot_read (self, path);
    baton_status status = read_folder (self, folder, path);
    closedir (folder);
    return status;
}

static int compare_items (const void *a, const void *b)
{
    return workspace_compare (&((const workspace_item_t *) a)->entry.path, &((const workspace_item_t *) b)->entry.path);
}

/*  Drops what vanished, and sorts. */
static void settle (workspace_t *found)
{
    size_t kept = 0;
    for (size_t i = 0; i < found->count; i++) {
        if (found->items[i].entry.kind == entry_kind_none)
            record_clear (&RECORD_manifest_entry, &found->items[i].entry);
        else
            found->items[kept++] = found->items[i];
    }
    found->count = kept;
    qsort (found->items, kept, sizeof *found->items, compare_items);
}

static baton_status begin (scan_t *self)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    self->settled = (int64_t) now.tv_sec * 1000000000 + now.tv_nsec - RACY_NS;
    self->buffer = malloc (CHUNK_SIZE);
    workspace_item_t *item = list_append (&self->found, sizeof *item);
    if (!self->buffer || !item)
        return baton_fail_memory (self->error);
    struct stat status;
    if (fstat (self->root, &status) < 0 || !workspace_identify (self->root, &item->identity))
        return cannot_read (self, "");
    self->device = status.st_dev;
    item->entry.kind = entry_kind_directory;
    item->entry.mode = status.st_mode & 07777;
    item->entry.mtime = (uint64_t) item->identity.mtime;
    return BATON_OK;
}

baton_status workspace_scan (int root, const workspace_scan_t *options, workspace_t *ret_workspace,
                             baton_error_t *error)
{
    scan_t self = {.options = options, .root = root, .error = error};
    baton_status status = begin (&self);
    /*  The list of what was found is also the queue of the folders still to be read. */
    for (size_t i = 0; status == BATON_OK && i < self.found.count; i++)
        if (self.found.items[i].entry.kind == entry_kind_directory)
            status = scan_folder (&self, i);
    free (self.buffer);
    if (status != BATON_OK) {
        workspace_clear (&self.found);
        return status;
    }
    settle (&self.found);
    workspace_clear (ret_workspace);
    *ret_workspace = self.found;
    return BATON_OK;
}
