#include "story.h"

#include <stdio.h>

/* ---- items ---- */

static void test_text_becomes_one_part (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .text = (char *) "12345");
    const item_appended_event_t *item = LAST (&story, item_appended);
    assert_int_equal (item->parts.count, 1);
    assert_int_equal (item->parts.items[0].kind, part_kind_text);
    assert_string_equal (item->parts.items[0].text, "12345");
    assert_int_equal (item->tokens, 2); /*  a quarter of its bytes, rounded up */
    assert_true (item->estimated);
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .text = (char *) "a", .tokens = 40);
    assert_false (LAST (&story, item_appended)->estimated);
    assert_int_equal (story.state.items, 2);
    assert_int_equal (story.state.tokens, 42);
    story_end (&story);
}

static void test_parts (void **context)
{
    (void) context;
    static uint8_t one = 1;
    const struct {
        part_t part;
        bool ok;
    } ROWS[] = {
        {{.kind = part_kind_text, .text = (char *) "a"}, true},
        {{.kind = part_kind_text}, false},
        {{.kind = part_kind_tool_call, .tool = (char *) "grep", .call = (char *) "c1"}, true},
        {{.kind = part_kind_tool_call, .text = (char *) "a"}, false},
        {{.kind = part_kind_tool_result, .call = (char *) "c1"}, true},
        {{.kind = part_kind_json, .value = {1, &one}}, true},
        {{.kind = part_kind_json, .text = (char *) "a"}, false},
    };
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        story_t story;
        part_t part = ROWS[i].part;
        given_created (&story);
        item_append_request_t request = {.role = item_role_tool, .parts = {1, &part}};
        baton_status status = give (&story, ADA, METHOD_item_append, &request);
        if (ROWS[i].ok)
            check_ok (&story, status, "item_appended", __FILE__, __LINE__);
        else
            check_refused (&story, status, BATON_invalid_argument, BATON_REASON_missing_field, __FILE__, __LINE__);
        story_end (&story);
    }
}

static void test_an_item_needs_text_or_parts (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    part_t part = {.kind = part_kind_text, .text = (char *) "a"};
    FAILS (&story, invalid_argument, missing_field, ADA, item_append, .role = item_role_user);
    FAILS (&story, invalid_argument, missing_field, ADA, item_append, .role = item_role_user, .text = (char *) "a",
           .parts = {1, &part});
    story_end (&story);
}

static void test_the_parts_of_an_item_have_a_limit_together (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    char *half = calloc (1, LIMIT_ITEM / 2 + 1);
    assert_non_null (half);
    memset (half, 'x', LIMIT_ITEM / 2);
    part_t parts[3] = {{.kind = part_kind_text, .text = half},
                       {.kind = part_kind_text, .text = half},
                       {.kind = part_kind_text, .text = (char *) "x"}};
    DOES (&story, "item_appended", ADA, item_append, .role = item_role_user, .parts = {2, parts});
    FAILS (&story, invalid_argument, too_large, ADA, item_append, .role = item_role_user, .parts = {3, parts});
    free (half);
    story_end (&story);
}

/* ---- memory ---- */

static void test_memory (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    static const char *const KEYS[] = {"m", "b", "z", "a"};
    for (size_t i = 0; i < COUNT (KEYS); i++)
        DOES (&story, "memory_set", RUN ("n1", 1, 1), memory_set, .key = (char *) KEYS[i], .value = NUMBER (1));
    assert_string_equal (story.state.memory.items[0].key, "a");
    assert_string_equal (story.state.memory.items[1].key, "b");
    assert_string_equal (story.state.memory.items[2].key, "m");
    assert_string_equal (story.state.memory.items[3].key, "z");
    assert_int_equal (story.state.memory.items[0].run, 1);
    assert_int_equal (story.state.memory.items[0].n, story.state.n);
    DOES (&story, "", ADA, memory_set, .key = (char *) "a", .value = NUMBER (1));
    DOES (&story, "memory_set", ADA, memory_set, .key = (char *) "a", .value = NUMBER (2));
    assert_int_equal (story.state.memory.items[0].run, 0);
    DOES (&story, "memory_deleted", ADA, memory_delete, .key = (char *) "b");
    FAILS (&story, not_found, no_such_key, ADA, memory_delete, .key = (char *) "b");
    assert_int_equal (story.state.memory.count, 3);
    assert_string_equal (story.state.memory.items[1].key, "m");
    story_end (&story);
}

