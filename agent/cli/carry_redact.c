#include "carry_redact.h"

#include "manifest.h"
#include "nameless.h"
#include "secrets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    cli_t *cli;
    const char *session;
    redact_t *redact;
    archive_writer_t *writer;
    carry_t *carry;         /*  what it is now */
    workspace_t workspace;  /*  what it becomes */
    FILE *draft;            /*  the chunks of that, each once */
    chunk_index_t *written; /*  which are there */
    struct {
        size_t count;
        uint32_t *items;
    } lengths; /*  of them, in their order */
    struct {
        size_t count;
        uint8_t (*items)[CHUNK_DIGEST];
    } wanted;    /*  chunks of all files that stay, in their order */
    size_t next; /*  of them */
    workspace_pack_t pack;
    size_t piece; /*  of the pack, that comes next */
    workspace_pack_t out;
    size_t out_bytes, packs;
    baton_error_t *error;
} scrubber_t;

/* ---- from the node ---- */

static baton_status ask (scrubber_t *self, const uint8_t *digests, size_t count)
{
    record_clear (&RECORD_workspace_pack, &self->pack);
    self->piece = 0;
    count = count < LIMIT_PACK_PIECES ? count : LIMIT_PACK_PIECES;
    workspace_chunks_request_t request = {.session = (char *) self->session,
                                          .digests = {count * CHUNK_DIGEST, (uint8_t *) digests}};
    return cli_call (self->cli, METHOD_workspace_chunks, &request, &self->pack, NULL, self->error);
}

static baton_status read_parts (scrubber_t *self)
{
    baton_status status = BATON_OK;
    while (status == BATON_OK && !carry_workspace (self->carry)) {
        size_t count = 0;
        const uint8_t *wanted = carry_wanted (self->carry, &count);
        status = ask (self, wanted, count);
        for (size_t i = 0; i < self->pack.pieces.count && status == BATON_OK; i++)
            status = carry_take (self->carry, &self->pack.pieces.items[i].content, self->error);
    }
    record_clear (&RECORD_workspace_pack, &self->pack);
    return status;
}

/*  The next of the wanted chunks, borrowed. */
static baton_status next_chunk (scrubber_t *self, const baton_bytes_t **ret_chunk)
{
    uint8_t digest[CHUNK_DIGEST];
    baton_status status = BATON_OK;
    if (self->piece == self->pack.pieces.count)
        status = ask (self, self->wanted.items[self->next], self->wanted.count - self->next);
    if (status != BATON_OK)
        return status;
    const baton_bytes_t *chunk =
        self->piece < self->pack.pieces.count ? &self->pack.pieces.items[self->piece++].content : NULL;
    if (chunk)
        chunk_digest (chunk->data, chunk->size, digest);
    if (!chunk || memcmp (digest, self->wanted.items[self->next++], CHUNK_DIGEST) != 0)
        return baton_fail (self->error, BATON_internal, BATON_REASON_none,
                           "the node gives other contents of the workspace of session %s than it has said",
                           self->session);
    *ret_chunk = chunk;
    return BATON_OK;
}

/* ---- to the draft ---- */

static baton_status keep_chunk (scrubber_t *self, const uint8_t *data, size_t size, baton_bytes_t *chunks)
{
    uint8_t digest[CHUNK_DIGEST];
    chunk_digest (data, size, digest);
    uint8_t *grown = realloc (chunks->data, chunks->size + CHUNK_DIGEST);
    if (!grown)
        return baton_fail_memory (self->error);
    chunks->data = grown;
    memcpy (chunks->data + chunks->size, digest, CHUNK_DIGEST);
    chunks->size += CHUNK_DIGEST;
    if ((chunk_is_zero (digest) && size == CHUNK_SIZE) || chunk_index_get (self->written, digest) != CHUNK_NOWHERE)
        return BATON_OK;
    uint32_t *length = list_append (&self->lengths, sizeof *length);
    if (!length)
        return baton_fail_memory (self->error);
    *length = (uint32_t) size;
    chunk_index_put (self->written, digest, (uint32_t) self->lengths.count);
    if (fwrite (data, size, 1, self->draft) != 1)
        return baton_fail (self->error, BATON_resource_exhausted, BATON_REASON_disk_full,
                           "can't write a temporary file: %s", strerror (errno));
    return BATON_OK;
}

/*  What of the file is held: all of one that is searched; of a larger one that is no text, a chunk at a time. */
static baton_status take_chunk (scrubber_t *self, const manifest_entry_t *from, size_t number, const uint8_t **ret_data)
{
    static const uint8_t ZEROS[CHUNK_SIZE];
    const uint8_t *digest = from->chunks.data + number * CHUNK_DIGEST;
    const baton_bytes_t *chunk = NULL;
    *ret_data = ZEROS;
    if (chunk_is_zero (digest) && chunk_length (from->size, number) == CHUNK_SIZE)
        return BATON_OK;
    baton_status status = next_chunk (self, &chunk);
    if (status == BATON_OK && chunk->size != chunk_length (from->size, number))
        status = baton_fail (self->error, BATON_internal, BATON_REASON_none, "a content has another size than it says");
    if (status == BATON_OK)
        *ret_data = chunk->data;
    return status;
}

