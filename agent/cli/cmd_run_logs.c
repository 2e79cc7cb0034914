#include "commands.h"
#include "terminal.h"
#include "wait.h"

#define PAUSE 200 /*  milliseconds between two looks at a log that has not grown */

OPTIONS (
    logs, struct { bool follow; }, OPTION (follow, FIELD_FLAG, 0, NULL, "go on until the run has finished (-f)"));

/*  A log that is read: of one run, and of one attempt at it at a time. */
typedef struct {
    run_logs_request_t *request;
    uint64_t attempt;
    bool follow;
    bool all;   /*  more than one page */
    bool heard; /*  the node has answered once */
    terminal_filter_t filter;
} reader_t;

/*  As it is for a program; but a terminal would obey what a run prints. */
static void print_content (cli_t *cli, terminal_filter_t *filter, const baton_bytes_t *content)
{
    if (cli->width > 0)
        terminal_write (filter, cli->out, content->data, content->size);
    else
        fwrite (content->data, 1, content->size, cli->out);
}

/*  "The last run" must not become another one while we read; and a run that has moved prints on from the beginning of
 *  another log. */
static baton_status look (cli_t *cli, reader_t *reader, baton_error_t *error)
{
    run_logs_request_t *request = reader->request;
    session_show_request_t show = {.session = request->session};
    session_t session = {0};
    baton_status status = cli_call (cli, METHOD_session_show, &show, &session, NULL, error);
    if (request->run == 0)
        request->run = session.run.number;
    if (request->run > 0 && request->run == session.run.number && session.run.attempt > reader->attempt) {
        request->offset = reader->attempt > 0 ? 0 : request->offset;
        reader->attempt = session.run.attempt;
    }
    record_clear (&RECORD_session, &session);
    if (status == BATON_OK && request->run == 0)
        return baton_fail (error, BATON_not_found, BATON_REASON_no_such_run, "session %s has had no run yet",
                           request->session);
    return status;
}

/*  Prints a page; *ret_more says whether another may follow at once. */
static baton_status print_page (cli_t *cli, reader_t *reader, bool *ret_more, bool *ret_end, baton_error_t *error)
{
    log_page_t page = {0};
    baton_status status = reader->follow ? look (cli, reader, error) : BATON_OK;
    if (status == BATON_OK)
        status = cli_call (cli, METHOD_run_logs, reader->request, &page, NULL, error);
    if (status == BATON_OK) {
        if (page.content.size > 0)
            print_content (cli, &reader->filter, &page.content);
        reader->request->offset = page.next; /*  also when it lies before: the log began anew */
        reader->heard = true;
        *ret_more = page.content.size > 0;
        *ret_end = page.end;
    }
    record_clear (&RECORD_log_page, &page);
    return status;
}

/*  A node that is away keeps its logs: whoever follows waits for it. */
static bool is_passing (const reader_t *reader, baton_status status)
{
    return reader->follow && reader->heard && (status == BATON_unavailable || status == BATON_deadline_exceeded);
}

static baton_status print_log (cli_t *cli, reader_t *reader, baton_error_t *error)
{
    wait_t wait = wait_begin (cli);
    for (;;) {
        bool more = false, end = false;
        baton_status status = print_page (cli, reader, &more, &end, error);
        if (status != BATON_OK && !is_passing (reader, status))
            return status;
        if (end || (!reader->follow && (!reader->all || !more)))
            return BATON_OK;
        fflush (cli->out);
        if (status == BATON_unavailable && error->reason == BATON_REASON_unreachable)
            cli_note_away (cli);
        if (!more && wait_pause (&wait, PAUSE, error) != BATON_OK)
            return BATON_deadline_exceeded;
    }
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const logs_options_t *options = arguments->options;
    run_logs_request_t *request = arguments->request;
    if (cli->output != OUTPUT_table)
        return command_run_generic (cli, arguments, error);
    reader_t reader = {.request = request, .follow = options->follow, .all = request->limit == 0};
    baton_status status = look (cli, &reader, error);
    return status == BATON_OK ? print_log (cli, &reader, error) : status;
}

const command_t CMD_run_logs = {
    .noun = "run", .verb = "logs", .method = METHOD_run_logs, .options = &logs_options, .run = run};
