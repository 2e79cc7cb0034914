/*  Answers on standard output, in the form that was asked for. */
#ifndef BATON_OUTPUT_H
#define BATON_OUTPUT_H

#include "cli.h"

/*  An answer: a page's list becomes a table, anything else its fields. raw is the same as msgpack. */
BATON_MUST_USE baton_status output_reply (cli_t *cli, const record_type_t *type, const void *reply,
                                          const baton_bytes_t *raw, baton_error_t *error);

/*  The same for a record that did not come as msgpack. */
BATON_MUST_USE baton_status output_record (cli_t *cli, const record_type_t *type, const void *record,
                                           baton_error_t *error);

/*  One element of a stream (an event), flushed at once. In a table, columns have fixed widths. */
BATON_MUST_USE baton_status output_event (cli_t *cli, const event_envelope_t *event, baton_error_t *error);

/*  A sentence for people about what was done; only in a table, and never where a program reads. */
void output_note (cli_t *cli, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
