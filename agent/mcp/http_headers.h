/*  What the headers of a request say, and whether that is what its body says. Inside this room only. */
#ifndef BATON_MCP_HTTP_HEADERS_H
#define BATON_MCP_HTTP_HEADERS_H

#include "http.h"

/*  A header's value; NULL when it is not there. Borrowed from the request. */
const char *http_header (const mcp_http_request_t *request, const char *name);

/*  Whether a client takes answers of that media type. Without an Accept, it takes everything. */
bool http_accepts (const mcp_http_request_t *request, const char *type);

/*  Whether a message belongs to the revision without a handshake: its body says so, or its header does. */
bool http_is_stateless (const mcp_http_request_t *request, const mcp_message_t *message);

/*  Why the headers of such a request can't be right; NULL when they mirror the body. */
const char *http_compare (const mcp_http_request_t *request, const mcp_message_t *message);

#endif
