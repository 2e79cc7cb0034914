#include "deciding.h"

#include <stdlib.h>

/*  The lifecycle of a session.
 *
 *                create
 *                  │
 *                  v             activate
 *            ┌───────────┐ ────────────────────────> ┌─────────┐
 *            │ suspended │                           │ running │
 *            └───────────┘ <──────────────────────── └─────────┘
 *               │     ^     the run has finished: by      │  ^
 *         sleep │     │     itself, suspended, inter-     │  │ activate,
 *               │     │     rupted, lost with its node    │  │ a message,
 *               │     │ suspend                           │  │ a time
 *               v     │                                   │  │
 *            ┌───────────┐ <──────────────────────────────┘  │
 *            │ sleeping  │  the run has finished after sleep │
 *            └───────────┘ ──────────────────────────────────┘
 *
 *            any of them ── complete, cancel, a breakpoint's deadline ──> terminated
 *
 *  A session runs exactly while its run is unfinished. A node that is asked to stop a run needs time, so `suspend`,
 *  `sleep` and `interrupt` of a placed run only ask (run_stopping), and the session leaves `running` when the node says
 *  that the run has finished. `complete` and `cancel` don't wait: they finish the run in the journal and take the lease
 *  away, so that whatever the node still says is stale.
 *
 *  A cell says what the command gets in that state:
 *      yes   it is decided; the command's own checks may still refuse it
 *      NO    failed_precondition, wrong_state
 *      gone  not_found, no_such_session
 *      here  already_exists, name_taken
 *  What nodes report is `yes` everywhere, because the lease answers it: a node that has lost its right must hear
 *  stale_epoch, not what state the session is in. So are breakpoints, each of which knows whether it is still open.
 */
typedef enum { CELL_gone, CELL_yes, CELL_NO, CELL_here } cell_t;

typedef struct {
    cell_t cells[lifecycle_count];
    decide_fn *decide;
    const char *refusal; /*  "session X is S (C): it …" */
} rule_t;

#define RULE(method, absent, running, suspended, sleeping, terminated, refusal)                                        \
    [METHOD_##method] = {{CELL_##absent, CELL_##running, CELL_##suspended, CELL_##sleeping, CELL_##terminated},        \
                         decide_##method,                                                                              \
                         refusal}

