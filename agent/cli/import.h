/*  Reading an archive and making a session of it at a broker. Everything is verified before the broker hears of it. */
#ifndef BATON_CLI_IMPORT_H
#define BATON_CLI_IMPORT_H

#include "archive.h"
#include "carry.h"
#include "cli.h"
#include "signer.h"

typedef struct {
    const char *as;        /*  another title; NULL: the one that it had */
    const char *workspace; /*  path of its workspace at its node; NULL: the node makes one */
    const char *key;       /*  idempotency key of the import itself; NULL: a fresh one */
    bool no_workspace;     /*  without the workspace in it */
    bool update;           /*  go on with the session that is there */
    const char *into;      /*  update: its id there; NULL: the one that it had */
} import_how_t;

/*  What an archive says of itself, once it was verified. Cleared with import_clear. */
typedef struct {
    archive_head_t head;
    archive_totals_t totals;
    char archive[DIGEST_SIZE];
    char signer[SIGNER_KEY_SIZE];
    char signer_name[LIMIT_NAME + 1]; /*  "": unknown */
    uint64_t events, blobs;
    uint64_t files; /*  entries of the workspace in it; 0: there is none */
    carry_t *carry; /*  while it is verified */
    /*  Digests of the digests of all that is sent: of journals and contents, and of the workspace. */
    char contents[DIGEST_SIZE], packs[DIGEST_SIZE];
} archive_summary_t;

/*  Reads the whole file and believes nothing; changes nothing. With require_signer, the name or key of whom must have
 *  signed it, anybody else's signature is permission_denied. The file must be one that can be read again. */
BATON_MUST_USE baton_status import_verify (FILE *file, const char *require_signer, archive_summary_t *ret_summary,
                                           baton_error_t *error);

/*  Brings a verified file to the broker. ret_imported is zeroed, and the caller's to clear. */
BATON_MUST_USE baton_status import_send (cli_t *cli, FILE *file, const archive_summary_t *summary,
                                         const import_how_t *how, imported_t *ret_imported, baton_error_t *error);

void archive_summary_clear (archive_summary_t *summary);

#endif
