/*  Resources: sessions, and what is in them.
 *
 *      baton://sessions/ID             the session's state, JSON
 *      baton://sessions/ID/context     its context, as text
 *      baton://sessions/ID/decisions   the decisions that stand, JSON
 *      baton://sessions/ID/runs/N/log  what run N has printed; N "last": the last one
 */
#include "json.h"
#include "text.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "baton://sessions/"
#define PAGE 50         /*  sessions in one answer to resources/list */
#define LOG_MOST 262144 /*  bytes of a log: the end of it is what one wants to see */

/* ---- URIs ---- */

static bool parse_run (const char *rest, uint64_t *ret_run)
{
    size_t digits = strspn (rest, "0123456789");
    *ret_run = strtoull (rest, NULL, 10);
    if (strcmp (rest, "last/log") == 0)
        *ret_run = 0;
    else if (digits == 0 || digits > 18 || strcmp (rest + digits, "/log") != 0 || *ret_run == 0)
        return false;
    return true;
}

resource_e resource_parse (const char *uri, char ret_session[LIMIT_ID + 1], uint64_t *ret_run)
{
    if (strncmp (uri, PREFIX, strlen (PREFIX)) != 0)
        return RESOURCE_none;
    const char *id = uri + strlen (PREFIX);
    size_t length = strcspn (id, "/");
    if (length > LIMIT_ID || !name_valid (id, length))
        return RESOURCE_none;
    snprintf (ret_session, LIMIT_ID + 1, "%.*s", (int) length, id);
    const char *rest = id + length;
    if (*rest == '\0')
        return RESOURCE_session;
    if (strcmp (rest, "/context") == 0)
        return RESOURCE_context;
    if (strcmp (rest, "/decisions") == 0)
        return RESOURCE_decisions;
    return strncmp (rest, "/runs/", 6) == 0 && parse_run (rest + 6, ret_run) ? RESOURCE_log : RESOURCE_none;
}

/* ---- what there is ---- */

static const struct {
    const char *path, *name, *help, *type;
} KINDS[] = {
    {"", "session", "The state of a session", "application/json"},
    {"/context", "context", "The context of a session, as its model is shown it", "text/plain"},
    {"/decisions", "decisions", "The decisions of a session that stand", "application/json"},
    {"/runs/{run}/log", "log", "What a run has printed; run is its number, or last", "text/plain"},
};

json_t *resource_templates (const mcp_desk_t *desk)
{
    json_t *templates = json_array ();
    char uri[128];
    (void) desk;
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        snprintf (uri, sizeof uri, PREFIX "{session}%s", KINDS[i].path);
        json_array_append_new (templates, json_pack ("{s:s, s:s, s:s, s:s}", "uriTemplate", uri, "name", KINDS[i].name,
                                                     "description", KINDS[i].help, "mimeType", KINDS[i].type));
    }
    return templates;
}

static void add_resource (json_t *resources, const char *session, const char *title, size_t kind)
{
    char uri[256];
    const char *path = KINDS[kind].path;
    snprintf (uri, sizeof uri, PREFIX "%s%s", session, strchr (path, '{') ? "/runs/last/log" : path);
    json_array_append_new (resources,
                           json_pack ("{s:s, s:s, s:s, s:s, s:s}", "uri", uri, "name", KINDS[kind].name, "title", title,
                                      "description", KINDS[kind].help, "mimeType", KINDS[kind].type));
}

static void on_sessions (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    session_page_t page = {0};
    if (status != BATON_OK || record_decode (&RECORD_session_page, body->data, body->size, &page, NULL) != BATON_OK) {
        work_refuse (work, error);
        return;
    }
    json_t *resources = json_array ();
    for (size_t i = 0; i < page.sessions.count; i++)
        add_resource (resources, page.sessions.items[i].session, page.sessions.items[i].title, 0);
    json_t *result = json_pack ("{s:o}", "resources", resources);
    if (page.cursor && *page.cursor)
        json_object_set_new (result, "nextCursor", json_string (page.cursor));
    record_clear (&RECORD_session_page, &page);
    work_finish (work, result);
}

