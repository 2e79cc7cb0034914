/*  OpenAI's APIs: messages of Chat Completions, or items of the Responses API, in an array, in an object that has one,
 *  or one a line. Written as messages of Chat Completions. */
#include "parts.h"
#include "responses.h"
#include "transcript.h"

#include <stdlib.h>
#include <string.h>

static void read_calls (draft_t *draft, const json_t *calls)
{
    for (size_t i = 0; i < json_array_size (calls); i++) {
        const json_t *call = json_array_get (calls, i), *function = json_object_get (call, "function");
        const json_t *text = json_object_get (function, "arguments");
        json_t *arguments = json_is_string (text)
                                ? json_loadb (json_string_value (text), json_string_length (text), JSON_ALLOW_NUL, NULL)
                                : NULL;
        if (function)
            draft_call (draft, json_object_get (call, "id"), json_object_get (function, "name"),
                        arguments ? arguments : text);
        else
            draft_json (draft, item_role_assistant, call);
        json_decref (arguments);
    }
}

static void read_content (draft_t *draft, item_role_e role, const json_t *content)
{
    if (json_is_string (content))
        draft_text (draft, role, content);
    for (size_t i = 0; i < json_array_size (content); i++) {
        const json_t *block = json_array_get (content, i), *text = json_object_get (block, "text");
        if (json_is_string (text))
            draft_text (draft, role, text);
        else
            draft_json (draft, role, block);
    }
}

/*  A message of Chat Completions; role tool answers a call by its id. */
static void read_message (draft_t *draft, const json_t *value, const char *role)
{
    static const char *const KNOWN[] = {"role", "content", "tool_calls", "tool_call_id", NULL};
    const json_t *content = json_object_get (value, "content");
    json_t *rest = parts_rest (value, KNOWN);
    if (strcmp (role, "tool") == 0)
        draft_result (draft, json_object_get (value, "tool_call_id"), content, false);
    else
        read_content (draft,
                      strcmp (role, "assistant") == 0 ? item_role_assistant
                      : strcmp (role, "user") == 0    ? item_role_user
                                                      : item_role_system,
                      content);
    read_calls (draft, json_object_get (value, "tool_calls"));
    draft_rest (draft, rest);
    json_decref (rest);
}

static void read_value (draft_t *draft, const json_t *value)
{
    static const char *const ROLES[] = {"system", "developer", "user", "assistant", "tool", NULL};
    const char *role = json_string_value (json_object_get (value, "role"));
    const json_t *messages = json_object_get (value, "messages");
    if (parts_is_one (role, ROLES) && !json_object_get (value, "type"))
        read_message (draft, value, role);
    else if (responses_is_item (value))
        responses_read (draft, value, NULL);
    else if (json_is_array (messages))
        for (size_t i = 0; i < json_array_size (messages); i++)
            read_value (draft, json_array_get (messages, i));
    else
        draft_rest (draft, value);
}

/* ---- writing ---- */

static json_t *call_of (const part_t *part)
{
    json_t *value = parts_value (part);
    char *arguments = value ? json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    json_t *call =
        json_pack ("{s:s, s:s, s:{s:s, s:s}}", "id", part->call ? part->call : "", "type", "function", "function",
                   "name", part->tool ? part->tool : "unknown", "arguments", arguments ? arguments : "{}");
    free (arguments);
    json_decref (value);
    return call;
}

/*  Each result is a message; all else of the item is one. */
static void write_item (transcript_writer_t *writer, const item_t *item, const json_t *rest)
{
    (void) rest;
    json_t *message = json_pack ("{s:s}", "role", enum_name (&item_role_names, item->role));
    json_t *calls = json_array (), *texts = json_array ();
    for (size_t i = 0; i < item->parts.count; i++) {
        const part_t *part = &item->parts.items[i];
        if (part->kind == part_kind_tool_result)
            json_array_append_new (writer->messages,
                                   json_pack ("{s:s, s:s, s:o}", "role", "tool", "tool_call_id",
                                              part->call ? part->call : "", "content", parts_text (part)));
        else if (part->kind == part_kind_tool_call)
            json_array_append_new (calls, call_of (part));
        else
            json_array_append_new (texts, json_pack ("{s:s, s:o}", "type", "text", "text", parts_text (part)));
    }
    size_t count = json_array_size (texts);
    json_t *content = count == 1 ? json_object_get (json_array_get (texts, 0), "text") : count > 1 ? texts : NULL;
    json_object_set_new (message, "content", content ? json_incref (content) : json_null ());
    if (json_array_size (calls) > 0)
        json_object_set (message, "tool_calls", calls);
    if (content || json_array_size (calls) > 0)
        json_array_append (writer->messages, message);
    json_decref (message);
    json_decref (calls);
    json_decref (texts);
}

static void finish (transcript_writer_t *writer)
{
    json_dumpf (writer->messages, writer->out, JSON_INDENT (1) | JSON_SORT_KEYS);
    fputc ('\n', writer->out);
}

const transcript_format_t TRANSCRIPT_openai = {
    .name = "openai", .read = read_value, .write = write_item, .finish = finish, .document = true};
