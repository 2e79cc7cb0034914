#include "commands.h"
#include "output.h"

/*  A merge is of what sessions know. Who has worked in a workspace of the branch's own has to fetch its files. */
static void note_files (cli_t *cli, const merge_plan_t *plan)
{
    session_show_request_t request = {.session = plan->merge.from};
    session_t from = {0};
    if (cli_call (cli, METHOD_session_show, &request, &from, NULL, NULL) == BATON_OK && from.home &&
        from.forked_from.session && from.forked_from.workspace != fork_workspace_shared)
        output_note (cli, "files are not merged: those of %s are in its own workspace at %s%s%s", from.session,
                     from.home,
                     from.forked_from.workspace == fork_workspace_worktree ? ", on the git branch baton/" : "",
                     from.forked_from.workspace == fork_workspace_worktree ? from.session : "");
    record_clear (&RECORD_session, &from);
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    merge_plan_t plan = {0};
    baton_bytes_t raw = {0};
    baton_status status = cli_call (cli, METHOD_session_merge, arguments->request, &plan, &raw, error);
    if (status == BATON_OK)
        status = output_reply (cli, &RECORD_merge_plan, &plan, &raw, error);
    if (status == BATON_OK && cli->output == OUTPUT_table)
        note_files (cli, &plan);
    record_clear (&RECORD_merge_plan, &plan);
    bytes_clear (&raw);
    return status;
}

const command_t CMD_session_merge = {.noun = "session", .verb = "merge", .method = METHOD_session_merge, .run = run};
