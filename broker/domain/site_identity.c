/*  Who may do what: invitations, identities, their keys, revocation. */
#include "access.h"
#include "id.h"
#include "site_internal.h"

#include <string.h>

#define INVITATION_TTL 3600000

/*  A name or a key may have been revoked and enrolled again: the living one counts, or else the last. */
static const identity_t *find_identity (const site_t *self, const char *text, bool by_key)
{
    const identity_t *found = NULL;
    for (size_t i = 0; i < self->identities.count; i++) {
        const identity_t *identity = &self->identities.items[i];
        if (!text_equal (by_key ? identity->key : identity->name, text))
            continue;
        found = identity;
        if (identity->revoked_at == 0)
            break;
    }
    return found;
}

const identity_t *site_identity_of_key (const site_t *self, const char *key)
{
    return find_identity (self, key, true);
}

const identity_t *site_identity (const site_t *self, const char *name)
{
    return find_identity (self, name, false);
}

static bool is_live (const identity_t *identity)
{
    return identity && identity->revoked_at == 0;
}

static baton_status refuse_taken (const site_deciding_t *deciding, const char *name)
{
    return baton_fail_field (deciding->error, BATON_already_exists, BATON_REASON_name_taken, "name",
                             "the name %s is taken", name);
}

/*  Where sessions are shared, and in policies, team:NAME is a team. */
static baton_status check_name (const site_deciding_t *deciding, const char *name)
{
    if (!access_team (name))
        return BATON_OK;
    return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "name",
                             "%s would be taken for a team", name);
}

/* ---- invite ---- */

/*  Invitations that are still good, but for one of that name, which a new one replaces. */
static size_t count_invitations (const site_t *self, const char *name, uint64_t now)
{
    size_t count = 0;
    for (size_t i = 0; i < self->invitations.count; i++)
        count += self->invitations.items[i].expires_at > now && !text_equal (self->invitations.items[i].name, name);
    return count;
}

baton_status site_decide_invite (site_deciding_t *deciding)
{
    const command_t *command = deciding->command;
    const identity_invite_request_t *request = command->request;
    baton_status status = check_name (deciding, request->name);
    if (status != BATON_OK)
        return status;
    if (is_live (site_identity (deciding->self, request->name)))
        return refuse_taken (deciding, request->name);
    if (count_invitations (deciding->self, request->name, command->now) >= LIMIT_INVITATIONS)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_busy,
                           "%d invitations are open already", LIMIT_INVITATIONS);
    return site_emit (deciding, EVENT_identity_invited,
                      &(identity_invited_event_t){
                          .digest = (char *) command->digest,
                          .name = request->name,
                          .role = request->role,
                          .expires_at = command->now + (request->ttl ? request->ttl : INVITATION_TTL),
                      });
}

baton_status site_evolve_invited (site_t *self, const event_t *event)
{
    const identity_invited_event_t *body = event->body;
    for (size_t i = self->invitations.count; i-- > 0;)
        if (self->invitations.items[i].expires_at <= event->at ||
            text_equal (self->invitations.items[i].name, body->name))
            list_remove (&self->invitations, &RECORD_invitation, i);
    invitation_t *invitation = list_append (&self->invitations, sizeof *invitation);
    if (!invitation || text_set (&invitation->digest, body->digest) || text_set (&invitation->name, body->name) ||
        text_set (&invitation->invited_by, event->actor))
        return BATON_resource_exhausted;
    invitation->role = body->role;
    invitation->expires_at = body->expires_at;
    return BATON_OK;
}

/* ---- enroll ---- */

static const invitation_t *find_invitation (const site_t *self, const char *digest, uint64_t now)
{
    for (size_t i = 0; i < self->invitations.count; i++)
        if (text_equal (self->invitations.items[i].digest, digest) && self->invitations.items[i].expires_at > now)
            return &self->invitations.items[i];
    return NULL;
}

/*  The name that was invited may be that of somebody who was revoked: an admin has said so. Any other must be one that
 *  nobody was promised, has, or ever had: names stand for people in votes and policies. */
static bool name_free (const site_deciding_t *deciding, const invitation_t *invitation, const char *name)
{
    const site_t *self = deciding->self;
    const identity_t *known = site_identity (self, name);
    for (size_t i = 0; i < self->invitations.count; i++)
        if (&self->invitations.items[i] != invitation && text_equal (self->invitations.items[i].name, name) &&
            self->invitations.items[i].expires_at > deciding->command->now)
            return false;
    return text_equal (name, invitation->name) ? !is_live (known) : !known;
}

baton_status site_decide_enroll (site_deciding_t *deciding)
{
    const site_t *self = deciding->self;
    const command_t *command = deciding->command;
    const identity_enroll_request_t *request = command->request;
    const invitation_t *invitation = find_invitation (self, command->digest, command->now);
    const identity_t *known = site_identity_of_key (self, command->actor);
    /*  The answer to the first try was lost: the token is used up, and the key has what it asked for. */
    if (!invitation && is_live (known))
        return BATON_OK;
    if (!invitation)
        return baton_fail_field (deciding->error, BATON_permission_denied, BATON_REASON_bad_token, "secret",
                                 "no open invitation has this token");
    char *name = request->name ? request->name : invitation->name;
    if (is_live (known))
        return baton_fail (deciding->error, BATON_already_exists, BATON_REASON_name_taken, "this key is %s already",
                           known->name);
    if (!name_free (deciding, invitation, name))
        return refuse_taken (deciding, name);
    baton_status status = check_name (deciding, name);
    if (status != BATON_OK)
        return status;
    if (self->identities.count >= LIMIT_IDENTITIES)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the site has %d identities, and can't have more", LIMIT_IDENTITIES);
    return site_emit (deciding, EVENT_identity_enrolled,
                      &(identity_enrolled_event_t){
                          .digest = invitation->digest,
                          .name = name,
                          .key = (char *) command->actor,
                          .role = invitation->role,
                          .invited_by = invitation->invited_by,
                      });
}

