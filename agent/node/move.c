#include "move.h"

#include "files.h"
#include "log.h"
#include "place.h"
#include "stages.h"
#include "transfer_source.h"
#include "transfer_target.h"
#include "transfer_zap.h"
#include "trash.h"

#include <dirent.h>

/*  What was asked for last. */
typedef enum { MOVE_offered = 1, MOVE_freezing, MOVE_fetching, MOVE_accepting } move_stage_t;

/*  What for a target was told to end. */
typedef enum {
    ENDING_not,
    ENDING_done,  /*  it has accepted or failed, and stays until the migration ends */
    ENDING_again, /*  another one is to go on with what is staged */
    ENDING_over,  /*  the migration has ended */
} ending_t;

typedef struct {
    move_t *move;
    char session[LIMIT_ID + 1];
    uint64_t migration;
    move_stage_t stage;
    bool committed;            /*  source */
    char *endpoint;            /*  target: where the source serves */
    transfer_target_t *target; /*  NULL for a source */
    ending_t ending;           /*  target */
    method_id_t unsaid;        /*  a report that could not be written down yet */
    char *unsaid_text;
    uint64_t done, total; /*  target: bytes that are staged, of so many */
} entry_t;

struct move {
    zloop_t *loop;
    const baton_context_t *context;
    const char *state;
    move_handlers_t handlers;
    zactor_t *zap;
    transfer_source_t *source;
    zlistx_t *entries; /*  of entry_t * */
    bool swept;        /*  what an earlier life has left was looked at */
};

static entry_t *find_entry (move_t *self, const char *session, uint64_t migration)
{
    for (entry_t *entry = zlistx_first (self->entries); entry; entry = zlistx_next (self->entries))
        if (streq (entry->session, session) && entry->migration == migration)
            return entry;
    return NULL;
}

static entry_t *find_of (move_t *self, const assignment_t *assignment)
{
    return find_entry (self, assignment->session, assignment->migration.number);
}

static entry_t *add_entry (move_t *self, const assignment_t *assignment, move_stage_t stage)
{
    entry_t *entry = calloc (1, sizeof *entry);
    if (!entry || !zlistx_add_end (self->entries, entry)) {
        free (entry);
        log_error ("no memory to move session %s", assignment->session);
        return NULL;
    }
    entry->move = self;
    entry->stage = stage;
    entry->migration = assignment->migration.number;
    snprintf (entry->session, sizeof entry->session, "%s", assignment->session);
    return entry;
}

/*  Waits for its thread, unless that has ended. */
static void destroy_target (entry_t *entry)
{
    if (!entry->target)
        return;
    zloop_reader_end (entry->move->loop, transfer_target_pipe (entry->target));
    transfer_target_destroy (&entry->target);
}

static void remove_entry (entry_t *entry)
{
    move_t *self = entry->move;
    destroy_target (entry);
    if (entry->stage <= MOVE_freezing && self->source)
        transfer_source_forget (self->source, entry->session, entry->migration);
    zlistx_detach (self->entries, zlistx_find (self->entries, entry));
    free (entry->endpoint);
    free (entry->unsaid_text);
    free (entry);
}

/* ---- reports ---- */

/*  What a full disk does not take is said later: the broker waits for it. */
static void say (entry_t *entry, method_id_t method, const char *text)
{
    const move_handlers_t *handlers = &entry->move->handlers;
    if (handlers->report (handlers->arg, entry->session, entry->migration, method, text) ||
        text_set (&entry->unsaid_text, text) != BATON_OK)
        method = METHOD_none;
    entry->unsaid = method;
}

static void say_again (entry_t *entry)
{
    char *text = entry->unsaid_text;
    entry->unsaid_text = NULL;
    say (entry, entry->unsaid, text);
    free (text);
}

static void take_report (move_t *self, const transfer_report_t *report)
{
    method_id_t method = METHOD_none;
    const char *text = NULL;
    switch (report->kind) {
    case TRANSFER_FROZEN:
        method = METHOD_migration_frozen;
        text = report->digest;
        break;
    case TRANSFER_PREPARED:
        method = METHOD_migration_prepared;
        break;
    case TRANSFER_ACCEPTED:
        method = METHOD_migration_accepted;
        text = report->digest;
        break;
    case TRANSFER_FAILED:
        method = METHOD_migration_failed;
        text = report->error.message;
        log_error ("session %s can't be moved: %s", report->session, text);
        break;
    case TRANSFER_PROGRESS:
    case TRANSFER_ENDED:
        return;
    }
    entry_t *entry = find_entry (self, report->session, report->migration);
    if (entry)
        say (entry, method, text);
}

