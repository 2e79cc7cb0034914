#include "manifest.h"

#include <stdlib.h>
#include <string.h>

/*  A cut every 256 entries on average, and wherever a part grows past 1 MiB. */
#define CUT_MASK 0xffu
#define CUT_BYTES (1u << 20)

/* ---- packing ---- */

/*  FNV-1a (draft-eastlake-fnv). Only the spread matters: a bad cut costs some bytes, nothing else. */
static uint32_t hash_path (const baton_bytes_t *path)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < path->size; i++)
        hash = (hash ^ path->data[i]) * 16777619u;
    return hash ^ hash >> 16;
}

/*  The number of entries, from the given one on, that make the next part. */
static size_t cut (const workspace_t *workspace, size_t from)
{
    size_t bytes = 0, count = 0;
    while (from + count < workspace->count && count < LIMIT_MANIFEST_PART) {
        const manifest_entry_t *entry = &workspace->items[from + count++].entry;
        bytes += entry->path.size + entry->target.size + entry->chunks.size;
        if (bytes > CUT_BYTES || (hash_path (&entry->path) & CUT_MASK) == 0)
            break;
    }
    return count;
}

/*  The part borrows the entries for as long as it takes to encode them. */
static baton_status pack_part (const workspace_t *workspace, size_t from, size_t count,
                               manifest_packed_part_t *ret_part)
{
    manifest_part_t part = {.entries = {.count = count, .items = malloc (count * sizeof *part.entries.items)}};
    if (!part.entries.items)
        return BATON_resource_exhausted;
    for (size_t i = 0; i < count; i++)
        part.entries.items[i] = workspace->items[from + i].entry;
    baton_status status = record_encode (&RECORD_manifest_part, &part, &ret_part->bytes);
    free (part.entries.items);
    if (status == BATON_OK)
        chunk_digest (ret_part->bytes.data, ret_part->bytes.size, ret_part->digest);
    return status;
}

static baton_status pack_root (manifest_packed_t *packed, const workspace_t *workspace)
{
    manifest_t root = {.entries = workspace->count};
    for (size_t i = 0; i < workspace->count; i++)
        root.bytes += workspace->items[i].entry.size;
    root.parts.data = malloc (packed->parts.count * CHUNK_DIGEST + 1);
    if (!root.parts.data)
        return BATON_resource_exhausted;
    for (size_t i = 0; i < packed->parts.count; i++)
        memcpy (root.parts.data + i * CHUNK_DIGEST, packed->parts.items[i].digest, CHUNK_DIGEST);
    root.parts.size = packed->parts.count * CHUNK_DIGEST;
    baton_status status = record_encode (&RECORD_manifest, &root, &packed->root);
    bytes_clear (&root.parts);
    if (status == BATON_OK)
        digest_of (packed->root.data, packed->root.size, packed->digest);
    return status;
}

baton_status manifest_pack (const workspace_t *workspace, manifest_packed_t *ret_packed, baton_error_t *error)
{
    manifest_packed_t packed = {0};
    size_t bytes = 0;
    for (size_t from = 0, count; from < workspace->count; from += count) {
        count = cut (workspace, from);
        manifest_packed_part_t *part = list_append (&packed.parts, sizeof *part);
        if (!part || pack_part (workspace, from, count, part) != BATON_OK) {
            manifest_packed_clear (&packed);
            return baton_fail_memory (error);
        }
        bytes += part->bytes.size;
        if (packed.parts.count > LIMIT_MANIFEST_PARTS || bytes > LIMIT_MANIFEST_BYTES) {
            manifest_packed_clear (&packed);
            return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                               "the workspace is too large to be written down");
        }
    }
    if (pack_root (&packed, workspace) != BATON_OK) {
        manifest_packed_clear (&packed);
        return baton_fail_memory (error);
    }
    manifest_packed_clear (ret_packed);
    *ret_packed = packed;
    return BATON_OK;
}

void manifest_packed_clear (manifest_packed_t *packed)
{
    for (size_t i = 0; i < packed->parts.count; i++)
        bytes_clear (&packed->parts.items[i].bytes);
    free (packed->parts.items);
    bytes_clear (&packed->root);
    *packed = (manifest_packed_t){0};
}

