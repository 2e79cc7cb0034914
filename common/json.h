/*  Between msgpack and JSON. Bytes become base64 text, and integers from 2^63 on become text, so that none of their
 *  digits is lost; everything else keeps its kind. */
#ifndef BATON_JSON_H
#define BATON_JSON_H

#include "record.h"

#include <jansson.h>

/*  One msgpack value as JSON; NULL when it is none, or for lack of memory. Freed with json_decref. */
json_t *json_from_value (const uint8_t *data, size_t size);

/*  The flag of json_dumps with which numbers read as they were written, 0.1 and not 0.10000000000000001: the fewest
 * digits that give each number of this JSON back. */
size_t json_digits (const json_t *json);

/*  JSON as one canonical msgpack value, freed with bytes_clear. */
BATON_MUST_USE baton_status json_to_value (const json_t *json, baton_bytes_t *ret_value, baton_error_t *error);

/*  One msgpack value as JSON on one line, freed with free (); no bytes are null. NULL as above. */
char *json_line (const uint8_t *data, size_t size);

#endif
