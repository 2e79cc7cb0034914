#include "commands.h"
#include "output.h"
#include "wait.h"

OPTIONS (
    log,
    struct {
        bool follow;
        uint64_t at;
    },
    OPTION (follow, FIELD_FLAG, 0, NULL, "go on with what comes (-f)"),
    OPTION (at, FIELD_UINT, 0, NULL, "show the session's state as it was at this position instead"));

/*  The journal up to a position folds to the state there. */
static baton_status show_at (cli_t *cli, char *session, uint64_t at, baton_error_t *error)
{
    session_show_request_t request = {.session = session, .at = at};
    session_t state = {0};
    baton_bytes_t raw = {0};
    baton_status status = cli_call (cli, METHOD_session_show, &request, &state, &raw, error);
    if (status == BATON_OK)
        status = output_reply (cli, &RECORD_session, &state, &raw, error);
    record_clear (&RECORD_session, &state);
    bytes_clear (&raw);
    return status;
}

/*  Prints a page, and moves request->after behind it. */
static baton_status print_page (cli_t *cli, const event_page_t *page, session_log_request_t *request,
                                baton_error_t *error)
{
    for (size_t i = 0; i < page->events.count; i++) {
        baton_status status = output_event (cli, &page->events.items[i], STREAM_session, error);
        if (status != BATON_OK)
            return status;
        request->after = page->events.items[i].n;
    }
    return BATON_OK;
}

static baton_status print_log (cli_t *cli, session_log_request_t *request, bool follow, baton_error_t *error)
{
    bool all = request->limit == 0 || follow, more = true;
    wait_t wait = wait_begin (cli);
    baton_status status = BATON_OK;
    for (bool waits = false; status == BATON_OK && more;) {
        event_page_t page = {0};
        status = waits ? wait_past (cli, &wait, METHOD_session_log, request, request->after, &page, NULL, error)
                       : cli_call (cli, METHOD_session_log, request, &page, NULL, error);
        if (status == BATON_OK)
            status = print_page (cli, &page, request, error);
        waits = follow && request->after >= page.head;
        more = follow || (all && page.events.count > 0 && request->after < page.head);
        record_clear (&RECORD_event_page, &page);
    }
    return status;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    session_log_request_t *request = arguments->request;
    const log_options_t *options = arguments->options;
    return options->at > 0 ? show_at (cli, request->session, options->at, error)
                           : print_log (cli, request, options->follow, error);
}

const command_t CMD_session_log = {
    .noun = "session", .verb = "log", .method = METHOD_session_log, .options = &log_options, .run = run};
