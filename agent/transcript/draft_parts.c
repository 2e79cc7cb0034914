/*  From values of a transcript to parts of an item: what fits is kept as it is, what is long becomes an artifact. */
#include "draft_internal.h"

#include "json.h"
#include "shown.h"

#include <stdlib.h>
#include <string.h>

/*  What is left of a session's limits for those who go on with it. */
#define ARTIFACTS_LEFT 16
#define PINS_LEFT 32

/* ---- what is long ---- */

/*  Names a part after its place: line-12.3, and its pieces line-12.3.1 and on. */
static void name_of (const draft_t *self, size_t piece, char ret_name[LIMIT_NAME])
{
    int length = snprintf (ret_name, LIMIT_NAME, "line-%llu.%u", (unsigned long long) self->line, self->line_parts);
    if (piece > 0)
        snprintf (ret_name + length, LIMIT_NAME - (size_t) length, ".%zu", piece);
}

static void put_piece (draft_t *self, const char *name, const char *data, size_t size, const char *type)
{
    char digest[DIGEST_SIZE];
    baton_bytes_t content = {size, (uint8_t *) data};
    digest_of (data, size, digest);
    if (self->status == BATON_OK && self->to.content)
        self->status = self->to.content (self->to.self, digest, &content, &self->error);
    draft_emit (
        self, EVENT_artifact_put,
        &(artifact_put_event_t){.name = (char *) name, .digest = digest, .size = size, .media_type = (char *) type},
        NULL, self->open);
    self->counts.artifacts++;
}

/*  Puts a content into artifacts and gives what names them: {"artifact": first, "pieces": how many, "bytes": in all}.
 *  What there is no room for is counted. */
static json_t *put_aside (draft_t *self, const char *data, size_t size, const char *type)
{
    char name[LIMIT_NAME];
    size_t pieces = (size + LIMIT_ARTIFACT - 1) / LIMIT_ARTIFACT, done = 0;
    self->line_parts++;
    for (size_t i = 0; i < pieces; i++) {
        size_t length = size - done < LIMIT_ARTIFACT ? size - done : LIMIT_ARTIFACT;
        if (self->counts.artifacts >= LIMIT_ARTIFACTS - ARTIFACTS_LEFT)
            break;
        name_of (self, i, name);
        put_piece (self, name, data + done, length, type);
        done += length;
    }
    self->counts.left_out += size - done;
    name_of (self, 0, name);
    return done > 0 ? json_pack ("{s:s, s:I, s:I, s:I}", "artifact", name, "pieces",
                                 (json_int_t) ((done + LIMIT_ARTIFACT - 1) / LIMIT_ARTIFACT), "bytes",
                                 (json_int_t) size, "left_out", (json_int_t) (size - done))
                    : json_pack ("{s:I, s:I}", "bytes", (json_int_t) size, "left_out", (json_int_t) size);
}

/* ---- values ---- */

static void encode (draft_t *self, const json_t *json, baton_bytes_t *ret_value)
{
    baton_error_t error = {0};
    baton_status status = json ? json_to_value (json, ret_value, &error) : BATON_resource_exhausted;
    if (status != BATON_OK && self->status == BATON_OK) {
        self->error = error;
        self->status = json ? status : baton_fail_memory (&self->error);
    }
}

/*  A record has no field of which it says that it is null: where there has to be a value, that is one in words. */
void draft_value (draft_t *self, const json_t *json, baton_bytes_t *ret_value)
{
    bool changed = false;
    json_t *shown = shown_json (json, &changed);
    if (shown && (json_is_null (shown) || shown_depth (shown) > LIMIT_VALUE_DEPTH)) {
        char *text = json_dumps (shown, JSON_COMPACT | JSON_ENCODE_ANY);
        json_decref (shown);
        shown = text ? json_string_nocheck (text) : NULL;
        free (text);
    }
    self->counts.shown += changed ? 1 : 0;
    encode (self, shown, ret_value);
    if (ret_value->size > LIMIT_TRANSCRIPT_PART) {
        char *text = json_dumps (json, JSON_COMPACT | JSON_ENCODE_ANY);
        json_t *aside = text ? put_aside (self, text, strlen (text), "application/json") : NULL;
        encode (self, aside, ret_value);
        json_decref (aside);
        free (text);
    }
    json_decref (shown);
}

/* ---- parts ---- */

/*  Room for a part, in the item of that role. What the system says stays in a window for ever, so only the first of it
 *  keeps that role. */
static part_t *add_part (draft_t *self, item_role_e role, part_kind_e kind)
{
    item_t *item = &self->item;
    if (role == item_role_system && self->pinned >= LIMIT_PINS - PINS_LEFT)
        role = item_role_user;
    if (item->parts.count > 0 && (item->role != role || item->parts.count >= LIMIT_OPTIONS ||
                                  self->item_bytes + 2 * LIMIT_TRANSCRIPT_PART > LIMIT_ITEM))
        draft_flush (self);
    item->role = role;
    part_t *part = self->status == BATON_OK ? list_append (&item->parts, sizeof *part) : NULL;
    if (part)
        part->kind = kind;
    else if (self->status == BATON_OK)
        self->status = baton_fail_memory (&self->error);
    return part;
}

