#include "json.h"
#include "parse.h"
#include "schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/*  cmocka wants some of the above before it. */
#include <cmocka.h>

#define NOW 1000000000000u

static void reads_durations (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool good;
        uint64_t milliseconds;
    } CASES[] = {
        {"500ms", true, 500},
        {"30s", true, 30000},
        {"5m", true, 300000},
        {"2h", true, 7200000},
        {"7d", true, 604800000},
        {"1h30m", true, 5400000},
        {"0", true, 0},
        {"0s", true, 0},
        {"", false, 0},
        {"5", false, 0},
        {"s", false, 0},
        {"-5s", false, 0},
        {"5 s", false, 0},
        {"5w", false, 0},
        {"1.5h", false, 0},
        {"5s x", false, 0},
        {"99999999999999999999d", false, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        uint64_t got = 0;
        assert_int_equal (parse_duration (CASES[i].text, &got, NULL),
                          CASES[i].good ? BATON_OK : BATON_invalid_argument);
        assert_int_equal (got, CASES[i].milliseconds);
    }
}

static void reads_times (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool good;
        uint64_t time;
    } CASES[] = {
        {"2001-09-09T01:46:40Z", true, 1000000000000},
        {"2001-09-09 01:46:40Z", true, 1000000000000},
        {"2001-09-09T01:46:40.250Z", true, 1000000000250},
        {"2001-09-09T03:46:40+02:00", true, 1000000000000},
        {"2001-09-08T20:16:40-0530", true, 1000000000000},
        {"+2h", true, NOW + 7200000},
        {"2001-09-09T01:46:40", false, 0},
        {"2001-09-09", false, 0},
        {"2001-09-09T01:46:40Zulu", false, 0},
        {"2001-09-09T01:46:40+", false, 0},
        {"2001-09-09T01:46:40+25:00", false, 0},
        {"1969-12-31T23:59:59Z", false, 0},
        {"tomorrow", false, 0},
        {"+2", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        uint64_t got = 0;
        assert_int_equal (parse_time (CASES[i].text, NOW, &got, NULL),
                          CASES[i].good ? BATON_OK : BATON_invalid_argument);
        assert_int_equal (got, CASES[i].time);
    }
}

static void reads_policies (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool good;
        policy_kind_e kind;
        uint64_t k, of;
        size_t people;
    } CASES[] = {
        {"first", true, policy_kind_first, 0, 0, 0},
        {"quorum:2", true, policy_kind_quorum, 2, 0, 0},
        {"majority:3", true, policy_kind_majority, 0, 3, 0},
        {"unanimous:3", true, policy_kind_unanimous, 0, 3, 0},
        {"named:alice,bob", true, policy_kind_named, 0, 0, 2},
        {"first:1", false, 0, 0, 0, 0},
        {"quorum", false, 0, 0, 0, 0},
        {"quorum:", false, 0, 0, 0, 0},
        {"quorum:0", false, 0, 0, 0, 0},
        {"quorum:2x", false, 0, 0, 0, 0},
        {"quorum:x", false, 0, 0, 0, 0},
        {"named", false, 0, 0, 0, 0},
        {"named:", false, 0, 0, 0, 0},
        {"tyranny", false, 0, 0, 0, 0},
        {"", false, 0, 0, 0, 0},
    };
    const field_t *field = record_field (&METHODS[METHOD_breakpoint_ask].type, "policy");
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        policy_t policy = {0};
        assert_int_equal (parse_field (field, &policy, CASES[i].text, NULL),
                          CASES[i].good ? BATON_OK : BATON_invalid_argument);
        assert_int_equal (policy.kind, CASES[i].kind);
        assert_int_equal (policy.k, CASES[i].k);
        assert_int_equal (policy.of, CASES[i].of);
        assert_int_equal (policy.people.count, CASES[i].people);
        record_clear (&RECORD_policy, &policy);
    }
}

