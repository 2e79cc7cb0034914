#include "node.h"

#include "files.h"
#include "id.h"
#include "log.h"
#include "node_internal.h"
#include "prune.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>

#define BEAT 1000       /*  milliseconds */
#define TIDY_EVERY 3600 /*  beats */

/* ---- what the parts tell the node ---- */

/*  The page is what was last wanted; reconciling again with it is right, and quicker than asking first. */
static void on_run_changed (void *arg, const attempt_t *attempt)
{
    daemon_t *self = arg;
    if (self->courier)
        courier_send (self->courier, attempt->session);
    if (self->ending && runs_alive (self->runs) == 0)
        self->ended = true;
    act_on_page (self);
}

static baton_status on_settled (void *arg, const spooled_t *change, const link_answer_t *answer, baton_error_t *error)
{
    daemon_t *self = arg;
    bool told = local_settled (self->local, change, answer);
    if (answer->status == BATON_OK)
        return BATON_OK;
    log_warning ("the broker refused %s of %s: %s", METHODS[change->method].name, change->session,
                 answer->failure->message);
    const attempt_t *attempt = runs_find (self->runs, change->session);
    if (answer->reason == BATON_REASON_stale_epoch && attempt && attempt->epoch == change->epoch)
        sync_assignments (self);
    return told || change->run == 0 ? BATON_OK : report_refused (self, change, answer, error);
}

static bool on_move_report (void *arg, const char *session, uint64_t migration, method_id_t method, const char *text)
{
    daemon_t *self = arg;
    return report_migration (self, session, migration, method, text);
}

/* ---- time and signals ---- */

static bool is_wanted (void *arg, const char *session)
{
    daemon_t *self = arg;
    return runs_find (self->runs, session) || sync_assigned (self, session);
}

static int beat (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    daemon_t *self = arg;
    sync_beat (self);
    runs_retry (self->runs);
    lend_tidy (self->lend);
    carried_tidy (self->carried);
    inherit_tidy (self->inherit);
    act_on_page (self); /*  what could not be done before, on a full disk for example */
    if (self->known && self->beats++ % TIDY_EVERY == 0) {
        prune_runs (self->options->state, self->options->config.log_keep * DAY, sync_time (self), is_wanted, self);
        move_sweep_again (self->move);
    }
    return 0;
}

/*  Our own shims, and what a killed shim left to us: we are the subreaper of both. */
static void reap (void)
{
    while (waitpid (-1, NULL, WNOHANG) > 0) {
    }
}

static int check_end (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    return ((daemon_t *) arg)->ended ? -1 : 0;
}

static int begin_end (daemon_t *self)
{
    sd_notify (0, "STOPPING=1");
    if (!self->options->stop_runs || runs_alive (self->runs) == 0)
        return -1;
    self->ending = true;
    attempt_t *attempts = NULL;
    size_t count = 0;
    if (runs_list (self->runs, &attempts, &count) != BATON_OK)
        return -1;
    for (size_t i = 0; i < count; i++)
        runs_stop (self->runs, attempts[i].session, GRACE_OF_DRIVER);
    free (attempts);
    zloop_timer (self->loop, 20, 0, check_end, self);
    return 0;
}

static int take_signals (zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
    (void) loop;
    daemon_t *self = arg;
    struct signalfd_siginfo info;
    int result = 0;
    while (read (item->fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap ();
        else
            result = begin_end (self);
    }
    return result;
}

/* ---- life ---- */

static baton_status open_signals (daemon_t *self, baton_error_t *error)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGCHLD);
    self->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (self->signals < 0)
        return baton_fail (error, BATON_internal, BATON_REASON_out_of_memory, "can't watch for signals");
    prctl (PR_SET_CHILD_SUBREAPER, 1);
    zloop_poller (self->loop, &(zmq_pollitem_t){.fd = self->signals, .events = ZMQ_POLLIN}, take_signals, self);
    zloop_timer (self->loop, BEAT, 0, beat, self);
    return BATON_OK;
}

static baton_status know_instance (daemon_t *self, baton_error_t *error)
{
    char path[BATON_ENDPOINT_SIZE];
    snprintf (path, sizeof path, "%s/instance", self->options->state);
    if (files_read (path, self->instance, sizeof self->instance) && strlen (self->instance) == ID_SIZE - 1)
        return BATON_OK;
    id_new (self->instance);
    return files_write (path, self->instance, ID_SIZE - 1, error);
}

static void on_workspace (void *arg)
{
    act_on_page (arg);
}

static baton_status open_state (daemon_t *self, baton_error_t *error)
{
    char path[BATON_ENDPOINT_SIZE];
    snprintf (path, sizeof path, "%s/node.db", self->options->state);
    runs_handlers_t handlers = {report_started, report_ended, on_run_changed, self};
    baton_status status = know_instance (self, error);
    if (status == BATON_OK)
        status = db_new (path, &self->db, error);
    if (status == BATON_OK)
        status = inherit_new (self->loop, self->options->state, on_workspace, self, &self->inherit, error);
    if (status == BATON_OK)
        status = carried_new (self->loop, self->options->state, on_workspace, self, &self->carried, error);
    if (status == BATON_OK)
        status = runs_new (self->loop, self->db, self->options->state, &handlers, &self->runs, error);
    return status;
}

static baton_status open_sockets (daemon_t *self, baton_error_t *error)
{
    const node_options_t *options = self->options;
    link_handlers_t handlers = {sync_up, sync_delivery, relay_request, self};
    move_handlers_t move_handlers = {on_move_report, act_departed, act_abandoned, self};
    char path[BATON_ENDPOINT_SIZE - 16];
    snprintf (path, sizeof path, "%s/node.sock", options->state);
    snprintf (self->socket, sizeof self->socket, "ipc://%s", path);
    baton_status status = move_new (self->loop, &options->context, options->state, options->config.transfer,
                                    &move_handlers, &self->move, error);
    if (status == BATON_OK)
        status = link_new (self->loop, &options->context, &handlers, &self->link, error);
    if (status == BATON_OK)
        status = lend_new (self->loop, self->link, &self->lend, error);
    if (status == BATON_OK)
        status = courier_new (self->loop, self->db, self->link, on_settled, self, &self->courier, error);
    if (status != BATON_OK)
        return status;
    local_parts_t parts = {self->loop, self->db, self->runs, self->link, self->courier};
    status = local_new (&parts, path, &self->local, error);
    if (status == BATON_OK)
        status = watcher_new (self->loop, watch_changed, self, &self->watcher, error);
    return status == BATON_OK ? courier_resume (self->courier, error) : status;
}

static void close_all (daemon_t *self)
{
    watcher_destroy (&self->watcher);
    local_destroy (&self->local);
    courier_destroy (&self->courier);
    lend_destroy (&self->lend);
    link_destroy (&self->link);
    move_destroy (&self->move);
    carried_destroy (&self->carried);
    inherit_destroy (&self->inherit);
    runs_destroy (&self->runs);
    db_destroy (&self->db);
    zloop_destroy (&self->loop);
    record_clear (&RECORD_assignment_page, &self->page);
    if (self->signals >= 0)
        close (self->signals);
}

baton_status node_run (const node_options_t *options, baton_error_t *error)
{
    daemon_t self = {.options = options, .loop = zloop_new (), .signals = -1};
    baton_status status = self.loop ? open_signals (&self, error) : baton_fail_memory (error);
    if (status == BATON_OK)
        status = open_state (&self, error);
    if (status == BATON_OK)
        status = open_sockets (&self, error);
    if (status == BATON_OK)
        zloop_start (self.loop);
    close_all (&self);
    return status;
}
