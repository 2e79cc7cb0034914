/*  Tools under the names that orchestrators know: a session for a workspace, how things stand, and what has come of it.
 */
#include "detect.h"
#include "extra.h"
#include "record_json.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>

/* ---- what they take ---- */

typedef struct {
    char *title, *objective, *agent, *folder, *driver;
    bool activate;
} initialize_t;

typedef struct {
    char *session;
} about_session_t;

/* clang-format off */
#define FIELDS(type, ...)                                                                                              \
    static const field_t *type##_fields (void)                                                                         \
    {                                                                                                                  \
        typedef type##_t self_t;                                                                                       \
        static const field_t rows[] = {__VA_ARGS__, {NULL, FIELD_FLAG, false, 0, 0, NULL, NULL, NULL, 0}};             \
        return rows;                                                                                                   \
    }                                                                                                                  \
    static const record_type_t type##_type = {#type, sizeof (type##_t), type##_fields}
#define FIELD(field, kind, required, limit, help)                                                                      \
    {#field, kind, required, offsetof (self_t, field), limit, NULL, NULL, help, 0}

FIELDS (initialize,
        FIELD (title, FIELD_LINE, true, LIMIT_TITLE, "what people call it"),
        FIELD (objective, FIELD_TEXT, false, LIMIT_OBJECTIVE, "what it is to reach"),
        FIELD (agent, FIELD_NAME, false, LIMIT_NAME, "the role that owns it"),
        FIELD (folder, FIELD_LINE, false, LIMIT_PATH, "absolute path of a folder of the work: the session is bound to what it is part of"),
        FIELD (driver, FIELD_NAME, false, LIMIT_NAME, "driver template that starts its runs (default: default)"),
        FIELD (activate, FIELD_FLAG, false, 0, "start a run at once"));
FIELDS (about_session, FIELD (session, FIELD_NAME, false, LIMIT_ID, "its id"));
/* clang-format on */

const extra_t EXTRAS[] = {
    {"orchestrator_initialize_session",
     "Make a session for new work, bound to the workspace that a folder is part of, and say how to go on.", true, true,
     &initialize_type, initialize_session_begin},
    {"orchestrator_get_status",
     "Say how things stand: of one session its state, runs, open questions and children; without one, all sessions and "
     "the questions that wait for people.",
     false, false, &about_session_type, get_status_begin},
    {"orchestrator_synthesize_results",
     "Put together what all runs of a session have come to: decisions, memory, artifacts, questions and answers.",
     false, false, &about_session_type, synthesize_begin},
};
const size_t EXTRA_COUNT = sizeof EXTRAS / sizeof *EXTRAS;

/* ---- what they say ---- */

static json_t *answer_schema (const extra_t *self)
{
    if (self->begin == synthesize_begin)
        return record_schema (&RECORD_synthesis, SCHEMA_ANSWER);
    json_t *schema = json_pack ("{s:s, s:{}}", "type", "object", "properties");
    json_t *properties = json_object_get (schema, "properties");
    if (self->begin == initialize_session_begin) {
        json_object_set_new (properties, "session", json_pack ("{s:s}", "type", "string"));
        json_object_set_new (properties, "n", json_pack ("{s:s}", "type", "integer"));
        json_object_set_new (properties, "workspace", record_schema (&RECORD_workspace_report, SCHEMA_ANSWER));
        json_object_set_new (properties, "guidance", json_pack ("{s:s}", "type", "string"));
        return schema;
    }
    json_object_set_new (properties, "session", record_schema (&RECORD_session, SCHEMA_ANSWER));
    json_object_set_new (properties, "sessions", record_schema (&RECORD_session_page, SCHEMA_ANSWER));
    json_object_set_new (properties, "runs", record_schema (&RECORD_run_page, SCHEMA_ANSWER));
    json_object_set_new (properties, "breakpoints", record_schema (&RECORD_breakpoint_page, SCHEMA_ANSWER));
    json_object_set_new (properties, "children", record_schema (&RECORD_child_page, SCHEMA_ANSWER));
    return schema;
}

json_t *extra_tool (const extra_t *self, const mcp_scope_t *scope)
{
    json_t *input = record_schema (self->arguments, SCHEMA_REQUEST);
    if (self->begin == initialize_session_begin && !scope->local)
        json_object_del (json_object_get (input, "properties"), "folder");
    if (self->begin == synthesize_begin && !scope->inside)
        json_object_set_new (input, "required", json_pack ("[s]", "session"));
    const char *title = self->begin == synthesize_begin   ? "Synthesize results"
                        : self->begin == get_status_begin ? "Get status"
                                                          : "Initialize a session";
    return json_pack ("{s:s, s:s, s:s, s:o, s:o, s:{s:b, s:b, s:b, s:b}}", "name", self->name, "title", title,
                      "description", self->description, "inputSchema", input, "outputSchema", answer_schema (self),
                      "annotations", "readOnlyHint", !self->change, "destructiveHint", 0, "idempotentHint",
                      !self->change, "openWorldHint", 0);
}

/* ---- initialize ---- */

static json_t *guidance (const work_t *work, const json_t *report)
{
    char text[2048];
    const char *kind = mcp_text (report, "kind"), *root = mcp_text (report, "root");
    snprintf (
        text, sizeof text,
        "Session %s is there%s%.300s%s%.1000s. Work on it by its id: record what is decided with decision_record and "
        "what the next run has to know with memory_set; put outputs with artifact_put; ask people with "
        "breakpoint_ask. session_activate starts a run of its driver on a node. When its objective is reached, call "
        "session_complete; to let another agent go on, session_handoff.",
        work->session, root ? ", for a workspace of kind " : "", root && kind ? kind : "", root ? " at " : "",
        root ? root : "");
    return json_string (text);
}

static void on_created (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    if (status != BATON_OK) {
        work_complain (work, error);
        return;
    }
    json_t *changed = work_json (body), *result = json_object ();
    const char *session = mcp_text (changed, "session");
    snprintf (work->session, sizeof work->session, "%s", session ? session : "");
    json_object_set (result, "session", json_object_get (changed, "session"));
    json_object_set (result, "n", json_object_get (changed, "n"));
    if (work->result)
        json_object_set (result, "workspace", work->result);
    json_object_set_new (result, "guidance", guidance (work, work->result));
    json_decref (changed);
    char *text = strdup (mcp_text (result, "guidance"));
    work_give (work, result, text);
    free (text);
}

/*  Looks at the folder, for the session's workspace to be what it is part of. */
static baton_status look_around (work_t *work, const char *folder, char **ret_root, baton_error_t *error)
{
    workspace_report_t report = {0};
    if (*folder != '/')
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "folder",
                                 "folder must be an absolute path, not %s", folder);
    baton_status status = workspace_detect (folder, getenv ("HOME"), &report, error);
    if (status == BATON_OK) {
        work->result = record_to_json (&RECORD_workspace_report, &report);
        *ret_root = strdup (report.root);
        status = work->result && *ret_root ? BATON_OK : baton_fail_memory (error);
    }
    record_clear (&RECORD_workspace_report, &report);
    return status;
}