static baton_status add_identity (site_t *self, const char *name, const char *key, role_e role, const char *invited_by,
                                  uint64_t at)
{
    identity_t *identity = list_append (&self->identities, sizeof *identity);
    if (!identity || text_set (&identity->name, name) || text_set (&identity->key, key) ||
        text_set (&identity->invited_by, invited_by))
        return BATON_resource_exhausted;
    identity->role = role;
    identity->created_at = at;
    return BATON_OK;
}

baton_status site_evolve_enrolled (site_t *self, const event_t *event)
{
    const identity_enrolled_event_t *body = event->body;
    for (size_t i = self->invitations.count; i-- > 0;)
        if (text_equal (self->invitations.items[i].digest, body->digest))
            list_remove (&self->invitations, &RECORD_invitation, i);
    return add_identity (self, body->name, body->key, body->role, body->invited_by, event->at);
}

baton_status site_evolve_created (site_t *self, const event_t *event)
{
    const site_created_event_t *body = event->body;
    self->created_at = event->at;
    return add_identity (self, body->name, body->key, role_admin, NULL, event->at);
}

/* ---- revoke ---- */

static size_t count_admins (const site_t *self)
{
    size_t count = 0;
    for (size_t i = 0; i < self->identities.count; i++)
        count += self->identities.items[i].role == role_admin && is_live (&self->identities.items[i]);
    return count;
}

static bool is_invited (const site_t *self, const char *name, uint64_t now)
{
    return count_invitations (self, "", now) > count_invitations (self, name, now);
}

baton_status site_decide_revoke (site_deciding_t *deciding)
{
    const site_t *self = deciding->self;
    const identity_revoke_request_t *request = deciding->command->request;
    const identity_t *identity = site_identity (self, request->name);
    bool invited = is_invited (self, request->name, deciding->command->now);
    if (!identity && !invited)
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_identity, "name",
                                 "there is no identity %s", request->name);
    if (!is_live (identity) && !invited)
        return BATON_OK;
    if (is_live (identity) && identity->role == role_admin && count_admins (self) == 1)
        return baton_fail_field (deciding->error, BATON_failed_precondition, BATON_REASON_last_admin, "name",
                                 "%s is the last admin: nobody could invite anybody any more", request->name);
    return site_emit (deciding, EVENT_identity_revoked, &(identity_revoked_event_t){.name = request->name});
}

/*  An open invitation of that name goes too: it would let the revoked one in again. So do its teams and its tokens. */
baton_status site_evolve_revoked (site_t *self, const event_t *event)
{
    const identity_revoked_event_t *body = event->body;
    for (size_t i = self->invitations.count; i-- > 0;)
        if (text_equal (self->invitations.items[i].name, body->name))
            list_remove (&self->invitations, &RECORD_invitation, i);
    site_forget_tokens (self, body->name);
    for (size_t i = 0; i < self->identities.count; i++) {
        identity_t *identity = &self->identities.items[i];
        if (!text_equal (identity->name, body->name) || !is_live (identity))
            continue;
        identity->revoked_at = event->at;
        while (identity->teams.count > 0)
            list_remove (&identity->teams, &RECORD_membership, identity->teams.count - 1);
    }
    return BATON_OK;
}

/* ---- rekey ---- */

/*  No key is ever somebody else's, also not that of one who was revoked. */
baton_status site_decide_rekey (site_deciding_t *deciding)
{
    const command_t *command = deciding->command;
    const identity_rekey_request_t *request = command->request;
    const identity_t *identity = site_identity (deciding->self, command->actor);
    const identity_t *known = site_identity_of_key (deciding->self, request->key);
    if (strlen (request->key) != KEY_SIZE - 1)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "key",
                                 "a key is %d characters of Z85, not %zu", KEY_SIZE - 1, strlen (request->key));
    if (known && known == identity)
        return BATON_OK;
    if (known)
        return baton_fail_field (deciding->error, BATON_already_exists, BATON_REASON_name_taken, "key",
                                 "this key is another identity's");
    return site_emit (deciding, EVENT_identity_rekeyed,
                      &(identity_rekeyed_event_t){.name = identity->name, .key = request->key});
}

baton_status site_evolve_rekeyed (site_t *self, const event_t *event)
{
    const identity_rekeyed_event_t *body = event->body;
    self->rekeys++;
    for (size_t i = 0; i < self->identities.count; i++) {
        identity_t *identity = &self->identities.items[i];
        if (!text_equal (identity->name, body->name) || !is_live (identity))
            continue;
        identity->rekeyed_at = event->at;
        return text_set (&identity->key, body->key) == BATON_OK ? BATON_OK : BATON_resource_exhausted;
    }
    return BATON_OK;
}