/* clang-format off */
static const rule_t RULES[METHOD_COUNT] = {
    /*                       absent running suspended sleeping terminated */
    RULE (session_create,     yes,  here,   here,     here,    here,  ""),
    RULE (session_fork,       yes,  here,   here,     here,    here,  ""),
    RULE (session_branch,     gone, yes,    yes,      yes,     yes,   ""),
    RULE (merge_start,        gone, yes,    yes,      yes,     NO,    "can't take a branch in"),
    RULE (session_absorb,     gone, yes,    yes,      yes,     yes,   ""),
    RULE (session_update,     gone, yes,    yes,      yes,     NO,    "can't be changed"),
    RULE (session_activate,   gone, yes,    yes,      yes,     NO,    "can't be activated"),
    RULE (session_suspend,    gone, yes,    NO,       yes,     NO,    "can't be suspended"),
    RULE (session_sleep,      gone, yes,    yes,      yes,     NO,    "can't be put to sleep"),
    RULE (session_interrupt,  gone, yes,    NO,       NO,      NO,    "has no run to interrupt"),
    RULE (session_complete,   gone, yes,    yes,      yes,     NO,    "can't be completed"),
    RULE (session_cancel,     gone, yes,    yes,      yes,     NO,    "can't be cancelled"),
    RULE (handoff_put,        gone, yes,    yes,      yes,     yes,   ""),
    RULE (handoff_take,       gone, yes,    yes,      yes,     NO,    "goes on with nothing"),
    RULE (session_attach,     gone, yes,    yes,      yes,     yes,   ""),
    RULE (session_detach,     gone, yes,    yes,      yes,     yes,   ""),
    RULE (lock_acquire,       gone, yes,    yes,      yes,     NO,    "can't be locked"),
    RULE (lock_renew,         gone, yes,    yes,      yes,     NO,    "can't be locked any longer"),
    RULE (lock_release,       gone, yes,    yes,      yes,     yes,   ""),
    RULE (lock_break,         gone, yes,    yes,      yes,     yes,   ""),
    RULE (session_spawn,      gone, yes,    yes,      yes,     NO,    "can't have a new child"),
    RULE (budget_set,         gone, yes,    yes,      yes,     yes,   ""),
    RULE (usage_report,       gone, yes,    yes,      yes,     NO,    "uses up nothing more"),
    RULE (budget_check,       gone, yes,    yes,      yes,     yes,   ""),
    RULE (budget_hold,        gone, yes,    yes,      yes,     yes,   ""),
    RULE (child_note,         gone, yes,    yes,      yes,     yes,   ""),
    RULE (offshoot_note,      gone, yes,    yes,      yes,     yes,   ""),
    RULE (child_ask,          gone, yes,    yes,      yes,     yes,   ""),
    RULE (parent_note,        gone, yes,    yes,      yes,     NO,    "needs no parent"),
    RULE (session_share,      gone, yes,    yes,      yes,     yes,   ""),
    RULE (session_unshare,    gone, yes,    yes,      yes,     yes,   ""),
    RULE (session_transfer,   gone, yes,    yes,      yes,     yes,   ""),
    RULE (session_import,     gone, yes,    yes,      yes,     yes,   ""),
    RULE (session_moved,      gone, yes,    yes,      yes,     yes,   ""),
    RULE (session_place,      gone, yes,    NO,       NO,      NO,    "has no run to place"),
    RULE (session_fence,      gone, yes,    yes,      yes,     yes,   ""),
    RULE (session_tick,       gone, yes,    yes,      yes,     yes,   ""),
    RULE (session_watch,      gone, yes,    yes,      yes,     NO,    "has ended already"),
    RULE (session_unwatch,    gone, yes,    yes,      yes,     yes,   ""),
    RULE (session_ended,      gone, yes,    yes,      yes,     yes,   ""),
    RULE (dependency_add,     gone, NO,     yes,      yes,     NO,    "can wait for no other session now"),
    RULE (dependency_remove,  gone, yes,    yes,      yes,     NO,    "waits for no other session"),
    RULE (trigger_changed,    gone, yes,    yes,      yes,     yes,   ""),
    RULE (session_host,       gone, yes,    yes,      yes,     yes,   ""),
    RULE (trigger_add,        gone, yes,    yes,      yes,     NO,    "takes no triggers"),
    RULE (trigger_remove,     gone, yes,    yes,      yes,     NO,    "has no triggers any more"),
    RULE (trigger_fire,       gone, yes,    yes,      yes,     NO,    "can't be woken"),
    RULE (trigger_due,        gone, yes,    yes,      yes,     yes,   ""),
    RULE (run_started,        gone, yes,    yes,      yes,     yes,   ""),
    RULE (run_finished,       gone, yes,    yes,      yes,     yes,   ""),
    RULE (item_append,        gone, yes,    yes,      yes,     NO,    "takes no items"),
    RULE (session_compact,    gone, yes,    yes,      yes,     NO,    "has no context to compact"),
    RULE (session_uncompact,  gone, yes,    yes,      yes,     NO,    "can't be uncompacted"),
    RULE (session_save,       gone, yes,    yes,      yes,     NO,    "can't be saved: all of its positions can be loaded"),
    RULE (session_restore,    gone, NO,     yes,      yes,     NO,    "can't be restored"),
    RULE (item_pin,           gone, yes,    yes,      yes,     NO,    "pins no items"),
    RULE (item_unpin,         gone, yes,    yes,      yes,     NO,    "unpins no items"),
    RULE (context_clear,      gone, yes,    yes,      yes,     NO,    "has no window to clear"),
    RULE (memory_set,         gone, yes,    yes,      yes,     NO,    "can't remember anything new"),
    RULE (memory_delete,      gone, yes,    yes,      yes,     NO,    "can't forget anything"),
    RULE (decision_record,    gone, yes,    yes,      yes,     NO,    "takes no decisions"),
    RULE (decision_withdraw,  gone, yes,    yes,      yes,     NO,    "can't take a decision back"),
    RULE (artifact_put,       gone, yes,    yes,      yes,     NO,    "takes no artifacts"),
    RULE (breakpoint_ask,     gone, yes,    yes,      yes,     NO,    "can't ask anything"),
    RULE (breakpoint_join,    gone, yes,    yes,      yes,     yes,   ""),
    RULE (breakpoint_leave,   gone, yes,    yes,      yes,     yes,   ""),
    RULE (breakpoint_claim,   gone, yes,    yes,      yes,     yes,   ""),
    RULE (breakpoint_comment, gone, yes,    yes,      yes,     yes,   ""),
    RULE (breakpoint_vote,    gone, yes,    yes,      yes,     yes,   ""),
    RULE (breakpoint_cancel,  gone, yes,    yes,      yes,     yes,   ""),
    RULE (message_post,       gone, yes,    yes,      yes,     NO,    "can't send messages"),
    RULE (message_reply,      gone, yes,    yes,      yes,     NO,    "answers nothing more"),
    RULE (message_cast,       gone, yes,    yes,      yes,     NO,    "can't send messages"),
    RULE (message_refuse,     gone, yes,    yes,      yes,     yes,   ""),
    RULE (change_refused,     gone, yes,    yes,      yes,     yes,   ""),
    RULE (message_redeliver,  gone, yes,    yes,      yes,     yes,   ""),
    RULE (message_deliver,    gone, yes,    yes,      yes,     NO,    "takes no messages"),
    RULE (message_receipt,    gone, yes,    yes,      yes,     yes,   ""),
    RULE (message_read,       gone, yes,    yes,      yes,     NO,    "can't read messages"),
    RULE (migration_start,    gone, yes,    yes,      yes,     NO,    "can't be moved"),
    RULE (migration_prepared, gone, yes,    yes,      yes,     yes,   ""),
    RULE (migration_frozen,   gone, yes,    yes,      yes,     yes,   ""),
    RULE (migration_accepted, gone, yes,    yes,      yes,     yes,   ""),
    RULE (migration_resumed,  gone, yes,    yes,      yes,     yes,   ""),
    RULE (migration_failed,   gone, yes,    yes,      yes,     yes,   ""),
    RULE (migration_abort,    gone, yes,    yes,      yes,     NO,    "isn't being moved"),
};
/* clang-format on */

