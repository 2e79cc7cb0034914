#include "story.h"

#include <stdio.h>

#define RECORD_DECISION(story, kinds, who, key_text, value_text, ...)                                                  \
    DOES (story, kinds, who, decision_record, .key = (char *) (key_text), .value = (char *) (value_text), ##__VA_ARGS__)

static const decision_t *find (const story_t *story, const char *key)
{
    for (size_t i = 0; i < story->state.decisions.count; i++)
        if (strcmp (story->state.decisions.items[i].key, key) == 0)
            return &story->state.decisions.items[i];
    return NULL;
}

static void test_recorded_anew (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    RECORD_DECISION (&story, "decision_recorded", RUN ("n1", 1, 1), "db", "sqlite", .why = (char *) "small");
    uint64_t first = story.state.n;
    assert_int_equal (LAST (&story, decision_recorded)->replaces, 0);
    assert_int_equal (find (&story, "db")->run, 1);
    assert_int_equal (find (&story, "db")->n, first);
    assert_int_equal (find (&story, "db")->changes, 0);
    RECORD_DECISION (&story, "", ADA, "db", "sqlite", .why = (char *) "small");
    RECORD_DECISION (&story, "decision_recorded", ADA, "db", "sqlite");
    assert_int_equal (LAST (&story, decision_recorded)->replaces, first);
    assert_int_equal (story.state.decisions.count, 1);
    assert_null (find (&story, "db")->why);
    assert_int_equal (find (&story, "db")->changes, 1);
    assert_int_equal (find (&story, "db")->run, 0);
    story_end (&story);
}

static void test_withdrawn (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    RECORD_DECISION (&story, "decision_recorded", ADA, "db", "sqlite");
    uint64_t first = story.state.n;
    FAILS (&story, not_found, no_such_key, ADA, decision_withdraw, .key = (char *) "tone");
    DOES (&story, "decision_withdrawn", BOB, decision_withdraw, .key = (char *) "db", .why = (char *) "too early");
    assert_int_equal (LAST (&story, decision_withdrawn)->replaces, first);
    assert_string_equal (LAST (&story, decision_withdrawn)->why, "too early");
    assert_null (find (&story, "db"));
    FAILS (&story, not_found, no_such_key, ADA, decision_withdraw, .key = (char *) "db");
    RECORD_DECISION (&story, "decision_recorded", ADA, "db", "postgres");
    assert_int_equal (find (&story, "db")->changes, 0);
    story_end (&story);
}

static void test_supersedes_another_key (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    RECORD_DECISION (&story, "decision_recorded", ADA, "db", "sqlite");
    FAILS (&story, not_found, no_such_key, ADA, decision_record, .key = (char *) "store", .value = (char *) "log",
           .supersedes = (char *) "cache");
    RECORD_DECISION (&story, "decision_withdrawn decision_recorded", ADA, "store", "log", .supersedes = (char *) "db");
    assert_string_equal (LAST (&story, decision_withdrawn)->by, "store");
    assert_null (find (&story, "db"));
    assert_non_null (find (&story, "store"));
    /*  Said again it is so already, and a key supersedes itself anyhow. */
    RECORD_DECISION (&story, "", ADA, "store", "log", .supersedes = (char *) "db");
    RECORD_DECISION (&story, "decision_recorded", ADA, "store", "pages", .supersedes = (char *) "store");
    /*  A decision that stands already may take another one's place. */
    RECORD_DECISION (&story, "decision_recorded", ADA, "db", "sqlite");
    RECORD_DECISION (&story, "decision_withdrawn", ADA, "store", "pages", .supersedes = (char *) "db");
    assert_int_equal (story.state.decisions.count, 1);
    story_end (&story);
}

static void test_limit (void **context)
{
    (void) context;
    story_t story;
    char key[16];
    given_created (&story);
    for (int i = 0; i < LIMIT_DECISIONS; i++) {
        snprintf (key, sizeof key, "k%d", i);
        RECORD_DECISION (&story, "decision_recorded", ADA, key, "v");
    }
    FAILS (&story, resource_exhausted, too_large, ADA, decision_record, .key = (char *) "one-more",
           .value = (char *) "v");
    RECORD_DECISION (&story, "decision_withdrawn decision_recorded", ADA, "one-more", "v", .supersedes = (char *) "k7");
    assert_int_equal (story.state.decisions.count, LIMIT_DECISIONS);
    story_end (&story);
}

/*  As many of the longest as fit, and then only what takes the place of another. */
static void test_limit_of_bytes (void **context)
{
    (void) context;
    story_t story;
    char key[LIMIT_NAME + 1], text[LIMIT_SHORT + 1];
    memset (text, 'x', LIMIT_SHORT);
    text[LIMIT_SHORT] = '\0';
    given_created (&story);
    for (unsigned i = 0; i < LIMIT_DECISION_BYTES / (LIMIT_NAME + 2 * LIMIT_SHORT); i++) {
        snprintf (key, sizeof key, "%0*u", LIMIT_NAME, i);
        DOES (&story, "decision_recorded", ADA, decision_record, .key = key, .value = text, .why = text);
    }
    FAILS (&story, resource_exhausted, too_large, ADA, decision_record, .key = (char *) "a", .value = (char *) "b");
    text[0] = 'y';
    DOES (&story, "decision_recorded", ADA, decision_record, .key = key, .value = text, .why = text);
    RECORD_DECISION (&story, "decision_withdrawn decision_recorded", ADA, "a", "b", .supersedes = key);
    FAILS (&story, resource_exhausted, too_large, ADA, decision_record, .key = key, .value = text, .why = text);
    story_end (&story);
}

/*  A rollback brings back what was withdrawn, too. */
static void test_rolled_back (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    RECORD_DECISION (&story, "decision_recorded", ADA, "db", "sqlite");
    DOES (&story, "session_activated run_queued", ADA, session_activate);
    DOES (&story, "lease_moved run_placed", BROKER, session_place, .node = (char *) "n1");
    DOES (&story, "run_started", NODE ("n1", 1), run_started, .run = 1, .attempt = 1);
    DOES (&story, "decision_withdrawn", RUN ("n1", 1, 1), decision_withdraw, .key = (char *) "db");
    DOES (&story, "start_enqueued run_stopping", ADA, session_activate, .multitask_strategy = multitask_rollback);
    GIVE (&story, NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    assert_string_equal (find (&story, "db")->value, "sqlite");
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_recorded_anew),          cmocka_unit_test (test_withdrawn),
        cmocka_unit_test (test_supersedes_another_key), cmocka_unit_test (test_limit),
        cmocka_unit_test (test_limit_of_bytes),         cmocka_unit_test (test_rolled_back),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
