#include "record_json.h"
#include "schema.h"
#include "unit.h"

#include <string.h>

static const record_type_t *type_of (method_id_t method)
{
    return &METHODS[method].type;
}

static void test_there_and_back (void **context)
{
    (void) context;
    static const struct {
        method_id_t method;
        const char *in, *out; /*  NULL: the same */
    } CASES[] = {
        {METHOD_session_create,
         "{\"bindings\":[{\"path\":\"a\",\"read_only\":true}],\"input\":{\"x\":[1,2.5,null]},\"labels\":{\"a\":\"b\"},"
         "\"priority\":7,\"title\":\"T\",\"visibility\":\"site\"}",
         NULL},
        {METHOD_session_create, "{\"title\":\"T\",\"priority\":7.0,\"agent\":null,\"activate\":false}",
         "{\"priority\":7,\"title\":\"T\"}"},
        {METHOD_artifact_put, "{\"content\":\"AQID\",\"name\":\"n\",\"session\":\"s\"}", NULL},
        {METHOD_memory_set, "{\"key\":\"k\",\"session\":\"s\",\"value\":false}", NULL},
        {METHOD_breakpoint_ask, "{\"key\":\"k\",\"policy\":{\"k\":2},\"session\":\"s\",\"title\":\"t\"}", NULL},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        _Alignas(max_align_t) uint8_t record[1024] = {0};
        baton_error_t error = {0};
        const record_type_t *type = type_of (CASES[i].method);
        json_t *in = json_loads (CASES[i].in, 0, NULL);
        assert_true (type->size <= sizeof record);
        if (record_from_json (type, in, record, &error) != BATON_OK)
            fail_msg ("%s: %s", CASES[i].in, error.message);
        json_t *out = record_to_json (type, record);
        char *text = json_dumps (out, JSON_COMPACT | JSON_SORT_KEYS);
        assert_string_equal (text, CASES[i].out ? CASES[i].out : CASES[i].in);
        free (text);
        json_decref (out);
        json_decref (in);
        record_clear (type, record);
    }
}

static void test_what_is_refused (void **context)
{
    (void) context;
    static const struct {
        method_id_t method;
        const char *json, *field;
        baton_reason reason;
    } CASES[] = {
        {METHOD_session_create, "[]", "session.create", BATON_REASON_wrong_type},
        {METHOD_session_create, "{}", "title", BATON_REASON_missing_field},
        {METHOD_session_create, "{\"title\":\"T\",\"titel\":1}", "titel", BATON_REASON_unknown_field},
        {METHOD_session_create, "{\"title\":7}", "title", BATON_REASON_wrong_type},
        {METHOD_session_create, "{\"title\":\"T\",\"priority\":-1}", "priority", BATON_REASON_wrong_type},
        {METHOD_session_create, "{\"title\":\"T\",\"priority\":0.5}", "priority", BATON_REASON_wrong_type},
        {METHOD_session_create, "{\"title\":\"T\",\"priority\":10}", "priority", BATON_REASON_too_large},
        {METHOD_session_create, "{\"title\":\"T\",\"visibility\":\"x\"}", "visibility", BATON_REASON_bad_value},
        {METHOD_session_create, "{\"title\":\"T\",\"bindings\":{}}", "bindings", BATON_REASON_wrong_type},
        {METHOD_session_create, "{\"title\":\"T\",\"bindings\":[{\"no\":1}]}", "no", BATON_REASON_unknown_field},
        {METHOD_artifact_put, "{\"content\":\"A\",\"name\":\"n\",\"session\":\"s\"}", "content",
         BATON_REASON_bad_value},
        {METHOD_artifact_put, "{\"content\":1,\"name\":\"n\",\"session\":\"s\"}", "content", BATON_REASON_wrong_type},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        _Alignas(max_align_t) uint8_t record[1024] = {0};
        baton_error_t error = {0};
        json_t *json = json_loads (CASES[i].json, 0, NULL);
        assert_int_equal (record_from_json (type_of (CASES[i].method), json, record, &error), BATON_invalid_argument);
        assert_string_equal (error.field, CASES[i].field);
        assert_int_equal (error.reason, CASES[i].reason);
        json_decref (json);
    }
}

static void test_a_value_that_is_nested_too_deeply (void **context)
{
    (void) context;
    char text[6000] = "{\"key\":\"k\",\"session\":\"s\",\"value\":";
    size_t length = strlen (text);
    memset (text + length, '[', 2000);
    memset (text + length + 2000, ']', 2000);
    memcpy (text + length + 4000, "}", 2);
    json_t *json = json_loads (text, 0, NULL);
    memory_set_request_t request = {0};
    baton_error_t error = {0};
    assert_non_null (json);
    assert_int_equal (record_from_json (type_of (METHOD_memory_set), json, &request, &error), BATON_invalid_argument);
    assert_string_equal (error.field, "value");
    json_decref (json);
}

static void test_the_schema_of_a_request (void **context)
{
    (void) context;
    json_t *schema = record_schema (type_of (METHOD_breakpoint_vote), SCHEMA_REQUEST);
    json_t *expected = json_loads (
        "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"session\",\"breakpoint\"]}", 0, NULL);
    const char *key;
    json_t *value;
    json_object_foreach (expected, key, value)
    {
        assert_true (json_equal (json_object_get (schema, key), value));
    }
    json_t *number = json_object_get (json_object_get (schema, "properties"), "breakpoint");
    assert_string_equal (json_string_value (json_object_get (number, "type")), "integer");
    assert_string_equal (json_string_value (json_object_get (number, "description")), "its number");
    json_decref (expected);
    json_decref (schema);
}

static void test_every_type_has_a_schema (void **context)
{
    (void) context;
    for (int id = 1; id < METHOD_COUNT; id++) {
        json_t *request = record_schema (&METHODS[id].type, SCHEMA_REQUEST);
        json_t *answer = record_schema (METHODS[id].reply, SCHEMA_ANSWER);
        assert_non_null (request);
        assert_non_null (answer);
        assert_null (json_object_get (answer, "required"));
        json_decref (request);
        json_decref (answer);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_there_and_back),
        cmocka_unit_test (test_what_is_refused),
        cmocka_unit_test (test_a_value_that_is_nested_too_deeply),
        cmocka_unit_test (test_the_schema_of_a_request),
        cmocka_unit_test (test_every_type_has_a_schema),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
