#include "chunk.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

void chunk_digest (const void *data, size_t size, uint8_t ret_digest[CHUNK_DIGEST])
{
    crypto_generichash (ret_digest, CHUNK_DIGEST, data, size, NULL, 0);
}

size_t chunk_count (uint64_t size)
{
    return (size_t) (size / CHUNK_SIZE + (size % CHUNK_SIZE != 0));
}

size_t chunk_length (uint64_t size, size_t chunk)
{
    uint64_t left = size - (uint64_t) chunk * CHUNK_SIZE;
    return left < CHUNK_SIZE ? (size_t) left : CHUNK_SIZE;
}

/*  b2sum -l 256 of 256 KiB of zeros; a test computes it. */
static const uint8_t ZERO[CHUNK_DIGEST] = {0x8d, 0xdb, 0x61, 0x92, 0x8e, 0xc7, 0x6e, 0x4e, 0xe9, 0x04, 0xcd,
                                           0x79, 0xed, 0x97, 0x7a, 0xb6, 0xf5, 0xd9, 0x18, 0x7f, 0x11, 0x02,
                                           0x97, 0x50, 0x60, 0xa6, 0xba, 0x6c, 0xe1, 0x0e, 0x54, 0x81};

bool chunk_is_zero (const uint8_t digest[CHUNK_DIGEST])
{
    return memcmp (digest, ZERO, CHUNK_DIGEST) == 0;
}

/* ---- packing ---- */

struct chunk_packer {
    ZSTD_CCtx *compress;
    ZSTD_DCtx *expand;
};

/*  A chunk of which a sample this long doesn't shrink is not worth the time of compressing all of it. */
#define SAMPLE 4096

chunk_packer_t *chunk_packer_new (void)
{
    chunk_packer_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->compress = ZSTD_createCCtx ();
    self->expand = ZSTD_createDCtx ();
    if (!self->compress || !self->expand)
        chunk_packer_destroy (&self);
    return self;
}

void chunk_packer_destroy (chunk_packer_t **self)
{
    if (!*self)
        return;
    ZSTD_freeCCtx ((*self)->compress);
    ZSTD_freeDCtx ((*self)->expand);
    free (*self);
    *self = NULL;
}

size_t chunk_pack (chunk_packer_t *self, const uint8_t *data, size_t size, uint8_t *ret_data)
{
    if (size > 4 * SAMPLE) {
        size_t tried = ZSTD_compressCCtx (self->compress, ret_data, SAMPLE, data + size / 2, SAMPLE, 1);
        if (ZSTD_isError (tried) || tried > SAMPLE - SAMPLE / 8)
            return 0;
    }
    size_t room = size - size / 8;
    size_t packed = ZSTD_compressCCtx (self->compress, ret_data, room, data, size, 1);
    return ZSTD_isError (packed) ? 0 : packed;
}

bool chunk_unpack (chunk_packer_t *self, const uint8_t *packed, size_t packed_size, uint8_t *ret_data, size_t size)
{
    return ZSTD_decompressDCtx (self->expand, ret_data, size, packed, packed_size) == size;
}

/* ---- index ---- */

typedef struct {
    uint8_t digest[CHUNK_DIGEST];
    uint32_t number;
} slot_t;

/*  Open addressing with linear probing, never more than half full. The hash is keyed (SipHash): a manifest from a
 * hostile peer may name any digests it likes, also such as would share a bucket. */
struct chunk_index {
    uint8_t key[crypto_shorthash_KEYBYTES];
    size_t mask;
    slot_t slots[];
};

chunk_index_t *chunk_index_new (size_t most)
{
    size_t size = 16;
    while (size < most * 2)
        size *= 2;
    chunk_index_t *self = malloc (sizeof *self + size * sizeof *self->slots);
    if (!self)
        return NULL;
    crypto_shorthash_keygen (self->key);
    self->mask = size - 1;
    for (size_t i = 0; i < size; i++)
        self->slots[i].number = CHUNK_NOWHERE;
    return self;
}

void chunk_index_destroy (chunk_index_t **self)
{
    free (*self);
    *self = NULL;
}

/*  The slot of that digest, or the free one where it would stand. */
static size_t find_slot (const chunk_index_t *self, const uint8_t digest[CHUNK_DIGEST])
{
    uint64_t hash;
    crypto_shorthash ((uint8_t *) &hash, digest, CHUNK_DIGEST, self->key);
    size_t at = (size_t) hash & self->mask;
    while (self->slots[at].number != CHUNK_NOWHERE && memcmp (self->slots[at].digest, digest, CHUNK_DIGEST) != 0)
        at = (at + 1) & self->mask;
    return at;
}

uint32_t chunk_index_put (chunk_index_t *self, const uint8_t digest[CHUNK_DIGEST], uint32_t number)
{
    slot_t *slot = &self->slots[find_slot (self, digest)];
    uint32_t before = slot->number;
    memcpy (slot->digest, digest, CHUNK_DIGEST);
    slot->number = number;
    return before;
}

uint32_t chunk_index_get (const chunk_index_t *self, const uint8_t digest[CHUNK_DIGEST])
{
    return self->slots[find_slot (self, digest)].number;
}
