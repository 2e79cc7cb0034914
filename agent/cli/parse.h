/*  Words of the command line to fields of records. */
#ifndef BATON_PARSE_H
#define BATON_PARSE_H

#include "record.h"
#include "times.h"

/*  What a number means, by the name of its field in a request. */
typedef enum { UNIT_count, UNIT_duration, UNIT_time } unit_t;
unit_t parse_unit (const field_t *field);

/*  Whether a field takes its flag more than once. */
bool parse_repeats (const field_t *field);

/*  Sets a field, or adds to one that repeats. Bytes are read from the file that text names, text and values from a file
 *  after "@"; "-" is standard input, "@@" a real "@". A policy is its shorthand ("quorum:2", "named:alice,bob"). */
BATON_MUST_USE baton_status parse_field (const field_t *field, void *at, const char *text, baton_error_t *error);

#endif
