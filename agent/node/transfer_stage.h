/*  The staging area of one migration at its target: a folder with the workspace as far as it has come.
 *
 *    STAGING/         mode 0700: nobody else comes near a half-received tree
 *    STAGING/tree/    files at their places, filled chunk by chunk
 *
 *  There is no copy in between: a verified chunk is written straight to where it belongs. After a restart the tree is
 *  hashed, so that what is there is known rather than believed, and only the rest is asked for. The stage is given
 * whole workspaces (generations), each replacing the last; chunks that are already in the tree, also under other names,
 * are not asked for again. Nothing outside the tree is ever written: each path is resolved beneath it, through no link.
 */
#ifndef BATON_TRANSFER_STAGE_H
#define BATON_TRANSFER_STAGE_H

#include "manifest.h"

typedef struct transfer_stage transfer_stage_t;

/*  Makes the folder, or goes on with the one that is there. */
BATON_MUST_USE baton_status transfer_stage_new (const char *path, transfer_stage_t **ret_stage, baton_error_t *error);
void transfer_stage_destroy (transfer_stage_t **self);

/*  Makes the tree go towards wanted (checked with manifest_check; taken and left empty): folders, links, removals,
 *  chunks that are there under other names. What is then missing has to be put. After an error, destroy the stage. */
BATON_MUST_USE baton_status transfer_stage_begin (transfer_stage_t *self, workspace_t *wanted, baton_error_t *error);

/*  The digests of the missing chunks, each once, in the order in which they are best put. Valid until the next begin.
 */
const uint8_t *transfer_stage_missing (const transfer_stage_t *self, size_t *ret_count);
/*  The length of the missing chunk of that index. */
size_t transfer_stage_missing_length (const transfer_stage_t *self, size_t index);

/*  Writes a chunk to all its places. The data must be of that digest (the caller has hashed it). A digest that isn't
 *  missing is ignored; invalid_argument when a place asks for another length. */
BATON_MUST_USE baton_status transfer_stage_put (transfer_stage_t *self, const uint8_t digest[CHUNK_DIGEST],
                                                const uint8_t *data, size_t size, baton_error_t *error);

/*  How many bytes of the wanted files are there, and how many there will be. */
void transfer_stage_progress (const transfer_stage_t *self, uint64_t *ret_done, uint64_t *ret_total);

/*  Nothing is missing. */
bool transfer_stage_complete (const transfer_stage_t *self);

/*  Brings all to the disk (one syncfs). */
BATON_MUST_USE baton_status transfer_stage_flush (transfer_stage_t *self, baton_error_t *error);

/*  Sets modes and times of the folders, scans the tree as it is on the disk, compares its digest with the expected one
 * and flushes. failed_precondition names the first entry that differs. */
BATON_MUST_USE baton_status transfer_stage_finish (transfer_stage_t *self, const char *digest, baton_error_t *error);

/* ---- what the node's main loop does with a staging folder: a few system calls ---- */

/*  Puts the tree of an accepted stage in place, atomically and durably, and removes the rest of the folder. The folder
 *  above destination must exist, on the same file system. already_exists when destination does; an empty folder there
 * is replaced. */
BATON_MUST_USE baton_status transfer_stage_place (const char *path, const char *destination, baton_error_t *error);

/*  Removes a staging folder with all that is in it. One that isn't there is fine. */
void transfer_stage_discard (const char *path);

#endif
