#include "commands.h"
#include "wait.h"

#define PAUSE 200 /*  milliseconds between two looks at a log that has not grown */

OPTIONS (
    logs, struct { bool follow; }, OPTION (follow, FIELD_FLAG, 0, NULL, "go on until the run has finished (-f)"));

/*  "The last run" must not become another one while we read. */
static baton_status fix_run (cli_t *cli, run_logs_request_t *request, baton_error_t *error)
{
    if (request->run > 0)
        return BATON_OK;
    session_show_request_t show = {.session = request->session};
    session_t session = {0};
    baton_status status = cli_call (cli, METHOD_session_show, &show, &session, NULL, error);
    request->run = session.run.number;
    record_clear (&RECORD_session, &session);
    if (status == BATON_OK && request->run == 0)
        return baton_fail (error, BATON_not_found, BATON_REASON_no_such_run, "session %s has had no run yet",
                           request->session);
    return status;
}

/*  A node that is away keeps its logs: whoever follows waits for it. */
static bool is_passing (baton_status status)
{
    return status == BATON_unavailable || status == BATON_deadline_exceeded;
}

static baton_status print_log (cli_t *cli, run_logs_request_t *request, bool follow, baton_error_t *error)
{
    bool all = request->limit == 0, heard = false;
    wait_t wait = wait_begin (cli);
    for (;;) {
        log_page_t page = {0};
        baton_status status = cli_call (cli, METHOD_run_logs, request, &page, NULL, error);
        bool away = follow && heard && is_passing (status), end = page.end, empty = page.content.size == 0;
        heard = heard || status == BATON_OK;
        if (status == BATON_OK) {
            fwrite (page.content.data ? page.content.data : (const uint8_t *) "", 1, page.content.size, cli->out);
            request->offset = page.next > request->offset ? page.next : request->offset;
        }
        record_clear (&RECORD_log_page, &page);
        if (status != BATON_OK && !away)
            return status;
        if (!away && (end || (!follow && (!all || empty))))
            return BATON_OK;
        fflush (cli->out);
        if ((away || empty) && wait_pause (&wait, PAUSE, error) != BATON_OK)
            return BATON_deadline_exceeded;
    }
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const logs_options_t *options = arguments->options;
    if (cli->output != OUTPUT_table)
        return command_run_generic (cli, arguments, error);
    baton_status status = fix_run (cli, arguments->request, error);
    return status == BATON_OK ? print_log (cli, arguments->request, options->follow, error) : status;
}

const command_t CMD_run_logs = {
    .noun = "run", .verb = "logs", .method = METHOD_run_logs, .options = &logs_options, .run = run};
