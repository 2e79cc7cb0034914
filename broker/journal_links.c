/*  Sessions that wait for the end of others: after each change that may matter to one of them, the two are brought in
 *  step, in the same batch. So a session that has ended has been heard of by all that waited for it, once. */
#include "journal_internal.h"

#include <stdlib.h>

static baton_status note (journal_t *self, const char *waiter, const char *other)
{
    link_note_t *link = list_append (&self->links, sizeof *link);
    if (!link || text_set (&link->waiter, waiter) != BATON_OK || text_set (&link->other, other) != BATON_OK)
        return BATON_resource_exhausted;
    return BATON_OK;
}

static baton_status note_trigger (journal_t *self, const session_t *state, const char *name)
{
    for (size_t i = 0; i < state->triggers.count; i++)
        if (text_equal (state->triggers.items[i].name, name) && state->triggers.items[i].after)
            return note (self, state->session, state->triggers.items[i].after);
    return BATON_OK;
}

/*  Those that wait for the session, and those that it waits for. */
static baton_status note_all (journal_t *self, const session_t *state)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < state->watchers.count && status == BATON_OK; i++)
        status = note (self, state->watchers.items[i], state->session);
    for (size_t i = 0; i < state->depends_on.count && status == BATON_OK; i++)
        status = note (self, state->session, state->depends_on.items[i].session);
    for (size_t i = 0; i < state->triggers.count && status == BATON_OK; i++)
        if (state->triggers.items[i].after)
            status = note (self, state->session, state->triggers.items[i].after);
    return status;
}

baton_status journal_note_links (journal_t *self, const session_t *state, const event_t *event)
{
    const char *after = NULL;
    switch (event->kind) {
    case EVENT_session_terminated:
        return note_all (self, state);
    case EVENT_dependency_added:
        return note (self, state->session, ((const dependency_added_event_t *) event->body)->session);
    case EVENT_dependency_removed:
        return note (self, state->session, ((const dependency_removed_event_t *) event->body)->session);
    case EVENT_trigger_added:
        after = ((const trigger_added_event_t *) event->body)->trigger.after;
        return after ? note (self, state->session, after) : BATON_OK;
    case EVENT_trigger_removed:
        return note_trigger (self, state, ((const trigger_removed_event_t *) event->body)->name);
    case EVENT_trigger_fired:
        return note_trigger (self, state, ((const trigger_fired_event_t *) event->body)->firing.trigger);
    default:
        return BATON_OK;
    }
}

static baton_status decide (journal_t *self, const char *session, method_id_t method, const void *request, uint64_t now,
                            baton_error_t *error)
{
    command_t command = {.method = method, .request = request, .now = now};
    changed_t changed = {0};
    baton_status status = journal_decide (self, session, &command, &changed, error);
    record_clear (&RECORD_changed, &changed);
    return status;
}

static baton_status settle (journal_t *self, const link_note_t *link, uint64_t now, baton_error_t *error)
{
    entry_t *waiter = NULL, *other = NULL;
    baton_status status = cache_get (self->cache, link->waiter, &waiter, error);
    if (status == BATON_OK)
        status = cache_get (self->cache, link->other, &other, error);
    if (status != BATON_OK)
        return status;
    bool waits = session_waits_for (&waiter->state, link->other);
    if (other->state.state == lifecycle_terminated) {
        session_ended_request_t ended = {
            .session = link->waiter, .ended = link->other, .cause = other->state.cause, .title = other->state.title};
        return waits ? decide (self, link->waiter, METHOD_session_ended, &ended, now, error) : BATON_OK;
    }
    session_watch_request_t watch = {.session = link->other, .watcher = link->waiter};
    session_unwatch_request_t unwatch = {.session = link->other, .watcher = link->waiter};
    return waits ? decide (self, link->other, METHOD_session_watch, &watch, now, error)
                 : decide (self, link->other, METHOD_session_unwatch, &unwatch, now, error);
}

/*  What the other one refuses was checked before, or does not matter to a session that has ended. */
baton_status journal_settle_links (journal_t *self, const command_t *cause, baton_error_t *error)
{
    while (self->links.count > 0) {
        link_note_t link = self->links.items[--self->links.count];
        baton_error_t failure = {0};
        baton_status status = settle (self, &link, cause->now, &failure);
        free (link.waiter);
        free (link.other);
        if (journal_must_undo (self, status, &failure)) {
            *error = failure;
            return status;
        }
    }
    free (self->links.items);
    self->links.items = NULL;
    return BATON_OK;
}

void journal_forget_links (journal_t *self)
{
    for (size_t i = 0; i < self->links.count; i++) {
        free (self->links.items[i].waiter);
        free (self->links.items[i].other);
    }
    free (self->links.items);
    self->links.items = NULL;
    self->links.count = 0;
}
