/*  The workspace of an archive: its manifest, and packs of its contents. Who reads one believes nothing of it. */
#ifndef BATON_CLI_CARRY_H
#define BATON_CLI_CARRY_H

#include "archive.h"
#include "cli.h"
#include "workspace.h"

/*  What is left to come of a workspace. */
typedef struct carry carry_t;

/*  Begins with the canonical bytes of a manifest, from anywhere. */
BATON_MUST_USE baton_status carry_new (const void *manifest, size_t size, carry_t **ret_carry, baton_error_t *error);
void carry_destroy (carry_t **self);

/*  Takes the next content: the parts of the manifest first, in their order, and then each chunk of the files once, in
 *  any order. bad_archive for anything else, and for what can't be written to a disk without harm (manifest_check). */
BATON_MUST_USE baton_status carry_take (carry_t *self, const baton_bytes_t *content, baton_error_t *error);

/*  The same with all of a workspace_pack; resource_exhausted/too_large when there are too many of them. */
BATON_MUST_USE baton_status carry_take_pack (carry_t *self, const void *data, size_t size, baton_error_t *error);

/*  The digests that are best asked for next, in order; 0 when all is there. */
const uint8_t *carry_wanted (const carry_t *self, size_t *ret_count);

/*  What the manifest says, once all of its parts have come; NULL before. Borrowed. */
const workspace_t *carry_workspace (const carry_t *self);

/*  Writes the workspace of a session into an archive, as its node gives it. */
BATON_MUST_USE baton_status carry_write (cli_t *cli, const char *session, const baton_bytes_t *manifest,
                                         archive_writer_t *writer, baton_error_t *error);

#endif
