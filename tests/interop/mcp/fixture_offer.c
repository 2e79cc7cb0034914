/*  What the protocol's conformance suite expects of a server under test: tools, resources and prompts with fixed names
 *  that answer in fixed ways (the suite's README names each). They exist to exercise the library, nothing else.
 */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#define PNG "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
#define WAV "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA=="
#define SOME "test://static-text"

/* ---- results ---- */

static void give_text (mcp_call_t *call, const char *text)
{
    mcp_call_finish (call, json_pack ("{s:[{s:s, s:s}]}", "content", "type", "text", "text", text));
}

static void give_error (mcp_call_t *call, const char *text)
{
    mcp_call_finish (call, json_pack ("{s:[{s:s, s:s}], s:b}", "content", "type", "text", "text", text, "isError", 1));
}

static json_t *image (void)
{
    return json_pack ("{s:s, s:s, s:s}", "type", "image", "data", PNG, "mimeType", "image/png");
}

static json_t *embedded (const char *uri, const char *type, const char *text)
{
    return json_pack ("{s:s, s:{s:s, s:s, s:s}}", "type", "resource", "resource", "uri", uri, "mimeType", type, "text",
                      text);
}

/* ---- questions ---- */

static json_t *form (const char *message, const char *field, const char *type)
{
    return json_pack ("{s:s, s:{s:s, s:{s:s, s:{s:{s:s}}, s:[s]}}}", "method", "elicitation/create", "params",
                      "message", message, "requestedSchema", "type", "object", "properties", field, "type", type,
                      "required", field);
}

static json_t *sample (const char *text, int tokens)
{
    return json_pack ("{s:s, s:{s:[{s:s, s:{s:s, s:s}}], s:i}}", "method", "sampling/createMessage", "params",
                      "messages", "role", "user", "content", "type", "text", "text", text, "maxTokens", tokens);
}

static json_t *roots (void)
{
    return json_pack ("{s:s, s:{}}", "method", "roots/list", "params");
}

/*  The text that an answer to `sample` has. */
static const char *sampled (const json_t *answer)
{
    const char *text = mcp_text (json_object_get (answer, "content"), "text");
    return text ? text : "";
}

/*  A field of what a user has filled in; NULL when they have not. */
static const json_t *filled (const mcp_call_t *call, const char *key, const char *field)
{
    return json_object_get (json_object_get (mcp_call_input (call, key), "content"), field);
}

static void give_action (mcp_call_t *call, const char *format, const json_t *answer)
{
    char text[1024];
    char *content = json_dumps (json_object_get (answer, "content"), JSON_COMPACT | JSON_ENCODE_ANY);
    snprintf (text, sizeof text, format, mcp_text (answer, "action"), content ? content : "{}");
    free (content);
    give_text (call, text);
}

/* ---- tools that ask ---- */

static void sampling (mcp_call_t *call)
{
    char text[512];
    const json_t *answer = mcp_call_input (call, "sample");
    const char *prompt = mcp_text (json_object_get (mcp_call_params (call), "arguments"), "prompt");
    if (!mcp_call_can (call, "sampling"))
        mcp_call_fail_capability (call, "sampling");
    else if (!answer)
        mcp_call_ask (call, json_pack ("{s:o}", "sample", sample (prompt ? prompt : "", 100)), NULL);
    else {
        snprintf (text, sizeof text, "LLM response: %s", sampled (answer));
        give_text (call, text);
    }
}

static void ask_form (mcp_call_t *call, const char *format, json_t *params)
{
    const json_t *answer = mcp_call_input (call, "form");
    if (answer)
        give_action (call, format, answer);
    else if (!mcp_call_can (call, "elicitation"))
        mcp_call_fail_capability (call, "elicitation");
    else
        mcp_call_ask (call, json_pack ("{s:{s:s, s:O}}", "form", "method", "elicitation/create", "params", params),
                      NULL);
    json_decref (params);
}

