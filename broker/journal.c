#include "journal.h"

#include "id.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_EVERY 128 /*  events of one session between its snapshots */
#define SNAPSHOT_LEAST 16  /*  events that are worth a snapshot at the end */

typedef struct {
    char *actor, *key, *payload;
    uint64_t at;
    baton_bytes_t reply;
} noted_answer_t;

typedef struct {
    char digest[DIGEST_SIZE];
    baton_bytes_t content;
} noted_blob_t;

/*  A receipt for the session that had sent a message. */
typedef struct {
    char *to, *id, *about;
    receipt_e receipt;
} receipt_note_t;

struct journal {
    store_t *store;
    cache_t *cache;
    site_t site;
    uint64_t site_snapshot_n;
    bool site_touched;
    bool broken;   /*  events were applied in part: the batch can only be undone */
    uint64_t head; /*  last seq given out */
    struct {
        size_t count;
        pending_t *items;
    } pending;
    struct {
        size_t count;
        entry_t **items;
    } touched;
    struct {
        size_t count;
        noted_answer_t *items;
    } answers;
    struct {
        size_t count;
        noted_blob_t *items;
    } blobs;
    struct {
        size_t count;
        receipt_note_t *items;
    } receipts;
};

/* ---- the site's state ---- */

static baton_status load_site (journal_t *self, baton_error_t *error)
{
    baton_bytes_t snapshot = {0};
    store_reads_t tail = {0};
    record_clear (&RECORD_site, &self->site);
    self->site_snapshot_n = 0;
    baton_status status = store_load (self->store, SITE_ID, &snapshot, &self->site_snapshot_n, &tail, error);
    if (status == BATON_not_found)
        return BATON_OK;
    if (status == BATON_OK && snapshot.size > 0)
        status = record_decode (&RECORD_site, snapshot.data, snapshot.size, &self->site, error);
    for (size_t i = 0; status == BATON_OK && i < tail.count; i++) {
        event_t event = {0};
        status = event_decode (tail.items[i].data.data, tail.items[i].data.size, &event, error);
        if (status == BATON_OK)
            status = site_evolve (&self->site, &event);
        event_clear (&event);
    }
    bytes_clear (&snapshot);
    store_reads_clear (&tail);
    return status;
}

baton_status journal_new (store_t *store, size_t capacity, journal_t **ret_journal, baton_error_t *error)
{
    journal_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->store = store;
    self->head = store_head (store);
    baton_status status = cache_new (store, capacity, &self->cache, error);
    if (status == BATON_OK)
        status = load_site (self, error);
    if (status != BATON_OK) {
        journal_destroy (&self);
        return status;
    }
    *ret_journal = self;
    return BATON_OK;
}

static void forget_receipts (journal_t *self)
{
    for (size_t i = 0; i < self->receipts.count; i++) {
        free (self->receipts.items[i].to);
        free (self->receipts.items[i].id);
        free (self->receipts.items[i].about);
    }
    free (self->receipts.items);
    self->receipts.items = NULL;
    self->receipts.count = 0;
}

void journal_destroy (journal_t **self)
{
    if (!*self)
        return;
    forget_receipts (*self);
    journal_clear (*self);
    cache_destroy (&(*self)->cache);
    record_clear (&RECORD_site, &(*self)->site);
    free (*self);
    *self = NULL;
}

