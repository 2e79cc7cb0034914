#include "commands.h"
#include "output.h"

#include <string.h>

/*  With --tree, people get a row for each session that ends. */
static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const session_cancel_request_t *request = arguments->request;
    changed_t changed = {0};
    baton_bytes_t raw = {0};
    bool rows = request->tree && (cli->output == OUTPUT_table || cli->output == OUTPUT_name);
    baton_status status = cli_call (cli, METHOD_session_cancel, request, &changed, &raw, error);
    if (status == BATON_OK && rows) {
        output_note (cli, "%s, as they were before:", request->dry_run ? "would be cancelled" : "cancelled");
        child_page_t page = {0}; /*  borrows, so it is never cleared */
        memcpy (&page.children, &changed.tree, sizeof page.children);
        status = output_record (cli, &RECORD_child_page, &page, error);
    } else if (status == BATON_OK)
        status = output_reply (cli, &RECORD_changed, &changed, &raw, error);
    record_clear (&RECORD_changed, &changed);
    bytes_clear (&raw);
    return status;
}

const command_t CMD_session_cancel = {.noun = "session", .verb = "cancel", .method = METHOD_session_cancel, .run = run};
