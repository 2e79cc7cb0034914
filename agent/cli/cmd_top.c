#include "commands.h"
#include "top.h"

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    (void) arguments;
    tui_t *tui = NULL;
    baton_status status = tui_new (cli, "baton top", &tui, error);
    if (status == BATON_OK)
        status = top_run (tui, error);
    tui_destroy (&tui);
    return status;
}

const command_t CMD_top = {.noun = "top",
                           .positionals = "",
                           .help = "Sessions, runs, breakpoints and nodes, live on the terminal; vote from there",
                           .run = run};
