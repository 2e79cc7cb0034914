/*  All runs of a session together: for people as Markdown, for programs as the record. */
#include "commands.h"
#include "output.h"

#include <string.h>

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    session_synthesize_request_t *request = arguments->request;
    synthesis_t synthesis = {0};
    baton_bytes_t raw = {0};
    request->markdown = cli->output == OUTPUT_table;
    baton_status status = cli_call (cli, METHOD_session_synthesize, request, &synthesis, &raw, error);
    if (status == BATON_OK && cli->output != OUTPUT_table)
        status = output_reply (cli, &RECORD_synthesis, &synthesis, &raw, error);
    else if (status == BATON_OK)
        output_content (cli, synthesis.markdown, strlen (synthesis.markdown));
    record_clear (&RECORD_synthesis, &synthesis);
    bytes_clear (&raw);
    return status;
}

const command_t CMD_session_synthesize = {
    .noun = "session", .verb = "synthesize", .method = METHOD_session_synthesize, .hidden = "markdown", .run = run};
