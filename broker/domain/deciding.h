/*  What the files of this room share: the decision under way, and the decide and evolve functions that the table in
 *  session.c dispatches to. A decide function is named after its method, an evolve function after its event.
 *
 *  A decide function checks everything first and emits afterwards. What it emits is copied, so bodies are built from
 *  borrowed values. Lack of memory is noted in the decision and reported at its end, so that nobody in between has to.
 */
#ifndef BATON_DECIDING_H
#define BATON_DECIDING_H

#include "keyed.h"
#include "session.h"
#include "window.h"

typedef struct {
    const session_t *self;
    const command_t *command;
    event_list_t *events;
    changed_t changed; /*  owned until the end */
    baton_error_t *error;
    bool out_of_memory;
    bool woken;          /*  a run begins with this decision */
    bool held_back;      /*  it is suspended with this decision */
    const char *settled; /*  the session on which it no longer depends from this decision on */
    size_t enqueued;     /*  starts that begin to wait with it, the last of them for this trigger */
    const char *enqueued_for;
} deciding_t;

/*  Adds an event with a copy of body, a <kind>_event_t. */
void emit (deciding_t *deciding, event_kind_t kind, const void *body);

/*  Sets a text of deciding->changed. */
void answer_text (deciding_t *deciding, char **field, const char *value);

#define DECIDE(method) BATON_MUST_USE baton_status decide_##method (deciding_t *deciding)
#define EVOLVE(event) BATON_MUST_USE baton_status evolve_##event (session_t *self, const event_t *event)

typedef baton_status decide_fn (deciding_t *deciding);
typedef baton_status evolve_fn (session_t *self, const event_t *event);

/* ---- import.c ---- */
/*  Its workspace is no longer one that came along and is to be fetched. */
void session_forget_carried (session_t *self);
/*  When it is kept no longer; 0: not yet. */
uint64_t carried_due (const session_t *self);
EVOLVE (carried_dropped);
DECIDE (session_import);
DECIDE (session_moved);
EVOLVE (session_imported);
EVOLVE (session_continued);

/* ---- create.c ---- */
DECIDE (session_create);
DECIDE (session_update);
EVOLVE (session_created);
EVOLVE (session_updated);

/*  No component of the path is "..". */
bool path_stays (const char *path);

/*  Whether a workspace may have that path; NULL may. */
BATON_MUST_USE baton_status workspace_check (const char *workspace, baton_error_t *error);

/* ---- lifecycle.c ---- */
DECIDE (session_suspend);
DECIDE (session_sleep);
DECIDE (session_interrupt);
DECIDE (session_complete);
DECIDE (session_cancel);
EVOLVE (session_suspended);
EVOLVE (session_slept);
EVOLVE (session_terminated);

/*  Ends the session: its run, open breakpoints (but for the one numbered `except`), waiting starts, migration and
 *  lease end with it. */
void session_end (deciding_t *deciding, cause_e cause, run_outcome_e outcome, const char *detail, uint64_t except);

/*  It waits for nothing any more that would wake it. */
void session_clear_wake (session_t *self);

/*  The session sleeps, unless there is something already for which it must not. */
void session_fall_asleep (deciding_t *deciding, const session_slept_event_t *slept);

/* ---- activate.c ---- */
DECIDE (session_activate);
EVOLVE (session_activated);

/*  The session runs for that reason, with a run of its own. */
void session_wake (deciding_t *deciding, cause_e cause, const baton_bytes_t *input);

/* ---- fork.c ---- */
DECIDE (session_fork);
DECIDE (session_branch);
EVOLVE (session_forked);
EVOLVE (session_branched);

/*  Whether a fork begins with that field of its source's state. */
bool fork_inherits (const char *field);

/* ---- family.c ---- */
DECIDE (session_spawn);
DECIDE (child_note);
DECIDE (offshoot_note);
DECIDE (child_ask);
DECIDE (parent_note);
EVOLVE (child_spawned);
EVOLVE (child_changed);
EVOLVE (offshoot_changed);
EVOLVE (child_breakpoint);
EVOLVE (parent_ended);

/*  Whether any child, or a session below one, has not ended. */
bool family_alive (const session_t *self);

/*  Whether there is no such, and one has ended since the last run began. */
bool family_has_news (const session_t *self);
/* ---- sharing.c ---- */
DECIDE (session_share);
DECIDE (session_unshare);
DECIDE (session_transfer);

/*  Who may do what with a session that is made from another. Made by a person it is theirs, and as hidden as the other
 *  one; made by a run, it is for whom the run's session is for. ret_audience is zeroed. */
