#include "commands.h"
#include "json.h"
#include "output.h"
#include "view.h"
#include "wait.h"

#include <stdlib.h>
#include <string.h>

static int code_of (receipt_e receipt)
{
    return receipt == receipt_answered ? EXIT_ok : receipt == receipt_expired ? EXIT_expired : EXIT_cancelled;
}

/*  People and scripts get the answer and nothing else. */
static baton_status print_outcome (cli_t *cli, const outcome_t *outcome, const baton_bytes_t *raw, baton_error_t *error)
{
    if (cli->output == OUTPUT_json || cli->output == OUTPUT_jsonl)
        return output_reply (cli, &RECORD_outcome, outcome, raw, error);
    char *text = view_path (&RECORD_outcome, outcome, outcome->receipt == receipt_answered ? "body" : "receipt");
    output_content (cli, text ? text : "", text ? strlen (text) : 0);
    fputc ('\n', cli->out);
    free (text);
    return BATON_OK;
}

/*  Inside a run the answer came to its own mailbox, too: it has been heard. */
static void take (cli_t *cli, char *session, const outcome_t *outcome)
{
    message_read_request_t request = {.session = session, .id = outcome->message};
    changed_t changed = {0};
    baton_error_t ignored = {0};
    if (cli_inside (cli) && outcome->message &&
        cli_call (cli, METHOD_message_read, &request, &changed, NULL, &ignored) != BATON_OK)
        output_note (cli, "the answer stays in the inbox: %s", ignored.message);
    record_clear (&RECORD_changed, &changed);
}

static baton_status await_answer (cli_t *cli, char *session, char *id, baton_error_t *error)
{
    message_outcome_request_t request = {.session = session, .id = id};
    outcome_t outcome = {0};
    baton_bytes_t raw = {0};
    wait_t wait = wait_begin (cli);
    baton_status status = cli_call (cli, METHOD_message_outcome, &request, &outcome, &raw, error);
    while (status == BATON_OK && outcome.receipt == receipt_none) {
        bytes_clear (&raw);
        status = wait_past (cli, &wait, METHOD_message_outcome, &request, outcome.n, &outcome, &raw, error);
    }
    if (status == BATON_OK) {
        cli->exit_code = code_of (outcome.receipt);
        status = print_outcome (cli, &outcome, &raw, error);
        take (cli, session, &outcome);
    }
    record_clear (&RECORD_outcome, &outcome);
    bytes_clear (&raw);
    return status;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    message_send_request_t *request = arguments->request;
    changed_t sent = {0};
    request->wants_reply = true;
    if (request->ttl == 0)
        request->ttl = cli->timeout;
    baton_status status = cli_call (cli, METHOD_message_send, request, &sent, NULL, error);
    if (status == BATON_OK)
        status = await_answer (cli, cli_inside (cli) ? sent.session : request->to, sent.message, error);
    record_clear (&RECORD_changed, &sent);
    return status;
}

const command_t CMD_message_request = {.noun = "message",
                                       .verb = "request",
                                       .method = METHOD_message_send,
                                       .positionals = "to body",
                                       .hidden = "wants_reply",
                                       .help = "Send a request to a session, and wait for the answer",
                                       .run = run};
