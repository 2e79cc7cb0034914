/*  The file of a transcript, value by value: a line each, or an element each of the array that the document is or has.
 */
#ifndef BATON_SOURCE_H
#define BATON_SOURCE_H

#include <baton/status.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*  What is shown of a file. json is NULL when it can't be read; then problem says why, and text is what stands there.
 *  number counts from 1. outer: the document around the array, without it, once before all else (number 0); NULL where
 *  there is none. Not every byte of a line must have been UTF-8: repaired says so. */
typedef struct {
    const json_t *json;
    uint64_t number;
    bool repaired;
    const char *problem;
    const char *text;
    size_t size;
    uint64_t dropped; /*  bytes of a line that was too long to hold */
} source_value_t;

typedef baton_status source_each_t (void *self, const source_value_t *value, baton_error_t *error);

/*  A file as it was when it was opened: what is appended meanwhile is not read. */
typedef struct {
    uint64_t size;
    uint64_t changed_at; /*  milliseconds since 1970 */
    char digest[65];
} source_about_t;

/*  Looks at the whole file. not_found, permission_denied, invalid_argument for what is no ordinary file or empty, and
 *  resource_exhausted for more than LIMIT_TRANSCRIPT bytes. */
BATON_MUST_USE baton_status source_look (const char *path, source_about_t *ret_about, baton_error_t *error);

/*  Shows each value. aborted when the file is no longer what `about` says. */
BATON_MUST_USE baton_status source_read (const char *path, const source_about_t *about, source_each_t *each, void *self,
                                         baton_error_t *error);

/*  The same for what is in memory, whole; text ends with NUL. */
BATON_MUST_USE baton_status source_read_text (char *text, size_t size, source_each_t *each, void *self,
                                              baton_error_t *error);

#endif
