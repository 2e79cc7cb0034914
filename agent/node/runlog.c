#include "runlog.h"

#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_PREFIX "log."
#define LOOKS_MOST 16 /*  at a log whose segments are rotated away faster than they can be opened */

struct runlog {
    char folder[PATH_MAX];
    uint64_t half;  /*  most bytes of one segment */
    uint64_t start; /*  offset of the newest segment */
    uint64_t size;  /*  of the newest segment */
    int file;
};

typedef struct {
    uint64_t start;
    uint64_t size;
} segment_t;

/*  More than two only for the moment between a rotation and its clean-up. */
#define SEGMENTS_MOST 16

static void segment_path (const char *folder, uint64_t start, char *ret_path, size_t size)
{
    snprintf (ret_path, size, "%s/" SEGMENT_PREFIX "%020" PRIu64, folder, start);
}

static int compare_segments (const void *a, const void *b)
{
    const segment_t *left = a, *right = b;
    return (left->start > right->start) - (left->start < right->start);
}

/*  The segments there are, oldest first. */
static size_t list_segments (const char *path, segment_t ret_segments[SEGMENTS_MOST])
{
    size_t count = 0;
    DIR *folder = opendir (path);
    if (!folder)
        return 0;
    for (struct dirent *entry; count < SEGMENTS_MOST && (entry = readdir (folder));) {
        struct stat status;
        if (strncmp (entry->d_name, SEGMENT_PREFIX, strlen (SEGMENT_PREFIX)) != 0 ||
            fstatat (dirfd (folder), entry->d_name, &status, 0) < 0)
            continue;
        uint64_t start = strtoull (entry->d_name + strlen (SEGMENT_PREFIX), NULL, 10);
        ret_segments[count++] = (segment_t){start, (uint64_t) status.st_size};
    }
    closedir (folder);
    qsort (ret_segments, count, sizeof *ret_segments, compare_segments);
    return count;
}

static bool open_segment (runlog_t *self)
{
    char path[PATH_MAX + 32];
    segment_path (self->folder, self->start, path, sizeof path);
    self->file = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return self->file >= 0;
}

baton_status runlog_new (const char *folder, uint64_t bound, runlog_t **ret_log, baton_error_t *error)
{
    baton_status status = files_make_folder (folder, error);
    if (status != BATON_OK)
        return status;
    runlog_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    snprintf (self->folder, sizeof self->folder, "%s", folder);
    self->half = (bound < RUNLOG_BOUND_LEAST ? RUNLOG_BOUND_LEAST : bound) / 2;
    segment_t segments[SEGMENTS_MOST];
    size_t count = list_segments (folder, segments);
    if (count > 0) {
        self->start = segments[count - 1].start;
        self->size = segments[count - 1].size;
    }
    if (!open_segment (self)) {
        free (self);
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_storage_failed,
                           "can't write the run's log in %s: %s", folder, strerror (errno));
    }
    *ret_log = self;
    return BATON_OK;
}

void runlog_destroy (runlog_t **self)
{
    if (!*self)
        return;
    if ((*self)->file >= 0)
        close ((*self)->file);
    free (*self);
    *self = NULL;
}

static void rotate (runlog_t *self)
{
    close (self->file);
    uint64_t before = self->start;
    self->start += self->size;
    self->size = 0;
    open_segment (self);
    segment_t segments[SEGMENTS_MOST];
    size_t count = list_segments (self->folder, segments);
    for (size_t i = 0; i < count; i++) {
        char path[PATH_MAX + 32];
        segment_path (self->folder, segments[i].start, path, sizeof path);
        if (segments[i].start < before)
            unlink (path);
    }
}

void runlog_append (runlog_t *self, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        if (self->size >= self->half)
            rotate (self);
        if (self->file < 0 && !open_segment (self))
            return;
        size_t part = size < self->half - self->size ? size : (size_t) (self->half - self->size);
        ssize_t written = write (self->file, at, part);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        self->size += (uint64_t) written;
        at += written;
        size -= (size_t) written;
    }
}

/*  Reads from one segment; short when the segment was rotated away meanwhile. */
static size_t read_segment (const char *folder, const segment_t *segment, uint64_t offset, uint8_t *buffer, size_t size)
{
    char path[PATH_MAX];
    segment_path (folder, segment->start, path, sizeof path);
    int file = open (path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t count = pread (file, buffer, size, (off_t) (offset - segment->start));
    close (file);
    return count > 0 ? (size_t) count : 0;
}

/*  One look. Nothing may have been read although there is something: the segment was rotated away meanwhile. */
static runlog_page_t read_once (const char *folder, uint64_t offset, size_t limit, uint8_t *buffer)
{
    segment_t segments[SEGMENTS_MOST];
    size_t count = list_segments (folder, segments);
    uint64_t end = count > 0 ? segments[count - 1].start + segments[count - 1].size : 0;
    if (count > 0 && (offset < segments[0].start || offset > end))
        offset = segments[0].start;
    if (count == 0)
        offset = 0;
    size_t size = 0;
    for (size_t i = 0; i < count && size < limit; i++) {
        uint64_t at = offset + size;
        if (at >= segments[i].start && at < segments[i].start + segments[i].size)
            size += read_segment (folder, &segments[i], at, buffer + size, limit - size);
    }
    return (runlog_page_t){offset, offset + size, end, {size, buffer}};
}

baton_status runlog_read (const char *folder, uint64_t offset, size_t limit, runlog_page_t *ret_page,
                          baton_error_t *error)
{
    uint8_t *buffer = malloc (limit + 1);
    if (!buffer)
        return baton_fail_memory (error);
    runlog_page_t page = read_once (folder, offset, limit, buffer);
    for (int looks = 1; looks < LOOKS_MOST && limit > 0 && page.content.size == 0 && page.offset < page.end; looks++)
        page = read_once (folder, offset, limit, buffer);
    *ret_page = page;
    return BATON_OK;
}
