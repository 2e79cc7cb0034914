#include "folder.h"

#include "limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool folder_open (int at, const char *path, bool plain, folder_t *ret_folder)
{
    int flags = O_DIRECTORY | O_CLOEXEC | (plain ? O_NOFOLLOW : 0);
    int fd = openat (at, path, O_RDONLY | flags);
    if (fd < 0 && errno == EACCES)
        fd = openat (at, path, O_PATH | flags);
    if (fd < 0)
        return false;
    *ret_folder = (folder_t){.fd = fd};
    return true;
}

void folder_close (folder_t *self)
{
    if (self->fd >= 0)
        close (self->fd);
    texts_clear (&self->names);
    self->fd = -1;
}

bool folder_has (const folder_t *self, const char *name)
{
    char plain[LIMIT_PATH];
    struct stat about;
    size_t length = strlen (name);
    bool folder = length > 0 && name[length - 1] == '/';
    snprintf (plain, sizeof plain, "%.*s", (int) (folder ? length - 1 : length), name);
    return fstatat (self->fd, plain, &about, 0) == 0 && (folder ? S_ISDIR (about.st_mode) : S_ISREG (about.st_mode));
}

static int by_name (const void *a, const void *b)
{
    return strcmp (*(char *const *) a, *(char *const *) b);
}

bool folder_list (folder_t *self)
{
    if (self->listed)
        return true;
    int fd = openat (self->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir (fd) : NULL;
    if (!stream) {
        if (fd >= 0)
            close (fd);
        return false;
    }
    for (struct dirent *entry; (entry = readdir (stream)) && !self->cut;) {
        if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
            continue;
        self->cut = self->names.count >= LIMIT_FOLDER_NAMES || texts_add (&self->names, entry->d_name) != BATON_OK;
    }
    closedir (stream);
    if (self->names.count > 0)
        qsort (self->names.items, self->names.count, sizeof *self->names.items, by_name);
    self->listed = true;
    return true;
}

const char *folder_find (folder_t *self, const char *pattern)
{
    if (!strchr (pattern, '*'))
        return folder_has (self, pattern) ? pattern : NULL;
    char plain[LIMIT_NAME], name[LIMIT_PATH];
    size_t length = strlen (pattern);
    bool folder = pattern[length - 1] == '/';
    snprintf (plain, sizeof plain, "%.*s", (int) (folder ? length - 1 : length), pattern);
    if (!folder_list (self))
        return NULL;
    for (size_t i = 0; i < self->names.count; i++) {
        if (fnmatch (plain, self->names.items[i], FNM_PERIOD) != 0)
            continue;
        snprintf (name, sizeof name, "%s%s", self->names.items[i], folder ? "/" : "");
        if (folder_has (self, name))
            return self->names.items[i];
    }
    return NULL;
}

/*  All of a file whose size was just seen; a file that grows meanwhile is cut there. */
static char *read_all (int fd, size_t size, size_t *ret_size)
{
    char *text = malloc (size + 1);
    size_t done = 0;
    for (ssize_t got = 1; text && done < size && got > 0; done += got > 0 ? (size_t) got : 0) {
        got = read (fd, text + done, size - done);
        if (got < 0) {
            free (text);
            return NULL;
        }
    }
    if (text)
        text[done] = '\0';
    *ret_size = text ? done : *ret_size;
    return text;
}

char *folder_read (const folder_t *self, const char *name, size_t *ret_size)
{
    struct stat about;
    if (fstatat (self->fd, name, &about, 0) != 0)
        return NULL;
    errno = S_ISREG (about.st_mode) ? EFBIG : EINVAL;
    if (!S_ISREG (about.st_mode) || about.st_size > LIMIT_MARKER_BYTES)
        return NULL;
    int fd = openat (self->fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    char *text = read_all (fd, (size_t) about.st_size, ret_size);
    close (fd);
    return text;
}