BATON_MUST_USE baton_status audience_inherit (const command_t *command, const session_t *source,
                                              audience_t *ret_audience);

EVOLVE (session_shared);
EVOLVE (session_unshared);
EVOLVE (session_transferred);

/* ---- merge_decide.c ---- */
DECIDE (merge_start);
DECIDE (session_absorb);
EVOLVE (merge_started);
EVOLVE (merge_key_decided);
EVOLVE (merge_reopened);
EVOLVE (session_merged);
EVOLVE (branch_merged);

/*  A vote at a breakpoint that decides a merge; who votes was checked. */
BATON_MUST_USE baton_status merge_vote (deciding_t *deciding, const breakpoint_t *breakpoint);

/*  The merge whose conflicts this breakpoint was to decide is given up. */
void merge_forget (session_t *self, uint64_t breakpoint);

/* ---- budget.c ---- */
DECIDE (budget_set);
DECIDE (usage_report);
DECIDE (budget_check);
DECIDE (budget_hold);
EVOLVE (budget_set);
EVOLVE (budget_reached);
EVOLVE (budget_released);
EVOLVE (budget_held);
EVOLVE (budget_freed);
EVOLVE (usage_reported);

/*  Whether a run may not begin; then why not, as an error. */
BATON_MUST_USE baton_status budget_refuse_run (const deciding_t *deciding);

/*  The vote for raise, and what it does when it has decided. */
BATON_MUST_USE baton_status budget_check_raise (const deciding_t *deciding, const baton_bytes_t *value);
void budget_raise (deciding_t *deciding, const baton_bytes_t *value);

/*  What evolve tells the budget of: an item, the beginning and end of a run, what a child and all below it used before
 *  and now. */
void budget_count_item (session_t *self, const event_t *event, uint64_t tokens);
void budget_count_run (session_t *self);
void budget_count_end (session_t *self, const event_t *event);
void budget_count_child (session_t *self, const amounts_t *before, const amounts_t *now);

/*  When run_time will be used up; 0: not as things stand. */
uint64_t budget_due (const session_t *self);

/*  What budget.check does. */
void budget_look (deciding_t *deciding);
/* ---- tick.c ---- */
DECIDE (session_tick);

/* ---- run.c ---- */

/*  The driver of a session that names none. */
#define DRIVER_DEFAULT "default"

DECIDE (run_started);
DECIDE (run_finished);
EVOLVE (run_queued);
EVOLVE (start_enqueued);
EVOLVE (start_dequeued);
EVOLVE (run_placed);
EVOLVE (run_started);
EVOLVE (run_stopping);
EVOLVE (run_finished);
EVOLVE (run_rolled_back);

/*  Neither absent nor finished. */
bool run_active (const run_t *run);

/*  Begins the next run; input may be NULL. */
void run_begin (deciding_t *deciding, const baton_bytes_t *input);

/*  The oldest waiting start becomes the next run. */
void run_begin_waiting (deciding_t *deciding);

/*  The run is over: so are the calls that it has made, unless what it has done is undone next. */
void run_finish (deciding_t *deciding, const run_finished_event_t *finished);

/*  Finishes a run that no node has seen. */
void run_finish_unplaced (deciding_t *deciding);

/*  Asks the node to stop the run as `stopping` (whose number is filled in) says, unless it was asked for at least that
 *  already: an interrupt is never softened to a suspend or sleep. */
void run_stop (deciding_t *deciding, const run_stopping_event_t *stopping);

/*  Undoes what the run has done, when that was asked for. */
void run_undo (deciding_t *deciding);

/* ---- lease.c ---- */
DECIDE (session_place);
DECIDE (session_fence);
DECIDE (session_host);
EVOLVE (lease_moved);

/*  A node speaks for a session that it holds, and a run for its own session while it is under way. */
BATON_MUST_USE baton_status lease_check_node (deciding_t *deciding);
BATON_MUST_USE baton_status lease_check_run (deciding_t *deciding);
void lease_move (deciding_t *deciding, const char *node);

/* ---- lock.c ---- */
DECIDE (lock_acquire);
DECIDE (lock_renew);
DECIDE (lock_release);
DECIDE (lock_break);
EVOLVE (lock_acquired);
EVOLVE (lock_renewed);
EVOLVE (lock_released);

/*  A change is not made while another client holds the edit lock, nor under a fence that is over. */
BATON_MUST_USE baton_status lock_check (deciding_t *deciding);

/*  For what edits only sometimes, as the vote that completes a merge does: lease_held while another client holds the
 *  lock. */
BATON_MUST_USE baton_status lock_check_edit (const deciding_t *deciding);
void lock_tick (deciding_t *deciding);

