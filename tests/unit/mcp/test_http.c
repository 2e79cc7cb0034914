/*  Streamable HTTP: which request gets which status, headers and body; with an offer that answers when told to. */
#include "http.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define META                                                                                                           \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/"                 \
    "clientCapabilities\":{}}"
#define LIST "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{" META "}}"
#define CALL "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\u00e4\"," META "}}"
#define HELLO                                                                                                          \
    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\","          \
    "\"capabilities\":{}}}"
#define PING "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}"
#define SLOW                                                                                                           \
    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/"                                                                \
    "call\",\"params\":{\"name\":\"t\",\"_meta\":{\"progressToken\":1}}}"
#define NEWER "MCP-Protocol-Version: 2026-07-28\n"

/*  One answer. */
typedef struct {
    int status;
    char type[64], id[64], text[8192];
    bool ended;
} visit_t;

typedef struct {
    mcp_http_t *http;
    mcp_offer_t offer;
    json_t *capabilities;
    mcp_call_t *call;
    unsigned dropped, open;
    const char *headers;
} fixture_t;

static void begin_call (void *arg, mcp_call_t *call)
{
    ((fixture_t *) arg)->call = call;
}

static void drop_call (void *arg, mcp_call_t *call)
{
    (void) call;
    ((fixture_t *) arg)->dropped++;
}

static bool watch (void *arg, mcp_peer_t *peer, const char *uri)
{
    (void) arg;
    (void) peer;
    (void) uri;
    return true;
}

static void unwatch (void *arg, mcp_peer_t *peer, const char *uri)
{
    (void) arg;
    (void) peer;
    (void) uri;
}

static void begin (void *visit, int status, const char *type, const char *peer_id)
{
    visit_t *self = visit;
    assert_int_equal (self->status, 0);
    self->status = status;
    snprintf (self->type, sizeof self->type, "%s", type ? type : "");
    snprintf (self->id, sizeof self->id, "%s", peer_id ? peer_id : "");
}

static void write_part (void *visit, const char *data, size_t size)
{
    visit_t *self = visit;
    assert_true (self->status > 0 && !self->ended);
    strncat (self->text, data, size);
}

static void end (void *visit)
{
    visit_t *self = visit;
    assert_true (self->status > 0 && !self->ended);
    self->ended = true;
}

static void *open_offer (void *arg, const char *who, void *visit)
{
    (void) who;
    (void) visit;
    ((fixture_t *) arg)->open++;
    return arg;
}

static void close_offer (void *arg, void *offer_arg)
{
    assert_ptr_equal (arg, offer_arg);
    ((fixture_t *) arg)->open--;
}

static const mcp_http_host_t HOST = {begin, write_part, end, open_offer, close_offer};

static int setup (void **context)
{
    fixture_t *self = calloc (1, sizeof *self);
    self->capabilities = json_pack ("{s:{}, s:{s:b}}", "tools", "resources", "subscribe", 1);
    self->offer = (mcp_offer_t){"o", "O", "1", NULL, self->capabilities, begin_call, drop_call, watch, unwatch};
    self->http = mcp_http_new (&self->offer, &HOST, self);
    mcp_http_tick (self->http, 1000);
    *context = self;
    return 0;
}

static int teardown (void **context)
{
    fixture_t *self = *context;
    mcp_http_destroy (&self->http);
    assert_int_equal (self->open, 0);
    json_decref (self->capabilities);
    free (self);
    return 0;
}

/*  "Name: value\n" lines. */
static const char *header (void *arg, const char *name)
{
    static char value[256];
    const char *at = ((fixture_t *) arg)->headers;
    for (size_t length = strlen (name); at && *at; at = strchr (at, '\n') + 1)
        if (strncasecmp (at, name, length) == 0 && at[length] == ':') {
            snprintf (value, sizeof value, "%.*s", (int) strcspn (at + length + 2, "\n"), at + length + 2);
            return value;
        }
    return strcasecmp (name, "Content-Type") == 0 ? "application/json; charset=utf-8" : NULL;
}

