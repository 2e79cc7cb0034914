#include "commands.h"
#include "json.h"
#include "output.h"
#include "view.h"
#include "wait.h"

#include <stdlib.h>
#include <string.h>

OPTIONS (
    ask, struct { bool wait; }, OPTION (wait, FIELD_FLAG, 0, NULL, "wait until it is decided, and print the outcome"));

/*  What the caller's script branches on. An outcome by the deadline's declared option counts as that option; one that
 *  was voted for counts as such, also when it is called "expired". */
static int code_of (const breakpoint_t *breakpoint)
{
    if (breakpoint->state == breakpoint_state_cancelled)
        return EXIT_cancelled;
    if (breakpoint->state == breakpoint_state_expired && breakpoint->on_expiry != expiry_option)
        return EXIT_expired;
    return breakpoint->kind == breakpoint_kind_approval && text_equal (breakpoint->outcome, "reject") ? EXIT_rejected
                                                                                                      : EXIT_ok;
}

static void print_outcome (cli_t *cli, const breakpoint_t *breakpoint)
{
    char *value = view_path (&RECORD_breakpoint, breakpoint, "value");
    char *outcome = view_path (&RECORD_breakpoint, breakpoint, breakpoint->outcome ? "outcome" : "state");
    const char *text = value ? value : outcome ? outcome : "";
    output_content (cli, text, strlen (text));
    fputc ('\n', cli->out);
    free (value);
    free (outcome);
}

static baton_status await_decision (cli_t *cli, const changed_t *asked, baton_error_t *error)
{
    breakpoint_show_request_t request = {.session = asked->session, .breakpoint = asked->breakpoint};
    breakpoint_view_t view = {0};
    baton_bytes_t raw = {0};
    wait_t wait = wait_begin (cli);
    baton_status status = cli_call (cli, METHOD_breakpoint_show, &request, &view, &raw, error);
    while (status == BATON_OK && view.breakpoint.state == breakpoint_state_open) {
        bytes_clear (&raw);
        status = wait_past (cli, &wait, METHOD_breakpoint_show, &request, view.n, &view, &raw, error);
    }
    if (status == BATON_OK) {
        cli->exit_code = code_of (&view.breakpoint);
        if (cli->output == OUTPUT_json || cli->output == OUTPUT_jsonl)
            status = output_reply (cli, &RECORD_breakpoint_view, &view, &raw, error);
        else
            print_outcome (cli, &view.breakpoint);
    }
    record_clear (&RECORD_breakpoint_view, &view);
    bytes_clear (&raw);
    return status;
}

static bool is_object (const baton_bytes_t *value)
{
    json_t *json = json_from_value (value->data, value->size);
    bool object = json_is_object (json);
    json_decref (json);
    return object;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const ask_options_t *options = arguments->options;
    const breakpoint_ask_request_t *request = arguments->request;
    if (request->schema.size > 0 && !is_object (&request->schema))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, "schema",
                                 "--schema must be a JSON object");
    if (!options->wait)
        return command_run_generic (cli, arguments, error);
    changed_t asked = {0};
    baton_status status = cli_call (cli, METHOD_breakpoint_ask, arguments->request, &asked, NULL, error);
    if (status == BATON_OK && cli->progress)
        output_note (cli, "waiting for breakpoint %s/%llu", asked.session, (unsigned long long) asked.breakpoint);
    if (status == BATON_OK)
        status = await_decision (cli, &asked, error);
    record_clear (&RECORD_changed, &asked);
    return status;
}

const command_t CMD_breakpoint_ask = {.noun = "breakpoint",
                                      .verb = "ask",
                                      .method = METHOD_breakpoint_ask,
                                      .options = &ask_options,
                                      .positionals = "session",
                                      .run = run};
