/*  Contents made ready for a commit by other threads than the one that commits: hashed, packed, and when they are
 * large, on disk, as a file in DIR/blobs/new that no row refers to. All that is left for the commit is its name and its
 * row.
 */
#ifndef BATON_STORE_CONTENT_H
#define BATON_STORE_CONTENT_H

#include "record.h"
#include <baton/status.h>

#define STORE_LARGE 65536 /*  bytes from which on a content is worth another thread's time */

/*  One content; owned by whoever has it, on any thread. */
typedef struct store_content store_content_t;

/*  Takes its file with it, unless a commit has taken that over. */
void store_content_destroy (store_content_t **self);

const char *store_content_digest (const store_content_t *self);

/*  What makes them; it belongs to one thread. */
typedef struct store_packer store_packer_t;

/*  Makes DIR/blobs where it isn't there; after the store of DIR was opened. */
BATON_MUST_USE baton_status store_packer_new (const char *directory, store_packer_t **ret_packer, baton_error_t *error);
void store_packer_destroy (store_packer_t **self);

/*  soon: it is likely to be read soon, and goes into the kernel's cache for that. Pages that the kernel has not used
 *  before may cost more than the disk.
 *  resource_exhausted/disk_full or unavailable/storage_failed when it can't be written; then there is no file. */
BATON_MUST_USE baton_status store_pack (store_packer_t *self, const baton_bytes_t *content, bool soon,
                                        store_content_t **ret_content, baton_error_t *error);

#endif
