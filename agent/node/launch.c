#include "launch.h"

#include "environment.h"
#include "files.h"
#include "place.h"
#include "spawn.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void launch_describe (const launch_t *launch, attempt_t *ret_attempt)
{
    unsigned char random[(TOKEN_SIZE - 1) / 2];
    *ret_attempt =
        (attempt_t){.run = launch->run, .attempt = launch->attempt, .epoch = launch->epoch, .state = ATTEMPT_starting};
    snprintf (ret_attempt->session, sizeof ret_attempt->session, "%s", launch->session);
    randombytes_buf (random, sizeof random);
    sodium_bin2hex (ret_attempt->token, TOKEN_SIZE, random, sizeof random);
}

baton_status launch_prepare (const char *state, const launch_t *launch, const attempt_t *attempt, baton_error_t *error)
{
    char folder[PLACE_SIZE], input[PLACE_SIZE + 16];
    place_attempt_path (state, attempt->session, attempt->run, attempt->attempt, folder);
    snprintf (input, sizeof input, "%s/input.json", folder);
    files_remove_tree (folder);
    baton_status status = files_make_folder (folder, error);
    if (status != BATON_OK)
        return status;
    /*  When the machine ends, the attempt does. */
    return files_write_unflushed (input, launch->input, strlen (launch->input), error);
}

baton_status launch_spawn (const char *state, const launch_t *launch, const attempt_t *attempt, int *ret_pidfd,
                           int *ret_ready, baton_error_t *error)
{
    char folder[PLACE_SIZE], log[PLACE_SIZE];
    place_attempt_path (state, attempt->session, attempt->run, attempt->attempt, folder);
    place_log_path (state, attempt->session, attempt->run, log);
    const baton_texts_t *words = &launch->driver->argv;
    char **argv = calloc (words->count + 1, sizeof *argv);
    char **envp = environment_of (attempt, launch, folder);
    baton_status status = argv && envp ? BATON_OK : baton_fail_memory (error);
    if (status == BATON_OK) {
        memcpy (argv, words->items, words->count * sizeof *argv);
        spawn_t spawn = {folder, log, launch->log_bound, launch->driver->grace, launch->workspace, argv, envp};
        status = spawn_shim (&spawn, ret_pidfd, ret_ready, error);
    }
    environment_free (envp);
    free (argv);
    return status;
}
