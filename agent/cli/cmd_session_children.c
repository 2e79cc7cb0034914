#include "commands.h"
#include "output.h"
#include "wait.h"

OPTIONS (
    children, struct { bool wait; },
    OPTION (wait, FIELD_FLAG, 0, NULL, "wait until all of them have ended, with what is below them"));

static bool any_goes_on (const child_page_t *page)
{
    for (size_t i = 0; i < page->children.count; i++)
        if (page->children.items[i].alive > 0)
            return true;
    return false;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const children_options_t *options = arguments->options;
    child_page_t page = {0};
    baton_bytes_t raw = {0};
    wait_t wait = wait_begin (cli);
    baton_status status = cli_call (cli, METHOD_session_children, arguments->request, &page, &raw, error);
    while (status == BATON_OK && options->wait && any_goes_on (&page)) {
        bytes_clear (&raw);
        status = wait_past (cli, &wait, METHOD_session_children, arguments->request, page.n, &page, &raw, error);
    }
    if (status == BATON_OK)
        status = output_reply (cli, &RECORD_child_page, &page, &raw, error);
    record_clear (&RECORD_child_page, &page);
    bytes_clear (&raw);
    return status;
}

const command_t CMD_session_children = {
    .noun = "session", .verb = "children", .method = METHOD_session_children, .options = &children_options, .run = run};
