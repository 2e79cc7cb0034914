#include "commands.h"
#include "output.h"

/*  A session that nothing wakes sleeps for ever, which is seldom what was meant. */
static void note_waking (cli_t *cli, const changed_t *changed)
{
    session_show_request_t request = {.session = changed->session, .at = changed->n};
    session_t session = {0};
    if (cli_call (cli, METHOD_session_show, &request, &session, NULL, NULL) == BATON_OK &&
        session.state == lifecycle_sleeping && session.triggers.count == 0 && !session.wake_at &&
        !session.wake_on_message && !session.wake_on_family)
        output_note (cli,
                     "nothing wakes it yet: see baton trigger add --help, or wake it with baton session activate %s",
                     session.session);
    record_clear (&RECORD_session, &session);
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    changed_t changed = {0};
    baton_bytes_t raw = {0};
    baton_status status = cli_call (cli, METHOD_session_sleep, arguments->request, &changed, &raw, error);
    if (status == BATON_OK)
        status = output_reply (cli, &RECORD_changed, &changed, &raw, error);
    if (status == BATON_OK && cli->output == OUTPUT_table)
        note_waking (cli, &changed);
    record_clear (&RECORD_changed, &changed);
    bytes_clear (&raw);
    return status;
}

const command_t CMD_session_sleep = {.noun = "session", .verb = "sleep", .method = METHOD_session_sleep, .run = run};
