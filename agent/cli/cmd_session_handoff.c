/*  A handoff; of a dry run, its text. */
#include "commands.h"
#include "output.h"

#include <string.h>

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    handoff_t handoff = {0};
    baton_bytes_t raw = {0};
    baton_status status = cli_call (cli, METHOD_session_handoff, arguments->request, &handoff, &raw, error);
    if (status == BATON_OK && handoff.text && cli->output == OUTPUT_table)
        output_content (cli, handoff.text, strlen (handoff.text));
    else if (status == BATON_OK)
        status = output_reply (cli, &RECORD_handoff, &handoff, &raw, error);
    record_clear (&RECORD_handoff, &handoff);
    bytes_clear (&raw);
    return status;
}

const command_t CMD_session_handoff = {
    .noun = "session", .verb = "handoff", .method = METHOD_session_handoff, .run = run};
