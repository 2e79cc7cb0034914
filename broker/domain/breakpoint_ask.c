/*  Asking: a new breakpoint, the one that is known by that key, or a new version of what it is about. */
#include "deciding.h"
#include "policy.h"

#include <string.h>

static breakpoint_t *find_key (const session_t *self, const char *key)
{
    for (size_t i = 0; i < self->breakpoints.count; i++)
        if (text_equal (self->breakpoints.items[i].key, key))
            return &self->breakpoints.items[i];
    return NULL;
}

static baton_status ask_again (deciding_t *deciding, const breakpoint_t *known)
{
    const breakpoint_ask_request_t *request = deciding->command->request;
    const char *digest = deciding->command->digest;
    deciding->changed.breakpoint = known->number;
    bool revised = request->revise && !text_equal (digest, known->digest);
    if (revised && known->state != breakpoint_state_open)
        return baton_fail_field (deciding->error, BATON_failed_precondition, BATON_REASON_already_decided, "key",
                                 "breakpoint %llu with the key %s is over (%s), and was about something else",
                                 (unsigned long long) known->number, known->key, known->outcome);
    if (revised)
        emit (deciding, EVENT_breakpoint_revised,
              &(breakpoint_revised_event_t){
                  .number = known->number, .title = request->title, .body = request->body, .digest = (char *) digest});
    answer_text (deciding, &deciding->changed.outcome, known->outcome);
    return BATON_OK;
}

/* ---- a new one ---- */

static char *const APPROVAL[] = {(char *) "approve", (char *) "reject"};
static char *const ANSWER[] = {(char *) "answer"};

static baton_status refuse (const deciding_t *deciding, const char *field, const char *message)
{
    return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, field, "%s", message);
}

/*  The options of that kind, borrowed. An approval may name its own two, as they are. */
static baton_status options_of (const deciding_t *deciding, breakpoint_kind_e kind, baton_texts_t *ret_options)
{
    const breakpoint_ask_request_t *request = deciding->command->request;
    const baton_texts_t *given = &request->options;
    if (kind == breakpoint_kind_choice) {
        if (given->count < 2)
            return refuse (deciding, "options", "a choice needs at least two options");
        for (size_t i = 0; i < given->count; i++)
            for (size_t j = 0; j < i; j++)
                if (text_equal (given->items[i], given->items[j]))
                    return refuse (deciding, "options", "each option must be given once");
        *ret_options = *given;
        return BATON_OK;
    }
    baton_texts_t fixed = kind == breakpoint_kind_approval ? (baton_texts_t){2, (char **) APPROVAL}
                                                           : (baton_texts_t){1, (char **) ANSWER};
    bool same = given->count == fixed.count;
    for (size_t i = 0; same && i < fixed.count; i++)
        same = text_equal (given->items[i], fixed.items[i]);
    if (given->count > 0 && !same)
        return refuse (deciding, "options", "only a choice has options of its own");
    *ret_options = fixed;
    return BATON_OK;
}

static baton_status check_expiry (const deciding_t *deciding, breakpoint_kind_e kind, const baton_texts_t *options)
{
    const breakpoint_ask_request_t *request = deciding->command->request;
    bool option = request->on_expiry == expiry_option;
    if (request->on_expiry && request->deadline == 0)
        return refuse (deciding, "on_expiry", "without a deadline nothing expires");
    if (!option && request->expiry_option)
        return refuse (deciding, "expiry_option", "it is for on_expiry option only");
    if (option && kind == breakpoint_kind_input)
        return refuse (deciding, "on_expiry", "an input has no option that could be its outcome");
    if (option && (!request->expiry_option || !texts_contain (options, request->expiry_option)))
        return refuse (deciding, "expiry_option", "it must be one of the options");
    return BATON_OK;
}

static size_t texts_bytes (const baton_texts_t *texts)
{
    size_t bytes = 0;
    for (size_t i = 0; i < texts->count; i++)
        bytes += strlen (texts->items[i]);
    return bytes;
}

static size_t text_bytes (const char *text)
{
    return text ? strlen (text) : 0;
}

size_t vote_bytes (const vote_t *vote)
{
    return text_bytes (vote->actor) + text_bytes (vote->option) + vote->value.size + text_bytes (vote->why) +
           text_bytes (vote->key);
}

/*  What the state keeps of a breakpoint, but for small change. */
static size_t breakpoint_bytes (const breakpoint_t *self)
{
    size_t bytes = text_bytes (self->key) + text_bytes (self->title) + texts_bytes (&self->options) +
                   texts_bytes (&self->policy.people) + texts_bytes (&self->policy.exclude) +
                   text_bytes (self->expiry_option) + text_bytes (self->outcome) + self->value.size;
    for (size_t i = 0; i < self->votes.count; i++)
        bytes += vote_bytes (&self->votes.items[i]);
    return bytes;
}

size_t breakpoints_bytes (const session_t *self)
{
    size_t bytes = 0;
    for (size_t i = 0; i < self->breakpoints.count; i++)
        bytes += breakpoint_bytes (&self->breakpoints.items[i]);
    return bytes;
}

size_t session_waiting_bytes (const session_t *self)
{
    size_t bytes = breakpoints_bytes (self) + merge_bytes (&self->merge);
    for (size_t i = 0; i < self->queue.count; i++)
        bytes += self->queue.items[i].input.size;
    return bytes;
}