/*  Cuts a text before a byte that is inside a character. */
static size_t cut_at (const char *text, size_t size)
{
    while (size > 0 && ((unsigned char) text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

/*  A text whole, or its beginning and where the rest is. */
static void set_text (draft_t *self, part_t *part, const json_t *json)
{
    bool changed = false;
    const char *text = json_string_value (json);
    size_t size = json_string_length (json);
    char *shown = shown_text (text, size, &changed);
    self->counts.shown += changed ? 1 : 0;
    if (shown && strlen (shown) > LIMIT_TRANSCRIPT_PART) {
        json_t *aside = put_aside (self, text, size, "text/plain");
        encode (self, aside, &part->value);
        const char *name = json_string_value (json_object_get (aside, "artifact"));
        size_t kept = cut_at (shown, LIMIT_TRANSCRIPT_PART / 4);
        snprintf (shown + kept, 128, "\n[%zu bytes in all: %s%s]", size, name ? "the artifact " : "left out",
                  name ? name : "");
        json_decref (aside);
    }
    part->text = shown;
    if (!shown)
        draft_fail (self, baton_fail_memory (&self->error));
}

static void weigh (draft_t *self, const part_t *part)
{
    self->item_bytes += (part->text ? strlen (part->text) : 0) + part->value.size;
}

/*  The first line of what the user says is a title, until there is a better one. */
static void take_title (draft_t *self, const char *text)
{
    text += strspn (text, " \t\n");
    if (*self->title || !*text || *text == '<')
        return;
    size_t length = strcspn (text, "\n");
    length = length < 80 ? length : cut_at (text, 80);
    snprintf (self->title, sizeof self->title, "%.*s", (int) length, text);
}

void draft_text (draft_t *self, item_role_e role, const json_t *text)
{
    if (json_string_length (text) == 0)
        return;
    part_t *part = add_part (self, role, part_kind_text);
    if (!part)
        return;
    set_text (self, part, text);
    weigh (self, part);
    if (role == item_role_user && part->text)
        take_title (self, part->text);
}

void draft_json (draft_t *self, item_role_e role, const json_t *value)
{
    part_t *part = add_part (self, role, part_kind_json);
    if (!part)
        return;
    draft_value (self, value, &part->value);
    weigh (self, part);
}

/* ---- calls and results ---- */

/*  An id or a name as a line of that length; a longer or odd one is replaced by a digest of it, which pairs as well. */
static char *line_from (const json_t *json, const char *fallback)
{
    char digest[DIGEST_SIZE];
    const char *text = json_is_string (json) ? json_string_value (json) : fallback;
    const record_type_t *type = &RECORD_part;
    part_t probe = {.kind = part_kind_text, .call = (char *) text};
    if (*text && record_check (type, &probe, NULL) == BATON_OK)
        return strdup (text);
    digest_of (text, strlen (text), digest);
    return strndup (digest, 40);
}

void draft_call (draft_t *self, const json_t *call, const json_t *tool, const json_t *arguments)
{
    part_t *part = add_part (self, item_role_assistant, part_kind_tool_call);
    if (!part)
        return;
    part->call = line_from (call, "");
    part->tool = line_from (tool, "unknown");
    if (!part->call || !part->tool || texts_add (&self->calls, part->call) != BATON_OK)
        draft_fail (self, baton_fail_memory (&self->error));
    if (arguments && !json_is_null (arguments))
        draft_value (self, arguments, &part->value);
    weigh (self, part);
}

/*  Takes a call from those that wait; false when it is none of them. */
static bool answer (draft_t *self, const char *call)
{
    for (size_t i = 0; i < self->calls.count; i++)
        if (strcmp (self->calls.items[i], call) == 0) {
            free (self->calls.items[i]);
            self->calls.items[i] = self->calls.items[--self->calls.count];
            return true;
        }
    return false;
}

static void add_uncalled (draft_t *self, const json_t *call, const json_t *result)
{
    json_t *value = json_pack ("{s:s, s:O?, s:O?}", "type", "tool_result", "call", call, "content", result);
    self->counts.uncalled++;
    if (value)
        draft_json (self, item_role_user, value);
    json_decref (value);
}

void draft_result (draft_t *self, const json_t *call, const json_t *result, bool failed)
{
    char *id = line_from (call, "");
    if (!id || !answer (self, id)) {
        add_uncalled (self, call, result);
        free (id);
        return;
    }
    part_t *part = add_part (self, item_role_tool, part_kind_tool_result);
    if (!part) {
        free (id);
        return;
    }
    part->call = id;
    part->error = failed;
    if (json_is_string (result))
        set_text (self, part, result);
    else if (result && !json_is_null (result))
        draft_value (self, result, &part->value);
    weigh (self, part);
}

void draft_unanswered (draft_t *self, const char *call)
{
    static const char TEXT[] = "the transcript has no result of this call";
    part_t part = {.kind = part_kind_tool_result, .call = (char *) call, .text = (char *) TEXT, .error = true};
    draft_emit (self, EVENT_item_appended,
                &(item_appended_event_t){.role = item_role_tool,
                                         .parts = {1, &part},
                                         .tokens = sizeof TEXT / 4,
                                         .estimated = true,
                                         .synthetic = true},
                NULL, true);
    self->counts.items++;
    self->counts.unanswered++;
}

void draft_unreadable (draft_t *self, const char *text, size_t size, const char *why)
{
    size_t fixed_size = size;
    char *fixed = shown_repair (text, size, &fixed_size);
    json_t *said = json_stringn (fixed ? fixed : text, fixed_size);
    json_t *rest = said ? json_pack ("{s:s, s:o}", "unreadable", why, "text", said) : NULL;
    if (rest)
        draft_rest (self, rest);
    self->counts.unreadable++;
    json_decref (rest);
    free (fixed);
}

void draft_title (draft_t *self, const json_t *title)
{
    if (!json_is_string (title) || json_string_length (title) == 0)
        return;
    self->title[0] = '\0';
    bool changed = false;
    char *shown = shown_text (json_string_value (title), json_string_length (title), &changed);
    if (shown)
        take_title (self, shown);
    free (shown);
}
