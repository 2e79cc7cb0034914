/*  Access tokens: who may speak for whom over HTTP. */
#include "site_internal.h"

#define TOKEN_TTL 2592000000u /*  30 days, unless given */
#define LINK_TTL 120000       /*  two minutes, unless given */
#define BROWSER_TTL 43200000u /*  that a browser stays signed in: twelve hours */

const access_token_t *site_token (const site_t *self, const char *id)
{
    for (size_t i = 0; i < self->tokens.count; i++)
        if (text_equal (self->tokens.items[i].id, id))
            return &self->tokens.items[i];
    return NULL;
}

static const access_token_t *token_of (const site_t *self, const char *digest)
{
    for (size_t i = 0; i < self->tokens.count; i++)
        if (text_equal (self->tokens.items[i].digest, digest))
            return &self->tokens.items[i];
    return NULL;
}

/*  Those that still work; who NULL: of everybody. */
static size_t count_tokens (const site_t *self, const char *who, uint64_t now)
{
    size_t count = 0;
    for (size_t i = 0; i < self->tokens.count; i++)
        count += self->tokens.items[i].expires_at > now && (!who || text_equal (self->tokens.items[i].who, who));
    return count;
}

static baton_status check_room (const site_deciding_t *deciding, const char *who)
{
    uint64_t now = deciding->command->now;
    if (count_tokens (deciding->self, NULL, now) >= LIMIT_TOKENS)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the site has %d tokens, and can't have more: revoke some", LIMIT_TOKENS);
    if (count_tokens (deciding->self, who, now) >= LIMIT_TOKENS_EACH)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "%s has %d tokens, and can't have more: revoke some", who, LIMIT_TOKENS_EACH);
    return BATON_OK;
}

/*  A node speaks for runs, with their epochs: that is not for HTTP. */
static baton_status check_whom (const site_deciding_t *deciding, const char *who)
{
    const command_t *command = deciding->command;
    const identity_t *identity = site_identity (deciding->self, who);
    if (!text_equal (who, command->actor) && command->role != role_admin)
        return baton_fail_field (deciding->error, BATON_permission_denied, BATON_REASON_not_allowed, "who",
                                 "only an admin can make a token for somebody else");
    if (!identity || identity->revoked_at != 0)
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_identity, "who",
                                 "there is no identity %s", who);
    if (identity->role == role_node)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "who",
                                 "%s is a node: it has its key, and no tokens", who);
    return BATON_OK;
}

/*  command->due is when the token that asks expires: none can make one that outlives it. */
baton_status site_decide_token_create (site_deciding_t *deciding)
{
    const command_t *command = deciding->command;
    const token_create_request_t *request = command->request;
    const char *who = request->who ? request->who : command->actor;
    uint64_t expires_at = command->now + (request->ttl ? request->ttl : TOKEN_TTL);
    baton_status status = check_whom (deciding, who);
    if (status == BATON_OK)
        status = check_room (deciding, who);
    if (status != BATON_OK)
        return status;
    return site_emit (deciding, EVENT_token_created,
                      &(token_created_event_t){
                          .id = (char *) command->fresh,
                          .digest = (char *) command->digest,
                          .who = (char *) who,
                          .kind = token_kind_bearer,
                          .label = request->label,
                          .expires_at = command->due > 0 && command->due < expires_at ? command->due : expires_at,
                      });
}

static baton_status emit (site_deciding_t *deciding, const char *who, token_kind_e kind, uint64_t ttl)
{
    const command_t *command = deciding->command;
    baton_status status = check_room (deciding, who);
    return status == BATON_OK ? site_emit (deciding, EVENT_token_created,
                                           &(token_created_event_t){
                                               .id = (char *) command->fresh,
                                               .digest = (char *) command->digest,
                                               .who = (char *) who,
                                               .kind = kind,
                                               .expires_at = command->now + ttl,
                                           })
                              : status;
}

baton_status site_decide_link (site_deciding_t *deciding)
{
    const console_link_request_t *request = deciding->command->request;
    baton_status status = check_whom (deciding, deciding->command->actor);
    return status == BATON_OK
               ? emit (deciding, deciding->command->actor, token_kind_link, request->ttl ? request->ttl : LINK_TTL)
               : status;
}

/*  command->prepared is the digest of the link's secret. The link goes with what it is exchanged for. */
baton_status site_decide_sign_in (site_deciding_t *deciding)
{
    const access_token_t *link = token_of (deciding->self, deciding->command->prepared);
    if (!link || link->kind != token_kind_link || link->expires_at <= deciding->command->now)
        return baton_fail_field (deciding->error, BATON_permission_denied, BATON_REASON_bad_link, "secret",
                                 "this link was used, or its time is over");
    baton_status status = site_emit (deciding, EVENT_token_revoked, &(token_revoked_event_t){.id = link->id});
    return status == BATON_OK ? emit (deciding, link->who, token_kind_browser, BROWSER_TTL) : status;
}

/*  Whoever may not know of a token gets the answer that one gets about a token that isn't there. */
baton_status site_decide_token_revoke (site_deciding_t *deciding)
{
    const command_t *command = deciding->command;
    const token_revoke_request_t *request = command->request;
    const access_token_t *token = site_token (deciding->self, request->id);
    if (!token || (!text_equal (token->who, command->actor) && command->role != role_admin))
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_token, "id",
                                 "there is no token %s", request->id);
    return site_emit (deciding, EVENT_token_revoked, &(token_revoked_event_t){.id = request->id});
}

/*  command->digest is that of the token that this is asked with. */
baton_status site_decide_sign_out (site_deciding_t *deciding)
{
    const command_t *command = deciding->command;
    const access_token_t *token = token_of (deciding->self, command->digest);
    if (!token)
        return baton_fail (deciding->error, BATON_not_found, BATON_REASON_no_such_token,
                           "%s is here without a token: there is nothing to end", command->actor);
    return site_emit (deciding, EVENT_token_revoked, &(token_revoked_event_t){.id = token->id});
}

/*  Those whose time is over go when another comes. */
baton_status site_evolve_token_created (site_t *self, const event_t *event)
{
    const token_created_event_t *body = event->body;
    for (size_t i = self->tokens.count; i-- > 0;)
        if (self->tokens.items[i].expires_at <= event->at)
            list_remove (&self->tokens, &RECORD_access_token, i);
    access_token_t *token = list_append (&self->tokens, sizeof *token);
    if (!token || text_set (&token->id, body->id) || text_set (&token->digest, body->digest) ||
        text_set (&token->who, body->who) || text_set (&token->label, body->label) ||
        text_set (&token->made_by, event->actor))
        return BATON_resource_exhausted;
    token->kind = body->kind;
    token->created_at = event->at;
    token->expires_at = body->expires_at;
    return BATON_OK;
}

baton_status site_evolve_token_revoked (site_t *self, const event_t *event)
{
    const token_revoked_event_t *body = event->body;
    for (size_t i = self->tokens.count; i-- > 0;)
        if (text_equal (self->tokens.items[i].id, body->id))
            list_remove (&self->tokens, &RECORD_access_token, i);
    return BATON_OK;
}

void site_forget_tokens (site_t *self, const char *who)
{
    for (size_t i = self->tokens.count; i-- > 0;)
        if (text_equal (self->tokens.items[i].who, who))
            list_remove (&self->tokens, &RECORD_access_token, i);
}
