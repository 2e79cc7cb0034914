#include "transfer_stage.h"

#include "files.h"
#include "transfer_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*  A place that waits for a chunk; those that wait for the same one are chained. */
typedef struct {
    uint32_t item;
    uint32_t chunk;
    uint32_t next;
} place_t;

/*  A chunk that the tree held before this generation. */
typedef struct {
    uint32_t item;
    uint32_t chunk;
} source_t;

struct transfer_stage {
    transfer_tree_t tree;
    workspace_t wanted;
    /*  What is in the tree: the items of wanted, with zeroed digests for chunks that aren't there. An item whose
     * identity is trusted is finished: content, mode and time. */
    workspace_t present;
    uint32_t *left; /*  missing chunks of each item */
    struct {
        size_t count;
        place_t *items;
    } places;
    chunk_index_t *waiting; /*  digest to its first place */
    struct {
        size_t count;
        uint8_t (*items)[CHUNK_DIGEST];
    } missing;
    uint32_t *missing_lengths;
    size_t unfinished; /*  files */
    uint64_t done;
    uint64_t total;
    uint8_t *buffer; /*  one chunk */
};

static const uint8_t ABSENT[CHUNK_DIGEST];

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

static void forget_plan (transfer_stage_t *self)
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

void transfer_stage_destroy (transfer_stage_t **self)
{
    if (!*self)
        return;
    transfer_tree_close (&(*self)->tree);
    workspace_clear (&(*self)->wanted);
    workspace_clear (&(*self)->present);
    forget_plan (*self);
    free ((*self)->buffer);
    free (*self);
    *self = NULL;
}

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

static uint8_t *digest_at (const workspace_t *workspace, size_t item, size_t chunk)
{
    return workspace->items[item].entry.chunks.data + chunk * CHUNK_DIGEST;
}

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
                    memcmp (kept->entry.chunks.data + chunk * CHUNK_DIGEST, digest_at (&self->wanted, index, chunk),
                            CHUNK_DIGEST) == 0;
        if (!same) {
            memcpy (digest_at (&self->present, index, chunk), ABSENT, CHUNK_DIGEST);
            self->left[index]++;
        }
    }
    bool finished = kept && kept->identity.trusted && self->left[index] == 0 && kept->entry.size == entry->size &&
                    kept->entry.mode == entry->mode && kept->entry.mtime == entry->mtime;
    if (finished)
        item->identity = kept->identity;
    return BATON_OK;
}

static bool is_absent (const transfer_stage_t *self, size_t item, size_t chunk)
{
    return memcmp (digest_at (&self->present, item, chunk), ABSENT, CHUNK_DIGEST) == 0;
}

static void mark_present (transfer_stage_t *self, size_t item, size_t chunk)
{
    memcpy (digest_at (&self->present, item, chunk), digest_at (&self->wanted, item, chunk), CHUNK_DIGEST);
    self->left[item]--;
    self->done += chunk_length (self->wanted.items[item].entry.size, chunk);
}

/*  Stretches of zeros become holes, each with one call. */
static baton_status punch_zeros (transfer_stage_t *self, size_t item, baton_error_t *error)
{
    const manifest_entry_t *entry = &self->wanted.items[item].entry;
    size_t count = entry->chunks.size / CHUNK_DIGEST;
    for (size_t from = 0; from < count; from++) {
        size_t to = from;
        while (to < count && is_absent (self, item, to) && chunk_is_zero (digest_at (&self->wanted, item, to)) &&
               chunk_length (entry->size, to) == CHUNK_SIZE)
            mark_present (self, item, to++);
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
            chunk_index_put (index, digest_at (was, i, chunk), number++);
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
    return memcmp (actual, digest_at (&self->wanted, item, chunk), CHUNK_DIGEST) == 0 &&
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
            if (!is_absent (self, i, chunk))
                continue;
            uint32_t number = chunk_index_get (index, digest_at (&self->wanted, i, chunk));
            if (number != CHUNK_NOWHERE && copy_chunk (self, was, sources[number], i, chunk))
                mark_present (self, i, chunk);
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
            if (!is_absent (self, i, chunk))
                continue;
            uint32_t number = (uint32_t) self->places.count++;
            const uint8_t *digest = digest_at (&self->wanted, i, chunk);
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

static baton_status finish_file (transfer_stage_t *self, size_t item, baton_error_t *error)
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

static baton_status finish_complete_files (transfer_stage_t *self, baton_error_t *error)
{
    for (size_t i = 0; i < self->wanted.count; i++) {
        if (self->wanted.items[i].entry.kind != entry_kind_file || self->present.items[i].identity.trusted)
            continue;
        self->unfinished++;
        if (self->left[i] > 0)
            continue;
        baton_status status = finish_file (self, i, error);
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
            if (is_absent (self, i, chunk))
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
    forget_plan (self);
    baton_status status = plan (self, &was, error);
    workspace_clear (&was);
    return status;
}

/* ---- receiving ---- */

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
    mark_present (self, place->item, place->chunk);
    return self->left[place->item] == 0 ? finish_file (self, place->item, error) : BATON_OK;
}

baton_status transfer_stage_put (transfer_stage_t *self, const uint8_t digest[CHUNK_DIGEST], const uint8_t *data,
                                 size_t size, baton_error_t *error)
{
    uint32_t at = self->waiting ? chunk_index_get (self->waiting, digest) : CHUNK_NOWHERE;
    for (; at != CHUNK_NOWHERE; at = self->places.items[at].next) {
        const place_t *place = &self->places.items[at];
        if (!is_absent (self, place->item, place->chunk))
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

/* ---- the folder as a whole ---- */

static void flush_folder_above (const char *path)
{
    char folder[LIMIT_PATH];
    const char *slash = strrchr (path, '/');
    snprintf (folder, sizeof folder, "%.*s", slash ? (int) (slash - path) + 1 : 1, slash ? path : ".");
    int file = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return;
    fsync (file);
    close (file);
}

/*  A folder that its owner can't write to can't be moved to another one by him: it gets that right for the move. */
static int rename_tree (const char *tree, const char *destination)
{
    struct stat status;
    if (rename (tree, destination) == 0)
        return 0;
    if (errno != EACCES || stat (tree, &status) < 0 || chmod (tree, (status.st_mode & 07777) | 0700) < 0)
        return -1;
    int result = rename (tree, destination);
    int reason = errno;
    chmod (result == 0 ? destination : tree, status.st_mode & 07777);
    errno = reason;
    return result;
}

baton_status transfer_stage_place (const char *path, const char *destination, baton_error_t *error)
{
    char tree[LIMIT_PATH];
    snprintf (tree, sizeof tree, "%s/tree", path);
    if (rename_tree (tree, destination) < 0) {
        bool taken = errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR;
        return baton_fail (error, taken ? BATON_already_exists : BATON_failed_precondition,
                           taken ? BATON_REASON_name_taken : BATON_REASON_storage_failed,
                           "can't move the workspace to %.200s: %s", destination, strerror (errno));
    }
    flush_folder_above (destination);
    transfer_stage_discard (path);
    return BATON_OK;
}

void transfer_stage_discard (const char *path)
{
    char tree[LIMIT_PATH];
    snprintf (tree, sizeof tree, "%s/tree", path);
    transfer_tree_loosen (tree);
    files_remove_tree (path);
}