static baton_status check_state (const deciding_t *deciding, const rule_t *rule)
{
    const session_t *self = deciding->self;
    const command_t *command = deciding->command;
    cell_t cell = rule->cells[self->n == 0 ? lifecycle_none : self->state];
    if (cell == CELL_gone)
        return baton_fail (deciding->error, BATON_not_found, BATON_REASON_no_such_session, "there is no such session");
    if (cell == CELL_here)
        return baton_fail (deciding->error, BATON_already_exists, BATON_REASON_name_taken, "session %s exists already",
                           self->session);
    if (command->if_n != 0 && command->if_n != self->n)
        return baton_fail_field (deciding->error, BATON_aborted, BATON_REASON_version_mismatch, "if_n",
                                 "the journal of the session stands at n %llu, not at %llu",
                                 (unsigned long long) self->n, (unsigned long long) command->if_n);
    if (cell == CELL_NO)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "session %s is %s (%s): it %s", self->session, enum_name (&lifecycle_names, self->state),
                           enum_name (&cause_names, self->cause), rule->refusal);
    return BATON_OK;
}

static baton_status decide (deciding_t *deciding)
{
    const command_t *command = deciding->command;
    const rule_t *rule = &RULES[command->method];
    if (!rule->decide)
        return baton_fail (deciding->error, BATON_internal, BATON_REASON_bug, "%s is not a session's to decide",
                           METHODS[command->method].name);
    baton_status status = check_state (deciding, rule);
    if (status == BATON_OK)
        status = lease_check_node (deciding);
    if (status == BATON_OK)
        status = lease_check_run (deciding);
    if (status == BATON_OK)
        status = lock_check (deciding);
    if (status == BATON_OK)
        status = rule->decide (deciding);
    if (status == BATON_OK && deciding->out_of_memory)
        status = baton_fail_memory (deciding->error);
    return status;
}

static void take_text (char **to, char **from)
{
    if (!*from)
        return;
    free (*to);
    *to = *from;
    *from = NULL;
}

/*  Hands over what the decision is about; fields that it is not about stay as the caller had them. */
static void answer (changed_t *from, changed_t *ret_changed)
{
    if (from->run != 0)
        ret_changed->run = from->run;
    if (from->breakpoint != 0)
        ret_changed->breakpoint = from->breakpoint;
    if (from->migration != 0)
        ret_changed->migration = from->migration;
    if (from->epoch != 0)
        ret_changed->epoch = from->epoch;
    if (from->firing != 0) {
        ret_changed->firing = from->firing;
        ret_changed->effect = from->effect;
    }
    if (from->fence != 0)
        ret_changed->fence = from->fence;
    if (from->cursor != 0)
        ret_changed->cursor = from->cursor;
    if (from->until != 0)
        ret_changed->until = from->until;
    take_text (&ret_changed->outcome, &from->outcome);
    take_text (&ret_changed->message, &from->message);
    take_text (&ret_changed->digest, &from->digest);
}

/*  A state that came from elsewhere may lack what an event has to say. The digest of an artifact is not in the state:
 * it may be asked whether it can be put before that is known. */
static baton_status check_complete (const deciding_t *deciding, size_t before)
{
    for (size_t i = before; i < deciding->events->count; i++) {
        const event_t *event = &deciding->events->items[i];
        const field_t *missing =
            event->kind != EVENT_artifact_put ? record_missing (&EVENTS[event->kind].type, event->body) : NULL;
        if (missing)
            return baton_fail (deciding->error, BATON_internal, BATON_REASON_corrupt,
                               "session %s is in a state that no session can have: %s would have no %s",
                               deciding->self->session, EVENTS[event->kind].name, missing->name);
    }
    return BATON_OK;
}

