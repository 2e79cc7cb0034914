#include "commands.h"
#include "output.h"

#include <string.h>

/*  Whoever cancels a session may not know of its children. */
static void note_children (cli_t *cli, const session_cancel_request_t *request, const changed_t *changed)
{
    session_show_request_t show = {.session = changed->session, .at = changed->n};
    session_t session = {0};
    uint64_t alive = 0;
    if (cli_call (cli, METHOD_session_show, &show, &session, NULL, NULL) == BATON_OK)
        for (size_t i = 0; i < session.children.count; i++)
            alive += session.children.items[i].alive;
    if (request->dry_run)
        output_note (cli, "nothing was changed: it would be cancelled");
    if (alive > 0 && request->dry_run)
        output_note (cli, "sessions below it that would go on: %llu; cancel them, too, with --tree",
                     (unsigned long long) alive);
    else if (alive > 0)
        output_note (cli, "sessions below it that go on: %llu; end them, too, with baton session cancel %s --tree",
                     (unsigned long long) alive, session.session);
    record_clear (&RECORD_session, &session);
}

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
    if (status == BATON_OK && cli->output == OUTPUT_table && !request->tree)
        note_children (cli, request, &changed);
    record_clear (&RECORD_changed, &changed);
    bytes_clear (&raw);
    return status;
}

const command_t CMD_session_cancel = {.noun = "session", .verb = "cancel", .method = METHOD_session_cancel, .run = run};
