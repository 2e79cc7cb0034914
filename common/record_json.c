#include "record_json.h"

#include "limits.h"
#include "value.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/*  JSON's objects can be nested deeper than any record: this much is looked at before the decoder refuses the rest. */
typedef struct {
    msgpack_packer packer;
    msgpack_sbuffer buffer;
    unsigned depth;
    baton_error_t *error;
} writer_t;

static baton_status write_record (writer_t *writer, const record_type_t *type, const json_t *json);

static baton_status refuse (writer_t *writer, const char *field, baton_reason reason, const char *wanted)
{
    return baton_fail_field (writer->error, BATON_invalid_argument, reason, field, "field %s must be %s", field,
                             wanted);
}

static baton_status write_bytes (writer_t *writer, const char *name, const json_t *json)
{
    if (!json_is_string (json))
        return refuse (writer, name, BATON_REASON_wrong_type, "base64 text");
    size_t size = json_string_length (json), written = 0;
    uint8_t *bytes = malloc (size + 1);
    if (!bytes)
        return baton_fail_memory (writer->error);
    baton_status status = BATON_OK;
    if (sodium_base642bin (bytes, size, json_string_value (json), size, NULL, &written, NULL,
                           sodium_base64_VARIANT_ORIGINAL) != 0)
        status = refuse (writer, name, BATON_REASON_bad_value, "base64 text");
    else if (msgpack_pack_bin (&writer->packer, written) != 0 ||
             msgpack_pack_bin_body (&writer->packer, bytes, written) != 0)
        status = baton_fail_memory (writer->error);
    free (bytes);
    return status;
}

/*  Text, numbers, enums and values: what they may be is for the decoder to say. */
static baton_status write_plain (writer_t *writer, const field_t *field, const json_t *json)
{
    double real = json_is_real (json) ? json_real_value (json) : 0.5;
    if (field->kind == FIELD_UINT && real >= 0 && real < 9007199254740992.0 && real == (double) (uint64_t) real)
        return msgpack_pack_uint64 (&writer->packer, (uint64_t) real) == 0 ? BATON_OK
                                                                           : baton_fail_memory (writer->error);
    baton_bytes_t value = {0};
    baton_status status = json_to_value (json, &value, writer->error);
    if (status != BATON_OK && status != BATON_resource_exhausted && writer->error)
        snprintf (writer->error->field, sizeof writer->error->field, "%s", field->name);
    if (status == BATON_OK && msgpack_sbuffer_write (&writer->buffer, (const char *) value.data, value.size) != 0)
        status = baton_fail_memory (writer->error);
    bytes_clear (&value);
    return status;
}

static baton_status write_list (writer_t *writer, const field_t *field, const json_t *json)
{
    if (!json_is_array (json))
        return refuse (writer, field->name, BATON_REASON_wrong_type, "a list");
    size_t count = json_array_size (json);
    if (msgpack_pack_array (&writer->packer, count) != 0)
        return baton_fail_memory (writer->error);
    baton_status status = BATON_OK;
    for (size_t i = 0; i < count && status == BATON_OK; i++)
        status = write_record (writer, field->type, json_array_get (json, i));
    return status;
}

static baton_status write_field (writer_t *writer, const field_t *field, const json_t *json)
{
    if (msgpack_pack_str_with_body (&writer->packer, field->name, strlen (field->name)) != 0)
        return baton_fail_memory (writer->error);
    switch (field->kind) {
    case FIELD_BYTES:
        return write_bytes (writer, field->name, json);
    case FIELD_INNER:
        return write_record (writer, field->type, json);
    case FIELD_LIST:
        return write_list (writer, field, json);
    default:
        return write_plain (writer, field, json);
    }
}

static baton_status write_record (writer_t *writer, const record_type_t *type, const json_t *json)
{
    const char *key;
    json_t *value;
    if (!json_is_object (json))
        return refuse (writer, type->name, BATON_REASON_wrong_type, "an object");
    if (writer->depth == LIMIT_DEPTH)
        return refuse (writer, type->name, BATON_REASON_too_deep, "nested less deeply");
    if (msgpack_pack_map (&writer->packer, json_object_size (json)) != 0)
        return baton_fail_memory (writer->error);
    baton_status status = BATON_OK;
    writer->depth++;
    json_object_foreach ((json_t *) json, key, value)
    {
        const field_t *field = record_field (type, key);
        if (status == BATON_OK && !field)
            status = baton_fail_field (writer->error, BATON_invalid_argument, BATON_REASON_unknown_field, key,
                                       "%s has no field %s", type->name, key);
        if (status == BATON_OK && json_is_null (value))
            status = msgpack_pack_str_with_body (&writer->packer, key, strlen (key)) == 0 &&
                             msgpack_pack_nil (&writer->packer) == 0
                         ? BATON_OK
                         : baton_fail_memory (writer->error);
        else if (status == BATON_OK)
            status = write_field (writer, field, value);
    }
    writer->depth--;
    return status;
}

baton_status record_from_json (const record_type_t *type, const json_t *json, void *ret_record, baton_error_t *error)
{
    writer_t writer = {.error = error};
    msgpack_sbuffer_init (&writer.buffer);
    msgpack_packer_init (&writer.packer, &writer.buffer, msgpack_sbuffer_write);
    baton_status status = write_record (&writer, type, json);
    if (status == BATON_OK)
        status = record_decode (type, (const uint8_t *) writer.buffer.data, writer.buffer.size, ret_record, error);
    msgpack_sbuffer_destroy (&writer.buffer);
    return status;
}

json_t *record_to_json (const record_type_t *type, const void *record)
{
    baton_bytes_t bytes = {0};
    if (record_encode (type, record, &bytes) != BATON_OK)
        return NULL;
    json_t *json = json_from_value (bytes.data, bytes.size);
    bytes_clear (&bytes);
    return json;
}
