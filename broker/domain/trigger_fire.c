/*  Firings: each is one event, which says what caused it and what became of it.
 *
 *                   sleeping   running                  suspended
 *    skip           woke       skipped                  noted
 *    buffer_one     woke       buffered, then joined    noted
 *    buffer_all     woke       buffered, then dropped   noted
 *
 *  `joined`: a run that is to follow for this trigger already stands for this firing, too. `dropped`: LIMIT_QUEUE
 *  starts wait already. A sleeping session that depends on others begins to wait for them with the first firing, and is
 *  like a running one from then on. A suspended session stands still because somebody wanted it to, or because
 * something went wrong: no trigger is to get around that.
 */
#include "deciding.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

static bool start_waits (const session_t *self, const char *trigger)
{
    for (size_t i = 0; i < self->queue.count; i++)
        if (text_equal (self->queue.items[i].trigger, trigger))
            return true;
    return false;
}

/*  The first reason to run that a sleeping session is given while it depends on others. */
static bool begins_to_wait (const deciding_t *deciding)
{
    const session_t *self = deciding->self;
    return self->state == lifecycle_sleeping && self->cause != cause_waiting && !deciding->woken &&
           deciding->enqueued == 0;
}

static effect_e effect_of (const deciding_t *deciding, const trigger_t *trigger)
{
    const session_t *self = deciding->self;
    if (self->state == lifecycle_suspended || deciding->held_back)
        return effect_noted;
    if (self->state == lifecycle_sleeping && !deciding->woken && !dependency_awaited (deciding))
        return effect_woke;
    if (trigger->overlap == overlap_skip && !begins_to_wait (deciding))
        return effect_skipped;
    if (trigger->overlap == overlap_buffer_one &&
        (start_waits (self, trigger->name) || text_equal (deciding->enqueued_for, trigger->name)))
        return effect_joined;
    return self->queue.count + deciding->enqueued < LIMIT_QUEUE ? effect_buffered : effect_dropped;
}

static void start_for (deciding_t *deciding, const firing_t *firing, effect_e effect)
{
    baton_bytes_t input = {0};
    if (record_encode (&RECORD_firing, firing, &input) != BATON_OK)
        deciding->out_of_memory = true;
    else if (effect == effect_woke)
        session_wake (deciding, cause_trigger, &input);
    else {
        if (begins_to_wait (deciding))
            emit (deciding, EVENT_session_slept, &(session_slept_event_t){.cause = cause_waiting});
        emit (deciding, EVENT_start_enqueued,
              &(start_enqueued_event_t){.input = input, .cause = cause_trigger, .trigger = firing->trigger});
        deciding->enqueued++;
        deciding->enqueued_for = firing->trigger;
    }
    bytes_clear (&input);
}

void trigger_fire (deciding_t *deciding, const trigger_t *trigger, const firing_t *firing, uint64_t next,
                   const char *seen)
{
    firing_t full = *firing;
    effect_e effect = effect_of (deciding, trigger);
    full.trigger = trigger->name;
    full.kind = trigger->kind;
    if (full.number == 0)
        full.number = trigger->number + 1;
    emit (deciding, EVENT_trigger_fired,
          &(trigger_fired_event_t){
              .firing = full, .effect = effect, .next = next, .seen = (char *) seen, .last = trigger->once});
    if (effect == effect_woke || effect == effect_buffered)
        start_for (deciding, &full, effect);
    deciding->changed.firing = full.number;
    deciding->changed.effect = effect;
}

/* ---- signals ---- */

static baton_status check_token (deciding_t *deciding, const trigger_t *trigger)
{
    const command_t *command = deciding->command;
    bool holds = trigger && trigger->digest && command->digest && strcmp (trigger->digest, command->digest) == 0;
    bool mistaken = trigger && command->digest && !holds; /*  told also to who needs no token: others will use it */
    if (holds || (command->access >= access_edit && !mistaken))
        return BATON_OK;
    return baton_fail_field (deciding->error, BATON_permission_denied, BATON_REASON_wrong_token, "token",
                             "this is not the token of a trigger %s of this session",
                             ((const trigger_fire_request_t *) command->request)->name);
}

baton_status decide_trigger_fire (deciding_t *deciding)
{
    const command_t *command = deciding->command;
    const trigger_fire_request_t *request = command->request;
    const trigger_t *trigger = keyed_find (&deciding->self->triggers, &RECORD_trigger, request->name);
    baton_status status = check_token (deciding, trigger);
    if (status != BATON_OK)
        return status;
    if (!trigger)
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_trigger, "name",
                                 "session %s has no trigger %s", deciding->self->session, request->name);
    char why[LIMIT_SHORT];
    snprintf (why, sizeof why, "%s fired it", command->actor ? command->actor : "somebody with its token");
    trigger_fire (deciding, trigger, &(firing_t){.why = why, .by = (char *) command->actor, .value = request->value},
                  trigger->next, NULL);
    return BATON_OK;
}

/* ---- messages ---- */

static bool matches (const trigger_t *trigger, const message_deliver_request_t *message)
{
    bool sender = !trigger->from || text_equal (trigger->from, message->from) ||
                  text_equal (trigger->from, message->from_session);
    return trigger->kind == trigger_kind_message && sender &&
           fnmatch (trigger->message, message->subject ? message->subject : "", 0) == 0;
}