static int take_source_reports (zloop_t *loop, zsock_t *pipe, void *arg)
{
    (void) loop;
    (void) pipe;
    move_t *self = arg;
    transfer_report_t report;
    while (transfer_source_next (self->source, &report))
        take_report (self, &report);
    return 0;
}

/*  The thread may be hashing a large tree: it is told to end, and the rest happens when it has. */
static void end_target (entry_t *entry, ending_t ending)
{
    if (entry->target && entry->ending == ENDING_not)
        transfer_target_end (entry->target);
    entry->ending = ending;
}

static void end_entry (entry_t *entry, bool ours);

static void take_ended (entry_t *entry)
{
    destroy_target (entry);
    if (entry->ending == ENDING_again)
        remove_entry (entry);
    else if (entry->ending == ENDING_over)
        end_entry (entry, false);
}

static int take_target_reports (zloop_t *loop, zsock_t *pipe, void *arg)
{
    (void) loop;
    (void) pipe;
    entry_t *entry = arg;
    transfer_report_t report;
    while (transfer_target_next (entry->target, &report)) {
        if (report.kind == TRANSFER_ENDED) {
            take_ended (entry);
            break;
        }
        if (entry->ending != ENDING_not)
            continue;
        entry->done = report.done;
        entry->total = report.total;
        if (report.kind == TRANSFER_ACCEPTED || report.kind == TRANSFER_FAILED)
            end_target (entry, ENDING_done);
        if (report.kind == TRANSFER_FAILED) /*  it may be what has filled the disk */
            move_discard (entry->move, entry->session, entry->migration);
        take_report (entry->move, &report);
    }
    return 0;
}

/* ---- source ---- */

void move_offer (move_t *self, const assignment_t *assignment, const char *root)
{
    if (find_of (self, assignment) || !assignment->peer_key)
        return;
    entry_t *entry = add_entry (self, assignment, MOVE_offered);
    if (entry &&
        transfer_source_allow (self->source, assignment->session, assignment->migration.number, assignment->peer_key,
                               root, assignment->bindings.items, assignment->bindings.count) != BATON_OK) {
        log_error ("no memory to offer session %s", assignment->session);
        remove_entry (entry);
    }
}

void move_freeze (move_t *self, const assignment_t *assignment, const char *root)
{
    move_offer (self, assignment, root);
    entry_t *entry = find_of (self, assignment);
    if (!entry || entry->stage != MOVE_offered)
        return;
    entry->stage = MOVE_freezing;
    transfer_source_freeze (self->source, assignment->session, assignment->migration.number);
}

bool move_knows (move_t *self, const char *session)
{
    for (entry_t *entry = zlistx_first (self->entries); entry; entry = zlistx_next (self->entries))
        if (streq (entry->session, session))
            return true;
    return false;
}

bool move_busy (const move_t *self)
{
    return zlistx_size (self->entries) > 0;
}

baton_status move_arriving (move_t *self, node_heartbeat_request_t *beat)
{
    for (entry_t *entry = zlistx_first (self->entries); entry; entry = zlistx_next (self->entries)) {
        if (entry->stage < MOVE_fetching || beat->arriving.count == LIMIT_ARRIVING)
            continue;
        incoming_t *incoming = list_append (&beat->arriving, sizeof *incoming);
        if (!incoming || text_set (&incoming->session, entry->session) != BATON_OK)
            return BATON_resource_exhausted;
        incoming->migration = entry->migration;
        incoming->done = entry->done;
        incoming->total = entry->total;
    }
    return BATON_OK;
}

uint64_t move_bytes (move_t *self, const char *session, uint64_t migration)
{
    const entry_t *entry = find_entry (self, session, migration);
    return entry ? entry->total : 0;
}

void move_committed (move_t *self, const char *session, uint64_t migration)
{
    entry_t *entry = find_entry (self, session, migration);
    if (entry)
        entry->committed = true;
}

