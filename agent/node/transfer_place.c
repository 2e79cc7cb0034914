/*  A staging folder as a whole: put in place, or removed. */
#include "files.h"
#include "transfer_stage.h"
#include "transfer_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void flush_folder_above (const char *path)
{
    char folder[LIMIT_PATH];
    const char *slash = strrchr (path, '/');
    snprintf (folder, sizeof folder, "%.*s", slash ? (int) (slash - path) + 1 : 1, slash ? path : ".");
    int file = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return;
    fsync (file);
    close (file);
}

/*  A folder that its owner can't write to can't be moved to another one by him: it gets that right for the move. */
static int rename_tree (const char *tree, const char *destination)
{
    struct stat status;
    if (rename (tree, destination) == 0)
        return 0;
    if (errno != EACCES || stat (tree, &status) < 0 || chmod (tree, (status.st_mode & 07777) | 0700) < 0)
        return -1;
    int result = rename (tree, destination);
    int reason = errno;
    chmod (result == 0 ? destination : tree, status.st_mode & 07777);
    errno = reason;
    return result;
}

baton_status transfer_stage_place (const char *path, const char *destination, baton_error_t *error)
{
    char tree[LIMIT_PATH];
    snprintf (tree, sizeof tree, "%s/tree", path);
    if (rename_tree (tree, destination) < 0) {
        bool taken = errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR;
        return baton_fail (error, taken ? BATON_already_exists : BATON_failed_precondition,
                           taken ? BATON_REASON_name_taken : BATON_REASON_storage_failed,
                           "can't move the workspace to %.200s: %s", destination, strerror (errno));
    }
    flush_folder_above (destination);
    transfer_stage_discard (path);
    return BATON_OK;
}

void transfer_stage_discard (const char *path)
{
    char tree[LIMIT_PATH];
    snprintf (tree, sizeof tree, "%s/tree", path);
    transfer_tree_loosen (tree);
    files_remove_tree (path);
}
