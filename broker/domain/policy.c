#include "policy.h"

#include "deciding.h"

#include <stdio.h>

/* ---- who ---- */

static bool may_vote (const policy_t *policy, const char *requester, const char *actor)
{
    if (!policy->self && text_equal (requester, actor))
        return false;
    if (texts_contain (&policy->exclude, actor))
        return false;
    return policy->people.count == 0 || texts_contain (&policy->people, actor);
}

bool policy_admits (const breakpoint_t *breakpoint, const char *actor)
{
    return may_vote (&breakpoint->policy, breakpoint->requester, actor);
}

/*  How many votes the policy waits for in the worst case. */
static uint64_t needed (const policy_t *policy)
{
    uint64_t of = policy->of ? policy->of : policy->people.count;
    switch (policy->kind) {
    case policy_kind_quorum:
        return policy->k;
    case policy_kind_majority:
        return of / 2 + 1;
    case policy_kind_unanimous:
        return of;
    case policy_kind_named:
        return policy->people.count;
    case policy_kind_first:
    case policy_kind_none:
    case policy_kind_count:
        break;
    }
    return 1;
}

static baton_status refuse (baton_error_t *error, const char *field, const char *message)
{
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, field, "%s", message);
}

static baton_status check_numbers (const policy_t *policy, baton_error_t *error)
{
    bool quorum = policy->kind == policy_kind_quorum;
    bool counts = policy->kind == policy_kind_majority || policy->kind == policy_kind_unanimous;
    if (quorum && policy->k == 0)
        return refuse (error, "policy.k", "a quorum needs k, the number of equal votes");
    if (!quorum && policy->k != 0)
        return refuse (error, "policy.k", "only a quorum has k");
    if (counts && policy->of == 0 && policy->people.count == 0)
        return refuse (error, "policy.of", "the policy needs people, or how many of them there are");
    if (!counts && policy->of != 0)
        return refuse (error, "policy.of", "only majority and unanimous have `of`");
    if (policy->kind == policy_kind_named && policy->people.count == 0)
        return refuse (error, "policy.people", "the policy named needs people");
    return BATON_OK;
}

baton_status policy_check (const policy_t *policy, breakpoint_kind_e kind, const char *requester, baton_error_t *error)
{
    baton_status status = check_numbers (policy, error);
    if (status != BATON_OK)
        return status;
    if (policy->veto && kind == breakpoint_kind_input)
        return refuse (error, "policy.veto", "an input has no option that could be a veto");
    if (policy->veto && kind == breakpoint_kind_merge_conflict)
        return refuse (error, "policy.veto", "a merge has no option that could be a veto: cancel its breakpoint");
    uint64_t eligible = 0;
    for (size_t i = 0; i < policy->people.count; i++) {
        const char *person = policy->people.items[i];
        eligible += may_vote (policy, requester, person);
        for (size_t j = 0; j < i; j++)
            if (text_equal (person, policy->people.items[j]))
                return refuse (error, "policy.people", "each person must be named once");
    }
    if (policy->people.count > 0 && eligible < needed (policy))
        return refuse (error, "policy.people", "too few of these people may vote: it could never be decided");
    return BATON_OK;
}

/* ---- when ---- */

bool vote_alike (const vote_t *a, const vote_t *b)
{
    return text_equal (a->option, b->option) && bytes_equal (&a->value, &b->value);
}

/*  How many people have voted with `vote` as the newest one, and how many of them like it. */
static uint64_t count_votes (const breakpoint_t *breakpoint, const vote_t *vote, uint64_t *ret_alike)
{
    uint64_t all = 1, alike = 1;
    for (size_t i = 0; i < breakpoint->votes.count; i++) {
        const vote_t *other = &breakpoint->votes.items[i];
        if (text_equal (other->actor, vote->actor) || !text_equal (other->key, vote->key))
            continue;
        all++;
        alike += vote_alike (other, vote);
    }
    *ret_alike = alike;
    return all;
}

const char *policy_decides (const breakpoint_t *breakpoint, const vote_t *vote, char *buffer)
{
    const policy_t *policy = &breakpoint->policy;
    uint64_t alike = 0;
    uint64_t all = count_votes (breakpoint, vote, &alike);
    const char *last = breakpoint->options.count ? breakpoint->options.items[breakpoint->options.count - 1] : "";
    if (policy->veto && text_equal (vote->option, last))
        return "veto";
    bool unanimous = policy->kind == policy_kind_unanimous || policy->kind == policy_kind_named;
    if (alike < needed (policy) || (unanimous && alike < all))
        return NULL;
    const char *name = enum_name (&policy_kind_names, policy->kind);
    unsigned long long of = policy->k ? policy->k : policy->of ? policy->of : policy->people.count;
    if (policy->kind == policy_kind_first)
        return name;
    snprintf (buffer, POLICY_RULE_SIZE, "%s of %llu", name, of);
    return buffer;
}