static void reads_values_as_json_or_text (void **state)
{
    (void) state;
    static const struct {
        const char *text, *json;
    } CASES[] = {
        {"5", "5"},
        {"true", "true"},
        {"null", "null"},
        {"1.5", "1.5"},
        {"hello", "\"hello\""},
        {"\"hello\"", "\"hello\""},
        {"{", "\"{\""},
        {"{\"b\":1,\"a\":[2]}", "{\"a\":[2],\"b\":1}"},
        {"@@home", "\"@home\""},
        {"", "\"\""},
        {"18446744073709551615", "\"18446744073709551615\""},
    };
    const field_t *field = record_field (&METHODS[METHOD_memory_set].type, "value");
    baton_bytes_t none = {0};
    baton_error_t error = {0};
    assert_int_equal (parse_field (field, &none, "{\"a\":18446744073709551615}", &error), BATON_invalid_argument);
    assert_non_null (strstr (error.message, "2^63"));
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        baton_bytes_t value = {0};
        assert_int_equal (parse_field (field, &value, CASES[i].text, NULL), BATON_OK);
        char *json = json_line (value.data, value.size);
        assert_string_equal (json, CASES[i].json);
        free (json);
        bytes_clear (&value);
    }
}

static void reads_files (void **state)
{
    (void) state;
    char path[] = "/tmp/baton-test-XXXXXX", word[64];
    int fd = mkstemp (path);
    assert_true (fd >= 0 && write (fd, "a plan\n", 7) == 7);
    const field_t *text = record_field (&METHODS[METHOD_breakpoint_ask].type, "body");
    const field_t *bytes = record_field (&METHODS[METHOD_artifact_put].type, "content");
    const field_t *value = record_field (&METHODS[METHOD_memory_set].type, "value");
    char *body = NULL;
    baton_bytes_t content = {0}, memory = {0};
    snprintf (word, sizeof word, "@%s", path);
    assert_int_equal (parse_field (text, &body, word, NULL), BATON_OK);
    assert_string_equal (body, "a plan\n");
    assert_int_equal (parse_field (bytes, &content, path, NULL), BATON_OK);
    assert_int_equal (content.size, 7);
    assert_int_equal (parse_field (value, &memory, word, NULL), BATON_OK);
    char *json = json_line (memory.data, memory.size);
    assert_string_equal (json, "\"a plan\"");
    free (json);
    free (body);
    body = NULL;
    bytes_clear (&content);
    bytes_clear (&memory);
    assert_int_equal (ftruncate (fd, LIMIT_TEXT + 1), 0);
    baton_error_t error = {0};
    assert_int_equal (parse_field (text, &body, word, &error), BATON_invalid_argument);
    assert_int_equal (error.reason, BATON_REASON_too_large);
    assert_int_equal (ftruncate (fd, LIMIT_TEXT), 0);
    assert_int_equal (parse_field (text, &body, word, &error), BATON_invalid_argument);
    assert_int_equal (error.reason, BATON_REASON_bad_text);
    close (fd);
    unlink (path);
    assert_int_equal (parse_field (text, &body, word, &error), BATON_invalid_argument);
    assert_null (body);
}

static void reads_elements_of_lists (void **state)
{
    (void) state;
    session_create_request_t request = {0};
    const record_type_t *type = &METHODS[METHOD_session_create].type;
    const field_t *bindings = record_field (type, "bindings"), *labels = record_field (type, "labels");
    assert_int_equal (parse_field (bindings, &request.bindings, "src/", NULL), BATON_OK);
    assert_int_equal (parse_field (bindings, &request.bindings, "{\"path\":\"build/\",\"omit\":true}", NULL), BATON_OK);
    assert_int_equal (parse_field (bindings, &request.bindings, "{\"omit\":true}", NULL), BATON_invalid_argument);
    assert_string_equal (request.bindings.items[0].path, "src/");
    assert_true (request.bindings.items[1].omit);
    assert_int_equal (parse_field (labels, &request.labels, "team=a=b", NULL), BATON_OK);
    assert_string_equal (pairs_get (&request.labels, "team"), "a=b");
    assert_int_equal (parse_field (labels, &request.labels, "team", NULL), BATON_invalid_argument);
    assert_int_equal (parse_field (labels, &request.labels, "=b", NULL), BATON_invalid_argument);
    record_clear (type, &request);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (reads_durations), cmocka_unit_test (reads_times),
        cmocka_unit_test (reads_policies),  cmocka_unit_test (reads_values_as_json_or_text),
        cmocka_unit_test (reads_files),     cmocka_unit_test (reads_elements_of_lists),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
