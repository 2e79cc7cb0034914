#include "parse.h"

#include "json.h"
#include "limits.h"
#include "schema.h"
#include "value.h"
#include "view.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*  Whoever reads an error knows fields as flags. */
#define REFUSE(field, ...)                                                                                             \
    baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, (field)->name, __VA_ARGS__)

/* ---- what stands in files ---- */

static baton_status read_stream (FILE *stream, const char *name, uint64_t limit, baton_bytes_t *ret_bytes,
                                 baton_error_t *error)
{
    baton_bytes_t bytes = {0};
    baton_status status = BATON_OK;
    char buffer[16384];
    size_t got;
    while (status == BATON_OK && (got = fread (buffer, 1, sizeof buffer, stream)) > 0) {
        uint8_t *data = realloc (bytes.data, bytes.size + got);
        if (!data) {
            status = baton_fail_memory (error);
            break;
        }
        memcpy (data + bytes.size, buffer, got);
        bytes = (baton_bytes_t){bytes.size + got, data};
        if (bytes.size > limit)
            status = baton_fail (error, BATON_invalid_argument, BATON_REASON_too_large,
                                 "%s has more than the %llu bytes that are allowed", name, (unsigned long long) limit);
    }
    if (status == BATON_OK && ferror (stream))
        status = baton_fail (error, BATON_internal, BATON_REASON_none, "can't read %s: %s", name, strerror (errno));
    if (status == BATON_OK)
        *ret_bytes = bytes;
    else
        bytes_clear (&bytes);
    return status;
}

static baton_status read_file (const char *path, uint64_t limit, baton_bytes_t *ret_bytes, baton_error_t *error)
{
    if (strcmp (path, "-") == 0)
        return read_stream (stdin, "standard input", limit, ret_bytes, error);
    FILE *stream = fopen (path, "re");
    if (!stream)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_none, "can't read %s: %s", path,
                           strerror (errno));
    baton_status status = read_stream (stream, path, limit, ret_bytes, error);
    fclose (stream);
    return status;
}

/*  The text itself, or what stands where "@FILE" or "-" points. NUL-terminated; freed by the caller. */
static baton_status read_text (const char *text, uint64_t limit, char **ret_text, baton_error_t *error)
{
    baton_bytes_t bytes = {0};
    bool literal = strcmp (text, "-") != 0 && (text[0] != '@' || text[1] == '@' || !text[1]);
    if (literal) {
        *ret_text = strdup (text[0] == '@' && text[1] == '@' ? text + 1 : text);
        return *ret_text ? BATON_OK : baton_fail_memory (error);
    }
    baton_status status = read_file (text[0] == '@' ? text + 1 : text, limit, &bytes, error);
    if (status != BATON_OK)
        return status;
    if (bytes.size > 0 && memchr (bytes.data, '\0', bytes.size))
        status = baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_text, "%s is not text", text);
    else if (!(*ret_text = strndup (bytes.data ? (char *) bytes.data : "", bytes.size)))
        status = baton_fail_memory (error);
    bytes_clear (&bytes);
    return status;
}

/* ---- kinds ---- */

static baton_status set_duration (const field_t *field, uint64_t *at, const char *text, baton_error_t *error)
{
    char most[VIEW_DURATION_SIZE];
    baton_status status = parse_duration (text, at, error);
    /*  In a request, 0 would be a field that was not given. */
    if (status == BATON_OK && *at == 0)
        return REFUSE (field, "%s must be longer than nothing", field->name);
    view_duration (field->limit, most);
    if (status == BATON_OK && field->limit > 0 && *at > field->limit)
        return REFUSE (field, "%s is longer than the %s that it may be at most: %s", field->name, most, text);
    return status;
}

