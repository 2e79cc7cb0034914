#include "files.h"
#include "json.h"
#include "log.h"
#include "node_internal.h"
#include "place.h"
#include "trash.h"

#include <inttypes.h>

#define ACT_MOST 40 /*  milliseconds that the loop may wait for what is to be done */

/*  How long a run may take to reach a safe point. */
static int64_t safe_point_grace (daemon_t *self, const action_t *action)
{
    const driver_t *driver =
        action->assignment ? config_driver (&self->options->config, action->assignment->run.driver) : NULL;
    return driver ? (int64_t) driver->safe_point_grace : GRACE_OF_DRIVER;
}

/*  Where the workspace of the session is that a fork has come from. */
static void place_of_origin (daemon_t *self, const origin_t *origin, char ret_path[PLACE_SIZE])
{
    if (origin->workspace && !ledger_adopted (self->db, origin->session))
        snprintf (ret_path, PLACE_SIZE, "%s", origin->workspace);
    else
        place_workspace_path (self->options->state, origin->session, ret_path);
}

/*  A fork's workspace is made first, unless it shares one; one that came along with an import is fetched. */
baton_status act_workspace (daemon_t *self, const assignment_t *assignment, char ret_path[PLACE_SIZE],
                            baton_error_t *error)
{
    const origin_t *origin = &assignment->origin;
    bool adopted = ledger_adopted (self->db, assignment->session);
    char from[PLACE_SIZE], own[PLACE_SIZE];
    if (assignment->carried > 0) {
        place_workspace_path (self->options->state, assignment->session, own);
        baton_status fetched = carried_workspace (self->carried, self->link, assignment, own, error);
        return fetched == BATON_OK ? place_workspace (self->options->state, assignment, true, ret_path, error)
                                   : fetched;
    }
    if (!origin->session || adopted || !place_possible (origin->session))
        return place_workspace (self->options->state, assignment, adopted, ret_path, error);
    place_of_origin (self, origin, from);
    if (origin->how == fork_workspace_shared) {
        assignment_t shared = {.session = assignment->session, .workspace = from};
        return place_workspace (self->options->state, &shared, false, ret_path, error);
    }
    place_workspace_path (self->options->state, assignment->session, own);
    baton_status status = inherit_workspace (self->inherit, assignment->session, from, origin->how, own, error);
    return status == BATON_OK ? place_workspace (self->options->state, assignment, false, ret_path, error) : status;
}

/* ---- starting ---- */

static baton_status launch (daemon_t *self, const assignment_t *assignment, uint64_t number, baton_error_t *error)
{
    const run_t *run = &assignment->run;
    const driver_t *driver = config_driver (&self->options->config, run->driver);
    if (!driver)
        return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_bad_value, "driver",
                                 "node %s has no driver %s: configure it below drivers", self->name,
                                 run->driver ? run->driver : "default");
    if (move_staged (self->move, assignment->session))
        return baton_fail (error, BATON_unavailable, BATON_REASON_busy,
                           "what was staged of its workspace is being looked at");
    char workspace[PLACE_SIZE], *input = NULL;
    baton_status status = act_workspace (self, assignment, workspace, error);
    if (status != BATON_OK)
        return status;
    input = json_line (run->input.data, run->input.size);
    if (!input)
        return baton_fail_memory (error);
    launch_t launch = {.session = assignment->session,
                       .run = run->number,
                       .attempt = number,
                       .epoch = assignment->lease.epoch,
                       .workspace = workspace,
                       .driver = driver,
                       .socket = self->socket,
                       .input = input,
                       .objective = assignment->objective,
                       .agent = assignment->agent,
                       .trace = run->trace,
                       .log_bound = self->options->config.log_bound};
    status = runs_start (self->runs, &launch, error);
    free (input);
    return status;
}

/*  False when it can't be started yet. */
static bool start (daemon_t *self, const assignment_t *assignment, uint64_t number)
{
    baton_error_t error;
    if (launch (self, assignment, number, &error) == BATON_OK) {
        log_info ("run %" PRIu64 " of %s starts, attempt %" PRIu64, assignment->run.number, assignment->session,
                  number);
        return true;
    }
    if (error.reason == BATON_REASON_busy)
        return false;
    log_error ("run %" PRIu64 " of %s can't start: %s", assignment->run.number, assignment->session, error.message);
    if (baton_reason_retry (error.reason))
        return false;
    report_gone (self, assignment, true, error.message);
    return true;
}

