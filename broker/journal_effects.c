/*  What a change of one session means for others. Each effect is a command of its own, noted while the events are
 *  applied and decided by the session that it concerns before the batch ends: both stand in one transaction, or neither
 *  does.
 */
#include "journal_internal.h"

#include "log.h"

#include <stdlib.h>

/* ---- noting ---- */

static baton_status note (journal_t *self, method_id_t method, const char *session, const void *request)
{
    const record_type_t *type = &METHODS[method].type;
    note_t *added = list_append (&self->notes, sizeof *added);
    if (!added)
        return BATON_resource_exhausted;
    added->method = method;
    added->request = calloc (1, type->size + 1);
    if (!added->request || text_set (&added->session, session) != BATON_OK)
        return BATON_resource_exhausted;
    return record_copy (type, request, added->request);
}

/*  Reading or losing a message is told to the session that sent it. */
static baton_status note_receipt (journal_t *self, const session_t *state, const char *id, receipt_e receipt)
{
    for (size_t i = 0; i < state->mailbox.count; i++) {
        const letter_t *letter = &state->mailbox.items[i];
        if (!letter->from_session || !text_equal (letter->id, id))
            continue;
        message_receipt_request_t request = {
            .session = letter->from_session, .id = letter->id, .to = state->session, .receipt = receipt};
        if (note (self, METHOD_message_receipt, letter->from_session, &request) != BATON_OK)
            return BATON_resource_exhausted;
    }
    return BATON_OK;
}

/*  A breakpoint is seen at the root of the tree. */
static baton_status note_opened (journal_t *self, const session_t *state, const breakpoint_opened_event_t *body)
{
    child_ask_request_t request = {.session = state->root,
                                   .child = state->session,
                                   .number = body->number,
                                   .kind = body->kind,
                                   .title = body->title,
                                   .state = breakpoint_state_open};
    return state->root ? note (self, METHOD_child_ask, state->root, &request) : BATON_OK;
}

static baton_status note_closed (journal_t *self, const session_t *state, uint64_t number, breakpoint_state_e how,
                                 const char *outcome)
{
    child_ask_request_t request = {
        .session = state->root, .child = state->session, .number = number, .state = how, .outcome = (char *) outcome};
    for (size_t i = 0; i < state->breakpoints.count; i++)
        if (state->breakpoints.items[i].number == number) {
            request.kind = state->breakpoints.items[i].kind;
            request.title = state->breakpoints.items[i].title;
        }
    return state->root ? note (self, METHOD_child_ask, state->root, &request) : BATON_OK;
}

/*  A session that waits for an answer does not wait for nothing. */
static baton_status note_unanswered (journal_t *self, const session_t *state, const char *id)
{
    for (size_t i = 0; i < state->owed.count; i++) {
        const exchange_t *owed = &state->owed.items[i];
        message_receipt_request_t request = {
            .session = owed->peer, .id = owed->id, .to = state->session, .receipt = receipt_unanswered};
        if (!owed->person && !owed->receipt && (!id || text_equal (owed->id, id)) &&
            note (self, METHOD_message_receipt, owed->peer, &request) != BATON_OK)
            return BATON_resource_exhausted;
    }
    return BATON_OK;
}

/*  Whoever sent what is unread hears of it. Children go on without their parent, and know it. */
static baton_status note_end (journal_t *self, const session_t *state, cause_e cause)
{
    for (size_t i = 0; i < state->mailbox.count; i++)
        if (note_receipt (self, state, state->mailbox.items[i].id, receipt_dead) != BATON_OK)
            return BATON_resource_exhausted;
    if (note_unanswered (self, state, NULL) != BATON_OK)
        return BATON_resource_exhausted;
    for (size_t i = 0; i < state->children.count; i++) {
        const child_row_t *child = &state->children.items[i];
        parent_note_request_t request = {.session = child->session, .cause = cause};
        if (child->state != lifecycle_terminated &&
            note (self, METHOD_parent_note, child->session, &request) != BATON_OK)
            return BATON_resource_exhausted;
    }
    return BATON_OK;
}

/*  What has reached a cap, or has more again, tells all below it, each child the next ones. */
static baton_status note_hold (journal_t *self, const session_t *state, const char *by, cap_e cap)
{
    for (size_t i = 0; i < state->children.count; i++) {
        const child_row_t *child = &state->children.items[i];
        budget_hold_request_t request = {.session = child->session, .by = (char *) by, .cap = cap};
        if (child->alive > 0 && note (self, METHOD_budget_hold, child->session, &request) != BATON_OK)
            return BATON_resource_exhausted;
    }
    return BATON_OK;
}

