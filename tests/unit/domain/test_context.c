#include "story.h"

#include <stdio.h>

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
        cmocka_unit_test (test_memory),
        cmocka_unit_test (test_memory_has_a_limit_of_keys),
        cmocka_unit_test (test_memory_has_a_limit_of_bytes),
        cmocka_unit_test (test_artifacts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
