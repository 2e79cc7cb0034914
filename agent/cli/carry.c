#include "carry.h"

#include "manifest.h"

#include <stdlib.h>
#include <string.h>

typedef uint8_t digest_bytes_t[CHUNK_DIGEST];

struct carry {
    manifest_t manifest;
    size_t parts; /*  that have come */
    workspace_t workspace;
    struct {
        size_t count;
        digest_bytes_t *items;
    } chunks; /*  of the files, each once, without those that are all zeros */
    uint32_t *lengths;
    chunk_index_t *index; /*  into chunks; CHUNK_NOWHERE - 1: has come */
    size_t come;          /*  of them */
    size_t packs;
};

#define COME (CHUNK_NOWHERE - 1)

static baton_status damaged (baton_error_t *error, const char *what)
{
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_archive,
                       "the archive is damaged: its workspace %s", what);
}

baton_status carry_new (const void *manifest, size_t size, carry_t **ret_carry, baton_error_t *error)
{
    carry_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    baton_status status = BATON_OK;
    if (record_decode (&RECORD_manifest, manifest, size, &self->manifest, NULL) != BATON_OK ||
        self->manifest.parts.size == 0 || self->manifest.parts.size % CHUNK_DIGEST != 0)
        status = damaged (error, "has a manifest that cannot be read");
    else if (self->manifest.bytes > LIMIT_CARRIED)
        status = baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                             "the workspace has %lu bytes; at most %llu can come along", self->manifest.bytes,
                             LIMIT_CARRIED);
    if (status == BATON_OK)
        *ret_carry = self;
    else
        carry_destroy (&self);
    return status;
}

void carry_destroy (carry_t **self)
{
    if (!*self)
        return;
    record_clear (&RECORD_manifest, &(*self)->manifest);
    workspace_clear (&(*self)->workspace);
    free ((*self)->chunks.items);
    free ((*self)->lengths);
    chunk_index_destroy (&(*self)->index);
    free (*self);
    *self = NULL;
}

static baton_status list_chunks (carry_t *self, size_t most, baton_error_t *error)
{
    self->index = chunk_index_new (most);
    self->lengths = calloc (most + 1, sizeof *self->lengths);
    if (!self->index || !self->lengths)
        return baton_fail_memory (error);
    for (size_t i = 0; i < self->workspace.count; i++) {
        const manifest_entry_t *entry = &self->workspace.items[i].entry;
        for (size_t chunk = 0; chunk < entry->chunks.size / CHUNK_DIGEST; chunk++) {
            const uint8_t *digest = entry->chunks.data + chunk * CHUNK_DIGEST;
            uint32_t length = (uint32_t) chunk_length (entry->size, chunk);
            uint32_t known = chunk_index_get (self->index, digest);
            if (known != CHUNK_NOWHERE && self->lengths[known] != length)
                return damaged (error, "has one content with two sizes");
            if (known != CHUNK_NOWHERE || (chunk_is_zero (digest) && length == CHUNK_SIZE))
                continue;
            digest_bytes_t *slot = list_append (&self->chunks, sizeof *slot);
            if (!slot)
                return baton_fail_memory (error);
            memcpy (*slot, digest, CHUNK_DIGEST);
            self->lengths[self->chunks.count - 1] = length;
            chunk_index_put (self->index, digest, (uint32_t) self->chunks.count - 1);
        }
    }
    return BATON_OK;
}

static baton_status end_of_parts (carry_t *self, baton_error_t *error)
{
    size_t most = 0;
    baton_error_t why = {0};
    if (manifest_check (&self->workspace, &self->manifest, &why) != BATON_OK)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_archive,
                           "the archive is damaged: of its workspace, %.600s", why.message);
    for (size_t i = 0; i < self->workspace.count; i++)
        most += self->workspace.items[i].entry.chunks.size / CHUNK_DIGEST;
    return list_chunks (self, most, error);
}

