/*  The workspace of an archive without the secrets in it. */
#ifndef BATON_CLI_CARRY_REDACT_H
#define BATON_CLI_CARRY_REDACT_H

#include "carry.h"
#include "redact.h"

/*  As carry_write, but files that are secrets (by their name) are left out, and those in text files overwritten. Says
 *  in redact what was removed, by path. Goes through the files one by one: what they become is kept in a temporary file
 *  until their manifest, which stands before them, is known. ret_files is how many entries are left. */
BATON_MUST_USE baton_status carry_write_redacted (cli_t *cli, const char *session, const baton_bytes_t *manifest,
                                                  redact_t *redact, archive_writer_t *writer, uint64_t *ret_files,
                                                  baton_error_t *error);

#endif
