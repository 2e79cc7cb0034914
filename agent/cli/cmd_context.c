#include "commands.h"
#include "contexts.h"
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

OPTIONS (
    context, struct { char *name; }, WORD (name, FIELD_NAME, LIMIT_NAME, "a context of baton context list"));

/*  What is shown of a context: never the secret key, nor the token of a run. */
OPTIONS (
    shown,
    struct {
        char *name;
        bool standard;
        char *endpoint;
        char *broker_key;
        char *public_key;
        char *session;
        uint64_t run;
    },
    OPTION (name, FIELD_LINE, LIMIT_NAME, NULL, ""),
    OPTION (standard, FIELD_FLAG, 0, NULL, "what is used when nothing else is said"),
    OPTION (endpoint, FIELD_LINE, LIMIT_SHORT, NULL, ""), OPTION (broker_key, FIELD_LINE, LIMIT_ID, NULL, ""),
    OPTION (public_key, FIELD_LINE, LIMIT_ID, NULL, ""), OPTION (session, FIELD_LINE, LIMIT_ID, NULL, ""),
    OPTION (run, FIELD_UINT, 0, NULL, ""));

static baton_status list (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    (void) arguments;
    char standard[CONTEXT_NAME_SIZE];
    baton_texts_t names = {0};
    contexts_default (standard);
    baton_status status = contexts_list (&names, error);
    for (size_t i = 0; i < names.count && status == BATON_OK; i++) {
        shown_options_t row = {.name = names.items[i], .standard = strcmp (names.items[i], standard) == 0};
        if (cli->output == OUTPUT_table)
            fprintf (cli->out, "%s%s\n", row.name, row.standard ? "  (default)" : "");
        else
            status = output_record (cli, &shown_options, &row, error);
    }
    if (status == BATON_OK && names.count == 0)
        output_note (cli, "no contexts");
    texts_clear (&names);
    return status;
}

static baton_status use (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const context_options_t *options = arguments->options;
    char directory[BATON_PATH_SIZE], standard[BATON_PATH_SIZE + 16], draft[BATON_PATH_SIZE + 64],
        target[LIMIT_NAME + 8];
    baton_context_t context;
    struct stat about;
    baton_status status = baton_context_directory (directory, error);
    if (status == BATON_OK)
        status = baton_context_open (options->name, &context, error);
    if (status == BATON_not_found)
        cli_hint (cli, "list your contexts with: baton context list");
    if (status != BATON_OK)
        return status;
    snprintf (standard, sizeof standard, "%s/default.ctx", directory);
    snprintf (draft, sizeof draft, "%s/.default-%ld", directory, (long) getpid ());
    snprintf (target, sizeof target, "%s.ctx", options->name);
    if (lstat (standard, &about) == 0 && !S_ISLNK (about.st_mode))
        return baton_fail (error, BATON_already_exists, BATON_REASON_name_taken,
                           "%s is a context of its own, not a link to one: rename it first", standard);
    if (symlink (target, draft) != 0 || rename (draft, standard) != 0) {
        unlink (draft);
        return baton_fail (error, BATON_permission_denied, BATON_REASON_none, "can't change %s: %s", standard,
                           strerror (errno));
    }
    output_note (cli, "the default is %s now: %s", options->name, context.endpoint);
    return BATON_OK;
}

/*  What --context or BATON_CONTEXT said, or what the default stands for; "" for a context that has no name: a run's, or
 *  that of this user's own broker. */
static void name_in_use (const cli_t *cli, char ret_name[BATON_PATH_SIZE])
{
    const char *named = cli->context_name ? cli->context_name : getenv ("BATON_CONTEXT");
    char standard[CONTEXT_NAME_SIZE] = "";
    if (named && *named && !(cli_inside (cli) && !cli->context_name))
        snprintf (ret_name, BATON_PATH_SIZE, "%s", named);
    else {
        if (!cli_inside (cli))
            contexts_default (standard);
        snprintf (ret_name, BATON_PATH_SIZE, "%s", standard);
    }
}

static baton_status show (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    (void) arguments;
    baton_status status = cli_find_context (cli, error);
    if (status != BATON_OK)
        return status;
    baton_context_t *context = &cli->context;
    char name[BATON_PATH_SIZE];
    name_in_use (cli, name);
    shown_options_t shown = {.name = name,
                             .endpoint = context->endpoint,
                             .broker_key = context->broker_key,
                             .public_key = context->public_key,
                             .session = context->session,
                             .run = context->run};
    return output_record (cli, &shown_options, &shown, error);
}

const command_t CMD_context_list = {.noun = "context", .verb = "list", .help = "List your contexts", .run = list};
const command_t CMD_context_use = {.noun = "context",
                                   .verb = "use",
                                   .options = &context_options,
                                   .positionals = "name",
                                   .help = "Make a context the default",
                                   .run = use};
const command_t CMD_context_show = {
    .noun = "context", .verb = "show", .help = "Show the context that is in use, without its secret", .run = show};
