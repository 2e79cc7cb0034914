#include "nameless.h"

#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int nameless_open (const char *folder)
{
    return open (folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static baton_status choose_folder (char ret_folder[BATON_PATH_SIZE], baton_error_t *error)
{
    const char *given = getenv ("TMPDIR"), *state = getenv ("XDG_STATE_HOME"), *home = getenv ("HOME");
    bool ours = !given || !*given;
    int size = !ours             ? snprintf (ret_folder, BATON_PATH_SIZE, "%s", given)
               : state && *state ? snprintf (ret_folder, BATON_PATH_SIZE, "%s/baton", state)
                                 : snprintf (ret_folder, BATON_PATH_SIZE, "%s/.local/state/baton", home ? home : "");
    if (size >= BATON_PATH_SIZE)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value,
                           "the path of the folder for temporary files is too long");
    return ours ? folder_make (ret_folder, error) : BATON_OK;
}

baton_status nameless_new (FILE **ret_file, baton_error_t *error)
{
    char folder[BATON_PATH_SIZE], name[BATON_PATH_SIZE + 16];
    baton_status status = choose_folder (folder, error);
    if (status != BATON_OK)
        return status;
    int fd = nameless_open (folder);
    if (fd < 0) {
        snprintf (name, sizeof name, "%s/push.XXXXXX", folder);
        fd = mkostemp (name, O_CLOEXEC);
        if (fd >= 0)
            unlink (name);
    }
    FILE *file = fd >= 0 ? fdopen (fd, "w+") : NULL;
    if (file) {
        *ret_file = file;
        return BATON_OK;
    }
    status = baton_fail (error, BATON_permission_denied, BATON_REASON_none, "can't make a temporary file in %s: %s",
                         folder, strerror (errno));
    if (fd >= 0)
        close (fd);
    return status;
}
