/*  The journal's transaction: what goes into it, and what becomes of memory when it succeeds or fails. */
#include "journal_internal.h"

#include "log.h"

#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_EVERY 128 /*  events of one session between its snapshots */
#define SNAPSHOT_LEAST 16  /*  events that are worth a snapshot at the end */

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
    store_hold_t *holds;
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
    free (self->holds);
}

static baton_status gather_projection (journal_t *self, gathered_t *gathered, entry_t *entry)
{
    size_t at = gathered->batch.projection_count;
    projection_t *projection = &gathered->projections[at];
    bool same = false;
    projection->order = entry->order;
    baton_status status = session_project (&entry->state, projection);
    if (status == BATON_OK)
        status = journal_compare_row (self, entry, projection, &gathered->shown[at], &same);
    if (status != BATON_OK || same) {
        record_clear (&RECORD_projection, projection);
        bytes_clear (&gathered->shown[at]);
        return status == BATON_OK ? BATON_OK : BATON_resource_exhausted;
    }
    gathered->projected[at] = entry;
    gathered->batch.projection_count++;
    return BATON_OK;
}

/*  One that is too large to be read again is none: all that it says stands in the journal. */
static baton_status gather_snapshot (gathered_t *self, const record_type_t *type, const void *state, const char *id,
                                     uint64_t n, entry_t *entry)
{
    store_snapshot_t *snapshot = &self->snapshots[self->batch.snapshot_count];
    if (record_encode (type, state, &snapshot->state) != BATON_OK)
        return BATON_resource_exhausted;
    if (snapshot->state.size > LIMIT_FRAME) {
        bytes_clear (&snapshot->state);
        return BATON_OK;
    }
    snapshot->session = id;
    snapshot->n = n;
    self->snapshotted[self->batch.snapshot_count++] = entry;
    return BATON_OK;
}

static baton_status gather_touched (journal_t *self, gathered_t *gathered)
{
    for (size_t i = 0; i < self->touched.count; i++) {
        entry_t *entry = self->touched.items[i];
        if (gather_projection (self, gathered, entry) != BATON_OK)
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
    gathered->holds = calloc (self->holds.count + 1, sizeof *gathered->holds);
    if (!gathered->holds || !gathered->events || !gathered->projections || !gathered->shown || !gathered->projected ||
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
    for (size_t i = 0; i < self->blobs.count; i++) {
        const noted_blob_t *blob = &self->blobs.items[i];
        gathered->blobs[i] =
            (store_blob_t){blob->digest, blob->content, blob->staged_at, {blob->owner, blob->upload}, blob->ready};
    }
    for (size_t i = 0; i < self->holds.count; i++) {
        const noted_hold_t *hold = &self->holds.items[i];
        gathered->holds[i] =
            (store_hold_t){hold->what, hold->digest, {hold->owner, hold->all ? NULL : hold->name}, hold->from};
    }
    return gather_touched (self, gathered);
}

static void settle (journal_t *self, gathered_t *gathered)
{
    for (size_t i = 0; i < gathered->batch.projection_count; i++) {
        bytes_clear (&gathered->projected[i]->shown);
        gathered->projected[i]->shown = gathered->shown[i];
        gathered->shown[i] = (baton_bytes_t){0};
        gathered->projected[i]->active = gathered->projections[i].row.activity;
        gathered->projected[i]->behind = false;
    }
    for (size_t i = 0; i < gathered->batch.snapshot_count; i++)
        *(gathered->snapshotted[i] ? &gathered->snapshotted[i]->snapshot_n : &self->site_snapshot_n) =
            gathered->snapshots[i].n;
    for (size_t i = 0; i < self->touched.count; i++)
        self->touched.items[i]->touched = self->touched.items[i]->showing = false;
    if (self->site_touched)
        cache_forget (self->cache, SITE_ID); /*  somebody may have read the site's journal as a session's */
    self->site_touched = false;
}

static void roll_back (journal_t *self)
{
    journal_forget_notes (self);
    journal_keep_behind (self);
    for (size_t i = 0; i < self->touched.count; i++)
        cache_drop (self->cache, self->touched.items[i]);
    self->touched.count = 0;
    self->head = store_head (self->store);
    baton_error_t error = {0};
    /*  Who may do what is still known if that fails, but nothing is changed before it has succeeded. */
    self->broken = self->site_touched && journal_load_site (self, &error) != BATON_OK;
    if (self->broken)
        log_error ("nothing can be changed: the site's journal cannot be read: %s", error.message);
    self->site_touched = self->broken;
    journal_clear (self);
}

void journal_spoil (journal_t *self)
{
    self->broken = true;
}

bool journal_dirty (const journal_t *self)
{
    for (size_t i = 0; i < self->blobs.count; i++)
        if (self->blobs.items[i].staged_at > 0)
            return true; /*  for a blob that something refers to there is an event */
    return self->pending.count > 0 || self->answers.count > 0 || self->holds.count > 0 || self->touched.count > 0 ||
           self->broken;
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
        gathered.batch.holds = gathered.holds;
        gathered.batch.hold_count = self->holds.count;
        gathered.batch.shown = journal_shown (self);
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
    for (size_t i = 0; i < self->blobs.count; i++) {
        bytes_clear (&self->blobs.items[i].content);
        store_content_destroy (&self->blobs.items[i].ready);
    }
    for (size_t i = 0; i < self->touched.count; i++)
        self->touched.items[i]->touched = self->touched.items[i]->showing = false;
    free (self->pending.items);
    free (self->answers.items);
    free (self->blobs.items);
    free (self->holds.items);
    free (self->touched.items);
    self->pending.count = self->answers.count = self->blobs.count = self->holds.count = self->touched.count = 0;
    self->pending.items = NULL;
    self->answers.items = NULL;
    self->blobs.items = NULL;
    self->holds.items = NULL;
    self->touched.items = NULL;
}

static baton_status save_rows (journal_t *self, baton_error_t *error)
{
    baton_status status = BATON_OK;
    if (journal_behind (self)) {
        journal_catch_up (self, SIZE_MAX);
        status = journal_commit (self, error);
        journal_clear (self);
    }
    if (status == BATON_OK && !journal_behind (self) && store_shown (self->store) < store_head (self->store))
        status = store_commit (self->store, &(store_batch_t){.shown = store_head (self->store)}, error);
    return status;
}

baton_status journal_save (journal_t *self, baton_error_t *error)
{
    baton_status saved = save_rows (self, error);
    if (saved != BATON_OK)
        return saved;
    for (entry_t *entry = cache_next (self->cache, NULL); entry; entry = cache_next (self->cache, entry))
        if (entry->state.n - entry->snapshot_n >= SNAPSHOT_LEAST) {
            store_snapshot_t snapshot = {.session = entry->id, .n = entry->state.n};
            store_batch_t batch = {.snapshots = &snapshot, .snapshot_count = 1};
            baton_status status = record_encode (&RECORD_session, &entry->state, &snapshot.state);
            bool fits = snapshot.state.size <= LIMIT_FRAME;
            if (status == BATON_OK && fits)
                status = store_commit (self->store, &batch, error);
            bytes_clear (&snapshot.state);
            if (status != BATON_OK)
                return status;
            entry->snapshot_n = fits ? entry->state.n : entry->snapshot_n;
        }
    return BATON_OK;
}
