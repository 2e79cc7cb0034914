#include "message.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void test_messages (void **context)
{
    (void) context;
    static const struct {
        const char *text;
        mcp_kind_t kind;
    } CASES[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", MCP_REQUEST},
        {" {\"jsonrpc\":\"2.0\",\"id\":\"\",\"method\":\"ping\",\"params\":{},\"more\":[\"[[\\\"{{\"]}\r", MCP_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"x\"}", MCP_NOTIFICATION},
        {"{\"jsonrpc\":\"2.0\",\"id\":-7,\"result\":{}}", MCP_RESPONSE},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-1,\"message\":\"\"}}", MCP_RESPONSE},
        {"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-1}}", MCP_RESPONSE},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        mcp_message_t message = {0};
        mcp_fault_t fault = {0};
        if (!mcp_message_parse (CASES[i].text, strlen (CASES[i].text), &message, &fault))
            fail_msg ("%s: %s", CASES[i].text, fault.text);
        assert_int_equal (message.kind, CASES[i].kind);
        mcp_message_clear (&message);
    }
}

static void refuse (const char *text, size_t size, int code, const char *id)
{
    mcp_message_t message = {0};
    mcp_fault_t fault = {0};
    assert_false (mcp_message_parse (text, size, &message, &fault));
    char *given = fault.id ? json_dumps (fault.id, JSON_ENCODE_ANY) : NULL;
    if (fault.code != code || (given == NULL) != (id == NULL) || (given && strcmp (given, id) != 0))
        fail_msg ("%.80s: %d, id %s", text, fault.code, given ? given : "none");
    free (given);
    json_decref (fault.id);
}

static void test_what_is_none (void **context)
{
    (void) context;
    static const struct {
        const char *text;
        int code;
        const char *id;
    } CASES[] = {
        {"", MCP_PARSE_ERROR, NULL},
        {"7", MCP_PARSE_ERROR, NULL},
        {"{} {}", MCP_PARSE_ERROR, NULL},
        {"[]", MCP_INVALID_REQUEST, NULL},
        {"{}", MCP_INVALID_REQUEST, NULL},
        {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"x\"}", MCP_INVALID_REQUEST, "1"},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":null}", MCP_INVALID_REQUEST, "\"a\""},
        {"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"x\"}", MCP_INVALID_REQUEST, NULL},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"result\":{}}", MCP_INVALID_REQUEST, "1"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":null}", MCP_INVALID_REQUEST, "1"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{}}", MCP_INVALID_REQUEST, NULL},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":7}", MCP_INVALID_REQUEST, NULL},
        {"{\"jsonrpc\":\"2.0\",\"result\":{}}", MCP_INVALID_REQUEST, NULL},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}", MCP_INVALID_REQUEST, NULL},
        {"{\"jsonrpc\":\"2.0\",\"id\":99999999999999999999,\"method\":\"x\"}", MCP_PARSE_ERROR, NULL},
    };
    for (size_t i = 0; i < COUNT (CASES); i++)
        refuse (CASES[i].text, strlen (CASES[i].text), CASES[i].code, CASES[i].id);
}

/*  A message with that many levels, or values, of which the frame of the message has some itself. */
static char *nested (size_t depth, size_t values, size_t *ret_size)
{
    char *text = malloc (2 * depth + 2 * values + 100), *at = text;
    at += sprintf (at, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{\"a\":");
    for (size_t i = 2; i < depth; i++)
        *at++ = '[';
    for (size_t i = depth + 8; i < values; i++)
        at += sprintf (at, "1,");
    *at++ = '1';
    for (size_t i = 2; i < depth; i++)
        *at++ = ']';
    at += sprintf (at, "}}");
    *ret_size = (size_t) (at - text);
    return text;
}

static void test_limits (void **context)
{
    (void) context;
    static const struct {
        size_t depth, values;
        bool good;
    } CASES[] = {{LIMIT_MCP_DEPTH, 0, true}, {LIMIT_MCP_DEPTH + 1, 0, false}, {3, 200000, true}, {3, 300000, false}};
    for (size_t i = 0; i < COUNT (CASES); i++) {
        mcp_message_t message = {0};
        mcp_fault_t fault = {0};
        size_t size;
        char *text = nested (CASES[i].depth, CASES[i].values, &size);
        assert_int_equal (mcp_message_parse (text, size, &message, &fault), CASES[i].good);
        mcp_message_clear (&message);
        free (text);
    }
    char *large = malloc (LIMIT_MCP_MESSAGE + 1);
    memset (large, ' ', LIMIT_MCP_MESSAGE + 1);
    static const char TEXT[] = "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}";
    for (size_t i = 0; TEXT[i]; i++)
        large[i] = TEXT[i];
    mcp_message_t message = {0};
    mcp_fault_t fault = {0};
    assert_true (mcp_message_parse (large, LIMIT_MCP_MESSAGE, &message, &fault));
    mcp_message_clear (&message);
    refuse (large, LIMIT_MCP_MESSAGE + 1, MCP_INVALID_REQUEST, NULL);
    free (large);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_messages),
        cmocka_unit_test (test_what_is_none),
        cmocka_unit_test (test_limits),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
