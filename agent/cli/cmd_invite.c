#include "commands.h"
#include "output.h"
#include "view.h"

/*  For people and scripts alike, the token stands alone on standard output. */
static baton_status invite (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    if (cli->output != OUTPUT_table)
        return command_run_generic (cli, arguments, error);
    invited_t invited = {0};
    baton_status status = cli_call (cli, METHOD_identity_invite, arguments->request, &invited, NULL, error);
    if (error->reason == BATON_REASON_name_taken && status != BATON_OK)
        cli_hint (cli, "choose another name, or free this one: baton identity revoke %s",
                  ((const identity_invite_request_t *) arguments->request)->name);
    if (status != BATON_OK)
        return status;
    char until[VIEW_TIME_SIZE];
    view_time (invited.expires_at, until);
    fprintf (cli->out, "%s\n", invited.token);
    if (cli->progress)
        output_note (cli, "It works once, until %s, with: baton join TOKEN", until);
    record_clear (&RECORD_invited, &invited);
    return BATON_OK;
}

const command_t CMD_invite = {.noun = "invite", .method = METHOD_identity_invite, .positionals = "name", .run = invite};