const site_t *journal_site (const journal_t *self)
{
    return &self->site;
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

/*  Numbers an event, writes it down and queues it for the commit. */
static pending_t *enqueue (journal_t *self, event_t *event, const char *session, uint64_t n, const command_t *command)
{
    pending_t *pending = list_append (&self->pending, sizeof *pending);
    if (!pending)
        return NULL;
    event->seq = self->head + 1;
    event->n = n;
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
    pending->n = n;
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
    if (event->kind == EVENT_message_read)
        return note_receipt (self, state, ((const message_read_event_t *) event->body)->id, receipt_read);
    if (event->kind == EVENT_message_expired)
        return note_receipt (self, state, ((const message_expired_event_t *) event->body)->id, receipt_expired);
    return BATON_OK;
}

static baton_status apply_all (journal_t *self, entry_t *entry, event_list_t *events, const command_t *command)
{
    if (events->count > 0 && touch (self, entry) != BATON_OK)
        return BATON_resource_exhausted;
    for (size_t i = 0; i < events->count; i++) {
        event_t *event = &events->items[i];
        pending_t *pending = enqueue (self, event, entry->id, entry->state.n + 1, command);
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

static baton_status apply (journal_t *self, entry_t *entry, event_list_t *events, const command_t *command)
{
    baton_status status = apply_all (self, entry, events, command);
    if (status != BATON_OK)
        self->broken = true;
    return status;
}

static baton_status fill_changed (const session_t *state, changed_t *changed)
{
    changed->n = state->n;
    changed->state = state->state;
    changed->cause = state->cause;
    changed->epoch = state->lease.epoch;
    return text_set (&changed->session, state->session);
}

static baton_status deliver_receipts (journal_t *self, const command_t *cause, baton_error_t *error);

/*  The receiving session in our own words: events decided, not applied. */
static baton_status decide_only (journal_t *self, const char *session, const command_t *command, entry_t **ret_entry,
                                 event_list_t *ret_events, changed_t *ret_changed, baton_error_t *error)
{
    baton_status status = command->method == METHOD_session_create ? cache_add (self->cache, session, ret_entry, error)
                                                                   : cache_get (self->cache, session, ret_entry, error);
    if (status == BATON_OK)
        status = session_decide (&(*ret_entry)->state, command, ret_events, ret_changed, error);
    if (status != BATON_OK && *ret_entry && command->method == METHOD_session_create)
        cache_drop (self->cache, *ret_entry);
    return status;
}

baton_status journal_decide (journal_t *self, const char *session, const command_t *command, changed_t *ret_changed,
                             baton_error_t *error)
{
    entry_t *entry = NULL;
    event_list_t events = {0};
    baton_status status = decide_only (self, session, command, &entry, &events, ret_changed, error);
    if (status == BATON_OK &&
        (apply (self, entry, &events, command) != BATON_OK || fill_changed (&entry->state, ret_changed) != BATON_OK))
        status = baton_fail_memory (error);
    event_list_clear (&events);
    return status == BATON_OK ? deliver_receipts (self, command, error) : status;
}

/*  A receipt that its session does not take (it may have ended) is dropped: nobody waits for it. */
static baton_status deliver_receipts (journal_t *self, const command_t *cause, baton_error_t *error)
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
    return BATON_OK;
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
        status = decide_only (self, from, &posting, &sender, &posted, ret_changed, error);
    if (status == BATON_OK)
        status = decide_only (self, request->to, &delivering, &receiver, &delivered, ret_changed, error);
    bool fresh = delivered.count > 0; /*  a known id changes nothing, in either journal */
    if (status == BATON_OK && fresh &&
        ((sender && apply (self, sender, &posted, &posting) != BATON_OK) ||
         apply (self, receiver, &delivered, &delivering) != BATON_OK))
        status = baton_fail_memory (error);
    if (status == BATON_OK && fresh && sender) {
        message_receipt_request_t receipt = {
            .session = (char *) from, .id = id, .to = request->to, .receipt = receipt_delivered};
        command_t telling = {.method = METHOD_message_receipt, .request = &receipt, .now = command->now};
        status = journal_decide (self, from, &telling, ret_changed, error);
    }
    if (status == BATON_OK && (fill_changed (&(sender ? sender : receiver)->state, ret_changed) != BATON_OK ||
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
        pending_t *pending = enqueue (self, event, SITE_ID, self->site.n + 1, command);
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

/* ---- answers and blobs ---- */

static baton_status compare_payload (const char *known, const char *payload, const char *key, baton_error_t *error)
{
    if (strcmp (known, payload) == 0)
        return BATON_OK;
    return baton_fail_field (error, BATON_aborted, BATON_REASON_key_reused, "key",
                             "the idempotency key %s was used for another request", key);
}

baton_status journal_answer (journal_t *self, const char *actor, const char *key, const char *payload,
                             baton_bytes_t *ret_reply, baton_error_t *error)
{
    for (size_t i = 0; i < self->answers.count; i++) {
        const noted_answer_t *answer = &self->answers.items[i];
        if (strcmp (answer->key, key) != 0 || strcmp (answer->actor, actor) != 0)
            continue;
        baton_status status = compare_payload (answer->payload, payload, key, error);
        if (status == BATON_OK && bytes_set (ret_reply, answer->reply.data, answer->reply.size) != BATON_OK)
            status = baton_fail_memory (error);
        return status;
    }
    char known[DIGEST_SIZE];
    baton_bytes_t reply = {0};
    baton_status status = store_answer (self->store, actor, key, known, &reply, error);
    if (status == BATON_OK)
        status = compare_payload (known, payload, key, error);
    if (status != BATON_OK) {
        bytes_clear (&reply);
        return status;
    }
    *ret_reply = reply;
    return BATON_OK;
}

baton_status journal_note_answer (journal_t *self, const char *actor, const char *key, const char *payload,
                                  uint64_t now, const baton_bytes_t *reply)
{
    noted_answer_t *answer = list_append (&self->answers, sizeof *answer);
    if (!answer)
        return BATON_resource_exhausted;
    answer->at = now;
    if (text_set (&answer->actor, actor) != BATON_OK || text_set (&answer->key, key) != BATON_OK ||
        text_set (&answer->payload, payload) != BATON_OK ||
        bytes_set (&answer->reply, reply->data, reply->size) != BATON_OK)
        return BATON_resource_exhausted;
    return BATON_OK;
}

baton_status journal_note_blob (journal_t *self, const char *digest, const baton_bytes_t *content)
{
    noted_blob_t *blob = list_append (&self->blobs, sizeof *blob);
    if (!blob)
        return BATON_resource_exhausted;
    snprintf (blob->digest, sizeof blob->digest, "%s", digest);
    return bytes_set (&blob->content, content->data, content->size);
}

/* ---- commit ---- */

/*  What the commit needs beside the events, gathered in arrays that live for the call. */
typedef struct {
    store_event_t *events;
    projection_t *projections;
    baton_bytes_t *shown; /*  the encoded projections, for the entries */
    entry_t **projected;  /*  whose they are */
    store_snapshot_t *snapshots;
    entry_t **snapshotted; /*  NULL: the site */
    store_answer_t *answers;
    store_blob_t *blobs;
    store_batch_t batch;
} gathered_t;

static void gathered_clear (gathered_t *self)
{
    for (size_t i = 0; i < self->batch.projection_count; i++) {
        record_clear (&RECORD_projection, &self->projections[i]);
        bytes_clear (&self->shown[i]);
    }
    for (size_t i = 0; i < self->batch.snapshot_count; i++)
        bytes_clear (&self->snapshots[i].state);
    free (self->events);
    free (self->projections);
    free (self->shown);
    free (self->projected);
    free (self->snapshots);
    free (self->snapshotted);
    free (self->answers);
    free (self->blobs);
}

static baton_status gather_projection (gathered_t *self, entry_t *entry)
{
    size_t at = self->batch.projection_count;
    projection_t *projection = &self->projections[at];
    projection->order = entry->order;
    if (session_project (&entry->state, projection) != BATON_OK)
        return BATON_resource_exhausted;
    projection->due = session_due (&entry->state);
    if (record_encode (&RECORD_projection, projection, &self->shown[at]) != BATON_OK) {
        record_clear (&RECORD_projection, projection);
        return BATON_resource_exhausted;
    }
    if (self->shown[at].size == entry->shown.size &&
        memcmp (self->shown[at].data, entry->shown.data, entry->shown.size) == 0) {
        record_clear (&RECORD_projection, projection);
        bytes_clear (&self->shown[at]);
        return BATON_OK;
    }
    self->projected[at] = entry;
    self->batch.projection_count++;
    return BATON_OK;
}

static baton_status gather_snapshot (gathered_t *self, const record_type_t *type, const void *state, const char *id,
                                     uint64_t n, entry_t *entry)
{
    store_snapshot_t *snapshot = &self->snapshots[self->batch.snapshot_count];
    if (record_encode (type, state, &snapshot->state) != BATON_OK)
        return BATON_resource_exhausted;
    snapshot->session = id;
    snapshot->n = n;
    self->snapshotted[self->batch.snapshot_count++] = entry;
    return BATON_OK;
}

static baton_status gather_touched (journal_t *self, gathered_t *gathered)
{
    for (size_t i = 0; i < self->touched.count; i++) {
        entry_t *entry = self->touched.items[i];
        if (gather_projection (gathered, entry) != BATON_OK)
            return BATON_resource_exhausted;
        if (entry->state.n - entry->snapshot_n >= SNAPSHOT_EVERY &&
            gather_snapshot (gathered, &RECORD_session, &entry->state, entry->id, entry->state.n, entry) != BATON_OK)
            return BATON_resource_exhausted;
    }
    if (self->site.n - self->site_snapshot_n >= SNAPSHOT_EVERY)
        return gather_snapshot (gathered, &RECORD_site, &self->site, SITE_ID, self->site.n, NULL);
    return BATON_OK;
}

static baton_status gather (journal_t *self, gathered_t *gathered)
{
    size_t sessions = self->touched.count + 1;
    gathered->events = calloc (self->pending.count + 1, sizeof *gathered->events);
    gathered->projections = calloc (sessions, sizeof *gathered->projections);
    gathered->shown = calloc (sessions, sizeof *gathered->shown);
    gathered->projected = calloc (sessions, sizeof *gathered->projected);
    gathered->snapshots = calloc (sessions, sizeof *gathered->snapshots);
    gathered->snapshotted = calloc (sessions, sizeof *gathered->snapshotted);
    gathered->answers = calloc (self->answers.count + 1, sizeof *gathered->answers);
    gathered->blobs = calloc (self->blobs.count + 1, sizeof *gathered->blobs);
    if (!gathered->events || !gathered->projections || !gathered->shown || !gathered->projected ||
        !gathered->snapshots || !gathered->snapshotted || !gathered->answers || !gathered->blobs)
        return BATON_resource_exhausted;
    for (size_t i = 0; i < self->pending.count; i++) {
        const pending_t *pending = &self->pending.items[i];
        gathered->events[i] =
            (store_event_t){pending->session, pending->seq, pending->n, EVENTS[pending->kind].class, pending->data};
    }
    for (size_t i = 0; i < self->answers.count; i++) {
        const noted_answer_t *answer = &self->answers.items[i];
        gathered->answers[i] = (store_answer_t){answer->actor, answer->key, answer->payload, answer->at, answer->reply};
    }
    for (size_t i = 0; i < self->blobs.count; i++)
        gathered->blobs[i] = (store_blob_t){self->blobs.items[i].digest, self->blobs.items[i].content};
    return gather_touched (self, gathered);
}

static void settle (journal_t *self, gathered_t *gathered)
{
    for (size_t i = 0; i < gathered->batch.projection_count; i++) {
        bytes_clear (&gathered->projected[i]->shown);
        gathered->projected[i]->shown = gathered->shown[i];
        gathered->shown[i] = (baton_bytes_t){0};
    }
    for (size_t i = 0; i < gathered->batch.snapshot_count; i++)
        *(gathered->snapshotted[i] ? &gathered->snapshotted[i]->snapshot_n : &self->site_snapshot_n) =
            gathered->snapshots[i].n;
    for (size_t i = 0; i < self->touched.count; i++)
        self->touched.items[i]->touched = false;
    self->site_touched = false;
}

static void roll_back (journal_t *self)
{
    forget_receipts (self);
    for (size_t i = 0; i < self->touched.count; i++)
        cache_drop (self->cache, self->touched.items[i]);
    self->touched.count = 0;
    self->head = store_head (self->store);
    baton_error_t error = {0};
    if (self->site_touched && load_site (self, &error) != BATON_OK)
        log_error ("the site's journal cannot be read: %s", error.message);
    self->site_touched = self->broken = false;
    journal_clear (self);
}

void journal_spoil (journal_t *self)
{
    self->broken = true;
}

bool journal_dirty (const journal_t *self)
{
    return self->pending.count > 0 || self->answers.count > 0 || self->broken;
}

baton_status journal_commit (journal_t *self, baton_error_t *error)
{
    gathered_t gathered = {0};
    baton_status status = !self->broken && gather (self, &gathered) == BATON_OK ? BATON_OK : baton_fail_memory (error);
    if (status == BATON_OK) {
        gathered.batch.events = gathered.events;
        gathered.batch.event_count = self->pending.count;
        gathered.batch.projections = gathered.projections;
        gathered.batch.answers = gathered.answers;
        gathered.batch.answer_count = self->answers.count;
        gathered.batch.snapshots = gathered.snapshots;
        gathered.batch.blobs = gathered.blobs;
        gathered.batch.blob_count = self->blobs.count;
        status = store_commit (self->store, &gathered.batch, error);
    }
    if (status == BATON_OK)
        settle (self, &gathered);
    else
        roll_back (self);
    gathered_clear (&gathered);
    return status;
}

const pending_t *journal_pending (const journal_t *self, size_t *ret_count)
{
    *ret_count = self->pending.count;
    return self->pending.items;
}

entry_t *const *journal_touched (const journal_t *self, size_t *ret_count)
{
    *ret_count = self->touched.count;
    return self->touched.items;
}

void journal_clear (journal_t *self)
{
    for (size_t i = 0; i < self->pending.count; i++)
        bytes_clear (&self->pending.items[i].data);
    for (size_t i = 0; i < self->answers.count; i++) {
        noted_answer_t *answer = &self->answers.items[i];
        free (answer->actor);
        free (answer->key);
        free (answer->payload);
        bytes_clear (&answer->reply);
    }
    for (size_t i = 0; i < self->blobs.count; i++)
        bytes_clear (&self->blobs.items[i].content);
    for (size_t i = 0; i < self->touched.count; i++)
        self->touched.items[i]->touched = false;
    free (self->pending.items);
    free (self->answers.items);
    free (self->blobs.items);
    free (self->touched.items);
    self->pending.count = self->answers.count = self->blobs.count = self->touched.count = 0;
    self->pending.items = NULL;
    self->answers.items = NULL;
    self->blobs.items = NULL;
    self->touched.items = NULL;
}

baton_status journal_save (journal_t *self, baton_error_t *error)
{
    for (entry_t *entry = cache_next (self->cache, NULL); entry; entry = cache_next (self->cache, entry))
        if (entry->state.n - entry->snapshot_n >= SNAPSHOT_LEAST) {
            store_snapshot_t snapshot = {.session = entry->id, .n = entry->state.n};
            store_batch_t batch = {.snapshots = &snapshot, .snapshot_count = 1};
            baton_status status = record_encode (&RECORD_session, &entry->state, &snapshot.state);
            if (status == BATON_OK)
                status = store_commit (self->store, &batch, error);
            bytes_clear (&snapshot.state);
            if (status != BATON_OK)
                return status;
            entry->snapshot_n = entry->state.n;
        }
    return BATON_OK;
}