static mcp_exchange_t *ask (fixture_t *self, const char *verb, const char *headers, const char *who, const char *body,
                            visit_t *visit)
{
    mcp_http_request_t request = {verb, header, self, body, strlen (body), who};
    self->headers = headers;
    *visit = (visit_t){0};
    mcp_exchange_t *exchange = mcp_http_take (self->http, &request, visit);
    assert_int_equal (visit->ended, exchange == NULL);
    return exchange;
}

static void test_statuses (void **context)
{
    fixture_t *self = *context;
    static const struct {
        const char *verb, *headers, *body;
        int status;
        const char *part;
    } CASES[] = {
        {"PUT", "", "", 405, ""},
        {"GET", "", "", 405, ""},
        {"DELETE", "", "", 405, ""},
        {"GET", "Mcp-Session-Id: x\n", "", 404, ""},
        {"DELETE", "Mcp-Session-Id: x\n", "", 404, ""},
        {"POST", "Content-Type: text/plain\n", PING, 415, ""},
        {"POST", "Accept: application/json\n", PING, 406, ""},
        {"POST", "", "{", 400, "-32700"},
        {"POST", "", "[]", 400, "-32600"},
        {"POST", "", PING, 400, "initialize"},
        {"POST", "Mcp-Session-Id: x\n", PING, 404, "initialize"},
        {"POST", "", LIST, 400, "-32020"},
        {"POST", NEWER, LIST, 400, "-32020"},
        {"POST", NEWER "Mcp-Method: TOOLS/LIST\n", LIST, 400, "-32020"},
        {"POST", "MCP-Protocol-Version: 2025-11-25\nMcp-Method: tools/list\n", LIST, 400, "-32020"},
        {"POST", NEWER "Mcp-Method: tools/call\nMcp-Name: t\n", CALL, 400, "-32020"},
        {"POST", NEWER "Mcp-Method: tools/call\nMcp-Name: =?base64?!!!?=\n", CALL, 400, "-32020"},
        {"POST", NEWER "Mcp-Method: ping\n", "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ping\"}", 400, "-32602"},
        {"POST", NEWER "mcp-method: no/such\n",
         "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"no/such\",\"params\":{" META "}}", 404, "-32601"},
        {"POST", NEWER, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}", 202, ""},
        {"POST", NEWER, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", 400, ""},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        visit_t visit;
        assert_null (ask (self, CASES[i].verb, CASES[i].headers, "me", CASES[i].body, &visit));
        if (visit.status != CASES[i].status || !strstr (visit.text, CASES[i].part))
            fail_msg ("%zu: %d %s", i, visit.status, visit.text);
        assert_int_equal (self->open, 0);
    }
}

static void test_one_that_is_served_by_itself (void **context)
{
    fixture_t *self = *context;
    visit_t visit;
    assert_non_null (
        ask (self, "POST", NEWER "Mcp-Method: tools/call\nMcp-Name: =?base64?dMOk?=\n", "me", CALL, &visit));
    assert_int_equal (visit.status, 0);
    mcp_call_finish (self->call, json_object ());
    assert_int_equal (visit.status, 200);
    assert_string_equal (visit.type, "application/json");
    assert_true (visit.ended && self->open == 0);
    mcp_exchange_t *exchange = ask (self, "POST", NEWER "Mcp-Method:  tools/list \n", "me", LIST, &visit);
    mcp_http_gone (exchange); /*  which cancels it */
    assert_int_equal (self->dropped, 1);
    assert_true (visit.status == 0 && !visit.ended && self->open == 0);
}

static void test_a_stream (void **context)
{
    fixture_t *self = *context;
    visit_t visit;
    static const char LISTEN[] =
        "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"subscriptions/listen\",\"params\":{\"notifications\":"
        "{\"resourceSubscriptions\":[\"a:b\"]}," META "}}";
    mcp_exchange_t *exchange = ask (self, "POST", NEWER "Mcp-Method: subscriptions/listen\n", "me", LISTEN, &visit);
    assert_string_equal (visit.type, "text/event-stream");
    assert_true (strncmp (visit.text, "event: message\ndata: {", 22) == 0);
    visit.text[0] = '\0';
    mcp_http_tick (self->http, 1000 + MCP_HTTP_HEARTBEAT_SECONDS - 1);
    assert_string_equal (visit.text, "");
    mcp_http_tick (self->http, 1000 + MCP_HTTP_HEARTBEAT_SECONDS);
    assert_string_equal (visit.text, ":\n\n");
    mcp_http_gone (exchange);
    assert_int_equal (self->open, 0);
}

static void greet (fixture_t *self, const char *who, char ret_headers[128])
{
    visit_t visit;
    assert_null (ask (self, "POST", "", who, HELLO, &visit));
    assert_int_equal (visit.status, 200);
    assert_int_equal (strlen (visit.id), 32);
    snprintf (ret_headers, 128, "Mcp-Session-Id: %s\n", visit.id);
}

static void test_with_a_handshake (void **context)
{
    fixture_t *self = *context;
    visit_t visit, stream, other;
    char mine[128];
    greet (self, "me", mine);
    assert_null (
        ask (self, "POST", mine, "me", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", &visit));
    assert_int_equal (visit.status, 202);
    assert_null (ask (self, "POST", mine, "somebody else", PING, &visit));
    assert_int_equal (visit.status, 404);
    assert_non_null (ask (self, "GET", mine, "me", "", &stream));
    assert_string_equal (stream.type, "text/event-stream");
    assert_null (ask (self, "GET", mine, "me", "", &other));
    assert_int_equal (other.status, 409);
    assert_non_null (ask (self, "POST", mine, "me", SLOW, &visit));
    mcp_call_progress (self->call, 1, 2, "x");
    assert_string_equal (visit.type, "text/event-stream");
    mcp_peer_list_changed (mcp_call_peer (self->call), "tools"); /*  belongs to no request */
    assert_non_null (strstr (stream.text, "list_changed"));
    assert_null (strstr (visit.text, "list_changed"));
    mcp_call_finish (self->call, json_object ());
    assert_true (visit.ended);
    assert_null (ask (self, "DELETE", mine, "me", "", &visit));
    assert_int_equal (visit.status, 204);
    assert_true (stream.ended && self->open == 0);
    assert_null (ask (self, "POST", mine, "me", PING, &visit));
    assert_int_equal (visit.status, 404);
}

/*  A connection that breaks does not cancel what was asked; who never comes back is forgotten. */
static void test_a_client_that_goes (void **context)
{
    fixture_t *self = *context;
    visit_t visit;
    char mine[128];
    greet (self, "me", mine);
    mcp_http_gone (ask (self, "POST", mine, "me", SLOW, &visit));
    assert_int_equal (self->dropped, 0);
    mcp_http_tick (self->http, 1000 + LIMIT_MCP_IDLE - 1);
    assert_int_equal (self->open, 1);
    mcp_http_tick (self->http, 1000 + LIMIT_MCP_IDLE);
    assert_int_equal (self->dropped, 1);
    assert_int_equal (self->open, 0);
}

static void test_how_many (void **context)
{
    fixture_t *self = *context;
    visit_t visit;
    char headers[128];
    for (unsigned i = 0; i < LIMIT_MCP_PEERS_EACH; i++)
        greet (self, "me", headers);
    assert_null (ask (self, "POST", "", "me", HELLO, &visit));
    assert_int_equal (visit.status, 503);
    greet (self, "somebody else", headers);
    assert_null (ask (self, "POST", "", "x", "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\"}", &visit));
    assert_int_equal (self->open, LIMIT_MCP_PEERS_EACH + 1);
}

static void test_origins (void **context)
{
    (void) context;
    static const char *const GOOD[] = {"http://localhost", "https://127.0.0.1:80", "http://[::1]:7680", "LOCALHOST:1"};
    static const char *const BAD[] = {"http://localhost.evil.org", "http://evil.org", "null", "http://127.0.0.1:x", "",
                                      "http://localhost:1/x"};
    for (size_t i = 0; i < COUNT (GOOD); i++)
        assert_true (mcp_origin_is_local (GOOD[i]));
    for (size_t i = 0; i < COUNT (BAD); i++)
        assert_false (mcp_origin_is_local (BAD[i]));
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_statuses),         TEST (test_one_that_is_served_by_itself), TEST (test_a_stream),
        TEST (test_with_a_handshake), TEST (test_a_client_that_goes),           TEST (test_how_many),
        TEST (test_origins),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