void trigger_message (deciding_t *deciding, const message_deliver_request_t *message)
{
    const session_t *self = deciding->self;
    char why[LIMIT_SHORT];
    char *sender = message->from_session ? message->from_session : message->from;
    snprintf (why, sizeof why, "a message from %s: %s", sender, message->subject ? message->subject : "(no subject)");
    for (size_t i = 0; i < self->triggers.count; i++)
        if (matches (&self->triggers.items[i], message))
            trigger_fire (deciding, &self->triggers.items[i],
                          &(firing_t){.why = why, .message = message->id, .by = sender}, 0, NULL);
}

/* ---- the end of another session ---- */

void trigger_ended (deciding_t *deciding, const session_ended_request_t *ended)
{
    const session_t *self = deciding->self;
    char why[LIMIT_SHORT];
    snprintf (why, sizeof why, "session %s has ended (%s): %s", ended->ended, enum_name (&cause_names, ended->cause),
              ended->title ? ended->title : "");
    for (size_t i = 0; i < self->triggers.count; i++) {
        const trigger_t *trigger = &self->triggers.items[i];
        if (!text_equal (trigger->after, ended->ended))
            continue;
        if (trigger->ending == ending_success && !cause_is_success (ended->cause))
            emit (deciding, EVENT_trigger_removed, &(trigger_removed_event_t){.name = trigger->name});
        else
            trigger_fire (deciding, trigger, &(firing_t){.why = why, .session = ended->ended}, 0, NULL);
    }
}

/* ---- files and refs ---- */

bool session_watches_for (const session_t *self, const trigger_t *trigger)
{
    bool looks = trigger->kind == trigger_kind_file || trigger->kind == trigger_kind_git;
    bool listens =
        self->state == lifecycle_sleeping || (self->state == lifecycle_running && trigger->overlap != overlap_skip);
    return looks && listens && !self->migrating;
}

bool session_watches (const session_t *self)
{
    for (size_t i = 0; i < self->triggers.count; i++)
        if (session_watches_for (self, &self->triggers.items[i]))
            return true;
    return false;
}

static void say_what_changed (const trigger_t *trigger, const trigger_changed_request_t *request, char why[LIMIT_SHORT])
{
    if (trigger->kind == trigger_kind_git && request->commit)
        snprintf (why, LIMIT_SHORT, "%s%s%s is at commit %s", trigger->path ? trigger->path : "",
                  trigger->path ? " has changed: " : "", trigger->ref, request->commit);
    else if (trigger->kind == trigger_kind_git)
        snprintf (why, LIMIT_SHORT, "%s is gone", trigger->ref);
    else if (request->paths.count == 1)
        snprintf (why, LIMIT_SHORT, "%s has changed", request->paths.items[0]);
    else if (request->paths.count > 1)
        snprintf (why, LIMIT_SHORT, "%s and others of %s have changed", request->paths.items[0], trigger->file);
    else
        snprintf (why, LIMIT_SHORT, "%s has changed", trigger->file);
}

/*  A node says what it sees in the light of what was seen last; when that is something else by now, it looks again. So
 *  what is on its way twice, or was seen by two nodes, fires once. */
baton_status decide_trigger_changed (deciding_t *deciding)
{
    const trigger_changed_request_t *request = deciding->command->request;
    const trigger_t *trigger = keyed_find (&deciding->self->triggers, &RECORD_trigger, request->name);
    char why[LIMIT_SHORT];
    if (deciding->self->state == lifecycle_terminated || !trigger || trigger->since != request->since ||
        text_equal (trigger->seen, request->seen))
        return BATON_OK;
    if (!trigger->seen) {
        emit (deciding, EVENT_trigger_seen, &(trigger_seen_event_t){.name = trigger->name, .seen = request->seen});
        return BATON_OK;
    }
    say_what_changed (trigger, request, why);
    trigger_fire (
        deciding, trigger,
        &(firing_t){.why = why, .paths = {request->paths.count, request->paths.items}, .commit = request->commit}, 0,
        request->seen);
    return BATON_OK;
}

/* ---- times ---- */

static void fire_time (deciding_t *deciding, const trigger_t *trigger, uint64_t number, uint64_t at, uint64_t passed)
{
    const trigger_due_request_t *request = deciding->command->request;
    char why[LIMIT_SHORT];
    int length = snprintf (why, sizeof why, "%s",
                           trigger->kind == trigger_kind_calendar ? "its calendar says so" : "its time has come");
    if (passed > 1)
        snprintf (why + length, sizeof why - (size_t) length, ", for %llu times that have passed",
                  (unsigned long long) passed);
    trigger_fire (deciding, trigger,
                  &(firing_t){.why = why, .at = at, .passed = passed > 1 ? passed : 0, .number = number}, request->next,
                  NULL);
}

/*  A scheduled time fires once, whatever the clock does: only `next` can fire, and it only moves on. */
baton_status decide_trigger_due (deciding_t *deciding)
{
    const trigger_due_request_t *request = deciding->command->request;
    const trigger_t *trigger = keyed_find (&deciding->self->triggers, &RECORD_trigger, request->name);
    if (deciding->self->state == lifecycle_terminated || !trigger || trigger->next != request->scheduled)
        return BATON_OK;
    size_t count = request->times.count;
    if (count == 0 && trigger->once)
        emit (deciding, EVENT_trigger_removed, &(trigger_removed_event_t){.name = trigger->name});
    else if (count == 0)
        emit (deciding, EVENT_trigger_seen, &(trigger_seen_event_t){.name = trigger->name, .next = request->next});
    size_t first = trigger->once && count > 0 ? count - 1 : 0; /*  what came before is told with the first that fires */
    for (size_t i = first; i < count; i++)
        fire_time (deciding, trigger, trigger->number + 1 + i - first, request->times.items[i].at,
                   i == first ? request->passed - (count - 1 - first) : 1);
    return BATON_OK;
}
