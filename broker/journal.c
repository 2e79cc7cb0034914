#include "journal_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the site's state ---- */

baton_status journal_load_site (journal_t *self, baton_error_t *error)
{
    baton_bytes_t snapshot = {0};
    store_reads_t tail = {0};
    site_t site = {0};
    uint64_t n = 0;
    baton_status status = store_load (self->store, SITE_ID, &snapshot, &n, &tail, error);
    if (status == BATON_not_found)
        status = BATON_OK;
    if (status == BATON_OK && snapshot.size > 0)
        status = record_decode (&RECORD_site, snapshot.data, snapshot.size, &site, error);
    for (size_t i = 0; status == BATON_OK && i < tail.count; i++) {
        event_t event = {0};
        status = event_decode (tail.items[i].data.data, tail.items[i].data.size, &event, error);
        if (status == BATON_OK && site_evolve (&site, &event) != BATON_OK)
            status = baton_fail_memory (error);
        event_clear (&event);
    }
    bytes_clear (&snapshot);
    store_reads_clear (&tail);
    if (status != BATON_OK) {
        record_clear (&RECORD_site, &site);
        return status;
    }
    record_clear (&RECORD_site, &self->site);
    self->site = site;
    self->site_snapshot_n = n;
    people_forget (self->people);
    return BATON_OK;
}

baton_status journal_new (store_t *store, size_t capacity, journal_t **ret_journal, baton_error_t *error)
{
    journal_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->store = store;
    self->head = store_head (store);
    self->people = people_new (&self->site);
    baton_status status = self->people ? cache_new (store, capacity, &self->cache, error) : baton_fail_memory (error);
    if (status == BATON_OK)
        status = journal_load_site (self, error);
    if (status != BATON_OK) {
        journal_destroy (&self);
        return status;
    }
    *ret_journal = self;
    return BATON_OK;
}

void journal_forget_receipts (journal_t *self)
{
    for (size_t i = 0; i < self->receipts.count; i++) {
        free (self->receipts.items[i].to);
        free (self->receipts.items[i].id);
        free (self->receipts.items[i].about);
    }
    free (self->receipts.items);
    self->receipts.items = NULL;
    self->receipts.count = 0;
    journal_forget_merges (self);
}

void journal_destroy (journal_t **self)
{
    if (!*self)
        return;
    journal_forget_receipts (*self);
    journal_forget_links (*self);
    journal_clear (*self);
    cache_destroy (&(*self)->cache);
    people_destroy (&(*self)->people);
    record_clear (&RECORD_site, &(*self)->site);
    free (*self);
    *self = NULL;
}

const site_t *journal_site (const journal_t *self)
{
    return &self->site;
}

people_t *journal_people (const journal_t *self)
{
    return self->people;
}

cache_t *journal_cache (journal_t *self)
{
    return self->cache;
}

uint64_t journal_head (const journal_t *self)
{
    return self->head;
}

/* ---- applying events ---- */

static void add_concerned (pending_t *pending, const char *node)
{
    if (!node || !*node)
        return;
    for (size_t i = 0; i < CONCERNED_MOST; i++) {
        if (strcmp (pending->concerned[i], node) == 0)
            return;
        if (!*pending->concerned[i]) {
            snprintf (pending->concerned[i], sizeof pending->concerned[i], "%s", node);
            return;
        }
    }
}

static void add_session_nodes (pending_t *pending, const session_t *state)
{
    add_concerned (pending, state->lease.node);
    if (state->migrating) {
        add_concerned (pending, state->migration.source);
        add_concerned (pending, state->migration.target);
    }
}

/*  Numbers an event of a session, or, where entry is NULL, of the site; writes it down and queues it for the commit. */
static pending_t *enqueue (journal_t *self, event_t *event, const entry_t *entry, const command_t *command)
{
    const char *session = entry ? entry->id : SITE_ID;
    pending_t *pending = list_append (&self->pending, sizeof *pending);
    if (!pending)
        return NULL;
    event->seq = self->head + 1;
    event->n = (entry ? entry->state.n : self->site.n) + 1;
    event->at = command->now;
    event->run = command->run;
    if (text_set (&event->session, session) != BATON_OK || text_set (&event->actor, command->actor) != BATON_OK ||
        event_encode (event, &pending->data) != BATON_OK) {
        self->pending.count--;
        return NULL;
    }
    self->head++;
    pending->kind = event->kind;
    pending->seq = event->seq;
    pending->n = event->n;
    pending->state = entry ? &entry->state : NULL;
    snprintf (pending->session, sizeof pending->session, "%s", session);
    return pending;
}

