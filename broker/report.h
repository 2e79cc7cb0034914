/*  Markdown that grows: headings, entries of lists, quotations. A section takes so much and no more; then it says how
 *  many of its entries are left out. Lack of memory is noted, and reported at the end.
 */
#ifndef BATON_REPORT_H
#define BATON_REPORT_H

#include "record.h"

#include <stdio.h>

#define REPORT_SECTION 32768 /*  bytes that the entries of a section take */

typedef struct {
    char *text;
    size_t size;
    FILE *stream; /*  NULL once there is no memory */
    long section; /*  where the section's entries begin */
    size_t left_out;
} report_t;

void report_open (report_t *self);

/*  Gives the whole text, freed by the caller; NULL for lack of memory. Closes in any case. */
char *report_close (report_t *self);

/*  Begins a section; ends the one before it. */
void report_section (report_t *self, const char *heading);

/*  Whether the section has room for another entry; else it is counted as left out. */
bool report_room (report_t *self);

void report_print (report_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/*  A text of any lines as a quotation; indent is put before each of them. */
void report_quote (report_t *self, const char *indent, const char *text);

/*  A msgpack value as JSON on one line. */
void report_value (report_t *self, const baton_bytes_t *value);

/*  Milliseconds since 1970 as "2026-01-31T12:00:00Z", and a duration as "1h 2m 3.004s". */
void report_time (report_t *self, uint64_t at);
void report_duration (report_t *self, uint64_t milliseconds);

#endif
