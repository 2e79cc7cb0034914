#include "message.h"

#include <string.h>

const char *mcp_text (const json_t *object, const char *key)
{
    return json_string_value (json_object_get (object, key));
}

bool mcp_id_valid (const json_t *id)
{
    return json_is_integer (id) || (json_is_string (id) && json_string_length (id) <= LIMIT_MCP_ID);
}

/* ---- in ---- */

/*  Whether brackets are nested within the limit, and there are not too many values. jansson would go down into 2048
 *  levels, and make up to 100 bytes of each value; so this is looked at before it reads. Outside of strings, each value
 *  but the first follows a comma, a colon or an opening bracket. */
static bool is_modest (const char *data, size_t size)
{
    unsigned depth = 0, values = 0;
    bool text = false;
    for (size_t i = 0; i < size; i++) {
        char at = data[i];
        if (text && at == '\\')
            i++;
        else if (at == '"')
            text = !text;
        else if (!text && (at == '[' || at == '{')) {
            values++;
            if (++depth > LIMIT_MCP_DEPTH)
                return false;
        } else if (!text && (at == ']' || at == '}'))
            depth -= depth > 0;
        else if (!text && (at == ',' || at == ':'))
            values++;
        if (values > LIMIT_MCP_VALUES)
            return false;
    }
    return true;
}

static bool fail (mcp_fault_t *ret_fault, int code, const char *text, json_t *id)
{
    *ret_fault = (mcp_fault_t){code, text, mcp_id_valid (id) ? json_incref (id) : NULL};
    return false;
}

static bool check_response (const mcp_message_t *message, mcp_fault_t *ret_fault)
{
    if (!message->result == !message->error)
        return fail (ret_fault, MCP_INVALID_REQUEST, "a response has either a result or an error", NULL);
    if (message->result && (!mcp_id_valid (message->id) || !json_is_object (message->result)))
        return fail (ret_fault, MCP_INVALID_REQUEST, "a result has an id and is an object", NULL);
    if (message->error && !json_is_integer (json_object_get (message->error, "code")))
        return fail (ret_fault, MCP_INVALID_REQUEST, "an error has a code", NULL);
    return true;
}

static bool check_call (const mcp_message_t *message, mcp_fault_t *ret_fault)
{
    json_t *params = json_object_get (message->root, "params");
    if (!message->method)
        return fail (ret_fault, MCP_INVALID_REQUEST, "the method must be text", message->id);
    if (message->result || message->error)
        return fail (ret_fault, MCP_INVALID_REQUEST, "a message has a method, or a result, or an error", message->id);
    if (message->id && !mcp_id_valid (message->id))
        return fail (ret_fault, MCP_INVALID_REQUEST, "an id is text of at most 256 bytes, or an integer", NULL);
    if (params && !json_is_object (params))
        return fail (ret_fault, MCP_INVALID_REQUEST, "params must be an object", message->id);
    return true;
}

/*  Takes the message apart and checks its form. */
static bool check (mcp_message_t *message, mcp_fault_t *ret_fault)
{
    json_t *root = message->root;
    if (json_is_array (root))
        return fail (ret_fault, MCP_INVALID_REQUEST, "batches are no part of this protocol: send one message at a time",
                     NULL);
    if (!json_is_object (root))
        return fail (ret_fault, MCP_INVALID_REQUEST, "a message is an object", NULL);
    json_t *method = json_object_get (root, "method"), *version = json_object_get (root, "jsonrpc");
    message->method = json_string_value (method);
    message->id = json_object_get (root, "id");
    message->params = json_object_get (root, "params");
    message->result = json_object_get (root, "result");
    message->error = json_object_get (root, "error");
    if (!json_is_string (version) || strcmp (json_string_value (version), "2.0") != 0)
        return fail (ret_fault, MCP_INVALID_REQUEST, "jsonrpc must be \"2.0\"", message->id);
    message->kind = !method ? MCP_RESPONSE : message->id ? MCP_REQUEST : MCP_NOTIFICATION;
    return method ? check_call (message, ret_fault) : check_response (message, ret_fault);
}

bool mcp_message_parse (const char *data, size_t size, mcp_message_t *ret_message, mcp_fault_t *ret_fault)
{
    if (size > LIMIT_MCP_MESSAGE)
        return fail (ret_fault, MCP_INVALID_REQUEST, "the message is too large", NULL);
    if (!is_modest (data, size))
        return fail (ret_fault, MCP_INVALID_REQUEST, "the message is nested too deeply, or has too many values", NULL);
    mcp_message_t message = {.root = json_loadb (data, size, JSON_REJECT_DUPLICATES, NULL)};
    if (!message.root)
        return fail (ret_fault, MCP_PARSE_ERROR, "this is no JSON", NULL);
    if (!check (&message, ret_fault)) {
        mcp_message_clear (&message);
        return false;
    }
    *ret_message = message;
    return true;
}

void mcp_message_clear (mcp_message_t *self)
{
    json_decref (self->root);
    *self = (mcp_message_t){0};
}

/* ---- out ---- */

static json_t *new_message (const json_t *id)
{
    json_t *message = json_pack ("{s:s}", "jsonrpc", "2.0");
    json_object_set (message, "id", id ? (json_t *) id : json_null ());
    return message;
}

json_t *mcp_result_message (const json_t *id, json_t *result)
{
    json_t *message = new_message (id);
    json_object_set_new (message, "result", result ? result : json_object ());
    return message;
}

json_t *mcp_error_message (const json_t *id, int code, const char *text, json_t *data)
{
    json_t *message = new_message (id);
    if (!id) /*  an error answer that is to nothing in particular has none */
        json_object_del (message, "id");
    json_t *error = json_pack ("{s:i, s:s}", "code", code, "message", text);
    if (data)
        json_object_set_new (error, "data", data);
    json_object_set_new (message, "error", error);
    return message;
}

json_t *mcp_notification (const char *method, json_t *params)
{
    json_t *message = json_pack ("{s:s, s:s}", "jsonrpc", "2.0", "method", method);
    if (params)
        json_object_set_new (message, "params", params);
    return message;
}

json_t *mcp_request_message (json_int_t id, const char *method, json_t *params)
{
    json_t *message = mcp_notification (method, params);
    json_object_set_new (message, "id", json_integer (id));
    return message;
}
