#include "commands.h"
#include "detect.h"

#include <stdlib.h>

OPTIONS (
    create, struct { bool here; },
    OPTION (here, FIELD_FLAG, 0, NULL,
            "work in what the current folder is part of: sets --workspace, and labels vcs and project"));

/*  A label that was given stays. */
static baton_status label (baton_pairs_t *labels, const char *key, const char *value, baton_error_t *error)
{
    if (!value || pairs_get (labels, key))
        return BATON_OK;
    return pairs_set (labels, key, value) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

static baton_status bind_here (session_create_request_t *request, baton_error_t *error)
{
    workspace_report_t report = {0};
    if (request->workspace)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, "here",
                                 "give either --here or --workspace");
    baton_status status = workspace_detect (".", getenv ("HOME"), &report, error);
    if (status == BATON_OK && text_set (&request->workspace, report.root) != BATON_OK)
        status = baton_fail_memory (error);
    if (status == BATON_OK)
        status = label (&request->labels, "vcs", report.vcs.kind, error);
    if (status == BATON_OK)
        status = label (&request->labels, "project", report.project.kind, error);
    record_clear (&RECORD_workspace_report, &report);
    return status;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const create_options_t *options = arguments->options;
    baton_status status = options->here ? bind_here (arguments->request, error) : BATON_OK;
    return status == BATON_OK ? command_run_generic (cli, arguments, error) : status;
}

const command_t CMD_session_create = {
    .noun = "session", .verb = "create", .method = METHOD_session_create, .options = &create_options, .run = run};