static void elicitation (mcp_call_t *call)
{
    const char *message = mcp_text (json_object_get (mcp_call_params (call), "arguments"), "message");
    ask_form (call, "User response: action=%s, content=%s",
              json_pack ("{s:s, s:{s:s, s:{s:{s:s, s:s}, s:{s:s, s:s}}, s:[s, s]}}", "message", message ? message : "",
                         "requestedSchema", "type", "object", "properties", "username", "type", "string", "description",
                         "User's response", "email", "type", "string", "description", "User's email address",
                         "required", "username", "email"));
}

static void ask_with_schema (mcp_call_t *call, const char *properties)
{
    ask_form (call, "Elicitation completed: action=%s, content=%s",
              json_pack ("{s:s, s:{s:s, s:o, s:[]}}", "message", "Please fill this in", "requestedSchema", "type",
                         "object", "properties", json_loads (properties, 0, NULL), "required"));
}

static void elicitation_defaults (mcp_call_t *call)
{
    ask_with_schema (
        call,
        "{\"name\":{\"type\":\"string\",\"default\":\"John Doe\"},\"age\":{\"type\":\"integer\",\"default\":30},"
        "\"score\":{\"type\":\"number\",\"default\":95.5},\"status\":{\"type\":\"string\",\"enum\":[\"active\","
        "\"inactive\",\"pending\"],\"default\":\"active\"},\"verified\":{\"type\":\"boolean\",\"default\":true}}");
}

