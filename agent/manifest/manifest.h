/*  A manifest: a workspace written down canonically, so that one digest stands for all of it.
 *
 *  The entries, ascending by path, are cut into parts; the manifest itself is a small record with the digests of the
 *  parts. Cuts depend on paths (a cut follows a path whose hash says so), so that a change in one place leaves the
 * other parts as they were, and only what changed has to be sent again.
 */
#ifndef BATON_MANIFEST_H
#define BATON_MANIFEST_H

#include "chunk.h"
#include "id.h"
#include "workspace.h"

typedef struct {
    uint8_t digest[CHUNK_DIGEST];
    baton_bytes_t bytes; /*  a manifest_part */
} manifest_packed_part_t;

typedef struct {
    char digest[DIGEST_SIZE]; /*  of root: the digest of the workspace */
    baton_bytes_t root;       /*  a manifest */
    struct {
        size_t count;
        manifest_packed_part_t *items;
    } parts;
} manifest_packed_t;

/*  Into a zeroed or valid ret_packed, freed with manifest_packed_clear. resource_exhausted past the limits. */
BATON_MUST_USE baton_status manifest_pack (const workspace_t *workspace, manifest_packed_t *ret_packed,
                                           baton_error_t *error);
void manifest_packed_clear (manifest_packed_t *packed);

/*  Appends the entries of one part, which may come from anywhere, to a workspace. */
BATON_MUST_USE baton_status manifest_unpack_part (const uint8_t *data, size_t size, workspace_t *workspace,
                                                  baton_error_t *error);

/*  Whether entries from anywhere make a workspace that can be written to a disk without harm: paths that are relative
 * and stay inside, in order, each once, each in a folder of the manifest; as many chunks as the size asks for; links
 * that are not empty. invalid_argument names the path. */
BATON_MUST_USE baton_status manifest_check (const workspace_t *workspace, const manifest_t *manifest,
                                            baton_error_t *error);

#endif
