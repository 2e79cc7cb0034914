#include "http_headers.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define META "io.modelcontextprotocol/"

const char *http_header (const mcp_http_request_t *request, const char *name)
{
    return request->header (request->header_arg, name);
}

bool http_accepts (const mcp_http_request_t *request, const char *type)
{
    const char *given = http_header (request, "Accept");
    return !given || strcasestr (given, type) || strstr (given, "*/*");
}

bool mcp_origin_is_local (const char *origin)
{
    static const char *const HOSTS[] = {"localhost", "127.0.0.1", "[::1]"};
    const char *host = strncmp (origin, "http://", 7) == 0    ? origin + 7
                       : strncmp (origin, "https://", 8) == 0 ? origin + 8
                                                              : origin;
    for (size_t i = 0; i < sizeof HOSTS / sizeof *HOSTS; i++) {
        size_t length = strlen (HOSTS[i]);
        if (strncasecmp (host, HOSTS[i], length) == 0 &&
            (host[length] == '\0' ||
             (host[length] == ':' && host[length + 1 + strspn (host + length + 1, "0123456789")] == '\0')))
            return true;
    }
    return false;
}

/* ---- headers that mirror the body ---- */

/*  The plain form of a value that may be =?base64?…?=; NULL when it is none. Freed with free (). */
static char *decode_value (const char *value)
{
    static const char BEGIN[] = "=?base64?", END[] = "?=";
    size_t length = strlen (value), size = 0;
    if (length < strlen (BEGIN) + strlen (END) || strncmp (value, BEGIN, strlen (BEGIN)) != 0 ||
        strcmp (value + length - strlen (END), END) != 0)
        return strdup (value);
    size_t inner = length - strlen (BEGIN) - strlen (END);
    char *text = calloc (1, inner + 1);
    if (text && sodium_base642bin ((unsigned char *) text, inner, value + strlen (BEGIN), inner, NULL, &size, NULL,
                                   sodium_base64_VARIANT_ORIGINAL) != 0) {
        free (text);
        return NULL;
    }
    return text;
}

/*  A header's value without the space around it, which belongs to no value; NULL when it is not there. Freed with
 *  free (). */
static char *value_of (const mcp_http_request_t *request, const char *name)
{
    const char *given = http_header (request, name);
    if (!given)
        return NULL;
    given += strspn (given, " \t");
    size_t length = strlen (given);
    while (length > 0 && strchr (" \t", given[length - 1]))
        length--;
    return strndup (given, length);
}

/*  Whether a header says that; `encoded`: it may be as base64. */
static bool says (const mcp_http_request_t *request, const char *name, const char *wanted, bool encoded)
{
    char *value = value_of (request, name), *plain = value && encoded ? decode_value (value) : NULL;
    const char *is = encoded ? plain : value;
    bool same = is && strcmp (is, wanted) == 0;
    free (value);
    free (plain);
    return same;
}

/*  The name of what a request is about, when its header has to say it; NULL for none. */
static const char *subject (const mcp_message_t *message, bool *ret_needed)
{
    bool resource = strcmp (message->method, "resources/read") == 0;
    *ret_needed =
        resource || strcmp (message->method, "tools/call") == 0 || strcmp (message->method, "prompts/get") == 0;
    return mcp_text (message->params, resource ? "uri" : "name");
}

const char *http_compare (const mcp_http_request_t *request, const mcp_message_t *message)
{
    bool needed;
    const char *version = http_header (request, "MCP-Protocol-Version"), *name = subject (message, &needed);
    const char *said = mcp_text (json_object_get (message->params, "_meta"), META "protocolVersion");
    if (!version)
        return "header mismatch: MCP-Protocol-Version is missing";
    if (said && !says (request, "MCP-Protocol-Version", said, false))
        return "header mismatch: MCP-Protocol-Version is not that of the body";
    if (!says (request, "Mcp-Method", message->method, false))
        return "header mismatch: Mcp-Method is not the method of the body";
    if (needed && name && !says (request, "Mcp-Name", name, true))
        return "header mismatch: Mcp-Name is not the name, or the URI, of the body";
    return NULL;
}

/* ---- which revision ---- */

static const char *const HANDSHAKES[] = {"2025-03-26", "2025-06-18", MCP_REVISION_HANDSHAKE};

static bool is_handshake (const char *version)
{
    for (size_t i = 0; version && i < sizeof HANDSHAKES / sizeof *HANDSHAKES; i++)
        if (strcmp (HANDSHAKES[i], version) == 0)
            return true;
    return false;
}

bool http_is_stateless (const mcp_http_request_t *request, const mcp_message_t *message)
{
    const json_t *meta = json_object_get (message->params, "_meta");
    const char *version = http_header (request, "MCP-Protocol-Version");
    return json_object_get (meta, META "protocolVersion") || (version && !is_handshake (version));
}
