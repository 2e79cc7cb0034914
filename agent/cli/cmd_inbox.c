#include "commands.h"
#include "output.h"
#include "wait.h"

OPTIONS (
    inbox,
    struct {
        bool wait;
        bool take;
    },
    OPTION (wait, FIELD_FLAG, 0, NULL, "wait until there is a message"),
    OPTION (take, FIELD_FLAG, 0, NULL, "take what was printed from the mailbox"));

/*  Printed first, taken then: a message may be seen twice, but never lost. */
static baton_status take_all (cli_t *cli, char *session, const message_page_t *page, baton_error_t *error)
{
    baton_status status = fflush (cli->out) == 0
                              ? BATON_OK
                              : baton_fail (error, BATON_internal, BATON_REASON_none, "can't write to standard output");
    for (size_t i = 0; i < page->messages.count && status == BATON_OK; i++) {
        message_read_request_t request = {.session = session, .id = page->messages.items[i].letter.id};
        changed_t changed = {0};
        status = cli_call (cli, METHOD_message_read, &request, &changed, NULL, error);
        record_clear (&RECORD_changed, &changed);
        if (status == BATON_not_found)
            status = BATON_OK; /*  another reader took it */
    }
    return status;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const inbox_options_t *options = arguments->options;
    message_list_request_t *request = arguments->request;
    message_page_t page = {0};
    baton_bytes_t raw = {0};
    wait_t wait = wait_begin (cli);
    baton_status status = cli_call (cli, METHOD_message_list, request, &page, &raw, error);
    while (status == BATON_OK && options->wait && page.messages.count == 0) {
        bytes_clear (&raw);
        status = wait_past (cli, &wait, METHOD_message_list, request, page.n, &page, &raw, error);
    }
    if (status == BATON_OK)
        status = output_reply (cli, &RECORD_message_page, &page, &raw, error);
    if (status == BATON_OK && options->take)
        status = take_all (cli, request->session, &page, error);
    record_clear (&RECORD_message_page, &page);
    bytes_clear (&raw);
    return status;
}

const command_t CMD_inbox = {
    .noun = "inbox", .method = METHOD_message_list, .options = &inbox_options, .positionals = "session", .run = run};
