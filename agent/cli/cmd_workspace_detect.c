#include "commands.h"
#include "detect.h"
#include "output.h"
#include "output_internal.h"

#include <stdlib.h>

OPTIONS (
    detect, struct { char *directory; },
    OPTION (directory, FIELD_LINE, LIMIT_PATH, NULL, "a folder (default: the one you are in)"));

/*  The fields name a workspace in one line: its members come after it. */
static baton_status print_members (cli_t *cli, const workspace_report_t *report, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < report->workspaces.count && status == BATON_OK; i++) {
        const workspace_group_t *group = &report->workspaces.items[i];
        char heading[LIMIT_PATH + 32];
        snprintf (heading, sizeof heading, "members in %s (%s)", group->root, group->file);
        if (group->members.count > 0) {
            output_heading (cli, heading);
            status = output_rows (cli, &RECORD_workspace_member, (const void *) &group->members, error);
        }
    }
    return status;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const detect_options_t *options = arguments->options;
    workspace_report_t report = {0};
    baton_status status =
        workspace_detect (options->directory ? options->directory : ".", getenv ("HOME"), &report, error);
    if (status == BATON_OK)
        status = output_record (cli, &RECORD_workspace_report, &report, error);
    if (status == BATON_OK && cli->output == OUTPUT_table)
        status = print_members (cli, &report, error);
    if (status == BATON_OK && text_equal (report.found_by, "nothing"))
        output_note (cli, "nothing from here up to %s says what this is", report.root);
    record_clear (&RECORD_workspace_report, &report);
    return status;
}

const command_t CMD_workspace_detect = {.noun = "workspace",
                                        .verb = "detect",
                                        .options = &detect_options,
                                        .positionals = "directory",
                                        .help = "Say what a folder is part of: root, kind, version control, projects",
                                        .run = run};