/* ---- stopping ---- */

static void stop (daemon_t *self, const action_t *action)
{
    baton_error_t error;
    const attempt_t *attempt = action->attempt;
    if (attempt->state == ATTEMPT_freezing &&
        runs_mark (self->runs, attempt->session, ATTEMPT_running, &error) != BATON_OK)
        log_error ("the run of %s can't be marked: %s", attempt->session, error.message);
    runs_stop (self->runs, attempt->session,
               action->stop == stop_interrupt ? GRACE_OF_DRIVER : safe_point_grace (self, action));
}

static void fence (daemon_t *self, const action_t *action)
{
    log_warning ("session %s is not ours any more: its run is killed", action->attempt->session);
    runs_stop (self->runs, action->attempt->session, 0);
}

static void forget (daemon_t *self, const action_t *action)
{
    baton_error_t error;
    bool frozen = action->attempt->state == ATTEMPT_frozen;
    if (runs_forget (self->runs, action->attempt->session, &error) != BATON_OK)
        log_error ("the attempt of %s can't be forgotten yet: %s", action->attempt->session, error.message);
    else if (frozen && !action->assignment && !move_knows (self->move, action->attempt->session))
        act_departed (self, action->attempt->session, false);
}

static void report_frozen_end (daemon_t *self, const action_t *action)
{
    baton_error_t error;
    run_exit_t exit;
    runs_exit (self->runs, action->attempt->session, &exit);
    baton_status status = db_begin (self->db, &error);
    if (status != BATON_OK)
        return;
    attempt_t ended = *action->attempt;
    ended.state = ATTEMPT_ended;
    status = report_ended (self, &ended, &exit, &error);
    if (status == BATON_OK)
        status = db_commit (self->db, &error);
    if (status != BATON_OK)
        db_rollback (self->db);
    else
        status = runs_mark (self->runs, ended.session, ATTEMPT_ended, &error);
    if (status == BATON_OK)
        courier_send (self->courier, ended.session);
    else
        log_error ("the end of the run of %s can't be reported yet: %s", ended.session, error.message);
}

/* ---- moving ---- */

/*  What waiting does not mend undoes the move, with the reason for whoever has asked for it. */
static void keep_here (daemon_t *self, const assignment_t *assignment, const baton_error_t *error)
{
    if (error->reason == BATON_REASON_busy)
        return;
    log_error ("session %s can't be moved: %s", assignment->session, error->message);
    if (!baton_reason_retry (error->reason))
        report_migration (self, assignment->session, assignment->migration.number, METHOD_migration_failed,
                          error->message);
}

static void offer (daemon_t *self, const action_t *action)
{
    char root[PLACE_SIZE];
    baton_error_t error;
    if (act_workspace (self, action->assignment, root, &error) == BATON_OK)
        move_offer (self->move, action->assignment, root);
    else
        keep_here (self, action->assignment, &error);
}

static void freeze (daemon_t *self, const action_t *action)
{
    char root[PLACE_SIZE];
    baton_error_t error;
    if (action->attempt && attempt_alive (action->attempt)) {
        if (action->attempt->state == ATTEMPT_freezing ||
            runs_mark (self->runs, action->attempt->session, ATTEMPT_freezing, &error) == BATON_OK)
            runs_stop (self->runs, action->attempt->session, safe_point_grace (self, action));
        else
            log_error ("the run of %s can't be marked: %s", action->attempt->session, error.message);
    } else if (act_workspace (self, action->assignment, root, &error) == BATON_OK)
        move_freeze (self->move, action->assignment, root);
    else
        keep_here (self, action->assignment, &error);
}

static baton_status take_place (daemon_t *self, const assignment_t *assignment, baton_error_t *error)
{
    char destination[PLACE_SIZE];
    place_workspace_path (self->options->state, assignment->session, destination);
    baton_status status =
        move_place (self->move, assignment->session, assignment->migration.number, destination, error);
    return status == BATON_OK ? ledger_adopt (self->db, assignment->session, error) : status;
}

