#include "view.h"

#include "json.h"
#include "schema.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void view_time (uint64_t milliseconds, char ret_text[VIEW_TIME_SIZE])
{
    time_t seconds = (time_t) (milliseconds / 1000);
    struct tm parts;
    if (!gmtime_r (&seconds, &parts) || strftime (ret_text, VIEW_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf (ret_text, VIEW_TIME_SIZE, "%llu", (unsigned long long) milliseconds);
}

void view_duration (uint64_t milliseconds, char ret_text[VIEW_DURATION_SIZE])
{
    static const struct {
        const char *unit;
        uint64_t milliseconds;
    } UNITS[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    size_t used = 0;
    snprintf (ret_text, VIEW_DURATION_SIZE, "0s");
    for (size_t i = 0, shown = 0; i < 5 && shown < 2; i++) {
        uint64_t count = milliseconds / UNITS[i].milliseconds;
        milliseconds %= UNITS[i].milliseconds;
        if (count > 0)
            used += (size_t) snprintf (ret_text + used, VIEW_DURATION_SIZE - used, "%llu%s", (unsigned long long) count,
                                       UNITS[i].unit);
        shown += count > 0 || shown > 0 ? 1 : 0;
    }
}

/* ---- numbers ---- */

static bool ends_with (const char *text, const char *end)
{
    size_t length = strlen (text), size = strlen (end);
    return length >= size && strcmp (text + length - size, end) == 0;
}

static bool is_time (const char *name)
{
    static const char *const TIMES[] = {"at", "since", "until", "deadline", "now", "next", "time"};
    for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++)
        if (strcmp (name, TIMES[i]) == 0)
            return true;
    return ends_with (name, "_at");
}

static char *number_text (const char *name, uint64_t number)
{
    char text[VIEW_DURATION_SIZE];
    if (is_time (name))
        view_time (number, text);
    else if (strcmp (name, "ttl") == 0 || strcmp (name, "patience") == 0 || strcmp (name, "duration") == 0 ||
             strcmp (name, "run_time") == 0)
        view_duration (number, text);
    else
        snprintf (text, sizeof text, "%llu", (unsigned long long) number);
    return strdup (text);
}

/* ---- what has parts ---- */

/*  A growing text; NULL once there is no memory. */
typedef struct {
    char *text;
    size_t size;
    FILE *stream;
} writer_t;

static bool writer_open (writer_t *writer)
{
    *writer = (writer_t){0};
    writer->stream = open_memstream (&writer->text, &writer->size);
    return writer->stream != NULL;
}

static char *writer_close (writer_t *writer)
{
    if (fclose (writer->stream) != 0 || writer->size == 0) {
        free (writer->text);
        return NULL;
    }
    return writer->text;
}

static char *texts_text (const baton_texts_t *texts)
{
    writer_t writer;
    if (!writer_open (&writer))
        return NULL;
    for (size_t i = 0; i < texts->count; i++)
        fprintf (writer.stream, "%s%s", i > 0 ? ", " : "", texts->items[i] ? texts->items[i] : "");
    return writer_close (&writer);
}

static char *pairs_text (const baton_pairs_t *pairs)
{
    writer_t writer;
    if (!writer_open (&writer))
        return NULL;
    for (size_t i = 0; i < pairs->count; i++)
        fprintf (writer.stream, "%s%s=%s", i > 0 ? "," : "", pairs->items[i].key,
                 pairs->items[i].value ? pairs->items[i].value : "");
    return writer_close (&writer);
}

/*  "quorum:2", as it is written on the command line. */
static char *policy_text (const policy_t *policy)
{
    writer_t writer;
    if (!writer_open (&writer))
        return NULL;
    fputs (policy->kind ? enum_name (&policy_kind_names, policy->kind) : "first", writer.stream);
    uint64_t number = policy->k > 0 ? policy->k : policy->of;
    if (number > 0)
        fprintf (writer.stream, ":%llu", (unsigned long long) number);
    for (size_t i = 0; i < policy->people.count; i++)
        fprintf (writer.stream, "%s%s", i > 0 ? "," : ":", policy->people.items[i]);
    for (size_t i = 0; i < policy->exclude.count; i++)
        fprintf (writer.stream, "%s%s", i > 0 ? "," : " not ", policy->exclude.items[i]);
    fputs (policy->veto ? " veto" : "", writer.stream);
    return writer_close (&writer);
}

static char *inner_text (const record_type_t *type, const void *record)
{
    if (type == &RECORD_policy)
        return policy_text (record);
    writer_t writer;
    if (!writer_open (&writer))
        return NULL;
    bool first = true;
    for (const field_t *field = type->fields (); field->name; field++) {
        char *text = view_field (field, (const char *) record + field->offset);
        if (text)
            fprintf (writer.stream, "%s%s=%s", first ? "" : " ", field->name, text);
        first = first && !text;
        free (text);
    }
    return writer_close (&writer);
}

/*  A value that is a text reads as that text, anything else as JSON. */
static char *value_text (const baton_bytes_t *value)
{
    json_t *json = json_from_value (value->data, value->size);
    char *text = json_is_string (json) ? strdup (json_string_value (json))
                 : json                ? json_dumps (json, JSON_COMPACT | JSON_ENCODE_ANY | json_digits (json))
                                       : NULL;
    json_decref (json);
    return text;
}

/*  What a part says; what is no text says first what it is. */
static char *part_text (const part_t *part)
{
    writer_t writer;
    if (!writer_open (&writer))
        return NULL;
    char *value = part->value.size > 0 ? value_text (&part->value) : NULL;
    const char *const words[] = {part->kind == part_kind_text ? NULL : enum_name (&part_kind_names, part->kind),
                                 part->tool,
                                 part->error ? "failed" : NULL,
                                 part->media_type,
                                 part->text,
                                 value};
    bool first = true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i] && *words[i]) {
            fprintf (writer.stream, "%s%s", first ? "" : " ", words[i]);
            first = false;
        }
    free (value);
    return writer_close (&writer);
}

