/*  Chunks: the pieces in which files travel, known by the digest of their bytes.
 *
 *  A file is cut every CHUNK_SIZE bytes. Fixed cuts (rather than content-defined ones) let a chunk be written straight
 *  to its place in the staged file, and let an interrupted transfer be resumed by hashing what is there; a workspace is
 *  mostly files of a single chunk, for which no cutting is better than another.
 */
#ifndef BATON_CHUNK_H
#define BATON_CHUNK_H

#include <baton/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_SIZE (256u << 10)
#define CHUNK_DIGEST 32

/*  BLAKE2b-256 (RFC 7693). */
void chunk_digest (const void *data, size_t size, uint8_t ret_digest[CHUNK_DIGEST]);

/*  How many chunks a file of that size has, and the bytes of one of them. */
size_t chunk_count (uint64_t size);
size_t chunk_length (uint64_t size, size_t chunk);

/*  Whether this is the digest of CHUNK_SIZE zero bytes: such a chunk is never sent, and becomes a hole. */
bool chunk_is_zero (const uint8_t digest[CHUNK_DIGEST]);

/* ---- packing: zstd at its fastest level, when it helps ---- */

typedef struct chunk_packer chunk_packer_t;

chunk_packer_t *chunk_packer_new (void);
void chunk_packer_destroy (chunk_packer_t **self);

/*  Compresses size bytes into ret_data, which has room for size bytes. Returns the packed size, 0 when the chunk should
 *  go as it is. */
size_t chunk_pack (chunk_packer_t *self, const uint8_t *data, size_t size, uint8_t *ret_data);

/*  Unpacks into exactly size bytes; false when the packed bytes are damaged or hold another amount. */
bool chunk_unpack (chunk_packer_t *self, const uint8_t *packed, size_t packed_size, uint8_t *ret_data, size_t size);

/* ---- index: from digest to a number ---- */

typedef struct chunk_index chunk_index_t;

#define CHUNK_NOWHERE UINT32_MAX

/*  For up to `most` digests; NULL for lack of memory. */
chunk_index_t *chunk_index_new (size_t most);
void chunk_index_destroy (chunk_index_t **self);

/*  Sets the number of a digest and returns the one that it had, CHUNK_NOWHERE when it is new. */
uint32_t chunk_index_put (chunk_index_t *self, const uint8_t digest[CHUNK_DIGEST], uint32_t number);
uint32_t chunk_index_get (const chunk_index_t *self, const uint8_t digest[CHUNK_DIGEST]);

#endif
