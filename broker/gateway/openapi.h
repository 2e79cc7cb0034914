/*  The description of the HTTP interface, OpenAPI 3.1, made from the method table. */
#ifndef BATON_OPENAPI_H
#define BATON_OPENAPI_H

#include "pages.h"
#include "record.h"

#include <jansson.h>

/*  NULL for lack of memory. Freed with json_decref. */
json_t *openapi_document (void);

/*  As a page, whose hash and data are the caller's to free. */
BATON_MUST_USE baton_status openapi_page (page_t *ret_page, baton_error_t *error);

#endif