static baton_status scrub_small (scrubber_t *self, const manifest_entry_t *from, const char *path, manifest_entry_t *to)
{
    baton_bytes_t content = {from->size, malloc (from->size + 1)};
    const uint8_t *data = NULL;
    baton_status status = content.data ? BATON_OK : baton_fail_memory (self->error);
    for (size_t i = 0; i < chunk_count (from->size) && status == BATON_OK; i++) {
        status = take_chunk (self, from, i, &data);
        if (status == BATON_OK)
            memcpy (content.data + i * CHUNK_SIZE, data, chunk_length (from->size, i));
    }
    if (status == BATON_OK) {
        content.data[content.size] = '\0';
        status = redact_content (self->redact, NULL, &content, path, self->error);
    }
    to->size = content.size;
    for (size_t i = 0; i < chunk_count (to->size) && status == BATON_OK; i++)
        status = keep_chunk (self, content.data + i * CHUNK_SIZE, chunk_length (to->size, i), &to->chunks);
    bytes_clear (&content);
    return status;
}

/*  A text that is too long to be searched stays behind: nothing that was not looked at may go. */
static baton_status scrub_large (scrubber_t *self, const manifest_entry_t *from, const char *path, manifest_entry_t *to,
                                 bool *ret_stays)
{
    baton_status status = BATON_OK;
    bool binary = false;
    to->size = from->size;
    for (size_t i = 0; i < chunk_count (from->size) && status == BATON_OK; i++) {
        const uint8_t *data = NULL;
        status = take_chunk (self, from, i, &data);
        if (status == BATON_OK && i == 0)
            binary = memchr (data, '\0', chunk_length (from->size, 0)) != NULL;
        if (status == BATON_OK && binary)
            status = keep_chunk (self, data, chunk_length (from->size, i), &to->chunks);
    }
    *ret_stays = binary;
    return status == BATON_OK && !binary ? redact_note (self->redact, "too_long_to_search", path, self->error) : status;
}

/* ---- which files stay ---- */

/*  A printable path, with the secrets in it overwritten. */
static baton_status name_path (scrubber_t *self, const manifest_entry_t *entry, char ret_path[LIMIT_SHORT],
                               bool *ret_stays)
{
    char printed[LIMIT_SHORT - 16];
    workspace_printable (&entry->path, printed, sizeof printed);
    snprintf (ret_path, LIMIT_SHORT, "workspace/%s", printed);
    const char *pattern = entry->kind != entry_kind_directory ? secrets_file (printed) : NULL;
    if (pattern) {
        *ret_stays = false;
        return redact_note (self->redact, pattern, ret_path, self->error);
    }
    baton_status status = redact_path (self->redact, &entry->path, ret_path, ret_stays, self->error);
    if (status == BATON_OK && *ret_stays && entry->target.size > 0)
        status = redact_path (self->redact, &entry->target, ret_path, ret_stays, self->error);
    return status;
}

/*  What is in a folder that does not go along doesn't, either. */
static bool folder_stays (const scrubber_t *self, const manifest_entry_t *entry)
{
    baton_bytes_t folder = {entry->path.size, entry->path.data};
    while (folder.size > 0 && folder.data[folder.size - 1] != '/')
        folder.size--;
    folder.size -= folder.size > 0;
    return workspace_find (&self->workspace, &folder) != NULL;
}

static baton_status choose (scrubber_t *self)
{
    const workspace_t *all = carry_workspace (self->carry);
    size_t most = 0;
    baton_status status = BATON_OK;
    for (size_t i = 0; i < all->count && status == BATON_OK; i++) {
        const manifest_entry_t *entry = &all->items[i].entry;
        char path[LIMIT_SHORT];
        bool stays = true;
        if (i > 0 && (stays = folder_stays (self, entry)))
            status = name_path (self, entry, path, &stays);
        if (status != BATON_OK || !stays)
            continue;
        workspace_item_t *item = list_append (&self->workspace, sizeof *item);
        if (!item || record_copy (&RECORD_manifest_entry, entry, &item->entry) != BATON_OK)
            return baton_fail_memory (self->error);
        for (size_t chunk = 0; chunk < chunk_count (entry->size); chunk++) {
            const uint8_t *digest = entry->chunks.data + chunk * CHUNK_DIGEST;
            most++;
            if (chunk_is_zero (digest) && chunk_length (entry->size, chunk) == CHUNK_SIZE)
                continue;
            uint8_t (*slot)[CHUNK_DIGEST] = list_append (&self->wanted, sizeof *slot);
            if (!slot)
                return baton_fail_memory (self->error);
            memcpy (*slot, digest, CHUNK_DIGEST);
        }
    }
    self->written = status == BATON_OK ? chunk_index_new (most + 1) : NULL;
    return status == BATON_OK && !self->written ? baton_fail_memory (self->error) : status;
}

