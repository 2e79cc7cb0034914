#include "catalogue.h"
#include "commands.h"
#include "stdio_door.h"

OPTIONS (
    mcp, struct { char *tools; },
    OPTION (tools, FIELD_LINE, LIMIT_SHORT, NULL,
            "only tools of these nouns, such as session,breakpoint,orchestrator (default: all)"));

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const mcp_options_t *options = arguments->options;
    baton_status status = cli_find_context (cli, error);
    if (status != BATON_OK)
        return status;
    mcp_scope_t scope = {.inside = cli_inside (cli), .local = true, .nouns = options->tools};
    mcp_catalogue_t *catalogue = mcp_catalogue_new (&scope);
    if (!catalogue)
        return baton_fail_memory (error);
    if (json_array_size (mcp_catalogue_tools (catalogue)) == 0)
        status = baton_fail (error, BATON_invalid_argument, BATON_REASON_none, "there are no tools of %s here",
                             options->tools);
    else
        status = stdio_door_run (&cli->context, catalogue, cli->timeout, error);
    mcp_catalogue_destroy (&catalogue);
    return status;
}

const command_t CMD_mcp = {.noun = "mcp",
                           .verb = "",
                           .options = &mcp_options,
                           .help = "Serve the Model Context Protocol on standard input and output, for coding agents",
                           .run = run};