static baton_status touch (journal_t *self, entry_t *entry)
{
    if (entry->touched)
        return BATON_OK;
    entry_t **slot = list_append (&self->touched, sizeof *slot);
    if (!slot)
        return BATON_resource_exhausted;
    *slot = entry;
    entry->touched = true;
    return BATON_OK;
}

/*  Reading or losing a message is told to the session that sent it. */
static baton_status note_receipt (journal_t *self, const session_t *state, const char *id, receipt_e receipt)
{
    for (size_t i = 0; i < state->mailbox.count; i++) {
        const letter_t *letter = &state->mailbox.items[i];
        if (!letter->from_session || !text_equal (letter->id, id))
            continue;
        receipt_note_t *note = list_append (&self->receipts, sizeof *note);
        if (!note || text_set (&note->to, letter->from_session) != BATON_OK || text_set (&note->id, id) != BATON_OK ||
            text_set (&note->about, state->session) != BATON_OK)
            return BATON_resource_exhausted;
        note->receipt = receipt;
    }
    return BATON_OK;
}

static baton_status note_effects (journal_t *self, const session_t *state, const event_t *event)
{
    if (event->kind == EVENT_session_merged)
        return journal_note_merge (self, state, event);
    if (event->kind == EVENT_message_read)
        return note_receipt (self, state, ((const message_read_event_t *) event->body)->id, receipt_read);
    if (event->kind == EVENT_message_expired)
        return note_receipt (self, state, ((const message_expired_event_t *) event->body)->id, receipt_expired);
    return journal_note_links (self, state, event);
}

static baton_status apply_all (journal_t *self, entry_t *entry, event_list_t *events, const command_t *command)
{
    if (events->count > 0 && touch (self, entry) != BATON_OK)
        return BATON_resource_exhausted;
    for (size_t i = 0; i < events->count; i++) {
        event_t *event = &events->items[i];
        pending_t *pending = enqueue (self, event, entry, command);
        if (!pending)
            return BATON_resource_exhausted;
        if (entry->order == 0)
            entry->order = event->seq;
        add_session_nodes (pending, &entry->state);
        if (note_effects (self, &entry->state, event) != BATON_OK || session_evolve (&entry->state, event) != BATON_OK)
            return BATON_resource_exhausted;
        add_session_nodes (pending, &entry->state);
    }
    return BATON_OK;
}

baton_status journal_apply (journal_t *self, entry_t *entry, event_list_t *events, const command_t *command)
{
    baton_status status = apply_all (self, entry, events, command);
    if (status != BATON_OK)
        self->broken = true;
    return status;
}

baton_status journal_fill_changed (const session_t *state, changed_t *changed)
{
    changed->n = state->n;
    changed->state = state->state;
    changed->cause = state->cause;
    changed->epoch = state->lease.epoch;
    return text_set (&changed->session, state->session);
}

static bool creates (const command_t *command)
{
    return command->method == METHOD_session_create || command->method == METHOD_session_fork;
}

baton_status journal_decide_only (journal_t *self, const char *session, const command_t *command, entry_t **ret_entry,
                                  event_list_t *ret_events, changed_t *ret_changed, baton_error_t *error)
{
    baton_status status = creates (command) ? cache_add (self->cache, session, ret_entry, error)
                                            : cache_get (self->cache, session, ret_entry, error);
    if (status == BATON_OK)
        status = session_decide (&(*ret_entry)->state, command, ret_events, ret_changed, error);
    if (status != BATON_OK && *ret_entry && creates (command))
        cache_drop (self->cache, *ret_entry);
    return status;
}

baton_status journal_decide (journal_t *self, const char *session, const command_t *command, changed_t *ret_changed,
                             baton_error_t *error)
{
    entry_t *entry = NULL;
    event_list_t events = {0};
    baton_status status = journal_decide_only (self, session, command, &entry, &events, ret_changed, error);
    if (status == BATON_OK && (journal_apply (self, entry, &events, command) != BATON_OK ||
                               journal_fill_changed (&entry->state, ret_changed) != BATON_OK))
        status = baton_fail_memory (error);
    event_list_clear (&events);
    if (status == BATON_OK)
        status = journal_deliver_receipts (self, command, error);
    return status == BATON_OK ? journal_settle_links (self, command, error) : status;
}

