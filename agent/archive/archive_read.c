#include "archive_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

struct archive_reader {
    FILE *file;
    crypto_generichash_state hash;
    aside_t aside; /*  hashes the section that was given last */
    bool trusts;
    ZSTD_DCtx *unpacker;
    baton_bytes_t stored, whole; /*  buffers; size is what is allocated */
    archive_head_t head;
    archive_totals_t totals, seen;
    archive_kind_t last;
    char digest[DIGEST_SIZE];
};

static baton_status refuse (baton_error_t *error, const char *what)
{
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_archive, "the archive %s", what);
}

static baton_status get (archive_reader_t *self, void *ret_data, size_t size, baton_error_t *error)
{
    if (size > 0 && fread (ret_data, size, 1, self->file) != 1)
        return ferror (self->file) ? baton_fail (error, BATON_internal, BATON_REASON_none, "can't read the archive: %s",
                                                 strerror (errno))
                                   : refuse (error, "ends too early: it was cut short");
    return BATON_OK;
}

static size_t number_at (const uint8_t *at)
{
    size_t number = 0;
    for (size_t i = 4; i-- > 0;)
        number = number << 8 | at[i];
    return number;
}

static baton_status reserve (baton_bytes_t *buffer, size_t size, baton_error_t *error)
{
    if (size <= buffer->size)
        return BATON_OK;
    uint8_t *data = realloc (buffer->data, size);
    if (!data)
        return baton_fail_memory (error);
    *buffer = (baton_bytes_t){size, data};
    return BATON_OK;
}

/*  In which order the kinds stand. */
static const uint8_t RANKS[ARCHIVE_KINDS] = {
    [ARCHIVE_head] = 1,      [ARCHIVE_snapshot] = 2, [ARCHIVE_ancestor] = 3, [ARCHIVE_events] = 4, [ARCHIVE_blob] = 5,
    [ARCHIVE_workspace] = 6, [ARCHIVE_pack] = 7,     [ARCHIVE_totals] = 8,   [ARCHIVE_seal] = 9,
};

static bool follows (const archive_reader_t *self, archive_kind_t kind)
{
    bool repeats = kind == ARCHIVE_ancestor || kind == ARCHIVE_events || kind == ARCHIVE_blob || kind == ARCHIVE_pack;
    if (RANKS[kind] < RANKS[self->last] || (kind == self->last && !repeats) ||
        (self->last == ARCHIVE_none && kind != ARCHIVE_head) ||
        (RANKS[kind] > RANKS[ARCHIVE_events] && RANKS[self->last] < RANKS[ARCHIVE_events]))
        return false;
    if (kind == ARCHIVE_workspace)
        return self->head.least >= ARCHIVE_FORMAT_WORKSPACE;
    if (self->last == ARCHIVE_workspace || kind == ARCHIVE_pack)
        return kind == ARCHIVE_pack && (self->last == ARCHIVE_workspace || self->last == ARCHIVE_pack);
    return kind != ARCHIVE_seal || self->last == ARCHIVE_totals;
}

static baton_status check_header (const archive_reader_t *self, const uint8_t header[HEADER_SIZE], baton_error_t *error)
{
    unsigned kind = header[0], packed = header[1];
    size_t stored = number_at (header + 4), size = number_at (header + 8);
    if (kind == ARCHIVE_none || kind >= ARCHIVE_KINDS || packed > 1 || header[2] || header[3])
        return refuse (error, "is damaged: a section is of no known kind");
    if (!follows (self, kind))
        return refuse (error, "is damaged: its sections are not in order, or not each there");
    if (size > LIMIT_ARCHIVE_SECTION || (packed ? stored >= size : stored != size))
        return refuse (error, "is damaged: a section has an impossible size");
    return BATON_OK;
}

/*  Unpacks self->stored. The size that is claimed is all there is room for. */
static baton_status unpack (archive_reader_t *self, size_t stored, size_t size, baton_error_t *error)
{
    baton_status status = reserve (&self->whole, size, error);
    if (status != BATON_OK)
        return status;
    size_t got = ZSTD_decompressDCtx (self->unpacker, self->whole.data, size, self->stored.data, stored);
    return !ZSTD_isError (got) && got == size ? BATON_OK : refuse (error, "is damaged: a section does not unpack");
}

static baton_status read_section (archive_reader_t *self, archive_section_t *ret_section, baton_error_t *error)
{
    uint8_t header[HEADER_SIZE];
    aside_end (&self->aside);
    baton_status status = get (self, header, sizeof header, error);
    if (status == BATON_OK)
        status = check_header (self, header, error);
    if (status != BATON_OK)
        return status;
    size_t stored = number_at (header + 4), size = number_at (header + 8);
    status = reserve (&self->stored, stored, error);
    if (status == BATON_OK)
        status = get (self, self->stored.data, stored, error);
    if (status == BATON_OK && header[1])
        status = unpack (self, stored, size, error);
    if (status != BATON_OK)
        return status;
    self->last = header[0];
    if (self->last != ARCHIVE_seal && !self->trusts) {
        crypto_generichash_update (&self->hash, header, sizeof header);
        aside_hash (&self->aside, &self->hash, self->stored.data, stored);
    }
    *ret_section = (archive_section_t){self->last, header[1] ? self->whole.data : self->stored.data, size};
    return BATON_OK;
}

/* ---- head, totals, seal ---- */

