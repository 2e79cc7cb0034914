/*  At an open breakpoint: join, leave, claim, comment, vote, cancel. */
#include "deciding.h"
#include "policy.h"

#include <stdio.h>

#define PRESENCE_TTL 300000

breakpoint_t *breakpoint_find (const session_t *self, uint64_t number)
{
    for (size_t i = 0; i < self->breakpoints.count; i++)
        if (self->breakpoints.items[i].number == number)
            return &self->breakpoints.items[i];
    return NULL;
}

presence_t *breakpoint_presence (const breakpoint_t *breakpoint, const char *actor)
{
    for (size_t i = 0; i < breakpoint->present.count; i++)
        if (text_equal (breakpoint->present.items[i].actor, actor))
            return &breakpoint->present.items[i];
    return NULL;
}

/*  The breakpoint of that number, whether open or not. */
static baton_status find (deciding_t *deciding, uint64_t number, const breakpoint_t **ret_breakpoint)
{
    const breakpoint_t *breakpoint = breakpoint_find (deciding->self, number);
    if (!breakpoint)
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_breakpoint, "breakpoint",
                                 "session %s has no breakpoint %llu", deciding->self->session,
                                 (unsigned long long) number);
    deciding->changed.breakpoint = number;
    *ret_breakpoint = breakpoint;
    return BATON_OK;
}

static baton_status find_open (deciding_t *deciding, uint64_t number, const breakpoint_t **ret_breakpoint)
{
    const breakpoint_t *breakpoint = NULL;
    baton_status status = find (deciding, number, &breakpoint);
    if (status != BATON_OK)
        return status;
    if (breakpoint->state != breakpoint_state_open)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_already_decided,
                           "breakpoint %llu of session %s is %s: %s", (unsigned long long) number,
                           deciding->self->session, enum_name (&breakpoint_state_names, breakpoint->state),
                           breakpoint->outcome);
    *ret_breakpoint = breakpoint;
    return BATON_OK;
}

/* ---- presence ---- */

baton_status decide_breakpoint_join (deciding_t *deciding)
{
    const command_t *command = deciding->command;
    const breakpoint_join_request_t *request = command->request;
    const breakpoint_t *breakpoint = NULL;
    baton_status status = find_open (deciding, request->breakpoint, &breakpoint);
    if (status != BATON_OK)
        return status;
    uint64_t ttl = request->ttl ? request->ttl : PRESENCE_TTL;
    const presence_t *presence = breakpoint_presence (breakpoint, command->actor);
    if (presence && presence->until >= command->now + ttl / 2)
        return BATON_OK;
    if (!presence && breakpoint->present.count >= LIMIT_PRESENT)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_busy,
                           "%d people have joined breakpoint %llu already", LIMIT_PRESENT,
                           (unsigned long long) request->breakpoint);
    emit (deciding, EVENT_breakpoint_joined,
          &(breakpoint_joined_event_t){.number = request->breakpoint, .until = command->now + ttl});
    return BATON_OK;
}

baton_status decide_breakpoint_leave (deciding_t *deciding)
{
    const breakpoint_leave_request_t *request = deciding->command->request;
    const breakpoint_t *breakpoint = NULL;
    baton_status status = find (deciding, request->breakpoint, &breakpoint);
    if (status == BATON_OK && breakpoint_presence (breakpoint, deciding->command->actor))
        emit (deciding, EVENT_breakpoint_left,
              &(breakpoint_left_event_t){.number = request->breakpoint, .who = (char *) deciding->command->actor});
    return status;
}

baton_status decide_breakpoint_claim (deciding_t *deciding)
{
    const breakpoint_claim_request_t *request = deciding->command->request;
    const breakpoint_t *breakpoint = NULL;
    baton_status status = find_open (deciding, request->breakpoint, &breakpoint);
    if (status == BATON_OK && !text_equal (breakpoint->claimed_by, deciding->command->actor))
        emit (deciding, EVENT_breakpoint_claimed, &(breakpoint_claimed_event_t){.number = request->breakpoint});
    return status;
}

baton_status decide_breakpoint_comment (deciding_t *deciding)
{
    const breakpoint_comment_request_t *request = deciding->command->request;
    const breakpoint_t *breakpoint = NULL;
    baton_status status = find_open (deciding, request->breakpoint, &breakpoint);
    if (status == BATON_OK)
        emit (deciding, EVENT_breakpoint_commented,
              &(breakpoint_commented_event_t){.number = request->breakpoint, .text = request->text});
    return status;
}

/*  Withdrawing what is withdrawn is done already; what was decided can't be withdrawn. */
baton_status decide_breakpoint_cancel (deciding_t *deciding)
{
    const breakpoint_cancel_request_t *request = deciding->command->request;
    const breakpoint_t *breakpoint = NULL;
    baton_status status = find (deciding, request->breakpoint, &breakpoint);
    if (status != BATON_OK || breakpoint->state == breakpoint_state_cancelled)
        return status;
    status = find_open (deciding, request->breakpoint, &breakpoint);
    if (status == BATON_OK)
        emit (deciding, EVENT_breakpoint_cancelled, &(breakpoint_cancelled_event_t){.number = request->breakpoint});
    return status;
}

/* ---- voting ---- */

static baton_status check_voter (const deciding_t *deciding, const breakpoint_t *breakpoint)
{
    const command_t *command = deciding->command;
    if (command->access < access_decide || !command->actor)
        return baton_fail (deciding->error, BATON_permission_denied, BATON_REASON_no_access,
                           "whoever votes in session %s needs decide access to it", deciding->self->session);
    if (!policy_admits (breakpoint, command->actor))
        return baton_fail (deciding->error, BATON_permission_denied, BATON_REASON_excluded,
                           "%s may not vote at breakpoint %llu of session %s", command->actor,
                           (unsigned long long) breakpoint->number, deciding->self->session);
    return BATON_OK;
}