/*  A receipt that its session does not take (it may have ended) is dropped: nobody waits for it. */
baton_status journal_deliver_receipts (journal_t *self, const command_t *cause, baton_error_t *error)
{
    while (self->receipts.count > 0) {
        receipt_note_t note = self->receipts.items[--self->receipts.count];
        message_receipt_request_t request = {
            .session = note.to, .id = note.id, .to = note.about, .receipt = note.receipt};
        command_t command = {.method = METHOD_message_receipt, .request = &request, .now = cause->now};
        changed_t changed = {0};
        baton_error_t ignored = {0};
        baton_status status = journal_decide (self, note.to, &command, &changed, &ignored);
        record_clear (&RECORD_changed, &changed);
        free (note.to);
        free (note.id);
        free (note.about);
        if (status == BATON_resource_exhausted && ignored.reason == BATON_REASON_out_of_memory)
            return baton_fail_memory (error);
    }
    free (self->receipts.items);
    self->receipts.items = NULL;
    return journal_tell_branches (self, cause, error);
}

/* ---- messages ---- */

baton_status journal_send (journal_t *self, const char *from, const command_t *command, changed_t *ret_changed,
                           baton_error_t *error)
{
    const message_send_request_t *request = command->request;
    char *id = request->id ? request->id : (char *) command->fresh;
    message_post_request_t post = {.session = (char *) from, .to = request->to, .id = id, .subject = request->subject};
    message_deliver_request_t deliver = {
        .session = request->to,
        .id = id,
        .from = (char *) command->actor,
        .from_session = (char *) from,
        .subject = request->subject,
        .body = request->body,
        .ttl = request->ttl,
    };
    command_t posting = *command, delivering = {.method = METHOD_message_deliver,
                                                .request = &deliver,
                                                .now = command->now,
                                                .actor = command->actor,
                                                .role = command->role};
    posting.method = METHOD_message_post;
    posting.request = &post;
    entry_t *sender = NULL, *receiver = NULL;
    event_list_t posted = {0}, delivered = {0};
    baton_status status = BATON_OK;
    if (from)
        status = journal_decide_only (self, from, &posting, &sender, &posted, ret_changed, error);
    if (status == BATON_OK)
        status = journal_decide_only (self, request->to, &delivering, &receiver, &delivered, ret_changed, error);
    bool fresh = delivered.count > 0; /*  a known id changes nothing, in either journal */
    if (status == BATON_OK && fresh &&
        ((sender && journal_apply (self, sender, &posted, &posting) != BATON_OK) ||
         journal_apply (self, receiver, &delivered, &delivering) != BATON_OK))
        status = baton_fail_memory (error);
    if (status == BATON_OK && fresh && sender) {
        message_receipt_request_t receipt = {
            .session = (char *) from, .id = id, .to = request->to, .receipt = receipt_delivered};
        command_t telling = {.method = METHOD_message_receipt, .request = &receipt, .now = command->now};
        status = journal_decide (self, from, &telling, ret_changed, error);
    }
    if (status == BATON_OK && (journal_fill_changed (&(sender ? sender : receiver)->state, ret_changed) != BATON_OK ||
                               text_set (&ret_changed->message, id) != BATON_OK))
        status = baton_fail_memory (error);
    event_list_clear (&posted);
    event_list_clear (&delivered);
    return status;
}

/* ---- the site ---- */

static baton_status apply_site_all (journal_t *self, event_list_t *events, const command_t *command)
{
    for (size_t i = 0; i < events->count; i++) {
        event_t *event = &events->items[i];
        pending_t *pending = enqueue (self, event, NULL, command);
        if (!pending)
            return BATON_resource_exhausted;
        self->site_touched = true;
        if (event->kind >= EVENT_node_registered)
            add_concerned (pending, record_text (&EVENTS[event->kind].type, event->body, "name"));
        if (site_evolve (&self->site, event) != BATON_OK)
            return BATON_resource_exhausted;
    }
    return BATON_OK;
}

static baton_status apply_site (journal_t *self, event_list_t *events, const command_t *command)
{
    baton_status status = apply_site_all (self, events, command);
    if (status != BATON_OK)
        self->broken = true;
    return status;
}

baton_status journal_decide_site (journal_t *self, const command_t *command, baton_error_t *error)
{
    event_list_t events = {0};
    baton_status status = site_decide (&self->site, command, &events, error);
    if (status == BATON_OK && apply_site (self, &events, command) != BATON_OK)
        status = baton_fail_memory (error);
    event_list_clear (&events);
    return status;
}

baton_status journal_found_site (journal_t *self, const char *name, const char *key, uint64_t now, baton_error_t *error)
{
    event_list_t events = {0};
    command_t command = {.now = now};
    site_created_event_t *body = event_list_add (&events, EVENT_site_created);
    baton_status status = BATON_OK;
    if (!body || text_set (&body->name, name) != BATON_OK || text_set (&body->key, key) != BATON_OK ||
        apply_site (self, &events, &command) != BATON_OK)
        status = baton_fail_memory (error);
    event_list_clear (&events);
    if (status == BATON_OK)
        status = journal_commit (self, error);
    journal_clear (self);
    return status;
}
