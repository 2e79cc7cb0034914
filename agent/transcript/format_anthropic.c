/*  Anthropic's Messages API: an array of messages, or an object with `system` and `messages`. */
#include "blocks.h"
#include "parts.h"
#include "transcript.h"

#include <string.h>

/*  Results of tools stand in messages of the user. */
static void read_message (draft_t *draft, const json_t *value)
{
    static const char *const KNOWN[] = {"role", "content", NULL};
    const char *role = json_string_value (json_object_get (value, "role"));
    static const char *const ROLES[] = {"user", "assistant", "system", NULL};
    if (!json_is_object (value) || !parts_is_one (role, ROLES)) {
        draft_rest (draft, value);
        return;
    }
    json_t *rest = json_object (), *more = parts_rest (value, KNOWN);
    blocks_read (draft, enum_value (&item_role_names, role, strlen (role)), json_object_get (value, "content"), rest);
    if (more)
        json_object_update (rest, more);
    draft_rest (draft, rest);
    json_decref (more);
    json_decref (rest);
}

/*  The outer object is shown as number 0, and its system prompt is what is said first. */
static void read_value (draft_t *draft, const json_t *value)
{
    static const char *const KNOWN[] = {"system", "messages", NULL};
    const json_t *system = json_object_get (value, "system"), *messages = json_object_get (value, "messages");
    if (json_object_get (value, "role") || (!system && !messages)) {
        read_message (draft, value);
        return;
    }
    json_t *rest = parts_rest (value, KNOWN), *blocks = json_object ();
    blocks_read (draft, item_role_system, system, blocks);
    draft_rest (draft, rest);
    json_decref (blocks);
    json_decref (rest);
    for (size_t i = 0; i < json_array_size (messages); i++)
        read_message (draft, json_array_get (messages, i));
}

/*  Messages of one role in a row are one: the results of parallel calls must stand together. */
static void write_item (transcript_writer_t *writer, const item_t *item, const json_t *rest)
{
    (void) rest;
    json_t *blocks = blocks_of (item);
    const char *role = item->role == item_role_assistant ? "assistant" : "user";
    size_t count = json_array_size (writer->messages);
    json_t *last = count > 0 ? json_array_get (writer->messages, count - 1) : NULL;
    const char *last_role = json_string_value (json_object_get (last, "role"));
    if (item->role == item_role_system && count == 0) {
        writer->system = writer->system ? writer->system : json_array ();
        json_array_extend (writer->system, blocks);
        json_decref (blocks);
    } else if (last_role && strcmp (last_role, role) == 0) {
        json_array_extend (json_object_get (last, "content"), blocks);
        json_decref (blocks);
    } else
        json_array_append_new (writer->messages, json_pack ("{s:s, s:o}", "role", role, "content", blocks));
}

static void finish (transcript_writer_t *writer)
{
    json_t *document = json_object ();
    if (writer->system)
        json_object_set (document, "system", writer->system);
    json_object_set (document, "messages", writer->messages);
    json_dumpf (document, writer->out, JSON_INDENT (1) | JSON_SORT_KEYS);
    fputc ('\n', writer->out);
    json_decref (document);
}

const transcript_format_t TRANSCRIPT_anthropic = {
    .name = "anthropic", .read = read_value, .write = write_item, .finish = finish, .document = true};
