#include "json_text.h"

#include "value.h"

#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 4096

static bool grow (json_text_t *self, size_t more)
{
    if (self->failed || self->capacity - self->size >= more)
        return !self->failed;
    size_t capacity = self->capacity ? self->capacity * 2 : FIRST_CAPACITY;
    while (capacity - self->size < more)
        capacity *= 2;
    char *data = realloc (self->data, capacity);
    if (!data) {
        self->failed = true;
        return false;
    }
    self->data = data;
    self->capacity = capacity;
    return true;
}

static void add (json_text_t *self, const char *text, size_t size)
{
    if (size == 0 || !grow (self, size))
        return;
    memcpy (self->data + self->size, text, size);
    self->size += size;
}

void json_text_raw (json_text_t *self, const char *text)
{
    add (self, text, strlen (text));
}

static void add_escape (json_text_t *self, char letter)
{
    char escape[8];
    const char *known = letter == '\n' ? "\\n" : letter == '\t' ? "\\t" : letter == '"' ? "\\\"" : "\\\\";
    bool plain = letter == '\n' || letter == '\t' || letter == '"' || letter == '\\';
    if (!plain)
        snprintf (escape, sizeof escape, "\\u%04x", (unsigned) (unsigned char) letter);
    json_text_raw (self, plain ? known : escape);
}

#define EACH_BYTE(byte) (0x0101010101010101u * (byte))

/*  Nonzero when any of eight bytes is zero. */
static uint64_t has_zero (uint64_t bytes)
{
    return (bytes - EACH_BYTE (1)) & ~bytes & EACH_BYTE (0x80);
}

/*  Whether eight letters can stay as they are: most texts are long and have hardly any that can't. */
static bool all_plain (const char *text)
{
    uint64_t bytes;
    memcpy (&bytes, text, sizeof bytes);
    uint64_t control = (bytes - EACH_BYTE (0x20)) & ~bytes & EACH_BYTE (0x80);
    return (control | has_zero (bytes ^ EACH_BYTE ('"')) | has_zero (bytes ^ EACH_BYTE ('\\'))) == 0;
}

void json_text_escaped (json_text_t *self, const char *text, size_t size)
{
    size_t from = 0;
    for (size_t at = 0; at < size; at++) {
        while (size - at >= 8 && all_plain (text + at))
            at += 8;
        unsigned char letter = at < size ? (unsigned char) text[at] : 'x';
        if (letter >= 0x20 && letter != '"' && letter != '\\')
            continue;
        add (self, text + from, at - from);
        add_escape (self, text[at]);
        from = at + 1;
    }
    add (self, text + from, size - from);
}

void json_text_string (json_text_t *self, const char *text)
{
    json_text_raw (self, "\"");
    if (text)
        json_text_escaped (self, text, strlen (text));
    json_text_raw (self, "\"");
}

void json_text_number (json_text_t *self, uint64_t number)
{
    char text[24];
    snprintf (text, sizeof text, "%" PRIu64, number);
    json_text_raw (self, text);
}

void json_text_base64 (json_text_t *self, const uint8_t *data, size_t size)
{
    size_t room = sodium_base64_encoded_len (size, sodium_base64_VARIANT_ORIGINAL);
    if (!grow (self, room))
        return;
    sodium_bin2base64 (self->data + self->size, room, data, size, sodium_base64_VARIANT_ORIGINAL);
    self->size += room - 1; /*  what comes next goes over its NUL */
}

/* ---- values ---- */

static void add_object (json_text_t *self, const msgpack_object *object);

static void add_text (json_text_t *self, const msgpack_object_str *text)
{
    json_text_raw (self, "\"");
    json_text_escaped (self, text->ptr, text->size);
    json_text_raw (self, "\"");
}

static void add_list (json_text_t *self, const msgpack_object_array *list)
{
    for (uint32_t i = 0; i < list->size; i++) {
        json_text_raw (self, i > 0 ? "," : "[");
        add_object (self, &list->ptr[i]);
    }
    json_text_raw (self, list->size > 0 ? "]" : "[]");
}

static void add_map (json_text_t *self, const msgpack_object_map *map)
{
    for (uint32_t i = 0; i < map->size; i++) {
        json_text_raw (self, i > 0 ? "," : "{");
        add_object (self, &map->ptr[i].key);
        json_text_raw (self, ":");
        add_object (self, &map->ptr[i].val);
    }
    json_text_raw (self, map->size > 0 ? "}" : "{}");
}

/*  The shortest digits that are read back as the same number; JSON knows no infinity. */
static void add_real (json_text_t *self, double real)
{
    char text[40];
    if (!isfinite (real)) {
        json_text_raw (self, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits += 2) {
        snprintf (text, sizeof text, "%.*g", digits, real);
        if (strtod (text, NULL) == real)
            break;
    }
    json_text_raw (self, text);
    if (!strpbrk (text, ".e"))
        json_text_raw (self, ".0");
}

static void add_object (json_text_t *self, const msgpack_object *object)
{
    char text[24];
    switch (object->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        json_text_raw (self, object->via.boolean ? "true" : "false");
        return;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        json_text_number (self, object->via.u64);
        return;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        snprintf (text, sizeof text, "%" PRId64, object->via.i64);
        json_text_raw (self, text);
        return;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        add_real (self, object->via.f64);
        return;
    case MSGPACK_OBJECT_STR:
        add_text (self, &object->via.str);
        return;
    case MSGPACK_OBJECT_BIN:
        json_text_raw (self, "\"");
        json_text_base64 (self, (const uint8_t *) object->via.bin.ptr, object->via.bin.size);
        json_text_raw (self, "\"");
        return;
    case MSGPACK_OBJECT_ARRAY:
        add_list (self, &object->via.array);
        return;
    case MSGPACK_OBJECT_MAP:
        add_map (self, &object->via.map);
        return;
    case MSGPACK_OBJECT_NIL:
    case MSGPACK_OBJECT_EXT:
        break;
    }
    json_text_raw (self, "null");
}

void json_text_value (json_text_t *self, const baton_bytes_t *value)
{
    msgpack_unpacked unpacked;
    size_t offset = 0;
    if (value_check (value->data, value->size, NULL) != BATON_OK) {
        json_text_raw (self, "null");
        return;
    }
    msgpack_unpacked_init (&unpacked);
    if (msgpack_unpack_next (&unpacked, (const char *) value->data, value->size, &offset) == MSGPACK_UNPACK_SUCCESS)
        add_object (self, &unpacked.data);
    else
        self->failed = true; /*  it was checked, so there is no memory */
    msgpack_unpacked_destroy (&unpacked);
}

void json_text_quoted_value (json_text_t *self, const baton_bytes_t *value)
{
    json_text_t inner = {0};
    json_text_value (&inner, value);
    self->failed = self->failed || inner.failed;
    json_text_raw (self, "\"");
    json_text_escaped (self, inner.data, inner.size);
    json_text_raw (self, "\"");
    json_text_clear (&inner);
}

/* ---- the end ---- */

baton_status json_text_take (json_text_t *self, baton_bytes_t *ret_bytes, baton_error_t *error)
{
    if (self->failed) {
        json_text_clear (self);
        return baton_fail_memory (error);
    }
    *ret_bytes = (baton_bytes_t){self->size, (uint8_t *) self->data};
    *self = (json_text_t){0};
    return BATON_OK;
}

void json_text_clear (json_text_t *self)
{
    free (self->data);
    *self = (json_text_t){0};
}
