/*  msgpack from outside to records. */
#include "record_internal.h"

#include "limits.h"
#include "text.h"
#include "value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  Memory for the decoded form of a small document: so much malloc keeps at hand. */
#define ZONE_SMALL 1000

/*  Where in the document we are, for errors: "policy.k", "options[3]". */
typedef struct {
    char text[BATON_ERROR_FIELD_SIZE];
    size_t length;
    baton_error_t *error;
} path_t;

__attribute__ ((format (printf, 2, 3))) static size_t path_push (path_t *path, const char *format, ...)
{
    size_t before = path->length;
    va_list arguments;
    va_start (arguments, format);
    int added = vsnprintf (path->text + before, sizeof path->text - before, format, arguments);
    va_end (arguments);
    path->length += added > 0 ? (size_t) added : 0;
    if (path->length >= sizeof path->text)
        path->length = sizeof path->text - 1;
    return before;
}

static void path_pop (path_t *path, size_t before)
{
    path->length = before;
    path->text[before] = '\0';
}

#define REFUSE(path, reason, ...)                                                                                      \
    baton_fail_field ((path)->error, BATON_invalid_argument, BATON_REASON_##reason, (path)->text, __VA_ARGS__)

static baton_status decode_map (const record_type_t *type, const msgpack_object_map *map, void *record, path_t *path);

static baton_status wrong_type (path_t *path, const char *wanted)
{
    return REFUSE (path, wrong_type, "field %s must be %s", path->text, wanted);
}

static baton_status too_large (path_t *path, uint64_t is, uint64_t limit, const char *unit)
{
    return REFUSE (path, too_large, "field %s has %llu %s, at most %llu are allowed", path->text,
                   (unsigned long long) is, unit, (unsigned long long) limit);
}

static baton_status check_text (field_kind_t kind, uint64_t limit, const char *text, size_t size, path_t *path)
{
    if (size > limit)
        return too_large (path, size, limit, "bytes");
    if (kind == FIELD_NAME && size > 0 && !name_valid (text, size))
        return REFUSE (path, bad_text,
                       "field %s may have letters, digits and . _ : @ / + - only, and begins with a letter or digit",
                       path->text);
    if (!text_valid (text, size, kind == FIELD_TEXT))
        return REFUSE (path, bad_text, "field %s must be UTF-8 without control characters", path->text);
    return BATON_OK;
}

static baton_status decode_text (field_kind_t kind, uint64_t limit, const msgpack_object *object, char **ret_text,
                                 path_t *path)
{
    if (object->type != MSGPACK_OBJECT_STR)
        return wrong_type (path, "text");
    baton_status status = check_text (kind, limit, object->via.str.ptr, object->via.str.size, path);
    if (status != BATON_OK)
        return status;
    *ret_text = strndup (object->via.str.ptr ? object->via.str.ptr : "", object->via.str.size);
    return *ret_text ? BATON_OK : baton_fail_memory (path->error);
}

static baton_status decode_value (const field_t *field, const msgpack_object *object, baton_bytes_t *ret_value,
                                  path_t *path)
{
    /*  A value as large as a frame is a record of ours in its envelope; what is in that was held to the limit before.
     */
    if (field->limit < LIMIT_FRAME && value_depth (object) > LIMIT_VALUE_DEPTH)
        return REFUSE (path, too_deep, "field %s is nested more than %d levels deep", path->text, LIMIT_VALUE_DEPTH);
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init (&buffer);
    msgpack_packer packer;
    msgpack_packer_init (&packer, &buffer, msgpack_sbuffer_write);
    baton_status status = value_pack (&packer, object, path->error);
    if (status != BATON_OK && path->error)
        snprintf (path->error->field, sizeof path->error->field, "%s", path->text);
    if (status == BATON_OK && buffer.size > field->limit)
        status = too_large (path, buffer.size, field->limit, "bytes");
    if (status != BATON_OK) {
        msgpack_sbuffer_destroy (&buffer);
        return status;
    }
    ret_value->size = buffer.size;
    ret_value->data = (uint8_t *) msgpack_sbuffer_release (&buffer);
    return BATON_OK;
}

static baton_status decode_enum (const field_t *field, const msgpack_object *object, unsigned *ret_value, path_t *path)
{
    if (object->type != MSGPACK_OBJECT_STR)
        return wrong_type (path, "text");
    if (object->via.str.size == 0)
        return BATON_OK;
    unsigned value = enum_value (field->names, object->via.str.ptr, object->via.str.size);
    if (value == 0) {
        char words[256] = "";
        for (unsigned i = 1; i < field->names->count; i++)
            snprintf (words + strlen (words), sizeof words - strlen (words), "%s%s", i > 1 ? ", " : "",
                      field->names->names[i]);
        return REFUSE (path, bad_value, "field %s must be one of %s", path->text, words);
    }
    *ret_value = value;
    return BATON_OK;
}

static baton_status decode_list (const field_t *field, const msgpack_object *object, any_list_t *list, path_t *path)
{
    if (object->type != MSGPACK_OBJECT_ARRAY)
        return wrong_type (path, "a list");
    if (object->via.array.size > field->limit)
        return too_large (path, object->via.array.size, field->limit, "elements");
    for (uint32_t i = 0; i < object->via.array.size; i++) {
        size_t before = path_push (path, "[%u]", i);
        const msgpack_object *element = &object->via.array.ptr[i];
        if (element->type != MSGPACK_OBJECT_MAP)
            return wrong_type (path, "a map");
        void *item = list_append (list, field->type->size);
        if (!item)
            return baton_fail_memory (path->error);
        baton_status status = decode_map (field->type, &element->via.map, item, path);
        if (status != BATON_OK)
            return status;
        path_pop (path, before);
    }
    return BATON_OK;
}

static baton_status decode_texts (const field_t *field, const msgpack_object *object, baton_texts_t *texts,
                                  path_t *path)
{
    if (object->type != MSGPACK_OBJECT_ARRAY)
        return wrong_type (path, "a list of text");
    if (object->via.array.size > field->limit)
        return too_large (path, object->via.array.size, field->limit, "elements");
    for (uint32_t i = 0; i < object->via.array.size; i++) {
        size_t before = path_push (path, "[%u]", i);
        char **item = list_append (texts, sizeof *item);
        if (!item)
            return baton_fail_memory (path->error);
        baton_status status = decode_text (FIELD_LINE, LIMIT_TITLE, &object->via.array.ptr[i], item, path);
        if (status != BATON_OK) {
            texts->count--;
            return status;
        }
        path_pop (path, before);
    }
    return BATON_OK;
}

static baton_status decode_pairs (const field_t *field, const msgpack_object *object, baton_pairs_t *pairs,
                                  path_t *path)
{
    if (object->type != MSGPACK_OBJECT_MAP)
        return wrong_type (path, "a map from name to text");
    if (object->via.map.size > field->limit)
        return too_large (path, object->via.map.size, field->limit, "elements");
    for (uint32_t i = 0; i < object->via.map.size; i++) {
        const msgpack_object_kv *entry = &object->via.map.ptr[i];
        char *key = NULL, *value = NULL;
        baton_status status = decode_text (FIELD_NAME, LIMIT_NAME, &entry->key, &key, path);
        if (status == BATON_OK && pairs_get (pairs, key))
            status = REFUSE (path, duplicate_key, "field %s has the key %s twice", path->text, key);
        if (status == BATON_OK)
            status = decode_text (FIELD_LINE, LIMIT_TITLE, &entry->val, &value, path);
        if (status == BATON_OK && *key == '\0')
            status = REFUSE (path, bad_text, "field %s has an empty key", path->text);
        if (status == BATON_OK && pairs_set (pairs, key, value) != BATON_OK)
            status = baton_fail_memory (path->error);
        free (key);
        free (value);
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

static baton_status decode_field (const field_t *field, const msgpack_object *object, void *at, path_t *path)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_LINE:
    case FIELD_NAME:
        return decode_text (field->kind, field->limit, object, at, path);
    case FIELD_UINT:
        if (object->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
            return wrong_type (path, "a whole number, 0 or more");
        if (field->limit > 0 && object->via.u64 > field->limit)
            return REFUSE (path, too_large, "field %s is %llu, at most %llu is allowed", path->text,
                           (unsigned long long) object->via.u64, (unsigned long long) field->limit);
        *(uint64_t *) at = object->via.u64;
        return BATON_OK;
    case FIELD_FLAG:
        if (object->type != MSGPACK_OBJECT_BOOLEAN)
            return wrong_type (path, "true or false");
        *(bool *) at = object->via.boolean;
        return BATON_OK;
    case FIELD_BYTES:
        if (object->type != MSGPACK_OBJECT_BIN)
            return wrong_type (path, "bytes");
        if (object->via.bin.size > field->limit)
            return too_large (path, object->via.bin.size, field->limit, "bytes");
        return bytes_set (at, object->via.bin.ptr, object->via.bin.size) == BATON_OK ? BATON_OK
                                                                                     : baton_fail_memory (path->error);
    case FIELD_VALUE:
        return decode_value (field, object, at, path);
    case FIELD_ENUM:
        return decode_enum (field, object, at, path);
    case FIELD_INNER:
        if (object->type != MSGPACK_OBJECT_MAP)
            return wrong_type (path, "a map");
        return decode_map (field->type, &object->via.map, at, path);
    case FIELD_LIST:
        return decode_list (field, object, at, path);
    case FIELD_TEXTS:
        return decode_texts (field, object, at, path);
    case FIELD_PAIRS:
        return decode_pairs (field, object, at, path);
    }
    return BATON_OK;
}

static const field_t *field_of_key (const record_type_t *type, const msgpack_object_str *key)
{
    for (const field_t *field = type->fields (); field->name; field++)
        if (strlen (field->name) == key->size && memcmp (field->name, key->ptr, key->size) == 0)
            return field;
    return NULL;
}

static baton_status check_required (const record_type_t *type, const void *record, path_t *path)
{
    for (const field_t *field = type->fields (); field->name; field++)
        if (field->required && field_empty (field, field_const_at (record, field))) {
            path_push (path, "%s%s", path->length > 0 ? "." : "", field->name);
            return REFUSE (path, missing_field, "field %s is required", path->text);
        }
    return BATON_OK;
}

static bool key_repeats (const msgpack_object_map *map, uint32_t index)
{
    const msgpack_object_str *key = &map->ptr[index].key.via.str;
    for (uint32_t i = 0; i < index; i++) {
        const msgpack_object_str *other = &map->ptr[i].key.via.str;
        if (other->size == key->size && (key->size == 0 || memcmp (other->ptr, key->ptr, key->size) == 0))
            return true;
    }
    return false;
}

static baton_status decode_map (const record_type_t *type, const msgpack_object_map *map, void *record, path_t *path)
{
    if (map->size > RECORD_KEYS_MOST)
        return REFUSE (path, too_large, "a map has %u keys, at most %d are allowed", map->size, RECORD_KEYS_MOST);
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object *key = &map->ptr[i].key;
        if (key->type != MSGPACK_OBJECT_STR)
            return REFUSE (path, wrong_type, "a map's keys are text");
        if (key_repeats (map, i))
            return REFUSE (path, duplicate_key, "the key %.*s stands there twice",
                           (int) (key->via.str.size < 40 ? key->via.str.size : 40), key->via.str.ptr);
        const field_t *field = field_of_key (type, &key->via.str);
        if (!field || map->ptr[i].val.type == MSGPACK_OBJECT_NIL)
            continue;
        size_t before = path_push (path, "%s%s", path->length > 0 ? "." : "", field->name);
        baton_status status = decode_field (field, &map->ptr[i].val, field_at (record, field), path);
        if (status != BATON_OK)
            return status;
        path_pop (path, before);
    }
    return check_required (type, record, path);
}

static baton_status decode_into (const record_type_t *type, const uint8_t *data, size_t size, void *record,
                                 path_t *path)
{
    baton_status status = value_check (data, size, path->error);
    if (status != BATON_OK)
        return status;
    msgpack_zone zone;
    msgpack_object value;
    if (!msgpack_zone_init (&zone, size < ZONE_SMALL / 2 ? ZONE_SMALL : MSGPACK_ZONE_CHUNK_SIZE))
        return baton_fail_memory (path->error);
    msgpack_unpack_return got = msgpack_unpack ((const char *) data, size, NULL, &zone, &value);
    if (got == MSGPACK_UNPACK_NOMEM_ERROR)
        status = baton_fail_memory (path->error);
    else if (got != MSGPACK_UNPACK_SUCCESS)
        status = REFUSE (path, malformed, "not a msgpack value");
    else if (value.type != MSGPACK_OBJECT_MAP)
        status = REFUSE (path, malformed, "a %s is a map", type->name);
    else
        status = decode_map (type, &value.via.map, record, path);
    msgpack_zone_destroy (&zone);
    return status;
}

baton_status record_decode (const record_type_t *type, const uint8_t *data, size_t size, void *ret_record,
                            baton_error_t *error)
{
    static const uint8_t EMPTY_MAP[] = {0x80};
    path_t path = {.error = error};
    if (size > LIMIT_FRAME)
        return REFUSE (&path, too_large, "%zu bytes, at most %u are allowed", size, LIMIT_FRAME);
    void *record = calloc (1, type->size + 1);
    if (!record)
        return baton_fail_memory (error);
    baton_status status = size > 0 ? decode_into (type, data, size, record, &path)
                                   : decode_into (type, EMPTY_MAP, sizeof EMPTY_MAP, record, &path);
    if (status == BATON_OK) {
        record_clear (type, ret_record);
        memcpy (ret_record, record, type->size);
    } else
        record_clear (type, record);
    free (record);
    return status;
}
