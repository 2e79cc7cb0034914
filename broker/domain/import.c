/*  Sessions that come from another site, and those that go there. */
#include "deciding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- coming ---- */

void session_forget_carried (session_t *self)
{
    self->carried = 0;
    free (self->carried_from);
    self->carried_from = NULL;
}

/*  As long as a node keeps a workspace of its own: it may be what a fork is made for. */
uint64_t carried_due (const session_t *self)
{
    bool waits = self->carried > 0 && self->state == lifecycle_terminated;
    return waits ? self->active_at + LIMIT_CARRIED_IDLE : 0;
}

baton_status evolve_carried_dropped (session_t *self, const event_t *event)
{
    (void) event;
    session_forget_carried (self);
    return BATON_OK;
}

/*  What belongs to the other site ends: its node runs nothing here, and whoever was asked there is nobody here. */
static void end_life (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    if (self->migrating)
        migration_end (deciding, "the session was imported elsewhere");
    if (run_active (&self->run))
        emit (deciding, EVENT_run_finished,
              &(run_finished_event_t){.number = self->run.number,
                                      .outcome = run_outcome_interrupted,
                                      .detail = (char *) "it was under way when the session was exported"});
    for (size_t i = 0; i < self->breakpoints.count; i++)
        if (self->breakpoints.items[i].state == breakpoint_state_open)
            emit (deciding, EVENT_breakpoint_cancelled,
                  &(breakpoint_cancelled_event_t){.number = self->breakpoints.items[i].number});
    for (size_t i = 0; i < self->queue.count; i++)
        emit (deciding, EVENT_start_dequeued, &(start_dequeued_event_t){});
}

/*  The triggers that could never fire: of the session that they wait for, nobody here hears. */
static size_t list_strangers (const session_t *self, char *ret_names[LIMIT_TRIGGERS])
{
    size_t count = 0;
    for (size_t i = 0; i < self->triggers.count && count < LIMIT_TRIGGERS; i++)
        if (self->triggers.items[i].after)
            ret_names[count++] = self->triggers.items[i].name;
    return count;
}

/*  self is the state that the imported journal comes to. From the first event on it is no longer anybody's child: what
 *  follows is told to nobody. */
baton_status decide_session_import (deciding_t *deciding)
{
    const session_import_request_t *request = deciding->command->request;
    baton_status status = workspace_check (request->workspace, deciding->error);
    if (status == BATON_OK && request->carried.size > 0 && (request->workspace || request->ancestor))
        status = baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "carried",
                                   "a workspace that comes along goes to a folder that the node makes");
    if (status != BATON_OK)
        return status;
    char *dropped[LIMIT_TRIGGERS];
    size_t drops = list_strangers (deciding->self, dropped);
    emit (deciding, EVENT_session_imported,
          &(session_imported_event_t){
              .triggers = {drops, dropped},
              .provenance = {.site = request->origin_site,
                             .session = request->origin_session,
                             .n = request->origin_n,
                             .exporter = request->exporter,
                             .signer = request->signer,
                             .archive = request->archive,
                             .redacted = request->redacted},
              .title = request->title,
              .workspace = request->workspace,
              .carried = request->carried,
          });
    size_t said = deciding->events->count;
    if (deciding->self->state != lifecycle_terminated && request->ancestor)
        session_end (deciding, cause_imported, run_outcome_interrupted, "it came along for the context of another one",
                     0);
    else if (deciding->self->state != lifecycle_terminated)
        end_life (deciding);
    if (!deciding->out_of_memory)
        ((session_imported_event_t *) deciding->events->items[said - 1].body)->own = deciding->events->count - said;
    return BATON_OK;
}

/*  The senders of unread letters are at the other site: nobody here waits to hear that they were read. */
static void forget_senders (session_t *self)
{
    for (size_t i = 0; i < self->mailbox.count; i++) {
        free (self->mailbox.items[i].from_session);
        self->mailbox.items[i].from_session = NULL;
    }
}

/*  Nor for an answer, or to give one: whoever has that id here is somebody else. */
static void settle_requests (session_t *self, uint64_t n)
{
    for (size_t i = 0; i < self->owed.count + self->asked.count; i++) {
        exchange_t *request = i < self->owed.count ? &self->owed.items[i] : &self->asked.items[i - self->owed.count];
        if (!request->receipt) {
            request->receipt = receipt_unanswered;
            request->n = n;
        }
    }
}

static void forget_all (void *list, const record_type_t *type)
{
    const struct {
        size_t count;
        void *items;
    } *any = list;
    while (any->count > 0)
        list_remove (list, type, any->count - 1);
}

