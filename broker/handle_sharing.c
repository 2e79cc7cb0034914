/*  Sharing: what of it needs to know the people and teams of the site. */
#include "handlers.h"

#include "keyed.h"

#include <string.h>

static baton_status check_person (broker_t *broker, const char *name, const char *field, baton_error_t *error)
{
    const identity_t *identity = people_named (journal_people (broker->journal), name);
    if (!identity || identity->revoked_at > 0)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_identity, field,
                                 "there is no identity %s; a team is written team:NAME", name);
    if (identity->role == role_node)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, field,
                                 "%s is a node: sessions are shared with people", name);
    return BATON_OK;
}

static baton_status find_team (broker_t *broker, const char *name, const char *field, const team_t **ret_team,
                               baton_error_t *error)
{
    const team_t *team = site_team (journal_site (broker->journal), name);
    if (!team)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_team, field, "there is no team %s", name);
    *ret_team = team;
    return BATON_OK;
}

/* ---- sessions ---- */

baton_status handle_session_share (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_share_request_t *params = request->params;
    const char *name = access_team (params->with);
    const team_t *team = NULL;
    command_t command = command_of (broker, request);
    baton_status status =
        name ? find_team (broker, name, "with", &team, error) : check_person (broker, params->with, "with", error);
    command.team = team ? team->number : 0;
    return status == BATON_OK ? journal_decide (broker->journal, params->session, &command, ret_reply, error) : status;
}

baton_status handle_session_transfer (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_transfer_request_t *params = request->params;
    baton_status status = check_person (broker, params->owner, "owner", error);
    return status == BATON_OK ? handle_session_change (broker, request, ret_reply, error) : status;
}

baton_status handle_session_shares (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    sharing_t *page = ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    audience_t audience = session_audience (state);
    page->n = state->n;
    page->visibility = audience.visibility ? audience.visibility : visibility_site;
    page->yours = request->access;
    if (text_set (&page->session, state->session) != BATON_OK || text_set (&page->owner, audience.owner) != BATON_OK ||
        list_replace (&RECORD_grant, &audience.shares, &page->shares) != BATON_OK)
        return baton_fail_memory (error);
    return BATON_OK;
}

/* ---- teams ---- */

static baton_status add_members (const site_t *site, const team_t *team, size_t most, baton_texts_t *members)
{
    for (size_t i = 0; i < site->identities.count && members->count < most; i++)
        if (site_in_team (&site->identities.items[i], team) &&
            !texts_contain (members, site->identities.items[i].name) &&
            texts_add (members, site->identities.items[i].name) != BATON_OK)
            return BATON_resource_exhausted;
    return BATON_OK;
}

baton_status handle_team_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) request;
    team_page_t *page = ret_reply;
    const site_t *site = journal_site (broker->journal);
    if (list_replace (&RECORD_team, &site->teams, &page->teams) != BATON_OK)
        return baton_fail_memory (error);
    for (size_t i = 0; i < site->identities.count; i++)
        for (size_t k = 0; k < site->identities.items[i].teams.count; k++)
            for (size_t t = 0; t < page->teams.count; t++)
                if (page->teams.items[t].number == site->identities.items[i].teams.items[k].team &&
                    texts_add (&page->teams.items[t].members, site->identities.items[i].name) != BATON_OK)
                    return baton_fail_memory (error);
    return BATON_OK;
}

static baton_status resolve_one (broker_t *broker, const char *who, const char *field, baton_texts_t *people,
                                 baton_error_t *error)
{
    const char *name = access_team (who);
    const team_t *team = NULL;
    if (!name)
        return texts_contain (people, who) || texts_add (people, who) == BATON_OK ? BATON_OK
                                                                                  : baton_fail_memory (error);
    baton_status status = find_team (broker, name, field, &team, error);
    if (status == BATON_OK && add_members (journal_site (broker->journal), team, LIMIT_VOTES + 1, people) != BATON_OK)
        status = baton_fail_memory (error);
    return status;
}

static baton_status resolve (broker_t *broker, baton_texts_t *people, const char *field, baton_error_t *error)
{
    baton_texts_t resolved = {0};
    baton_status status = BATON_OK;
    for (size_t i = 0; i < people->count && status == BATON_OK; i++)
        status = resolve_one (broker, people->items[i], field, &resolved, error);
    if (status == BATON_OK && resolved.count > LIMIT_VOTES)
        status = baton_fail_field (error, BATON_invalid_argument, BATON_REASON_too_large, field,
                                   "with the members of the teams there are more than %d people", LIMIT_VOTES);
    if (status == BATON_OK && resolved.count == 0)
        status = baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, field,
                                   "none of these teams has a member");
    if (status != BATON_OK) {
        texts_clear (&resolved);
        return status;
    }
    texts_clear (people);
    *people = resolved;
    return BATON_OK;
}

static bool names_team (const baton_texts_t *people)
{
    for (size_t i = 0; i < people->count; i++)
        if (access_team (people->items[i]))
            return true;
    return false;
}

baton_status teams_resolve (broker_t *broker, policy_t *policy, baton_error_t *error)
{
    baton_status status = BATON_OK;
    if (names_team (&policy->people))
        status = resolve (broker, &policy->people, "policy.people", error);
    if (status == BATON_OK && names_team (&policy->exclude))
        status = resolve (broker, &policy->exclude, "policy.exclude", error);
    return status;
}
