/*  What happens because time passes: when it is due, and what is done then. */
#include "deciding.h"

#include <stdio.h>

/* ---- when ---- */

/*  The earlier of two times, of which 0 is none. */
static uint64_t earlier (uint64_t a, uint64_t b)
{
    return b == 0 || (a != 0 && a < b) ? a : b;
}

uint64_t breakpoint_warn_at (const breakpoint_t *breakpoint)
{
    uint64_t half = breakpoint->duration / 2;
    uint64_t lead = breakpoint->duration / 5;
    if (lead < 1000)
        lead = half < 1000 ? half : 1000;
    return breakpoint->deadline == 0 || breakpoint->warned ? 0 : breakpoint->deadline - lead;
}

static uint64_t breakpoint_due (const breakpoint_t *breakpoint)
{
    uint64_t due = earlier (breakpoint_warn_at (breakpoint), breakpoint->deadline);
    for (size_t i = 0; i < breakpoint->present.count; i++)
        due = earlier (due, breakpoint->present.items[i].until);
    return due;
}

uint64_t session_due (const session_t *self)
{
    uint64_t due = 0;
    if (self->n == 0)
        return 0;
    due = earlier (earlier (self->lock.until, client_due (self)), carried_due (self));
    if (self->state == lifecycle_terminated)
        return due;
    if (migration_reversible (self))
        due = earlier (due, self->migration.deadline);
    for (size_t i = 0; i < self->breakpoints.count; i++)
        if (self->breakpoints.items[i].state == breakpoint_state_open)
            due = earlier (due, breakpoint_due (&self->breakpoints.items[i]));
    for (size_t i = 0; i < self->mailbox.count; i++)
        due = earlier (due, self->mailbox.items[i].expires_at);
    for (size_t i = 0; i < self->triggers.count; i++)
        if (!trigger_by_wall (&self->triggers.items[i]))
            due = earlier (due, self->triggers.items[i].next);
    due = earlier (due, budget_due (self));
    due = earlier (due, request_due (self));
    return due;
}

bool trigger_by_wall (const trigger_t *trigger)
{
    return trigger->kind != trigger_kind_in;
}

uint64_t session_wakes (const session_t *self)
{
    uint64_t wakes = self->state == lifecycle_sleeping ? self->wake_at : 0;
    if (self->n == 0 || self->state == lifecycle_terminated)
        return 0;
    for (size_t i = 0; i < self->triggers.count; i++)
        if (trigger_by_wall (&self->triggers.items[i]))
            wakes = earlier (wakes, self->triggers.items[i].next);
    return wakes;
}

/* ---- what ---- */

static bool is_due (const deciding_t *deciding, uint64_t at)
{
    return at != 0 && at <= deciding->command->now;
}

static void expire (deciding_t *deciding, const breakpoint_t *breakpoint)
{
    bool option = breakpoint->on_expiry == expiry_option;
    emit (deciding, EVENT_breakpoint_expired,
          &(breakpoint_expired_event_t){
              .number = breakpoint->number,
              .outcome = option ? breakpoint->expiry_option : (char *) "expired",
          });
}

static void drop_absent (deciding_t *deciding, const breakpoint_t *breakpoint)
{
    for (size_t i = 0; i < breakpoint->present.count; i++)
        if (is_due (deciding, breakpoint->present.items[i].until))
            emit (deciding, EVENT_breakpoint_left,
                  &(breakpoint_left_event_t){.number = breakpoint->number, .who = breakpoint->present.items[i].actor});
}

static void tick_breakpoint (deciding_t *deciding, const breakpoint_t *breakpoint)
{
    bool over = is_due (deciding, breakpoint->deadline);
    bool escalates = breakpoint->on_expiry == expiry_escalate && !breakpoint->escalated;
    if (over && !escalates) {
        expire (deciding, breakpoint);
        return;
    }
    if (over)
        emit (deciding, EVENT_breakpoint_escalated,
              &(breakpoint_escalated_event_t){.number = breakpoint->number,
                                              .deadline = deciding->command->now + breakpoint->duration});
    else if (is_due (deciding, breakpoint_warn_at (breakpoint)))
        emit (deciding, EVENT_breakpoint_warned, &(breakpoint_warned_event_t){.number = breakpoint->number});
    drop_absent (deciding, breakpoint);
}

/*  An open breakpoint whose deadline has passed and takes the session with it; NULL when there is none. */
static const breakpoint_t *find_fatal (const deciding_t *deciding)
{
    const session_t *self = deciding->self;
    for (size_t i = 0; i < self->breakpoints.count; i++) {
        const breakpoint_t *breakpoint = &self->breakpoints.items[i];
        if (breakpoint->state == breakpoint_state_open && breakpoint->on_expiry == expiry_cancel &&
            is_due (deciding, breakpoint->deadline))
            return breakpoint;
    }
    return NULL;
}

static void tick_migration (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    char detail[128];
    if (!migration_reversible (self) || !is_due (deciding, self->migration.deadline))
        return;
    snprintf (detail, sizeof detail, "the step %s took longer than %llu ms",
              enum_name (&migration_step_names, self->migration.step), (unsigned long long) self->migration.patience);
    deciding->changed.migration = self->migration.number;
    migration_end (deciding, detail);
}

/*  Whoever is there is there with a session that has ended, too, and leaves it. */
baton_status decide_session_tick (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    lock_tick (deciding);
    client_tick (deciding);
    if (is_due (deciding, carried_due (self)))
        emit (deciding, EVENT_carried_dropped, &(carried_dropped_event_t){});
    if (self->state == lifecycle_terminated)
        return BATON_OK;
    mailbox_expire (deciding);
    request_tick (deciding);
    const breakpoint_t *fatal = find_fatal (deciding);
    if (fatal) {
        expire (deciding, fatal);
        session_end (deciding, cause_expired, run_outcome_cancelled, "nobody decided in time", fatal->number);
        return BATON_OK;
    }
    for (size_t i = 0; i < self->breakpoints.count; i++)
        if (self->breakpoints.items[i].state == breakpoint_state_open)
            tick_breakpoint (deciding, &self->breakpoints.items[i]);
    tick_migration (deciding);
    uint64_t wall = ((const session_tick_request_t *) deciding->command->request)->wall;
    if (self->state == lifecycle_sleeping && self->wake_at != 0 && self->wake_at <= wall)
        session_wake (deciding, cause_time, NULL);
    if (is_due (deciding, budget_due (self)))
        budget_look (deciding);
    return BATON_OK;
}
