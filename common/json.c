#include "json.h"

#include "value.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static json_t *from_object (const msgpack_object *object);

static json_t *from_bytes (const msgpack_object_bin *bytes)
{
    size_t size = sodium_base64_encoded_len (bytes->size, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc (size);
    if (!text)
        return NULL;
    sodium_bin2base64 (text, size, (const unsigned char *) bytes->ptr, bytes->size, sodium_base64_VARIANT_ORIGINAL);
    json_t *json = json_string (text);
    free (text);
    return json;
}

static json_t *from_array (const msgpack_object_array *array)
{
    json_t *json = json_array ();
    for (uint32_t i = 0; json && i < array->size; i++)
        if (json_array_append_new (json, from_object (&array->ptr[i])) != 0) {
            json_decref (json);
            return NULL;
        }
    return json;
}

static json_t *from_map (const msgpack_object_map *map)
{
    json_t *json = json_object ();
    for (uint32_t i = 0; json && i < map->size; i++) {
        const msgpack_object *key = &map->ptr[i].key;
        /*  msgpack-c gives an empty text as NULL. */
        char *name = key->type == MSGPACK_OBJECT_STR
                         ? strndup (key->via.str.size ? key->via.str.ptr : "", key->via.str.size)
                         : NULL;
        if (!name || json_object_set_new (json, name, from_object (&map->ptr[i].val)) != 0) {
            json_decref (json);
            json = NULL;
        }
        free (name);
    }
    return json;
}

/*  Exact, as text: jansson's integers end at 2^63 - 1, and a real would round. */
static json_t *from_large (uint64_t number)
{
    char text[24];
    snprintf (text, sizeof text, "%" PRIu64, number);
    return json_string (text);
}

static json_t *from_object (const msgpack_object *object)
{
    switch (object->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        return json_boolean (object->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return object->via.u64 <= INT64_MAX ? json_integer ((json_int_t) object->via.u64)
                                            : from_large (object->via.u64);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return json_integer (object->via.i64);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64: {
        json_t *real = json_real (object->via.f64);
        return real ? real : json_null (); /*  JSON knows no infinity */
    }
    case MSGPACK_OBJECT_STR:
        return json_stringn (object->via.str.ptr ? object->via.str.ptr : "", object->via.str.size);
    case MSGPACK_OBJECT_BIN:
        return from_bytes (&object->via.bin);
    case MSGPACK_OBJECT_ARRAY:
        return from_array (&object->via.array);
    case MSGPACK_OBJECT_MAP:
        return from_map (&object->via.map);
    case MSGPACK_OBJECT_NIL:
    case MSGPACK_OBJECT_EXT:
        break;
    }
    return json_null ();
}

json_t *json_from_value (const uint8_t *data, size_t size)
{
    if (value_check (data, size, NULL) != BATON_OK)
        return NULL;
    msgpack_unpacked unpacked;
    msgpack_unpacked_init (&unpacked);
    size_t offset = 0;
    json_t *json = NULL;
    if (msgpack_unpack_next (&unpacked, (const char *) data, size, &offset) == MSGPACK_UNPACK_SUCCESS)
        json = from_object (&unpacked.data);
    msgpack_unpacked_destroy (&unpacked);
    return json;
}

/*  Jansson prints all 17 digits unless told; 15 are enough for whatever has been written with so many. */
static int digits_of (double number)
{
    char text[32];
    for (int digits = 15; digits < 17; digits++) {
        snprintf (text, sizeof text, "%.*g", digits, number);
        if (strtod (text, NULL) == number)
            return digits;
    }
    return 17;
}

static int most_digits (const json_t *json)
{
    const char *key;
    json_t *element;
    int most = 15, digits;
    if (json_is_real (json))
        return digits_of (json_real_value (json));
    json_object_foreach ((json_t *) json, key, element)
    {
        digits = most_digits (element);
        most = digits > most ? digits : most;
    }
    for (size_t i = 0; i < json_array_size (json); i++) {
        digits = most_digits (json_array_get (json, i));
        most = digits > most ? digits : most;
    }
    return most;
}

size_t json_digits (const json_t *json)
{
    return JSON_REAL_PRECISION ((size_t) most_digits (json));
}

char *json_line (const uint8_t *data, size_t size)
{
    json_t *json = size > 0 ? json_from_value (data, size) : json_null ();
    char *text = json ? json_dumps (json, JSON_COMPACT | JSON_ENCODE_ANY | json_digits (json)) : NULL;
    json_decref (json);
    return text;
}

/* ---- from JSON ---- */

static int pack_text (msgpack_packer *packer, const char *text, size_t size)
{
    return msgpack_pack_str (packer, size) || msgpack_pack_str_body (packer, text, size);
}

static int pack_json (msgpack_packer *packer, const json_t *json)
{
    switch (json_typeof (json)) {
    case JSON_OBJECT: {
        const char *key;
        json_t *element;
        int failed = msgpack_pack_map (packer, json_object_size (json));
        json_object_foreach ((json_t *) json, key, element)
        {
            failed = failed || pack_text (packer, key, strlen (key)) || pack_json (packer, element);
        }
        return failed;
    }
    case JSON_ARRAY: {
        int failed = msgpack_pack_array (packer, json_array_size (json));
        for (size_t i = 0; i < json_array_size (json) && !failed; i++)
            failed = pack_json (packer, json_array_get (json, i));
        return failed;
    }
    case JSON_STRING:
        return pack_text (packer, json_string_value (json), json_string_length (json));
    case JSON_INTEGER:
        return msgpack_pack_int64 (packer, json_integer_value (json));
    case JSON_REAL:
        return msgpack_pack_double (packer, json_real_value (json));
    case JSON_TRUE:
        return msgpack_pack_true (packer);
    case JSON_FALSE:
        return msgpack_pack_false (packer);
    case JSON_NULL:
        return msgpack_pack_nil (packer);
    }
    return -1;
}

/*  Puts keys in order and checks texts and depth. */
static baton_status make_canonical (const msgpack_sbuffer *loose, msgpack_packer *packer, baton_error_t *error)
{
    baton_status status = value_check ((const uint8_t *) loose->data, loose->size, error);
    if (status != BATON_OK)
        return status;
    msgpack_unpacked unpacked;
    msgpack_unpacked_init (&unpacked);
    size_t offset = 0;
    msgpack_unpack_return got = msgpack_unpack_next (&unpacked, loose->data, loose->size, &offset);
    status = got == MSGPACK_UNPACK_SUCCESS ? value_pack (packer, &unpacked.data, error) : baton_fail_memory (error);
    msgpack_unpacked_destroy (&unpacked);
    return status;
}

baton_status json_to_value (const json_t *json, baton_bytes_t *ret_value, baton_error_t *error)
{
    msgpack_sbuffer loose, canonical;
    msgpack_sbuffer_init (&loose);
    msgpack_sbuffer_init (&canonical);
    msgpack_packer packer;
    msgpack_packer_init (&packer, &loose, msgpack_sbuffer_write);
    baton_status status = pack_json (&packer, json) == 0 ? BATON_OK : baton_fail_memory (error);
    msgpack_packer_init (&packer, &canonical, msgpack_sbuffer_write);
    if (status == BATON_OK)
        status = make_canonical (&loose, &packer, error);
    msgpack_sbuffer_destroy (&loose);
    if (status == BATON_OK) {
        bytes_clear (ret_value);
        ret_value->size = canonical.size;
        ret_value->data = (uint8_t *) msgpack_sbuffer_release (&canonical);
    }
    msgpack_sbuffer_destroy (&canonical);
    return status;
}
