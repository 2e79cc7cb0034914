/*  The description of the HTTP interface, OpenAPI 3.1, made from the method table. */
#ifndef BATON_OPENAPI_H
#define BATON_OPENAPI_H

#include <jansson.h>

/*  NULL for lack of memory. Freed with json_decref. */
json_t *openapi_document (void);

#endif
