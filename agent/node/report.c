#include "id.h"
#include "log.h"
#include "node_internal.h"
#include "text.h"

#include <inttypes.h>

baton_status report_change (daemon_t *self, const char *session, uint64_t epoch, method_id_t method,
                            const void *request, const char *once, baton_error_t *error)
{
    char key[2 * LIMIT_ID + LIMIT_NAME];
    spooled_t change = {.method = method, .epoch = epoch};
    snprintf (change.session, sizeof change.session, "%s", session);
    int length = snprintf (key, sizeof key, "%s %s %s", session, METHODS[method].name, once);
    digest_of (key, (size_t) length, change.key);
    uint64_t id;
    baton_status status = record_encode (&METHODS[method].type, request, &change.body) == BATON_OK
                              ? spool_add (self->db, &change, &id, error)
                              : baton_fail_memory (error);
    spooled_clear (&change);
    return status;
}

static void name_attempt (uint64_t run, uint64_t attempt, uint64_t epoch, char ret_once[48])
{
    snprintf (ret_once, 48, "%" PRIu64 ".%" PRIu64 ".%" PRIu64, run, attempt, epoch);
}

baton_status report_started (void *arg, const attempt_t *attempt, baton_error_t *error)
{
    char once[48];
    run_started_request_t request = {
        .session = (char *) attempt->session, .run = attempt->run, .attempt = attempt->attempt};
    name_attempt (attempt->run, attempt->attempt, attempt->epoch, once);
    return report_change (arg, attempt->session, attempt->epoch, METHOD_run_started, &request, once, error);
}

baton_status report_ended (void *arg, const attempt_t *attempt, const run_exit_t *exit, baton_error_t *error)
{
    char once[48];
    run_finished_request_t request = {.session = (char *) attempt->session,
                                      .run = attempt->run,
                                      .attempt = exit->kind == EXIT_error ? 0 : attempt->attempt,
                                      .exit_code = exit->kind == EXIT_code ? exit->number : 0,
                                      .signal = exit->kind == EXIT_signal ? exit->number : 0,
                                      .lost = exit->kind == EXIT_unknown,
                                      .detail = exit->kind == EXIT_error ? (char *) exit->detail : NULL};
    if (exit->kind == EXIT_unknown)
        request.detail = (char *) "the process that watches the run was killed; what was left of the run is killed too";
    if (((const daemon_t *) arg)->ending) { /*  whatever it exited with, it was not done */
        request.lost = true;
        request.exit_code = request.signal = 0;
        request.detail = (char *) "its node was stopped";
    }
    name_attempt (attempt->run, attempt->attempt, attempt->epoch, once);
    return report_change (arg, attempt->session, attempt->epoch, METHOD_run_finished, &request, once, error);
}

/*  What went wrong, as a report may say it: one that is refused would never come to an end. */
static char *line_of (const char *text, char ret_line[LIMIT_SHORT])
{
    snprintf (ret_line, LIMIT_SHORT, "%s", text ? text : "");
    text_line (ret_line, LIMIT_SHORT - 1);
    return ret_line;
}

void report_gone (daemon_t *self, const assignment_t *assignment, bool never, const char *detail)
{
    char once[48], line[LIMIT_SHORT];
    baton_error_t error;
    run_finished_request_t request = {.session = assignment->session,
                                      .run = assignment->run.number,
                                      .attempt = never ? 0 : assignment->run.attempt,
                                      .lost = !never,
                                      .detail = line_of (detail, line)};
    name_attempt (assignment->run.number, request.attempt, assignment->lease.epoch, once);
    if (report_change (self, assignment->session, assignment->lease.epoch, METHOD_run_finished, &request, once,
                       &error) == BATON_OK)
        courier_send (self->courier, assignment->session);
    else
        log_error ("the end of run %" PRIu64 " of %s can't be reported yet: %s", assignment->run.number,
                   assignment->session, error.message);
}

static bool is_message (method_id_t method)
{
    return method == METHOD_message_send || method == METHOD_message_reply || method == METHOD_message_broadcast;
}

baton_status report_refused (daemon_t *self, const spooled_t *change, const link_answer_t *answer, baton_error_t *error)
{
    char once[32 + sizeof change->key];
    change_refused_request_t request = {.session = (char *) change->session,
                                        .run = change->run,
                                        .method = (char *) METHODS[change->method].name,
                                        .reason = answer->failure->reason,
                                        .detail = answer->failure->message};
    if (is_message (change->method))
        request.request = change->body;
    snprintf (once, sizeof once, "%" PRIu64 " %s", change->run, change->key);
    log_warning ("nobody is there any more to be told that: session %s keeps it in its journal", change->session);
    return report_change (self, change->session, change->epoch, METHOD_change_refused, &request, once, error);
}

static const assignment_t *find_assignment (const daemon_t *self, const char *session)
{
    for (size_t i = 0; i < self->page.assignments.count; i++)
        if (text_equal (self->page.assignments.items[i].session, session))
            return &self->page.assignments.items[i];
    return NULL;
}

/*  The requests have the same first fields; each is made from its own type all the same. */
static baton_status add_migration_report (daemon_t *self, const assignment_t *assignment, uint64_t number,
                                          method_id_t method, const char *text, baton_error_t *error)
{
    char once[128], line[LIMIT_SHORT];
    char *session = assignment->session;
    const void *request = NULL;
    migration_prepared_request_t prepared = {.session = session, .migration = number};
    migration_frozen_request_t frozen = {.session = session, .migration = number, .manifest = (char *) text};
    migration_accepted_request_t accepted = {.session = session,
                                             .migration = number,
                                             .manifest = (char *) text,
                                             .bytes = move_bytes (self->move, session, number)};
    migration_failed_request_t failed = {.session = session, .migration = number, .detail = line_of (text, line)};
    if (method == METHOD_migration_prepared)
        request = &prepared;
    else if (method == METHOD_migration_frozen)
        request = &frozen;
    else
        request = method == METHOD_migration_accepted ? (const void *) &accepted : (const void *) &failed;
    snprintf (once, sizeof once, "%" PRIu64 " %.80s", number, text ? text : "");
    return report_change (self, session, assignment->lease.epoch, method, request, once, error);
}

bool report_migration (daemon_t *self, const char *session, uint64_t migration, method_id_t method, const char *text)
{
    baton_error_t error;
    const assignment_t *assignment = find_assignment (self, session);
    if (!assignment || assignment->migration.number != migration)
        return true; /*  it was undone meanwhile */
    if (add_migration_report (self, assignment, migration, method, text, &error) == BATON_OK) {
        courier_send (self->courier, session);
        return true;
    }
    log_error ("a step of the move of %s can't be reported yet: %s", session, error.message);
    return false;
}
