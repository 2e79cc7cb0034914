#include "runs.h"

#include "log.h"
#include "place.h"
#include "procs.h"
#include "spawn.h"
#include "strays.h"

#include <signal.h>
#include <sodium.h>
#include <sys/pidfd.h>

/*  How often what a killed shim left behind is looked for, a millisecond apart. */
#define SWEEPS_MOST 200

struct runs {
    zloop_t *loop;
    db_t *db;
    const char *state;
    runs_handlers_t handlers;
    zlistx_t *children; /*  of child_t * */
};

typedef struct {
    attempt_t attempt;
    int pidfd; /*  -1: no process */
    int ready; /*  -1: nothing to wait for */
} child_t;

static child_t *find_child (const runs_t *self, const char *session)
{
    for (child_t *child = zlistx_first (self->children); child; child = zlistx_next (self->children))
        if (streq (child->attempt.session, session))
            return child;
    return NULL;
}

static child_t *add_child (runs_t *self)
{
    child_t *child = calloc (1, sizeof *child);
    if (!child || !zlistx_add_end (self->children, child)) {
        free (child);
        return NULL;
    }
    child->pidfd = child->ready = -1;
    return child;
}

static void attempt_folder (const runs_t *self, const attempt_t *attempt, char ret_path[PLACE_SIZE])
{
    place_attempt_path (self->state, attempt->session, attempt->run, attempt->attempt, ret_path);
}

static void drop_ready (runs_t *self, child_t *child)
{
    if (child->ready < 0)
        return;
    zloop_poller_end (self->loop, &(zmq_pollitem_t){.fd = child->ready});
    close (child->ready);
    child->ready = -1;
}

static void unwatch (runs_t *self, child_t *child)
{
    drop_ready (self, child);
    if (child->pidfd < 0)
        return;
    zloop_poller_end (self->loop, &(zmq_pollitem_t){.fd = child->pidfd});
    close (child->pidfd);
    child->pidfd = -1;
}

static void remove_child (runs_t *self, child_t *child)
{
    unwatch (self, child);
    zlistx_detach (self->children, zlistx_find (self->children, child));
    free (child);
}

/* ---- changes of state ---- */

/*  Ledger and report together. exit is NULL for a start. On failure everything stays as it was. */
static baton_status move_on (runs_t *self, child_t *child, attempt_state_t state, bool report, const run_exit_t *exit,
                             baton_error_t *error)
{
    attempt_t next = child->attempt;
    next.state = state;
    baton_status status = db_begin (self->db, error);
    if (status != BATON_OK)
        return status;
    status = ledger_put (self->db, &next, error);
    if (status == BATON_OK && report)
        status = exit ? self->handlers.ended (self->handlers.arg, &next, exit, error)
                      : self->handlers.started (self->handlers.arg, &next, error);
    if (status == BATON_OK)
        status = db_commit (self->db, error);
    if (status != BATON_OK) {
        db_rollback (self->db);
        return status;
    }
    child->attempt.state = state;
    return BATON_OK;
}

/*  What the shim could not clean up, since it was killed itself. Only while we watch it is the number of the shim's
 *  process its own: after a restart of the node, or of the machine, it may be that of anybody's session. */
static void sweep (runs_t *self, const attempt_t *attempt, bool watched)
{
    char folder[PLACE_SIZE], mark[TOKEN_SIZE + 16];
    pid_t shim = 0, driver = 0;
    attempt_folder (self, attempt, folder);
    if (!watched || !shim_read_pids (folder, &shim, &driver))
        shim = -1;
    snprintf (mark, sizeof mark, "BATON_TOKEN=%s", attempt->token);
    for (int sweeps = 0; sweeps < SWEEPS_MOST && procs_kill_marked (shim, mark) > 0; sweeps++)
        zclock_sleep (1);
}

/*  The attempt is over: a frozen one tells nobody, since it goes on elsewhere or here. */
static void take_end (runs_t *self, child_t *child)
{
    run_exit_t exit;
    char folder[PLACE_SIZE];
    attempt_folder (self, &child->attempt, folder);
    bool watched = child->pidfd >= 0;
    unwatch (self, child);
    shim_read_exit (folder, &exit);
    if (exit.kind == EXIT_unknown)
        sweep (self, &child->attempt, watched);
    bool freezing = child->attempt.state == ATTEMPT_freezing && exit.kind != EXIT_error;
    baton_error_t error;
    if (move_on (self, child, freezing ? ATTEMPT_frozen : ATTEMPT_ended, !freezing, &exit, &error) != BATON_OK)
        log_error ("the end of run %llu of %s can't be written down yet: %s", (unsigned long long) child->attempt.run,
                   child->attempt.session, error.message);
}

static void take_start (runs_t *self, child_t *child)
{
    baton_error_t error;
    if (child->attempt.state == ATTEMPT_starting &&
        move_on (self, child, ATTEMPT_running, true, NULL, &error) != BATON_OK)
        log_error ("the start of run %llu of %s could not be written down: %s", (unsigned long long) child->attempt.run,
                   child->attempt.session, error.message);
}