void initialize_session_begin (work_t *work)
{
    initialize_t wanted = {0};
    session_create_request_t request = {0};
    baton_error_t error = {0};
    baton_status status = record_from_json (&initialize_type, work->arguments, &wanted, &error);
    if (status == BATON_OK && wanted.folder)
        status = mcp_catalogue_scope (work->desk->catalogue)->local
                     ? look_around (work, wanted.folder, &request.workspace, &error)
                     : baton_fail_field (&error, BATON_invalid_argument, BATON_REASON_bad_value, "folder",
                                         "the tool has no field folder here: it would be one of another machine");
    request.title = wanted.title;
    request.objective = wanted.objective;
    request.agent = wanted.agent;
    request.driver = wanted.driver;
    request.activate = wanted.activate;
    if (status == BATON_OK)
        work_ask (work, METHOD_session_create, &request, NULL, on_created);
    else
        work_complain (work, &error);
    free (request.workspace);
    record_clear (&initialize_type, &wanted);
}

/* ---- status ---- */

typedef struct {
    method_id_t method;
    const char *key;
} status_part_t;

static const status_part_t OF_ONE[] = {{METHOD_session_show, "session"},
                                       {METHOD_run_list, "runs"},
                                       {METHOD_breakpoint_list, "breakpoints"},
                                       {METHOD_session_children, "children"}};
static const status_part_t OF_ALL[] = {{METHOD_session_list, "sessions"}, {METHOD_breakpoint_list, "breakpoints"}};

static void ask_part (work_t *work);

/*  A run may not list breakpoints: what it may not see is left out. */
static void on_part (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    const status_part_t *parts = *work->session ? OF_ONE : OF_ALL;
    size_t count = *work->session ? sizeof OF_ONE / sizeof *OF_ONE : sizeof OF_ALL / sizeof *OF_ALL;
    if (status != BATON_OK && !(status == BATON_permission_denied && work->number > 0)) {
        work_complain (work, error);
        return;
    }
    if (status == BATON_OK)
        json_object_set_new (work->result, parts[work->number].key, work_json (body));
    if (++work->number < count)
        ask_part (work);
    else
        work_give (work, json_incref (work->result), NULL);
}

static void ask_part (work_t *work)
{
    const status_part_t *part = &(*work->session ? OF_ONE : OF_ALL)[work->number];
    const field_t *session = record_field (&METHODS[part->method].type, "session");
    void *request = calloc (1, METHODS[part->method].type.size + 1);
    if (!request) {
        work_fail (work, MCP_INTERNAL_ERROR, "out of memory");
        return;
    }
    if (session && *work->session)
        *(char **) ((uint8_t *) request + session->offset) = work->session;
    work_ask (work, part->method, request, NULL, on_part);
    free (request); /*  the session in it is the work's */
}

/*  The session that the arguments are about. False: they are wrong, and the call has ended. */
static bool take_session (work_t *work)
{
    about_session_t about = {0};
    baton_error_t error = {0};
    baton_status status = record_from_json (&about_session_type, work->arguments, &about, &error);
    const char *session = about.session ? about.session : work->desk->session;
    snprintf (work->session, sizeof work->session, "%s", session);
    record_clear (&about_session_type, &about);
    if (status != BATON_OK)
        work_complain (work, &error);
    return status == BATON_OK;
}

void get_status_begin (work_t *work)
{
    if (!take_session (work))
        return;
    work->result = json_object ();
    ask_part (work);
}

/* ---- synthesis ---- */

static void on_synthesis (work_t *work, baton_status status, const baton_bytes_t *body, const baton_error_t *error)
{
    if (status != BATON_OK) {
        work_complain (work, error);
        return;
    }
    json_t *synthesis = work_json (body);
    const char *markdown = mcp_text (synthesis, "markdown");
    char *text = markdown ? strdup (markdown) : NULL;
    json_object_del (synthesis, "markdown");
    work_give (work, synthesis, text);
    free (text);
}

void synthesize_begin (work_t *work)
{
    if (!take_session (work))
        return;
    session_synthesize_request_t request = {.session = work->session, .markdown = true};
    baton_error_t error = {0};
    if (*work->session) {
        work_ask (work, METHOD_session_synthesize, &request, NULL, on_synthesis);
        return;
    }
    baton_fail_field (&error, BATON_invalid_argument, BATON_REASON_missing_field, "session", "session is missing");
    work_complain (work, &error);
}