/*  A new child stands still with the tree that it comes into. */
static baton_status note_spawned (journal_t *self, const session_t *state, const char *child)
{
    budget_hold_request_t request = {
        .session = (char *) child, .by = state->session, .cap = state->budget.tree_reached};
    baton_status status = BATON_OK;
    if (request.cap)
        status = note (self, METHOD_budget_hold, child, &request);
    for (size_t i = 0; i < state->budget.holds.count && status == BATON_OK; i++) {
        request.by = state->budget.holds.items[i].by;
        request.cap = state->budget.holds.items[i].cap;
        status = note (self, METHOD_budget_hold, child, &request);
    }
    return status;
}

static baton_status note_budget (journal_t *self, const session_t *state, const event_t *event)
{
    const void *body = event->body;
    const budget_reached_event_t *reached = body;
    const budget_held_event_t *held = body;
    if (event->kind == EVENT_budget_reached)
        return reached->tree ? note_hold (self, state, state->session, reached->cap) : BATON_OK;
    if (event->kind == EVENT_budget_released)
        return ((const budget_released_event_t *) body)->tree ? note_hold (self, state, state->session, cap_none)
                                                              : BATON_OK;
    if (event->kind == EVENT_budget_held)
        return note_hold (self, state, held->by, held->cap);
    return note_hold (self, state, ((const budget_freed_event_t *) body)->by, cap_none);
}

/*  The branch of a merge is told that it has come in, by whoever merged it. */
static baton_status note_merge (journal_t *self, const session_t *state, const event_t *event)
{
    const merge_t *merge = &((const session_merged_event_t *) event->body)->merge;
    session_absorb_request_t request = {
        .session = merge->from, .into = state->session, .at = event->n, .upto = merge->n, .keep = merge->keep};
    if (note (self, METHOD_session_absorb, merge->from, &request) != BATON_OK)
        return BATON_resource_exhausted;
    self->notes.items[self->notes.count - 1].named = true;
    return BATON_OK;
}

static baton_status note_event (journal_t *self, const session_t *state, const event_t *event)
{
    const void *body = event->body;
    switch (event->kind) {
    case EVENT_message_read:
        return note_receipt (self, state, ((const message_read_event_t *) body)->id, receipt_read);
    case EVENT_message_expired:
        return note_receipt (self, state, ((const message_expired_event_t *) body)->id, receipt_expired);
    case EVENT_request_ended:
        return note_unanswered (self, state, ((const request_ended_event_t *) body)->id);
    case EVENT_breakpoint_opened:
        return note_opened (self, state, body);
    case EVENT_breakpoint_decided:
        return note_closed (self, state, ((const breakpoint_decided_event_t *) body)->number, breakpoint_state_decided,
                            ((const breakpoint_decided_event_t *) body)->outcome);
    case EVENT_breakpoint_expired:
        return note_closed (self, state, ((const breakpoint_expired_event_t *) body)->number, breakpoint_state_expired,
                            ((const breakpoint_expired_event_t *) body)->outcome);
    case EVENT_breakpoint_cancelled:
        return note_closed (self, state, ((const breakpoint_cancelled_event_t *) body)->number,
                            breakpoint_state_cancelled, NULL);
    case EVENT_child_spawned:
        return note_spawned (self, state, ((const child_spawned_event_t *) body)->child);
    case EVENT_budget_reached:
    case EVENT_budget_released:
    case EVENT_budget_held:
    case EVENT_budget_freed:
        return note_budget (self, state, event);
    case EVENT_session_merged:
        return note_merge (self, state, event);
    case EVENT_session_terminated:
        return note_end (self, state, ((const session_terminated_event_t *) body)->cause);
    default:
        return BATON_OK;
    }
}

baton_status journal_note_event (journal_t *self, const session_t *state, const event_t *event)
{
    baton_status status = note_event (self, state, event);
    return status == BATON_OK ? journal_note_links (self, state, event) : status;
}

/*  Whether a session above counts what is used up as it is used. */
static bool is_counted (journal_t *self, const session_t *state)
{
    entry_t *above = NULL;
    for (const char *parent = state->parent; parent; parent = above->state.parent) {
        if (cache_get (self->cache, parent, &above, NULL) != BATON_OK)
            return false;
        const amounts_t *caps = &above->state.budget.tree;
        if (caps->tokens > 0 || caps->cost_micros > 0)
            return true;
    }
    return false;
}

/*  Tokens and cost go up at each request to a model: where no cap waits for them, they are told with the next change
 *  of something else. */
