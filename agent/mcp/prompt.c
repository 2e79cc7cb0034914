/*  Prompts, and the completion of what they and the resources take. */
#include "json.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>

#define VALUES_MOST 100 /*  of one completion, as the protocol has it */

typedef struct {
    const char *name, *title, *help;
    bool breakpoint; /*  it takes one, too */
    method_id_t method;
    const char *text; /*  what the model is to do with what follows */
} prompt_t;

static const prompt_t PROMPTS[] = {
    {"handoff", "Hand over a session", "Write down what whoever goes on with a session needs to know", false,
     METHOD_session_synthesize,
     "Hand this session over. Below is what all its runs have come to. Say in a few sentences what is to be done next, "
     "what "
     "was tried and failed, and what is still open; then call session_handoff with that text as `next`."},
    {"resume", "Resume a session", "Go on with the work of a session", false, METHOD_session_synthesize,
     "Go on with this session. Below is what all its runs have come to. Don't do again what is done; keep to the "
     "decisions "
     "that stand, or supersede them with decision_record and say why. Begin by saying what you will do first."},
    {"review_breakpoint", "Review a breakpoint", "Look at a question that waits for people, before they decide", true,
     METHOD_breakpoint_show,
     "Review this question for the person who has to decide it. Say what is being decided, what speaks for and against "
     "it, "
     "and what you would look at before deciding. Don't vote yourself: that is for the person to do."},
};

static const prompt_t *find_prompt (const char *name)
{
    for (size_t i = 0; name && i < sizeof PROMPTS / sizeof *PROMPTS; i++)
        if (strcmp (PROMPTS[i].name, name) == 0)
            return &PROMPTS[i];
    return NULL;
}

json_t *prompt_list (void)
{
    json_t *prompts = json_array ();
    for (size_t i = 0; i < sizeof PROMPTS / sizeof *PROMPTS; i++) {
        json_t *arguments =
            json_pack ("[{s:s, s:s, s:b}]", "name", "session", "description", "the session's id", "required", 1);
        if (PROMPTS[i].breakpoint)
            json_array_append_new (arguments, json_pack ("{s:s, s:s, s:b}", "name", "breakpoint", "description",
                                                         "the breakpoint's number", "required", 1));
        json_array_append_new (prompts,
                               json_pack ("{s:s, s:s, s:s, s:o}", "name", PROMPTS[i].name, "title", PROMPTS[i].title,
                                          "description", PROMPTS[i].help, "arguments", arguments));
    }
    return prompts;
}

/* ---- prompts/get ---- */

static void on_material (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    const prompt_t *prompt = find_prompt (mcp_text (mcp_call_params (work->call), "name"));
    if (status != BATON_OK) {
        work_refuse (work, error);
        return;
    }
    char uri[128];
    snprintf (uri, sizeof uri, "baton://sessions/%s", work->session);
    json_t *json = work_json (body);
    const char *markdown = mcp_text (json, "markdown");
    char *text = markdown ? strdup (markdown) : json_dumps (json, JSON_INDENT (2) | json_digits (json));
    json_t *result = json_pack ("{s:s, s:[{s:s, s:{s:s, s:s}}, {s:s, s:{s:s, s:{s:s, s:s, s:s}}}]}", "description",
                                prompt->help, "messages", "role", "user", "content", "type", "text", "text",
                                prompt->text, "role", "user", "content", "type", "resource", "resource", "uri", uri,
                                "mimeType", markdown ? "text/markdown" : "application/json", "text", text ? text : "");
    free (text);
    json_decref (json);
    work_finish (work, result);
}

void prompt_begin (work_t *work)
{
    const json_t *params = mcp_call_params (work->call), *arguments = json_object_get (params, "arguments");
    const prompt_t *prompt = find_prompt (mcp_text (params, "name"));
    const char *session = work_session (work, arguments), *number = mcp_text (arguments, "breakpoint");
    size_t digits = number ? strspn (number, "0123456789") : 0;
    if (!prompt) {
        work_fail (work, MCP_INVALID_PARAMS, "there is no such prompt");
        return;
    }
    if (!session || strlen (session) > LIMIT_ID ||
        (prompt->breakpoint && (digits == 0 || digits > 18 || number[digits]))) {
        work_fail (work, MCP_INVALID_PARAMS,
                   prompt->breakpoint ? "this prompt takes the id of a session, and the number of a breakpoint"
                                      : "this prompt takes the id of a session");
        return;
    }
    snprintf (work->session, sizeof work->session, "%s", session);
    session_synthesize_request_t synthesize = {.session = work->session, .markdown = true};
    breakpoint_show_request_t show = {.session = work->session, .breakpoint = number ? strtoull (number, NULL, 10) : 0};
    work_ask (work, prompt->method, prompt->breakpoint ? (void *) &show : (void *) &synthesize, NULL, on_material);
}

