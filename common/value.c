#include "value.h"

#include "limits.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/*  What the first byte of a value says: bytes that follow it in the value itself, and values inside it. */
typedef struct {
    size_t bytes;
    uint64_t values;
    bool known;
} shape_t;

static uint64_t read_big_endian (const uint8_t *at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    return number;
}

/*  The formats of the msgpack specification, without ext (0xc7-0xc9, 0xd4-0xd8) and the unused 0xc1. */
static shape_t shape_of (const uint8_t *at, size_t left)
{
    uint8_t first = at[0];
    if (first <= 0x7f || first >= 0xe0 || first == 0xc0 || first == 0xc2 || first == 0xc3)
        return (shape_t){1, 0, true};
    if (first <= 0x8f)
        return (shape_t){1, 2u * (first & 0x0fu), true};
    if (first <= 0x9f)
        return (shape_t){1, first & 0x0fu, true};
    if (first <= 0xbf)
        return (shape_t){1u + (first & 0x1fu), 0, true};
    if (first >= 0xca && first <= 0xd3) {
        static const uint8_t SIZES[] = {4, 8, 1, 2, 4, 8, 1, 2, 4, 8};
        return (shape_t){1u + SIZES[first - 0xca], 0, true};
    }
    static const struct {
        uint8_t first, length, per_element; /*  per_element 0: a string or binary of that many bytes */
    } SIZED[] = {{0xc4, 1, 0}, {0xc5, 2, 0}, {0xc6, 4, 0}, {0xd9, 1, 0}, {0xda, 2, 0},
                 {0xdb, 4, 0}, {0xdc, 2, 1}, {0xdd, 4, 1}, {0xde, 2, 2}, {0xdf, 4, 2}};
    for (size_t i = 0; i < sizeof SIZED / sizeof *SIZED; i++) {
        if (SIZED[i].first != first)
            continue;
        if (left < 1u + SIZED[i].length)
            return (shape_t){0, 0, false};
        uint64_t count = read_big_endian (at + 1, SIZED[i].length);
        return SIZED[i].per_element == 0 ? (shape_t){1u + SIZED[i].length + count, 0, true}
                                         : (shape_t){1u + SIZED[i].length, count * SIZED[i].per_element, true};
    }
    return (shape_t){0, 0, false};
}

static baton_status malformed (baton_error_t *error, const char *what)
{
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_malformed, "not a msgpack value: %s", what);
}

baton_status value_check (const uint8_t *data, size_t size, baton_error_t *error)
{
    return value_check_most (data, size, UINT64_MAX, error);
}

baton_status value_check_most (const uint8_t *data, size_t size, uint64_t most, baton_error_t *error)
{
    uint64_t open[LIMIT_DEPTH + 1] = {1}; /*  values still to come at each level */
    uint64_t count = 0;
    size_t level = 0, at = 0;
    for (;;) {
        while (open[level] == 0) {
            if (level == 0)
                return at == size ? BATON_OK : malformed (error, "bytes follow it");
            level--;
        }
        if (at == size)
            return malformed (error, "it is cut off");
        shape_t shape = shape_of (data + at, size - at);
        if (!shape.known)
            return malformed (error, "a format that is not in use here");
        if (shape.bytes > size - at || shape.values > size - at - shape.bytes)
            return malformed (error, "it claims more than there is");
        if (++count > most)
            return baton_fail (error, BATON_invalid_argument, BATON_REASON_too_large, "it holds more than %llu values",
                               (unsigned long long) most);
        at += shape.bytes;
        open[level]--;
        if (shape.values > 0) {
            if (level == LIMIT_DEPTH)
                return baton_fail (error, BATON_invalid_argument, BATON_REASON_too_deep,
                                   "the value is nested more than %d levels deep", LIMIT_DEPTH);
            open[++level] = shape.values;
        }
    }
}

static int compare_keys (const void *a, const void *b)
{
    const msgpack_object_str *left = &(*(const msgpack_object_kv *const *) a)->key.via.str;
    const msgpack_object_str *right = &(*(const msgpack_object_kv *const *) b)->key.via.str;
    uint32_t shorter = left->size < right->size ? left->size : right->size;
    int order = shorter > 0 ? memcmp (left->ptr, right->ptr, shorter) : 0;
    return order != 0 ? order : (left->size > right->size) - (left->size < right->size);
}

