/*  baton console: a link that signs a browser in. */
#include "commands.h"
#include "output.h"
#include "view.h"

#include <spawn.h>
#include <stdlib.h>

extern char **environ;

/*  Where there is a desktop and somebody who looks at it; the link is printed all the same. */
static void open_browser (const char *url)
{
    pid_t child = 0;
    char *arguments[] = {"xdg-open", (char *) url, NULL};
    posix_spawn_file_actions_t files;
    if ((!getenv ("DISPLAY") && !getenv ("WAYLAND_DISPLAY")) || posix_spawn_file_actions_init (&files) != 0)
        return;
    posix_spawn_file_actions_addopen (&files, 1, "/dev/null", 1 /*  O_WRONLY */, 0);
    posix_spawn_file_actions_addopen (&files, 2, "/dev/null", 1, 0);
    (void) posix_spawnp (&child, arguments[0], &files, NULL, arguments, environ);
    posix_spawn_file_actions_destroy (&files);
}

static baton_status console (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    if (cli->output != OUTPUT_table)
        return command_run_generic (cli, arguments, error);
    console_link_t link = {0};
    baton_status status = cli_call (cli, METHOD_console_link, arguments->request, &link, NULL, error);
    if (status != BATON_OK)
        return status;
    char until[VIEW_TIME_SIZE];
    view_time (link.expires_at, until);
    fprintf (cli->out, "%s\n", link.url ? link.url : "");
    if (cli->progress) {
        output_note (cli, "It signs one browser in, until %s", until);
        open_browser (link.url);
    }
    record_clear (&RECORD_console_link, &link);
    return BATON_OK;
}

const command_t CMD_console = {.noun = "console", .method = METHOD_console_link, .run = console};
