/*  Teams. Who is in which stands with the identities: that is where it is asked for, and goes with them. */
#include "access.h"
#include "site_internal.h"

const team_t *site_team (const site_t *self, const char *name)
{
    return keyed_find (&self->teams, &RECORD_team, name);
}

bool site_in_team (const identity_t *identity, const team_t *team)
{
    for (size_t i = 0; i < identity->teams.count; i++)
        if (identity->teams.items[i].team == team->number)
            return true;
    return false;
}

static baton_status find_team (const site_deciding_t *deciding, const char *name, const team_t **ret_team)
{
    const team_t *team = site_team (deciding->self, name);
    if (!team)
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_team, "name",
                                 "there is no team %s", name);
    *ret_team = team;
    return BATON_OK;
}

/* ---- create, delete ---- */

baton_status site_decide_team_create (site_deciding_t *deciding)
{
    const team_create_request_t *request = deciding->command->request;
    if (site_team (deciding->self, request->name))
        return baton_fail_field (deciding->error, BATON_already_exists, BATON_REASON_name_taken, "name",
                                 "there is a team %s already", request->name);
    if (deciding->self->teams.count >= LIMIT_TEAMS)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the site has %d teams, and can't have more", LIMIT_TEAMS);
    return site_emit (deciding, EVENT_team_created, &(team_created_event_t){.name = request->name});
}

/*  Its number is the position at which it was made: no other team can have that. */
baton_status site_evolve_team_created (site_t *self, const event_t *event)
{
    const team_created_event_t *body = event->body;
    team_t *team = keyed_put (&self->teams, &RECORD_team, body->name);
    if (!team)
        return BATON_resource_exhausted;
    team->number = event->n;
    team->created_at = event->at;
    return BATON_OK;
}

baton_status site_decide_team_delete (site_deciding_t *deciding)
{
    const team_delete_request_t *request = deciding->command->request;
    const team_t *team = NULL;
    baton_status status = find_team (deciding, request->name, &team);
    return status == BATON_OK ? site_emit (deciding, EVENT_team_deleted, &(team_deleted_event_t){.name = request->name})
                              : status;
}

static void leave (identity_t *identity, uint64_t team)
{
    for (size_t i = identity->teams.count; i-- > 0;)
        if (identity->teams.items[i].team == team)
            list_remove (&identity->teams, &RECORD_membership, i);
}

baton_status site_evolve_team_deleted (site_t *self, const event_t *event)
{
    const team_deleted_event_t *body = event->body;
    const team_t *team = site_team (self, body->name);
    if (!team)
        return BATON_OK;
    for (size_t i = 0; i < self->identities.count; i++)
        leave (&self->identities.items[i], team->number);
    list_remove (&self->teams, &RECORD_team, (size_t) (team - self->teams.items));
    return BATON_OK;
}

/* ---- members ---- */

static baton_status check_room (const site_deciding_t *deciding, const identity_t *identity)
{
    const site_t *self = deciding->self;
    size_t all = 0;
    for (size_t i = 0; i < self->identities.count; i++)
        all += self->identities.items[i].teams.count;
    if (identity->teams.count >= LIMIT_TEAMS_EACH)
        return baton_fail_field (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large, "who",
                                 "%s is in %d teams, and can't be in more", identity->name, LIMIT_TEAMS_EACH);
    if (all >= LIMIT_MEMBERSHIPS)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the teams have %d members together, and can't have more", LIMIT_MEMBERSHIPS);
    return BATON_OK;
}

baton_status site_decide_team_add (site_deciding_t *deciding)
{
    const team_add_request_t *request = deciding->command->request;
    const identity_t *identity = site_identity (deciding->self, request->who);
    const team_t *team = NULL;
    baton_status status = find_team (deciding, request->name, &team);
    if (status == BATON_OK && (!identity || identity->revoked_at > 0))
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_identity, "who",
                                 "there is no identity %s", request->who);
    if (status == BATON_OK && identity->role == role_node)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "who",
                                 "%s is a node: teams are of people", request->who);
    if (status != BATON_OK || site_in_team (identity, team))
        return status;
    status = check_room (deciding, identity);
    return status == BATON_OK ? site_emit (deciding, EVENT_team_joined,
                                           &(team_joined_event_t){.team = request->name, .who = request->who})
                              : status;
}

baton_status site_decide_team_remove (site_deciding_t *deciding)
{
    const team_remove_request_t *request = deciding->command->request;
    const identity_t *identity = site_identity (deciding->self, request->who);
    const team_t *team = NULL;
    baton_status status = find_team (deciding, request->name, &team);
    if (status != BATON_OK)
        return status;
    if (!identity || !site_in_team (identity, team))
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_identity, "who",
                                 "%s is not in the team %s", request->who, request->name);
    return site_emit (deciding, EVENT_team_left, &(team_left_event_t){.team = request->name, .who = request->who});
}

/*  The living one of that name: the domain puts nobody else into a team. */
static identity_t *find_living (site_t *self, const char *name)
{
    for (size_t i = self->identities.count; i-- > 0;)
        if (self->identities.items[i].revoked_at == 0 && text_equal (self->identities.items[i].name, name))
            return &self->identities.items[i];
    return NULL;
}

baton_status site_evolve_team_joined (site_t *self, const event_t *event)
{
    const team_joined_event_t *body = event->body;
    const team_t *team = site_team (self, body->team);
    identity_t *identity = find_living (self, body->who);
    if (!team || !identity)
        return BATON_OK;
    membership_t *membership = list_append (&identity->teams, sizeof *membership);
    if (!membership)
        return BATON_resource_exhausted;
    membership->team = team->number;
    return BATON_OK;
}

baton_status site_evolve_team_left (site_t *self, const event_t *event)
{
    const team_left_event_t *body = event->body;
    const team_t *team = site_team (self, body->team);
    identity_t *identity = find_living (self, body->who);
    if (team && identity)
        leave (identity, team->number);
    return BATON_OK;
}
