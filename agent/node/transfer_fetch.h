/*  The target's side of the conversation: asks a source for manifests and chunks, within the credit of transfer_wire.h.
 *
 *  It belongs to the thread that made it. A connection that has gone silent shows as `unavailable`: the next manifest
 *  that is asked for begins a new one.
 */
#ifndef BATON_TRANSFER_FETCH_H
#define BATON_TRANSFER_FETCH_H

#include "chunk.h"
#include "manifest.h"

#include <czmq.h>

typedef struct transfer_fetch transfer_fetch_t;

typedef struct {
    char *endpoint;   /*  of the source */
    char *peer_key;   /*  its CURVE public key; all keys in Z85 */
    char *public_key; /*  ours */
    char *secret_key;
    char *session;
    uint64_t migration;
} transfer_peer_t;

/*  Called when the pipe has something to read; false gives up what is being waited for, with `aborted`. */
typedef bool transfer_attend_fn (void *argument);

/*  A chunk, already hashed: data is of that digest. NULL: it is gone at the source. Anything but ok ends the fetch with
 * it.
 */
typedef baton_status transfer_chunk_fn (void *argument, const uint8_t digest[CHUNK_DIGEST], const uint8_t *data,
                                        size_t size, baton_error_t *error);

/*  Borrows all three until it is destroyed. NULL for lack of memory. */
transfer_fetch_t *transfer_fetch_new (const transfer_peer_t *peer, zsock_t *pipe, transfer_attend_fn *attend,
                                      void *argument);
void transfer_fetch_destroy (transfer_fetch_t **self);

/*  Waits for the next generation after the given one (or the frozen one), parts and all, checked with manifest_check.
 * The workspace is the caller's. Errors of the source come back as they are; whether trying again helps, the reason
 * says. */
BATON_MUST_USE baton_status transfer_fetch_manifest (transfer_fetch_t *self, uint64_t after, bool frozen,
                                                     workspace_t *ret_workspace, uint64_t *ret_generation,
                                                     char ret_digest[DIGEST_SIZE], baton_error_t *error);

/*  Fetches count chunks, the digests one after another, and gives each to on_chunk. Lengths: as many bytes as each is
 *  expected to have, NULL for parts. */
BATON_MUST_USE baton_status transfer_fetch_chunks (transfer_fetch_t *self, const uint8_t *digests, size_t count,
                                                   size_t (*length_of) (void *, size_t), transfer_chunk_fn *on_chunk,
                                                   void *argument, baton_error_t *error);

/*  Milliseconds (zclock_mono) when the source last gave something of use, or said that it is at work. */
int64_t transfer_fetch_heard (const transfer_fetch_t *self);

/*  Waits that long, attending to the pipe: ok, or aborted. */
BATON_MUST_USE baton_status transfer_fetch_pause (transfer_fetch_t *self, int milliseconds, baton_error_t *error);

#endif