/*  Whoever says what they looked at is heard only while it is what is being decided. */
static baton_status check_digest (const deciding_t *deciding, const breakpoint_t *breakpoint)
{
    const breakpoint_vote_request_t *request = deciding->command->request;
    if (!request->digest || text_equal (request->digest, breakpoint->digest))
        return BATON_OK;
    return baton_fail_field (deciding->error, BATON_aborted, BATON_REASON_digest_mismatch, "digest",
                             "breakpoint %llu is about %s now, not about %s", (unsigned long long) breakpoint->number,
                             breakpoint->digest ? breakpoint->digest : "-", request->digest);
}

static baton_status check_vote (const deciding_t *deciding, const breakpoint_t *breakpoint, vote_t *ret_vote)
{
    const breakpoint_vote_request_t *request = deciding->command->request;
    bool input = breakpoint->kind == breakpoint_kind_input;
    bool raises = breakpoint->kind == breakpoint_kind_budget && text_equal (request->option, "raise");
    char *option = input && !request->option ? breakpoint->options.items[0] : request->option;
    baton_status status = BATON_OK;
    if (request->key)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "key",
                                 "only a merge is decided key by key");
    if (!option)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_missing_field, "option",
                                 "a vote needs one of the breakpoint's options");
    if (!texts_contain (&breakpoint->options, option))
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "option",
                                 "breakpoint %llu has no option %s", (unsigned long long) breakpoint->number, option);
    if (input && request->value.size == 0)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_missing_field, "value",
                                 "breakpoint %llu asks for an input: give the value",
                                 (unsigned long long) breakpoint->number);
    if (raises && deciding->command->access < access_own)
        return baton_fail_field (deciding->error, BATON_permission_denied, BATON_REASON_no_access, "option",
                                 "to raise the caps of session %s one has to own it, however it is done",
                                 deciding->self->session);
    if (raises)
        status = budget_check_raise (deciding, &request->value);
    if (status != BATON_OK)
        return status;
    if (!input && !raises && request->value.size > 0)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "value",
                                 "breakpoint %llu asks for one of its options, not for a value",
                                 (unsigned long long) breakpoint->number);
    *ret_vote = (vote_t){
        .actor = (char *) deciding->command->actor, .option = option, .value = request->value, .why = request->why};
    return BATON_OK;
}

static vote_t *vote_of (const breakpoint_t *breakpoint, const vote_t *vote)
{
    for (size_t i = 0; i < breakpoint->votes.count; i++)
        if (text_equal (breakpoint->votes.items[i].actor, vote->actor) &&
            text_equal (breakpoint->votes.items[i].key, vote->key))
            return &breakpoint->votes.items[i];
    return NULL;
}

baton_status breakpoint_count_vote (deciding_t *deciding, const breakpoint_t *breakpoint, const vote_t *vote,
                                    const char *rule, size_t most)
{
    const vote_t *old = vote_of (breakpoint, vote);
    if (old && vote_alike (old, vote) && text_equal (old->why, vote->why) && !rule)
        return BATON_OK;
    if (!old && breakpoint->votes.count >= most)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "breakpoint %llu has %zu votes already", (unsigned long long) breakpoint->number, most);
    size_t bytes = vote_bytes (vote);
    size_t all = session_waiting_bytes (deciding->self) - (old ? vote_bytes (old) : 0) + bytes;
    if (bytes > LIMIT_VOTE_SHORT && all > LIMIT_WAITING_BYTES) {
        char hint[LIMIT_TITLE];
        snprintf (hint, sizeof hint, "give a shorter reason or answer, of at most %d bytes with all else",
                  LIMIT_VOTE_SHORT);
        return session_refuse_waiting (deciding->self, all, hint, deciding->error);
    }
    emit (deciding, EVENT_breakpoint_voted,
          &(breakpoint_voted_event_t){.number = breakpoint->number,
                                      .option = vote->option,
                                      .value = vote->value,
                                      .why = vote->why,
                                      .key = vote->key});
    return BATON_OK;
}

static baton_status count_vote (deciding_t *deciding, const breakpoint_t *breakpoint, const vote_t *vote)
{
    char buffer[POLICY_RULE_SIZE];
    const char *rule = policy_decides (breakpoint, vote, buffer);
    baton_status status = breakpoint_count_vote (deciding, breakpoint, vote, rule, LIMIT_VOTES);
    if (status != BATON_OK || !rule)
        return status;
    emit (deciding, EVENT_breakpoint_decided,
          &(breakpoint_decided_event_t){
              .number = breakpoint->number, .outcome = vote->option, .value = vote->value, .why = (char *) rule});
    answer_text (deciding, &deciding->changed.outcome, vote->option);
    if (breakpoint->kind == breakpoint_kind_budget && text_equal (vote->option, "raise"))
        budget_raise (deciding, &vote->value);
    return BATON_OK;
}

baton_status decide_breakpoint_vote (deciding_t *deciding)
{
    const breakpoint_vote_request_t *request = deciding->command->request;
    const breakpoint_t *breakpoint = NULL;
    vote_t vote = {0};
    baton_status status = find_open (deciding, request->breakpoint, &breakpoint);
    if (status == BATON_OK)
        status = check_voter (deciding, breakpoint);
    if (status == BATON_OK)
        status = check_digest (deciding, breakpoint);
    if (status == BATON_OK && breakpoint->kind == breakpoint_kind_merge_conflict)
        return merge_vote (deciding, breakpoint);
    if (status == BATON_OK)
        status = check_vote (deciding, breakpoint, &vote);
    if (status == BATON_OK)
        status = count_vote (deciding, breakpoint, &vote);
    return status;
}
