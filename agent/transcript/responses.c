#include "responses.h"

#include "parts.h"

#include <stdlib.h>
#include <string.h>

/*  Roles of ours for those of a message; system for the developer's. */
static item_role_e role_of (const json_t *item)
{
    const char *role = json_string_value (json_object_get (item, "role"));
    return !role                                                             ? item_role_none
           : strcmp (role, "developer") == 0 || strcmp (role, "system") == 0 ? item_role_system
           : strcmp (role, "assistant") == 0                                 ? item_role_assistant
           : strcmp (role, "user") == 0                                      ? item_role_user
                                                                             : item_role_none;
}

static void read_content (draft_t *draft, item_role_e role, const json_t *content)
{
    static const char *const TEXTS[] = {"input_text", "output_text", "text", NULL};
    if (json_is_string (content))
        draft_text (draft, role, content);
    for (size_t i = 0; i < json_array_size (content); i++) {
        const json_t *block = json_array_get (content, i), *text = json_object_get (block, "text");
        if (json_is_string (text) && parts_is_one (json_string_value (json_object_get (block, "type")), TEXTS))
            draft_text (draft, role, text);
        else
            draft_json (draft, role, block);
    }
}

/*  Arguments are JSON in a text; one that can't be read is kept as the text. */
static void read_call (draft_t *draft, const json_t *item, const char *name, const char *key)
{
    const json_t *text = json_object_get (item, key), *call = json_object_get (item, "call_id");
    json_t *tool = name ? json_string (name) : json_incref (json_object_get (item, "name"));
    json_t *arguments = json_is_string (text) && strcmp (key, "arguments") == 0
                            ? json_loadb (json_string_value (text), json_string_length (text), JSON_ALLOW_NUL, NULL)
                            : NULL;
    draft_call (draft, call ? call : json_object_get (item, "id"), tool, arguments ? arguments : text);
    json_decref (arguments);
    json_decref (tool);
}

/*  An output is a text, a list of blocks, or an object with content and success. */
static void read_output (draft_t *draft, const json_t *item)
{
    const json_t *output = json_object_get (item, "output"), *content = json_object_get (output, "content");
    bool failed = json_is_false (json_object_get (output, "success"));
    draft_result (draft, json_object_get (item, "call_id"), content ? content : output, failed);
}

/*  What the readers below take from an item; the rest of it is kept. */
static const struct {
    const char *type;
    const char *keys[6];
} TYPES[] = {
    {"message", {"type", "role", "content"}},
    {"function_call", {"type", "name", "arguments", "call_id"}},
    {"custom_tool_call", {"type", "name", "input", "call_id"}},
    {"local_shell_call", {"type", "action", "call_id"}},
    {"function_call_output", {"type", "call_id", "output"}},
    {"custom_tool_call_output", {"type", "call_id", "output"}},
    {"local_shell_call_output", {"type", "call_id", "output"}},
};

static const char *type_of (const json_t *item)
{
    const char *type = json_string_value (json_object_get (item, "type"));
    return type ? type : json_object_get (item, "role") ? "message" : "";
}

/*  What the model did by itself: kept whole, as one part. */
static bool is_act (const char *type)
{
    static const char *const ACTS[] = {"reasoning",
                                       "web_search_call",
                                       "file_search_call",
                                       "computer_call",
                                       "computer_call_output",
                                       "image_generation_call",
                                       "code_interpreter_call",
                                       "mcp_call",
                                       "mcp_list_tools",
                                       "mcp_approval_request",
                                       "mcp_approval_response",
                                       NULL};
    return parts_is_one (type, ACTS);
}

bool responses_is_item (const json_t *value)
{
    const char *type = type_of (value);
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        if (strcmp (TYPES[i].type, type) == 0)
            return true;
    return is_act (type);
}

static bool read_known (draft_t *draft, const json_t *item, const char *type)
{
    item_role_e role = role_of (item);
    size_t length = strlen (type);
    if (strcmp (type, "message") == 0) {
        if (role)
            read_content (draft, role, json_object_get (item, "content"));
        return role != item_role_none;
    }
    if (strcmp (type, "function_call") == 0)
        read_call (draft, item, NULL, "arguments");
    else if (strcmp (type, "custom_tool_call") == 0)
        read_call (draft, item, NULL, "input");
    else if (strcmp (type, "local_shell_call") == 0)
        read_call (draft, item, "local_shell", "action");
    else if (length > 7 && strcmp (type + length - 7, "_output") == 0 && !is_act (type))
        read_output (draft, item);
    else
        return false;
    return true;
}

void responses_read (draft_t *draft, const json_t *item, const json_t *outer)
{
    static const char *const NOTHING[] = {NULL};
    const char *type = type_of (item), *const *keys = NOTHING;
    json_t *rest = outer ? json_deep_copy (outer) : NULL, *more = NULL;
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        if (strcmp (TYPES[i].type, type) == 0)
            keys = TYPES[i].keys;
    if (read_known (draft, item, type))
        more = parts_rest (item, keys);
    else if (is_act (type))
        draft_json (draft, item_role_assistant, item);
    else
        more = json_deep_copy (item);
    if (outer)
        parts_keep (&rest, "payload", more);
    else
        rest = more;
    draft_rest (draft, rest);
    json_decref (rest);
}

/* ---- writing ---- */

static json_t *call_of (const part_t *part)
{
    json_t *value = parts_value (part);
    char *arguments = value ? json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    json_t *call =
        json_pack ("{s:s, s:s, s:s, s:s}", "type", "function_call", "name", part->tool ? part->tool : "unknown",
                   "arguments", arguments ? arguments : "{}", "call_id", part->call ? part->call : "");
    free (arguments);
    json_decref (value);
    return call;
}

static json_t *message_of (const item_t *item, const part_t *part)
{
    bool model = item->role == item_role_assistant;
    return json_pack ("{s:s, s:s, s:[{s:s, s:o}]}", "type", "message", "role",
                      item->role == item_role_system ? "developer"
                      : model                        ? "assistant"
                                                     : "user",
                      "content", "type", model ? "output_text" : "input_text", "text", parts_text (part));
}

static json_t *item_of (const item_t *item, const part_t *part)
{
    if (part->kind == part_kind_tool_call)
        return call_of (part);
    if (part->kind == part_kind_tool_result)
        return json_pack ("{s:s, s:s, s:o}", "type", "function_call_output", "call_id", part->call ? part->call : "",
                          "output", parts_text (part));
    json_t *value = parts_value (part);
    if (!part->text && is_act (type_of (value)))
        return value;
    json_decref (value);
    return message_of (item, part);
}

json_t *responses_of (const item_t *item)
{
    json_t *items = json_array ();
    for (size_t i = 0; i < item->parts.count; i++)
        json_array_append_new (items, item_of (item, &item->parts.items[i]));
    return items;
}