baton_status session_refuse_waiting (const session_t *self, size_t bytes, const char *hint, baton_error_t *error)
{
    return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                       "the breakpoints of session %s with their votes, its merge and the starts that wait would have "
                       "%zu bytes, and may have %u: %s",
                       self->session, bytes, LIMIT_WAITING_BYTES, hint);
}

/*  The bytes are limited so that the state, and so a snapshot of it, always fits into a frame. */
baton_status breakpoint_check_room (const deciding_t *deciding)
{
    const session_t *self = deciding->self;
    size_t open = 0, bytes = breakpoints_bytes (self);
    for (size_t i = 0; i < self->breakpoints.count; i++)
        open += self->breakpoints.items[i].state == breakpoint_state_open;
    if (bytes > LIMIT_BREAKPOINT_BYTES)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the breakpoints of session %s and their votes have %zu bytes: more than %u, so there can't "
                           "be another",
                           self->session, bytes, LIMIT_BREAKPOINT_BYTES);
    if (open >= LIMIT_OPEN_BREAKPOINTS)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_busy,
                           "%d breakpoints of session %s are open already", LIMIT_OPEN_BREAKPOINTS, self->session);
    if (self->breakpoints.count >= LIMIT_BREAKPOINTS)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "session %s has had %d breakpoints, and can't have more", self->session, LIMIT_BREAKPOINTS);
    return BATON_OK;
}

uint64_t breakpoint_next (const session_t *self)
{
    size_t count = self->breakpoints.count;
    return count > 0 ? self->breakpoints.items[count - 1].number + 1 : 1;
}

static void open_breakpoint (deciding_t *deciding, breakpoint_kind_e kind, const baton_texts_t *options)
{
    const session_t *self = deciding->self;
    const breakpoint_ask_request_t *request = deciding->command->request;
    uint64_t number = breakpoint_next (self);
    policy_t policy = request->policy;
    if (policy.kind == policy_kind_none)
        policy.kind = policy_kind_first;
    expiry_e expires = request->deadline && !request->on_expiry ? expiry_expire : request->on_expiry;
    emit (deciding, EVENT_breakpoint_opened,
          &(breakpoint_opened_event_t){
              .number = number,
              .key = request->key,
              .kind = kind,
              .title = request->title,
              .body = request->body,
              .options = *options,
              .schema = request->schema,
              .digest = (char *) deciding->command->digest,
              .policy = policy,
              .deadline = request->deadline ? deciding->command->now + request->deadline : 0,
              .on_expiry = expires,
              .expiry_option = request->expiry_option,
          });
    deciding->changed.breakpoint = number;
}

baton_status decide_breakpoint_ask (deciding_t *deciding)
{
    const breakpoint_ask_request_t *request = deciding->command->request;
    const breakpoint_t *known = find_key (deciding->self, request->key);
    if (known)
        return ask_again (deciding, known);
    breakpoint_kind_e kind = request->kind ? request->kind : breakpoint_kind_approval;
    baton_texts_t options = {0};
    if (kind == breakpoint_kind_merge_conflict || kind == breakpoint_kind_budget)
        return refuse (
            deciding, "kind",
            "a merge asks about its conflicts itself (baton session merge), and a budget when it is used up");
    if (request->schema.size > 0 && kind != breakpoint_kind_input)
        return refuse (deciding, "schema", "only an input has a schema");
    baton_status status = options_of (deciding, kind, &options);
    if (status == BATON_OK)
        status = policy_check (&request->policy, kind, deciding->command->actor, deciding->error);
    if (status == BATON_OK)
        status = check_expiry (deciding, kind, &options);
    if (status == BATON_OK)
        status = breakpoint_check_room (deciding);
    if (status == BATON_OK)
        open_breakpoint (deciding, kind, &options);
    return status;
}

/* ---- evolve ---- */

baton_status evolve_breakpoint_opened (session_t *self, const event_t *event)
{
    const breakpoint_opened_event_t *body = event->body;
    breakpoint_t *breakpoint = list_append (&self->breakpoints, sizeof *breakpoint);
    if (!breakpoint || text_set (&breakpoint->key, body->key) || text_set (&breakpoint->title, body->title) ||
        texts_copy (&body->options, &breakpoint->options) || text_set (&breakpoint->digest, body->digest) ||
        record_copy (&RECORD_policy, &body->policy, &breakpoint->policy) ||
        text_set (&breakpoint->requester, event->actor) || text_set (&breakpoint->expiry_option, body->expiry_option))
        return BATON_resource_exhausted;
    breakpoint->number = body->number;
    breakpoint->kind = body->kind;
    breakpoint->state = breakpoint_state_open;
    breakpoint->run = event->run;
    breakpoint->n = event->n;
    breakpoint->opened_at = event->at;
    breakpoint->deadline = body->deadline;
    breakpoint->duration = body->deadline ? body->deadline - event->at : 0;
    breakpoint->on_expiry = body->on_expiry;
    return BATON_OK;
}

baton_status evolve_breakpoint_revised (session_t *self, const event_t *event)
{
    const breakpoint_revised_event_t *body = event->body;
    breakpoint_t *breakpoint = breakpoint_find (self, body->number);
    if (!breakpoint)
        return BATON_OK;
    while (breakpoint->votes.count > 0)
        list_remove (&breakpoint->votes, &RECORD_vote, breakpoint->votes.count - 1);
    breakpoint->n = event->n;
    if (text_set (&breakpoint->title, body->title) || text_set (&breakpoint->digest, body->digest))
        return BATON_resource_exhausted;
    return BATON_OK;
}
