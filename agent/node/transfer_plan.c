/*  What has to be done to the tree of a stage, and what is missing, to get from one generation to the next. */
#include "transfer_stage_internal.h"

#include <stdlib.h>

/*  A chunk that the tree held before this generation. */
typedef struct {
    uint32_t item;
    uint32_t chunk;
} source_t;

/* ---- removing what is not wanted ---- */

/*  Whether an entry of the tree can't stay while the wanted ones are made: it, or a folder above it, is to be something
 *  else. A link with another target is something else. */
static bool in_the_way (const workspace_t *wanted, const manifest_entry_t *entry)
{
    const workspace_item_t *item = workspace_find (wanted, &entry->path);
    if (item && item->entry.kind == entry->kind)
        return entry->kind == entry_kind_symlink &&
               (item->entry.mtime != entry->mtime || workspace_compare (&item->entry.target, &entry->target) != 0);
    if (item)
        return true;
    for (baton_bytes_t above = entry->path; above.size > 0; above.size--) {
        if (above.data[above.size - 1] != '/')
            continue;
        baton_bytes_t folder = {above.size - 1, above.data};
        item = workspace_find (wanted, &folder);
        if (item)
            return item->entry.kind != entry_kind_directory;
    }
    return false;
}

/*  Backwards, so that a folder is empty when its turn comes. */
static baton_status clear_way (transfer_stage_t *self, const workspace_t *was, baton_error_t *error)
{
    for (size_t i = was->count; i-- > 1;) {
        if (!in_the_way (&self->wanted, &was->items[i].entry))
            continue;
        baton_status status = transfer_tree_remove (&self->tree, &was->items[i].entry, error);
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

static baton_status remove_leftovers (transfer_stage_t *self, const workspace_t *was, baton_error_t *error)
{
    for (size_t i = was->count; i-- > 1;) {
        const manifest_entry_t *entry = &was->items[i].entry;
        if (workspace_find (&self->wanted, &entry->path) || in_the_way (&self->wanted, entry))
            continue;
        baton_status status = transfer_tree_remove (&self->tree, entry, error);
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

/* ---- planning ---- */

/*  The item that was in the tree under the same path, and is still there as what is wanted now. */
static const workspace_item_t *kept_item (const transfer_stage_t *self, const workspace_t *was, size_t index)
{
    const manifest_entry_t *entry = &self->wanted.items[index].entry;
    const workspace_item_t *item = workspace_find (was, &entry->path);
    return item && item->entry.kind == entry->kind && !in_the_way (&self->wanted, &item->entry) ? item : NULL;
}

/*  Folders and links at once; of files, what is known of their chunks. */
static baton_status carry_over (transfer_stage_t *self, const workspace_t *was, size_t index, baton_error_t *error)
{
    const manifest_entry_t *entry = &self->wanted.items[index].entry;
    const workspace_item_t *kept = kept_item (self, was, index);
    if (entry->kind == entry_kind_directory)
        return kept ? BATON_OK : transfer_tree_make_folder (&self->tree, &entry->path, error);
    if (entry->kind == entry_kind_symlink)
        return kept ? BATON_OK : transfer_tree_make_symlink (&self->tree, entry, error);
    workspace_item_t *item = &self->present.items[index];
    for (size_t chunk = 0; chunk < entry->chunks.size / CHUNK_DIGEST; chunk++) {
        bool same = kept && kept->entry.chunks.size >= (chunk + 1) * CHUNK_DIGEST &&
                    memcmp (kept->entry.chunks.data + chunk * CHUNK_DIGEST, stage_digest (&self->wanted, index, chunk),
                            CHUNK_DIGEST) == 0;
        if (!same) {
            memset (stage_digest (&self->present, index, chunk), 0, CHUNK_DIGEST);
            self->left[index]++;
        }
    }
    bool finished = kept && kept->identity.trusted && self->left[index] == 0 && kept->entry.size == entry->size &&
                    kept->entry.mode == entry->mode && kept->entry.mtime == entry->mtime;
    if (finished)
        item->identity = kept->identity;
    return BATON_OK;
}

/*  Stretches of zeros become holes, each with one call. */
static baton_status punch_zeros (transfer_stage_t *self, size_t item, baton_error_t *error)
{
    const manifest_entry_t *entry = &self->wanted.items[item].entry;
    size_t count = entry->chunks.size / CHUNK_DIGEST;
    for (size_t from = 0; from < count; from++) {
        size_t to = from;
        while (to < count && stage_absent (self, item, to) && chunk_is_zero (stage_digest (&self->wanted, item, to)) &&
               chunk_length (entry->size, to) == CHUNK_SIZE)
            stage_mark_present (self, item, to++);
        if (to == from)
            continue;
        baton_status status = transfer_tree_zero (&self->tree, &entry->path, (uint64_t) from * CHUNK_SIZE,
                                                  (uint64_t) (to - from) * CHUNK_SIZE, error);
        if (status != BATON_OK)
            return status;
        from = to;
    }
    return BATON_OK;
}

/*  Digest to a place in the tree as it was, for chunks that have moved. NULL when the tree was empty or memory is. */
static chunk_index_t *index_tree (const workspace_t *was, source_t **ret_sources)
{
    size_t count = 0;
    for (size_t i = 0; i < was->count; i++)
        count += was->items[i].entry.chunks.size / CHUNK_DIGEST;
    source_t *sources = count > 0 ? malloc (count * sizeof *sources) : NULL;
    chunk_index_t *index = sources ? chunk_index_new (count) : NULL;
    if (!index) {
        free (sources);
        return NULL;
    }
    uint32_t number = 0;
    for (uint32_t i = 0; i < was->count; i++)
        for (uint32_t chunk = 0; chunk < was->items[i].entry.chunks.size / CHUNK_DIGEST; chunk++) {
            sources[number] = (source_t){i, chunk};
            chunk_index_put (index, stage_digest (was, i, chunk), number++);
        }
    *ret_sources = sources;
    return index;
}

/*  Copies a chunk from another place of the tree. It may have been overwritten since: the bytes decide. */
static bool copy_chunk (transfer_stage_t *self, const workspace_t *was, source_t source, size_t item, size_t chunk)
{
    const manifest_entry_t *from = &was->items[source.item].entry, *to = &self->wanted.items[item].entry;
    size_t length = chunk_length (to->size, chunk);
    uint8_t actual[CHUNK_DIGEST];
    if (!transfer_tree_read (&self->tree, &from->path, (uint64_t) source.chunk * CHUNK_SIZE, self->buffer, length))
        return false;
    chunk_digest (self->buffer, length, actual);
    return memcmp (actual, stage_digest (&self->wanted, item, chunk), CHUNK_DIGEST) == 0 &&
           transfer_tree_write (&self->tree, &to->path, (uint64_t) chunk * CHUNK_SIZE, self->buffer, length, NULL) ==
               BATON_OK;
}

static void copy_moved (transfer_stage_t *self, const workspace_t *was)
{
    source_t *sources = NULL;
    chunk_index_t *index = index_tree (was, &sources);
    for (size_t i = 0; index && i < self->wanted.count; i++)
        for (size_t chunk = 0; self->left[i] > 0 && chunk < self->wanted.items[i].entry.chunks.size / CHUNK_DIGEST;
             chunk++) {
            if (!stage_absent (self, i, chunk))
                continue;
            uint32_t number = chunk_index_get (index, stage_digest (&self->wanted, i, chunk));
            if (number != CHUNK_NOWHERE && copy_chunk (self, was, sources[number], i, chunk))
                stage_mark_present (self, i, chunk);
        }
    chunk_index_destroy (&index);
    free (sources);
}

static baton_status list_missing (transfer_stage_t *self, baton_error_t *error)
{
    size_t count = 0;
    for (size_t i = 0; i < self->wanted.count; i++)
        count += self->left[i];
    self->places.items = malloc ((count + 1) * sizeof *self->places.items);
    self->missing.items = malloc ((count + 1) * sizeof *self->missing.items);
    self->missing_lengths = malloc ((count + 1) * sizeof *self->missing_lengths);
    self->waiting = chunk_index_new (count);
    if (!self->places.items || !self->missing.items || !self->missing_lengths || !self->waiting)
        return baton_fail_memory (error);
    for (uint32_t i = 0; i < self->wanted.count; i++)
        for (uint32_t chunk = 0; self->left[i] > 0 && chunk < self->wanted.items[i].entry.chunks.size / CHUNK_DIGEST;
             chunk++) {
            if (!stage_absent (self, i, chunk))
                continue;
            uint32_t number = (uint32_t) self->places.count++;
            const uint8_t *digest = stage_digest (&self->wanted, i, chunk);
            uint32_t next = chunk_index_put (self->waiting, digest, number);
            self->places.items[number] = (place_t){i, chunk, next};
            if (next != CHUNK_NOWHERE)
                continue;
            memcpy (self->missing.items[self->missing.count], digest, CHUNK_DIGEST);
            self->missing_lengths[self->missing.count++] =
                (uint32_t) chunk_length (self->wanted.items[i].entry.size, chunk);
        }
    return BATON_OK;
}

/* ---- begin ---- */

static baton_status finish_complete_files (transfer_stage_t *self, baton_error_t *error)
{
    for (size_t i = 0; i < self->wanted.count; i++) {
        if (self->wanted.items[i].entry.kind != entry_kind_file || self->present.items[i].identity.trusted)
            continue;
        self->unfinished++;
        if (self->left[i] > 0)
            continue;
        baton_status status = transfer_stage_finish_file (self, i, error);
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

static baton_status copy_wanted (transfer_stage_t *self, baton_error_t *error)
{
    self->left = calloc (self->wanted.count + 1, sizeof *self->left);
    if (!self->left)
        return baton_fail_memory (error);
    for (size_t i = 0; i < self->wanted.count; i++) {
        workspace_item_t *item = list_append (&self->present, sizeof *item);
        if (!item || record_copy (&RECORD_manifest_entry, &self->wanted.items[i].entry, &item->entry) != BATON_OK)
            return baton_fail_memory (error);
        self->total += item->entry.size;
    }
    return BATON_OK;
}

static baton_status carry_all (transfer_stage_t *self, const workspace_t *was, baton_error_t *error)
{
    self->done = self->total;
    for (size_t i = 1; i < self->wanted.count; i++) {
        baton_status status = carry_over (self, was, i, error);
        if (status != BATON_OK)
            return status;
        for (size_t chunk = 0; self->left[i] > 0 && chunk < self->wanted.items[i].entry.chunks.size / CHUNK_DIGEST;
             chunk++)
            if (stage_absent (self, i, chunk))
                self->done -= chunk_length (self->wanted.items[i].entry.size, chunk);
        if (self->left[i] > 0)
            status = punch_zeros (self, i, error);
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

static baton_status plan (transfer_stage_t *self, const workspace_t *was, baton_error_t *error)
{
    baton_status status = copy_wanted (self, error);
    if (status == BATON_OK)
        status = clear_way (self, was, error);
    if (status == BATON_OK)
        status = carry_all (self, was, error);
    if (status != BATON_OK)
        return status;
    copy_moved (self, was);
    status = remove_leftovers (self, was, error);
    if (status == BATON_OK)
        status = finish_complete_files (self, error);
    return status == BATON_OK ? list_missing (self, error) : status;
}

baton_status transfer_stage_begin (transfer_stage_t *self, workspace_t *wanted, baton_error_t *error)
{
    workspace_t was = self->present;
    self->present = (workspace_t){0};
    workspace_clear (&self->wanted);
    self->wanted = *wanted;
    *wanted = (workspace_t){0};
    transfer_plan_forget (self);
    baton_status status = plan (self, &was, error);
    workspace_clear (&was);
    return status;
}

void transfer_plan_forget (transfer_stage_t *self)
{
    free (self->left);
    self->left = NULL;
    free (self->places.items);
    self->places.items = NULL;
    self->places.count = 0;
    free (self->missing.items);
    self->missing.items = NULL;
    self->missing.count = 0;
    free (self->missing_lengths);
    self->missing_lengths = NULL;
    chunk_index_destroy (&self->waiting);
    self->unfinished = 0;
    self->done = self->total = 0;
}
