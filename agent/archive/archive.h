/*  Archives: a session as a file, in sections, signed. docs/snapshot.md says what a file looks like.
 *
 *  Both directions go through the file once, a section at a time, and never hold more than one section in memory. The
 *  reader believes nothing: sizes are checked before anything is allocated, sections come in their order, what was
 *  packed unpacks to exactly the size that it claims, and the last section it gives is the seal, whose signature it has
 *  verified over every byte before. Until then nothing of what was read may be acted upon.
 */
#ifndef BATON_ARCHIVE_H
#define BATON_ARCHIVE_H

#include "id.h"
#include "schema.h"

#include <stdio.h>

#define ARCHIVE_FORMAT 2           /*  what we write, and the newest that we read */
#define ARCHIVE_FORMAT_WORKSPACE 2 /*  the least that a reader must know of an archive with a workspace */

#define ARCHIVE_SIGNER 32 /*  an Ed25519 public key */
#define ARCHIVE_SECRET 64 /*  with its secret part first, as libsodium keeps it */
#define ARCHIVE_DIGEST 32 /*  BLAKE2b-256 */

/*  The kinds of sections, in the order in which they stand. */
typedef enum {
    ARCHIVE_none,
    ARCHIVE_head,     /*  archive_head; one */
    ARCHIVE_snapshot, /*  the canonical bytes of a session; one, or none when the archive is redacted */
    ARCHIVE_ancestor, /*  archive_page: journals that the context needs, one after another, each page of one session */
    ARCHIVE_events,   /*  archive_page: the journal; at least one */
    ARCHIVE_blob,     /*  a digest, 32 bytes, and the content */
    ARCHIVE_totals,   /*  archive_totals; one */
    ARCHIVE_seal,     /*  the signature; one, and nothing after it */
    /*  Added later: these two stand between the blobs and the totals. */
    ARCHIVE_workspace, /*  a manifest; at most one, and only where the head asks for ARCHIVE_FORMAT_WORKSPACE */
    ARCHIVE_pack, /*  workspace_pack: first the parts of the manifest, in order, and then the chunks; at least one */
    ARCHIVE_KINDS
} archive_kind_t;

/* ---- writing ---- */

typedef struct archive_writer archive_writer_t;

/*  Begins an archive; head->signer and format are filled in, and least where it is 0. The file is borrowed, and stands
 * at its beginning.
 */
BATON_MUST_USE baton_status archive_writer_new (FILE *file, const uint8_t secret[ARCHIVE_SECRET],
                                                const archive_head_t *head, archive_writer_t **ret_writer,
                                                baton_error_t *error);
void archive_writer_destroy (archive_writer_t **self);

/*  Adds a section of a kind between head and totals, of at most LIMIT_ARCHIVE_SECTION bytes. */
BATON_MUST_USE baton_status archive_write (archive_writer_t *self, archive_kind_t kind, const void *data, size_t size,
                                           baton_error_t *error);
BATON_MUST_USE baton_status archive_write_blob (archive_writer_t *self, const char *digest,
                                                const baton_bytes_t *content, baton_error_t *error);

/*  Ends the archive: totals (whose counts are filled in) and seal. ret_digest, of DIGEST_SIZE, is that of the archive.
 */
BATON_MUST_USE baton_status archive_finish (archive_writer_t *self, archive_totals_t *totals, char *ret_digest,
                                            baton_error_t *error);

/* ---- reading ---- */

typedef struct archive_reader archive_reader_t;

/*  A section. The data are the reader's, until the next is read. */
typedef struct {
    archive_kind_t kind;
    const uint8_t *data;
    size_t size;
} archive_section_t;

/*  Reads up to the head. The file is borrowed, and stands at its beginning. An archive of a newer format is
 *  failed_precondition/newer_schema; whatever else is wrong with one is invalid_argument/bad_archive, here and below.
 */
BATON_MUST_USE baton_status archive_reader_new (FILE *file, archive_reader_t **ret_reader, baton_error_t *error);
void archive_reader_destroy (archive_reader_t **self);

/*  For who has verified the file before and looks for himself whether the sections are the same: from now on neither
 *  digest nor signature are looked at, and there is no archive_digest. */
void archive_reader_trust (archive_reader_t *self);

const archive_head_t *archive_head (const archive_reader_t *self);

/*  The next section after the head. The last is ARCHIVE_seal: then all is verified, but for what the sections say. */
BATON_MUST_USE baton_status archive_read (archive_reader_t *self, archive_section_t *ret_section, baton_error_t *error);

/*  After the seal. */
const archive_totals_t *archive_totals (const archive_reader_t *self);
const char *archive_digest (const archive_reader_t *self);

/*  Takes a blob apart; its content must be of its digest. ret_content is borrowed from the section. */
BATON_MUST_USE baton_status archive_blob (const archive_section_t *section, char ret_digest[DIGEST_SIZE],
                                          baton_bytes_t *ret_content, baton_error_t *error);

/*  The same without looking whether the content is of the digest, for who has looked before. */
BATON_MUST_USE baton_status archive_split_blob (const archive_section_t *section, char ret_claimed[DIGEST_SIZE],
                                                baton_bytes_t *ret_content, baton_error_t *error);

#endif