/* ---- client.c ---- */
DECIDE (session_attach);
DECIDE (session_detach);
EVOLVE (client_attached);
EVOLVE (client_left);
uint64_t client_due (const session_t *self);
void client_tick (deciding_t *deciding);

/* ---- item.c ---- */
DECIDE (item_append);
EVOLVE (item_appended);
EVOLVE (transcript_noted);
EVOLVE (context_pressure);

/*  The items that a session is created with. */
BATON_MUST_USE baton_status item_check_bootstrap (deciding_t *deciding);
void item_bootstrap (deciding_t *deciding);

/*  Gives each call of a run (0: every call) that waits for its result in that window one that says why there is none.
 */
void item_end_calls (deciding_t *deciding, const window_t *window, uint64_t run, const char *why);

/*  Tells of a threshold that is reached with that many tokens in the window. */
void item_tell_pressure (deciding_t *deciding, const window_t *window, uint64_t tokens);

/* ---- window_change.c ---- */
DECIDE (context_clear);
DECIDE (session_compact);
DECIDE (session_uncompact);
DECIDE (item_pin);
DECIDE (item_unpin);
EVOLVE (context_cleared);
EVOLVE (context_compacted);
EVOLVE (context_uncompacted);
EVOLVE (item_pinned);
EVOLVE (item_unpinned);

/* ---- checkpoint.c ---- */
DECIDE (session_save);
DECIDE (session_restore);
EVOLVE (session_saved);
EVOLVE (session_restored);

/* ---- context.c ---- */
DECIDE (memory_set);
DECIDE (memory_delete);
DECIDE (artifact_put);
EVOLVE (memory_set);
EVOLVE (memory_deleted);
EVOLVE (artifact_put);

/* ---- decision.c ---- */
DECIDE (decision_record);
DECIDE (decision_withdraw);
EVOLVE (decision_recorded);
EVOLVE (decision_withdrawn);

/* ---- handoff.c ---- */
DECIDE (handoff_put);
DECIDE (handoff_take);
EVOLVE (session_handed_off);
EVOLVE (session_follows);

/* ---- breakpoint_ask.c, breakpoint.c, breakpoint_evolve.c ---- */
DECIDE (breakpoint_ask);
DECIDE (breakpoint_join);
DECIDE (breakpoint_leave);
DECIDE (breakpoint_claim);
DECIDE (breakpoint_comment);
DECIDE (breakpoint_vote);
DECIDE (breakpoint_cancel);
EVOLVE (breakpoint_opened);
EVOLVE (breakpoint_revised);
EVOLVE (breakpoint_joined);
EVOLVE (breakpoint_left);
EVOLVE (breakpoint_claimed);
EVOLVE (breakpoint_commented);
EVOLVE (breakpoint_voted);
EVOLVE (breakpoint_warned);
EVOLVE (breakpoint_escalated);
EVOLVE (breakpoint_decided);
EVOLVE (breakpoint_expired);
EVOLVE (breakpoint_cancelled);

/*  NULL when there is none of that number. */
breakpoint_t *breakpoint_find (const session_t *self, uint64_t number);
uint64_t breakpoint_next (const session_t *self);

/*  What the state keeps of a vote, of all breakpoints with their votes, and of a merge. */
size_t vote_bytes (const vote_t *vote);
size_t breakpoints_bytes (const session_t *self);
size_t merge_bytes (const merge_t *merge);

/*  What waits in a session for people and for runs, which is held against LIMIT_WAITING_BYTES: all else that its state
 *  has is bounded one by one, so that it always fits into a frame. */
size_t session_waiting_bytes (const session_t *self);
baton_status session_refuse_waiting (const session_t *self, size_t bytes, const char *hint, baton_error_t *error);

/*  There is room for one more. */
BATON_MUST_USE baton_status breakpoint_check_room (const deciding_t *deciding);

/*  Emits the vote, unless it is what it was and decides nothing; at most so many stand at a time. */
BATON_MUST_USE baton_status breakpoint_count_vote (deciding_t *deciding, const breakpoint_t *breakpoint,
                                                   const vote_t *vote, const char *rule, size_t most);
presence_t *breakpoint_presence (const breakpoint_t *breakpoint, const char *actor);

/*  When its warning is due: a fifth of its time before the deadline, or one second when that is more; but never in the
 *  first half of its time. 0 when there is no deadline, or the warning was given. */
uint64_t breakpoint_warn_at (const breakpoint_t *breakpoint);