baton_status session_decide (const session_t *self, const command_t *command, event_list_t *ret_events,
                             changed_t *ret_changed, baton_error_t *error)
{
    size_t before = ret_events->count;
    deciding_t deciding = {.self = self, .command = command, .events = ret_events, .error = error};
    baton_status status = decide (&deciding);
    if (status == BATON_OK)
        status = check_complete (&deciding, before);
    if (status == BATON_OK)
        answer (&deciding.changed, ret_changed);
    while (status != BATON_OK && ret_events->count > before)
        event_clear (&ret_events->items[--ret_events->count]);
    record_clear (&RECORD_changed, &deciding.changed);
    return status;
}

#define APPLY(event) [EVENT_##event] = evolve_##event

/* clang-format off */
static evolve_fn *const EVOLVES[EVENT_COUNT] = {
    APPLY (session_created),
    APPLY (session_forked),
    APPLY (session_branched),
    APPLY (merge_started),
    APPLY (merge_key_decided),
    APPLY (merge_reopened),
    APPLY (session_merged),
    APPLY (branch_merged),
    APPLY (session_updated),
    APPLY (session_activated),
    APPLY (session_suspended),
    APPLY (session_slept),
    APPLY (session_terminated),
    APPLY (carried_dropped),
    APPLY (session_handed_off),
    APPLY (session_follows),
    APPLY (client_attached),
    APPLY (client_left),
    APPLY (lock_acquired),
    APPLY (lock_renewed),
    APPLY (lock_released),
    APPLY (budget_set),
    APPLY (budget_reached),
    APPLY (budget_released),
    APPLY (budget_held),
    APPLY (budget_freed),
    APPLY (usage_reported),
    APPLY (child_spawned),
    APPLY (child_changed),
    APPLY (offshoot_changed),
    APPLY (child_breakpoint),
    APPLY (parent_ended),
    APPLY (run_queued),
    APPLY (start_enqueued),
    APPLY (start_dequeued),
    APPLY (run_placed),
    APPLY (run_started),
    APPLY (run_stopping),
    APPLY (run_finished),
    APPLY (run_rolled_back),
    APPLY (item_appended),
    APPLY (transcript_noted),
    APPLY (memory_set),
    APPLY (memory_deleted),
    APPLY (decision_recorded),
    APPLY (decision_withdrawn),
    APPLY (artifact_put),
    APPLY (breakpoint_opened),
    APPLY (breakpoint_revised),
    APPLY (breakpoint_joined),
    APPLY (breakpoint_left),
    APPLY (breakpoint_claimed),
    APPLY (breakpoint_commented),
    APPLY (breakpoint_voted),
    APPLY (breakpoint_warned),
    APPLY (breakpoint_escalated),
    APPLY (breakpoint_decided),
    APPLY (breakpoint_expired),
    APPLY (breakpoint_cancelled),
    APPLY (message_sent),
    APPLY (message_delivered),
    APPLY (message_broadcast),
    APPLY (message_answered),
    APPLY (message_refused),
    APPLY (change_refused),
    APPLY (message_redelivered),
    APPLY (request_ended),
    APPLY (message_read),
    APPLY (message_expired),
    APPLY (message_receipt),
    APPLY (lease_moved),
    APPLY (migration_started),
    APPLY (migration_prepared),
    APPLY (migration_frozen),
    APPLY (migration_committed),
    APPLY (migration_finished),
    APPLY (migration_aborted),
    APPLY (trigger_added),
    APPLY (dependency_added),
    APPLY (dependency_removed),
    APPLY (dependency_ended),
    APPLY (watcher_added),
    APPLY (watcher_removed),
    APPLY (trigger_removed),
    APPLY (trigger_seen),
    APPLY (trigger_fired),
    APPLY (session_shared),
    APPLY (session_unshared),
    APPLY (session_transferred),
    APPLY (context_pressure),
    APPLY (context_cleared),
    APPLY (context_compacted),
    APPLY (context_uncompacted),
    APPLY (item_pinned),
    APPLY (item_unpinned),
    APPLY (session_saved),
    APPLY (session_restored),
    APPLY (session_imported),
    APPLY (session_continued),
};
/* clang-format on */

bool session_knows (event_kind_t kind)
{
    return EVOLVES[kind] != NULL;
}

bool session_begins (event_kind_t kind)
{
    return kind == EVENT_session_created || kind == EVENT_session_forked;
}

baton_status session_evolve (session_t *self, const event_t *event)
{
    evolve_fn *evolve = EVOLVES[event->kind];
    if (evolve && evolve (self, event) != BATON_OK)
        return BATON_resource_exhausted;
    self->n = event->n;
    self->active_at = event->at;
    return BATON_OK;
}
