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
    journal_mend_rows (self);
    *ret_journal = self;
    return BATON_OK;
}

void journal_destroy (journal_t **self)
{
    if (!*self)
        return;
    journal_forget_notes (*self);
    journal_clear (*self);
    cache_destroy (&(*self)->cache);
    people_destroy (&(*self)->people);
    record_clear (&RECORD_site, &(*self)->site);
    free ((*self)->behind.items);
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
        text_set (&event->trace, command->trace) != BATON_OK || event_encode (event, &pending->data) != BATON_OK) {
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

baton_status journal_touch (journal_t *self, entry_t *entry)
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

static baton_status apply_all (journal_t *self, entry_t *entry, event_list_t *events, const command_t *command)
{
    if (events->count > 0 && journal_touch (self, entry) != BATON_OK)
        return BATON_resource_exhausted;
    child_row_t before = {.state = lifecycle_suspended, .cause = cause_created, .alive = 1}; /*  as it was spawned */
    if (entry->state.parent || entry->state.stem)
        before = session_as_child (&entry->state);
    uint64_t carried = entry->state.carried;
    for (size_t i = 0; i < events->count; i++) {
        event_t *event = &events->items[i];
        pending_t *pending = enqueue (self, event, entry, command);
        if (!pending)
            return BATON_resource_exhausted;
        if (entry->order == 0)
            entry->order = event->seq;
        add_session_nodes (pending, &entry->state);
        if (journal_note_event (self, &entry->state, event) != BATON_OK ||
            session_evolve (&entry->state, event) != BATON_OK)
            return BATON_resource_exhausted;
        add_session_nodes (pending, &entry->state);
    }
    if (events->count > 0 && (journal_note_check (self, &entry->state, command->now) != BATON_OK ||
                              journal_note_carried (self, carried, &entry->state) != BATON_OK))
        return BATON_resource_exhausted;
    return journal_note_family (self, &before, &entry->state, events);
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
    if (status == BATON_OK && journal_apply (self, entry, &events, command) != BATON_OK)
        status = baton_fail_memory (error);
    event_list_clear (&events);
    if (status == BATON_OK)
        status = journal_deliver (self, command, error);
    if (status == BATON_OK && journal_fill_changed (&entry->state, ret_changed) != BATON_OK)
        status = baton_fail_memory (error);
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
