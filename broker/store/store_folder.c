#include "store_folder.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW "new"
#define UNIQUE ".XXXXXX" /*  after the digest of what is staged, for mkostemp (3) */
#define NAME_SIZE 128    /*  a digest has 64 letters */

/*  A content that this commit is about. */
typedef struct {
    char digest[NAME_SIZE];
    int file;     /*  open until it is flushed; -1: nothing to flush */
    bool fresh;   /*  put by this commit */
    bool dropped; /*  no longer referred to after it */
    bool flushed; /*  nothing of it is left to flush, nor its name */
} change_t;

struct blob_folder {
    char *path;
    struct {
        size_t count;
        change_t *items;
    } changes;
};

/* ---- paths and errors ---- */

/*  Room for the folder, a place in it and a name. */
typedef struct {
    char text[4200];
} path_t;

static path_t in_new (const blob_folder_t *self, const char *digest)
{
    path_t path;
    snprintf (path.text, sizeof path.text, "%s/" NEW "/%s", self->path, digest);
    return path;
}

static path_t in_place (const blob_folder_t *self, const char *digest)
{
    path_t path;
    snprintf (path.text, sizeof path.text, "%s/%.2s/%s", self->path, digest, digest);
    return path;
}

static baton_status cannot (const char *what, const char *path, baton_error_t *error)
{
    int cause = errno;
    if (cause == ENOSPC || cause == EDQUOT || cause == EFBIG)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_disk_full,
                           "%s: can't %s it: there is no room on the disk", path, what);
    return baton_fail (error, BATON_unavailable, BATON_REASON_storage_failed, "%s: can't %s it: %s", path, what,
                       strerror (cause));
}

static baton_status make_folder (const char *path, baton_error_t *error)
{
    return mkdir (path, 0700) == 0 || errno == EEXIST ? BATON_OK : cannot ("make", path, error);
}

static baton_status flush_folder (const char *path, baton_error_t *error)
{
    int folder = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool flushed = folder >= 0 && fsync (folder) == 0;
    baton_status status = flushed ? BATON_OK : cannot ("flush", path, error);
    if (folder >= 0)
        close (folder);
    return status;
}

/* ---- new and destroy ---- */

blob_folder_t *blob_folder_new (const char *directory)
{
    blob_folder_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    if (asprintf (&self->path, "%s/blobs", directory) < 0)
        self->path = NULL;
    if (!self->path)
        blob_folder_destroy (&self);
    return self;
}

void blob_folder_destroy (blob_folder_t **self)
{
    if (!*self)
        return;
    blob_folder_settle (*self, false);
    free ((*self)->changes.items);
    free ((*self)->path);
    free (*self);
    *self = NULL;
}

bool blob_folder_exists (const blob_folder_t *self)
{
    return access (self->path, F_OK) == 0;
}

/* ---- changes ---- */

static change_t *note (blob_folder_t *self, const char *digest, baton_error_t *error)
{
    assert (*digest && strlen (digest) < NAME_SIZE && !strchr (digest, '/'));
    for (size_t i = 0; i < self->changes.count; i++)
        if (strcmp (self->changes.items[i].digest, digest) == 0)
            return &self->changes.items[i];
    change_t *change = list_append (&self->changes, sizeof *change);
    if (!change) {
        baton_fail_memory (error);
        return NULL;
    }
    change->file = -1;
    snprintf (change->digest, sizeof change->digest, "%s", digest);
    return change;
}

/*  What the folder of all of them has is flushed with the first of them. */
baton_status blob_folder_make (blob_folder_t *self, baton_error_t *error)
{
    path_t new = in_new (self, "");
    if (access (new.text, F_OK) == 0)
        return BATON_OK;
    baton_status status = make_folder (self->path, error);
    if (status == BATON_OK)
        status = make_folder (new.text, error);
    if (status == BATON_OK)
        status = flush_folder (self->path, error);
    if (status != BATON_OK)
        return status;
    path_t above;
    snprintf (above.text, sizeof above.text, "%s/..", self->path);
    return flush_folder (above.text, error);
}

static bool write_all (int file, const baton_bytes_t *bytes)
{
    for (size_t done = 0; done < bytes->size;) {
        ssize_t part = write (file, bytes->data + done, bytes->size - done);
        if (part < 0 && errno != EINTR)
            return false;
        done += part > 0 ? (size_t) part : 0;
    }
    return true;
}

