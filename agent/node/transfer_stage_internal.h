/*  What the files of the stage share: transfer_stage.c (receiving, finishing) and transfer_plan.c (what is missing). */
#ifndef BATON_TRANSFER_STAGE_INTERNAL_H
#define BATON_TRANSFER_STAGE_INTERNAL_H

#include "transfer_stage.h"
#include "transfer_tree.h"

#include <string.h>

/*  A place that waits for a chunk; those that wait for the same one are chained. */
typedef struct {
    uint32_t item;
    uint32_t chunk;
    uint32_t next;
} place_t;

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

/*  Frees what begin has made for one generation. */
void transfer_plan_forget (transfer_stage_t *self);

/*  Gives a file whose chunks are all there its length, mode and time. */
BATON_MUST_USE baton_status transfer_stage_finish_file (transfer_stage_t *self, size_t item, baton_error_t *error);

static inline uint8_t *stage_digest (const workspace_t *workspace, size_t item, size_t chunk)
{
    return workspace->items[item].entry.chunks.data + chunk * CHUNK_DIGEST;
}

static inline bool stage_absent (const transfer_stage_t *self, size_t item, size_t chunk)
{
    static const uint8_t ABSENT[CHUNK_DIGEST];
    return memcmp (stage_digest (&self->present, item, chunk), ABSENT, CHUNK_DIGEST) == 0;
}

static inline void stage_mark_present (transfer_stage_t *self, size_t item, size_t chunk)
{
    memcpy (stage_digest (&self->present, item, chunk), stage_digest (&self->wanted, item, chunk), CHUNK_DIGEST);
    self->left[item]--;
    self->done += chunk_length (self->wanted.items[item].entry.size, chunk);
}

#endif
