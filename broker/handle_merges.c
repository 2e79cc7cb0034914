/*  What concerns two sessions with a past in common: session.diff and session.merge. */
#include "handlers.h"

#include "history.h"
#include "keyed.h"
#include "merge.h"

/* ---- session.diff ---- */

static baton_status fill_diff (const session_t *ours, const session_t *theirs, const merge_basis_t *basis,
                               const merge_basis_t *back, session_diff_t *diff)
{
    if (text_set (&diff->session, ours->session) || text_set (&diff->other, theirs->session) ||
        text_set (&diff->base, basis->state.session) ||
        merge_compare (&basis->state, ours, theirs, false, &diff->keys, &diff->conflicts))
        return BATON_resource_exhausted;
    diff->n = ours->n;
    diff->other_n = theirs->n;
    diff->base_n = basis->state.n;
    diff->items = back->items;
    diff->other_items = basis->items;
    return BATON_OK;
}

static baton_status diff_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const session_diff_request_t *params = request->params;
    session_t ours = {0}, theirs = {0};
    merge_basis_t basis = {0}, back = {0};
    baton_status status =
        history_basis (store, &request->viewer, params->session, params->other, &ours, &theirs, &basis, error);
    if (status == BATON_OK)
        status = history_basis (store, &request->viewer, params->other, params->session, &theirs, &ours, &back, error);
    if (status == BATON_OK && fill_diff (&ours, &theirs, &basis, &back, reply) != BATON_OK)
        status = baton_fail_memory (error);
    record_clear (&RECORD_session, &ours);
    record_clear (&RECORD_session, &theirs);
    record_clear (&RECORD_merge_basis, &basis);
    record_clear (&RECORD_merge_basis, &back);
    return status;
}

baton_status handle_session_diff (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_t *state = NULL;
    (void) ret_reply;
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK)
        request->later = diff_later;
    return status;
}

/* ---- session.merge ---- */

static baton_status basis_later (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    const session_merge_request_t *params = request->params;
    session_t into = {0}, from = {0};
    baton_status status =
        history_basis (store, &request->viewer, params->into, params->from, &into, &from, record, error);
    record_clear (&RECORD_session, &into);
    record_clear (&RECORD_session, &from);
    return status;
}

static baton_status begin (broker_t *broker, const request_t *request, const merge_plan_t *plan, changed_t *changed,
                           baton_error_t *error)
{
    const session_merge_request_t *params = request->params;
    merge_start_request_t start = {.session = params->into, .merge = plan->merge, .policy = params->policy};
    command_t command = command_of (broker, request);
    command.method = METHOD_merge_start;
    command.request = &start;
    return journal_decide (broker->journal, params->into, &command, changed, error);
}

/*  A branch that brings nothing and stays is left alone, and so is the session. */
static baton_status merge (broker_t *broker, request_t *request, const session_t *into, const session_t *from,
                           merge_plan_t *plan, baton_error_t *error)
{
    const session_merge_request_t *params = request->params;
    changed_t changed = {0};
    bool ended = from->state == lifecycle_terminated;
    baton_status status =
        merge_plan (into, from, request->prepared, params->keep, &plan->merge, &plan->conflicts, error);
    bool nothing = status == BATON_OK && merge_empty (&plan->merge) && (params->keep || ended);
    if (status == BATON_OK && !params->dry_run && !nothing) {
        status = begin (broker, request, plan, &changed, error);
        plan->merged = plan->conflicts == 0;
        plan->breakpoint = changed.breakpoint;
    }
    if (status == BATON_OK && text_set (&plan->session, params->into) != BATON_OK)
        status = baton_fail_memory (error);
    plan->session_n = into->n;
    record_clear (&RECORD_changed, &changed);
    return status;
}

/*  Ending a session is for its owner, whatever it is ended by. */
static baton_status check_ending (const request_t *request, const session_t *from, baton_error_t *error)
{
    const session_merge_request_t *params = request->params;
    audience_t audience = session_audience (from);
    if (params->keep || params->dry_run || access_of (&request->viewer, &audience) >= access_own)
        return BATON_OK;
    return baton_fail_field (error, BATON_permission_denied, BATON_REASON_no_access, "from",
                             "the merge would end session %s, which %s does not own: merge it with keep", from->session,
                             request->viewer.name);
}

baton_status handle_session_merge (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    session_merge_request_t *params = request->params;
    const merge_basis_t *basis = request->prepared;
    entry_t *into = NULL, *from = NULL;
    cache_t *cache = journal_cache (broker->journal);
    baton_status status = cache_get (cache, params->into, &into, error);
    if (status == BATON_OK)
        status = cache_get (cache, params->from, &from, error);
    if (status == BATON_OK)
        status = check_ending (request, &from->state, error);
    if (status == BATON_OK)
        status = merge_check (&into->state, &from->state, error);
    if (status == BATON_OK)
        status = teams_resolve (broker, &params->policy, error);
    if (status != BATON_OK)
        return status;
    if (!basis || basis->ours_n != into->state.n || basis->theirs_n != from->state.n)
        return request_prepare (request, &RECORD_merge_basis, basis_later, error);
    return merge (broker, request, &into->state, &from->state, ret_reply, error);
}
