/*  What the events of an open breakpoint do to it. */
#include "deciding.h"

baton_status evolve_breakpoint_joined (session_t *self, const event_t *event)
{
    const breakpoint_joined_event_t *body = event->body;
    breakpoint_t *breakpoint = breakpoint_find (self, body->number);
    presence_t *presence = breakpoint ? breakpoint_presence (breakpoint, event->actor) : NULL;
    if (!breakpoint)
        return BATON_OK;
    if (!presence)
        presence = list_append (&breakpoint->present, sizeof *presence);
    if (!presence)
        return BATON_resource_exhausted;
    presence->until = body->until;
    return text_set (&presence->actor, event->actor);
}

baton_status evolve_breakpoint_left (session_t *self, const event_t *event)
{
    const breakpoint_left_event_t *body = event->body;
    breakpoint_t *breakpoint = breakpoint_find (self, body->number);
    const presence_t *presence = breakpoint ? breakpoint_presence (breakpoint, body->who) : NULL;
    if (presence)
        list_remove (&breakpoint->present, &RECORD_presence, (size_t) (presence - breakpoint->present.items));
    return BATON_OK;
}

baton_status evolve_breakpoint_claimed (session_t *self, const event_t *event)
{
    const breakpoint_claimed_event_t *body = event->body;
    breakpoint_t *breakpoint = breakpoint_find (self, body->number);
    return breakpoint ? text_set (&breakpoint->claimed_by, event->actor) : BATON_OK;
}

/*  Comments stand in the journal alone. */
baton_status evolve_breakpoint_commented (session_t *self, const event_t *event)
{
    (void) self;
    (void) event;
    return BATON_OK;
}

static vote_t *vote_place (breakpoint_t *breakpoint, const char *actor, const char *key)
{
    for (size_t i = 0; i < breakpoint->votes.count; i++)
        if (text_equal (breakpoint->votes.items[i].actor, actor) && text_equal (breakpoint->votes.items[i].key, key))
            return &breakpoint->votes.items[i];
    return list_append (&breakpoint->votes, sizeof (vote_t));
}

baton_status evolve_breakpoint_voted (session_t *self, const event_t *event)
{
    const breakpoint_voted_event_t *body = event->body;
    breakpoint_t *breakpoint = breakpoint_find (self, body->number);
    if (!breakpoint)
        return BATON_OK;
    vote_t *vote = vote_place (breakpoint, event->actor, body->key);
    if (!vote || text_set (&vote->actor, event->actor) || text_set (&vote->option, body->option) ||
        bytes_set (&vote->value, body->value.data, body->value.size) || text_set (&vote->why, body->why) ||
        text_set (&vote->key, body->key))
        return BATON_resource_exhausted;
    vote->at = event->at;
    return BATON_OK;
}

baton_status evolve_breakpoint_warned (session_t *self, const event_t *event)
{
    const breakpoint_warned_event_t *body = event->body;
    breakpoint_t *breakpoint = breakpoint_find (self, body->number);
    if (breakpoint)
        breakpoint->warned = true;
    return BATON_OK;
}

/*  Who may vote stays as it was frozen; one vote is enough now. */
baton_status evolve_breakpoint_escalated (session_t *self, const event_t *event)
{
    const breakpoint_escalated_event_t *body = event->body;
    breakpoint_t *breakpoint = breakpoint_find (self, body->number);
    if (!breakpoint)
        return BATON_OK;
    breakpoint->policy.kind = policy_kind_first;
    breakpoint->policy.k = 0;
    breakpoint->policy.of = 0;
    breakpoint->escalated = true;
    breakpoint->warned = false;
    breakpoint->deadline = body->deadline;
    return BATON_OK;
}

/*  The votes stay: they tell how it came to the outcome. */
static baton_status close_breakpoint (breakpoint_t *breakpoint, breakpoint_state_e state, const char *outcome,
                                      uint64_t at)
{
    while (breakpoint->present.count > 0)
        list_remove (&breakpoint->present, &RECORD_presence, breakpoint->present.count - 1);
    breakpoint->state = state;
    breakpoint->decided_at = at;
    return text_set (&breakpoint->outcome, outcome);
}

baton_status evolve_breakpoint_decided (session_t *self, const event_t *event)
{
    const breakpoint_decided_event_t *body = event->body;
    breakpoint_t *breakpoint = breakpoint_find (self, body->number);
    if (!breakpoint)
        return BATON_OK;
    if (bytes_set (&breakpoint->value, body->value.data, body->value.size))
        return BATON_resource_exhausted;
    return close_breakpoint (breakpoint, breakpoint_state_decided, body->outcome, event->at);
}

baton_status evolve_breakpoint_expired (session_t *self, const event_t *event)
{
    const breakpoint_expired_event_t *body = event->body;
    breakpoint_t *breakpoint = breakpoint_find (self, body->number);
    merge_forget (self, body->number);
    return breakpoint ? close_breakpoint (breakpoint, breakpoint_state_expired, body->outcome, event->at) : BATON_OK;
}

baton_status evolve_breakpoint_cancelled (session_t *self, const event_t *event)
{
    const breakpoint_cancelled_event_t *body = event->body;
    breakpoint_t *breakpoint = breakpoint_find (self, body->number);
    merge_forget (self, body->number);
    return breakpoint ? close_breakpoint (breakpoint, breakpoint_state_cancelled, "cancelled", event->at) : BATON_OK;
}
