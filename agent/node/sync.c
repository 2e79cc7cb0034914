#include "log.h"
#include "node_internal.h"

#include <sys/statvfs.h>
#include <systemd/sd-daemon.h>

/*  What may give this node something to do. Events only make it quicker: each heartbeat's answer tells it too. */
static const event_kind_t WATCHED[] = {EVENT_run_placed,         EVENT_run_stopping,        EVENT_lease_moved,
                                       EVENT_session_terminated, EVENT_migration_started,   EVENT_migration_prepared,
                                       EVENT_migration_frozen,   EVENT_migration_committed, EVENT_migration_finished,
                                       EVENT_migration_aborted};

/*  What may change what it is to look at. */
static const event_kind_t WATCH_EVENTS[] = {EVENT_trigger_added,    EVENT_trigger_removed, EVENT_trigger_seen,
                                            EVENT_trigger_fired,    EVENT_session_slept,   EVENT_session_suspended,
                                            EVENT_session_activated};

static void ignore (void *arg, const link_answer_t *answer)
{
    (void) arg;
    if (answer->status != BATON_OK)
        log_debug ("the broker doesn't push events to this node: %s", answer->failure->message);
}

static void subscribe_to (daemon_t *self, const event_kind_t *kinds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        events_subscribe_request_t request = {.kind = (char *) EVENTS[kinds[i]].name};
        if (link_ask (self->link, METHOD_events_subscribe, &request, ignore, self) != BATON_OK)
            return;
    }
}

static void subscribe (daemon_t *self)
{
    subscribe_to (self, WATCHED, sizeof WATCHED / sizeof *WATCHED);
    subscribe_to (self, WATCH_EVENTS, sizeof WATCH_EVENTS / sizeof *WATCH_EVENTS);
}

static bool moves_watches (event_kind_t kind)
{
    for (size_t i = 0; i < sizeof WATCH_EVENTS / sizeof *WATCH_EVENTS; i++)
        if (WATCH_EVENTS[i] == kind)
            return true;
    return kind == EVENT_lease_moved || kind == EVENT_session_terminated || kind == EVENT_migration_finished;
}

/* ---- assignments ---- */

static void take_assignments (void *arg, const link_answer_t *answer)
{
    daemon_t *self = arg;
    self->asking = false;
    assignment_page_t page = {.seq = 0};
    baton_error_t error;
    if (answer->status != BATON_OK)
        log_warning ("the broker gives no assignments: %s", answer->failure->message);
    else if (record_decode (&RECORD_assignment_page, answer->body, answer->size, &page, &error) != BATON_OK)
        log_error ("the broker's assignments can't be read: %s", error.message);
    else {
        record_clear (&RECORD_assignment_page, &self->page);
        self->page = page;
        self->known = true;
        if (act_on_page (self))
            self->lapsed = false;
    }
    if (self->stale)
        sync_assignments (self);
}

void sync_assignments (daemon_t *self)
{
    self->stale = self->asking;
    if (self->asking || !self->registered)
        return;
    node_assignments_request_t request;
    memset (&request, 0, sizeof request);
    self->asking = link_ask (self->link, METHOD_node_assignments, &request, take_assignments, self) == BATON_OK;
}

uint64_t sync_time (const daemon_t *self)
{
    uint64_t passed = (uint64_t) (zclock_mono () - self->renewed), wall = (uint64_t) zclock_time ();
    uint64_t theirs = self->told > 0 ? self->told + passed : 0;
    return theirs < wall ? theirs : wall;
}

bool sync_assigned (const daemon_t *self, const char *session)
{
    for (size_t i = 0; i < self->page.assignments.count; i++)
        if (text_equal (self->page.assignments.items[i].session, session))
            return true;
    return false;
}

void sync_delivery (void *arg, const event_t *event)
{
    daemon_t *self = arg;
    const record_type_t *type = &EVENTS[event->kind].type;
    if (event->kind == EVENT_migration_committed)
        move_committed (self->move, event->session, ((const migration_committed_event_t *) event->body)->number);
    if (moves_watches (event->kind))
        watch_ask (self);
    bool named = text_equal (record_text (type, event->body, "node"), self->name) ||
                 text_equal (record_text (type, event->body, "source"), self->name) ||
                 text_equal (record_text (type, event->body, "target"), self->name);
    if (named || runs_find (self->runs, event->session) || sync_assigned (self, event->session))
        sync_assignments (self);
}

/* ---- register, heartbeat ---- */

static void take_heartbeat (daemon_t *self, const link_answer_t *answer)
{
    heartbeat_t heartbeat = {.ttl = 0};
    baton_error_t error;
    if (record_decode (&RECORD_heartbeat, answer->body, answer->size, &heartbeat, &error) != BATON_OK) {
        log_error ("the broker's heartbeat can't be read: %s", error.message);
        return;
    }
    int64_t now = zclock_mono ();
    /*  What concerns only the other node of a migration, its endpoint, is in no heartbeat of ours: ask. */
    if (self->renewed > 0 && now - self->renewed > self->ttl)
        self->lapsed = true;
    self->renewed = now;
    self->ttl = (int64_t) heartbeat.ttl;
    self->told = heartbeat.now;
    if (heartbeat.seq != self->heard || !self->known || self->lapsed || move_busy (self->move))
        sync_assignments (self);
    self->heard = heartbeat.seq;
    if (heartbeat.watches != self->watches || !*self->generation)
        watch_ask (self);
}

