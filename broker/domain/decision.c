/*  Decisions: a key, a value and the reason. A key that is decided anew supersedes what it was before; the journal
 * keeps both. */
#include "deciding.h"
#include "facts.h"

static baton_status refuse_unknown (const deciding_t *deciding, const char *field, const char *key)
{
    return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_key, field,
                             "session %s has no decision %s", deciding->self->session, key);
}

/*  Where it stands in this session's journal; 0: it was inherited, and stands in another one. */
static uint64_t position_of (const decision_t *decision)
{
    return decision && !decision->session ? decision->n : 0;
}

static void withdraw (deciding_t *deciding, const decision_t *decision, char *why, char *by)
{
    emit (
        deciding, EVENT_decision_withdrawn,
        &(decision_withdrawn_event_t){.key = decision->key, .why = why, .replaces = position_of (decision), .by = by});
}

/*  The decision under another key that the new one takes the place of; NULL: none. */
static baton_status find_superseded (const deciding_t *deciding, const decision_t **ret_superseded)
{
    const decision_record_request_t *request = deciding->command->request;
    if (!request->supersedes || text_equal (request->supersedes, request->key))
        return BATON_OK;
    *ret_superseded = keyed_find (&deciding->self->decisions, &RECORD_decision, request->supersedes);
    return *ret_superseded ? BATON_OK : refuse_unknown (deciding, "supersedes", request->supersedes);
}

/*  What it replaces makes room for it; either may be NULL. */
static baton_status check_room (const deciding_t *deciding, const decision_t *old, const decision_t *superseded)
{
    const session_t *self = deciding->self;
    const decision_record_request_t *request = deciding->command->request;
    decision_t fresh = {.key = request->key, .value = request->value, .why = request->why};
    size_t bytes = facts_decision_bytes (&fresh);
    if (!old && !superseded && self->decisions.count >= LIMIT_DECISIONS)
        return baton_fail_field (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large, "key",
                                 "a session has at most %d decisions", LIMIT_DECISIONS);
    for (size_t i = 0; i < self->decisions.count; i++)
        if (&self->decisions.items[i] != old && &self->decisions.items[i] != superseded)
            bytes += facts_decision_bytes (&self->decisions.items[i]);
    if (bytes > LIMIT_DECISION_BYTES)
        return baton_fail_field (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large, "value",
                                 "the decisions of a session have at most %u bytes, and would have %zu",
                                 LIMIT_DECISION_BYTES, bytes);
    return BATON_OK;
}

baton_status decide_decision_record (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const decision_record_request_t *request = deciding->command->request;
    const decision_t *old = keyed_find (&self->decisions, &RECORD_decision, request->key), *superseded = NULL;
    bool same = old && text_equal (old->value, request->value) && text_equal (old->why, request->why);
    /*  What it supersedes has gone already when the same is recorded again. */
    if (same && !(request->supersedes && keyed_find (&self->decisions, &RECORD_decision, request->supersedes)))
        return BATON_OK;
    baton_status status = find_superseded (deciding, &superseded);
    if (status != BATON_OK)
        return status;
    if (!same && (status = check_room (deciding, old, superseded)) != BATON_OK)
        return status;
    if (superseded)
        withdraw (deciding, superseded, NULL, request->key);
    if (!same)
        emit (deciding, EVENT_decision_recorded,
              &(decision_recorded_event_t){
                  .key = request->key, .value = request->value, .why = request->why, .replaces = position_of (old)});
    return BATON_OK;
}

baton_status evolve_decision_recorded (session_t *self, const event_t *event)
{
    const decision_recorded_event_t *body = event->body;
    bool known = keyed_find (&self->decisions, &RECORD_decision, body->key) != NULL;
    decision_t *decision = keyed_put (&self->decisions, &RECORD_decision, body->key);
    if (!decision || text_set (&decision->value, body->value) || text_set (&decision->why, body->why) ||
        text_set (&decision->session, NULL))
        return BATON_resource_exhausted;
    decision->changes += known ? 1 : 0;
    decision->run = event->run;
    decision->n = event->n;
    return BATON_OK;
}

baton_status decide_decision_withdraw (deciding_t *deciding)
{
    const decision_withdraw_request_t *request = deciding->command->request;
    const decision_t *decision = keyed_find (&deciding->self->decisions, &RECORD_decision, request->key);
    if (!decision)
        return refuse_unknown (deciding, "key", request->key);
    withdraw (deciding, decision, request->why, NULL);
    return BATON_OK;
}

baton_status evolve_decision_withdrawn (session_t *self, const event_t *event)
{
    const decision_withdrawn_event_t *body = event->body;
    decision_t *decision = keyed_find (&self->decisions, &RECORD_decision, body->key);
    if (decision)
        list_remove (&self->decisions, &RECORD_decision, (size_t) (decision - self->decisions.items));
    return BATON_OK;
}

bool session_decides (event_kind_t kind)
{
    return session_begins (kind) || kind == EVENT_decision_recorded || kind == EVENT_decision_withdrawn ||
           kind == EVENT_session_merged || kind == EVENT_run_rolled_back || kind == EVENT_session_restored;
}