void resources_list_begin (work_t *work)
{
    const json_t *cursor = json_object_get (mcp_call_params (work->call), "cursor");
    if (*work->desk->session) {
        json_t *resources = json_array ();
        for (size_t kind = 0; kind < sizeof KINDS / sizeof *KINDS; kind++)
            add_resource (resources, work->desk->session, KINDS[kind].name, kind);
        work_finish (work, json_pack ("{s:o}", "resources", resources));
        return;
    }
    if (cursor && (!json_is_string (cursor) || json_string_length (cursor) > LIMIT_ID)) {
        work_fail (work, MCP_INVALID_PARAMS, "that is no cursor of ours");
        return;
    }
    session_list_request_t request = {.after = (char *) json_string_value (cursor), .limit = PAGE};
    work_ask (work, METHOD_session_list, &request, NULL, on_sessions);
}

/* ---- reading one ---- */

/*  What a program printed may be no text at all. */
static json_t *printable (const baton_bytes_t *bytes)
{
    size_t size = bytes->size;
    char *text = calloc (1, size + 1);
    if (!text)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = bytes->data[i];
        text[i] = byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7f) ? (char) byte : ' ';
    }
    json_t *json = json_stringn (text, size);
    for (size_t i = 0; !json && i < size; i++) /*  it is no UTF-8 */
        text[i] = (unsigned char) text[i] < 0x80 ? text[i] : '?';
    if (!json)
        json = json_stringn (text, size);
    free (text);
    return json;
}

static json_t *text_of (resource_e kind, const baton_bytes_t *body)
{
    json_t *text = NULL;
    if (kind == RESOURCE_context) {
        rendering_t rendering = {0};
        if (record_decode (&RECORD_rendering, body->data, body->size, &rendering, NULL) == BATON_OK)
            text = printable (&rendering.content);
        record_clear (&RECORD_rendering, &rendering);
    } else if (kind == RESOURCE_log) {
        log_page_t page = {0};
        if (record_decode (&RECORD_log_page, body->data, body->size, &page, NULL) == BATON_OK)
            text = printable (&page.content);
        record_clear (&RECORD_log_page, &page);
    } else {
        char *line = json_line (body->data, body->size);
        text = line ? json_string (line) : NULL;
        free (line);
    }
    return text;
}

static void on_content (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    uint64_t run;
    resource_e kind = resource_parse (work->uri, work->session, &run);
    if (status != BATON_OK) {
        work_refuse (work, error);
        return;
    }
    json_t *content = json_pack ("{s:s, s:s, s:o}", "uri", work->uri, "mimeType", KINDS[kind - RESOURCE_session].type,
                                 "text", text_of (kind, body));
    work_finish (work, json_pack ("{s:[o]}", "contents", content));
}

static void read_kind (work_t *work, resource_e kind, uint64_t run)
{
    session_show_request_t show = {.session = work->session};
    context_render_request_t render = {.session = work->session, .format = render_format_text};
    decision_list_request_t decisions = {.session = work->session};
    run_logs_request_t logs = {.session = work->session, .run = run, .limit = LOG_MOST};
    if (kind == RESOURCE_session)
        work_ask (work, METHOD_session_show, &show, NULL, on_content);
    else if (kind == RESOURCE_context)
        work_ask (work, METHOD_context_render, &render, NULL, on_content);
    else if (kind == RESOURCE_decisions)
        work_ask (work, METHOD_decision_list, &decisions, NULL, on_content);
    else
        work_ask (work, METHOD_run_logs, &logs, NULL, on_content);
}

void resource_begin (work_t *work)
{
    const char *uri = mcp_text (mcp_call_params (work->call), "uri");
    uint64_t run = 0;
    if (!uri || strlen (uri) > LIMIT_MCP_URI) {
        work_fail (work, MCP_INVALID_PARAMS, "params.uri is missing, or too long");
        return;
    }
    work->uri = strdup (uri);
    resource_e kind = work->uri ? resource_parse (uri, work->session, &run) : RESOURCE_none;
    if (kind == RESOURCE_none)
        work_fail (work, mcp_call_stateless (work->call) ? MCP_INVALID_PARAMS : MCP_RESOURCE_NOT_FOUND,
                   "there is no such resource");
    else
        read_kind (work, kind, run);
}
