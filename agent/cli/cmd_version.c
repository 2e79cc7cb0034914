#include "commands.h"

static baton_status version (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    (void) arguments;
    (void) error;
    fprintf (cli->out, "baton %s\n", BATON_VERSION);
    return BATON_OK;
}

const command_t CMD_version = {.noun = "version", .help = "Print the version of this program", .run = version};
