/*  JSON, written straight into one growing text: the same values always give the same bytes.
 *
 *  The order of keys is the caller's. Lack of memory is noted and reported at the end, so that nobody in between has
 * to.
 */
#ifndef BATON_JSON_TEXT_H
#define BATON_JSON_TEXT_H

#include "record.h"

typedef struct {
    char *data; /*  not terminated */
    size_t size;
    size_t capacity;
    bool failed;
} json_text_t;

/*  As it is: brackets, commas, keys. */
void json_text_raw (json_text_t *self, const char *text);

/*  A string with its quotes; NULL is "". */
void json_text_string (json_text_t *self, const char *text);
void json_text_number (json_text_t *self, uint64_t number);

/*  What stands between the quotes, so that a string can be put together. */
void json_text_escaped (json_text_t *self, const char *text, size_t size);

/*  Bytes as base64, which needs no escapes. */
void json_text_base64 (json_text_t *self, const uint8_t *data, size_t size);

/*  A msgpack value as compact JSON; bytes become base64. What is no value becomes null. */
void json_text_value (json_text_t *self, const baton_bytes_t *value);

/*  The same, as a string that holds that JSON. */
void json_text_quoted_value (json_text_t *self, const baton_bytes_t *value);

/*  Hands the bytes over, or fails for lack of memory; clears in any case. */
BATON_MUST_USE baton_status json_text_take (json_text_t *self, baton_bytes_t *ret_bytes, baton_error_t *error);

void json_text_clear (json_text_t *self);

#endif