baton_status blob_folder_put (blob_folder_t *self, const char *digest, const baton_bytes_t *bytes, baton_error_t *error)
{
    baton_status status = blob_folder_make (self, error);
    change_t *change = status == BATON_OK ? note (self, digest, error) : NULL;
    if (!change)
        return status == BATON_OK ? BATON_resource_exhausted : status;
    path_t path = in_new (self, digest);
    assert (!change->dropped);
    change->fresh = true;
    change->flushed = false;
    change->file = open (path.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (change->file < 0 || !write_all (change->file, bytes))
        return cannot ("write", path.text, error);
    /*  The disk begins with it while others are written. */
    sync_file_range (change->file, 0, 0, SYNC_FILE_RANGE_WRITE);
    return BATON_OK;
}

/*  As many whole blocks as can be written past the cache; what can't, is for the usual way. */
static size_t write_blocks (int file, const baton_bytes_t *bytes)
{
    size_t blocks = bytes->size - bytes->size % BLOB_BLOCK, done = 0;
    int flags = fcntl (file, F_GETFL);
    bool direct = fcntl (file, F_SETFL, flags | O_DIRECT) == 0;
    while (direct && done < blocks) {
        ssize_t part = write (file, bytes->data + done, blocks - done);
        direct = part > 0 || (part < 0 && errno == EINTR);
        done += part > 0 ? (size_t) part : 0;
    }
    fcntl (file, F_SETFL, flags);
    return done;
}

/*  The name, too: a commit may come at any time after this. */
static baton_status write_staged (const blob_folder_t *self, int file, const char *path, const baton_bytes_t *bytes,
                                  bool cached, baton_error_t *error)
{
    size_t done = cached ? 0 : write_blocks (file, bytes);
    bool written = write_all (file, &(baton_bytes_t){bytes->size - done, bytes->data + done}) && fdatasync (file) == 0;
    baton_status status = written ? BATON_OK : cannot ("write", path, error);
    close (file);
    return status == BATON_OK ? flush_folder (in_new (self, "").text, error) : status;
}

baton_status blob_folder_stage (const blob_folder_t *self, const char *digest, const baton_bytes_t *bytes, bool cached,
                                char **ret_path, baton_error_t *error)
{
    char *path = NULL;
    if (asprintf (&path, "%s" UNIQUE, in_new (self, digest).text) < 0)
        return baton_fail_memory (error);
    int file = mkostemp (path, O_CLOEXEC);
    baton_status status =
        file >= 0 ? write_staged (self, file, path, bytes, cached, error) : cannot ("make", path, error);
    if (status == BATON_OK) {
        *ret_path = path;
        return status;
    }
    if (file >= 0)
        unlink (path);
    free (path);
    return status;
}

baton_status blob_folder_adopt (blob_folder_t *self, const char *digest, const char *path, baton_error_t *error)
{
    change_t *change = note (self, digest, error);
    if (!change)
        return BATON_resource_exhausted;
    assert (!change->dropped && !change->fresh);
    path_t to = in_new (self, digest);
    if (rename (path, to.text) != 0)
        return cannot ("take over", path, error);
    change->fresh = change->flushed = true;
    return BATON_OK;
}

baton_status blob_folder_drop (blob_folder_t *self, const char *digest, baton_error_t *error)
{
    change_t *change = note (self, digest, error);
    if (!change)
        return BATON_resource_exhausted;
    path_t from = in_place (self, digest), to = in_new (self, digest);
    change->dropped = true;
    change->flushed = false;
    if (!change->fresh && rename (from.text, to.text) != 0 && errno != ENOENT)
        return cannot ("remove", from.text, error);
    return BATON_OK;
}

baton_status blob_folder_flush (blob_folder_t *self, baton_error_t *error)
{
    bool flushed = true;
    for (size_t i = 0; i < self->changes.count; i++) {
        change_t *change = &self->changes.items[i];
        flushed = flushed && change->flushed;
        path_t path = in_new (self, change->digest);
        if (change->file >= 0 && fdatasync (change->file) != 0)
            return cannot ("flush", path.text, error);
        if (change->file >= 0)
            close (change->file);
        change->file = -1;
    }
    path_t new = in_new (self, "");
    return flushed || access (new.text, F_OK) != 0 ? BATON_OK : flush_folder (new.text, error);
}

/*  When that fails, it stays where it is: it is found there, and the next start tries again. */
static void move_to_place (const blob_folder_t *self, const char *digest)
{
    path_t from = in_new (self, digest), to = in_place (self, digest);
    if (rename (from.text, to.text) == 0 || errno != ENOENT)
        return;
    path_t folder;
    snprintf (folder.text, sizeof folder.text, "%s/%.2s", self->path, digest);
    if (mkdir (folder.text, 0700) == 0 && rename (from.text, to.text) != 0)
        rmdir (folder.text);
}

void blob_folder_settle (blob_folder_t *self, bool committed)
{
    for (size_t i = 0; i < self->changes.count; i++) {
        const change_t *change = &self->changes.items[i];
        path_t new = in_new (self, change->digest);
        if (change->file >= 0)
            close (change->file);
        if (committed ? change->dropped : change->fresh)
            unlink (new.text);
        else
            move_to_place (self, change->digest);
    }
    self->changes.count = 0;
    free (self->changes.items);
    self->changes.items = NULL;
}

/* ---- reading ---- */

/*  A content may go to its place between two looks: the third one finds it. */
static int open_content (const blob_folder_t *self, const char *digest)
{
    path_t place = in_place (self, digest), new = in_new (self, digest);
    int file = open (place.text, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT)
        file = open (new.text, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT)
        file = open (place.text, O_RDONLY | O_CLOEXEC);
    return file;
}

bool blob_folder_has (const blob_folder_t *self, const char *digest, uint64_t size)
{
    struct stat about;
    int file = open_content (self, digest);
    bool has = file >= 0 && fstat (file, &about) == 0 && (uint64_t) about.st_size == size;
    if (file >= 0)
        close (file);
    return has;
}

static baton_status lost (const blob_folder_t *self, const char *digest, const char *what, baton_error_t *error)
{
    path_t path = in_place (self, digest);
    return baton_fail (error, BATON_failed_precondition, BATON_REASON_corrupt,
                       "%s, a content of the store, %s: bring it back from a backup of the state directory", path.text,
                       what);
}

baton_status blob_folder_damaged (const blob_folder_t *self, const char *digest, baton_error_t *error)
{
    return lost (self, digest, "is damaged", error);
}

baton_status blob_folder_gone (const blob_folder_t *self, const char *database, baton_error_t *error)
{
    return baton_fail (error, BATON_failed_precondition, BATON_REASON_corrupt,
                       "%s refers to files in %s, which is not there: bring it back from the same backup", database,
                       self->path);
}

static bool read_all (int file, baton_bytes_t *bytes)
{
    for (size_t done = 0; done < bytes->size;) {
        ssize_t part = pread (file, bytes->data + done, bytes->size - done, (off_t) done);
        if (part == 0 || (part < 0 && errno != EINTR))
            return false;
        done += part > 0 ? (size_t) part : 0;
    }
    return true;
}

baton_status blob_folder_read (const blob_folder_t *self, const char *digest, uint64_t size, baton_bytes_t *ret_bytes,
                               baton_error_t *error)
{
    struct stat about;
    int file = open_content (self, digest);
    if (file < 0 && errno == ENOENT)
        return lost (self, digest, "is not there", error);
    baton_bytes_t bytes = {.size = size};
    baton_status status = BATON_OK;
    if (file < 0 || fstat (file, &about) != 0)
        status = cannot ("read", in_place (self, digest).text, error);
    else if ((uint64_t) about.st_size != size)
        status = lost (self, digest, "has another size than it had", error);
    else if (!(bytes.data = malloc (size + 1)))
        status = baton_fail_memory (error);
    else if (!read_all (file, &bytes))
        status = cannot ("read", in_place (self, digest).text, error);
    if (file >= 0)
        close (file);
    if (status == BATON_OK)
        *ret_bytes = bytes;
    else
        bytes_clear (&bytes);
    return status;
}

/* ---- after a crash ---- */

/*  One that was staged is what a row refers to where there is no other: its new name was not on disk yet. */
static baton_status settle_one (blob_folder_t *self, const char *name, blob_folder_size_fn *size_of, void *argument,
                                baton_error_t *error)
{
    char digest[NAME_SIZE];
    path_t path = in_new (self, name);
    struct stat about;
    uint64_t size = 0;
    snprintf (digest, sizeof digest, "%.*s", (int) strcspn (name, "."), name);
    baton_status status = size_of (argument, digest, &size, error);
    if (status != BATON_OK)
        return status;
    bool staged = strcmp (name, digest) != 0;
    bool fits = size > 0 && stat (path.text, &about) == 0 && (uint64_t) about.st_size == size &&
                !(staged && blob_folder_has (self, digest, size));
    if (!fits)
        unlink (path.text);
    else if (staged && rename (path.text, in_new (self, digest).text) != 0)
        return cannot ("take over", path.text, error);
    else
        move_to_place (self, digest);
    return BATON_OK;
}

baton_status blob_folder_recover (blob_folder_t *self, blob_folder_size_fn *size_of, void *argument,
                                  baton_error_t *error)
{
    path_t new = in_new (self, "");
    DIR *folder = opendir (new.text);
    baton_status status = folder || errno == ENOENT ? BATON_OK : cannot ("read", new.text, error);
    const struct dirent *entry;
    while (folder && status == BATON_OK && (entry = readdir (folder)))
        if (entry->d_name[0] != '.' && strlen (entry->d_name) < NAME_SIZE)
            status = settle_one (self, entry->d_name, size_of, argument, error);
    if (folder)
        closedir (folder);
    return status;
}