static baton_status take_part (carry_t *self, const baton_bytes_t *content, const uint8_t *digest, baton_error_t *error)
{
    if (memcmp (digest, self->manifest.parts.data + self->parts * CHUNK_DIGEST, CHUNK_DIGEST) != 0)
        return damaged (error, "has a part of its manifest that is another than it says");
    self->parts++;
    baton_status status = manifest_unpack_part (content->data, content->size, &self->workspace, NULL);
    if (status != BATON_OK || self->workspace.count > LIMIT_ENTRIES)
        return damaged (error, "has a part of its manifest that cannot be read");
    return self->parts == self->manifest.parts.size / CHUNK_DIGEST ? end_of_parts (self, error) : BATON_OK;
}

baton_status carry_take (carry_t *self, const baton_bytes_t *content, baton_error_t *error)
{
    uint8_t digest[CHUNK_DIGEST];
    chunk_digest (content->data, content->size, digest);
    if (!self->index)
        return take_part (self, content, digest, error);
    uint32_t known = chunk_index_get (self->index, digest);
    if (known == CHUNK_NOWHERE || known == COME || self->lengths[known] != content->size)
        return damaged (error, "has a content that is in none of its files, or there twice");
    chunk_index_put (self->index, digest, COME);
    self->come++;
    return BATON_OK;
}

baton_status carry_take_pack (carry_t *self, const void *data, size_t size, baton_error_t *error)
{
    workspace_pack_t pack = {0};
    baton_status status = BATON_OK;
    if (++self->packs + 1 > LIMIT_PACKS) /*  an import names them with the manifest */
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the workspace has too many contents: at most %u packs of them can go along",
                           LIMIT_PACKS - 1);
    if (size > LIMIT_ARTIFACT || record_decode (&RECORD_workspace_pack, data, size, &pack, NULL) != BATON_OK ||
        pack.pieces.count == 0)
        status = damaged (error, "has contents that cannot be read");
    for (size_t i = 0; i < pack.pieces.count && status == BATON_OK; i++)
        status = carry_take (self, &pack.pieces.items[i].content, error);
    record_clear (&RECORD_workspace_pack, &pack);
    return status;
}

const uint8_t *carry_wanted (const carry_t *self, size_t *ret_count)
{
    if (!self->index) {
        *ret_count = self->manifest.parts.size / CHUNK_DIGEST - self->parts;
        return self->manifest.parts.data + self->parts * CHUNK_DIGEST;
    }
    *ret_count = self->chunks.count - self->come;
    return *ret_count > 0 ? self->chunks.items[self->come] : NULL;
}

const workspace_t *carry_workspace (const carry_t *self)
{
    return self->index ? &self->workspace : NULL;
}

baton_status carry_write (cli_t *cli, const char *session, const baton_bytes_t *manifest, archive_writer_t *writer,
                          baton_error_t *error)
{
    carry_t *self = NULL;
    size_t count = 0;
    baton_status status = carry_new (manifest->data, manifest->size, &self, error);
    if (status == BATON_OK)
        status = archive_write (writer, ARCHIVE_workspace, manifest->data, manifest->size, error);
    while (status == BATON_OK) {
        const uint8_t *wanted = carry_wanted (self, &count);
        workspace_pack_t pack = {0};
        baton_bytes_t bytes = {0};
        if (count == 0)
            break;
        count = count < LIMIT_PACK_PIECES ? count : LIMIT_PACK_PIECES;
        workspace_chunks_request_t request = {.session = (char *) session,
                                              .digests = {count * CHUNK_DIGEST, (uint8_t *) wanted}};
        status = cli_call (cli, METHOD_workspace_chunks, &request, &pack, NULL, error);
        if (status == BATON_OK && record_encode (&RECORD_workspace_pack, &pack, &bytes) != BATON_OK)
            status = baton_fail_memory (error);
        if (status == BATON_OK)
            status = carry_take_pack (self, bytes.data, bytes.size, error);
        if (status == BATON_OK)
            status = archive_write (writer, ARCHIVE_pack, bytes.data, bytes.size, error);
        record_clear (&RECORD_workspace_pack, &pack);
        bytes_clear (&bytes);
    }
    carry_destroy (&self);
    return status;
}
