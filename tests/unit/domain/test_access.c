/*  What somebody may do with a session, as a table of who by session. */
#include "access.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define TEAM 7
#define OTHER_TEAM 8

static audience_t audience_with (visibility_e visibility, const char *owner, size_t count, grant_t *shares)
{
    audience_t audience = {.owner = (char *) owner, .visibility = visibility};
    audience.shares.count = count;
    audience.shares.items = shares;
    return audience;
}

static viewer_t viewer_with (const char *name, role_e role, uint64_t team)
{
    viewer_t viewer = {.role = role, .team_count = team > 0, .teams = {team}};
    snprintf (viewer.name, sizeof viewer.name, "%s", name);
    return viewer;
}

static void test_roles_and_visibility (void **context)
{
    (void) context;
    static const struct {
        role_e role;
        access_e site, shared;
    } ROWS[] = {
        {role_none, access_none, access_none},    {role_admin, access_own, access_own},
        {role_operator, access_own, access_none}, {role_observer, access_view, access_none},
        {role_node, access_none, access_none},    {role_guest, access_none, access_none},
    };
    assert_int_equal (COUNT (ROWS), role_count);
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        viewer_t viewer = viewer_with ("eve", ROWS[i].role, 0);
        audience_t none = audience_with (visibility_none, "ada", 0, NULL);
        audience_t site = audience_with (visibility_site, "ada", 0, NULL);
        audience_t shared = audience_with (visibility_shared, "ada", 0, NULL);
        assert_int_equal (access_of (&viewer, &none), ROWS[i].site);
        assert_int_equal (access_of (&viewer, &site), ROWS[i].site);
        assert_int_equal (access_of (&viewer, &shared), ROWS[i].shared);
    }
}

static void test_the_owner (void **context)
{
    (void) context;
    for (role_e role = role_none + 1; role < role_count; role++) {
        viewer_t viewer = viewer_with ("ada", role, 0);
        audience_t audience = audience_with (visibility_shared, "ada", 0, NULL);
        assert_int_equal (access_of (&viewer, &audience), role == role_node ? access_none : access_own);
    }
    /*  Nobody is not the owner of what nobody owns. */
    viewer_t nobody = {.role = role_guest};
    audience_t ownerless = audience_with (visibility_shared, NULL, 0, NULL);
    assert_int_equal (access_of (&nobody, &ownerless), access_none);
}

static void test_the_highest_share_counts (void **context)
{
    (void) context;
    grant_t shares[] = {{.who = (char *) "eve", .access = access_comment},
                        {.who = (char *) "team:a", .team = TEAM, .access = access_edit},
                        {.who = (char *) "team:b", .team = OTHER_TEAM, .access = access_view}};
    static const struct {
        const char *name;
        role_e role;
        uint64_t team;
        visibility_e visibility;
        access_e access;
    } ROWS[] = {
        {"eve", role_guest, 0, visibility_shared, access_comment},
        {"eve", role_guest, OTHER_TEAM, visibility_shared, access_comment},
        {"eve", role_guest, TEAM, visibility_shared, access_edit},
        {"bob", role_guest, TEAM, visibility_shared, access_edit},
        {"bob", role_guest, OTHER_TEAM, visibility_site, access_view},
        {"bob", role_guest, 0, visibility_site, access_none},
        {"eve", role_observer, 0, visibility_site, access_comment},
        {"bob", role_observer, 0, visibility_site, access_view},
        {"eve", role_operator, 0, visibility_site, access_own},
        {"eve", role_operator, 0, visibility_shared, access_comment},
        {"eve", role_node, TEAM, visibility_site, access_none},
        {"team:a", role_guest, 0, visibility_shared, access_none}, /*  a name is no team */
    };
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        viewer_t viewer = viewer_with (ROWS[i].name, ROWS[i].role, ROWS[i].team);
        audience_t audience = audience_with (ROWS[i].visibility, "ada", COUNT (shares), shares);
        if (access_of (&viewer, &audience) != ROWS[i].access)
            fail_msg ("row %zu: expected %s, got %s", i, enum_name (&access_names, ROWS[i].access),
                      enum_name (&access_names, access_of (&viewer, &audience)));
    }
}

static void test_who_is_nobody (void **context)
{
    (void) context;
    membership_t team = {.team = TEAM};
    identity_t eve = {.name = (char *) "eve", .role = role_admin};
    eve.teams.count = 1;
    eve.teams.items = &team;
    viewer_t living = viewer_of (&eve);
    assert_string_equal (living.name, "eve");
    assert_int_equal (living.role, role_admin);
    assert_int_equal (living.team_count, 1);
    assert_int_equal (living.teams[0], TEAM);
    eve.revoked_at = 1;
    viewer_t revoked = viewer_of (&eve), unknown = viewer_of (NULL);
    assert_int_equal (revoked.role, role_none);
    assert_true (viewer_equal (&revoked, &unknown));
    assert_false (viewer_equal (&revoked, &living));
    audience_t audience = {0};
    assert_int_equal (access_of (&revoked, &audience), access_none);
}

static void test_an_old_session_is_its_creators (void **context)
{
    (void) context;
    session_t state = {.created_by = (char *) "ada"};
    assert_string_equal (session_audience (&state).owner, "ada");
    state.audience.owner = (char *) "bob";
    assert_string_equal (session_audience (&state).owner, "bob");
}

static void test_names_of_teams (void **context)
{
    (void) context;
    assert_string_equal (access_team ("team:a"), "a");
    assert_null (access_team ("team"));
    assert_null (access_team ("teams:a"));
    assert_null (access_team ("ada"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_roles_and_visibility),           cmocka_unit_test (test_the_owner),
        cmocka_unit_test (test_the_highest_share_counts),       cmocka_unit_test (test_who_is_nobody),
        cmocka_unit_test (test_an_old_session_is_its_creators), cmocka_unit_test (test_names_of_teams),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
