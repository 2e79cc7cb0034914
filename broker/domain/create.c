/*  What a session is made with, and what of that may be changed later. */
#include "deciding.h"

#include <string.h>

/* ---- create ---- */

bool path_stays (const char *path)
{
    for (const char *part = path; *part;) {
        size_t length = strcspn (part, "/");
        if (length == 2 && part[0] == '.' && part[1] == '.')
            return false;
        part += length;
        part += *part == '/';
    }
    return true;
}

baton_status workspace_check (const char *workspace, baton_error_t *error)
{
    if (workspace && (*workspace != '/' || !path_stays (workspace)))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "workspace",
                                 "the workspace must be an absolute path without \"..\": %.200s", workspace);
    return BATON_OK;
}

static baton_status check_paths (const session_create_request_t *request, baton_error_t *error)
{
    baton_status status = workspace_check (request->workspace, error);
    if (status != BATON_OK)
        return status;
    for (size_t i = 0; i < request->bindings.count; i++) {
        const char *path = request->bindings.items[i].path;
        if (*path == '/' || !path_stays (path))
            return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "bindings",
                                     "a binding must be a path inside the workspace, without \"..\": %.200s", path);
    }
    return BATON_OK;
}

static baton_status check_pressure (const char *pressure, baton_error_t *error)
{
    if (!pressure || window_pressure_valid (pressure))
        return BATON_OK;
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "pressure",
                             "the thresholds must be at most %d ascending percentages, such as 40,70,90: %.64s",
                             LIMIT_PRESSURES, pressure);
}

/*  Its first start waits; when all have ended already, it hears that next, in the same batch. */
static void depend (deciding_t *deciding)
{
    const session_create_request_t *request = deciding->command->request;
    for (size_t i = 0; i < request->depends_on.count; i++)
        emit (deciding, EVENT_dependency_added, &(dependency_added_event_t){.session = request->depends_on.items[i]});
    if (!request->activate || request->depends_on.count == 0)
        return;
    emit (deciding, EVENT_session_slept, &(session_slept_event_t){.cause = cause_waiting});
    emit (deciding, EVENT_start_enqueued, &(start_enqueued_event_t){.input = request->input, .cause = cause_activated});
}

static baton_status check_create (deciding_t *deciding)
{
    const session_create_request_t *request = deciding->command->request;
    baton_status status = check_paths (request, deciding->error);
    if (status == BATON_OK)
        status = check_pressure (request->pressure, deciding->error);
    if (status == BATON_OK)
        status = item_check_bootstrap (deciding);
    if (status == BATON_OK && request->input.size > 0 && !request->activate)
        status = baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "input",
                                   "an input needs activate: it is what the first run is started with");
    return status;
}

/*  As a child of its parent, or beside the tree of the session whose run has made it: see docs/messages.md. */
static void add_descent (const deciding_t *deciding, session_created_event_t *created)
{
    const session_create_request_t *request = deciding->command->request;
    const session_t *source = deciding->command->source, *parent = request->parent ? source : NULL;
    if (parent) {
        created->parent = parent->session;
        created->root = parent->root ? parent->root : parent->session;
        created->level = parent->level + 1;
        created->stem = parent->stem;
    } else if (source && deciding->command->role == role_node)
        created->stem = (char *) session_stem (source);
}

static void create (deciding_t *deciding)
{
    const session_create_request_t *request = deciding->command->request;
    const session_t *source = deciding->command->source;
    session_created_event_t created = {
        .title = request->title,
        .objective = request->objective,
        .agent = request->agent,
        .priority = request->priority,
        .labels = request->labels,
        .workspace = request->workspace,
        .bindings = {request->bindings.count, request->bindings.items},
        .driver = request->driver,
        .node = request->node,
        .selector = request->selector,
        .multitask = request->multitask_strategy,
        .window = request->window,
        .pressure = request->pressure,
    };
    if (source && audience_inherit (deciding->command, source, &created.audience) != BATON_OK)
        deciding->out_of_memory = true;
    if (request->visibility)
        created.audience.visibility = request->visibility;
    add_descent (deciding, &created);
    emit (deciding, EVENT_session_created, &created);
    record_clear (&RECORD_audience, &created.audience);
}

static void activate_first (deciding_t *deciding)
{
    const session_create_request_t *request = deciding->command->request;
    emit (deciding, EVENT_session_activated, &(session_activated_event_t){.cause = cause_activated});
    emit (deciding, EVENT_run_queued,
          &(run_queued_event_t){
              .number = 1,
              .driver = request->driver ? request->driver : (char *) DRIVER_DEFAULT,
              .input = request->input,
          });
    deciding->changed.run = 1;
}

baton_status decide_session_create (deciding_t *deciding)
{
    const session_create_request_t *request = deciding->command->request;
    baton_status status = check_create (deciding);
    if (status != BATON_OK)
        return status;
    create (deciding);
    item_bootstrap (deciding);
    depend (deciding);
    if (request->activate && request->depends_on.count == 0)
        activate_first (deciding);
    return BATON_OK;
}