/*  The words of the parts of an item are what one looks for; of any other list, how long it is. */
static char *list_text (const field_t *field, const void *at)
{
    const struct {
        size_t count;
        const char *items;
    } *list = at;
    if (field->type != &RECORD_part)
        return number_text ("count", list->count);
    writer_t writer;
    if (!writer_open (&writer))
        return NULL;
    for (size_t i = 0; i < list->count; i++) {
        char *text = part_text ((const void *) (list->items + i * field->type->size));
        fprintf (writer.stream, "%s%s", i > 0 ? " | " : "", text ? text : "");
        free (text);
    }
    return writer_close (&writer);
}

static char *size_text (size_t size)
{
    char text[32];
    snprintf (text, sizeof text, "%zu bytes", size);
    return strdup (text);
}

char *view_field (const field_t *field, const void *at)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_LINE:
    case FIELD_NAME: {
        const char *text = *(char *const *) at;
        return text && *text ? strdup (text) : NULL;
    }
    case FIELD_UINT:
        return *(const uint64_t *) at > 0 ? number_text (field->name, *(const uint64_t *) at) : NULL;
    case FIELD_FLAG:
        return *(const bool *) at ? strdup ("yes") : NULL;
    case FIELD_ENUM:
        return *(const unsigned *) at > 0 ? strdup (enum_name (field->names, *(const unsigned *) at)) : NULL;
    case FIELD_BYTES:
        return *(const size_t *) at > 0 ? size_text (*(const size_t *) at) : NULL;
    case FIELD_VALUE:
        return *(const size_t *) at > 0 ? value_text (at) : NULL;
    case FIELD_INNER:
        return inner_text (field->type, at);
    case FIELD_LIST:
        return *(const size_t *) at > 0 ? list_text (field, at) : NULL;
    case FIELD_TEXTS:
        return texts_text (at);
    case FIELD_PAIRS:
        return pairs_text (at);
    }
    return NULL;
}

/* ---- paths ---- */

/*  One path without slashes. */
static char *step (const record_type_t *type, const void *record, const char *path, size_t length)
{
    char name[LIMIT_NAME];
    size_t dot = strcspn (path, ".");
    size_t head = dot < length ? dot : length;
    snprintf (name, sizeof name, "%.*s", (int) head, path);
    const field_t *field = record_field (type, name);
    if (!field)
        return NULL;
    const void *at = (const char *) record + field->offset;
    return head < length ? step (field->type, at, path + head + 1, length - head - 1) : view_field (field, at);
}

char *view_path (const record_type_t *type, const void *record, const char *path)
{
    if (!strchr (path, '/'))
        return step (type, record, path, strlen (path));
    writer_t writer;
    if (!writer_open (&writer))
        return NULL;
    bool first = true;
    for (size_t length; *path; path += length + (path[length] ? 1 : 0)) {
        length = strcspn (path, "/");
        char *text = step (type, record, path, length);
        if (text)
            fprintf (writer.stream, "%s%s", first ? "" : "/", text);
        first = first && !text;
        free (text);
    }
    return writer_close (&writer);
}