/* ---- unpacking ---- */

baton_status manifest_unpack_part (const uint8_t *data, size_t size, workspace_t *workspace, baton_error_t *error)
{
    manifest_part_t part = {0};
    baton_status status = record_decode (&RECORD_manifest_part, data, size, &part, error);
    for (size_t i = 0; status == BATON_OK && i < part.entries.count; i++) {
        workspace_item_t *item = list_append (workspace, sizeof *item);
        if (!item) {
            status = baton_fail_memory (error);
            break;
        }
        item->entry = part.entries.items[i];
        part.entries.items[i] = (manifest_entry_t){0};
    }
    record_clear (&RECORD_manifest_part, &part);
    return status;
}

/* ---- checking ---- */

static baton_status refuse (const manifest_entry_t *entry, const char *why, baton_error_t *error)
{
    char text[200];
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "manifest",
                             "the manifest's entry %s %s", workspace_printable (&entry->path, text, sizeof text), why);
}

/*  Names of 1 to 255 bytes with single slashes between them, none of them "." or "..", no NUL. */
static bool path_valid (const baton_bytes_t *path)
{
    if (path->size >= LIMIT_PATH)
        return false;
    size_t from = 0;
    for (size_t i = 0; i <= path->size; i++) {
        if (i < path->size && path->data[i] == '\0')
            return false;
        if (i < path->size && path->data[i] != '/')
            continue;
        size_t length = i - from;
        const uint8_t *name = path->data + from;
        if (length == 0 || length > 255 || (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'))))
            return false;
        from = i + 1;
    }
    return true;
}

static bool parent_is_folder (const workspace_t *workspace, const baton_bytes_t *path)
{
    size_t length = path->size;
    while (length > 0 && path->data[length - 1] != '/')
        length--;
    baton_bytes_t parent = {length > 0 ? length - 1 : 0, path->data};
    const workspace_item_t *item = workspace_find (workspace, &parent);
    return item && item->entry.kind == entry_kind_directory;
}

static const char *fault_of (const manifest_entry_t *entry)
{
    bool file = entry->kind == entry_kind_file, symlink = entry->kind == entry_kind_symlink;
    if (entry->size > (uint64_t) LIMIT_FILE_CHUNKS * CHUNK_SIZE)
        return "is too large";
    if (!file && (entry->size > 0 || entry->chunks.size > 0))
        return "has content but is no file";
    if (entry->chunks.size != chunk_count (entry->size) * CHUNK_DIGEST)
        return "has another number of chunks than its size asks for";
    if (symlink != (entry->target.size > 0) || entry->target.size >= LIMIT_PATH)
        return "has a target that can't be";
    if (symlink && (entry->mode != 0 || memchr (entry->target.data, '\0', entry->target.size)))
        return "has a target or mode that can't be";
    return NULL;
}

baton_status manifest_check (const workspace_t *workspace, const manifest_t *manifest, baton_error_t *error)
{
    if (workspace->count == 0 || workspace->count != manifest->entries)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "manifest",
                                 "the manifest has another number of entries than it says");
    uint64_t bytes = 0;
    for (size_t i = 0; i < workspace->count; i++) {
        const manifest_entry_t *entry = &workspace->items[i].entry;
        if (i == 0 && (entry->path.size > 0 || entry->kind != entry_kind_directory))
            return refuse (entry, "stands where the workspace itself should", error);
        if (i > 0 && !path_valid (&entry->path))
            return refuse (entry, "has a path that leads astray", error);
        if (i > 0 && workspace_compare (&workspace->items[i - 1].entry.path, &entry->path) >= 0)
            return refuse (entry, "is out of order or there twice", error);
        if (i > 0 && !parent_is_folder (workspace, &entry->path))
            return refuse (entry, "is in no folder", error);
        const char *fault = fault_of (entry);
        if (fault)
            return refuse (entry, fault, error);
        bytes += entry->size;
    }
    return bytes == manifest->bytes
               ? BATON_OK
               : baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "manifest",
                                   "the manifest's files have another size than it says");
}
