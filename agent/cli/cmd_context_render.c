/*  The context as it is rendered, for a program to send on: `baton context render --format anthropic > messages.json`.
 */
#include "commands.h"
#include "output.h"

/*  All pages are of one position, also when the session goes on meanwhile. */
static baton_status print_page (cli_t *cli, context_render_request_t *request, rendering_t *ret_total,
                                baton_error_t *error)
{
    rendering_t page = {0};
    baton_status status = cli_call (cli, METHOD_context_render, request, &page, NULL, error);
    if (status == BATON_OK) {
        output_content (cli, page.content.data, page.content.size);
        request->at = page.n;
        request->offset = page.next;
        ret_total->left_out_items = page.left_out_items;
        ret_total->left_out_tokens = page.left_out_tokens;
    }
    record_clear (&RECORD_rendering, &page);
    return status;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    context_render_request_t *request = arguments->request;
    bool all = request->limit == 0;
    rendering_t total = {0};
    if (cli->output != OUTPUT_table)
        return command_run_generic (cli, arguments, error);
    baton_status status = print_page (cli, request, &total, error);
    while (status == BATON_OK && all && request->offset > 0)
        status = print_page (cli, request, &total, error);
    if (status == BATON_OK && total.left_out_items > 0)
        output_note (cli, "%lu items (%lu tokens) are left out", total.left_out_items, total.left_out_tokens);
    return status;
}

const command_t CMD_context_render = {.noun = "context", .verb = "render", .method = METHOD_context_render, .run = run};