static baton_status scrub_all (scrubber_t *self)
{
    size_t kept = 0;
    baton_status status = BATON_OK;
    for (size_t i = 0; i < self->workspace.count && status == BATON_OK; i++) {
        workspace_item_t *item = &self->workspace.items[i];
        manifest_entry_t from = item->entry;
        char path[LIMIT_SHORT], printed[LIMIT_SHORT - 16];
        bool stays = true;
        item->entry.chunks = (baton_bytes_t){0};
        snprintf (path, sizeof path, "workspace/%s", workspace_printable (&from.path, printed, sizeof printed));
        if (from.size > LIMIT_REDACT_FILE)
            status = scrub_large (self, &from, path, &item->entry, &stays);
        else if (from.size > 0)
            status = scrub_small (self, &from, path, &item->entry);
        bytes_clear (&from.chunks);
        if (!stays) {
            record_clear (&RECORD_manifest_entry, &item->entry);
            continue;
        }
        workspace_item_t moved = *item;
        item->entry = (manifest_entry_t){0};
        self->workspace.items[kept++] = moved;
    }
    if (status == BATON_OK)
        self->workspace.count = kept;
    return status;
}

/* ---- to the archive ---- */

static baton_status flush_pack (scrubber_t *self)
{
    baton_bytes_t bytes = {0};
    if (self->out.pieces.count == 0)
        return BATON_OK;
    if (++self->packs >= LIMIT_PACKS)
        return baton_fail (self->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the workspace of session %s has too many contents", self->session);
    baton_status status = record_encode (&RECORD_workspace_pack, &self->out, &bytes) == BATON_OK
                              ? archive_write (self->writer, ARCHIVE_pack, bytes.data, bytes.size, self->error)
                              : baton_fail_memory (self->error);
    bytes_clear (&bytes);
    record_clear (&RECORD_workspace_pack, &self->out);
    self->out_bytes = 0;
    return status;
}

/*  Takes the content. */
static baton_status add_piece (scrubber_t *self, baton_bytes_t *content)
{
    bool full = self->out.pieces.count == LIMIT_PACK_PIECES || self->out_bytes + content->size + 16 > LIMIT_PACK;
    baton_status status = full ? flush_pack (self) : BATON_OK;
    workspace_piece_t *piece = status == BATON_OK ? list_append (&self->out.pieces, sizeof *piece) : NULL;
    if (status == BATON_OK && !piece)
        status = baton_fail_memory (self->error);
    if (status != BATON_OK) {
        bytes_clear (content);
        return status;
    }
    piece->content = *content;
    self->out_bytes += content->size + 16;
    *content = (baton_bytes_t){0};
    return BATON_OK;
}

static baton_status write_chunks (scrubber_t *self)
{
    baton_status status = BATON_OK;
    if (fflush (self->draft) != 0 || fseeko (self->draft, 0, SEEK_SET) != 0)
        return baton_fail (self->error, BATON_resource_exhausted, BATON_REASON_disk_full,
                           "can't write a temporary file: %s", strerror (errno));
    for (size_t i = 0; i < self->lengths.count && status == BATON_OK; i++) {
        baton_bytes_t content = {self->lengths.items[i], malloc (self->lengths.items[i])};
        if (!content.data)
            return baton_fail_memory (self->error);
        if (fread (content.data, content.size, 1, self->draft) != 1) {
            bytes_clear (&content);
            return baton_fail (self->error, BATON_internal, BATON_REASON_none, "can't read a temporary file: %s",
                               strerror (errno));
        }
        status = add_piece (self, &content);
    }
    return status == BATON_OK ? flush_pack (self) : status;
}

static baton_status write_out (scrubber_t *self)
{
    manifest_packed_t packed = {0};
    baton_status status = manifest_pack (&self->workspace, &packed, self->error);
    if (status == BATON_OK)
        status = archive_write (self->writer, ARCHIVE_workspace, packed.root.data, packed.root.size, self->error);
    for (size_t i = 0; i < packed.parts.count && status == BATON_OK; i++)
        status = add_piece (self, &packed.parts.items[i].bytes);
    manifest_packed_clear (&packed);
    return status == BATON_OK ? write_chunks (self) : status;
}

baton_status carry_write_redacted (cli_t *cli, const char *session, const baton_bytes_t *manifest, redact_t *redact,
                                   archive_writer_t *writer, uint64_t *ret_files, baton_error_t *error)
{
    scrubber_t self = {.cli = cli, .session = session, .redact = redact, .writer = writer, .error = error};
    baton_status status = carry_new (manifest->data, manifest->size, &self.carry, error);
    if (status == BATON_OK)
        status = nameless_new (&self.draft, error);
    if (status == BATON_OK)
        status = read_parts (&self);
    if (status == BATON_OK)
        status = choose (&self);
    if (status == BATON_OK)
        status = scrub_all (&self);
    if (status == BATON_OK)
        status = write_out (&self);
    if (status == BATON_OK)
        *ret_files = self.workspace.count;
    carry_destroy (&self.carry);
    workspace_clear (&self.workspace);
    if (self.draft)
        fclose (self.draft);
    chunk_index_destroy (&self.written);
    free (self.lengths.items);
    free (self.wanted.items);
    record_clear (&RECORD_workspace_pack, &self.pack);
    record_clear (&RECORD_workspace_pack, &self.out);
    return status;
}
