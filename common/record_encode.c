/*  Records to canonical msgpack. */
#include "record_internal.h"

#include <limits.h>
#include <msgpack.h>
#include <string.h>

static int pack_record (msgpack_packer *packer, const record_type_t *type, const void *record);

static int pack_text (msgpack_packer *packer, const char *text)
{
    size_t size = text ? strlen (text) : 0;
    return msgpack_pack_str (packer, size) || msgpack_pack_str_body (packer, text ? text : "", size);
}

static int pack_list (msgpack_packer *packer, const record_type_t *type, const any_list_t *list)
{
    int failed = msgpack_pack_array (packer, list->count);
    for (size_t i = 0; i < list->count && !failed; i++)
        failed = pack_record (packer, type, list->items + i * type->size);
    return failed;
}

static int pack_texts (msgpack_packer *packer, const baton_texts_t *texts)
{
    int failed = msgpack_pack_array (packer, texts->count);
    for (size_t i = 0; i < texts->count && !failed; i++)
        failed = pack_text (packer, texts->items[i]);
    return failed;
}

static int pack_pairs (msgpack_packer *packer, const baton_pairs_t *pairs)
{
    int failed = msgpack_pack_map (packer, pairs->count);
    for (size_t i = 0; i < pairs->count && !failed; i++)
        failed = pack_text (packer, pairs->items[i].key) || pack_text (packer, pairs->items[i].value);
    return failed;
}

static int pack_field (msgpack_packer *packer, const field_t *field, const void *at)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_LINE:
    case FIELD_NAME:
        return pack_text (packer, *(char *const *) at);
    case FIELD_UINT:
        return msgpack_pack_uint64 (packer, *(const uint64_t *) at);
    case FIELD_FLAG:
        return msgpack_pack_true (packer);
    case FIELD_BYTES: {
        const baton_bytes_t *bytes = at;
        return msgpack_pack_bin (packer, bytes->size) || msgpack_pack_bin_body (packer, bytes->data, bytes->size);
    }
    case FIELD_VALUE: {
        const baton_bytes_t *value = at;
        return msgpack_sbuffer_write (packer->data, (const char *) value->data, value->size);
    }
    case FIELD_ENUM:
        return pack_text (packer, enum_name (field->names, *(const unsigned *) at));
    case FIELD_INNER:
        return pack_record (packer, field->type, at);
    case FIELD_LIST:
        return pack_list (packer, field->type, at);
    case FIELD_TEXTS:
        return pack_texts (packer, at);
    case FIELD_PAIRS:
        return pack_pairs (packer, at);
    }
    return 0;
}

static int pack_record (msgpack_packer *packer, const record_type_t *type, const void *record)
{
    const field_t *sorted[RECORD_KEYS_MOST];
    size_t count = 0;
    for (const field_t *field = type->fields (); field->name; field++) {
        if (field_empty (field, field_const_at (record, field)))
            continue;
        size_t at = count++;
        for (; at > 0 && strcmp (sorted[at - 1]->name, field->name) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = field;
    }
    int failed = msgpack_pack_map (packer, count);
    for (size_t i = 0; i < count && !failed; i++)
        failed =
            pack_text (packer, sorted[i]->name) || pack_field (packer, sorted[i], field_const_at (record, sorted[i]));
    return failed;
}

baton_status record_encode (const record_type_t *type, const void *record, baton_bytes_t *ret_bytes)
{
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init (&buffer);
    msgpack_packer packer;
    msgpack_packer_init (&packer, &buffer, msgpack_sbuffer_write);
    if (pack_record (&packer, type, record) != 0) {
        msgpack_sbuffer_destroy (&buffer);
        return BATON_resource_exhausted;
    }
    ret_bytes->size = buffer.size;
    ret_bytes->data = (uint8_t *) msgpack_sbuffer_release (&buffer);
    return BATON_OK;
}

baton_status record_equal (const record_type_t *type, const void *a, const void *b, bool *ret_equal)
{
    baton_bytes_t left = {0}, right = {0};
    baton_status status = record_encode (type, a, &left);
    if (status == BATON_OK)
        status = record_encode (type, b, &right);
    if (status == BATON_OK)
        *ret_equal = left.size == right.size && memcmp (left.data, right.data, left.size) == 0;
    bytes_clear (&left);
    bytes_clear (&right);
    return status;
}
