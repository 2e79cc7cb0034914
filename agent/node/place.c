#include "place.h"

#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void place_workspace_path (const char *state, const char *session, char ret_path[PLACE_SIZE])
{
    snprintf (ret_path, PLACE_SIZE, "%s/workspaces/%s", state, session);
}

void place_log_path (const char *state, const char *session, uint64_t run, char ret_path[PLACE_SIZE])
{
    snprintf (ret_path, PLACE_SIZE, "%s/runs/%s/%" PRIu64, state, session, run);
}

void place_attempt_path (const char *state, const char *session, uint64_t run, uint64_t attempt,
                         char ret_path[PLACE_SIZE])
{
    snprintf (ret_path, PLACE_SIZE, "%s/runs/%s/%" PRIu64 "/%" PRIu64, state, session, run, attempt);
}

uint64_t place_last_run (const char *state, const char *session)
{
    char path[PLACE_SIZE];
    snprintf (path, sizeof path, "%s/runs/%s", state, session);
    DIR *folder = opendir (path);
    if (!folder)
        return 0;
    uint64_t last = 0;
    for (struct dirent *entry; (entry = readdir (folder));) {
        uint64_t number = strtoull (entry->d_name, NULL, 10);
        if (number > last)
            last = number;
    }
    closedir (folder);
    return last;
}

static baton_status check_given (const char *path, baton_error_t *error)
{
    const char *problem = NULL;
    struct stat status;
    if (path[0] != '/')
        problem = "is not an absolute path";
    else if (stat (path, &status) < 0)
        problem = errno == ENOENT ? "is not there" : strerror (errno);
    else if (!S_ISDIR (status.st_mode))
        problem = "is a file, not a folder";
    else if (access (path, R_OK | W_OK | X_OK) < 0)
        problem = "can't be read and written by the node";
    return problem ? baton_fail_field (error, BATON_failed_precondition, BATON_REASON_bad_value, "workspace",
                                       "workspace %.800s %s", path, problem)
                   : BATON_OK;
}

baton_status place_workspace (const char *state, const assignment_t *assignment, bool adopted,
                              char ret_path[PLACE_SIZE], baton_error_t *error)
{
    bool given = assignment->workspace && !adopted;
    char path[PLACE_SIZE];
    if (given)
        snprintf (path, sizeof path, "%s", assignment->workspace);
    else
        place_workspace_path (state, assignment->session, path);
    baton_status status = given ? check_given (path, error) : files_make_folder (path, error);
    if (status == BATON_OK)
        memcpy (ret_path, path, sizeof path);
    return status;
}

bool place_possible (const char *session)
{
    return session && *session && *session != '.' && !strchr (session, '/') && strlen (session) <= LIMIT_ID;
}
