#include "access.h"

#include <stdio.h>
#include <string.h>

#define TEAM_PREFIX "team:"

viewer_t viewer_of (const identity_t *identity)
{
    viewer_t viewer = {.role = role_none};
    if (!identity || identity->revoked_at > 0)
        return viewer;
    snprintf (viewer.name, sizeof viewer.name, "%s", identity->name);
    viewer.role = identity->role;
    for (size_t i = 0; i < identity->teams.count && i < LIMIT_TEAMS_EACH; i++)
        viewer.teams[viewer.team_count++] = identity->teams.items[i].team;
    return viewer;
}

bool viewer_equal (const viewer_t *a, const viewer_t *b)
{
    return strcmp (a->name, b->name) == 0 && a->role == b->role && a->team_count == b->team_count &&
           memcmp (a->teams, b->teams, a->team_count * sizeof *a->teams) == 0;
}

static access_e access_by_role (role_e role, visibility_e visibility)
{
    if (role == role_admin)
        return access_own;
    if (visibility == visibility_shared)
        return access_none;
    return role == role_operator ? access_own : role == role_observer ? access_view : access_none;
}

static bool is_with (const grant_t *share, const viewer_t *viewer)
{
    if (share->team == 0)
        return text_equal (share->who, viewer->name);
    for (size_t i = 0; i < viewer->team_count; i++)
        if (viewer->teams[i] == share->team)
            return true;
    return false;
}

access_e access_of (const viewer_t *viewer, const audience_t *audience)
{
    if (viewer->role == role_none || viewer->role == role_node)
        return access_none;
    access_e access = access_by_role (viewer->role, audience->visibility);
    if (audience->owner && text_equal (audience->owner, viewer->name))
        access = access_own;
    for (size_t i = 0; i < audience->shares.count && access < access_own; i++)
        if (audience->shares.items[i].access > access && is_with (&audience->shares.items[i], viewer))
            access = audience->shares.items[i].access;
    return access;
}

audience_t session_audience (const session_t *state)
{
    audience_t audience = state->audience;
    if (!audience.owner)
        audience.owner = state->created_by;
    return audience;
}

const char *access_team (const char *who)
{
    return strncmp (who, TEAM_PREFIX, strlen (TEAM_PREFIX)) == 0 ? who + strlen (TEAM_PREFIX) : NULL;
}
