#include "reconcile.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *node;
    bool lapsed;
    const assignment_t *wanted; /*  of the session at hand, or NULL */
    const attempt_t *here;      /*  of the session at hand, or NULL */
} look_t;

static bool owned (const look_t *look)
{
    return look->wanted && text_equal (look->wanted->lease.node, look->node);
}

static bool moving (const look_t *look)
{
    return look->wanted && look->wanted->migration.step != migration_step_none;
}

static bool source (const look_t *look)
{
    return moving (look) && text_equal (look->wanted->migration.source, look->node);
}

static bool target (const look_t *look)
{
    return moving (look) && text_equal (look->wanted->migration.target, look->node);
}

/*  From the freeze until the commit nothing runs at the source. */
static bool frozen_step (const look_t *look)
{
    migration_step_e step = look->wanted->migration.step;
    return source (look) && (step == migration_step_freeze || step == migration_step_accept);
}

static action_t act (action_kind_t kind)
{
    return (action_t){.kind = kind};
}

static action_t start (uint64_t number)
{
    return (action_t){.kind = ACTION_start, .number = number};
}

static action_t stop (stop_e how)
{
    return (action_t){.kind = ACTION_stop, .stop = how};
}

/*  Something is here that belongs to no session of ours, to an earlier epoch or to an earlier run. */
static action_t leave (const look_t *look)
{
    if (!attempt_alive (look->here))
        return act (ACTION_forget);
    bool elsewhere = look->wanted && (!owned (look) || look->here->epoch != look->wanted->lease.epoch);
    return elsewhere || look->lapsed ? act (ACTION_fence) : stop (stop_interrupt);
}

/*  The current run, and an attempt of it is here. */
static action_t compare (const look_t *look)
{
    const run_t *run = &look->wanted->run;
    bool stopping = run->phase == run_phase_stopping;
    switch (look->here->state) {
    case ATTEMPT_starting:
    case ATTEMPT_running:
        if (stopping)
            return stop (run->stop);
        return frozen_step (look) ? act (ACTION_freeze) : act (ACTION_none);
    case ATTEMPT_freezing: /*  also when the migration was undone: we may have ended before we told it to stop */
        return stopping ? stop (run->stop) : act (ACTION_freeze);
    case ATTEMPT_frozen:
        if (stopping)
            return act (ACTION_ended);
        return frozen_step (look) ? act (ACTION_freeze) : start (look->here->attempt + 1);
    case ATTEMPT_ended:
    case ATTEMPT_none:
        break;
    }
    return act (ACTION_none);
}

/*  The current run, and nothing of it is here. */
static action_t begin (const look_t *look)
{
    const run_t *run = &look->wanted->run;
    bool arrived = target (look) && look->wanted->migration.step == migration_step_resume;
    switch (run->phase) {
    case run_phase_placed:
        if (arrived)
            return act (ACTION_resume);
        return frozen_step (look) ? act (ACTION_freeze) : start (run->attempt + 1);
    case run_phase_running:
        return act (arrived ? ACTION_resume : ACTION_lost);
    case run_phase_stopping:
        /*  One that was frozen and then stopped is not lost: it stood still when it came here. */
        return act (run->attempt == 0 || arrived ? ACTION_never : ACTION_lost);
    default:
        return act (ACTION_none);
    }
}

/*  A session of ours without a run under way. */
static action_t idle (const look_t *look)
{
    if (target (look) && look->wanted->migration.step == migration_step_resume)
        return act (ACTION_resume);
    return act (frozen_step (look) ? ACTION_freeze : ACTION_none);
}

/*  A run that waits for a slot is not a node's yet: its session moves like one without a run. */
static bool under_way (run_phase_e phase)
{
    return phase == run_phase_placed || phase == run_phase_running || phase == run_phase_stopping;
}

/*  What concerns the process, or what stands in its place. */
static action_t look_at_run (const look_t *look)
{
    bool current = owned (look) && look->here && look->here->epoch == look->wanted->lease.epoch &&
                   look->here->run == look->wanted->run.number;
    bool wants_run = owned (look) && look->wanted->run.number > 0 && under_way (look->wanted->run.phase);
    if (current && wants_run)
        return compare (look);
    if (look->here && (attempt_alive (look->here) || !wants_run))
        return current ? idle (look) : leave (look);
    if (wants_run)
        return begin (look);
    return owned (look) ? idle (look) : act (ACTION_none);
}

/*  The session has arrived and its run was started, but we may have ended before we said so. */
static bool resumed (const look_t *look)
{
    return target (look) && owned (look) && look->wanted->migration.step == migration_step_resume && look->here &&
           look->here->epoch == look->wanted->lease.epoch && look->here->run == look->wanted->run.number;
}

/*  What a migration wants beside the run. */
static action_t look_at_move (const look_t *look)
{
    if (resumed (look))
        return act (ACTION_resumed);
    if (source (look) && owned (look) && look->wanted->migration.step == migration_step_prepare)
        return act (ACTION_offer);
    if (!target (look) || owned (look))
        return act (ACTION_none);
    if (look->wanted->migration.step == migration_step_prepare)
        return act (ACTION_fetch);
    return act (look->wanted->migration.step == migration_step_accept ? ACTION_accept : ACTION_none);
}

static baton_status add (actions_t *actions, const look_t *look, action_t action)
{
    if (action.kind == ACTION_none)
        return BATON_OK;
    action_t *item = list_append (actions, sizeof *item);
    if (!item)
        return BATON_resource_exhausted;
    *item = action;
    item->assignment = look->wanted;
    item->attempt = look->here;
    return BATON_OK;
}

static const attempt_t *find_attempt (const attempt_t *attempts, size_t count, const char *session)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (attempts[i].session, session) == 0)
            return &attempts[i];
    return NULL;
}

static bool is_assigned (const assignment_page_t *page, const char *session)
{
    for (size_t i = 0; i < page->assignments.count; i++)
        if (text_equal (page->assignments.items[i].session, session))
            return true;
    return false;
}

baton_status reconcile (const situation_t *situation, actions_t *ret_actions)
{
    const assignment_page_t *page = situation->page;
    const attempt_t *attempts = situation->attempts;
    look_t look = {situation->node, situation->lapsed, NULL, NULL};
    baton_status status = BATON_OK;
    for (size_t i = 0; i < page->assignments.count && status == BATON_OK; i++) {
        look.wanted = &page->assignments.items[i];
        look.here = find_attempt (attempts, situation->attempt_count, look.wanted->session);
        status = add (ret_actions, &look, look_at_run (&look));
        if (status == BATON_OK)
            status = add (ret_actions, &look, look_at_move (&look));
    }
    look.wanted = NULL;
    for (size_t i = 0; i < situation->attempt_count && status == BATON_OK; i++) {
        look.here = &attempts[i];
        if (!is_assigned (page, attempts[i].session))
            status = add (ret_actions, &look, leave (&look));
    }
    return status;
}