static baton_status take_head (archive_reader_t *self, baton_error_t *error)
{
    char magic[MAGIC_SIZE];
    archive_section_t section;
    baton_status status = get (self, magic, sizeof magic, error);
    if (status == BATON_OK && memcmp (magic, MAGIC, MAGIC_SIZE) != 0)
        status = refuse (error, "is none: the file begins with something else, or was changed on its way");
    if (status == BATON_OK) {
        crypto_generichash_update (&self->hash, (const uint8_t *) magic, sizeof magic);
        status = read_section (self, &section, error);
    }
    if (status == BATON_OK &&
        record_decode (&RECORD_archive_head, section.data, section.size, &self->head, NULL) != BATON_OK)
        status = refuse (error, "is damaged: its head cannot be read");
    if (status == BATON_OK && self->head.least > ARCHIVE_FORMAT)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_newer_archive,
                           "the archive needs a reader of format %lu; this program knows formats up to %d",
                           self->head.least, ARCHIVE_FORMAT);
    if (status == BATON_OK && self->head.signer.size != ARCHIVE_SIGNER)
        status = refuse (error, "is damaged: its head names no signer");
    self->seen = (archive_totals_t){.bytes = status == BATON_OK ? section.size : 0};
    return status;
}

static baton_status take_totals (archive_reader_t *self, const archive_section_t *section, baton_error_t *error)
{
    if (record_decode (&RECORD_archive_totals, section->data, section->size, &self->totals, NULL) != BATON_OK)
        return refuse (error, "is damaged: its totals cannot be read");
    return self->totals.sections == self->seen.sections && self->totals.bytes == self->seen.bytes
               ? BATON_OK
               : refuse (error, "is damaged: it has not as many sections as it says");
}

static baton_status take_seal (archive_reader_t *self, const archive_section_t *section, baton_error_t *error)
{
    sealed_t sealed = {.text = SEALED};
    if (self->trusts)
        return BATON_OK;
    crypto_generichash_final (&self->hash, sealed.digest, sizeof sealed.digest);
    if (section->size != crypto_sign_BYTES ||
        crypto_sign_verify_detached (section->data, (const uint8_t *) &sealed, sizeof sealed, self->head.signer.data))
        return refuse (error, "was changed: its signature is wrong");
    if (fgetc (self->file) != EOF)
        return refuse (error, "was changed: something follows its end");
    sodium_bin2hex (self->digest, sizeof self->digest, sealed.digest, sizeof sealed.digest);
    return BATON_OK;
}

/* ---- the reader ---- */

baton_status archive_reader_new (FILE *file, archive_reader_t **ret_reader, baton_error_t *error)
{
    archive_reader_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->file = file;
    self->unpacker = ZSTD_createDCtx ();
    crypto_generichash_init (&self->hash, NULL, 0, ARCHIVE_DIGEST);
    baton_status status = self->unpacker ? take_head (self, error) : baton_fail_memory (error);
    if (status == BATON_OK)
        *ret_reader = self;
    else
        archive_reader_destroy (&self);
    return status;
}

void archive_reader_destroy (archive_reader_t **self)
{
    if (!*self)
        return;
    aside_end (&(*self)->aside);
    ZSTD_freeDCtx ((*self)->unpacker);
    bytes_clear (&(*self)->stored);
    bytes_clear (&(*self)->whole);
    record_clear (&RECORD_archive_head, &(*self)->head);
    record_clear (&RECORD_archive_totals, &(*self)->totals);
    free (*self);
    *self = NULL;
}

void archive_reader_trust (archive_reader_t *self)
{
    self->trusts = true;
}

const archive_head_t *archive_head (const archive_reader_t *self)
{
    return &self->head;
}

const archive_totals_t *archive_totals (const archive_reader_t *self)
{
    return &self->totals;
}

const char *archive_digest (const archive_reader_t *self)
{
    return self->digest;
}

baton_status archive_read (archive_reader_t *self, archive_section_t *ret_section, baton_error_t *error)
{
    archive_section_t section;
    baton_status status = read_section (self, &section, error);
    if (status == BATON_OK && section.kind == ARCHIVE_totals)
        status = take_totals (self, &section, error);
    else if (status == BATON_OK && section.kind == ARCHIVE_seal)
        status = take_seal (self, &section, error);
    if (status != BATON_OK)
        return status;
    self->seen.sections++;
    self->seen.bytes += section.size;
    *ret_section = section;
    return BATON_OK;
}

baton_status archive_split_blob (const archive_section_t *section, char ret_claimed[DIGEST_SIZE],
                                 baton_bytes_t *ret_content, baton_error_t *error)
{
    if (section->size < ARCHIVE_DIGEST || section->size - ARCHIVE_DIGEST > LIMIT_ARTIFACT)
        return refuse (error, "is damaged: a content has an impossible size");
    sodium_bin2hex (ret_claimed, DIGEST_SIZE, section->data, ARCHIVE_DIGEST);
    *ret_content = (baton_bytes_t){section->size - ARCHIVE_DIGEST, (uint8_t *) section->data + ARCHIVE_DIGEST};
    return BATON_OK;
}

baton_status archive_blob (const archive_section_t *section, char ret_digest[DIGEST_SIZE], baton_bytes_t *ret_content,
                           baton_error_t *error)
{
    char digest[DIGEST_SIZE], claimed[DIGEST_SIZE];
    baton_bytes_t content;
    baton_status status = archive_split_blob (section, claimed, &content, error);
    if (status != BATON_OK)
        return status;
    digest_of (content.data, content.size, digest);
    if (strcmp (digest, claimed) != 0)
        return refuse (error, "is damaged: a content has another digest than it says");
    memcpy (ret_digest, digest, DIGEST_SIZE);
    *ret_content = content;
    return BATON_OK;
}