/* ---- target ---- */

static baton_status start_target (move_t *self, entry_t *entry, const assignment_t *assignment, baton_error_t *error)
{
    char staging[PLACE_SIZE];
    snprintf (staging, sizeof staging, "%s/staging", self->state);
    baton_status status = files_make_folder (staging, error);
    if (status != BATON_OK)
        return status;
    if (text_set (&entry->endpoint, assignment->peer_endpoint) != BATON_OK)
        return baton_fail_memory (error);
    stages_path (self->state, entry->session, entry->migration, staging);
    transfer_target_options_t options = {.endpoint = entry->endpoint,
                                         .peer_key = assignment->peer_key,
                                         .public_key = self->context->public_key,
                                         .secret_key = self->context->secret_key,
                                         .session = entry->session,
                                         .migration = entry->migration,
                                         .staging = staging,
                                         .patience = assignment->migration.patience};
    status = transfer_target_new (&options, &entry->target, error);
    if (status == BATON_OK)
        zloop_reader (self->loop, transfer_target_pipe (entry->target), take_target_reports, entry);
    return status;
}

/*  A source that was restarted may serve at another port. What is staged stays. */
static bool has_moved (const entry_t *entry, const assignment_t *assignment)
{
    return entry->target && entry->ending == ENDING_not && !text_equal (entry->endpoint, assignment->peer_endpoint);
}

void move_fetch (move_t *self, const assignment_t *assignment)
{
    baton_error_t error;
    if (!assignment->peer_key || !assignment->peer_endpoint)
        return;
    entry_t *entry = find_of (self, assignment);
    if (entry && has_moved (entry, assignment))
        end_target (entry, ENDING_again);
    if (entry)
        return;
    entry = add_entry (self, assignment, MOVE_fetching);
    if (!entry || start_target (self, entry, assignment, &error) == BATON_OK)
        return;
    log_error ("session %s can't be fetched: %s", assignment->session, error.message);
    say (entry, METHOD_migration_failed, error.message);
}

void move_accept (move_t *self, const assignment_t *assignment)
{
    move_fetch (self, assignment);
    entry_t *entry = find_of (self, assignment);
    if (!entry || entry->stage != MOVE_fetching || entry->ending != ENDING_not || !entry->target)
        return;
    entry->stage = MOVE_accepting;
    transfer_target_accept (entry->target, assignment->migration.manifest);
}

baton_status move_place (move_t *self, const char *session, uint64_t migration, const char *destination,
                         baton_error_t *error)
{
    char staging[PLACE_SIZE], tree[PLACE_SIZE + 8], folder[PLACE_SIZE];
    stages_path (self->state, session, migration, staging);
    snprintf (tree, sizeof tree, "%s/tree", staging);
    entry_t *entry = find_entry (self, session, migration);
    if (entry)
        remove_entry (entry);
    if (access (tree, F_OK) < 0 && access (destination, F_OK) == 0)
        return BATON_OK; /*  we ended between the deed and its record */
    trash_put (self->state, destination);
    snprintf (folder, sizeof folder, "%s/workspaces", self->state);
    baton_status status = files_make_folder (folder, error);
    return status == BATON_OK ? transfer_stage_place (staging, destination, error) : status;
}

/* ---- the end of a migration ---- */

static const assignment_t *wanted (const assignment_page_t *page, const char *session, uint64_t migration)
{
    for (size_t i = 0; i < page->assignments.count; i++) {
        const assignment_t *assignment = &page->assignments.items[i];
        if (text_equal (assignment->session, session) && assignment->migration.number == migration &&
            assignment->migration.step != migration_step_none)
            return assignment;
    }
    return NULL;
}

static bool owns (const assignment_page_t *page, const char *node, const char *session)
{
    for (size_t i = 0; i < page->assignments.count; i++)
        if (text_equal (page->assignments.items[i].session, session))
            return text_equal (page->assignments.items[i].lease.node, node);
    return false;
}

void move_discard (move_t *self, const char *session, uint64_t migration)
{
    char staging[PLACE_SIZE];
    stages_path (self->state, session, migration, staging);
    trash_put (self->state, staging);
}

