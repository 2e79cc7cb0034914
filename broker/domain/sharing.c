/*  Who may do what with the session: share, unshare, transfer. That the people and teams are there is the broker's to
 *  know; it says which number a team has. */
#include "access.h"
#include "deciding.h"

static const grant_t *share_with (const session_t *self, const char *who)
{
    return keyed_find (&self->audience.shares, &RECORD_grant, who);
}

baton_status decide_session_share (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const command_t *command = deciding->command;
    const session_share_request_t *request = command->request;
    const grant_t *known = share_with (self, request->with);
    if (text_equal (session_audience (self).owner, request->with))
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "with",
                                 "%s owns session %s, and may do everything already", request->with, self->session);
    if (known && known->access == request->access && known->team == command->team)
        return BATON_OK;
    if (!known && self->audience.shares.count >= LIMIT_SHARES)
        return baton_fail_field (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large, "with",
                                 "session %s is shared with %d people and teams, and can't be with more: make a team",
                                 self->session, LIMIT_SHARES);
    emit (deciding, EVENT_session_shared,
          &(session_shared_event_t){.who = request->with, .team = command->team, .access = request->access});
    return BATON_OK;
}

/*  Not being there is an error: whoever takes a right back must not think so because of a wrong name. */
baton_status decide_session_unshare (deciding_t *deciding)
{
    const session_unshare_request_t *request = deciding->command->request;
    if (!share_with (deciding->self, request->with))
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_share, "with",
                                 "session %s is not shared with %s", deciding->self->session, request->with);
    emit (deciding, EVENT_session_unshared, &(session_unshared_event_t){.who = request->with});
    return BATON_OK;
}

baton_status decide_session_transfer (deciding_t *deciding)
{
    const session_transfer_request_t *request = deciding->command->request;
    if (!text_equal (session_audience (deciding->self).owner, request->owner))
        emit (deciding, EVENT_session_transferred, &(session_transferred_event_t){.owner = request->owner});
    return BATON_OK;
}

baton_status audience_inherit (const command_t *command, const session_t *source, audience_t *ret_audience)
{
    audience_t audience = session_audience (source);
    if (command->role == role_node)
        return record_copy (&RECORD_audience, &audience, ret_audience);
    ret_audience->visibility = audience.visibility;
    return BATON_OK;
}

baton_status evolve_session_shared (session_t *self, const event_t *event)
{
    const session_shared_event_t *body = event->body;
    grant_t *share = keyed_put (&self->audience.shares, &RECORD_grant, body->who);
    if (!share || text_set (&share->by, event->actor) != BATON_OK)
        return BATON_resource_exhausted;
    share->team = body->team;
    share->access = body->access;
    share->at = event->at;
    return BATON_OK;
}

static void remove_share (session_t *self, const char *who)
{
    for (size_t i = self->audience.shares.count; i-- > 0;)
        if (text_equal (self->audience.shares.items[i].who, who))
            list_remove (&self->audience.shares, &RECORD_grant, i);
}

baton_status evolve_session_unshared (session_t *self, const event_t *event)
{
    remove_share (self, ((const session_unshared_event_t *) event->body)->who);
    return BATON_OK;
}

baton_status evolve_session_transferred (session_t *self, const event_t *event)
{
    const session_transferred_event_t *body = event->body;
    remove_share (self, body->owner);
    return text_set (&self->audience.owner, body->owner);
}
