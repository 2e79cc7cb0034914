#include "archive_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/*  A section of which a sample this long doesn't shrink is not worth the time of compressing all of it. */
#define SAMPLE 4096

struct archive_writer {
    FILE *file;
    uint8_t secret[ARCHIVE_SECRET];
    crypto_generichash_state hash;
    aside_t aside;
    ZSTD_CCtx *packer;
    uint8_t *buffer; /*  LIMIT_ARCHIVE_SECTION bytes */
    archive_totals_t totals;
};

static baton_status put (archive_writer_t *self, const void *data, size_t size, baton_error_t *error)
{
    aside_hash (&self->aside, &self->hash, data, size);
    bool written = size == 0 || fwrite (data, size, 1, self->file) == 1;
    aside_end (&self->aside);
    if (written)
        return BATON_OK;
    return baton_fail (error, BATON_resource_exhausted, BATON_REASON_disk_full, "can't write the archive: %s",
                       strerror (errno));
}

static void put_number (uint8_t *at, size_t number)
{
    for (size_t i = 0; i < 4; i++)
        at[i] = (uint8_t) (number >> 8 * i);
}

/*  Packed size in the buffer; 0: it saves less than an eighth. */
static size_t pack (archive_writer_t *self, const uint8_t *data, size_t size)
{
    if (size < 64)
        return 0;
    if (size > 4 * SAMPLE) {
        size_t tried = ZSTD_compressCCtx (self->packer, self->buffer, SAMPLE, data + size / 2, SAMPLE, 1);
        if (ZSTD_isError (tried) || tried > SAMPLE - SAMPLE / 8)
            return 0;
    }
    size_t packed = ZSTD_compressCCtx (self->packer, self->buffer, size - size / 8, data, size, 1);
    return ZSTD_isError (packed) ? 0 : packed;
}

static baton_status put_section (archive_writer_t *self, archive_kind_t kind, const void *data, size_t size,
                                 baton_error_t *error)
{
    uint8_t header[HEADER_SIZE] = {(uint8_t) kind};
    if (size > LIMIT_ARCHIVE_SECTION)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "a part of the session has %zu bytes: too many for an archive", size);
    size_t packed = kind == ARCHIVE_seal ? 0 : pack (self, data, size);
    header[1] = packed > 0;
    put_number (header + 4, packed > 0 ? packed : size);
    put_number (header + 8, size);
    baton_status status = put (self, header, sizeof header, error);
    if (status == BATON_OK)
        status = put (self, packed > 0 ? self->buffer : data, packed > 0 ? packed : size, error);
    self->totals.bytes += size;
    return status;
}

static baton_status put_record (archive_writer_t *self, archive_kind_t kind, const record_type_t *type,
                                const void *record, baton_error_t *error)
{
    baton_bytes_t bytes = {0};
    if (record_encode (type, record, &bytes) != BATON_OK)
        return baton_fail_memory (error);
    baton_status status = put_section (self, kind, bytes.data, bytes.size, error);
    bytes_clear (&bytes);
    return status;
}

baton_status archive_writer_new (FILE *file, const uint8_t secret[ARCHIVE_SECRET], const archive_head_t *head,
                                 archive_writer_t **ret_writer, baton_error_t *error)
{
    archive_writer_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->file = file;
    self->packer = ZSTD_createCCtx ();
    self->buffer = malloc (LIMIT_ARCHIVE_SECTION);
    memcpy (self->secret, secret, ARCHIVE_SECRET);
    crypto_generichash_init (&self->hash, NULL, 0, ARCHIVE_DIGEST);
    archive_head_t whole = *head;
    whole.format = ARCHIVE_FORMAT;
    whole.least = head->least > 0 ? head->least : 1;
    whole.signer = (baton_bytes_t){ARCHIVE_SIGNER, self->secret + ARCHIVE_SECRET - ARCHIVE_SIGNER};
    baton_status status = self->packer && self->buffer ? BATON_OK : baton_fail_memory (error);
    if (status == BATON_OK)
        status = put (self, MAGIC, MAGIC_SIZE, error);
    if (status == BATON_OK)
        status = put_record (self, ARCHIVE_head, &RECORD_archive_head, &whole, error);
    if (status == BATON_OK)
        *ret_writer = self;
    else
        archive_writer_destroy (&self);
    return status;
}

void archive_writer_destroy (archive_writer_t **self)
{
    if (!*self)
        return;
    ZSTD_freeCCtx ((*self)->packer);
    free ((*self)->buffer);
    sodium_memzero ((*self)->secret, ARCHIVE_SECRET);
    free (*self);
    *self = NULL;
}

baton_status archive_write (archive_writer_t *self, archive_kind_t kind, const void *data, size_t size,
                            baton_error_t *error)
{
    self->totals.sections++;
    return put_section (self, kind, data, size, error);
}

baton_status archive_write_blob (archive_writer_t *self, const char *digest, const baton_bytes_t *content,
                                 baton_error_t *error)
{
    size_t size = ARCHIVE_DIGEST + content->size;
    uint8_t *section = malloc (size);
    if (!section)
        return baton_fail_memory (error);
    baton_status status = BATON_OK;
    if (sodium_hex2bin (section, ARCHIVE_DIGEST, digest, strlen (digest), NULL, NULL, NULL) != 0)
        status = baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_archive, "%.80s is no digest", digest);
    if (content->size > 0)
        memcpy (section + ARCHIVE_DIGEST, content->data, content->size);
    if (status == BATON_OK)
        status = archive_write (self, ARCHIVE_blob, section, size, error);
    free (section);
    return status;
}

baton_status archive_finish (archive_writer_t *self, archive_totals_t *totals, char *ret_digest, baton_error_t *error)
{
    sealed_t sealed = {.text = SEALED};
    uint8_t signature[crypto_sign_BYTES];
    totals->sections = self->totals.sections;
    totals->bytes = self->totals.bytes;
    baton_status status = put_record (self, ARCHIVE_totals, &RECORD_archive_totals, totals, error);
    if (status != BATON_OK)
        return status;
    crypto_generichash_state so_far = self->hash;
    crypto_generichash_final (&so_far, sealed.digest, sizeof sealed.digest);
    crypto_sign_detached (signature, NULL, (const uint8_t *) &sealed, sizeof sealed, self->secret);
    status = put_section (self, ARCHIVE_seal, signature, sizeof signature, error);
    if (status == BATON_OK && fflush (self->file) != 0)
        status = baton_fail (error, BATON_resource_exhausted, BATON_REASON_disk_full, "can't write the archive: %s",
                             strerror (errno));
    if (status == BATON_OK)
        sodium_bin2hex (ret_digest, DIGEST_SIZE, sealed.digest, sizeof sealed.digest);
    return status;
}