/*  ours: the session is. A target whose thread is still at work comes here again when that has ended. */
static void end_entry (entry_t *entry, bool ours)
{
    if (entry->target) {
        end_target (entry, ENDING_over);
        return;
    }
    move_t *self = entry->move;
    entry_t ended = *entry;
    remove_entry (entry);
    if (ended.stage == MOVE_fetching)
        move_discard (self, ended.session, ended.migration);
    else if (ended.stage == MOVE_accepting)
        self->handlers.abandoned (self->handlers.arg, ended.session, ended.migration);
    else if (ended.stage == MOVE_freezing && !ours)
        self->handlers.departed (self->handlers.arg, ended.session, ended.committed);
}

bool move_staged (const move_t *self, const char *session)
{
    return stages_have (self->state, session);
}

/*  Stages of an earlier life whose migration has ended meanwhile. */
typedef struct {
    move_t *move;
    const assignment_page_t *page;
} sweep_t;

static void sweep_stage (void *arg, const char *session, uint64_t migration)
{
    const sweep_t *sweep = arg;
    const move_handlers_t *handlers = &sweep->move->handlers;
    if (!wanted (sweep->page, session, migration))
        handlers->abandoned (handlers->arg, session, migration);
}

void move_sweep_again (move_t *self)
{
    self->swept = false;
}

/*  Workspaces whose session may have ended, or moved away while we were not there to be told. */
static void sweep_workspaces (move_t *self, const assignment_page_t *page, const char *node)
{
    char path[PLACE_SIZE];
    snprintf (path, sizeof path, "%s/workspaces", self->state);
    DIR *folder = opendir (path);
    for (struct dirent *entry; folder && (entry = readdir (folder));)
        if (place_possible (entry->d_name) && !owns (page, node, entry->d_name))
            self->handlers.departed (self->handlers.arg, entry->d_name, false);
    if (folder)
        closedir (folder);
}

void move_retain (move_t *self, const char *node, const assignment_page_t *page)
{
    if (!self->swept) {
        stages_each (self->state, sweep_stage, &(sweep_t){self, page});
        sweep_workspaces (self, page, node);
        self->swept = true;
    }
    for (entry_t *entry = zlistx_first (self->entries); entry;) {
        const assignment_t *assignment = wanted (page, entry->session, entry->migration);
        bool ours = owns (page, node, entry->session);
        /*  A source's part is over when the session isn't ours, a target's when its migration has gone. */
        bool goes_on = assignment && (entry->stage >= MOVE_fetching || ours);
        if (goes_on && entry->unsaid != METHOD_none)
            say_again (entry);
        if (goes_on || entry->ending == ENDING_over) {
            entry = zlistx_next (self->entries);
            continue;
        }
        end_entry (entry, ours);
        entry = zlistx_first (self->entries);
    }
}

/* ---- life ---- */

const char *move_endpoint (const move_t *self)
{
    return transfer_source_endpoint (self->source);
}

baton_status move_new (zloop_t *loop, const baton_context_t *context, const char *state, const char *endpoint,
                       const move_handlers_t *handlers, move_t **ret_move, baton_error_t *error)
{
    move_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    *self = (move_t){.loop = loop, .context = context, .state = state, .handlers = *handlers, .entries = zlistx_new ()};
    baton_status status = self->entries ? transfer_zap_new (&self->zap, error) : baton_fail_memory (error);
    if (status == BATON_OK)
        status = transfer_source_new (endpoint, context->public_key, context->secret_key, &self->source, error);
    if (status != BATON_OK) {
        move_destroy (&self);
        return status;
    }
    trash_sweep (state);
    zloop_reader (loop, transfer_source_pipe (self->source), take_source_reports, self);
    *ret_move = self;
    return BATON_OK;
}

void move_destroy (move_t **self_p)
{
    move_t *self = *self_p;
    if (!self)
        return;
    if (self->source)
        zloop_reader_end (self->loop, transfer_source_pipe (self->source));
    transfer_source_destroy (&self->source);
    for (entry_t *entry; self->entries && (entry = zlistx_first (self->entries));)
        remove_entry (entry);
    zlistx_destroy (&self->entries);
    zactor_destroy (&self->zap);
    free (self);
    *self_p = NULL;
}
