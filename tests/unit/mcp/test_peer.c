/*  The protocol's rules for one client, with an offer that does what a test says. */
#include "peer_internal.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define META                                                                                                           \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/"                 \
    "clientCapabilities\":{\"elicitation\":{}},\"progressToken\":1}"
#define HELLO                                                                                                          \
    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\","          \
    "\"capabilities\":{\"elicitation\":{}}}}"

typedef struct {
    mcp_call_t *call; /*  begun last */
    unsigned begun, dropped, watched, unwatched;
    json_t *sent; /*  what the client got last */
    bool last;
    int status;
    unsigned messages;
    mcp_peer_t *peer;
    json_t *capabilities;
    mcp_offer_t offer;
    mcp_seal_t seal;
} fixture_t;

static void begin (void *arg, mcp_call_t *call)
{
    fixture_t *self = arg;
    self->call = call;
    self->begun++;
}

static void drop (void *arg, mcp_call_t *call)
{
    fixture_t *self = arg;
    assert_ptr_equal (self->call, call);
    self->dropped++;
}

static bool watch (void *arg, mcp_peer_t *peer, const char *uri)
{
    (void) peer;
    ((fixture_t *) arg)->watched++;
    return strncmp (uri, "good:", 5) == 0;
}

static void unwatch (void *arg, mcp_peer_t *peer, const char *uri)
{
    (void) peer;
    (void) uri;
    ((fixture_t *) arg)->unwatched++;
}

static void take (void *arg, void *exchange, const json_t *message, bool last, int status)
{
    fixture_t *self = arg;
    (void) exchange;
    json_decref (self->sent);
    self->sent = json_deep_copy (message);
    self->last = last;
    self->status = status;
    self->messages++;
}

static int setup (void **context)
{
    fixture_t *self = calloc (1, sizeof *self);
    self->capabilities =
        json_pack ("{s:{s:b}, s:{s:b}, s:{}}", "tools", "listChanged", 1, "resources", "subscribe", 1, "logging");
    self->offer = (mcp_offer_t){"o", "O", "1", NULL, self->capabilities, begin, drop, watch, unwatch};
    mcp_seal_init (&self->seal);
    mcp_setting_t setting = {&self->offer, self, take, self, &self->seal, "me", false};
    self->peer = mcp_peer_new (&setting);
    *context = self;
    return 0;
}

static int teardown (void **context)
{
    fixture_t *self = *context;
    mcp_peer_destroy (&self->peer);
    json_decref (self->sent);
    json_decref (self->capabilities);
    free (self);
    return 0;
}

static void say (fixture_t *self, const char *text)
{
    mcp_peer_receive (self->peer, text, strlen (text), NULL);
}

static json_int_t code (const fixture_t *self)
{
    return json_integer_value (json_object_get (json_object_get (self->sent, "error"), "code"));
}

static const json_t *result (const fixture_t *self)
{
    return json_object_get (self->sent, "result");
}

/* ---- tests ---- */

static void test_before_the_handshake (void **context)
{
    fixture_t *self = *context;
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
    assert_true (json_is_object (result (self)));
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
    assert_int_equal (code (self), MCP_INVALID_PARAMS);
    assert_int_equal (self->status, 400);
    say (self, HELLO);
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
    assert_int_equal (self->begun, 1);
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
    assert_int_equal (code (self), MCP_INVALID_REQUEST); /*  the id is in use */
    mcp_call_finish (self->call, json_object ());
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"prompts/list\"}"); /*  not among the capabilities */
    assert_int_equal (code (self), MCP_METHOD_NOT_FOUND);
    assert_int_equal (self->status, 200);
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"prompts/list\",\"params\":{" META "}}");
    assert_int_equal (self->status, 404);
}

static void test_progress_only_grows (void **context)
{
    fixture_t *self = *context;
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{" META "}}");
    static const double TOLD[] = {1, 1, 0, 2};
    for (size_t i = 0; i < COUNT (TOLD); i++)
        mcp_call_progress (self->call, TOLD[i], 4, "x");
    assert_int_equal (self->messages, 2);
    mcp_call_log (self->call, "error", "l", json_string ("not asked for"));
    assert_int_equal (self->messages, 2);
    mcp_call_finish (self->call, json_object ());
    assert_true (self->last);
    assert_string_equal (mcp_text (result (self), "resultType"), "complete");
    assert_null (json_object_get (result (self), "ttlMs"));
}

static void test_a_question_by_handing_back (void **context)
{
    fixture_t *self = *context;
    char text[4096];
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"," META "}}");
    assert_true (mcp_call_can (self->call, "elicitation"));
    assert_false (mcp_call_can (self->call, "sampling"));
    mcp_call_ask (self->call, json_pack ("{s:{s:s, s:{}}}", "q", "method", "elicitation/create", "params"),
                  json_pack ("{s:i}", "round", 1));
    assert_string_equal (mcp_text (result (self), "resultType"), "input_required");
    char *state = strdup (mcp_text (result (self), "requestState"));
    snprintf (
        text, sizeof text,
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"t\",\"inputResponses\":{\"q\":"
        "{\"action\":\"accept\"},\"more\":7},\"requestState\":\"%s\"," META "}}",
        state);
    say (self, text);
    assert_int_equal (self->begun, 2);
    assert_string_equal (mcp_text (mcp_call_input (self->call, "q"), "action"), "accept");
    assert_null (mcp_call_input (self->call, "more"));
    assert_int_equal (json_integer_value (json_object_get (mcp_call_state (self->call), "round")), 1);
    mcp_call_finish (self->call, json_object ());
    snprintf (text, sizeof text,
              "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/"
              "call\",\"params\":{\"name\":\"u\",\"requestState\":\"%s\"," META "}}",
              state);
    say (self, text); /*  of another call */
    assert_int_equal (code (self), MCP_INVALID_PARAMS);
    free (state);
}

