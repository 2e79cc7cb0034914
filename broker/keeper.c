#include "keeper.h"

#include "log.h"
#include "origin.h"

#include <string.h>

#define DUE_MOST 64      /*  sessions a turn whose deadlines are looked at */
#define LOOK_MOST 128    /*  waiting runs looked at from the front of the queue, and as many further back, a turn */
#define LOOK_PAUSE 100   /*  ms between looking for silent nodes; revoked ones are seen at once */
#define DRAIN_MOST 4     /*  migrations away from one node at a time */
#define DRAIN_PAUSE 1000 /*  ms between looking whether a draining node is empty */
#define RESCHEDULE 1000  /*  ms after which waiting runs are looked at anyhow */
#define PAUSE 1000       /*  ms before what the store has refused is tried again */
#define SHOW_PAUSE 200   /*  ms between writing down what lists tell of busy sessions */
#define SHOW_MOST 256    /*  of them at a time */
#define PATIENCE 60000   /*  ms for each step of a migration that a drain starts, and before it starts another */

/*  A command of the broker's own; what it is refused for is of no interest but to a reader of the debug log. */
static bool decide (broker_t *broker, const char *session, method_id_t method, const void *request)
{
    command_t command = {.method = method, .request = request, .now = broker->now};
    changed_t changed = {0};
    baton_error_t error = {0};
    baton_status status = journal_decide (broker->journal, session, &command, &changed, &error);
    record_clear (&RECORD_changed, &changed);
    if (status != BATON_OK)
        log_debug ("%s of session %s: %s", METHODS[method].name, session, error.message);
    return status == BATON_OK;
}

/* ---- deadlines ---- */

/*  By the clock that the trigger goes by. */
static uint64_t now_for (const broker_t *broker, const trigger_t *trigger)
{
    return trigger_by_wall (trigger) ? broker->wall : broker->now;
}

/*  The first trigger whose time has come; NULL when there is none. */
static const trigger_t *due_trigger (const broker_t *broker, const session_t *state)
{
    for (size_t i = 0; i < state->triggers.count; i++) {
        const trigger_t *trigger = &state->triggers.items[i];
        if (trigger->next != 0 && trigger->next <= now_for (broker, trigger))
            return trigger;
    }
    return NULL;
}

/*  Each decision moves its trigger on, or removes it. */
static bool fire_due (broker_t *broker, const char *session)
{
    entry_t *entry = NULL;
    if (cache_get (journal_cache (broker->journal), session, &entry, NULL) != BATON_OK)
        return false;
    const trigger_t *trigger = NULL;
    for (size_t i = 0; i < LIMIT_TRIGGERS && (trigger = due_trigger (broker, &entry->state)); i++) {
        moment_t times[LIMIT_TIMES];
        trigger_due_request_t request = {.times = {0, times}};
        timetable_due (broker->timetable, trigger, now_for (broker, trigger), &request);
        request.session = (char *) session;
        if (!decide (broker, session, METHOD_trigger_due, &request))
            return false;
    }
    return true;
}

static void tick_due (broker_t *broker, store_time_t which, uint64_t now, uint64_t *next)
{
    if (*next == 0 || now < *next)
        return;
    store_projections_t rows = {0};
    baton_error_t error = {0};
    if (store_due (broker->store, which, now, DUE_MOST, &rows, next, &error) != BATON_OK) {
        log_error ("deadlines cannot be read: %s", error.message);
        *next = now + PAUSE;
        return;
    }
    for (size_t i = 0; i < rows.count; i++) {
        session_tick_request_t request = {.session = rows.items[i].row.session, .wall = broker->wall};
        if (!decide (broker, request.session, METHOD_session_tick, &request) || !fire_due (broker, request.session))
            log_warning ("session %s has a deadline that cannot be met", request.session);
    }
    /*  What is still due after this turn's commit is looked at in the next turn; a session whose tick did nothing must
     *  not make the broker spin. */
    if (rows.count > 0)
        *next = now + 10;
    store_projections_clear (&rows);
}

static uint64_t until (uint64_t next, uint64_t now)
{
    return next == 0 ? UINT64_MAX : next > now ? next - now : 0;
}

uint64_t keeper_patience (const broker_t *broker)
{
    uint64_t due = until (broker->next_due, broker->now), wake = until (broker->next_wake, broker->wall);
    return due < wake ? due : wake;
}