static bool differs (journal_t *self, const child_row_t *before, const child_row_t *now, const session_t *state)
{
    if (before->state != now->state || before->cause != now->cause || before->alive != now->alive ||
        before->breakpoints != now->breakpoints || before->clocks != now->clocks ||
        before->clock_sum != now->clock_sum || before->spent.runs != now->spent.runs ||
        before->spent.run_time != now->spent.run_time)
        return true;
    bool used = before->spent.tokens != now->spent.tokens || before->spent.cost_micros != now->spent.cost_micros;
    return used && is_counted (self, state);
}

/*  A new one is told of, as it has no position before. */
static baton_status note_offshoot (journal_t *self, const child_row_t *before, const session_t *state)
{
    child_row_t now = session_as_child (state);
    offshoot_note_request_t request = {.session = state->stem,
                                       .offshoot = {.session = state->session, .alive = now.alive, .n = now.n}};
    return before->n == 0 || before->alive != now.alive ? note (self, METHOD_offshoot_note, state->stem, &request)
                                                        : BATON_OK;
}

baton_status journal_note_family (journal_t *self, const child_row_t *before, const session_t *state,
                                  const event_list_t *events)
{
    bool renamed = false;
    if (!state->parent)
        return state->stem ? note_offshoot (self, before, state) : BATON_OK;
    for (size_t i = 0; i < events->count; i++)
        renamed = renamed || events->items[i].kind == EVENT_session_updated;
    child_note_request_t request = {.session = state->parent, .child = session_as_child (state)};
    return renamed || differs (self, before, &request.child, state)
               ? note (self, METHOD_child_note, state->parent, &request)
               : BATON_OK;
}

baton_status journal_note_check (journal_t *self, const session_t *state, uint64_t now)
{
    budget_check_request_t request = {.session = state->session};
    return session_wants_check (state, now) ? note (self, METHOD_budget_check, state->session, &request) : BATON_OK;
}

/* ---- delivering ---- */

static void clear_note (note_t *note)
{
    free (note->session);
    if (note->request)
        record_clear (&METHODS[note->method].type, note->request);
    free (note->request);
    *note = (note_t){0};
}

void journal_forget_notes (journal_t *self)
{
    for (size_t i = 0; i < self->notes.count; i++)
        clear_note (&self->notes.items[i]);
    free (self->notes.items);
    self->notes.items = NULL;
    self->notes.count = 0;
    journal_forget_links (self);
}

bool journal_must_undo (journal_t *self, baton_status status, const baton_error_t *error)
{
    bool unknown = status == BATON_unavailable || (status != BATON_OK && error->reason == BATON_REASON_out_of_memory);
    self->broken = self->broken || unknown;
    return unknown;
}

/*  A note that its session does not take (it may have ended, or be gone) is dropped: nobody waits for it. */
static baton_status deliver (journal_t *self, const note_t *note, const command_t *cause, baton_error_t *error)
{
    command_t command = {.method = note->method, .request = note->request, .now = cause->now, .trace = cause->trace};
    if (note->named) {
        command.actor = cause->actor;
        command.role = cause->role;
    }
    changed_t changed = {0};
    baton_error_t refusal = {0};
    baton_status status = journal_decide (self, note->session, &command, &changed, &refusal);
    record_clear (&RECORD_changed, &changed);
    if (journal_must_undo (self, status, &refusal)) {
        *error = refusal;
        return status;
    }
    if (status != BATON_OK)
        log_debug ("%s of session %s: %s", METHODS[note->method].name, note->session, refusal.message);
    return BATON_OK;
}

static baton_status deliver_all (journal_t *self, const command_t *cause, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; status == BATON_OK && i < self->notes.count; i++) {
        note_t taken = self->notes.items[i];
        self->notes.items[i] = (note_t){0};
        status = deliver (self, &taken, cause, error);
        clear_note (&taken);
    }
    if (status != BATON_OK)
        return status;
    free (self->notes.items);
    self->notes.items = NULL;
    self->notes.count = 0;
    return status;
}

/*  What follows from a note is added behind it, and the outermost call goes on with that. */
baton_status journal_deliver (journal_t *self, const command_t *cause, baton_error_t *error)
{
    baton_status status = BATON_OK;
    if (self->delivering)
        return BATON_OK;
    self->delivering = true;
    while (status == BATON_OK && (self->notes.count > 0 || self->links.count > 0)) {
        status = deliver_all (self, cause, error);
        if (status == BATON_OK)
            status = journal_settle_links (self, cause, error);
    }
    self->delivering = false;
    return status;
}