static void test_a_state_is_good_for_a_while (void **context)
{
    fixture_t *self = *context;
    mcp_seal_t other;
    mcp_seal_init (&other);
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"," META "}}");
    json_t *state = json_pack ("{s:s}", "k", "v");
    char *text = state_seal (&self->seal, self->call, state, 1000);
    json_t *early = state_open (&self->seal, self->call, text, 1600);
    assert_true (json_equal (early, state));
    assert_null (state_open (&self->seal, self->call, text, 1601));
    assert_null (state_open (&other, self->call, text, 1000));
    text[strlen (text) / 2] ^= 1;
    assert_null (state_open (&self->seal, self->call, text, 1000));
    free (text);
    json_decref (early);
    char *long_text = malloc (LIMIT_MCP_STATE + 1);
    memset (long_text, 'a', LIMIT_MCP_STATE);
    long_text[LIMIT_MCP_STATE] = '\0';
    json_t *large = json_pack ("{s:s}", "k", long_text);
    assert_null (state_seal (&self->seal, self->call, large, 1000));
    json_decref (large);
    json_decref (state);
    free (long_text);
}

static void test_a_question_as_a_request (void **context)
{
    fixture_t *self = *context;
    say (self, HELLO);
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}");
    mcp_call_ask (self->call, json_pack ("{s:{s:s, s:{}}}", "q", "method", "elicitation/create", "params"),
                  json_pack ("{s:i}", "round", 1));
    assert_string_equal (mcp_text (self->sent, "method"), "elicitation/create");
    assert_false (self->last);
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":77,\"result\":{}}"); /*  to nothing */
    assert_int_equal (self->begun, 1);
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-1,\"message\":\"no\"}}");
    assert_int_equal (self->begun, 2);
    assert_string_equal (mcp_text (mcp_call_input (self->call, "q"), "action"), "cancel");
    mcp_call_ask (self->call, json_pack ("{s:{s:s, s:{}}}", "s", "method", "sampling/createMessage", "params"), NULL);
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-1,\"message\":\"no\"}}");
    assert_int_equal (code (self), MCP_INTERNAL_ERROR);
    assert_int_equal (mcp_peer_pending (self->peer), 0);
    assert_int_equal (self->dropped, 0);
}

static void test_cancelled (void **context)
{
    fixture_t *self = *context;
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"tools/call\",\"params\":{" META "}}");
    say (self, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":\"y\"}}");
    assert_int_equal (self->dropped, 0);
    say (self, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":\"x\"}}");
    assert_int_equal (self->dropped, 1);
    assert_true (self->last);
    assert_null (self->sent);
}

static void test_what_is_listened_to (void **context)
{
    fixture_t *self = *context;
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscriptions/listen\",\"params\":{\"notifications\":{"
               "\"toolsListChanged\":true,\"promptsListChanged\":true,\"resourceSubscriptions\":[\"good:a\",\"bad:b\","
               "7]}," META "}}");
    json_t *agreed = json_loads ("{\"toolsListChanged\":true,\"resourceSubscriptions\":[\"good:a\"]}", 0, NULL);
    assert_true (json_equal (json_object_get (json_object_get (self->sent, "params"), "notifications"), agreed));
    json_decref (agreed);
    unsigned before = self->messages;
    mcp_peer_changed (self->peer, "good:b");
    mcp_peer_list_changed (self->peer, "prompts");
    assert_int_equal (self->messages, before);
    mcp_peer_changed (self->peer, "good:a");
    assert_string_equal (mcp_text (self->sent, "method"), "notifications/resources/updated");
    mcp_peer_list_changed (self->peer, "tools");
    assert_string_equal (mcp_text (self->sent, "method"), "notifications/tools/list_changed");
    mcp_peer_half_close (self->peer);
    assert_true (self->last && result (self));
    assert_int_equal (self->unwatched, 1);
}

static void test_how_much_is_watched (void **context)
{
    fixture_t *self = *context;
    char text[256];
    say (self, HELLO);
    for (unsigned i = 0; i <= LIMIT_MCP_WATCHED; i++) {
        snprintf (text, sizeof text,
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/subscribe\",\"params\":{\"uri\":\"good:%u\"}}",
                  i);
        say (self, text);
        assert_int_equal (code (self), i < LIMIT_MCP_WATCHED ? 0 : MCP_RESOURCE_NOT_FOUND);
    }
    say (self, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/unsubscribe\",\"params\":{\"uri\":\"good:0\"}}");
    assert_int_equal (self->unwatched, 1);
    mcp_peer_destroy (&self->peer);
    assert_int_equal (self->unwatched, LIMIT_MCP_WATCHED);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_before_the_handshake),       TEST (test_progress_only_grows),
        TEST (test_a_question_by_handing_back), TEST (test_a_state_is_good_for_a_while),
        TEST (test_a_question_as_a_request),    TEST (test_cancelled),
        TEST (test_what_is_listened_to),        TEST (test_how_much_is_watched),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