static void elicitation_enums (mcp_call_t *call)
{
    ask_with_schema (
        call,
        "{\"untitledSingle\":{\"type\":\"string\",\"enum\":[\"option1\",\"option2\",\"option3\"]},"
        "\"titledSingle\":{\"type\":\"string\",\"oneOf\":[{\"const\":\"value1\",\"title\":\"First Option\"},"
        "{\"const\":\"value2\",\"title\":\"Second Option\"},{\"const\":\"value3\",\"title\":\"Third Option\"}]},"
        "\"legacyEnum\":{\"type\":\"string\",\"enum\":[\"opt1\",\"opt2\",\"opt3\"],\"enumNames\":[\"Option One\","
        "\"Option Two\",\"Option Three\"]},"
        "\"untitledMulti\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":[\"option1\",\"option2\","
        "\"option3\"]}},"
        "\"titledMulti\":{\"type\":\"array\",\"items\":{\"anyOf\":[{\"const\":\"value1\",\"title\":\"First Choice\"},"
        "{\"const\":\"value2\",\"title\":\"Second Choice\"},{\"const\":\"value3\",\"title\":\"Third Choice\"}]}}}");
}

static void round_elicitation (mcp_call_t *call)
{
    char text[512];
    const char *name = json_string_value (filled (call, "user_name", "name"));
    if (name) {
        snprintf (text, sizeof text, "Hello, %s!", name);
        give_text (call, text);
    } else
        mcp_call_ask (call, json_pack ("{s:o}", "user_name", form ("What is your name?", "name", "string")), NULL);
}

static void round_sampling (mcp_call_t *call)
{
    const json_t *answer = mcp_call_input (call, "capital_question");
    if (answer)
        give_text (call, sampled (answer));
    else
        mcp_call_ask (call, json_pack ("{s:o}", "capital_question", sample ("What is the capital of France?", 100)),
                      NULL);
}

static void round_roots (mcp_call_t *call)
{
    const json_t *list = json_object_get (mcp_call_input (call, "client_roots"), "roots");
    char *text = list ? json_dumps (list, JSON_COMPACT) : NULL;
    if (text)
        give_text (call, text);
    else
        mcp_call_ask (call, json_pack ("{s:o}", "client_roots", roots ()), NULL);
    free (text);
}

static void round_state (mcp_call_t *call)
{
    if (mcp_call_state (call) && filled (call, "confirm", "ok"))
        give_text (call, "state-ok");
    else
        mcp_call_ask (call, json_pack ("{s:o}", "confirm", form ("Please confirm", "ok", "boolean")),
                      json_pack ("{s:s}", "asked", "confirm"));
}

static void round_several (mcp_call_t *call)
{
    if (filled (call, "user_name", "name") && mcp_call_input (call, "greeting") &&
        mcp_call_input (call, "client_roots"))
        give_text (call, "all of it is here");
    else
        mcp_call_ask (call,
                      json_pack ("{s:o, s:o, s:o}", "user_name", form ("What is your name?", "name", "string"),
                                 "greeting", sample ("Generate a greeting", 50), "client_roots", roots ()),
                      json_pack ("{s:s}", "asked", "all"));
}

static void round_many (mcp_call_t *call)
{
    json_int_t step = json_integer_value (json_object_get (mcp_call_state (call), "step"));
    if (step == 2 && filled (call, "step2", "color"))
        give_text (call, "both steps are done");
    else if (step >= 1 && filled (call, "step1", "name"))
        mcp_call_ask (call,
                      json_pack ("{s:o}", "step2", form ("Step 2: What is your favorite color?", "color", "string")),
                      json_pack ("{s:i}", "step", 2));
    else
        mcp_call_ask (call, json_pack ("{s:o}", "step1", form ("Step 1: What is your name?", "name", "string")),
                      json_pack ("{s:i}", "step", 1));
}

static void round_capabilities (mcp_call_t *call)
{
    json_t *requests = json_object ();
    if (mcp_call_can (call, "elicitation"))
        json_object_set_new (requests, "user_name", form ("What is your name?", "name", "string"));
    if (mcp_call_can (call, "sampling"))
        json_object_set_new (requests, "greeting", sample ("Generate a greeting", 50));
    if (json_object_size (requests) > 0)
        mcp_call_ask (call, requests, NULL);
    else {
        json_decref (requests);
        give_text (call, "there is nothing that this client can be asked");
    }
}

/* ---- other tools ---- */

static void simple_text (mcp_call_t *call)
{
    give_text (call, "This is a simple text response for testing.");
}

static void give_content (mcp_call_t *call, json_t *content)
{
    mcp_call_finish (call, json_pack ("{s:o}", "content", content));
}

static void image_content (mcp_call_t *call)
{
    give_content (call, json_pack ("[o]", image ()));
}

static void audio_content (mcp_call_t *call)
{
    give_content (call, json_pack ("[{s:s, s:s, s:s}]", "type", "audio", "data", WAV, "mimeType", "audio/wav"));
}

static void embedded_resource (mcp_call_t *call)
{
    give_content (call, json_pack ("[o]", embedded ("test://embedded-resource", "text/plain",
                                                    "This is an embedded resource content.")));
}

static void mixed_content (mcp_call_t *call)
{
    give_content (call,
                  json_pack ("[{s:s, s:s}, o, o]", "type", "text", "text", "Multiple content types test:", image (),
                             embedded ("test://mixed-content-resource", "application/json",
                                       "{\"test\":\"data\",\"value\":123}")));
}

static void error_handling (mcp_call_t *call)
{
    give_error (call, "This tool intentionally returns an error for testing");
}

static void streaming (mcp_call_t *call)
{
    mcp_call_progress (call, 1, 2, "asking");
    round_elicitation (call);
}

static void missing_capability (mcp_call_t *call)
{
    if (mcp_call_can (call, "sampling"))
        give_text (call, "the client can sample");
    else
        mcp_call_fail_capability (call, "sampling");
}

static void log_once (mcp_call_t *call)
{
    mcp_call_log (call, "info", "fixture", json_string ("this tool logs"));
    give_text (call, "logged");
}

static void change_tools (mcp_call_t *call)
{
    give_text (call, "the tools have changed");
    fixture_list_changed ("tools");
}

static void change_prompts (mcp_call_t *call)
{
    give_text (call, "the prompts have changed");
    fixture_list_changed ("prompts");
}

static void schema_tool (mcp_call_t *call)
{
    give_text (call, "the schema is what is tested");
}

/* ---- tools that take their time ---- */

static void with_progress (mcp_call_t *call, unsigned step)
{
    mcp_call_progress (call, 50 * (double) step, 100, "working");
    if (step == 2)
        give_text (call, "done, with progress");
    else
        fixture_later (call, with_progress, step + 1);
}

static void begin_progress (mcp_call_t *call)
{
    with_progress (call, 0);
}

static void with_logging (mcp_call_t *call, unsigned step)
{
    static const char *const LINES[] = {"Tool execution started", "Tool processing data", "Tool execution completed"};
    mcp_call_log (call, "info", "fixture", json_string (LINES[step]));
    if (step == 2)
        give_text (call, "done, with logging");
    else
        fixture_later (call, with_logging, step + 1);
}

static void begin_logging (mcp_call_t *call)
{
    with_logging (call, 0);
}

#define TEXT_ARGUMENT(name)                                                                                            \
    "{\"type\":\"object\",\"properties\":{\"" name "\":{\"type\":\"string\"}},\"required\":[\"" name "\"]}"

static const struct {
    const char *name;
    void (*run) (mcp_call_t *call);
    const char *schema; /*  NULL: no arguments */
} TOOLS[] = {
    {"test_simple_text", simple_text, NULL},
    {"test_image_content", image_content, NULL},
    {"test_audio_content", audio_content, NULL},
    {"test_embedded_resource", embedded_resource, NULL},
    {"test_multiple_content_types", mixed_content, NULL},
    {"test_error_handling", error_handling, NULL},
    {"test_tool_with_progress", begin_progress, NULL},
    {"test_tool_with_logging", begin_logging, NULL},
    {"test_logging_tool", log_once, NULL},
    {"test_sampling", sampling, TEXT_ARGUMENT ("prompt")},
    {"test_elicitation", elicitation, TEXT_ARGUMENT ("message")},
    {"test_elicitation_sep1034_defaults", elicitation_defaults, NULL},
    {"test_elicitation_sep1330_enums", elicitation_enums, NULL},
    {"test_input_required_result_elicitation", round_elicitation, NULL},
    {"test_input_required_result_sampling", round_sampling, NULL},
    {"test_input_required_result_list_roots", round_roots, NULL},
    {"test_input_required_result_request_state", round_state, NULL},
    {"test_input_required_result_tampered_state", round_state, NULL},
    {"test_input_required_result_multiple_inputs", round_several, NULL},
    {"test_input_required_result_multi_round", round_many, NULL},
    {"test_input_required_result_capabilities", round_capabilities, NULL},
    {"test_streaming_elicitation", streaming, NULL},
    {"test_missing_capability", missing_capability, NULL},
    {"test_trigger_tool_change", change_tools, NULL},
    {"test_trigger_prompt_change", change_prompts, NULL},
    {"json_schema_2020_12_tool", schema_tool,
     "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\",\"$defs\":{\"address\":"
     "{\"$anchor\":\"addressDef\",\"type\":\"object\",\"properties\":{\"street\":{\"type\":\"string\"},\"city\":"
     "{\"type\":\"string\"}}}},\"properties\":{\"name\":{\"type\":\"string\"},\"address\":{\"$ref\":\"#/$defs/"
     "address\"},"
     "\"contactMethod\":{\"type\":\"string\",\"enum\":[\"phone\",\"email\"]},\"phone\":{\"type\":\"string\"},\"email\":"
     "{\"type\":\"string\"}},\"allOf\":[{\"anyOf\":[{\"required\":[\"phone\"]},{\"required\":[\"email\"]}]}],\"if\":"
     "{\"properties\":{\"contactMethod\":{\"const\":\"phone\"}},\"required\":[\"contactMethod\"]},\"then\":"
     "{\"required\":[\"phone\"]},\"else\":{\"required\":[\"email\"]},\"additionalProperties\":false}"},
};

static void list_tools (mcp_call_t *call)
{
    json_t *tools = json_array ();
    for (size_t i = 0; i < sizeof TOOLS / sizeof *TOOLS; i++)
        json_array_append_new (tools, json_pack ("{s:s, s:s, s:o}", "name", TOOLS[i].name, "description",
                                                 "A tool for the conformance suite", "inputSchema",
                                                 TOOLS[i].schema ? json_loads (TOOLS[i].schema, 0, NULL)
                                                                 : json_pack ("{s:s}", "type", "object")));
    mcp_call_finish (call, json_pack ("{s:o}", "tools", tools));
}

static void call_tool (mcp_call_t *call)
{
    const char *name = mcp_text (mcp_call_params (call), "name");
    for (size_t i = 0; name && i < sizeof TOOLS / sizeof *TOOLS; i++)
        if (strcmp (TOOLS[i].name, name) == 0) {
            TOOLS[i].run (call);
            return;
        }
    mcp_call_fail (call, MCP_INVALID_PARAMS, "there is no such tool", NULL);
}

/* ---- resources ---- */

static void list_resources (mcp_call_t *call)
{
    static const char *const URIS[][2] = {
        {SOME, "text/plain"}, {"test://static-binary", "image/png"}, {"test://watched-resource", "text/plain"}};
    json_t *resources = json_array ();
    for (size_t i = 0; i < 3; i++)
        json_array_append_new (resources, json_pack ("{s:s, s:s, s:s, s:s}", "uri", URIS[i][0], "name", URIS[i][0] + 7,
                                                     "description", "A resource for the conformance suite", "mimeType",
                                                     URIS[i][1]));
    mcp_call_finish (call, json_pack ("{s:o}", "resources", resources));
}

static void list_templates (mcp_call_t *call)
{
    mcp_call_finish (call, json_pack ("{s:[{s:s, s:s, s:s, s:s}]}", "resourceTemplates", "uriTemplate",
                                      "test://template/{id}/data", "name", "template", "description",
                                      "A template for the conformance suite", "mimeType", "application/json"));
}

static void give_contents (mcp_call_t *call, const char *uri, const char *type, const char *key, const char *text)
{
    mcp_call_finish (call, json_pack ("{s:[{s:s, s:s, s:s}]}", "contents", "uri", uri, "mimeType", type, key, text));
}

static void read_resource (mcp_call_t *call)
{
    char id[64], text[256];
    int end = 0;
    const char *uri = mcp_text (mcp_call_params (call), "uri");
    if (uri && strcmp (uri, SOME) == 0)
        give_contents (call, uri, "text/plain", "text", "This is the content of the static text resource.");
    else if (uri && strcmp (uri, "test://watched-resource") == 0)
        give_contents (call, uri, "text/plain", "text", "watched");
    else if (uri && strcmp (uri, "test://static-binary") == 0)
        give_contents (call, uri, "image/png", "blob", PNG);
    else if (uri && sscanf (uri, "test://template/%63[^/]/data%n", id, &end) == 1 && end > 0 && !uri[end]) {
        snprintf (text, sizeof text, "{\"id\":\"%s\",\"templateTest\":true,\"data\":\"Data for ID: %s\"}", id, id);
        give_contents (call, uri, "application/json", "text", text);
    } else
        mcp_call_fail (call, mcp_call_stateless (call) ? MCP_INVALID_PARAMS : MCP_RESOURCE_NOT_FOUND,
                       "Resource not found", json_pack ("{s:s}", "uri", uri ? uri : ""));
}

/* ---- prompts ---- */

static void list_prompts (mcp_call_t *call)
{
    static const char PROMPTS[] =
        "[{\"name\":\"test_simple_prompt\",\"description\":\"A prompt\"},"
        "{\"name\":\"test_prompt_with_arguments\",\"description\":\"One with arguments\",\"arguments\":["
        "{\"name\":\"arg1\",\"description\":\"First test argument\",\"required\":true},"
        "{\"name\":\"arg2\",\"description\":\"Second test argument\",\"required\":true}]},"
        "{\"name\":\"test_prompt_with_embedded_resource\",\"description\":\"One with a resource\",\"arguments\":["
        "{\"name\":\"resourceUri\",\"description\":\"URI of the resource to embed\",\"required\":true}]},"
        "{\"name\":\"test_prompt_with_image\",\"description\":\"One with an image\"},"
        "{\"name\":\"test_input_required_result_prompt\",\"description\":\"One that asks\"}]";
    mcp_call_finish (call, json_pack ("{s:o}", "prompts", json_loads (PROMPTS, 0, NULL)));
}

/*  Messages of the user. */
static void give_messages (mcp_call_t *call, json_t *content, const char *text)
{
    json_t *messages = json_array ();
    if (content)
        json_array_append_new (messages, json_pack ("{s:s, s:o}", "role", "user", "content", content));
    json_array_append_new (messages,
                           json_pack ("{s:s, s:{s:s, s:s}}", "role", "user", "content", "type", "text", "text", text));
    mcp_call_finish (call, json_pack ("{s:o}", "messages", messages));
}

static void get_prompt (mcp_call_t *call)
{
    const json_t *params = mcp_call_params (call), *arguments = json_object_get (params, "arguments");
    const char *name = mcp_text (params, "name"), *uri = mcp_text (arguments, "resourceUri");
    const char *one = mcp_text (arguments, "arg1"), *two = mcp_text (arguments, "arg2");
    char text[256];
    name = name ? name : "";
    snprintf (text, sizeof text, "Prompt with arguments: arg1='%s', arg2='%s'", one ? one : "", two ? two : "");
    if (strcmp (name, "test_simple_prompt") == 0)
        give_messages (call, NULL, "This is a simple prompt for testing.");
    else if (strcmp (name, "test_prompt_with_arguments") == 0 && one && two)
        give_messages (call, NULL, text);
    else if (strcmp (name, "test_prompt_with_embedded_resource") == 0 && uri)
        give_messages (call, embedded (uri, "text/plain", "Embedded resource content for testing."),
                       "Please process the embedded resource above.");
    else if (strcmp (name, "test_prompt_with_image") == 0)
        give_messages (call, image (), "Please analyze the image above.");
    else if (strcmp (name, "test_input_required_result_prompt") != 0)
        mcp_call_fail (call, MCP_INVALID_PARAMS, "there is no such prompt, or an argument is missing", NULL);
    else if (json_is_string (filled (call, "user_context", "context")))
        give_messages (call, NULL, json_string_value (filled (call, "user_context", "context")));
    else
        mcp_call_ask (
            call,
            json_pack ("{s:o}", "user_context", form ("What context should the prompt use?", "context", "string")),
            NULL);
}

static void complete (mcp_call_t *call)
{
    mcp_call_finish (call, json_pack ("{s:{s:[s, s], s:i, s:b}}", "completion", "values", "paris", "park", "total", 2,
                                      "hasMore", 0));
}

/* ---- the offer ---- */

static void begin (void *arg, mcp_call_t *call)
{
    static const struct {
        const char *method;
        void (*run) (mcp_call_t *call);
    } METHODS_HERE[] = {{"tools/list", list_tools},         {"tools/call", call_tool},
                        {"resources/list", list_resources}, {"resources/templates/list", list_templates},
                        {"resources/read", read_resource},  {"prompts/list", list_prompts},
                        {"prompts/get", get_prompt},        {"completion/complete", complete}};
    (void) arg;
    for (size_t i = 0; i < sizeof METHODS_HERE / sizeof *METHODS_HERE; i++)
        if (strcmp (METHODS_HERE[i].method, mcp_call_method (call)) == 0) {
            METHODS_HERE[i].run (call);
            return;
        }
}

static void drop (void *arg, mcp_call_t *call)
{
    (void) arg;
    fixture_forget (call);
}

static bool watch (void *arg, mcp_peer_t *peer, const char *uri)
{
    (void) arg;
    (void) peer;
    return strncmp (uri, "test://", strlen ("test://")) == 0;
}

static void unwatch (void *arg, mcp_peer_t *peer, const char *uri)
{
    (void) arg;
    (void) peer;
    (void) uri;
}

mcp_offer_t fixture_offer (void)
{
    return (mcp_offer_t){.name = "baton-fixture",
                         .title = "Fixture",
                         .version = "1",
                         .capabilities = json_pack ("{s:{s:b}, s:{s:b}, s:{s:b}, s:{}, s:{}}", "tools", "listChanged",
                                                    1, "resources", "subscribe", 1, "prompts", "listChanged", 1,
                                                    "completions", "logging"),
                         .begin = begin,
                         .drop = drop,
                         .watch = watch,
                         .unwatch = unwatch};
}
