/*  Codex's rollouts, ~/.codex/sessions/…/rollout-….jsonl: {timestamp, type, payload}, with an item of the Responses API
 *  where the type is response_item; older ones have the bare items. docs/transcripts.md says which are known. */
#include "parts.h"
#include "responses.h"
#include "transcript.h"

#include <string.h>

static void read_value (draft_t *draft, const json_t *value)
{
    static const char *const KNOWN[] = {"timestamp", "type", "payload", NULL};
    const json_t *payload = json_object_get (value, "payload");
    const char *type = json_string_value (json_object_get (value, "type"));
    draft_at (draft, parts_time (value, "timestamp"));
    if (payload && type && strcmp (type, "response_item") == 0 && responses_is_item (payload)) {
        json_t *outer = parts_rest (value, KNOWN);
        responses_read (draft, payload, outer);
        json_decref (outer);
    } else if (!payload && responses_is_item (value))
        responses_read (draft, value, NULL);
    else
        draft_rest (draft, value);
}

/*  The first line says what the file is. */
static void write_meta (transcript_writer_t *writer)
{
    char at[PARTS_TIME_SIZE];
    parts_write_time (writer->created_at, at);
    json_t *line =
        json_pack ("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}}", "timestamp", at, "type", "session_meta", "payload", "id",
                   writer->session, "timestamp", at, "cwd", "/", "originator", "baton", "cli_version", BATON_VERSION);
    json_dumpf (line, writer->out, JSON_COMPACT | JSON_SORT_KEYS);
    fputc ('\n', writer->out);
    json_decref (line);
}

static void write_item (transcript_writer_t *writer, const item_t *item, const json_t *rest)
{
    (void) rest;
    char at[PARTS_TIME_SIZE];
    json_t *items = responses_of (item);
    if (writer->items == 0)
        write_meta (writer);
    parts_write_time (item->at, at);
    for (size_t i = 0; i < json_array_size (items); i++) {
        json_t *line = json_pack ("{s:s, s:s, s:O}", "timestamp", at, "type", "response_item", "payload",
                                  json_array_get (items, i));
        json_dumpf (line, writer->out, JSON_COMPACT | JSON_SORT_KEYS);
        fputc ('\n', writer->out);
        json_decref (line);
    }
    json_decref (items);
}

const transcript_format_t TRANSCRIPT_codex = {.name = "codex", .read = read_value, .write = write_item};
