#include "commands.h"
#include "output.h"
#include "wait.h"

#include <string.h>

OPTIONS (
    migrate, struct { bool wait; }, OPTION (wait, FIELD_FLAG, 0, NULL, "wait until it has moved, or was undone"));

/*  "prepare ● freeze ● accept ○ …" on one line that changes. */
static void show_progress (cli_t *cli, const session_t *session, uint64_t number)
{
    if (!cli->progress)
        return;
    bool current = session->migrating && session->migration.number == number;
    unsigned done = current ? (unsigned) session->migration.step : (unsigned) migration_step_count;
    fprintf (cli->err, "\r\033[K");
    for (unsigned step = 1; step < migration_step_count; step++)
        fprintf (cli->err, "%s %s  ",
                 step < done    ? "\u25cf"
                 : step == done ? "\u25d0"
                                : "\u25cb",
                 enum_name (&migration_step_names, step));
    fprintf (cli->err, "%s", current ? "" : "\n");
    fflush (cli->err);
}

static baton_status await_end (cli_t *cli, const migration_plan_t *plan, baton_error_t *error)
{
    session_show_request_t request = {.session = plan->session};
    session_t session = {0};
    wait_t wait = wait_begin (cli);
    baton_status status = cli_call (cli, METHOD_session_show, &request, &session, NULL, error);
    while (status == BATON_OK && session.migrating && session.migration.number == plan->migration) {
        show_progress (cli, &session, plan->migration);
        status = wait_past (cli, &wait, METHOD_session_show, &request, session.n, &session, NULL, error);
    }
    bool moved = status == BATON_OK && text_equal (session.lease.node, plan->target);
    if (moved) {
        show_progress (cli, &session, plan->migration);
        output_note (cli, "%s has moved to %s", session.session, plan->target);
    } else if (status == BATON_OK) {
        fputs (cli->progress ? "\n" : "", cli->err);
        status = baton_fail (error, BATON_internal, BATON_REASON_none,
                             "the migration of %s to %s was undone: it stays at %s; baton session log %s says why",
                             session.session, plan->target, session.lease.node ? session.lease.node : "no node",
                             session.session);
    }
    record_clear (&RECORD_session, &session);
    return status;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const migrate_options_t *options = arguments->options;
    migration_plan_t plan = {0};
    baton_bytes_t raw = {0};
    baton_status status = cli_call (cli, METHOD_session_migrate, arguments->request, &plan, &raw, error);
    if (status == BATON_OK)
        status = output_reply (cli, &RECORD_migration_plan, &plan, &raw, error);
    fflush (cli->out);
    if (status == BATON_OK && options->wait && plan.migration > 0)
        status = await_end (cli, &plan, error);
    record_clear (&RECORD_migration_plan, &plan);
    bytes_clear (&raw);
    return status;
}

const command_t CMD_session_migrate = {
    .noun = "session", .verb = "migrate", .method = METHOD_session_migrate, .options = &migrate_options, .run = run};