void keeper_clock_set (broker_t *broker)
{
    broker->next_wake = 1;
}

bool keeper_is_idle (const broker_t *broker)
{
    store_filter_t active = {.active = true};
    store_projections_t rows = {0};
    bool idle =
        broker->next_due == 0 && store_list (broker->store, &active, 0, 1, &rows, NULL) == BATON_OK && rows.count == 0;
    store_projections_clear (&rows);
    return idle;
}

/* ---- lost nodes ---- */

static void fence_all (broker_t *broker, const char *node)
{
    const char *session = NULL;
    for (size_t cursor = 0; (session = fleet_next_at (broker->fleet, node, &cursor));) {
        session_fence_request_t request = {.session = (char *) session, .node = (char *) node};
        decide (broker, session, METHOD_session_fence, &request);
    }
}

static void give_up_lost (broker_t *broker)
{
    const site_t *site = journal_site (broker->journal);
    if (broker->monotonic < broker->next_look && site->n == broker->looked_at)
        return;
    broker->next_look = broker->monotonic + LOOK_PAUSE;
    broker->looked_at = site->n;
    for (size_t i = 0; i < site->nodes.count; i++) {
        node_t *node = &site->nodes.items[i];
        const identity_t *identity = site_identity (site, node->name);
        member_t *member = fleet_member (broker->fleet, node->name);
        bool revoked = identity && identity->revoked_at > 0;
        if (node->state != node_state_up || !member ||
            (!revoked && fleet_alive (broker->fleet, member, broker->monotonic, broker->options.lease_ttl)))
            continue;
        log_warning ("node %s is given up: %s", node->name,
                     revoked ? "its identity was revoked" : "it was not heard of");
        char name[LIMIT_NAME + 1];
        strcpy (name, node->name); /*  the decision below may move the list */
        node_mark_lost_request_t request = {.name = name};
        command_t command = {.method = METHOD_node_mark_lost, .request = &request, .now = broker->now};
        baton_error_t error = {0};
        if (journal_decide_site (broker->journal, &command, &error) != BATON_OK)
            log_error ("node %s cannot be marked as lost: %s", name, error.message);
        fence_all (broker, name);
        broker->schedule = true;
    }
}

/* ---- placing ---- */

/*  At once, so that the next decision of this turn sees it. Should the commit fail, keeper_forget takes it back. */
static bool note_ahead (broker_t *broker, const entry_t *entry)
{
    return texts_add (&broker->noted_ahead, entry->id) == BATON_OK &&
           fleet_note (broker->fleet, &entry->state, entry->order) == BATON_OK;
}

static bool place (broker_t *broker, const char *session)
{
    entry_t *entry = NULL;
    if (cache_get (journal_cache (broker->journal), session, &entry, NULL) != BATON_OK || entry->state.migrating ||
        origin_moving (broker, &entry->state))
        return false;
    session_t placed = origin_placed (broker, &entry->state);
    const node_t *node = fleet_choose (broker->fleet, journal_site (broker->journal), &placed, NULL, broker->monotonic,
                                       broker->options.lease_ttl, NULL, 0);
    if (!node)
        return false;
    session_place_request_t request = {.session = entry->id, .node = node->name};
    return decide (broker, entry->id, METHOD_session_place, &request) && note_ahead (broker, entry);
}

/*  False at the end of the queue. */
static bool place_some (broker_t *broker, size_t *cursor)
{
    for (size_t looked = 0; looked < LOOK_MOST; looked++) {
        const char *session = fleet_next_waiting (broker->fleet, cursor);
        if (!session)
            return false;
        place (broker, session);
    }
    return true;
}

/*  However many runs wait, a turn stays short. Those in front come first in each turn; those that wait behind others
 *  that fit nowhere get their look turn by turn. */
static void place_waiting (broker_t *broker)
{
    size_t front = 0;
    bool more =
        fleet_has_room (broker->fleet, journal_site (broker->journal), broker->monotonic, broker->options.lease_ttl) &&
        place_some (broker, &front);
    if (more && broker->place_cursor < front)
        broker->place_cursor = front;
    broker->schedule = more && place_some (broker, &broker->place_cursor);
    if (!broker->schedule)
        broker->place_cursor = 0;
}

/*  Sessions whose files are to be looked at, and that are at no node. Those that no node can take now are looked at
 * again like waiting runs. */
