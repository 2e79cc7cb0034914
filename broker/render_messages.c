/*  The arrays that model APIs take: Anthropic's messages, with the system prompt apart, and OpenAI's chat messages. */
#include "render_internal.h"

#include <string.h>

/* ---- both ---- */

/*  APIs take ids of letters, digits, _ and - only. */
static void add_call_id (json_text_t *out, const char *call)
{
    json_text_raw (out, "\"");
    for (; call && *call; call++) {
        bool plain = (*call >= 'a' && *call <= 'z') || (*call >= 'A' && *call <= 'Z') || (*call >= '0' && *call <= '9');
        char letter[2] = {plain || *call == '-' ? *call : '_', '\0'};
        json_text_raw (out, letter);
    }
    json_text_raw (out, "\"");
}

static void add_words (json_text_t *out, const shown_t *item, size_t part)
{
    json_text_raw (out, "\"");
    render_words (out, item, part);
    json_text_raw (out, "\"");
}

static void add_text_block (json_text_t *out, const shown_t *item, size_t part)
{
    json_text_raw (out, "{\"type\":\"text\",\"text\":");
    add_words (out, item, part);
    json_text_raw (out, "}");
}

/*  What is said of a blob, or with it. */
static bool has_words (const rendition_t *self, const shown_t *item, size_t part)
{
    const part_t *shown = shown_part (item, part);
    return !render_blob (self, item, part) || shown->text || shown->value.size > 0;
}

static bool is_map (const baton_bytes_t *value)
{
    return value->size > 0 && ((value->data[0] & 0xf0) == 0x80 || value->data[0] == 0xde || value->data[0] == 0xdf);
}

/* ---- Anthropic ---- */

/*  Neighbouring items of the same role are one message there. */
typedef struct {
    const rendition_t *of;
    json_text_t *out;
    const char *role; /*  of the message that is open; NULL: none is */
} messages_t;

static void open_message (messages_t *self, const char *role)
{
    if (self->role == role) {
        json_text_raw (self->out, ",");
        return;
    }
    if (self->role)
        json_text_raw (self->out, "]},");
    json_text_raw (self->out, "{\"role\":\"");
    json_text_raw (self->out, role);
    json_text_raw (self->out, "\",\"content\":[");
    self->role = role;
}

static const char USER[] = "user", ASSISTANT[] = "assistant";

/*  A conversation begins with the user. */
static void begin_block (messages_t *self, const char *role)
{
    if (!self->role && role == ASSISTANT) {
        open_message (self, USER);
        json_text_raw (self->out, "{\"type\":\"text\",\"text\":\"" RENDER_BEFORE "\"}");
    }
    open_message (self, role);
}

static void add_tool_use (messages_t *self, const part_t *call)
{
    begin_block (self, ASSISTANT);
    json_text_raw (self->out, "{\"type\":\"tool_use\",\"id\":");
    add_call_id (self->out, call->call);
    json_text_raw (self->out, ",\"name\":");
    json_text_string (self->out, call->tool);
    json_text_raw (self->out, ",\"input\":");
    bool map = is_map (&call->value); /*  nothing else is taken */
    if (call->value.size > 0) {
        json_text_raw (self->out, map ? "" : "{\"value\":");
        json_text_value (self->out, &call->value);
        json_text_raw (self->out, map ? "" : "}");
    } else
        json_text_raw (self->out, "{}");
    json_text_raw (self->out, "}");
}

static void add_tool_result (messages_t *self, const part_t *call, const part_t *result)
{
    begin_block (self, USER);
    json_text_raw (self->out, "{\"type\":\"tool_result\",\"tool_use_id\":");
    add_call_id (self->out, call->call);
    json_text_raw (self->out, ",\"content\":\"");
    render_result (self->out, result);
    json_text_raw (self->out, !result || result->error ? "\",\"is_error\":true}" : "\"}");
}

static void add_anthropic_blob (json_text_t *out, const render_blob_t *blob)
{
    json_text_raw (out, blob->document ? "{\"type\":\"document\"" : "{\"type\":\"image\"");
    json_text_raw (out, ",\"source\":{\"type\":\"base64\",\"media_type\":");
    json_text_string (out, blob->type);
    json_text_raw (out, ",\"data\":\"");
    json_text_base64 (out, blob->content.data, blob->content.size);
    json_text_raw (out, "\"}}");
}

static void add_anthropic_part (messages_t *self, const shown_t *item, size_t part)
{
    const char *role = item->item.role == item_role_assistant ? ASSISTANT : USER;
    const render_blob_t *blob = render_blob (self->of, item, part);
    if (has_words (self->of, item, part)) {
        begin_block (self, role);
        add_text_block (self->out, item, part);
    }
    if (blob) {
        begin_block (self, role);
        add_anthropic_blob (self->out, blob);
    }
}

/*  Calls come after what was said with them, because nothing but results may follow them. */
static void add_anthropic_item (messages_t *self, size_t index, size_t *pair_at)
{
    const shown_list_t *list = self->of->list;
    const shown_t *item = &list->items[index];
    for (size_t i = 0; i < shown_part_count (item); i++)
        if (render_in_place (item, i))
            add_anthropic_part (self, item, i);
    const pair_t *pair;
    size_t results_at = *pair_at;
    while ((pair = render_next_pair (self->of, index, pair_at)))
        add_tool_use (self, shown_part (item, pair->call_part));
    while ((pair = render_next_pair (self->of, index, &results_at)))
        add_tool_result (self, shown_part (item, pair->call_part), shown_result (list, pair));
}