/* ---- mailbox.c ---- */
DECIDE (message_post);
DECIDE (message_reply);
DECIDE (message_cast);
DECIDE (message_redeliver);
DECIDE (message_refuse);
DECIDE (change_refused);
DECIDE (message_deliver);
DECIDE (message_receipt);
DECIDE (message_read);

/*  Whether there is an unread message that came since the last run began. A session that goes to sleep until a message
 *  comes must not sleep through it; one that came before is left alone, or a run that never reads its mail would be
 *  started over and over. */
bool mailbox_has_news (const session_t *self);

/*  Takes out what has expired, as such, or as read where it was a request and was answered. */
void mailbox_expire (deciding_t *deciding);

/*  Takes out the requests that were answered: they are not among what nobody has read. */
void mailbox_take_answered (deciding_t *deciding);

/*  What the end of the session makes of its mailbox and of the requests that it owes. */
BATON_MUST_USE baton_status mailbox_end (session_t *self, uint64_t n);

/*  Adds to the dead letters the message that stands at n; left: how many are still to get it, of a broadcast. */
BATON_MUST_USE baton_status mailbox_bury (session_t *self, const char *id, receipt_e why, uint64_t n, size_t left);

/*  Requests whose time is up: when, and ending them. */
uint64_t request_due (const session_t *self);
void request_tick (deciding_t *deciding);
BATON_MUST_USE baton_status request_note_sent (session_t *self, const event_t *event);
BATON_MUST_USE baton_status request_note_delivered (session_t *self, const event_t *event);
void request_note_receipt (session_t *self, const char *id, receipt_e receipt, uint64_t n);

/*  Whether there is room for one more, of those sent or of those owed. */
BATON_MUST_USE baton_status request_check_room (const deciding_t *deciding, bool owed);
exchange_t *request_owed (const session_t *self, const char *id);

EVOLVE (message_broadcast);
EVOLVE (message_answered);
EVOLVE (message_redelivered);
EVOLVE (message_refused);
EVOLVE (change_refused);
EVOLVE (request_ended);
EVOLVE (message_sent);
EVOLVE (message_delivered);
EVOLVE (message_read);
EVOLVE (message_expired);
EVOLVE (message_receipt);

/* ---- trigger.c, trigger_fire.c ---- */
DECIDE (trigger_add);
DECIDE (trigger_remove);
DECIDE (trigger_fire);
DECIDE (trigger_due);
DECIDE (trigger_changed);
EVOLVE (trigger_added);
EVOLVE (trigger_removed);
EVOLVE (trigger_seen);
EVOLVE (trigger_fired);

/*  The trigger fires, and does what the session's state and its overlap say. Of the firing, the cause is given; name,
 *  kind and number are filled in. `next` and `seen` are what the trigger waits for from now on. */
void trigger_fire (deciding_t *deciding, const trigger_t *trigger, const firing_t *firing, uint64_t next,
                   const char *seen);

/*  Fires what waits for the end of that session. What can't happen any more is removed. */
void trigger_ended (deciding_t *deciding, const session_ended_request_t *ended);

/*  Fires what waits for a message like this one. */
void trigger_message (deciding_t *deciding, const message_deliver_request_t *message);

/*  What was seen last by triggers that don't count what happens while the session runs is forgotten: they look anew. */
void trigger_look_anew (session_t *self, uint64_t n);

/* ---- dependency.c ---- */
DECIDE (dependency_add);
DECIDE (dependency_remove);
DECIDE (session_watch);
DECIDE (session_unwatch);
DECIDE (session_ended);
EVOLVE (dependency_added);
EVOLVE (dependency_removed);
EVOLVE (dependency_ended);
EVOLVE (watcher_added);
EVOLVE (watcher_removed);

/*  Of the sessions that this one depends on: one that has not ended yet, or NULL; one that has ended otherwise than
 * well, or NULL. */
const dependency_t *dependency_pending (const session_t *self);
const dependency_t *dependency_failed (const session_t *self);

/*  Whether a run would have to wait for another session, as it is after this decision. */
bool dependency_awaited (const deciding_t *deciding);

/* ---- migration.c ---- */
DECIDE (migration_start);
DECIDE (migration_prepared);
DECIDE (migration_frozen);
DECIDE (migration_accepted);
DECIDE (migration_resumed);
DECIDE (migration_failed);
DECIDE (migration_abort);
EVOLVE (migration_started);
EVOLVE (migration_prepared);
EVOLVE (migration_frozen);
EVOLVE (migration_committed);
EVOLVE (migration_finished);
EVOLVE (migration_aborted);

/*  Under way, and the source still owns the session. */
bool migration_reversible (const session_t *self);
void migration_end (deciding_t *deciding, const char *detail);

#endif
