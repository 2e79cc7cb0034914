#include "output_internal.h"
#include "table.h"
#include "tally.h"
#include "terminal.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

#define NAME_WIDTH 10

static void print_question (cli_t *cli, const breakpoint_view_t *view)
{
    fprintf (cli->out, "%s%s%s\n", cli->colour ? COLOUR_BOLD : "", view->breakpoint.title,
             cli->colour ? COLOUR_END : "");
    if (view->body && view->keys.count == 0) {
        fputc ('\n', cli->out);
        output_content (cli, view->body, strlen (view->body));
        fputs (view->body[strlen (view->body) - 1] == '\n' ? "" : "\n", cli->out);
    }
}

static baton_status print_votes (cli_t *cli, const breakpoint_t *breakpoint, baton_error_t *error)
{
    const rows_t votes = {breakpoint->votes.count, (const char *) breakpoint->votes.items};
    char *missing = tally_missing (breakpoint);
    baton_status status = BATON_OK;
    if (votes.count > 0) {
        output_heading (cli, "votes");
        status = output_rows (cli, &RECORD_vote, &votes, error);
    }
    fputc ('\n', cli->out);
    if (missing)
        output_field (cli, NAME_WIDTH, "needed", missing, COLOUR_WARN);
    if (breakpoint->outcome)
        output_field (cli, NAME_WIDTH, "outcome", breakpoint->outcome, NULL);
    free (missing);
    return status;
}

static void print_rest (cli_t *cli, const breakpoint_view_t *view)
{
    static const struct {
        const char *name, *path;
    } LINES[] = {
        {"answer", "breakpoint.value"},
        {"breakpoint", "session/breakpoint.number"},
        {"session", "session_title"},
        {"state", "breakpoint.state"},
        {"kind", "breakpoint.kind"},
        {"options", "breakpoint.options"},
        {"policy", "breakpoint.policy"},
        {"asked by", "breakpoint.requester"},
        {"run", "breakpoint.run"},
        {"key", "breakpoint.key"},
        {"schema", "schema"},
        {"opened", "breakpoint.opened_at"},
        {"deadline", "breakpoint.deadline"},
        {"then", "breakpoint.on_expiry/breakpoint.expiry_option"},
        {"escalated", "breakpoint.escalated"},
        {"decided", "breakpoint.decided_at"},
        {"claimed by", "breakpoint.claimed_by"},
        {"digest", "breakpoint.digest"},
    };
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++) {
        char *text = terminal_clean (view_path (&RECORD_breakpoint_view, view, LINES[i].path));
        if (text)
            output_field (cli, NAME_WIDTH, LINES[i].name, text, NULL);
        free (text);
    }
}

baton_status output_breakpoint (cli_t *cli, const breakpoint_view_t *view, baton_error_t *error)
{
    const rows_t present = {view->breakpoint.present.count, (const char *) view->breakpoint.present.items};
    const rows_t comments = {view->comments.count, (const char *) view->comments.items};
    const rows_t keys = {view->keys.count, (const char *) view->keys.items};
    print_question (cli, view);
    baton_status status = BATON_OK;
    if (keys.count > 0) {
        output_heading (cli, "conflicts");
        status = output_rows (cli, &RECORD_merge_key, &keys, error);
    }
    if (status == BATON_OK)
        status = print_votes (cli, &view->breakpoint, error);
    if (status == BATON_OK)
        print_rest (cli, view);
    if (status == BATON_OK && present.count > 0) {
        output_heading (cli, "present");
        status = output_rows (cli, &RECORD_presence, &present, error);
    }
    if (status == BATON_OK && comments.count > 0) {
        output_heading (cli, "comments");
        status = output_rows (cli, &RECORD_comment, &comments, error);
    }
    return status;
}