static baton_status pack_map (msgpack_packer *packer, const msgpack_object_map *map, baton_error_t *error)
{
    const msgpack_object_kv **sorted = calloc (map->size + 1u, sizeof *sorted);
    if (!sorted)
        return baton_fail_memory (error);
    baton_status status = BATON_OK;
    for (uint32_t i = 0; i < map->size; i++) {
        sorted[i] = &map->ptr[i];
        if (map->ptr[i].key.type != MSGPACK_OBJECT_STR) {
            status = baton_fail (error, BATON_invalid_argument, BATON_REASON_wrong_type, "a map's keys are text");
            goto out;
        }
    }
    qsort (sorted, map->size, sizeof *sorted, compare_keys);
    if (msgpack_pack_map (packer, map->size) != 0)
        status = baton_fail_memory (error);
    for (uint32_t i = 0; i < map->size && status == BATON_OK; i++) {
        if (i > 0 && compare_keys (&sorted[i - 1], &sorted[i]) == 0) {
            status = baton_fail (error, BATON_invalid_argument, BATON_REASON_duplicate_key, "a map has a key twice");
            break;
        }
        status = value_pack (packer, &sorted[i]->key, error);
        if (status == BATON_OK)
            status = value_pack (packer, &sorted[i]->val, error);
    }
out:
    free (sorted);
    return status;
}

baton_status value_pack (msgpack_packer *packer, const msgpack_object *value, baton_error_t *error)
{
    if (value->type == MSGPACK_OBJECT_MAP)
        return pack_map (packer, &value->via.map, error);
    if (value->type == MSGPACK_OBJECT_ARRAY) {
        if (msgpack_pack_array (packer, value->via.array.size) != 0)
            return baton_fail_memory (error);
        for (uint32_t i = 0; i < value->via.array.size; i++) {
            baton_status status = value_pack (packer, &value->via.array.ptr[i], error);
            if (status != BATON_OK)
                return status;
        }
        return BATON_OK;
    }
    if (value->type == MSGPACK_OBJECT_STR && !text_valid (value->via.str.ptr, value->via.str.size, true))
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_text,
                           "a text inside the value is not UTF-8, or has control characters");
    return msgpack_pack_object (packer, *value) == 0 ? BATON_OK : baton_fail_memory (error);
}

size_t value_depth (const msgpack_object *value)
{
    size_t deepest = 0;
    if (value->type == MSGPACK_OBJECT_ARRAY)
        for (uint32_t i = 0; i < value->via.array.size; i++) {
            size_t depth = value_depth (&value->via.array.ptr[i]);
            deepest = depth > deepest ? depth : deepest;
        }
    else if (value->type == MSGPACK_OBJECT_MAP)
        for (uint32_t i = 0; i < value->via.map.size; i++) {
            size_t depth = value_depth (&value->via.map.ptr[i].val);
            deepest = depth > deepest ? depth : deepest;
        }
    else
        return 0;
    return deepest + 1;
}

baton_status value_from_text (const char *text, baton_bytes_t *ret_value)
{
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init (&buffer);
    msgpack_packer packer;
    msgpack_packer_init (&packer, &buffer, msgpack_sbuffer_write);
    size_t size = strlen (text);
    if (msgpack_pack_str (&packer, size) != 0 || msgpack_pack_str_body (&packer, text, size) != 0) {
        msgpack_sbuffer_destroy (&buffer);
        return BATON_resource_exhausted;
    }
    bytes_clear (ret_value);
    ret_value->size = buffer.size;
    ret_value->data = (uint8_t *) msgpack_sbuffer_release (&buffer);
    return BATON_OK;
}

baton_status value_text (const baton_bytes_t *value, char **ret_text)
{
    msgpack_unpacked unpacked;
    char *text = NULL;
    msgpack_unpacked_init (&unpacked);
    msgpack_unpack_return got = msgpack_unpack_next (&unpacked, (const char *) value->data, value->size, NULL);
    bool is_text = got == MSGPACK_UNPACK_SUCCESS && unpacked.data.type == MSGPACK_OBJECT_STR;
    if (is_text)
        text = strndup (unpacked.data.via.str.ptr, unpacked.data.via.str.size);
    msgpack_unpacked_destroy (&unpacked);
    if (got == MSGPACK_UNPACK_NOMEM_ERROR || (is_text && !text))
        return BATON_resource_exhausted;
    *ret_text = text;
    return BATON_OK;
}
