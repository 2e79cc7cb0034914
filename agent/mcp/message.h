/*  JSON-RPC 2.0 as the Model Context Protocol narrows it: one message at a time (batches are no part of the revisions
 *  that we speak), ids that are text or integers, params that are objects.
 */
#ifndef BATON_MCP_MESSAGE_H
#define BATON_MCP_MESSAGE_H

#include "limits.h"

#include <jansson.h>
#include <stdbool.h>

/*  Errors. The first five are JSON-RPC's, the others the protocol's. */
#define MCP_PARSE_ERROR (-32700)
#define MCP_INVALID_REQUEST (-32600)
#define MCP_METHOD_NOT_FOUND (-32601)
#define MCP_INVALID_PARAMS (-32602)
#define MCP_INTERNAL_ERROR (-32603)
#define MCP_RESOURCE_NOT_FOUND (-32002) /*  before 2026-07-28, which has MCP_INVALID_PARAMS for it */
#define MCP_HEADER_MISMATCH (-32020)
#define MCP_MISSING_CAPABILITY (-32021)
#define MCP_UNSUPPORTED_VERSION (-32022)

typedef enum { MCP_REQUEST, MCP_NOTIFICATION, MCP_RESPONSE } mcp_kind_t;

/*  A message that came in. Everything is borrowed from root. */
typedef struct {
    mcp_kind_t kind;
    json_t *root;
    const char *method; /*  NULL in a response */
    json_t *id;         /*  NULL in a notification, and in an error answer to nothing in particular */
    json_t *params;     /*  an object, or NULL */
    json_t *result;     /*  of a response: this or error */
    json_t *error;
} mcp_message_t;

/*  Why bytes are no message. */
typedef struct {
    int code;
    const char *text;
    json_t *id; /*  of the message, owned, when it could be read; else NULL */
} mcp_fault_t;

/*  Reads one message. False with *ret_fault (whose id the caller gives up) when it is none. */
bool mcp_message_parse (const char *data, size_t size, mcp_message_t *ret_message, mcp_fault_t *ret_fault);
void mcp_message_clear (mcp_message_t *self);

/*  Whether it can be an id, or a progress token: text of at most LIMIT_MCP_ID bytes, or an integer. */
bool mcp_id_valid (const json_t *id);

/*  Messages to send. `result`, `params` and `data` are taken over, and may be NULL for none; a NULL id becomes null. */
json_t *mcp_result_message (const json_t *id, json_t *result);
json_t *mcp_error_message (const json_t *id, int code, const char *text, json_t *data);
json_t *mcp_notification (const char *method, json_t *params);
json_t *mcp_request_message (json_int_t id, const char *method, json_t *params);

/*  A text member of an object, or NULL. */
const char *mcp_text (const json_t *object, const char *key);

#endif
