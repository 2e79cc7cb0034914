/*  The items as they are, in JSON, and a text for people. */
#include "render_internal.h"

#include <string.h>

/* ---- JSON ---- */

/*  No comma before the first. */
static void add_key (json_text_t *out, const char *key)
{
    if (out->size > 0 && out->data[out->size - 1] != '{')
        json_text_raw (out, ",");
    json_text_string (out, key);
    json_text_raw (out, ":");
}

static void add_text (json_text_t *out, const char *key, const char *text)
{
    if (!text)
        return;
    add_key (out, key);
    json_text_string (out, text);
}

static void add_number (json_text_t *out, const char *key, uint64_t number)
{
    if (number == 0)
        return;
    add_key (out, key);
    json_text_number (out, number);
}

static void add_flag (json_text_t *out, const char *key, bool flag)
{
    if (!flag)
        return;
    add_key (out, key);
    json_text_raw (out, "true");
}

static void add_part (json_text_t *out, const part_t *part)
{
    json_text_raw (out, "{");
    add_text (out, "kind", enum_name (&part_kind_names, part->kind));
    add_text (out, "call", part->call);
    add_text (out, "tool", part->tool);
    add_text (out, "text", part->text);
    if (part->value.size > 0) {
        add_key (out, "value");
        json_text_value (out, &part->value);
    }
    add_flag (out, "error", part->error);
    add_text (out, "digest", part->digest);
    add_number (out, "size", part->size);
    add_text (out, "media_type", part->media_type);
    json_text_raw (out, "}");
}

static void add_item (json_text_t *out, const shown_t *item, const char *session)
{
    json_text_raw (out, "{");
    if (!text_equal (item->session, session))
        add_text (out, "session", item->session);
    add_number (out, "n", item->item.n);
    add_text (out, "role", enum_name (&item_role_names, item->item.role));
    add_flag (out, "summary", item->summary);
    add_key (out, "parts");
    json_text_raw (out, "[");
    for (size_t i = 0; i < shown_part_count (item); i++) {
        json_text_raw (out, i > 0 ? "," : "");
        add_part (out, shown_part (item, i));
    }
    json_text_raw (out, "]");
    add_number (out, "tokens", item->item.tokens);
    add_flag (out, "estimated", item->item.estimated);
    add_flag (out, "pinned", item->pinned);
    add_text (out, "source", item->item.source);
    add_text (out, "digest", item->item.digest);
    add_flag (out, "synthetic", item->item.synthetic);
    add_number (out, "run", item->item.run);
    json_text_raw (out, "}");
}

void render_json (const rendition_t *self)
{
    bool first = true;
    json_text_raw (self->out, "[");
    for (size_t i = 0; i < self->list->count; i++) {
        if (!self->kept[i])
            continue;
        json_text_raw (self->out, first ? "\n" : ",\n");
        add_item (self->out, &self->list->items[i], self->session);
        first = false;
    }
    json_text_raw (self->out, "\n]\n");
}

/* ---- text ---- */

static void add_words (json_text_t *out, const shown_t *item, size_t index)
{
    const part_t *part = shown_part (item, index);
    if (part->kind == part_kind_tool_call) {
        json_text_raw (out, part->tool ? part->tool : "?");
        json_text_raw (out, " [");
        json_text_raw (out, part->call ? part->call : "?");
        json_text_raw (out, "] ");
    } else if (part->kind == part_kind_tool_result) {
        json_text_raw (out, part->error ? "error of [" : "result of [");
        json_text_raw (out, part->call ? part->call : "?");
        json_text_raw (out, "] ");
    } else if (part->kind == part_kind_blob) {
        json_text_raw (out, "[blob ");
        json_text_raw (out, part->digest);
        json_text_raw (out, "]");
    }
    if (part->text)
        json_text_raw (out, part->text);
    if (part->value.size > 0)
        json_text_value (out, &part->value);
    json_text_raw (out, "\n");
}

void render_text (const rendition_t *self)
{
    for (size_t i = 0; i < self->list->count; i++) {
        const shown_t *item = &self->list->items[i];
        if (!self->kept[i])
            continue;
        json_text_raw (self->out, "--- ");
        json_text_raw (self->out, item->summary ? "summary" : enum_name (&item_role_names, item->item.role));
        json_text_raw (self->out, " (");
        json_text_number (self->out, item->item.n);
        if (item->item.source) {
            json_text_raw (self->out, ", ");
            json_text_raw (self->out, item->item.source);
        }
        json_text_raw (self->out, item->pinned ? ", pinned)\n" : ")\n");
        for (size_t j = 0; j < shown_part_count (item); j++)
            add_words (self->out, item, j);
    }
}