static void host_waiting (broker_t *broker)
{
    const char *session = NULL;
    size_t cursor = 0;
    for (size_t looked = 0; looked < LOOK_MOST && (session = watches_next_homeless (broker->watches, &cursor));
         looked++) {
        entry_t *entry = NULL;
        if (cache_get (journal_cache (broker->journal), session, &entry, NULL) != BATON_OK || entry->state.lease.node)
            continue;
        session_t placed = origin_placed (broker, &entry->state);
        const node_t *node = fleet_choose (broker->fleet, journal_site (broker->journal), &placed, NULL,
                                           broker->monotonic, broker->options.lease_ttl, NULL, 0);
        session_host_request_t request = {.session = entry->id, .node = node ? node->name : NULL};
        if (node)
            decide (broker, entry->id, METHOD_session_host, &request);
    }
}

/* ---- draining ---- */

static size_t count_migrating (broker_t *broker, const char *node)
{
    size_t count = 0;
    const char *session = NULL;
    for (size_t cursor = 0; (session = fleet_next_at (broker->fleet, node, &cursor));) {
        entry_t *entry = NULL;
        if (cache_get (journal_cache (broker->journal), session, &entry, NULL) == BATON_OK)
            count += entry->state.migrating;
    }
    return count;
}

/*  The broker has tried to move it, in vain: what was in the way is likely to be there a second later, too. */
static bool stayed_lately (const broker_t *broker, const session_t *session)
{
    const migration_t *last = &session->migration;
    return last->number > 0 && !last->actor && last->step < migration_step_commit &&
           broker->now < last->started_at + PATIENCE;
}

/*  What shares a workspace is not taken from it: the node has nothing more to do with it when its run has ended, and
 * the next one starts where the workspace is by then. */
static void let_go (broker_t *broker, const entry_t *entry, const char *node)
{
    session_fence_request_t request = {.session = (char *) entry->id, .node = (char *) node};
    if (!run_placed (&entry->state.run))
        decide (broker, entry->id, METHOD_session_fence, &request);
}

static bool move_away (broker_t *broker, const char *session, const char *node)
{
    entry_t *entry = NULL;
    if (cache_get (journal_cache (broker->journal), session, &entry, NULL) != BATON_OK || entry->state.migrating ||
        entry->state.state == lifecycle_terminated || origin_guest (broker, &entry->state) ||
        stayed_lately (broker, &entry->state))
        return false;
    if (origin_follows (broker, &entry->state)) {
        let_go (broker, entry, node);
        return false;
    }
    const node_t *target = fleet_choose (broker->fleet, journal_site (broker->journal), &entry->state, node,
                                         broker->monotonic, broker->options.lease_ttl, NULL, 0);
    if (!target)
        return false;
    migration_start_request_t request = {.session = entry->id, .target = target->name, .patience = PATIENCE};
    return decide (broker, entry->id, METHOD_migration_start, &request) && note_ahead (broker, entry);
}

static void drain (broker_t *broker, const char *node)
{
    size_t moving = count_migrating (broker, node), seen = LIMIT_PAGE;
    store_filter_t filter = {.node = node};
    for (uint64_t before = 0; moving < DRAIN_MOST && seen == LIMIT_PAGE;) {
        store_projections_t rows = {0};
        if (store_list (broker->store, &filter, before, LIMIT_PAGE, &rows, NULL) != BATON_OK)
            return;
        seen = rows.count;
        for (size_t i = 0; i < rows.count && moving < DRAIN_MOST; i++) {
            before = rows.items[i].order;
            moving += move_away (broker, rows.items[i].row.session, node);
        }
        store_projections_clear (&rows);
    }
}

static void drain_all (broker_t *broker)
{
    if (broker->monotonic < broker->next_drain)
        return;
    broker->next_drain = broker->monotonic + DRAIN_PAUSE;
    const site_t *site = journal_site (broker->journal);
    for (size_t i = 0; i < site->nodes.count; i++)
        if (site->nodes.items[i].draining && site->nodes.items[i].state == node_state_up)
            drain (broker, site->nodes.items[i].name);
}

/* ---- the turn ---- */

static void show_activity (broker_t *broker)
{
    if (!journal_behind (broker->journal) || broker->monotonic < broker->next_show)
        return;
    broker->next_show = broker->monotonic + SHOW_PAUSE;
    journal_catch_up (broker->journal, SHOW_MOST);
}

