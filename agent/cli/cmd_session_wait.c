#include "commands.h"
#include "output.h"
#include "wait.h"

OPTIONS (
    wait, struct { lifecycle_e until; },
    OPTION (until, FIELD_ENUM, 0, &lifecycle_names, "the state to wait for (default: any but running)"));

static bool is_there (const session_t *session, lifecycle_e until)
{
    return until == lifecycle_none ? session->state != lifecycle_running : session->state == until;
}

static baton_status print_state (cli_t *cli, const session_t *session, baton_error_t *error)
{
    /*  Borrowed, so never cleared. */
    changed_t changed = {.session = session->session,
                         .n = session->n,
                         .state = session->state,
                         .cause = session->cause,
                         .run = session->run.number};
    return output_record (cli, &RECORD_changed, &changed, error);
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const wait_options_t *options = arguments->options;
    session_t session = {0};
    wait_t wait = wait_begin (cli);
    baton_status status = cli_call (cli, METHOD_session_show, arguments->request, &session, NULL, error);
    while (status == BATON_OK && !is_there (&session, options->until)) {
        if (session.state == lifecycle_terminated) {
            status = baton_fail (error, BATON_failed_precondition, BATON_REASON_wrong_state,
                                 "session %s has ended and will never be %s", session.session,
                                 enum_name (&lifecycle_names, options->until));
            break;
        }
        status = wait_past (cli, &wait, METHOD_session_show, arguments->request, session.n, &session, NULL, error);
    }
    if (status == BATON_OK)
        status = print_state (cli, &session, error);
    record_clear (&RECORD_session, &session);
    return status;
}

const command_t CMD_session_wait = {.noun = "session",
                                    .verb = "wait",
                                    .method = METHOD_session_show,
                                    .options = &wait_options,
                                    .hidden = "at",
                                    .help = "Wait until a session is in a state",
                                    .run = run};
