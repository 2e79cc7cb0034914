/*  Claude Code's sessions, ~/.claude/projects/…/SESSION.jsonl: a line for each message or block of one, and others that
 *  are about the session. docs/transcripts.md says which are known. */
#include "blocks.h"
#include "parts.h"
#include "transcript.h"

#include <stdlib.h>
#include <string.h>

/*  A side conversation of a sub-agent is no part of the context: it is kept, and no item. */
static bool is_message (const json_t *value)
{
    static const char *const TYPES[] = {"user", "assistant", NULL};
    return parts_is_one (json_string_value (json_object_get (value, "type")), TYPES) &&
           json_is_object (json_object_get (value, "message")) &&
           !json_is_true (json_object_get (value, "isSidechain"));
}

static void read_message (draft_t *draft, const json_t *value)
{
    static const char *const KNOWN[] = {"timestamp", "message", NULL}, *const SAID[] = {"role", "content", NULL};
    const json_t *message = json_object_get (value, "message");
    const char *type = json_string_value (json_object_get (value, "type"));
    json_t *rest = parts_rest (value, KNOWN);
    blocks_read (draft, strcmp (type, "user") == 0 ? item_role_user : item_role_assistant,
                 json_object_get (message, "content"), rest);
    parts_keep (&rest, "message", parts_rest (message, SAID));
    draft_rest (draft, rest);
    json_decref (rest);
}

static void read_value (draft_t *draft, const json_t *value)
{
    static const char *const TITLES[] = {"summary", "custom-title", "ai-title", NULL};
    const char *type = json_string_value (json_object_get (value, "type"));
    draft_at (draft, parts_time (value, "timestamp"));
    if (is_message (value)) {
        read_message (draft, value);
        return;
    }
    if (parts_is_one (type, TITLES)) {
        draft_title (draft, json_object_get (value, "summary"));
        draft_title (draft, json_object_get (value, "customTitle"));
        draft_title (draft, json_object_get (value, "aiTitle"));
    }
    draft_rest (draft, value);
}

/* ---- writing ---- */

/*  A UUID that is a function of the session and the place in it: the same export twice is the same file. */
static void uuid_of (const char *session, uint64_t number, char ret_uuid[40])
{
    char name[64], digest[DIGEST_SIZE];
    snprintf (name, sizeof name, "%s/%llu", session, (unsigned long long) number);
    digest_of (name, strlen (name), digest);
    snprintf (ret_uuid, 40, "%.8s-%.4s-4%.3s-8%.3s-%.12s", digest, digest + 8, digest + 12, digest + 15, digest + 18);
}

/*  The message of a line: what it said besides, and the content. */
static json_t *message_of (const item_t *item, const json_t *rest)
{
    json_t *message = json_deep_copy (json_object_get (rest, "message"));
    message = message ? message : json_object ();
    json_object_set_new (message, "role", json_string (item->role == item_role_assistant ? "assistant" : "user"));
    const part_t *only = item->parts.count == 1 ? &item->parts.items[0] : NULL;
    bool plain = only && only->kind == part_kind_text && item->role == item_role_user;
    json_object_set_new (message, "content", plain ? parts_text (only) : blocks_of (item));
    return message;
}

static void write_item (transcript_writer_t *writer, const item_t *item, const json_t *rest)
{
    char uuid[40], session[40], at[PARTS_TIME_SIZE];
    json_t *line = json_deep_copy (rest);
    line = line ? line : json_object ();
    uuid_of (writer->session, writer->items + 1, uuid);
    uuid_of (writer->session, 0, session);
    parts_write_time (item->at, at);
    json_object_del (line, "blocks");
    if (!rest) {
        json_object_set_new (line, "parentUuid", *writer->last ? json_string (writer->last) : json_null ());
        json_object_set_new (line, "isSidechain", json_false ());
        json_object_set_new (line, "userType", json_string ("external"));
        json_object_set_new (line, "sessionId", json_string (session));
        json_object_set_new (line, "uuid", json_string (uuid));
    }
    if (!json_object_get (line, "parentUuid"))
        json_object_set_new (line, "parentUuid", json_null ());
    json_object_set_new (line, "type", json_string (item->role == item_role_assistant ? "assistant" : "user"));
    json_object_set_new (line, "message", message_of (item, rest));
    json_object_set_new (line, "timestamp", json_string (at));
    const char *own = json_string_value (json_object_get (line, "uuid"));
    snprintf (writer->last, sizeof writer->last, "%s", own ? own : uuid);
    json_dumpf (line, writer->out, JSON_COMPACT | JSON_SORT_KEYS);
    fputc ('\n', writer->out);
    json_decref (line);
}

const transcript_format_t TRANSCRIPT_claude_code = {.name = "claude-code", .read = read_value, .write = write_item};
