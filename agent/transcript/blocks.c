#include "blocks.h"

#include "parts.h"

#include <string.h>

static const char *const TEXT_KEYS[] = {"type", "text", NULL};
static const char *const USE_KEYS[] = {"type", "id", "name", "input", NULL};
static const char *const RESULT_KEYS[] = {"type", "tool_use_id", "content", "is_error", NULL};

static void keep_more (json_t *rest, size_t index, const json_t *block, const char *const *known)
{
    char number[24];
    json_t *more = parts_rest (block, known), *blocks = json_object_get (rest, "blocks");
    if (more && !blocks && json_object_set_new (rest, "blocks", blocks = json_object ()) != 0)
        blocks = NULL;
    snprintf (number, sizeof number, "%zu", index);
    if (more && blocks)
        json_object_set (blocks, number, more);
    json_decref (more);
}

/*  A list of texts alone reads as one text. */
static json_t *joined (const json_t *content)
{
    if (!json_is_array (content) || json_array_size (content) != 1)
        return json_incref ((json_t *) content);
    const json_t *only = json_array_get (content, 0), *text = json_object_get (only, "text");
    bool plain = json_object_size (only) == 2 && json_is_string (text);
    return json_incref ((json_t *) (plain ? text : content));
}

static void read_block (draft_t *draft, item_role_e role, const json_t *block, size_t index, json_t *rest)
{
    const char *type = json_string_value (json_object_get (block, "type"));
    if (type && strcmp (type, "text") == 0 && json_is_string (json_object_get (block, "text"))) {
        draft_text (draft, role, json_object_get (block, "text"));
        keep_more (rest, index, block, TEXT_KEYS);
    } else if (type && strcmp (type, "tool_use") == 0) {
        draft_call (draft, json_object_get (block, "id"), json_object_get (block, "name"),
                    json_object_get (block, "input"));
        keep_more (rest, index, block, USE_KEYS);
    } else if (type && strcmp (type, "tool_result") == 0) {
        json_t *content = joined (json_object_get (block, "content"));
        draft_result (draft, json_object_get (block, "tool_use_id"), content,
                      json_is_true (json_object_get (block, "is_error")));
        json_decref (content);
        keep_more (rest, index, block, RESULT_KEYS);
    } else
        draft_json (draft, role, block);
}

void blocks_read (draft_t *draft, item_role_e role, const json_t *content, json_t *rest)
{
    if (json_is_string (content))
        draft_text (draft, role, content);
    else if (json_is_array (content))
        for (size_t i = 0; i < json_array_size (content); i++)
            read_block (draft, role, json_array_get (content, i), i, rest);
    else if (json_is_object (content))
        draft_json (draft, role, content);
}

/* ---- writing ---- */

/*  What has a type of another's is written as text. */
static bool is_block (const json_t *value)
{
    static const char *const TYPES[] = {"thinking",
                                        "redacted_thinking",
                                        "image",
                                        "document",
                                        "search_result",
                                        "server_tool_use",
                                        "web_search_tool_result",
                                        "web_fetch_tool_result",
                                        "code_execution_tool_result",
                                        "mcp_tool_use",
                                        "mcp_tool_result",
                                        "container_upload",
                                        NULL};
    return parts_is_one (json_string_value (json_object_get (value, "type")), TYPES);
}

static json_t *block_of (const part_t *part)
{
    json_t *value = parts_value (part);
    switch (part->kind) {
    case part_kind_tool_call:
        return json_pack ("{s:s, s:s, s:s, s:o}", "type", "tool_use", "id", part->call ? part->call : "", "name",
                          part->tool ? part->tool : "unknown", "input", value ? value : json_object ());
    case part_kind_tool_result: {
        /*  A list is what the API takes beside a text. */
        bool list = !part->text && json_is_array (value);
        json_t *content = list ? json_incref (value) : parts_text (part);
        json_decref (value);
        json_t *block = json_pack ("{s:s, s:s, s:o}", "type", "tool_result", "tool_use_id",
                                   part->call ? part->call : "", "content", content);
        if (part->error)
            json_object_set_new (block, "is_error", json_true ());
        return block;
    }
    default:
        if (!part->text && is_block (value))
            return value;
        json_decref (value);
        return json_pack ("{s:s, s:o}", "type", "text", "text", parts_text (part));
    }
}

json_t *blocks_of (const item_t *item)
{
    json_t *blocks = json_array ();
    for (size_t i = 0; i < item->parts.count; i++)
        if (json_array_append_new (blocks, block_of (&item->parts.items[i])) != 0) {
            json_decref (blocks);
            return NULL;
        }
    return blocks;
}
