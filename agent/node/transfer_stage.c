#include "transfer_stage_internal.h"

#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- new, destroy ---- */

static baton_status open_tree (const char *path, int *ret_root, baton_error_t *error)
{
    char tree[LIMIT_PATH];
    baton_status status = files_make_folder (path, error);
    if (status != BATON_OK)
        return status;
    int length = snprintf (tree, sizeof tree, "%s/tree", path);
    if (length < 0 || (size_t) length >= sizeof tree)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_too_large, "the path %.100s… is too long", path);
    status = files_make_folder (tree, error);
    if (status != BATON_OK)
        return status;
    transfer_tree_loosen (tree);
    return workspace_open (tree, ret_root, error);
}

static baton_status open_stage (transfer_stage_t *self, const char *path, baton_error_t *error)
{
    self->buffer = malloc (CHUNK_SIZE);
    if (!self->buffer)
        return baton_fail_memory (error);
    workspace_scan_t options = {0};
    baton_status status = open_tree (path, &self->tree.root, error);
    if (status == BATON_OK)
        status = workspace_scan (self->tree.root, &options, &self->present, error);
    if (status != BATON_failed_precondition || self->tree.root < 0)
        return status;
    /*  Something is in there that no stage has made: begin anew. */
    transfer_tree_close (&self->tree);
    transfer_stage_discard (path);
    status = open_tree (path, &self->tree.root, error);
    return status == BATON_OK ? workspace_scan (self->tree.root, &options, &self->present, error) : status;
}

baton_status transfer_stage_new (const char *path, transfer_stage_t **ret_stage, baton_error_t *error)
{
    transfer_stage_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    transfer_tree_init (&self->tree, -1);
    baton_status status = open_stage (self, path, error);
    if (status == BATON_OK)
        *ret_stage = self;
    else
        transfer_stage_destroy (&self);
    return status;
}

void transfer_stage_destroy (transfer_stage_t **self)
{
    if (!*self)
        return;
    transfer_tree_close (&(*self)->tree);
    workspace_clear (&(*self)->wanted);
    workspace_clear (&(*self)->present);
    transfer_plan_forget (*self);
    free ((*self)->buffer);
    free (*self);
    *self = NULL;
}
/* ---- receiving ---- */

baton_status transfer_stage_finish_file (transfer_stage_t *self, size_t item, baton_error_t *error)
{
    workspace_identity_t identity = {0};
    baton_status status = transfer_tree_finish (&self->tree, &self->wanted.items[item].entry, &identity, error);
    if (status != BATON_OK)
        return status;
    identity.trusted = true; /*  nobody but us writes here */
    self->present.items[item].identity = identity;
    self->unfinished--;
    return BATON_OK;
}

const uint8_t *transfer_stage_missing (const transfer_stage_t *self, size_t *ret_count)
{
    *ret_count = self->missing.count;
    return self->missing.count > 0 ? self->missing.items[0] : NULL;
}

size_t transfer_stage_missing_length (const transfer_stage_t *self, size_t index)
{
    return self->missing_lengths[index];
}

static baton_status put_at (transfer_stage_t *self, const place_t *place, const uint8_t *data, size_t size,
                            baton_error_t *error)
{
    const manifest_entry_t *entry = &self->wanted.items[place->item].entry;
    if (chunk_length (entry->size, place->chunk) != size)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "manifest",
                                 "a chunk of %zu bytes can't be where the manifest puts it", size);
    baton_status status =
        transfer_tree_write (&self->tree, &entry->path, (uint64_t) place->chunk * CHUNK_SIZE, data, size, error);
    if (status != BATON_OK)
        return status;
    stage_mark_present (self, place->item, place->chunk);
    return self->left[place->item] == 0 ? transfer_stage_finish_file (self, place->item, error) : BATON_OK;
}

baton_status transfer_stage_put (transfer_stage_t *self, const uint8_t digest[CHUNK_DIGEST], const uint8_t *data,
                                 size_t size, baton_error_t *error)
{
    uint32_t at = self->waiting ? chunk_index_get (self->waiting, digest) : CHUNK_NOWHERE;
    for (; at != CHUNK_NOWHERE; at = self->places.items[at].next) {
        const place_t *place = &self->places.items[at];
        if (!stage_absent (self, place->item, place->chunk))
            continue;
        baton_status status = put_at (self, place, data, size, error);
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

void transfer_stage_progress (const transfer_stage_t *self, uint64_t *ret_done, uint64_t *ret_total)
{
    *ret_done = self->done;
    *ret_total = self->total;
}

bool transfer_stage_complete (const transfer_stage_t *self)
{
    return self->unfinished == 0 && self->wanted.count > 0;
}

/* ---- finishing ---- */

baton_status transfer_stage_flush (transfer_stage_t *self, baton_error_t *error)
{
    if (syncfs (self->tree.root) == 0)
        return BATON_OK;
    return baton_fail (error, BATON_failed_precondition, BATON_REASON_storage_failed,
                       "can't bring the staged workspace to the disk: %s", strerror (errno));
}

static baton_status finish_folders (transfer_stage_t *self, baton_error_t *error)
{
    for (size_t i = self->wanted.count; i-- > 0;) {
        if (self->wanted.items[i].entry.kind != entry_kind_directory)
            continue;
        workspace_identity_t identity;
        baton_status status = transfer_tree_finish (&self->tree, &self->wanted.items[i].entry, &identity, error);
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

/*  Says which entry is not as it should be. */
static baton_status differ (const workspace_t *wanted, const workspace_t *found, baton_error_t *error)
{
    char text[200];
    const manifest_entry_t *culprit = NULL;
    for (size_t i = 0; !culprit && i < wanted->count; i++) {
        const manifest_entry_t *entry = &wanted->items[i].entry;
        const workspace_item_t *item = workspace_find (found, &entry->path);
        bool same = item && item->entry.kind == entry->kind && item->entry.mode == entry->mode &&
                    item->entry.mtime == entry->mtime && item->entry.size == entry->size &&
                    workspace_compare (&item->entry.target, &entry->target) == 0 &&
                    workspace_compare (&item->entry.chunks, &entry->chunks) == 0;
        culprit = same ? NULL : entry;
    }
    return baton_fail (error, BATON_failed_precondition, BATON_REASON_digest_mismatch,
                       "the staged workspace is not the frozen one: %s differs",
                       culprit ? workspace_printable (&culprit->path, text, sizeof text)
                               : "something more is there, which");
}

static baton_status verify (transfer_stage_t *self, const char *digest, baton_error_t *error)
{
    workspace_scan_t options = {.known = &self->present, .frozen = true};
    workspace_t found = {0};
    manifest_packed_t packed = {0};
    baton_status status = workspace_scan (self->tree.root, &options, &found, error);
    if (status == BATON_OK)
        status = manifest_pack (&found, &packed, error);
    if (status == BATON_OK && strcmp (packed.digest, digest) != 0)
        status = differ (&self->wanted, &found, error);
    manifest_packed_clear (&packed);
    workspace_clear (&found);
    return status;
}

baton_status transfer_stage_finish (transfer_stage_t *self, const char *digest, baton_error_t *error)
{
    baton_status status = finish_folders (self, error);
    if (status == BATON_OK)
        status = verify (self, digest, error);
    return status == BATON_OK ? transfer_stage_flush (self, error) : status;
}
