/*  The JSON schema of a record. jansson's functions take what a failed one has not made and fail in their turn, so lack
 *  of memory shows in the end.
 */
#include "limits.h"
#include "record_json.h"

static json_t *words_of (const enum_type_t *names)
{
    json_t *words = json_array ();
    for (size_t i = 1; i < names->count; i++)
        json_array_append_new (words, json_string (names->names[i]));
    return json_pack ("{s:s, s:o}", "type", "string", "enum", words);
}

/*  A limit in bytes is at most that many characters; it is said where it is exact for plain text. */
static json_t *text_schema (const field_t *field)
{
    return json_pack ("{s:s, s:I}", "type", "string", "maxLength", (json_int_t) field->limit);
}

static json_t *number_schema (const field_t *field)
{
    json_t *schema = json_pack ("{s:s, s:i}", "type", "integer", "minimum", 0);
    if (field->limit > 0)
        json_object_set_new (schema, "maximum", json_integer ((json_int_t) field->limit));
    return schema;
}

static json_t *list_schema (const field_t *field, json_t *items)
{
    return json_pack ("{s:s, s:o, s:I}", "type", "array", "items", items, "maxItems", (json_int_t) field->limit);
}

static json_t *kind_schema (const field_t *field, schema_use_t use)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_LINE:
    case FIELD_NAME:
        return use == SCHEMA_REQUEST ? text_schema (field) : json_pack ("{s:s}", "type", "string");
    case FIELD_UINT:
        return use == SCHEMA_REQUEST ? number_schema (field) : json_pack ("{s:s}", "type", "integer");
    case FIELD_FLAG:
        return json_pack ("{s:s}", "type", "boolean");
    case FIELD_BYTES:
        return json_pack ("{s:s, s:s}", "type", "string", "contentEncoding", "base64");
    case FIELD_VALUE:
        return json_object ();
    case FIELD_ENUM:
        return words_of (field->names);
    case FIELD_INNER:
        return record_schema (field->type, use);
    case FIELD_LIST:
        return list_schema (field, record_schema (field->type, use));
    case FIELD_TEXTS:
        return list_schema (field, json_pack ("{s:s}", "type", "string"));
    case FIELD_PAIRS:
        return json_pack ("{s:s, s:{s:s}}", "type", "object", "additionalProperties", "type", "string");
    }
    return NULL;
}

static json_t *field_schema (const field_t *field, schema_use_t use)
{
    json_t *schema = kind_schema (field, use);
    if (*field->help)
        json_object_set_new (schema, "description", json_string (field->help));
    return schema;
}

json_t *record_schema (const record_type_t *type, schema_use_t use)
{
    json_t *properties = json_object (), *required = json_array ();
    int failed = 0;
    for (const field_t *field = type->fields (); field->name; field++) {
        failed |= json_object_set_new (properties, field->name, field_schema (field, use));
        if (field->required && use == SCHEMA_REQUEST)
            failed |= json_array_append_new (required, json_string (field->name));
    }
    json_t *schema = failed ? NULL : json_pack ("{s:s, s:O}", "type", "object", "properties", properties);
    if (schema && json_array_size (required) > 0)
        json_object_set (schema, "required", required);
    if (schema && use == SCHEMA_REQUEST)
        json_object_set_new (schema, "additionalProperties", json_false ());
    json_decref (properties);
    json_decref (required);
    return schema;
}
