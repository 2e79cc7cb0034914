#include "commands.h"
#include "folder.h"
#include "output.h"
#include "token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
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
    OPTION (name, FIELD_LINE, LIMIT_PATH - 64, NULL,
            "what to call the context here, or the path of its file (default: the identity's name)"));

/*  Where the context goes. */
typedef struct {
    char folder[BATON_PATH_SIZE];
    const char *name; /*  NULL: that of the identity */
    const char *suffix;
} place_t;

/*  A name goes into the folder of contexts; a path stands for itself. */
static baton_status choose_place (const char *name, place_t *ret_place, baton_error_t *error)
{
    const char *slash = name ? strrchr (name, '/') : NULL;
    if (!slash) {
        ret_place->name = name;
        ret_place->suffix = ".ctx";
        return baton_context_directory (ret_place->folder, error);
    }
    if (!slash[1])
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value, "%s is a folder, not a file", name);
    snprintf (ret_place->folder, sizeof ret_place->folder, "%.*s", slash > name ? (int) (slash - name) : 1, name);
    ret_place->name = slash + 1;
    ret_place->suffix = "";
    return BATON_OK;
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
static baton_status settle (const place_t *place, const char *draft, const char *name, char ret_path[PATH_ROOM],
                            baton_error_t *error)
{
    char path[PATH_ROOM];
    for (int i = 1; i <= NAMES_MOST; i++) {
        if (i == 1)
            snprintf (path, sizeof path, "%s/%s%s", place->folder, name, place->suffix);
        else
            snprintf (path, sizeof path, "%s/%s-%d%s", place->folder, name, i, place->suffix);
        if (link (draft, path) == 0) {
            unlink (draft);
            memcpy (ret_path, path, PATH_ROOM);
            return BATON_OK;
        }
        if (errno != EEXIST)
            break;
    }
    return baton_fail (error, BATON_already_exists, BATON_REASON_name_taken,
                       "you have joined, but can't name the context %s: it is %s", name, draft);
}

/*  The key pair is on disk before the token is spent: a crash in between loses neither. */
static baton_status enrol (cli_t *cli, const token_t *token, const place_t *place, char ret_path[PATH_ROOM],
                           enrolled_t *ret_enrolled, baton_error_t *error)
{
    char draft[PATH_ROOM];
    snprintf (draft, sizeof draft, "%s/.joining-%ld", place->folder, (long) getpid ());
    identity_enroll_request_t request = {.secret = token->secret};
    baton_status status = make_context (token, &cli->context, error);
    if (status == BATON_OK)
        status = baton_context_save (draft, &cli->context, error);
    if (status != BATON_OK)
        return status;
    status = cli_call (cli, METHOD_identity_enroll, &request, ret_enrolled, NULL, error);
    if (status == BATON_OK)
        return settle (place, draft, place->name ? place->name : ret_enrolled->name, ret_path, error);
    /*  Without an answer, the token may be spent and this key the one that is enrolled. */
    if (status != BATON_deadline_exceeded && status != BATON_unavailable)
        unlink (draft);
    return status;
}

static baton_status check_place (const place_t *place, baton_error_t *error)
{
    char path[PATH_ROOM];
    if (!place->name)
        return BATON_OK;
    snprintf (path, sizeof path, "%s/%s%s", place->folder, place->name, place->suffix);
    if (access (path, F_OK) == 0)
        return baton_fail (error, BATON_already_exists, BATON_REASON_name_taken, "there is a context %s already", path);
    return BATON_OK;
}

/*  Whether a broker of this user's own runs, other than the one that was joined: with it, `baton` works until a context
 *  is the default. */
static bool has_own_broker (const cli_t *cli)
{
    char announced[BATON_PATH_SIZE];
    baton_context_t own = {0};
    bool found = baton_context_announced (announced) && baton_context_load (announced, &own, NULL) == BATON_OK &&
                 strcmp (own.broker_key, cli->context.broker_key) != 0;
    explicit_bzero (&own, sizeof own);
    return found;
}

/*  The first context in the folder becomes the default. Never that of a node, with which a person can do nothing, nor
 * one that would take the place of another broker that is in use. */
static void make_default (cli_t *cli, const place_t *place, const enrolled_t *enrolled, const char *path)
{
    char standard[PATH_ROOM];
    const char *name = strrchr (path, '/') + 1;
    int size = (int) (strlen (name) - strlen (place->suffix));
    snprintf (standard, sizeof standard, "%s/default.ctx", place->folder);
    bool wanted = enrolled->role != role_node && *place->suffix && access (standard, F_OK) != 0;
    if (wanted && has_own_broker (cli))
        output_note (cli, "your own broker stays the default; for this one: --context %.*s, or baton context use %.*s",
                     size, name, size, name);
    else if (wanted && symlink (name, standard) == 0)
        output_note (cli, "it is the default now");
}

static baton_status join (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const join_options_t *options = arguments->options;
    place_t place = {0};
    char path[PATH_ROOM];
    token_t token = {0};
    enrolled_t enrolled = {0};
    baton_status status = token_decode (options->token, &token, error);
    if (status == BATON_OK)
        status = choose_place (options->name, &place, error);
    if (status == BATON_OK)
        status = folder_make (place.folder, error);
    if (status == BATON_OK)
        status = check_place (&place, error);
    if (status == BATON_OK)
        status = enrol (cli, &token, &place, path, &enrolled, error);
    if (status == BATON_OK) {
        output_note (cli, "joined as %s; the context is %s", enrolled.name, path);
        make_default (cli, &place, &enrolled, path);
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
