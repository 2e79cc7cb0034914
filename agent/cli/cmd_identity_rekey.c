/*  baton identity rekey: a new key pair for the identity of a context.
 *
 *  The new pair is on disk, as PATH.next, before the broker hears of it, and takes the place of the old one after. So a
 *  crash in between loses neither: the command, given again, goes on with the pair that is there. */
#include "commands.h"
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

OPTIONS (
    rekey, struct { char *name; },
    WORD (name, FIELD_LINE, LIMIT_PATH - 64, "the context: a name in your folder of contexts, or a path"));

static baton_status failed (baton_error_t *error, const char *what, const char *path)
{
    return baton_fail (error, BATON_failed_precondition, BATON_REASON_none, "can't %s %s: %s", what, path,
                       strerror (errno));
}

/*  The file itself: a link to it is to stay one. */
static baton_status find_file (const char *name, char ret_path[BATON_PATH_SIZE], baton_error_t *error)
{
    char folder[BATON_PATH_SIZE], path[BATON_PATH_SIZE + LIMIT_PATH];
    bool ends = strlen (name) > 4 && strcmp (name + strlen (name) - 4, ".ctx") == 0;
    snprintf (path, sizeof path, "%s", name);
    if (!strchr (name, '/')) {
        baton_status status = baton_context_directory (folder, error);
        if (status != BATON_OK)
            return status;
        snprintf (path, sizeof path, "%s/%s%s", folder, name, ends ? "" : ".ctx");
    }
    return realpath (path, ret_path) ? BATON_OK : failed (error, "find", path);
}

/*  The pair that is to be the next: one that an earlier try has left, or a fresh one. */
static baton_status prepare (const baton_context_t *old, const char *path, baton_context_t *ret_next,
                             baton_error_t *error)
{
    if (access (path, F_OK) == 0)
        return baton_context_load (path, ret_next, error);
    baton_context_t next = *old;
    if (zmq_curve_keypair (next.public_key, next.secret_key) != 0)
        return baton_fail (error, BATON_internal, BATON_REASON_none, "can't make a key pair: %s", zmq_strerror (errno));
    baton_status status = baton_context_save (path, &next, error);
    if (status == BATON_OK)
        *ret_next = next;
    explicit_bzero (&next, sizeof next);
    return status;
}

/*  Whether the broker knows the key of this context. */
static baton_status is_known (cli_t *cli, const baton_context_t *context, bool *ret_known, baton_error_t *error)
{
    about_t about = {0};
    cli->context = *context;
    baton_status status = cli_call (cli, METHOD_site_about, &(site_about_request_t){}, &about, NULL, error);
    if (status == BATON_OK)
        *ret_known = about.you && *about.you;
    record_clear (&RECORD_about, &about);
    baton_client_destroy (&cli->client);
    return status;
}

static baton_status tell (cli_t *cli, const baton_context_t *old, const baton_context_t *next, baton_error_t *error)
{
    bool known = false;
    baton_status status = is_known (cli, next, &known, error);
    if (status != BATON_OK || known)
        return status;
    cli->context = *old;
    nothing_t nothing;
    identity_rekey_request_t request = {.key = (char *) (uintptr_t) next->public_key};
    return cli_call (cli, METHOD_identity_rekey, &request, &nothing, NULL, error);
}

/*  The file stays whose it was: root gives a daemon's user a new key, and the daemon must be able to read it. */
static baton_status replace (const char *next_path, const char *path, baton_error_t *error)
{
    struct stat old, next;
    if (stat (path, &old) != 0 || stat (next_path, &next) != 0)
        return failed (error, "look at", path);
    if ((next.st_uid != old.st_uid || next.st_gid != old.st_gid) && chown (next_path, old.st_uid, old.st_gid) != 0)
        return failed (error, "give its owner", next_path);
    return rename (next_path, path) == 0 ? BATON_OK : failed (error, "replace", path);
}

static baton_status rekey (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const rekey_options_t *options = arguments->options;
    char path[BATON_PATH_SIZE], next_path[BATON_PATH_SIZE + 8];
    baton_context_t old = {0}, next = {0};
    baton_status status = find_file (options->name, path, error);
    snprintf (next_path, sizeof next_path, "%s.next", path);
    if (status == BATON_OK)
        status = baton_context_load (path, &old, error);
    if (status == BATON_OK)
        status = prepare (&old, next_path, &next, error);
    if (status == BATON_OK)
        status = tell (cli, &old, &next, error);
    if (status == BATON_OK)
        status = replace (next_path, path, error);
    if (status == BATON_OK)
        output_note (cli, "the key in %s is a new one; whatever still runs with the old one has to be started again",
                     path);
    explicit_bzero (&old, sizeof old);
    explicit_bzero (&next, sizeof next);
    return status;
}

const command_t CMD_identity_rekey = {.noun = "identity",
                                      .verb = "rekey",
                                      .options = &rekey_options,
                                      .positionals = "name",
                                      .help = "Give the identity of a context a new key pair",
                                      .run = rekey};