static void report_resumed (daemon_t *self, const assignment_t *assignment)
{
    char once[32];
    baton_error_t error;
    char folder[PLACE_SIZE];
    migration_resumed_request_t request = {
        .session = assignment->session, .migration = assignment->migration.number, .folder = folder};
    place_workspace_path (self->options->state, assignment->session, folder);
    snprintf (once, sizeof once, "%" PRIu64, request.migration);
    if (report_change (self, assignment->session, assignment->lease.epoch, METHOD_migration_resumed, &request, once,
                       &error) == BATON_OK)
        courier_send (self->courier, assignment->session);
    else
        log_error ("the move of %s can't be reported yet: %s", assignment->session, error.message);
}

/*  Nothing of the session is here but its workspace: after this its run is, if it has one. */
static void resume (daemon_t *self, const action_t *action)
{
    const assignment_t *assignment = action->assignment;
    baton_error_t error;
    if (take_place (self, assignment, &error) != BATON_OK) {
        log_error ("the workspace of %s can't be put into its place: %s", assignment->session, error.message);
        return;
    }
    run_phase_e phase = assignment->run.phase;
    bool runs = phase == run_phase_placed || phase == run_phase_running;
    if (!runs || start (self, assignment, assignment->run.attempt + 1))
        report_resumed (self, assignment);
}

/* ---- leaving ---- */

typedef struct {
    daemon_t *daemon;
    char session[LIMIT_ID + 1];
    uint64_t migration; /*  of a stage; 0: it is about the workspace */
} leaving_t;

/*  A fork that works in it has a run here: when that is over, it follows to where the session is. */
static bool shared_here (const daemon_t *self, const char *session)
{
    for (size_t i = 0; i < self->page.assignments.count; i++) {
        const origin_t *origin = &self->page.assignments.items[i].origin;
        if (origin->how == fork_workspace_shared && text_equal (origin->session, session))
            return true;
    }
    return false;
}

/*  Only what the node made: a path that somebody gave is never removed. */
static void remove_workspace (daemon_t *self, const char *session, const char *why)
{
    char path[PLACE_SIZE];
    baton_error_t error;
    if (shared_here (self, session)) {
        move_sweep_again (self->move);
        return;
    }
    place_workspace_path (self->options->state, session, path);
    trash_put (self->options->state, path);
    if (ledger_release (self->db, session, &error) != BATON_OK)
        log_warning ("the ledger keeps session %s as adopted: %s", session, error.message);
    log_info ("the workspace of session %s is removed: it %s", session, why);
}

static bool committed (const session_t *session)
{
    return session->migration.step >= migration_step_commit;
}

/*  Somebody may still want to look at what a session has left; not for ever. What a fork works in stays. */
static bool outlived (const daemon_t *self, const session_t *session)
{
    uint64_t keep = self->options->config.workspace_keep * DAY;
    return session->state == lifecycle_terminated && !session->lent && sync_time (self) > session->active_at + keep;
}

static void look_at_workspace (leaving_t *leaving, const session_t *session)
{
    daemon_t *self = leaving->daemon;
    bool ours = text_equal (session->lease.node, self->name) || text_equal (session->home, self->name);
    bool moved = text_equal (session->migration.source, self->name) && committed (session) && !ours;
    if (runs_find (self->runs, leaving->session))
        return;
    if (moved)
        remove_workspace (self, leaving->session, "has moved away");
    else if (outlived (self, session))
        remove_workspace (self, leaving->session, "ended long ago");
}

/*  A stage that was committed and is not wanted any more: we were given up before we could put it into its place. The
 *  source has removed its copy, so this one is the workspace. */
static void look_at_stage (leaving_t *leaving, const session_t *session)
{
    daemon_t *self = leaving->daemon;
    char destination[PLACE_SIZE];
    baton_error_t error;
    bool ours = session->migration.number == leaving->migration && committed (session) &&
                text_equal (session->migration.target, self->name) && session->state != lifecycle_terminated;
    if (!ours) {
        move_discard (self->move, leaving->session, leaving->migration);
        return;
    }
    place_workspace_path (self->options->state, leaving->session, destination);
    baton_status status = move_place (self->move, leaving->session, leaving->migration, destination, &error);
    if (status == BATON_OK)
        status = ledger_adopt (self->db, leaving->session, &error);
    if (status != BATON_OK)
        log_error ("the workspace of %s can't be kept: %s", leaving->session, error.message);
}

