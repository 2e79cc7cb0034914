/*  Writing a session of the broker into an archive. */
#ifndef BATON_EXPORT_H
#define BATON_EXPORT_H

#include "archive.h"
#include "cli.h"

typedef struct {
    const char *session; /*  its id */
    uint64_t at;         /*  up to this position; 0: the present one */
    bool no_workspace;   /*  without what its workspace holds */
    bool redact;         /*  without the secrets in it */
    bool repeatable;     /*  without the time of the export: the same session gives the same bytes again */
} export_t;

/*  What was written. */
typedef struct {
    uint64_t n; /*  the position at which the journal ends */
    uint64_t events, blobs;
    uint64_t files;          /*  entries of its workspace; 0: it did not go along */
    archive_totals_t totals; /*  with what was redacted */
    lifecycle_e state;
    char site[LIMIT_ID + 1];
    char snapshot[DIGEST_SIZE]; /*  digest of the state there */
    char archive[DIGEST_SIZE];
} exported_t;

/*  Writes the archive to the file, which is empty. ret_exported is cleared with exported_clear. */
BATON_MUST_USE baton_status export_write (cli_t *cli, const export_t *export, FILE *file, exported_t *ret_exported,
                                          baton_error_t *error);
void exported_clear (exported_t *exported);

#endif
