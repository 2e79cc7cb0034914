#include "catalogue.h"

#include "extra.h"
#include "record_json.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>

struct mcp_catalogue {
    mcp_scope_t scope;
    char *nouns;
    json_t *tools;
    json_t *capabilities;
    mcp_offer_t offer;
};

/*  Methods that are no tools: they move bulk between programs, or show a secret to whoever reads the transcript. */
static const method_id_t HIDDEN[] = {METHOD_identity_invite,    METHOD_identity_enroll,  METHOD_session_import,
                                     METHOD_session_moved,      METHOD_session_snapshot, METHOD_blob_put,
                                     METHOD_blob_forget,        METHOD_console_link,     METHOD_blob_get,
                                     METHOD_workspace_manifest, METHOD_workspace_chunks};

static const char INSTRUCTIONS[] =
    "Baton keeps sessions: pieces of work with an objective, context, memory, decisions, artifacts and runs, which "
    "outlive "
    "the process that works on them. Begin with orchestrator_get_status; make a session for new work with "
    "orchestrator_initialize_session. Record what was decided with decision_record, and what the next run has to know "
    "with memory_set. Ask people with breakpoint_ask, always with a key of the question's own: asked again with the "
    "same "
    "key, it is the same question. Times are milliseconds, unless said otherwise.";
static const char INSTRUCTIONS_INSIDE[] =
    "You are a run of a session in Baton; all tools work on that session, so it needs not be named. Begin with "
    "orchestrator_get_status. Record what was decided with decision_record, and what the next run has to know with "
    "memory_set, when it is done. Ask people with breakpoint_ask, always with a key of the question's own: asked again "
    "with the same key, it is the same question. End the session with session_complete when its objective is reached.";

/* ---- which tools ---- */

