#include "prune.h"

#include "place.h"
#include "trash.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_old (int folder, const char *name, uint64_t keep, uint64_t now)
{
    struct stat status;
    return fstatat (folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (status.st_mode) &&
           status.st_mtime >= 0 && now / 1000 > (uint64_t) status.st_mtime + keep / 1000;
}

void prune_runs (const char *state, uint64_t keep, uint64_t now, prune_wanted_fn *wanted, void *arg)
{
    char path[PLACE_SIZE], old[2 * PLACE_SIZE];
    snprintf (path, sizeof path, "%s/runs", state);
    DIR *folder = opendir (path);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir (folder));) {
        if (entry->d_name[0] == '.' || wanted (arg, entry->d_name) ||
            !is_old (dirfd (folder), entry->d_name, keep, now))
            continue;
        snprintf (old, sizeof old, "%s/%s", path, entry->d_name);
        trash_move (state, old);
    }
    closedir (folder);
    trash_sweep (state);
}