static void take_whereabouts (void *arg, const link_answer_t *answer)
{
    leaving_t *leaving = arg;
    session_t session = {.n = 0};
    baton_error_t error;
    if (answer->status == BATON_OK &&
        record_decode (&RECORD_session, answer->body, answer->size, &session, &error) == BATON_OK)
        leaving->migration > 0 ? look_at_stage (leaving, &session) : look_at_workspace (leaving, &session);
    else if (leaving->migration > 0 &&
             (answer->reason == BATON_REASON_not_allowed || answer->status == BATON_not_found))
        move_discard (leaving->daemon->move, leaving->session, leaving->migration); /*  it went elsewhere since */
    else if (courier_temporary (answer) && answer->status != BATON_unauthenticated)
        move_sweep_again (leaving->daemon->move);
    record_clear (&RECORD_session, &session);
    free (leaving);
}

static void ask_whereabouts (daemon_t *self, const char *session, uint64_t migration)
{
    leaving_t *leaving = calloc (1, sizeof *leaving);
    if (!leaving)
        return;
    leaving->daemon = self;
    leaving->migration = migration;
    snprintf (leaving->session, sizeof leaving->session, "%s", session);
    session_show_request_t request = {.session = leaving->session};
    if (link_ask (self->link, METHOD_session_show, &request, take_whereabouts, leaving) != BATON_OK)
        free (leaving);
}

/*  A session that was frozen here for a migration is not ours any more. When nobody has told us that the migration was
 *  committed, it may have been cancelled, and this may be the only copy of its workspace: ask first. */
void act_departed (void *arg, const char *session, bool sure)
{
    if (sure)
        remove_workspace (arg, session, "has moved away");
    else
        ask_whereabouts (arg, session, 0);
}

void act_abandoned (void *arg, const char *session, uint64_t migration)
{
    ask_whereabouts (arg, session, migration);
}

/* ---- all of it ---- */

static void carry_out (daemon_t *self, const action_t *action)
{
    switch (action->kind) {
    case ACTION_start:
        start (self, action->assignment, action->number);
        break;
    case ACTION_stop:
        stop (self, action);
        break;
    case ACTION_fence:
        fence (self, action);
        break;
    case ACTION_forget:
        forget (self, action);
        break;
    case ACTION_never:
        report_gone (self, action->assignment, true, "it was stopped before it was started");
        break;
    case ACTION_lost:
        report_gone (self, action->assignment, false, "the node has no process of it");
        break;
    case ACTION_ended:
        report_frozen_end (self, action);
        break;
    case ACTION_offer:
        offer (self, action);
        break;
    case ACTION_freeze:
        freeze (self, action);
        break;
    case ACTION_fetch:
        move_fetch (self->move, action->assignment);
        break;
    case ACTION_accept:
        move_accept (self->move, action->assignment);
        break;
    case ACTION_resume:
        resume (self, action);
        break;
    case ACTION_resumed:
        report_resumed (self, action->assignment);
        break;
    case ACTION_none:
    case ACTION_count:
        break;
    }
}

static int act_again (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    daemon_t *self = arg;
    self->to_act = false;
    act_on_page (self);
    return 0;
}

/*  What is left when the time is up, many runs to start for example, waits for the heartbeat and whatever else is due.
 *  All of it is looked at anew then: what was done is no difference any more. */
static bool carry_out_all (daemon_t *self, const actions_t *actions)
{
    int64_t until = zclock_mono () + ACT_MOST;
    for (size_t i = 0; i < actions->count; i++) {
        if (zclock_mono () > until) {
            self->to_act = self->to_act || zloop_timer (self->loop, 1, 1, act_again, self) >= 0;
            return false;
        }
        if (!actions->items[i].assignment || place_possible (actions->items[i].assignment->session))
            carry_out (self, &actions->items[i]);
    }
    return true;
}

bool act_on_page (daemon_t *self)
{
    if (!self->known || self->ending)
        return true;
    attempt_t *attempts = NULL;
    size_t count = 0;
    actions_t actions = {.count = 0};
    baton_status status = runs_list (self->runs, &attempts, &count);
    situation_t situation = {self->name, self->lapsed, &self->page, attempts, count};
    if (status == BATON_OK)
        status = reconcile (&situation, &actions);
    if (status != BATON_OK)
        log_error ("no memory to look at the assignments");
    bool done = status == BATON_OK && carry_out_all (self, &actions);
    if (done)
        move_retain (self->move, self->name, &self->page);
    free (actions.items);
    free (attempts);
    return done;
}
