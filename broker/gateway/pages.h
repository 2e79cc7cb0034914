/*  Pages that are served as they are: the console's, made at build time.
 *
 *  Whoever makes them hands the table to gateway_new; the gateway knows nothing of what is in them. All of them get the
 *  headers that keep a page to itself (respond.c), so a page has no script or style of its own in its text.
 */
#ifndef BATON_PAGES_H
#define BATON_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *path;     /*  "/", "/console/app.4f1c.js"; without a query */
    const char *type;     /*  of the content, as Content-Type has it */
    const char *encoding; /*  "gzip", or NULL */
    const char *hash;     /*  of the bytes, in any form without quotes: it becomes the ETag */
    bool immutable;       /*  the path has the hash in it: to be kept for ever */
    size_t size;
    const uint8_t *data;
} page_t;

#endif
