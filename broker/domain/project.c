/*  What others see of a session: the row in lists, and what a node is to do for it. */
#include "access.h"
#include "deciding.h"

static activity_t project_activity (const session_t *self)
{
    return (activity_t){.n = self->n,
                        .at = self->active_at,
                        .items = self->window.items,
                        .tokens = self->window.tokens,
                        .spent_tokens = self->budget.spent.tokens,
                        .spent_micros = self->budget.spent.cost_micros};
}

static baton_status project_row (const session_t *self, session_row_t *row)
{
    if (text_set (&row->session, self->session) || text_set (&row->title, self->title) ||
        text_set (&row->agent, self->agent) || text_set (&row->node, self->lease.node) ||
        pairs_copy (&self->labels, &row->labels) || text_set (&row->forked_from, self->forked_from.session) ||
        text_set (&row->parent, self->parent) ||
        text_set (&row->driver, self->run.driver ? self->run.driver : self->driver))
        return BATON_resource_exhausted;
    row->priority = self->priority;
    row->state = self->state;
    row->cause = self->cause;
    row->run = self->run.number;
    row->phase = self->run.phase;
    row->created_at = self->created_at;
    row->window = self->window.size;
    row->activity = project_activity (self);
    return BATON_OK;
}

static baton_status project_open (const session_t *self, projection_t *ret_row)
{
    for (size_t i = 0; i < self->breakpoints.count; i++) {
        const breakpoint_t *breakpoint = &self->breakpoints.items[i];
        if (breakpoint->state != breakpoint_state_open)
            continue;
        open_breakpoint_t *open = list_append (&ret_row->open, sizeof *open);
        if (!open)
            return BATON_resource_exhausted;
        *open = (open_breakpoint_t){breakpoint->number, breakpoint->opened_at, breakpoint->deadline};
        ret_row->row.breakpoints++;
        if (open->deadline > 0 && (ret_row->row.deadline == 0 || open->deadline < ret_row->row.deadline))
            ret_row->row.deadline = open->deadline;
    }
    return BATON_OK;
}

/*  Left empty where nobody but the site's roles decide who sees the session: so lists need not look into it. */
static baton_status project_audience (const session_t *self, audience_t *ret_audience)
{
    audience_t audience = session_audience (self);
    if (!self->audience.owner && audience.visibility != visibility_shared && audience.shares.count == 0)
        return BATON_OK;
    return record_copy (&RECORD_audience, &audience, ret_audience);
}

baton_status session_project (const session_t *self, projection_t *ret_row)
{
    uint64_t order = ret_row->order;
    record_clear (&RECORD_projection, ret_row);
    ret_row->order = order;
    ret_row->due = session_due (self);
    ret_row->wakes = session_wakes (self);
    ret_row->active = run_active (&self->run) || self->migrating || session_watches (self);
    if (project_audience (self, &ret_row->audience) != BATON_OK || project_open (self, ret_row) != BATON_OK)
        return BATON_resource_exhausted;
    return project_row (self, &ret_row->row);
}

static baton_status assign (const session_t *self, const char *node, assignment_t *assignment)
{
    const migration_t *migration = &self->migration;
    bool moves = self->migrating && (text_equal (migration->source, node) || text_equal (migration->target, node));
    if (text_set (&assignment->session, self->session) || text_set (&assignment->title, self->title) ||
        text_set (&assignment->objective, self->objective) || text_set (&assignment->agent, self->agent) ||
        record_copy (&RECORD_lease, &self->lease, &assignment->lease) ||
        text_set (&assignment->workspace, self->workspace) ||
        list_replace (&RECORD_binding, &self->bindings, &assignment->bindings) ||
        record_copy (&RECORD_origin, &self->origin, &assignment->origin) ||
        (run_active (&self->run) && record_copy (&RECORD_run, &self->run, &assignment->run)) ||
        (moves && record_copy (&RECORD_migration, migration, &assignment->migration)))
        return BATON_resource_exhausted;
    assignment->n = self->n;
    assignment->carried = self->carried;
    return BATON_OK;
}

bool session_assign (const session_t *self, const char *node, assignment_t *ret_assignment)
{
    bool owner = self->lease.node && text_equal (self->lease.node, node);
    bool target = migration_reversible (self) && text_equal (self->migration.target, node);
    if (self->state == lifecycle_terminated || (!owner && !target))
        return false;
    record_clear (&RECORD_assignment, ret_assignment);
    if (assign (self, node, ret_assignment) != BATON_OK)
        record_clear (&RECORD_assignment, ret_assignment);
    return true;
}