baton_status evolve_session_created (session_t *self, const event_t *event)
{
    const session_created_event_t *body = event->body;
    if (text_set (&self->session, event->session) || text_set (&self->title, body->title) ||
        text_set (&self->objective, body->objective) || text_set (&self->agent, body->agent) ||
        pairs_copy (&body->labels, &self->labels) || text_set (&self->workspace, body->workspace) ||
        list_replace (&RECORD_binding, &body->bindings, &self->bindings) || text_set (&self->driver, body->driver) ||
        text_set (&self->node, body->node) || pairs_copy (&body->selector, &self->selector) ||
        text_set (&self->created_by, event->actor) || text_set (&self->parent, body->parent) ||
        text_set (&self->root, body->root) || text_set (&self->stem, body->stem) ||
        text_set (&self->window.pressure, body->pressure) ||
        record_copy (&RECORD_audience, &body->audience, &self->audience))
        return BATON_resource_exhausted;
    self->level = body->level;
    self->window.size = body->window;
    self->priority = body->priority;
    self->multitask = body->multitask;
    self->created_at = event->at;
    self->state = lifecycle_suspended;
    self->cause = cause_created;
    return BATON_OK;
}

/* ---- update ---- */

/*  How many labels there are after the change; changes tells whether any differs. */
static size_t count_labels (const session_t *self, const baton_pairs_t *labels, bool *ret_changes)
{
    size_t count = self->labels.count;
    bool changes = false;
    for (size_t i = 0; i < labels->count; i++) {
        const char *old = pairs_get (&self->labels, labels->items[i].key);
        const char *new = labels->items[i].value;
        bool removes = !new || !*new;
        changes = changes || (removes ? old != NULL : !old || strcmp (old, new) != 0);
        if (removes && old)
            count--;
        else if (!removes && !old)
            count++;
    }
    *ret_changes = changes;
    return count;
}

static bool changes_visibility (const session_t *self, visibility_e wanted)
{
    visibility_e now = self->audience.visibility ? self->audience.visibility : visibility_site;
    return wanted && wanted != now;
}

/*  Like sharing, it says who may do what. */
static baton_status check_visibility (const deciding_t *deciding, visibility_e wanted)
{
    const session_t *self = deciding->self;
    if (!changes_visibility (self, wanted) || deciding->command->access == access_own)
        return BATON_OK;
    return baton_fail_field (deciding->error, BATON_permission_denied, BATON_REASON_no_access, "visibility",
                             "whoever changes who sees session %s needs own access to it", self->session);
}

baton_status decide_session_update (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const session_update_request_t *request = deciding->command->request;
    bool changes = false;
    if (count_labels (self, &request->labels, &changes) > LIMIT_LABELS)
        return baton_fail_field (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large, "labels",
                                 "a session has at most %d labels", LIMIT_LABELS);
    baton_status status = check_visibility (deciding, request->visibility);
    if (status == BATON_OK)
        status = check_pressure (request->pressure, deciding->error);
    if (status != BATON_OK)
        return status;
    bool set_priority = request->set_priority || request->priority != 0;
    changes = changes || (request->title && !text_equal (request->title, self->title)) ||
              (request->objective && !text_equal (request->objective, self->objective)) ||
              (set_priority && request->priority != self->priority) ||
              (request->window && request->window != self->window.size) ||
              (request->pressure && !text_equal (request->pressure, self->window.pressure)) ||
              changes_visibility (self, request->visibility);
    if (changes)
        emit (deciding, EVENT_session_updated,
              &(session_updated_event_t){
                  .title = request->title,
                  .objective = request->objective,
                  .priority = request->priority,
                  .set_priority = set_priority,
                  .labels = request->labels,
                  .visibility = request->visibility,
                  .window = request->window,
                  .pressure = request->pressure,
              });
    return BATON_OK;
}

static baton_status update_labels (baton_pairs_t *labels, const baton_pairs_t *changes)
{
    baton_pairs_t result = {0};
    baton_status status = BATON_OK;
    for (size_t i = 0; i < labels->count && status == BATON_OK; i++)
        if (!pairs_get (changes, labels->items[i].key))
            status = pairs_set (&result, labels->items[i].key, pairs_get (labels, labels->items[i].key));
    for (size_t i = 0; i < changes->count && status == BATON_OK; i++)
        if (changes->items[i].value && *changes->items[i].value)
            status = pairs_set (&result, changes->items[i].key, changes->items[i].value);
    pairs_clear (labels);
    *labels = result;
    return status;
}

baton_status evolve_session_updated (session_t *self, const event_t *event)
{
    const session_updated_event_t *body = event->body;
    if ((body->title && text_set (&self->title, body->title)) ||
        (body->objective && text_set (&self->objective, body->objective)) ||
        (body->pressure && text_set (&self->window.pressure, body->pressure)) ||
        update_labels (&self->labels, &body->labels))
        return BATON_resource_exhausted;
    if (body->window)
        self->window.size = body->window;
    window_relieve (&self->window);
    if (body->set_priority)
        self->priority = body->priority;
    if (body->visibility)
        self->audience.visibility = body->visibility;
    return BATON_OK;
}
