#include "json.h"

#include <jansson.h>
#include <msgpack.h>
#include <sodium.h>
#include <stdlib.h>

static json_t *convert (const msgpack_object *value);

static json_t *convert_binary (const msgpack_object_bin *binary)
{
    size_t size = sodium_base64_encoded_len (binary->size, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc (size);
    if (!text)
        return NULL;
    sodium_bin2base64 (text, size, (const unsigned char *) binary->ptr, binary->size, sodium_base64_VARIANT_ORIGINAL);
    json_t *json = json_string (text);
    free (text);
    return json;
}

static json_t *convert_array (const msgpack_object_array *array)
{
    json_t *json = json_array ();
    for (uint32_t i = 0; i < array->size; i++)
        json_array_append_new (json, convert (&array->ptr[i]));
    return json;
}

static json_t *convert_map (const msgpack_object_map *map)
{
    json_t *json = json_object ();
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object_str *key = &map->ptr[i].key.via.str;
        char *name = map->ptr[i].key.type == MSGPACK_OBJECT_STR ? strndup (key->ptr, key->size) : NULL;
        if (name)
            json_object_set_new (json, name, convert (&map->ptr[i].val));
        free (name);
    }
    return json;
}

static json_t *convert (const msgpack_object *value)
{
    switch (value->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        return json_boolean (value->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return value->via.u64 <= INT64_MAX ? json_integer ((json_int_t) value->via.u64)
                                           : json_real ((double) value->via.u64);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return json_integer (value->via.i64);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return json_real (value->via.f64);
    case MSGPACK_OBJECT_STR:
        return json_stringn (value->via.str.ptr, value->via.str.size);
    case MSGPACK_OBJECT_BIN:
        return convert_binary (&value->via.bin);
    case MSGPACK_OBJECT_ARRAY:
        return convert_array (&value->via.array);
    case MSGPACK_OBJECT_MAP:
        return convert_map (&value->via.map);
    default:
        return json_null ();
    }
}

baton_status json_from_value (const baton_bytes_t *value, char **ret_text)
{
    msgpack_unpacked unpacked;
    msgpack_unpacked_init (&unpacked);
    bool whole = value->size > 0 && msgpack_unpack_next (&unpacked, (const char *) value->data, value->size, NULL) ==
                                        MSGPACK_UNPACK_SUCCESS;
    json_t *json = whole ? convert (&unpacked.data) : json_null ();
    msgpack_unpacked_destroy (&unpacked);
    char *text = json ? json_dumps (json, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    json_decref (json);
    if (!text)
        return BATON_resource_exhausted;
    *ret_text = text;
    return BATON_OK;
}