/*  The shim is done with starting: false when it could not, and will end. */
static bool confirm_start (runs_t *self, child_t *child)
{
    char folder[PLACE_SIZE];
    pid_t shim, driver;
    attempt_folder (self, &child->attempt, folder);
    if (!shim_read_pids (folder, &shim, &driver))
        return false;
    take_start (self, child);
    return true;
}

static int on_ready (zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void) loop;
    runs_t *self = arg;
    child_t *child = zlistx_first (self->children);
    while (child && child->ready != item->fd)
        child = zlistx_next (self->children);
    if (!child)
        return 0;
    drop_ready (self, child);
    if (confirm_start (self, child))
        self->handlers.changed (self->handlers.arg, &child->attempt);
    return 0;
}

static int on_exit_of_shim (zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void) loop;
    runs_t *self = arg;
    child_t *child = zlistx_first (self->children);
    while (child && child->pidfd != item->fd)
        child = zlistx_next (self->children);
    if (!child)
        return 0;
    if (child->ready >= 0)
        on_ready (loop, &(zmq_pollitem_t){.fd = child->ready}, self);
    take_end (self, child);
    attempt_t copy = child->attempt;
    self->handlers.changed (self->handlers.arg, &copy);
    return 0;
}

void runs_retry (runs_t *self)
{
    for (child_t *child = zlistx_first (self->children); child; child = zlistx_next (self->children)) {
        bool ended = attempt_alive (&child->attempt) && child->pidfd < 0;
        bool begun = child->attempt.state == ATTEMPT_starting && child->pidfd >= 0 && child->ready < 0;
        if (!ended && !begun)
            continue;
        if (ended)
            take_end (self, child);
        else
            confirm_start (self, child);
        attempt_t copy = child->attempt;
        self->handlers.changed (self->handlers.arg, &copy);
        break; /*  the handler may have changed the list */
    }
}

static void watch (runs_t *self, child_t *child, int pidfd, int ready)
{
    child->pidfd = pidfd;
    child->ready = ready;
    zloop_poller (self->loop, &(zmq_pollitem_t){.fd = pidfd, .events = ZMQ_POLLIN}, on_exit_of_shim, self);
    if (ready >= 0)
        zloop_poller (self->loop, &(zmq_pollitem_t){.fd = ready, .events = ZMQ_POLLIN}, on_ready, self);
}

/* ---- finding runs again ---- */

static void recover (runs_t *self, child_t *child)
{
    char folder[PLACE_SIZE];
    int pidfd = -1;
    attempt_folder (self, &child->attempt, folder);
    switch (spawn_find (folder, &pidfd)) {
    case SHIM_alive:
        log_info ("run %llu of %s is still running", (unsigned long long) child->attempt.run, child->attempt.session);
        watch (self, child, pidfd, -1);
        take_start (self, child);
        break;
    case SHIM_gone:
        if (child->attempt.state == ATTEMPT_starting) {
            pid_t shim, driver;
            run_exit_t exit;
            shim_read_exit (folder, &exit);
            if (shim_read_pids (folder, &shim, &driver))
                take_start (self, child);
            else if (exit.kind == EXIT_unknown)
                goto never;
        }
        take_end (self, child);
        break;
    case SHIM_never:
    never:
        /*  The node ended between the intent and the deed: reconciling starts it again. */
        sweep (self, &child->attempt, false);
        if (child->attempt.state == ATTEMPT_starting)
            child->attempt.state = ATTEMPT_none;
        else
            take_end (self, child);
        break;
    }
}

static baton_status load (runs_t *self, baton_error_t *error)
{
    attempt_t *attempts = NULL;
    size_t count = 0;
    baton_status status = ledger_load (self->db, &attempts, &count, error);
    for (size_t i = 0; i < count && status == BATON_OK; i++) {
        child_t *child = add_child (self);
        if (!child) {
            status = baton_fail_memory (error);
            break;
        }
        child->attempt = attempts[i];
        if (attempt_alive (&child->attempt))
            recover (self, child);
        if (child->attempt.state == ATTEMPT_none)
            status = runs_forget (self, attempts[i].session, error);
    }
    free (attempts);
    return status;
}

static bool is_known (const void *arg, const char *session, uint64_t run, uint64_t attempt)
{
    const attempt_t *known = runs_find (arg, session);
    return known && attempt_alive (known) && known->run == run && known->attempt == attempt;
}

baton_status runs_new (zloop_t *loop, db_t *db, const char *state, const runs_handlers_t *handlers, runs_t **ret_runs,
                       baton_error_t *error)
{
    runs_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    *self = (runs_t){loop, db, state, *handlers, zlistx_new ()};
    baton_status status = self->children ? load (self, error) : baton_fail_memory (error);
    if (status == BATON_OK)
        status = strays_end (state, is_known, self, error);
    if (status != BATON_OK)
        runs_destroy (&self);
    else
        *ret_runs = self;
    return status;
}

