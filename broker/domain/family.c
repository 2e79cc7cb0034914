/*  Parents and children. A child knows its parent and the root of its tree from the start and for ever, so no session
 *  can come to stand above itself. A parent keeps a row of each child, which the child's changes replace, as a whole
 * and in the order of the child's journal: a note that comes twice, or late, changes nothing.
 */
#include "deciding.h"

/* ---- what is known of a child ---- */

static child_row_t *find_child (const session_t *self, const char *id)
{
    for (size_t i = 0; i < self->children.count; i++)
        if (text_equal (self->children.items[i].session, id))
            return &self->children.items[i];
    return NULL;
}

static uint64_t alive_below (const session_t *self)
{
    uint64_t alive = 0;
    for (size_t i = 0; i < self->children.count; i++)
        alive += self->children.items[i].alive;
    return alive;
}

bool family_alive (const session_t *self)
{
    return alive_below (self) > 0;
}

bool family_has_news (const session_t *self)
{
    return !family_alive (self) && self->child_ended_n > self->run.base;
}

child_row_t session_as_child (const session_t *self)
{
    child_row_t child = {.session = self->session,
                         .title = self->title,
                         .state = self->state,
                         .cause = self->cause,
                         .alive = (self->state != lifecycle_terminated) + alive_below (self),
                         .n = self->n,
                         .spent = self->budget.tree_spent};
    for (size_t i = 0; i < self->breakpoints.count; i++)
        child.breakpoints += self->breakpoints.items[i].state == breakpoint_state_open;
    child.clocks = run_active (&self->run) && self->run.started_at > 0;
    child.clock_sum = child.clocks ? self->run.started_at : 0;
    for (size_t i = 0; i < self->children.count; i++) {
        child.breakpoints += self->children.items[i].breakpoints;
        child.clocks += self->children.items[i].clocks;
        child.clock_sum += self->children.items[i].clock_sum;
    }
    return child;
}

/*  The oldest child that nothing more can come of; children.count when there is none. */
static size_t forgettable (const session_t *self)
{
    size_t at = 0;
    while (at < self->children.count && self->children.items[at].alive > 0)
        at++;
    return at;
}

/* ---- a new child ---- */

baton_status decide_session_spawn (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const session_spawn_request_t *request = deciding->command->request;
    if (self->level + 1 > LIMIT_FAMILY_DEPTH)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_family_full,
                           "%d sessions stand above session %s already: it can't have a child", LIMIT_FAMILY_DEPTH,
                           self->session);
    if (self->children.count >= LIMIT_CHILDREN && forgettable (self) == self->children.count)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_family_full,
                           "session %s has %d children that have not ended", self->session, LIMIT_CHILDREN);
    emit (deciding, EVENT_child_spawned,
          &(child_spawned_event_t){.child = (char *) deciding->command->fresh, .title = request->title});
    return BATON_OK;
}

/*  The row of that child, made when need be; NULL for lack of memory. */
static child_row_t *row_of (session_t *self, const char *id)
{
    child_row_t *row = find_child (self, id);
    if (row)
        return row;
    if (self->children.count >= LIMIT_CHILDREN) {
        size_t at = forgettable (self);
        list_remove (&self->children, &RECORD_child_row, at < self->children.count ? at : 0);
    }
    row = list_append (&self->children, sizeof *row);
    return row && text_set (&row->session, id) == BATON_OK ? row : NULL;
}

baton_status evolve_child_spawned (session_t *self, const event_t *event)
{
    const child_spawned_event_t *body = event->body;
    child_row_t *row = row_of (self, body->child);
    if (!row || text_set (&row->title, body->title))
        return BATON_resource_exhausted;
    row->state = lifecycle_suspended;
    row->cause = cause_created;
    row->alive = 1;
    return BATON_OK;
}

/* ---- what becomes of it ---- */

