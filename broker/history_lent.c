/*  Whose workspace a session's forks work in. Only their own states say it, and their source's journal names them. */
#include "history.h"

typedef struct {
    store_t *store;
    const char *session; /*  whose workspace it is */
    baton_texts_t forks; /*  those found so far */
    bool lent;
} lent_t;

static baton_status find_fork (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    lent_t *self = argument;
    if (event->kind != EVENT_session_branched)
        return BATON_OK;
    const session_branched_event_t *body = event->body;
    self->lent = self->forks.count > LENT_MOST;
    *ret_more = !self->lent;
    return texts_add (&self->forks, body->fork) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

static baton_status look_at_fork (lent_t *self, const char *fork, baton_error_t *error)
{
    session_t state = {0};
    baton_status status = history_load (self->store, fork, &state, NULL, error);
    if (status == BATON_OK)
        self->lent = state.state != lifecycle_terminated && text_equal (state.origin.session, self->session);
    else if (error->reason == BATON_REASON_no_such_session)
        status = BATON_OK; /*  the source was imported: its forks are elsewhere */
    uint64_t forks = state.forks;
    record_clear (&RECORD_session, &state);
    if (status != BATON_OK || self->lent || forks == 0)
        return status;
    return history_walk (self->store, fork, 0, find_fork, self, error);
}

baton_status history_lent (store_t *store, const char *session, bool *ret_lent, baton_error_t *error)
{
    lent_t lent = {.store = store, .session = session};
    baton_status status = history_walk (store, session, 0, find_fork, &lent, error);
    for (size_t i = 0; status == BATON_OK && !lent.lent && i < lent.forks.count; i++)
        status = look_at_fork (&lent, lent.forks.items[i], error);
    if (status == BATON_OK)
        *ret_lent = lent.lent;
    texts_clear (&lent.forks);
    return status;
}