void runs_destroy (runs_t **self_p)
{
    runs_t *self = *self_p;
    if (!self)
        return;
    for (child_t *child; self->children && (child = zlistx_first (self->children));)
        remove_child (self, child);
    zlistx_destroy (&self->children);
    free (self);
    *self_p = NULL;
}

/* ---- verbs ---- */

/*  What was there before the start that failed is there again: a frozen attempt is still to go on. */
static void undo_start (runs_t *self, child_t *child, const attempt_t *before)
{
    baton_error_t error;
    baton_status status = BATON_OK;
    if (before->state == ATTEMPT_none)
        status = runs_forget (self, child->attempt.session, &error);
    else {
        child->attempt = *before;
        status = ledger_put (self->db, before, &error);
    }
    if (status != BATON_OK)
        log_warning ("the ledger keeps an attempt that was not started: %s", error.message);
}

static baton_status spawn (runs_t *self, child_t *child, const launch_t *launch, baton_error_t *error)
{
    int pidfd = -1, ready = -1;
    baton_status status = launch_spawn (self->state, launch, &child->attempt, &pidfd, &ready, error);
    if (status == BATON_OK)
        watch (self, child, pidfd, ready);
    else
        sweep (self, &child->attempt, false); /*  it may have been started, only not be watchable */
    return status;
}

baton_status runs_start (runs_t *self, const launch_t *launch, baton_error_t *error)
{
    child_t *child = find_child (self, launch->session);
    if (!child)
        child = add_child (self);
    if (!child)
        return baton_fail_memory (error);
    attempt_t before = child->attempt;
    launch_describe (launch, &child->attempt);
    baton_status status = launch_prepare (self->state, launch, &child->attempt, error);
    if (status == BATON_OK)
        status = ledger_put (self->db, &child->attempt, error);
    if (status == BATON_OK)
        status = spawn (self, child, launch, error);
    if (status != BATON_OK)
        undo_start (self, child, &before);
    return status;
}

/*  The grace travels as the signal's value, so that the shim keeps it even if the node ends meanwhile. */
void runs_stop (runs_t *self, const char *session, int64_t grace)
{
    child_t *child = find_child (self, session);
    if (!child || child->pidfd < 0)
        return;
    siginfo_t info = {.si_signo = SHIM_STOP, .si_code = SI_QUEUE};
    info.si_pid = getpid ();
    info.si_uid = getuid ();
    info.si_value.sival_int = (int) (grace < INT_MAX ? grace : INT_MAX);
    if (pidfd_send_signal (child->pidfd, SHIM_STOP, &info, 0) < 0 && errno != ESRCH)
        log_error ("run %llu of %s could not be stopped: %s", (unsigned long long) child->attempt.run, session,
                   strerror (errno));
}

baton_status runs_mark (runs_t *self, const char *session, attempt_state_t state, baton_error_t *error)
{
    child_t *child = find_child (self, session);
    return child ? move_on (self, child, state, false, NULL, error) : BATON_OK;
}

void runs_exit (runs_t *self, const char *session, run_exit_t *ret_exit)
{
    child_t *child = find_child (self, session);
    char folder[PLACE_SIZE];
    *ret_exit = (run_exit_t){.kind = EXIT_unknown};
    if (!child)
        return;
    attempt_folder (self, &child->attempt, folder);
    shim_read_exit (folder, ret_exit);
}

baton_status runs_forget (runs_t *self, const char *session, baton_error_t *error)
{
    child_t *child = find_child (self, session);
    baton_status status = child ? ledger_remove (self->db, session, error) : BATON_OK;
    if (status == BATON_OK && child)
        remove_child (self, child);
    return status;
}

const attempt_t *runs_find (const runs_t *self, const char *session)
{
    child_t *child = find_child (self, session);
    return child ? &child->attempt : NULL;
}

const attempt_t *runs_authenticate (const runs_t *self, const char *token)
{
    const attempt_t *found = NULL;
    char padded[TOKEN_SIZE] = "";
    snprintf (padded, sizeof padded, "%s", token ? token : "");
    for (child_t *child = zlistx_first (self->children); child; child = zlistx_next (self->children))
        if (attempt_alive (&child->attempt) && sodium_memcmp (padded, child->attempt.token, TOKEN_SIZE) == 0)
            found = &child->attempt;
    return found;
}

baton_status runs_list (const runs_t *self, attempt_t **ret_attempts, size_t *ret_count)
{
    size_t count = 0;
    attempt_t *attempts = calloc (zlistx_size (self->children) + 1, sizeof *attempts);
    if (!attempts)
        return BATON_resource_exhausted;
    for (child_t *child = zlistx_first (self->children); child; child = zlistx_next (self->children))
        attempts[count++] = child->attempt;
    *ret_attempts = attempts;
    *ret_count = count;
    return BATON_OK;
}

size_t runs_alive (const runs_t *self)
{
    size_t count = 0;
    for (child_t *child = zlistx_first (self->children); child; child = zlistx_next (self->children))
        count += attempt_alive (&child->attempt) ? 1 : 0;
    return count;
}
