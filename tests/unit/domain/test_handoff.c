#include "story.h"

#include <stdio.h>

#define PUT(story, kinds, content)                                                                                     \
    DOES (story, kinds, ADA, handoff_put, .digest = (char *) (content), .size = 5, .upto = (story)->state.n)

static void test_is_kept_as_an_artifact (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    PUT (&story, "artifact_put session_handed_off", "d1");
    assert_string_equal (story.state.artifacts.items[0].name, "handoff.md");
    assert_string_equal (story.state.artifacts.items[0].digest, "d1");
    assert_string_equal (story.state.artifacts.items[0].media_type, "text/markdown");
    DOES (&story, "session_terminated", ADA, session_complete);
    PUT (&story, "artifact_put session_handed_off", "d2");
    assert_int_equal (story.state.artifacts.count, 1);
    assert_string_equal (story.state.artifacts.items[0].digest, "d2");
    story_end (&story);
}

static void test_needs_room (void **context)
{
    (void) context;
    story_t story;
    who_t ada = ADA;
    char name[16];
    given_created (&story);
    ada.digest = "d";
    for (int i = 0; i < LIMIT_ARTIFACTS; i++) {
        snprintf (name, sizeof name, "a%d", i);
        DOES (&story, "artifact_put", ada, artifact_put, .name = name);
    }
    FAILS (&story, resource_exhausted, too_large, ADA, handoff_put, .digest = (char *) "d1", .upto = 1);
    story_end (&story);
}

static void test_follows (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "session_follows", ADA, handoff_take,
          .predecessor = {.session = (char *) "s0", .n = 7, .digest = (char *) "d1"});
    assert_string_equal (story.state.follows.session, "s0");
    assert_int_equal (story.state.follows.n, 7);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_is_kept_as_an_artifact),
        cmocka_unit_test (test_needs_room),
        cmocka_unit_test (test_follows),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
