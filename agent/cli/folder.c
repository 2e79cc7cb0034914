#include "folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

baton_status folder_make (const char *path, baton_error_t *error)
{
    char part[BATON_PATH_SIZE];
    for (const char *slash = strchr (path + 1, '/'); slash; slash = strchr (slash + 1, '/')) {
        snprintf (part, sizeof part, "%.*s", (int) (slash - path), path);
        mkdir (part, 0755); /*  what fails here shows below */
    }
    if (mkdir (path, 0700) == 0 || errno == EEXIST)
        return BATON_OK;
    return baton_fail (error, BATON_permission_denied, BATON_REASON_none, "can't make the folder %s: %s", path,
                       strerror (errno));
}
