/*  Sharing a session, and giving it away. */
#include "access.h"
#include "deciding.h"
#include "story.h"

#include <stdio.h>

#define WITH(name, level) .with = (char *) (name), .access = access_##level
#define TEAM_ADA ((who_t){.actor = "ada", .role = role_operator, .team = 7})

static access_e access_now (const story_t *story, const char *name, role_e role)
{
    viewer_t viewer = {.role = role};
    strcpy (viewer.name, name);
    audience_t audience = session_audience (&story->state);
    return access_of (&viewer, &audience);
}

static void test_share_and_unshare (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "session_shared", ADA, session_share, WITH ("eve", comment));
    assert_int_equal (access_now (&story, "eve", role_guest), access_comment);
    assert_string_equal (story.state.audience.shares.items[0].by, "ada");
    assert_int_equal (story.state.audience.shares.items[0].at, STORY_START);
    DOES (&story, "", ADA, session_share, WITH ("eve", comment));
    DOES (&story, "session_shared", ADA, session_share, WITH ("eve", view));
    assert_int_equal (access_now (&story, "eve", role_guest), access_view);
    assert_int_equal (story.state.audience.shares.count, 1);
    DOES (&story, "session_unshared", ADA, session_unshare, .with = (char *) "eve");
    assert_int_equal (access_now (&story, "eve", role_guest), access_none);
    FAILS (&story, not_found, no_such_share, ADA, session_unshare, .with = (char *) "eve");
    FAILS (&story, invalid_argument, bad_value, BOB, session_share, WITH ("ada", view));
    story_end (&story);
}

static void test_a_team_is_its_number (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "session_shared", TEAM_ADA, session_share, WITH ("team:a", decide));
    assert_int_equal (story.state.audience.shares.items[0].team, 7);
    DOES (&story, "", TEAM_ADA, session_share, WITH ("team:a", decide));
    who_t anew = TEAM_ADA;
    anew.team = 8;
    DOES (&story, "session_shared", anew, session_share, WITH ("team:a", decide));
    assert_int_equal (story.state.audience.shares.count, 1);
    assert_int_equal (story.state.audience.shares.items[0].team, 8);
    story_end (&story);
}

static void test_as_many_as_the_limit (void **context)
{
    (void) context;
    story_t story;
    char name[16];
    given_created (&story);
    for (int i = 0; i < LIMIT_SHARES; i++) {
        snprintf (name, sizeof name, "p%d", i);
        DOES (&story, "session_shared", ADA, session_share, WITH (name, view));
    }
    FAILS (&story, resource_exhausted, too_large, ADA, session_share, WITH ("one-more", view));
    DOES (&story, "session_shared", ADA, session_share, WITH ("p0", edit));
    story_end (&story);
}

static void test_give_away (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "session_updated", ADA, session_update, .visibility = visibility_shared);
    DOES (&story, "session_shared", ADA, session_share, WITH ("bob", view));
    assert_int_equal (access_now (&story, "ada", role_operator), access_own);
    DOES (&story, "session_transferred", ADA, session_transfer, .owner = (char *) "bob");
    DOES (&story, "", BOB, session_transfer, .owner = (char *) "bob");
    assert_int_equal (story.state.audience.shares.count, 0);
    assert_int_equal (access_now (&story, "ada", role_operator), access_none);
    assert_int_equal (access_now (&story, "bob", role_guest), access_own);
    assert_string_equal (story.state.created_by, "ada");
    story_end (&story);
}

static void test_who_sees_it_is_the_owners_to_say (void **context)
{
    (void) context;
    story_t story;
    who_t editor = {.actor = "eve", .role = role_guest, .access = access_edit};
    given_created (&story);
    FAILS (&story, permission_denied, no_access, editor, session_update, .visibility = visibility_shared);
    DOES (&story, "", editor, session_update, .visibility = visibility_site);
    DOES (&story, "session_updated", editor, session_update, .title = (char *) "Hers");
    DOES (&story, "session_updated", ADA, session_update, .visibility = visibility_shared);
    assert_int_equal (access_now (&story, "bob", role_operator), access_none);
    FAILS (&story, permission_denied, no_access, editor, session_update, .visibility = visibility_site);
    DOES (&story, "session_updated", ADA, session_update, .visibility = visibility_site);
    assert_int_equal (access_now (&story, "bob", role_operator), access_own);
    story_end (&story);
}

/*  A run's identity is its node's: it has no right of its own to say who sees what it does. */
static void test_a_run_opens_nothing (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    who_t run = RUN ("n1", 1, 1);
    run.access = access_edit;
    FAILS (&story, permission_denied, no_access, run, session_update, .visibility = visibility_shared);
    story_end (&story);
}

/*  Empty for lists, unless there is something to say. */
static void test_what_lists_are_told (void **context)
{
    (void) context;
    story_t story;
    projection_t row = {0};
    given_created (&story);
    assert_int_equal (session_project (&story.state, &row), BATON_OK);
    assert_null (row.audience.owner);
    assert_int_equal (row.audience.shares.count, 0);
    DOES (&story, "session_updated", ADA, session_update, .visibility = visibility_shared);
    assert_int_equal (session_project (&story.state, &row), BATON_OK);
    assert_string_equal (row.audience.owner, "ada");
    assert_int_equal (row.audience.visibility, visibility_shared);
    record_clear (&RECORD_projection, &row);
    story_end (&story);
}

static void test_made_from_another (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    DOES (&story, "session_updated", ADA, session_update, .visibility = visibility_shared);
    DOES (&story, "session_shared", ADA, session_share, WITH ("eve", view));
    audience_t by_person = {0}, by_run = {0};
    command_t person = {.actor = "bob", .role = role_operator}, run = {.actor = "n1", .role = role_node, .run = 1};
    assert_int_equal (audience_inherit (&person, &story.state, &by_person), BATON_OK);
    assert_int_equal (by_person.visibility, visibility_shared);
    assert_null (by_person.owner);
    assert_int_equal (by_person.shares.count, 0);
    assert_int_equal (audience_inherit (&run, &story.state, &by_run), BATON_OK);
    assert_string_equal (by_run.owner, "ada");
    assert_int_equal (by_run.shares.count, 1);
    record_clear (&RECORD_audience, &by_person);
    record_clear (&RECORD_audience, &by_run);
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_share_and_unshare),
        cmocka_unit_test (test_a_team_is_its_number),
        cmocka_unit_test (test_as_many_as_the_limit),
        cmocka_unit_test (test_give_away),
        cmocka_unit_test (test_who_sees_it_is_the_owners_to_say),
        cmocka_unit_test (test_a_run_opens_nothing),
        cmocka_unit_test (test_what_lists_are_told),
        cmocka_unit_test (test_made_from_another),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
