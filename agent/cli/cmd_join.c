#include "commands.h"
#include "output.h"
#include "token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define PATH_ROOM (BATON_PATH_SIZE + LIMIT_NAME + 32) /*  for a name in the folder */
#define NAMES_MOST 9                                  /*  NAME.ctx, NAME-2.ctx, … */

OPTIONS (
    join,
    struct {
        char *token;
        char *name;
    },
    WORD (token, FIELD_LINE, LIMIT_SHORT, "what baton invite has printed"),
    OPTION (name, FIELD_NAME, LIMIT_NAME, NULL, "what to call the context here (default: the identity's name)"));

static baton_status make_directory (const char *path, baton_error_t *error)
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

/*  A context with a fresh key pair, for the broker that the token names. */
static baton_status make_context (const token_t *token, baton_context_t *ret_context, baton_error_t *error)
{
    baton_context_t context = {0};
    snprintf (context.endpoint, sizeof context.endpoint, "%s", token->endpoint);
    snprintf (context.broker_key, sizeof context.broker_key, "%s", token->broker_key);
    if (zmq_curve_keypair (context.public_key, context.secret_key) != 0)
        return baton_fail (error, BATON_internal, BATON_REASON_none, "can't make a key pair: %s", zmq_strerror (errno));
    *ret_context = context;
    return BATON_OK;
}

/*  Gives the saved context its name. The first that is free, since the token is spent by now. */
static baton_status settle (const char *directory, const char *draft, const char *name, char ret_path[PATH_ROOM],
                            baton_error_t *error)
{
    char path[PATH_ROOM];
    for (int i = 1; i <= NAMES_MOST; i++) {
        if (i == 1)
            snprintf (path, sizeof path, "%s/%s.ctx", directory, name);
        else
            snprintf (path, sizeof path, "%s/%s-%d.ctx", directory, name, i);
        if (link (draft, path) == 0) {
            unlink (draft);
            memcpy (ret_path, path, PATH_ROOM);
            return BATON_OK;
        }
        if (errno != EEXIST)
            break;
    }
    return baton_fail (error, BATON_already_exists, BATON_REASON_name_taken,
                       "you have joined, but can't name the context %s.ctx: it is %s", name, draft);
}

/*  The key pair is on disk before the token is spent: a crash in between loses neither. */
static baton_status enrol (cli_t *cli, const token_t *token, const char *directory, const char *wanted,
                           char ret_path[PATH_ROOM], enrolled_t *ret_enrolled, baton_error_t *error)
{
    char draft[PATH_ROOM];
    snprintf (draft, sizeof draft, "%s/.joining-%ld", directory, (long) getpid ());
    identity_enroll_request_t request = {.secret = token->secret};
    baton_status status = make_context (token, &cli->context, error);
    if (status == BATON_OK)
        status = baton_context_save (draft, &cli->context, error);
    if (status != BATON_OK)
        return status;
    status = cli_call (cli, METHOD_identity_enroll, &request, ret_enrolled, NULL, error);
    if (status == BATON_OK)
        return settle (directory, draft, wanted ? wanted : ret_enrolled->name, ret_path, error);
    /*  Without an answer, the token may be spent and this key the one that is enrolled. */
    if (status != BATON_deadline_exceeded && status != BATON_unavailable)
        unlink (draft);
    return status;
}

static baton_status check_name (const char *directory, const char *name, baton_error_t *error)
{
    char path[PATH_ROOM];
    if (!name)
        return BATON_OK;
    if (strchr (name, '/'))
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value,
                           "the name of a context has no slash: %s", name);
    snprintf (path, sizeof path, "%s/%s.ctx", directory, name);
    if (access (path, F_OK) == 0)
        return baton_fail (error, BATON_already_exists, BATON_REASON_name_taken, "there is a context %s already", name);
    return BATON_OK;
}

static baton_status join (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const join_options_t *options = arguments->options;
    char directory[BATON_PATH_SIZE], path[PATH_ROOM], standard[PATH_ROOM];
    token_t token = {0};
    enrolled_t enrolled = {0};
    baton_status status = token_decode (options->token, &token, error);
    if (status == BATON_OK)
        status = baton_context_directory (directory, error);
    if (status == BATON_OK)
        status = make_directory (directory, error);
    if (status == BATON_OK)
        status = check_name (directory, options->name, error);
    if (status == BATON_OK)
        status = enrol (cli, &token, directory, options->name, path, &enrolled, error);
    if (status == BATON_OK) {
        snprintf (standard, sizeof standard, "%s/default.ctx", directory);
        bool first = symlink (strrchr (path, '/') + 1, standard) == 0; /*  fails where there is one */
        output_note (cli, "joined as %s; the context is %s%s", enrolled.name, path, first ? ", and the default" : "");
        status = output_record (cli, &RECORD_enrolled, &enrolled, error);
    }
    record_clear (&RECORD_token, &token);
    record_clear (&RECORD_enrolled, &enrolled);
    return status;
}

const command_t CMD_join = {.noun = "join",
                            .options = &join_options,
                            .positionals = "token",
                            .help = "Join a site: make a key pair here and enrol it with a token",
                            .run = join};
