/*  Texts of transcripts as Baton's fields take them: without control characters but line feeds and tabs. */
#ifndef BATON_SHOWN_H
#define BATON_SHOWN_H

#include <jansson.h>
#include <stdbool.h>

/*  A copy in which CR LF is LF and any other control character its picture (U+2400 and on). NULL for lack of memory.
 *  *ret_changed is set when it differs, and else left alone. */
char *shown_text (const char *text, size_t size, bool *ret_changed);

/*  The same for every text in a JSON value. NULL for lack of memory; freed with json_decref. */
json_t *shown_json (const json_t *json, bool *ret_changed);

/*  Levels of lists and objects. */
unsigned shown_depth (const json_t *json);

/*  Bytes that JSON does not allow, made into U+FFFD in place or in a copy: those that are no UTF-8, and escapes of half
 *  a surrogate pair. NULL when there are none; freed with free (). */
char *shown_repair (const char *text, size_t size, size_t *ret_size);

#endif
