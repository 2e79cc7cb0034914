/*  Sessions and transcripts of other tools, at a broker. */
#ifndef BATON_CLI_TRANSCRIPTS_H
#define BATON_CLI_TRANSCRIPTS_H

#include "cli.h"

#include <stdio.h>

typedef struct {
    const char *file;
    const char *format;    /*  its name */
    const char *as;        /*  another title; NULL: what the transcript gives */
    const char *workspace; /*  as for session.import; may be NULL */
    bool dry_run;          /*  say what is in it, and do nothing */
} transcript_how_t;

/*  Makes a session of a transcript, all of it or nothing, and prints what was found. A file that was imported already
 * is the session that was made of it. */
BATON_MUST_USE baton_status transcripts_import (cli_t *cli, const transcript_how_t *how, baton_error_t *error);

/*  Writes a session as a transcript of a format, up to position n; its ancestors' items come first. */
BATON_MUST_USE baton_status transcripts_export (cli_t *cli, const char *session, uint64_t n, const char *format,
                                                FILE *file, uint64_t *ret_items, baton_error_t *error);

/*  invalid_argument, with the names that there are, for another one. */
BATON_MUST_USE baton_status transcripts_check_format (const char *name, const char *field, baton_error_t *error);

#endif