baton_status decide_child_note (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const child_note_request_t *request = deciding->command->request;
    const child_row_t *known = find_child (self, request->child.session);
    if (!known || known->n >= request->child.n)
        return BATON_OK;
    emit (deciding, EVENT_child_changed, &(child_changed_event_t){.child = request->child});
    bool last = known->alive > 0 && request->child.alive == 0 && alive_below (self) == known->alive;
    if (last && self->state == lifecycle_sleeping && self->wake_on_family)
        session_wake (deciding, cause_children, NULL);
    return BATON_OK;
}

baton_status evolve_child_changed (session_t *self, const event_t *event)
{
    const child_changed_event_t *body = event->body;
    child_row_t *row = row_of (self, body->child.session);
    if (!row)
        return BATON_resource_exhausted;
    if (row->alive > 0 && body->child.alive == 0)
        self->child_ended_n = event->n;
    budget_count_child (self, &row->spent, &body->child.spent);
    record_clear (&RECORD_child_row, row);
    return record_copy (&RECORD_child_row, &body->child, row);
}

baton_status decide_parent_note (deciding_t *deciding)
{
    const parent_note_request_t *request = deciding->command->request;
    if (deciding->self->parent_ended == cause_none)
        emit (deciding, EVENT_parent_ended, &(parent_ended_event_t){.cause = request->cause});
    return BATON_OK;
}

baton_status evolve_parent_ended (session_t *self, const event_t *event)
{
    self->parent_ended = ((const parent_ended_event_t *) event->body)->cause;
    return BATON_OK;
}

/* ---- what runs make beside their tree ---- */

const char *session_stem (const session_t *self)
{
    return self->stem ? self->stem : self->root ? self->root : self->session;
}

uint64_t session_family (const session_t *self)
{
    uint64_t alive = (self->state != lifecycle_terminated) + alive_below (self);
    for (size_t i = 0; i < self->offshoots.count; i++)
        alive += self->offshoots.items[i].alive;
    return alive;
}

static size_t offshoot_at (const session_t *self, const char *id)
{
    size_t at = 0;
    while (at < self->offshoots.count && !text_equal (self->offshoots.items[at].session, id))
        at++;
    return at;
}

baton_status decide_offshoot_note (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const offshoot_t *offshoot = &((const offshoot_note_request_t *) deciding->command->request)->offshoot;
    size_t at = offshoot_at (self, offshoot->session);
    bool known = at < self->offshoots.count;
    if (known ? self->offshoots.items[at].n < offshoot->n : offshoot->alive > 0)
        emit (deciding, EVENT_offshoot_changed, &(offshoot_changed_event_t){.offshoot = *offshoot});
    return BATON_OK;
}

baton_status evolve_offshoot_changed (session_t *self, const event_t *event)
{
    const offshoot_t *offshoot = &((const offshoot_changed_event_t *) event->body)->offshoot;
    size_t at = offshoot_at (self, offshoot->session);
    if (offshoot->alive == 0) {
        if (at < self->offshoots.count)
            list_remove (&self->offshoots, &RECORD_offshoot, at);
        return BATON_OK;
    }
    offshoot_t *row =
        at < self->offshoots.count ? &self->offshoots.items[at] : list_append (&self->offshoots, sizeof *row);
    if (!row || text_set (&row->session, offshoot->session) != BATON_OK)
        return BATON_resource_exhausted;
    row->alive = offshoot->alive;
    row->n = offshoot->n;
    return BATON_OK;
}

/* ---- breakpoints, as the root hears of them ---- */

baton_status decide_child_ask (deciding_t *deciding)
{
    const child_ask_request_t *request = deciding->command->request;
    emit (deciding, EVENT_child_breakpoint,
          &(child_breakpoint_event_t){.child = request->child,
                                      .number = request->number,
                                      .kind = request->kind,
                                      .title = request->title,
                                      .state = request->state,
                                      .outcome = request->outcome});
    return BATON_OK;
}

/*  The breakpoint itself is the child's; whoever follows the root is told. */
baton_status evolve_child_breakpoint (session_t *self, const event_t *event)
{
    (void) self;
    (void) event;
    return BATON_OK;
}
