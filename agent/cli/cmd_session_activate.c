#include "commands.h"
#include "output.h"

/*  The answer names the run that is under way, whether it is the one that was asked for or the one it has to wait for:
 *  the state at that very position tells. */
static void note_queue (cli_t *cli, const changed_t *changed)
{
    session_show_request_t request = {.session = changed->session, .at = changed->n};
    session_t session = {0};
    bool queued =
        cli_call (cli, METHOD_session_show, &request, &session, NULL, NULL) == BATON_OK && session.queue.count > 0;
    if (queued && session.cause == cause_waiting)
        output_note (cli,
                     "enqueued: it starts when the sessions that it depends on have ended; see: baton session show %s",
                     session.session);
    else if (queued)
        output_note (cli, "enqueued: it starts when run %llu has finished%s", (unsigned long long) session.run.number,
                     session.queue.count > 1 ? ", after the others that wait" : "");
    record_clear (&RECORD_session, &session);
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    changed_t changed = {0};
    baton_bytes_t raw = {0};
    baton_status status = cli_call (cli, METHOD_session_activate, arguments->request, &changed, &raw, error);
    if (status == BATON_OK)
        status = output_reply (cli, &RECORD_changed, &changed, &raw, error);
    if (status == BATON_OK && cli->output == OUTPUT_table)
        note_queue (cli, &changed);
    record_clear (&RECORD_changed, &changed);
    bytes_clear (&raw);
    return status;
}

const command_t CMD_session_activate = {
    .noun = "session", .verb = "activate", .method = METHOD_session_activate, .run = run};