static bool has_noun (const char *nouns, const char *name)
{
    size_t length = strcspn (name, "._");
    for (const char *at = nouns; at; at = strchr (at, ','), at += at != NULL)
        if (strncmp (at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    return !nouns;
}

static bool is_hidden (method_id_t method)
{
    for (size_t i = 0; i < sizeof HIDDEN / sizeof *HIDDEN; i++)
        if (HIDDEN[i] == method)
            return true;
    return strncmp (METHODS[method].name, "token.", strlen ("token.")) == 0;
}

static bool is_offered (const mcp_catalogue_t *self, method_id_t method)
{
    const method_row_t *row = &METHODS[method];
    return *row->path && row->access != ACCESS_internal && row->access != ACCESS_node && !is_hidden (method) &&
           (!self->scope.inside || row->inside) && has_noun (self->nouns, row->name);
}

static void tool_name (const method_row_t *row, char ret_name[LIMIT_NAME])
{
    snprintf (ret_name, LIMIT_NAME, "%s", row->name);
    for (char *at = ret_name; *at; at++)
        *at = *at == '.' ? '_' : *at;
}

/* ---- a method's tool ---- */

/*  What can't be undone by the same means, or ends something. */
static bool is_destructive (const method_row_t *row)
{
    static const char *const WORDS[] = {"cancel", "complete", "interrupt", "restore",
                                        "merge",  "transfer", "break",     "abort"};
    const char *verb = strchr (row->name, '.') + 1;
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (strcmp (WORDS[i], verb) == 0)
            return true;
    return strcmp (row->verb, "DELETE") == 0;
}

static json_t *annotations (const method_row_t *row)
{
    bool same = !row->change || strcmp (row->verb, "PUT") == 0 || strcmp (row->verb, "DELETE") == 0;
    return json_pack ("{s:b, s:b, s:b, s:b}", "readOnlyHint", !row->change, "destructiveHint",
                      row->change && is_destructive (row), "idempotentHint", same, "openWorldHint", 0);
}

/*  "session.create" as people read it: "Session create". */
static json_t *title_of (const char *name)
{
    char title[LIMIT_NAME];
    snprintf (title, sizeof title, "%s", name);
    for (char *at = title; *at; at++)
        *at = *at == '.' || *at == '_' ? ' ' : *at;
    title[0] = (char) (title[0] - 'a' + 'A');
    return json_string (title);
}

/*  What a request's header can have. */
static void add_header (json_t *properties)
{
    static const char *const TEXTS[][2] = {
        {"if_n", "refuse the change unless the session's journal stands exactly there"},
        {"fence", "the number of the edit lock that you hold"},
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
        if (!json_object_get (properties, TEXTS[i][0]))
            json_object_set_new (
                properties, TEXTS[i][0],
                json_pack ("{s:s, s:i, s:s}", "type", "integer", "minimum", 0, "description", TEXTS[i][1]));
    json_object_set_new (properties, "idempotency_key",
                         json_pack ("{s:s, s:i, s:s}", "type", "string", "maxLength", LIMIT_ID, "description",
                                    "the same key and arguments give the first answer again, and are done once"));
}

static void drop_required (json_t *schema, const char *name)
{
    json_t *required = json_object_get (schema, "required"), *one;
    size_t i;
    json_array_foreach (required, i, one)
    {
        if (strcmp (json_string_value (one), name) == 0) {
            json_array_remove (required, i);
            break;
        }
    }
    if (json_array_size (required) == 0)
        json_object_del (schema, "required");
}

static json_t *input_schema (const mcp_catalogue_t *self, const method_row_t *row)
{
    json_t *schema = record_schema (&row->type, SCHEMA_REQUEST);
    if (row->change)
        add_header (json_object_get (schema, "properties"));
    json_t *session = json_object_get (json_object_get (schema, "properties"), "session");
    if (session && !json_object_get (session, "description"))
        json_object_set_new (session, "description", json_string ("its id; a title is none"));
    if (self->scope.inside)
        drop_required (schema, "session");
    return schema;
}

/*  Without what only people would read: a model is shown the schema of what it may ask, and a program checks answers.
 */
static void shorten (json_t *schema)
{
    const char *key;
    json_t *value;
    if (json_is_string (json_object_get (schema, "description")))
        json_object_del (schema, "description");
    json_object_foreach (schema, key, value)
    {
        shorten (value);
    }
}

static json_t *new_tool (const mcp_catalogue_t *self, method_id_t method)
{
    char name[LIMIT_NAME];
    const method_row_t *row = &METHODS[method];
    tool_name (row, name);
    json_t *tool = json_pack ("{s:s, s:o, s:s, s:o, s:o, s:o}", "name", name, "title", title_of (row->name),
                              "description", row->help, "inputSchema", input_schema (self, row), "outputSchema",
                              record_schema (row->reply, SCHEMA_ANSWER), "annotations", annotations (row));
    if (method == METHOD_breakpoint_ask)
        extra_ask_schema (tool, &self->scope);
    return tool;
}

/* ---- the catalogue ---- */

static bool fill (mcp_catalogue_t *self)
{
    self->tools = json_array ();
    int failed = 0;
    for (size_t i = 0; i < EXTRA_COUNT; i++)
        if (!(self->scope.inside && EXTRAS[i].outside_only) && has_noun (self->nouns, EXTRAS[i].name))
            failed |= json_array_append_new (self->tools, extra_tool (&EXTRAS[i], &self->scope));
    for (int method = 1; method < METHOD_COUNT; method++)
        if (is_offered (self, (method_id_t) method))
            failed |= json_array_append_new (self->tools, new_tool (self, (method_id_t) method));
    json_t *tool;
    size_t at;
    json_array_foreach (self->tools, at, tool)
    {
        shorten (json_object_get (tool, "outputSchema"));
    }
    self->capabilities = json_pack ("{s:{}, s:{s:b}, s:{}, s:{}, s:{}}", "tools", "resources", "subscribe", 1,
                                    "prompts", "completions", "logging");
    return !failed && self->capabilities;
}

mcp_catalogue_t *mcp_catalogue_new (const mcp_scope_t *scope)
{
    mcp_catalogue_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->scope = *scope;
    self->nouns = scope->nouns ? strdup (scope->nouns) : NULL;
    if ((scope->nouns && !self->nouns) || !fill (self)) {
        mcp_catalogue_destroy (&self);
        return NULL;
    }
    self->scope.nouns = self->nouns;
    self->offer = (mcp_offer_t){.name = "baton",
                                .title = "Baton",
                                .version = BATON_VERSION,
                                .instructions = scope->inside ? INSTRUCTIONS_INSIDE : INSTRUCTIONS,
                                .capabilities = self->capabilities,
                                .begin = mcp_desk_begin,
                                .drop = mcp_desk_drop,
                                .watch = mcp_desk_watch,
                                .unwatch = mcp_desk_unwatch};
    return self;
}

void mcp_catalogue_destroy (mcp_catalogue_t **self)
{
    if (!*self)
        return;
    json_decref ((*self)->tools);
    json_decref ((*self)->capabilities);
    free ((*self)->nouns);
    free (*self);
    *self = NULL;
}

const mcp_offer_t *mcp_catalogue_offer (const mcp_catalogue_t *self)
{
    return &self->offer;
}

const mcp_scope_t *mcp_catalogue_scope (const mcp_catalogue_t *self)
{
    return &self->scope;
}

const json_t *mcp_catalogue_tools (const mcp_catalogue_t *self)
{
    return self->tools;
}

method_id_t mcp_catalogue_method (const mcp_catalogue_t *self, const char *tool)
{
    char name[LIMIT_NAME];
    for (int method = 1; method < METHOD_COUNT; method++) {
        tool_name (&METHODS[method], name);
        if (strcmp (name, tool) == 0)
            return is_offered (self, (method_id_t) method) ? (method_id_t) method : METHOD_none;
    }
    return METHOD_none;
}

/*  The tool that "baton NOUN VERB" stands for: how long these words are, 0 when it is none that is offered. */
static size_t tool_in (const mcp_catalogue_t *self, const char *words, char ret_tool[LIMIT_NAME])
{
    int end = 0;
    char noun[24], verb[24];
    if (sscanf (words, "baton %23[a-z] %23[a-z]%n", noun, verb, &end) != 2)
        return 0;
    snprintf (ret_tool, LIMIT_NAME, "%s_%s", noun, verb);
    return mcp_catalogue_method (self, ret_tool) == METHOD_none ? 0 : (size_t) end;
}

void mcp_catalogue_hint (const mcp_catalogue_t *self, const char *hint, char *ret_text, size_t size)
{
    static const char PAGE[] = "docs/methods.md";
    size_t length = 0;
    char tool[LIMIT_NAME];
    *ret_text = '\0';
    while (*hint && length < size) {
        size_t taken = tool_in (self, hint, tool);
        const char *text = taken ? tool : hint;
        if (!taken && strncmp (hint, PAGE, strlen (PAGE)) == 0) {
            taken = strlen (PAGE);
            text = "the tool's input schema";
        }
        length += (size_t) snprintf (ret_text + length, size - length, "%.*s", taken ? LIMIT_NAME : 1, text);
        hint += taken ? taken : 1;
    }
}