static baton_status set_number (const field_t *field, uint64_t *at, const char *text, baton_error_t *error)
{
    struct timespec now;
    switch (parse_unit (field)) {
    case UNIT_duration:
        return set_duration (field, at, text, error);
    case UNIT_time:
        clock_gettime (CLOCK_REALTIME, &now);
        return parse_time (text, (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000, at, error);
    case UNIT_count:
        break;
    }
    char *end = NULL;
    errno = 0;
    uint64_t number = strtoull (text, &end, 10);
    if (!isdigit ((unsigned char) *text) || *end || errno != 0)
        return REFUSE (field, "%s must be a whole number, not %s%s", field->name, text,
                       strcmp (field->name, "breakpoint") == 0 ? ": write SESSION/NUMBER" : "");
    if (field->limit > 0 && number > field->limit)
        return REFUSE (field, "%s must be at most %llu, not %s", field->name, (unsigned long long) field->limit, text);
    *at = number;
    return BATON_OK;
}

static baton_status set_flag (const field_t *field, bool *at, const char *text, baton_error_t *error)
{
    bool yes = strcmp (text, "true") == 0;
    if (!yes && strcmp (text, "false") != 0)
        return REFUSE (field, "%s must be true or false, not %s", field->name, text);
    *at = yes;
    return BATON_OK;
}

static baton_status set_enum (const field_t *field, unsigned *at, const char *text, baton_error_t *error)
{
    unsigned value = enum_value (field->names, text, strlen (text));
    if (value == 0) {
        char words[256] = "";
        for (unsigned i = 1; i < field->names->count; i++)
            snprintf (words + strlen (words), sizeof words - strlen (words), "%s%s", i > 1 ? ", " : "",
                      field->names->names[i]);
        return REFUSE (field, "%s must be one of %s, not %s", field->name, words, text);
    }
    *at = value;
    return BATON_OK;
}

/*  JSON when it is that, and else the plain text, without the line feed that `echo` leaves. */
static baton_status set_value (const field_t *field, baton_bytes_t *at, const char *text, baton_error_t *error)
{
    char *content = NULL;
    baton_status status = read_text (text, field->limit, &content, error);
    if (status != BATON_OK)
        return status;
    json_error_t flaw;
    json_t *json = json_loads (content, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &flaw);
    if (json)
        status = json_to_value (json, at, error);
    else if (json_error_code (&flaw) == json_error_numeric_overflow && strchr ("{[", *content))
        status =
            REFUSE (field, "%s has a number beyond 2^63 - 1, or too large for a real: write it as a text", field->name);
    else {
        size_t length = strlen (content);
        if (length > 0 && content[length - 1] == '\n')
            content[length - 1] = '\0';
        status = value_from_text (content, at) == BATON_OK ? BATON_OK : baton_fail_memory (error);
    }
    json_decref (json);
    free (content);
    return status;
}

/*  An element of a list: a JSON object, or just the text of its first field ("src/" for a binding). */
static baton_status add_element (const field_t *field, void *list, const char *text, baton_error_t *error)
{
    baton_bytes_t bytes = {0};
    json_t *json = NULL;
    if (*text == '{')
        json = json_loads (text, JSON_REJECT_DUPLICATES, NULL);
    else
        json = json_pack ("{ss}", field->type->fields ()[0].name, text);
    if (!json)
        return REFUSE (field, "%s must be a JSON object, or the %s alone", field->name, field->type->fields ()[0].name);
    baton_status status = json_to_value (json, &bytes, error);
    json_decref (json);
    void *item = status == BATON_OK ? list_append (list, field->type->size) : NULL;
    if (item)
        status = record_decode (field->type, bytes.data, bytes.size, item, error);
    else if (status == BATON_OK)
        status = baton_fail_memory (error);
    bytes_clear (&bytes);
    return status;
}

static baton_status add_pair (const field_t *field, baton_pairs_t *pairs, const char *text, baton_error_t *error)
{
    const char *sign = strchr (text, '=');
    if (!sign || sign == text)
        return REFUSE (field, "%s must be KEY=VALUE, not %s", field->name, text);
    char *key = strndup (text, (size_t) (sign - text));
    baton_status status = BATON_OK;
    if (!key || pairs_set (pairs, key, sign + 1) != BATON_OK)
        status = baton_fail_memory (error);
    free (key);
    return status;
}

/* ---- policies ---- */

static baton_status add_names (baton_texts_t *texts, const char *names, baton_error_t *error)
{
    char *copy = strdup (names), *rest = NULL;
    baton_status status = copy ? BATON_OK : baton_fail_memory (error);
    for (char *name = copy ? strtok_r (copy, ",", &rest) : NULL; name && status == BATON_OK;
         name = strtok_r (NULL, ",", &rest))
        if (texts_add (texts, name) != BATON_OK)
            status = baton_fail_memory (error);
    free (copy);
    return status;
}

static baton_status set_policy (const field_t *field, policy_t *policy, const char *text, baton_error_t *error)
{
    const char *colon = strchr (text, ':');
    size_t length = colon ? (size_t) (colon - text) : strlen (text);
    unsigned kind = enum_value (&policy_kind_names, text, length);
    uint64_t number = 0;
    char *end = NULL;
    if (colon && isdigit ((unsigned char) colon[1]))
        number = strtoull (colon + 1, &end, 10);
    bool counts = kind == policy_kind_quorum || kind == policy_kind_majority || kind == policy_kind_unanimous;
    if (kind == 0 || (kind == policy_kind_first && colon) || (counts && (number == 0 || *end)) ||
        (kind == policy_kind_named && (!colon || !colon[1])))
        return REFUSE (field, "%s is no policy: write first, quorum:2, majority:3, unanimous:3 or named:alice,bob",
                       text);
    policy->kind = (policy_kind_e) kind;
    if (kind == policy_kind_quorum)
        policy->k = number;
    else if (counts)
        policy->of = number;
    else if (kind == policy_kind_named)
        return add_names (&policy->people, colon + 1, error);
    return BATON_OK;
}

/* ---- fields ---- */

bool parse_repeats (const field_t *field)
{
    return field->kind == FIELD_TEXTS || field->kind == FIELD_PAIRS || field->kind == FIELD_LIST;
}

baton_status parse_field (const field_t *field, void *at, const char *text, baton_error_t *error)
{
    switch (field->kind) {
    case FIELD_LINE:
    case FIELD_NAME:
        return text_set (at, text) == BATON_OK ? BATON_OK : baton_fail_memory (error);
    case FIELD_TEXT:
        return read_text (text, field->limit, at, error);
    case FIELD_UINT:
        return set_number (field, at, text, error);
    case FIELD_FLAG:
        return set_flag (field, at, text, error);
    case FIELD_BYTES:
        return read_file (*text == '@' ? text + 1 : text, field->limit, at, error);
    case FIELD_VALUE:
        return set_value (field, at, text, error);
    case FIELD_ENUM:
        return set_enum (field, at, text, error);
    case FIELD_INNER:
        return set_policy (field, at, text, error); /*  the only record inside a request */
    case FIELD_LIST:
        return add_element (field, at, text, error);
    case FIELD_TEXTS:
        return texts_add (at, text) == BATON_OK ? BATON_OK : baton_fail_memory (error);
    case FIELD_PAIRS:
        return add_pair (field, at, text, error);
    }
    return BATON_OK;
}
