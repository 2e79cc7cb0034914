/*  What a session has learned: its decisions, as they stand and as they came to be, and all its runs together.
 */
#include "handlers.h"

#include "history.h"
#include "keyed.h"
#include "synthesis.h"
#include "synthesis_markdown.h"

#define PAGE_DEFAULT 100

baton_status handle_decision_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    decision_page_t *page = ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK && list_replace (&RECORD_decision, &state->decisions, &page->decisions) != BATON_OK)
        status = baton_fail_memory (error);
    return status;
}

/*  Of a session that has ended no clock takes care any more: who was not heard of is told here. */
baton_status handle_session_clients (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    client_page_t *page = ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK && list_replace (&RECORD_session_client, &state->clients, &page->clients) != BATON_OK)
        status = baton_fail_memory (error);
    for (size_t i = 0; status == BATON_OK && i < page->clients.count; i++)
        if (page->clients.items[i].left_at == 0 && page->clients.items[i].until <= broker->now)
            page->clients.items[i].left_at = page->clients.items[i].until;
    return status;
}

/* ---- decision.history ---- */

/*  Follows the state: whatever an event does to the key (a rollback brings an older value back), the state shows it. */
typedef struct {
    session_t state;
    const char *key;
    uint64_t after, limit;
    past_decision_t open; /*  what stands now; n 0: nothing */
    bool known;           /*  the key was there at some time */
    decision_history_t *history;
} past_walk_t;

static bool stands (const past_decision_t *open, const decision_t *decision)
{
    return text_equal (open->value, decision->value) && text_equal (open->why, decision->why) &&
           open->run == decision->run;
}

static baton_status keep (past_walk_t *self)
{
    if (self->open.n > self->after && self->history->entries.count == self->limit)
        self->history->more = true;
    else if (self->open.n > self->after) {
        past_decision_t *entry = list_append (&self->history->entries, sizeof *entry);
        if (!entry)
            return BATON_resource_exhausted;
        *entry = self->open;
        self->open = (past_decision_t){0};
    }
    record_clear (&RECORD_past_decision, &self->open);
    return BATON_OK;
}

static baton_status end_open (past_walk_t *self, const event_t *event)
{
    self->open.ended_n = event->n;
    self->open.ended_at = event->at;
    self->open.ended_run = event->run;
    if (text_set (&self->open.ended, EVENTS[event->kind].name) != BATON_OK ||
        text_set (&self->open.ended_by, event->actor) != BATON_OK)
        return BATON_resource_exhausted;
    return keep (self);
}

static baton_status begin (past_walk_t *self, const decision_t *decision, const event_t *event)
{
    self->known = true;
    self->open.n = event->n;
    self->open.began_at = event->at;
    self->open.run = decision->run;
    return text_set (&self->open.value, decision->value) == BATON_OK &&
                   text_set (&self->open.why, decision->why) == BATON_OK &&
                   text_set (&self->open.began, EVENTS[event->kind].name) == BATON_OK &&
                   text_set (&self->open.began_by, event->actor) == BATON_OK
               ? BATON_OK
               : BATON_resource_exhausted;
}

static baton_status visit_event (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    past_walk_t *self = argument;
    if (session_evolve (&self->state, event) != BATON_OK)
        return baton_fail_memory (error);
    const decision_t *decision = keyed_find (&self->state.decisions, &RECORD_decision, self->key);
    bool same = decision ? self->open.n > 0 && stands (&self->open, decision) : self->open.n == 0;
    if (!same && ((self->open.n > 0 && end_open (self, event) != BATON_OK) ||
                  (decision && begin (self, decision, event) != BATON_OK)))
        return baton_fail_memory (error);
    *ret_more = !self->history->more;
    return BATON_OK;
}

static baton_status history_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const decision_history_request_t *params = request->params;
    past_walk_t walk = {.key = params->key,
                        .after = params->after,
                        .limit = params->limit ? params->limit : PAGE_DEFAULT,
                        .history = reply};
    baton_status status = history_walk_some (store, params->session, 0, session_decides, visit_event, &walk, error);
    if (status == BATON_OK && walk.open.n > 0 && keep (&walk) != BATON_OK)
        status = baton_fail_memory (error);
    if (status == BATON_OK && !walk.known)
        status = baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_key, "key",
                                   "session %s never had a decision %s", params->session, params->key);
    if (status == BATON_OK && text_set (&walk.history->key, params->key) != BATON_OK)
        status = baton_fail_memory (error);
    record_clear (&RECORD_past_decision, &walk.open);
    record_clear (&RECORD_session, &walk.state);
    return status;
}

baton_status handle_decision_history (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    request->later = history_later;
    return status;
}

/* ---- session.synthesize ---- */

static baton_status synthesize_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const session_synthesize_request_t *params = request->params;
    synthesis_t *synthesis = reply;
    baton_status status = synthesis_make (store, params->session, params->at, synthesis, error);
    if (status != BATON_OK || !params->markdown)
        return status;
    synthesis->markdown = synthesis_markdown (synthesis);
    return synthesis->markdown ? BATON_OK : baton_fail_memory (error);
}

baton_status handle_session_synthesize (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    request->later = synthesize_later;
    return status;
}
