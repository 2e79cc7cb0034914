#include "cursor.h"

#include "id.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*  As many bytes each time, so that a shorter number leaves nothing of a longer one behind. */
#define FORMAT "%020" PRIu64 "\n"
#define FORMAT_SIZE 21

/*  Makes each folder above the file. */
static int make_folders (char *path)
{
    for (char *slash = strchr (path + 1, '/'); slash; slash = strchr (slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdir (path, 0700) != 0 && errno != EEXIST;
        *slash = '/';
        if (failed)
            return -1;
    }
    return 0;
}

/*  The same name under another identity is another client. */
static int name_file (const baton_context_t *context, const char *session, const char *client,
                      char ret_path[BATON_PATH_SIZE])
{
    char named[512], digest[DIGEST_SIZE];
    const char *state = getenv ("XDG_STATE_HOME"), *home = getenv ("HOME");
    int size = snprintf (named, sizeof named, "%s %s %s", context->public_key, session, client);
    digest_of (named, (size_t) size < sizeof named ? (size_t) size : sizeof named, digest);
    if (state && *state)
        size = snprintf (ret_path, BATON_PATH_SIZE, "%s/baton/cursors/%s", state, digest);
    else
        size = snprintf (ret_path, BATON_PATH_SIZE, "%s/.local/state/baton/cursors/%s", home ? home : "", digest);
    return size < BATON_PATH_SIZE ? 0 : -1;
}

baton_status cursor_open (const baton_context_t *context, const char *session, const char *client, cursor_t *ret_cursor,
                          baton_error_t *error)
{
    char path[BATON_PATH_SIZE], text[FORMAT_SIZE + 1] = "";
    int file = -1;
    if (name_file (context, session, client, path) == 0 && make_folders (path) == 0)
        file = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || pread (file, text, FORMAT_SIZE, 0) < 0) {
        baton_status status = baton_fail (error, BATON_failed_precondition, BATON_REASON_none,
                                          "the cursor of %s can't be kept in %s: %s", client, path, strerror (errno));
        if (file >= 0)
            close (file);
        return status;
    }
    *ret_cursor = (cursor_t){file, strtoull (text, NULL, 10)};
    return BATON_OK;
}

baton_status cursor_note (cursor_t *self, uint64_t value, baton_error_t *error)
{
    char text[FORMAT_SIZE + 1];
    self->value = value;
    snprintf (text, sizeof text, FORMAT, value);
    if (self->file < 0 || pwrite (self->file, text, FORMAT_SIZE, 0) == FORMAT_SIZE)
        return BATON_OK;
    return baton_fail (error, BATON_internal, BATON_REASON_none, "the cursor can't be written down: %s",
                       strerror (errno));
}

void cursor_close (cursor_t *self)
{
    if (self->file >= 0)
        close (self->file);
    self->file = -1;
}