static void take_registered (void *arg, const link_answer_t *answer)
{
    daemon_t *self = arg;
    if (answer->status != BATON_OK) {
        log_error ("the broker does not take this node: %s", answer->failure->message);
        return; /*  the next heartbeat tries again */
    }
    if (!self->registered)
        log_info ("node %s is registered with %llu slots", self->name,
                  (unsigned long long) self->options->config.slots);
    self->registered = true;
    self->stale = false;
    sync_assignments (self);
    watch_ask (self);
    take_heartbeat (self, answer);
    if (!self->ready) {
        sd_notify (0, "READY=1\nSTATUS=registered");
        self->ready = true;
    }
}

static void send_registration (daemon_t *self)
{
    const config_t *config = &self->options->config;
    node_register_request_t request = {.labels = config->labels, .slots = config->slots, .instance = self->instance};
    request.transfer = (char *) move_endpoint (self->move);
    baton_status status = BATON_OK;
    for (size_t i = 0; i < config->drivers.count && status == BATON_OK; i++)
        status = texts_add (&request.drivers, config->drivers.items[i].name);
    if (status == BATON_OK)
        status = link_ask (self->link, METHOD_node_register, &request, take_registered, self);
    if (status != BATON_OK)
        log_error ("no memory to register this node");
    texts_clear (&request.drivers);
}

static void take_about (void *arg, const link_answer_t *answer)
{
    daemon_t *self = arg;
    about_t about = {.version = NULL};
    baton_error_t error;
    if (answer->status != BATON_OK)
        log_error ("the broker does not say who we are: %s", answer->failure->message);
    else if (record_decode (&RECORD_about, answer->body, answer->size, &about, &error) != BATON_OK)
        log_error ("the broker's answer can't be read: %s", error.message);
    else if (about.role != role_node)
        log_error ("the key of this node's context is not that of a node: join with an invitation made with"
                   " `baton invite NAME --role node`");
    else {
        snprintf (self->name, sizeof self->name, "%s", about.you ? about.you : "");
        send_registration (self);
    }
    record_clear (&RECORD_about, &about);
}

static void introduce (daemon_t *self)
{
    site_about_request_t request;
    memset (&request, 0, sizeof request);
    if (link_ask (self->link, METHOD_site_about, &request, take_about, self) != BATON_OK)
        log_error ("no memory to register this node");
}

/*  What was asked on the old connection is asked again by the link; the registration and the subscriptions are the new
 *  connection's own. */
void sync_up (void *arg)
{
    daemon_t *self = arg;
    introduce (self);
    subscribe (self);
}

/*  Nothing is ours any more, and nobody else will tell us: what runs here must not go on. */
static void give_up_all (daemon_t *self)
{
    if (runs_alive (self->runs) > 0)
        log_error ("the identity of this node was revoked: its runs are killed");
    record_clear (&RECORD_assignment_page, &self->page);
    self->known = true;
    self->lapsed = true;
    act_on_page (self);
}

static void take_beat (void *arg, const link_answer_t *answer)
{
    daemon_t *self = arg;
    self->beating = false;
    if (answer->status == BATON_OK)
        take_heartbeat (self, answer);
    else if (answer->reason == BATON_REASON_revoked)
        give_up_all (self);
    else if (!courier_temporary (answer))
        introduce (self); /*  the broker has given up on us: be there anew */
    else
        log_warning ("a heartbeat was refused: %s", answer->failure->message);
}

static uint64_t load_now (void)
{
    double minute = 0;
    long processors = sysconf (_SC_NPROCESSORS_ONLN);
    return getloadavg (&minute, 1) == 1 && processors > 0 ? (uint64_t) (minute * 100) / (uint64_t) processors : 0;
}

void sync_beat (daemon_t *self)
{
    if (self->beating)
        return;
    struct statvfs disk;
    node_heartbeat_request_t request = {.active = runs_alive (self->runs), .load = load_now ()};
    if (statvfs (self->options->state, &disk) == 0)
        request.free_bytes = (uint64_t) disk.f_bavail * disk.f_frsize;
    request.spooled = spool_count (self->db);
    carried_waiting (self->carried, &request.waiting);
    inherit_waiting (self->inherit, &request.waiting);
    if (text_set (&request.instance, self->instance) == BATON_OK && move_arriving (self->move, &request) == BATON_OK)
        self->beating = link_ask (self->link, METHOD_node_heartbeat, &request, take_beat, self) == BATON_OK;
    record_clear (&METHODS[METHOD_node_heartbeat].type, &request);
}