void keeper_turn (broker_t *broker)
{
    tick_due (broker, STORE_DUE, broker->now, &broker->next_due);
    tick_due (broker, STORE_WAKES, broker->wall, &broker->next_wake);
    show_activity (broker);
    give_up_lost (broker);
    drain_all (broker);
    if (broker->schedule || broker->monotonic >= broker->next_schedule) {
        broker->schedule = false;
        broker->next_schedule = broker->monotonic + RESCHEDULE;
        place_waiting (broker);
        host_waiting (broker);
    }
}

static bool moves_fleet (event_kind_t kind)
{
    event_class_e class = EVENTS[kind].class;
    if (kind == EVENT_child_spawned || kind == EVENT_child_changed || kind == EVENT_parent_ended)
        return false;
    return class == event_class_lifecycle || class == event_class_run || class == event_class_node;
}

static void note_time (uint64_t *next, uint64_t time)
{
    if (time > 0 && (*next == 0 || time < *next))
        *next = time;
}

void keeper_note (broker_t *broker)
{
    size_t count = 0;
    texts_clear (&broker->noted_ahead);
    const pending_t *events = journal_pending (broker->journal, &count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < CONCERNED_MOST && *events[i].concerned[k]; k++) {
            member_t *member =
                moves_fleet (events[i].kind) ? fleet_member (broker->fleet, events[i].concerned[k]) : NULL;
            if (member)
                member->seq = events[i].seq;
        }
        entry_t *entry = NULL;
        if (!moves_fleet (events[i].kind) || strcmp (events[i].session, SITE_ID) == 0 ||
            cache_get (journal_cache (broker->journal), events[i].session, &entry, NULL) != BATON_OK)
            continue;
        if (fleet_note (broker->fleet, &entry->state, entry->order) != BATON_OK ||
            watches_note (broker->watches, &entry->state) != BATON_OK)
            log_error ("out of memory: session %s is not scheduled until the broker is started again", entry->id);
        broker->schedule = true;
    }
    entry_t *const *touched = journal_touched (broker->journal, &count);
    for (size_t i = 0; i < count; i++) {
        note_time (&broker->next_due, session_due (&touched[i]->state));
        note_time (&broker->next_wake, session_wakes (&touched[i]->state));
    }
}

static baton_status note_active (broker_t *broker, baton_error_t *error)
{
    store_filter_t filter = {.active = true};
    uint64_t before = 0;
    for (;;) {
        store_projections_t rows = {0};
        baton_status status = store_list (broker->store, &filter, before, LIMIT_PAGE, &rows, error);
        for (size_t i = 0; status == BATON_OK && i < rows.count; i++) {
            entry_t *entry = NULL;
            before = rows.items[i].order;
            const char *session = rows.items[i].row.session;
            status = cache_get (journal_cache (broker->journal), session, &entry, error);
            if (status == BATON_internal) {
                log_error ("session %s cannot be read, and is not scheduled: %s", session, error->message);
                *error = (baton_error_t){0};
                status = BATON_OK;
                continue;
            }
            if (status == BATON_OK)
                status = fleet_note (broker->fleet, &entry->state, entry->order);
            if (status == BATON_OK)
                status = watches_note (broker->watches, &entry->state);
            cache_trim (journal_cache (broker->journal));
        }
        size_t count = rows.count;
        store_projections_clear (&rows);
        if (status != BATON_OK || count < LIMIT_PAGE)
            return status;
    }
}

baton_status keeper_start (broker_t *broker, baton_error_t *error)
{
    broker->schedule = true;
    broker->next_due = broker->next_wake = 1;
    return note_active (broker, error);
}

void keeper_forget (broker_t *broker)
{
    baton_error_t error = {0};
    broker->next_due = broker->now + PAUSE;
    broker->next_wake = broker->wall + PAUSE;
    broker->schedule = false;
    broker->next_schedule = broker->monotonic + PAUSE;
    for (size_t i = 0; i < broker->noted_ahead.count; i++) {
        entry_t *entry = NULL;
        baton_status status = cache_get (journal_cache (broker->journal), broker->noted_ahead.items[i], &entry, &error);
        if (status != BATON_OK || fleet_note (broker->fleet, &entry->state, entry->order) != BATON_OK)
            log_error ("session %s cannot be read, and is not scheduled until something happens to it: %s",
                       broker->noted_ahead.items[i], error.message);
    }
    texts_clear (&broker->noted_ahead);
}
