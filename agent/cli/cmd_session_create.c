#include "bootstrap.h"
#include "commands.h"
#include "detect.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE (LIMIT_PATH + 1)

OPTIONS (
    create,
    struct {
        bool here;
        bool agents_md;
        baton_texts_t files;
    },
    OPTION (here, FIELD_FLAG, 0, NULL,
            "work in what the current folder is part of: sets --workspace, and labels vcs and project"),
    OPTION (agents_md, FIELD_FLAG, 0, NULL,
            "begin with the workspace's AGENTS.md files, from its root down to what is bound (with --here: to this "
            "folder)"),
    OPTION (files, FIELD_TEXTS, LIMIT_BOOTSTRAP, NULL,
            "begin with this file of the workspace, or of the current folder when there is none"));

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

/*  The current folder inside the workspace; "" when it is not. */
static void folder_here (const char *workspace, char ret_folder[PATH_SIZE])
{
    char root[PATH_SIZE], here[PATH_SIZE];
    *ret_folder = '\0';
    if (!realpath (workspace, root) || !getcwd (here, sizeof here))
        return;
    size_t length = strlen (root);
    if (strncmp (here, root, length) == 0 && here[length] == '/')
        strcpy (ret_folder, here + length + 1);
}

/*  Read before the session is created and sent with it: a session that was begun halfway is never seen. */
static baton_status bootstrap (const create_options_t *options, session_create_request_t *request, baton_error_t *error)
{
    char here[PATH_SIZE] = "";
    baton_texts_t folders = {0};
    if (!options->agents_md && options->files.count == 0)
        return BATON_OK;
    baton_status status =
        options->agents_md || request->workspace ? bootstrap_check (request->workspace, error) : BATON_OK;
    if (status != BATON_OK)
        return status;
    if (options->here)
        folder_here (request->workspace, here);
    if (options->agents_md && bootstrap_folders (request->bindings.items, request->bindings.count, request->workspace,
                                                 here, &folders) != BATON_OK)
        status = baton_fail_memory (error);
    bootstrap_t bootstrap = {request->workspace, options->agents_md ? &folders : NULL, &options->files};
    if (status == BATON_OK)
        status = bootstrap_read (&bootstrap, &request->bootstrap, error);
    texts_clear (&folders);
    return status;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const create_options_t *options = arguments->options;
    baton_status status = options->here ? bind_here (arguments->request, error) : BATON_OK;
    if (status == BATON_OK)
        status = bootstrap (options, arguments->request, error);
    return status == BATON_OK ? command_run_generic (cli, arguments, error) : status;
}

const command_t CMD_session_create = {.noun = "session",
                                      .verb = "create",
                                      .method = METHOD_session_create,
                                      .options = &create_options,
                                      .hidden = "bootstrap",
                                      .run = run};
