/*  Parts of items as JSON, for all writers. */
#ifndef BATON_PARTS_H
#define BATON_PARTS_H

#include "schema.h"

#include <jansson.h>

/*  Takes known keys out of an object; what is left is what a reader did not understand. Returns a copy without them,
 *  and without nulls; NULL when nothing is left. */
json_t *parts_rest (const json_t *object, const char *const *known);

/*  Sets a key in the rest, which may be NULL so far. Takes value. */
void parts_keep (json_t **rest, const char *key, json_t *value);

/*  The value of a part, or NULL. */
json_t *parts_value (const part_t *part);

/*  A part as text: its text, or its value on one line. */
json_t *parts_text (const part_t *part);

/*  The time in a key of an object ("2026-01-31T12:00:00.123Z"), as milliseconds; 0 when there is none. */
uint64_t parts_time (const json_t *object, const char *key);

/*  Milliseconds so written. */
#define PARTS_TIME_SIZE 40
void parts_write_time (uint64_t at, char ret_text[PARTS_TIME_SIZE]);

/*  Whether a text is one of a list that ends with NULL. */
bool parts_is_one (const char *text, const char *const *list);

#endif
