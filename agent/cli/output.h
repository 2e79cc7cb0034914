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

/*  Of the whole site, or of the one session that everybody knows is meant. */
typedef enum { STREAM_site, STREAM_session } event_stream_t;

/*  One element of a stream (an event), flushed at once. In a table, columns have fixed widths, and what does not fit
 *  into the terminal's is cut off. */
BATON_MUST_USE baton_status output_event (cli_t *cli, const event_envelope_t *event, event_stream_t stream,
                                          baton_error_t *error);

/*  A content as it is; on a terminal, with its control characters written out. */
void output_content (cli_t *cli, const void *data, size_t size);

/*  A sentence for people about what was done; only in a table, and never where a program reads. */
void output_note (cli_t *cli, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