static void add_system (const rendition_t *self)
{
    bool first = true;
    json_text_raw (self->out, "[");
    for (size_t i = 0; i < self->list->count; i++) {
        const shown_t *item = &self->list->items[i];
        for (size_t j = 0; item->item.role == item_role_system && self->kept[i] && j < shown_part_count (item); j++) {
            json_text_raw (self->out, first ? "" : ",");
            add_text_block (self->out, item, j);
            first = false;
        }
    }
    json_text_raw (self->out, "]");
}

void render_anthropic (const rendition_t *self)
{
    messages_t messages = {.of = self, .out = self->out};
    size_t pair_at = 0;
    json_text_raw (self->out, "{\"system\":");
    add_system (self);
    json_text_raw (self->out, ",\"messages\":[");
    for (size_t i = 0; i < self->list->count; i++)
        if (self->kept[i] && self->list->items[i].item.role != item_role_system)
            add_anthropic_item (&messages, i, &pair_at);
    json_text_raw (self->out, messages.role ? "]}]}\n" : "]}\n");
}

/* ---- OpenAI ---- */

static void add_tool_calls (const rendition_t *self, size_t index, size_t *pair_at)
{
    const pair_t *pair;
    bool first = true;
    while ((pair = render_next_pair (self, index, pair_at))) {
        const part_t *call = shown_part (&self->list->items[index], pair->call_part);
        json_text_raw (self->out, first ? ",\"tool_calls\":[{\"id\":" : ",{\"id\":");
        add_call_id (self->out, call->call);
        json_text_raw (self->out, ",\"type\":\"function\",\"function\":{\"name\":");
        json_text_string (self->out, call->tool);
        json_text_raw (self->out, ",\"arguments\":");
        if (call->value.size > 0)
            json_text_quoted_value (self->out, &call->value);
        else
            json_text_raw (self->out, "\"{}\"");
        json_text_raw (self->out, "}}");
        first = false;
    }
    json_text_raw (self->out, first ? "" : "]");
}

static void add_tool_messages (const rendition_t *self, size_t index, size_t *pair_at)
{
    const pair_t *pair;
    while ((pair = render_next_pair (self, index, pair_at))) {
        const part_t *result = shown_result (self->list, pair);
        json_text_raw (self->out, ",{\"role\":\"tool\",\"tool_call_id\":");
        add_call_id (self->out, shown_part (&self->list->items[index], pair->call_part)->call);
        json_text_raw (self->out, !result || result->error ? ",\"content\":\"Error: " : ",\"content\":\"");
        render_result (self->out, result);
        json_text_raw (self->out, "\"}");
    }
}

/*  A file needs a name there. */
static void add_openai_blob (json_text_t *out, const render_blob_t *blob, const part_t *part)
{
    json_text_raw (out, blob->document ? "{\"type\":\"file\",\"file\":{" : "{\"type\":\"image_url\",\"image_url\":{");
    if (blob->document) {
        json_text_raw (out, "\"filename\":\"");
        json_text_escaped (out, part->digest, strlen (part->digest));
        json_text_raw (out, ".pdf\",");
    }
    json_text_raw (out, blob->document ? "\"file_data\":\"data:" : "\"url\":\"data:");
    json_text_raw (out, blob->type);
    json_text_raw (out, ";base64,");
    json_text_base64 (out, blob->content.data, blob->content.size);
    json_text_raw (out, "\"}}");
}

static void add_openai_part (const rendition_t *self, const shown_t *item, size_t part)
{
    const render_blob_t *blob = render_blob (self, item, part);
    bool words = has_words (self, item, part);
    if (words)
        add_text_block (self->out, item, part);
    json_text_raw (self->out, words && blob ? "," : "");
    if (blob)
        add_openai_blob (self->out, blob, shown_part (item, part));
}

/*  One text is a string; anything else is blocks. */
static void add_content (const rendition_t *self, const shown_t *item, size_t parts, bool blocks)
{
    bool first = true;
    json_text_raw (self->out, parts == 0 ? "null" : blocks ? "[" : "");
    for (size_t i = 0; i < shown_part_count (item); i++) {
        if (!render_in_place (item, i))
            continue;
        json_text_raw (self->out, first ? "" : ",");
        if (blocks)
            add_openai_part (self, item, i);
        else
            add_words (self->out, item, i);
        first = false;
    }
    json_text_raw (self->out, blocks ? "]" : "");
}

static bool add_openai_item (const rendition_t *self, size_t index, size_t *pair_at, bool first)
{
    const shown_t *item = &self->list->items[index];
    size_t parts = 0, blobs = 0, calls_at = *pair_at;
    for (size_t i = 0; i < shown_part_count (item); i++) {
        parts += render_in_place (item, i);
        blobs += render_blob (self, item, i) != NULL;
    }
    bool calls = render_next_pair (self, index, &calls_at) != NULL;
    if (parts == 0 && !calls)
        return false; /*  its results stand with their calls */
    json_text_raw (self->out, first ? "{\"role\":\"" : ",{\"role\":\"");
    json_text_raw (self->out, item->item.role == item_role_system      ? "system"
                              : item->item.role == item_role_assistant ? ASSISTANT
                                                                       : USER);
    json_text_raw (self->out, "\",\"content\":");
    add_content (self, item, parts, parts > 1 || blobs > 0);
    calls_at = *pair_at;
    add_tool_calls (self, index, &calls_at);
    json_text_raw (self->out, "}");
    add_tool_messages (self, index, pair_at);
    return true;
}

void render_openai (const rendition_t *self)
{
    size_t pair_at = 0;
    bool first = true;
    json_text_raw (self->out, "[");
    for (size_t i = 0; i < self->list->count; i++)
        if (self->kept[i] && add_openai_item (self, i, &pair_at, first))
            first = false;
    json_text_raw (self->out, "]\n");
}