static void test_memory_has_a_limit_of_keys (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    char key[16];
    for (int i = 0; i <= LIMIT_MEMORY_KEYS; i++) {
        snprintf (key, sizeof key, "k%d", i);
        if (i < LIMIT_MEMORY_KEYS)
            DOES (&story, "memory_set", ADA, memory_set, .key = key, .value = NUMBER (1));
        else
            FAILS (&story, resource_exhausted, too_large, ADA, memory_set, .key = key, .value = NUMBER (1));
    }
    DOES (&story, "memory_set", ADA, memory_set, .key = (char *) "k0", .value = NUMBER (2));
    story_end (&story);
}

/*  A msgpack binary of that many bytes in all. */
static baton_bytes_t value_of_size (size_t size)
{
    baton_bytes_t value = {size, calloc (1, size)};
    assert_non_null (value.data);
    value.data[0] = 0xc5;
    value.data[1] = (uint8_t) ((size - 3) >> 8);
    value.data[2] = (uint8_t) (size - 3);
    return value;
}

static void test_memory_has_a_limit_of_bytes (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    baton_bytes_t full = value_of_size (LIMIT_MEMORY_VALUE - 2), more = value_of_size (LIMIT_MEMORY_VALUE - 1);
    char key[3] = "k0";
    for (int i = 0; i < LIMIT_MEMORY_BYTES / LIMIT_MEMORY_VALUE; i++, key[1]++)
        DOES (&story, "memory_set", ADA, memory_set, .key = key, .value = full);
    FAILS (&story, resource_exhausted, too_large, ADA, memory_set, .key = (char *) "x", .value = NUMBER (1));
    FAILS (&story, resource_exhausted, too_large, ADA, memory_set, .key = (char *) "k0", .value = more);
    DOES (&story, "memory_set", ADA, memory_set, .key = (char *) "k0", .value = NUMBER (1));
    DOES (&story, "memory_set", ADA, memory_set, .key = (char *) "x", .value = NUMBER (1));
    bytes_clear (&full);
    bytes_clear (&more);
    story_end (&story);
}

/* ---- artifacts ---- */

static void test_artifacts (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    who_t run = RUN ("n1", 1, 1);
    run.digest = "d1";
    DOES (&story, "artifact_put", run, artifact_put, .name = (char *) "report", .content = {5, (uint8_t *) "bytes"});
    assert_string_equal (story.changed.digest, "d1");
    assert_int_equal (story.state.artifacts.items[0].size, 5);
    assert_int_equal (story.state.artifacts.items[0].run, 1);
    assert_int_equal (story.state.artifacts.items[0].n, story.state.n);
    DOES (&story, "", run, artifact_put, .name = (char *) "report", .content = {5, (uint8_t *) "bytes"});
    assert_string_equal (story.changed.digest, "d1");
    DOES (&story, "artifact_put", run, artifact_put, .name = (char *) "report", .content = {5, (uint8_t *) "bytes"},
          .media_type = (char *) "text/plain");
    assert_string_equal (story.state.artifacts.items[0].media_type, "text/plain");
    run.digest = "d2";
    DOES (&story, "artifact_put", run, artifact_put, .name = (char *) "report");
    assert_int_equal (story.state.artifacts.items[0].size, 0);
    assert_null (story.state.artifacts.items[0].media_type);
    char name[16];
    for (int i = 1; i <= LIMIT_ARTIFACTS; i++) {
        snprintf (name, sizeof name, "k%d", i);
        if (i < LIMIT_ARTIFACTS)
            DOES (&story, "artifact_put", run, artifact_put, .name = name);
        else
            FAILS (&story, resource_exhausted, too_large, run, artifact_put, .name = name);
    }
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_text_becomes_one_part),
        cmocka_unit_test (test_parts),
        cmocka_unit_test (test_an_item_needs_text_or_parts),
        cmocka_unit_test (test_the_parts_of_an_item_have_a_limit_together),
        cmocka_unit_test (test_memory),
        cmocka_unit_test (test_memory_has_a_limit_of_keys),
        cmocka_unit_test (test_memory_has_a_limit_of_bytes),
        cmocka_unit_test (test_artifacts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