/* ---- completion/complete ---- */

static void give_values (work_t *work, json_t *values, bool more)
{
    work_finish (work, json_pack ("{s:{s:o, s:b}}", "completion", "values", values, "hasMore", more));
}

/*  Ids that begin like the value, and those of sessions whose title has it. */
static void on_matches (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    session_page_t page = {0};
    if (status != BATON_OK || record_decode (&RECORD_session_page, body->data, body->size, &page, NULL) != BATON_OK) {
        work_refuse (work, error);
        return;
    }
    json_t *values = json_array ();
    const char *value = mcp_text (work->arguments, "value");
    for (size_t i = 0; i < page.sessions.count && json_array_size (values) < VALUES_MOST; i++) {
        const session_row_t *row = &page.sessions.items[i];
        if (strncmp (row->session, value, strlen (value)) == 0 || work->number > 0)
            json_array_append_new (values, json_string (row->session));
    }
    bool more = page.cursor && *page.cursor;
    record_clear (&RECORD_session_page, &page);
    if (json_array_size (values) > 0 || work->number > 0) {
        give_values (work, values, more);
        return;
    }
    json_decref (values);
    work->number = 1;
    session_list_request_t request = {.match = (char *) value, .limit = VALUES_MOST};
    work_ask (work, METHOD_session_list, &request, NULL, on_matches);
}

/*  Numbers of what a session has: the member `key` of the rows of `list`. */
static void give_numbers (work_t *work, const baton_bytes_t *body, const char *list, bool inner)
{
    json_t *page = work_json (body), *values = json_array (), *row;
    const char *value = mcp_text (work->arguments, "value");
    char text[32];
    size_t i;
    json_array_foreach (json_object_get (page, list), i, row)
    {
        const json_t *holder = inner ? json_object_get (row, "breakpoint") : row;
        snprintf (text, sizeof text, "%lld", (long long) json_integer_value (json_object_get (holder, "number")));
        if (strncmp (text, value, strlen (value)) == 0 && json_array_size (values) < VALUES_MOST)
            json_array_append_new (values, json_string (text));
    }
    json_decref (page);
    give_values (work, values, false);
}

static void on_runs (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    if (status != BATON_OK)
        work_refuse (work, error);
    else
        give_numbers (work, body, "runs", false);
}

static void on_breakpoints (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    if (status != BATON_OK)
        work_refuse (work, error);
    else
        give_numbers (work, body, "breakpoints", true);
}

static void complete_session (work_t *work)
{
    session_list_request_t request = {.limit = LIMIT_PAGE};
    if (*work->desk->session)
        give_values (work, json_pack ("[s]", work->desk->session), false);
    else
        work_ask (work, METHOD_session_list, &request, NULL, on_matches);
}

static bool check_reference (const json_t *reference)
{
    const char *type = mcp_text (reference, "type"), *uri = mcp_text (reference, "uri");
    if (type && strcmp (type, "ref/prompt") == 0)
        return find_prompt (mcp_text (reference, "name")) != NULL;
    return type && strcmp (type, "ref/resource") == 0 && uri && strncmp (uri, "baton://", strlen ("baton://")) == 0;
}

void completion_begin (work_t *work)
{
    const json_t *params = mcp_call_params (work->call), *argument = json_object_get (params, "argument");
    const json_t *known = json_object_get (json_object_get (params, "context"), "arguments");
    const char *name = mcp_text (argument, "name"), *value = mcp_text (argument, "value");
    const char *session = work_session (work, known);
    if (!check_reference (json_object_get (params, "ref")) || !name || !value || strlen (value) > LIMIT_TITLE) {
        work_fail (work, MCP_INVALID_PARAMS,
                   "params must have a ref to a prompt or a resource of ours, and an argument");
        return;
    }
    work->arguments = json_incref ((json_t *) argument);
    run_list_request_t runs = {.session = (char *) session, .limit = VALUES_MOST};
    breakpoint_list_request_t breakpoints = {.session = (char *) session, .limit = VALUES_MOST};
    if (strcmp (name, "session") == 0)
        complete_session (work);
    else if (session && strcmp (name, "run") == 0)
        work_ask (work, METHOD_run_list, &runs, NULL, on_runs);
    else if (session && strcmp (name, "breakpoint") == 0)
        work_ask (work, METHOD_breakpoint_list, &breakpoints, NULL, on_breakpoints);
    else
        give_values (work, json_array (), false);
}