/*  Parent, children and whoever else this session waits for, or that waits for it, stay where they are; and who may do
 *  what with it there says nothing about people here. */
static void forget_others (session_t *self)
{
    free (self->parent);
    free (self->root);
    free (self->stem);
    self->parent = self->root = self->stem = NULL;
    self->level = self->child_ended_n = 0;
    self->parent_ended = cause_none;
    forget_all (&self->children, &RECORD_child_row);
    forget_all (&self->offshoots, &RECORD_offshoot);
    forget_all (&self->depends_on, &RECORD_dependency);
    forget_all (&self->clients, &RECORD_session_client);
    forget_all (&self->audience.shares, &RECORD_grant);
    forget_all (&self->budget.holds, &RECORD_hold);
    texts_clear (&self->watchers);
    record_clear (&RECORD_origin, &self->origin);
    record_clear (&RECORD_predecessor, &self->follows);
    record_clear (&RECORD_migration, &self->migration);
    self->migrating = false;
    free (self->run.node);
    self->run.node = NULL;
    free (self->lock.holder);
    free (self->lock.client);
    self->lock = (edit_lock_t){.fence = self->lock.fence};
}

/*  What a checkpoint and a merge say of other documents and sessions holds there. Here a checkpoint is read from the
 *  journal, and who asks about the conflicts of a merge asks anew. */
static void forget_references (session_t *self)
{
    for (size_t i = 0; i < self->checkpoints.count; i++) {
        free (self->checkpoints.items[i].digest);
        self->checkpoints.items[i].digest = NULL;
    }
    record_clear (&RECORD_merge, &self->merge);
}

/*  The end of a session elsewhere is not heard of here; and the files, if there are any, are looked at for the first
 *  time. */
static void forget_sights (session_t *self)
{
    for (size_t i = self->triggers.count; i-- > 0;) {
        trigger_t *trigger = &self->triggers.items[i];
        free (trigger->seen);
        trigger->seen = NULL;
        trigger->since = 0;
        if (trigger->after)
            list_remove (&self->triggers, &RECORD_trigger, i);
    }
}

baton_status evolve_session_imported (session_t *self, const event_t *event)
{
    const session_imported_event_t *body = event->body;
    provenance_t provenance = {0};
    if (record_copy (&RECORD_provenance, &body->provenance, &provenance) ||
        (body->title && text_set (&self->title, body->title)) || text_set (&self->workspace, body->workspace) ||
        text_set (&self->node, NULL) || text_set (&self->home, NULL) || text_set (&self->folder, NULL) ||
        text_set (&self->lease.node, NULL) || text_set (&self->audience.owner, event->actor)) {
        record_clear (&RECORD_provenance, &provenance);
        return BATON_resource_exhausted;
    }
    record_clear (&RECORD_provenance, &self->provenance);
    self->provenance = provenance;
    pairs_clear (&self->selector);
    forget_others (self);
    forget_senders (self);
    settle_requests (self, event->n);
    forget_references (self);
    session_forget_carried (self);
    self->carried = body->carried.size > 0 ? event->n : 0;
    forget_sights (self);
    self->lease.epoch++;
    self->wake_on_message = self->wake_on_family = false;
    self->wake_at = 0;
    if (self->state != lifecycle_terminated) {
        self->state = lifecycle_suspended;
        self->cause = cause_imported;
    }
    return BATON_OK;
}

/*  A state from elsewhere may name any id; this is the journal of one. */
baton_status evolve_session_continued (session_t *self, const event_t *event)
{
    const session_continued_event_t *body = event->body;
    session_t state = {0};
    if (record_copy (&RECORD_session, &body->state, &state) || text_set (&state.session, self->session)) {
        record_clear (&RECORD_session, &state);
        return BATON_resource_exhausted;
    }
    record_clear (&RECORD_session, self);
    *self = state;
    return BATON_OK;
}

/* ---- going ---- */

baton_status decide_session_moved (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const session_moved_request_t *request = deciding->command->request;
    char detail[2 * LIMIT_ID + 32];
    if (self->state == lifecycle_terminated && self->cause == cause_moved)
        return BATON_OK; /*  said again */
    if (self->state == lifecycle_running)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "session %s is running: it must be suspended before it moves", self->session);
    if (self->state == lifecycle_terminated)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "session %s has ended (%s): it goes on nowhere", self->session,
                           enum_name (&cause_names, self->cause));
    snprintf (detail, sizeof detail, "to the site %s, as %s", request->site, request->as);
    session_end (deciding, cause_moved, run_outcome_cancelled, detail, 0);
    return BATON_OK;
}
