/*  Sessions that wait for the end of others: dependencies, and those who watch.
 *
 *  A session that waits says so to the one that it waits for (session.watch), and hears of its end in the batch in
 * which it ends (session.ended).
 */
#include "deciding.h"

#include <stdlib.h>
#include <string.h>

bool cause_is_success (cause_e cause)
{
    return cause == cause_completed || cause == cause_merged;
}

const dependency_t *dependency_pending (const session_t *self)
{
    for (size_t i = 0; i < self->depends_on.count; i++)
        if (self->depends_on.items[i].ended == cause_none)
            return &self->depends_on.items[i];
    return NULL;
}

const dependency_t *dependency_failed (const session_t *self)
{
    for (size_t i = 0; i < self->depends_on.count; i++)
        if (self->depends_on.items[i].ended != cause_none && !cause_is_success (self->depends_on.items[i].ended))
            return &self->depends_on.items[i];
    return NULL;
}

bool dependency_awaited (const deciding_t *deciding)
{
    const session_t *self = deciding->self;
    for (size_t i = 0; i < self->depends_on.count; i++)
        if (self->depends_on.items[i].ended == cause_none &&
            !text_equal (self->depends_on.items[i].session, deciding->settled))
            return true;
    return false;
}

/*  NULL when it does not depend on that one. */
static dependency_t *find (const session_t *self, const char *other)
{
    return other ? keyed_find (&self->depends_on, &RECORD_dependency, other) : NULL;
}

bool session_waits_for (const session_t *self, const char *other)
{
    const dependency_t *dependency = find (self, other);
    if (self->state == lifecycle_terminated)
        return false;
    for (size_t i = 0; i < self->triggers.count; i++)
        if (text_equal (self->triggers.items[i].after, other))
            return true;
    return dependency && dependency->ended == cause_none;
}

/* ---- add and remove ---- */

baton_status decide_dependency_add (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const dependency_add_request_t *request = deciding->command->request;
    if (find (self, request->on))
        return BATON_OK;
    if (self->depends_on.count >= LIMIT_DEPENDENCIES)
        return baton_fail_field (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large, "on",
                                 "session %s depends on %d sessions already", self->session, LIMIT_DEPENDENCIES);
    emit (deciding, EVENT_dependency_added, &(dependency_added_event_t){.session = request->on});
    return BATON_OK;
}

/*  Whether a start that waits could begin, were it not for that one. */
static bool holds_up (const session_t *self, const dependency_t *dependency)
{
    for (size_t i = 0; i < self->depends_on.count; i++) {
        const dependency_t *other = &self->depends_on.items[i];
        if (other != dependency && !cause_is_success (other->ended))
            return false;
    }
    return self->state == lifecycle_sleeping && self->cause == cause_waiting;
}

static void go_on (deciding_t *deciding)
{
    deciding->woken = true;
    emit (deciding, EVENT_session_activated, &(session_activated_event_t){.cause = cause_dependency});
    if (deciding->self->queue.count > 0)
        run_begin_waiting (deciding);
    else
        run_begin (deciding, NULL);
}

baton_status decide_dependency_remove (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const dependency_remove_request_t *request = deciding->command->request;
    const dependency_t *dependency = find (self, request->on);
    if (!dependency)
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_key, "on",
                                 "session %s does not depend on session %s", self->session, request->on);
    emit (deciding, EVENT_dependency_removed, &(dependency_removed_event_t){.session = request->on});
    if (holds_up (self, dependency))
        go_on (deciding);
    return BATON_OK;
}

baton_status evolve_dependency_added (session_t *self, const event_t *event)
{
    const dependency_added_event_t *body = event->body;
    return !body->session || keyed_put (&self->depends_on, &RECORD_dependency, body->session)
               ? BATON_OK
               : BATON_resource_exhausted;
}

baton_status evolve_dependency_removed (session_t *self, const event_t *event)
{
    const dependency_removed_event_t *body = event->body;
    const dependency_t *dependency = find (self, body->session);
    if (dependency)
        list_remove (&self->depends_on, &RECORD_dependency, (size_t) (dependency - self->depends_on.items));
    return BATON_OK;
}

/* ---- the end of the other one ---- */

static void give_up (deciding_t *deciding)
{
    for (size_t i = 0; i < deciding->self->queue.count; i++)
        emit (deciding, EVENT_start_dequeued, &(start_dequeued_event_t){});
    emit (deciding, EVENT_session_suspended, &(session_suspended_event_t){.cause = cause_dependency_failed});
    deciding->held_back = true;
}

static void end_dependency (deciding_t *deciding, const dependency_t *dependency)
{
    const session_t *self = deciding->self;
    const session_ended_request_t *request = deciding->command->request;
    emit (deciding, EVENT_dependency_ended,
          &(dependency_ended_event_t){.session = dependency->session, .cause = request->cause});
    deciding->settled = dependency->session;
    if (!cause_is_success (request->cause) && self->state == lifecycle_sleeping)
        give_up (deciding);
    else if (cause_is_success (request->cause) && holds_up (self, dependency))
        go_on (deciding);
}

baton_status decide_session_ended (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const session_ended_request_t *request = deciding->command->request;
    const dependency_t *dependency = find (self, request->ended);
    if (self->state == lifecycle_terminated)
        return BATON_OK;
    if (dependency && dependency->ended == cause_none)
        end_dependency (deciding, dependency);
    trigger_ended (deciding, request);
    return BATON_OK;
}

baton_status evolve_dependency_ended (session_t *self, const event_t *event)
{
    const dependency_ended_event_t *body = event->body;
    dependency_t *dependency = find (self, body->session);
    if (dependency)
        dependency->ended = body->cause;
    return BATON_OK;
}

/* ---- those who watch this one ---- */

baton_status decide_session_watch (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const session_watch_request_t *request = deciding->command->request;
    if (texts_contain (&self->watchers, request->watcher))
        return BATON_OK;
    if (self->watchers.count >= LIMIT_WATCHERS)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_busy,
                           "%d sessions wait for the end of session %s already", LIMIT_WATCHERS, self->session);
    emit (deciding, EVENT_watcher_added, &(watcher_added_event_t){.session = request->watcher});
    return BATON_OK;
}

baton_status decide_session_unwatch (deciding_t *deciding)
{
    const session_unwatch_request_t *request = deciding->command->request;
    if (texts_contain (&deciding->self->watchers, request->watcher))
        emit (deciding, EVENT_watcher_removed, &(watcher_removed_event_t){.session = request->watcher});
    return BATON_OK;
}

baton_status evolve_watcher_added (session_t *self, const event_t *event)
{
    const watcher_added_event_t *body = event->body;
    if (!body->session || texts_contain (&self->watchers, body->session))
        return BATON_OK;
    return texts_add (&self->watchers, body->session);
}

baton_status evolve_watcher_removed (session_t *self, const event_t *event)
{
    const watcher_removed_event_t *body = event->body;
    baton_texts_t *watchers = &self->watchers;
    for (size_t i = 0; i < watchers->count; i++)
        if (text_equal (watchers->items[i], body->session)) {
            free (watchers->items[i]);
            watchers->count--;
            memmove (&watchers->items[i], &watchers->items[i + 1], (watchers->count - i) * sizeof *watchers->items);
            break;
        }
    return BATON_OK;
}
