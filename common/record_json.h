/*  Records as JSON, for programs that speak it, and the JSON schema of a type of record.
 *
 *  The mapping is the wire's (record.h) with JSON's types: an enum is its word, bytes are base64 text (with padding), a
 *  free value is any JSON, and a field at its zero value is left out. What comes in may say null for an absent field.
 */
#ifndef BATON_RECORD_JSON_H
#define BATON_RECORD_JSON_H

#include "json.h"
#include "record.h"

/*  Reads a JSON object into *ret_record, a zeroed or valid struct of that type, which is replaced. Unlike the wire it
 *  refuses a key that is no field: whoever writes JSON by hand is told of a misspelled one. Otherwise as
 *  record_decode: errors name the field, and leave *ret_record as it was. */
BATON_MUST_USE baton_status record_from_json (const record_type_t *type, const json_t *json, void *ret_record,
                                              baton_error_t *error);

/*  The record as a JSON object; NULL for lack of memory. Freed with json_decref. */
json_t *record_to_json (const record_type_t *type, const void *record);

/*  What a schema is for: what is asked has required fields and no others than the type's; what is answered may have
 *  fields of a newer program, and has none that are zero. */
typedef enum { SCHEMA_REQUEST, SCHEMA_ANSWER } schema_use_t;

/*  The JSON schema (2020-12) of records of a type, without references; NULL for lack of memory. */
json_t *record_schema (const record_type_t *type, schema_use_t use);

#endif
