/*  Triggers: what can wake a session. */
#include "deciding.h"

#include <stdlib.h>
#include <string.h>

/* ---- add ---- */

/*  Which of the fields that make a trigger are given, and the trigger that they make. Borrows from the request. */
static size_t describe (const command_t *command, trigger_t *trigger)
{
    const trigger_add_request_t *request = command->request;
    const struct {
        trigger_kind_e kind;
        bool given;
    } KINDS[] = {
        {trigger_kind_time, request->time != 0},    {trigger_kind_in, request->in != 0},
        {trigger_kind_calendar, request->calendar}, {trigger_kind_file, request->file},
        {trigger_kind_git, request->git},           {trigger_kind_message, request->message},
        {trigger_kind_after, request->after},       {trigger_kind_signal, request->signal},
    };
    size_t given = 0;
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (KINDS[i].given) {
            trigger->kind = KINDS[i].kind;
            given++;
        }
    bool single = request->time != 0 || request->in != 0 || request->after;
    trigger->name = request->name;
    trigger->rule = request->calendar;
    trigger->zone = request->zone;
    trigger->file = request->file;
    trigger->ref = request->git;
    trigger->path = request->path;
    trigger->message = request->message;
    trigger->from = request->from;
    trigger->after = request->after;
    trigger->ending = request->after && !request->ending ? ending_any : request->ending;
    trigger->digest = request->signal ? (char *) command->digest : NULL;
    trigger->missed = request->missed ? request->missed : missed_once;
    trigger->overlap = request->overlap ? request->overlap : overlap_buffer_one;
    trigger->once = request->once || single;
    trigger->next = request->time ? request->time : request->in ? command->now + request->in : command->due;
    return given;
}

static baton_status refuse_stray (deciding_t *deciding, const char *field, const char *with)
{
    return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, field,
                             "%s goes only with %s", field, with);
}

static baton_status check_kind (deciding_t *deciding, const trigger_t *trigger, size_t given)
{
    if (given != 1)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "name",
                                 "trigger %s waits for %s: give exactly one of time, in, calendar, file, git, message,"
                                 " after and signal",
                                 trigger->name, given == 0 ? "nothing" : "several things");
    if (trigger->zone && !trigger->rule)
        return refuse_stray (deciding, "zone", "calendar");
    if (trigger->path && !trigger->ref)
        return refuse_stray (deciding, "path", "git");
    if (trigger->from && !trigger->message)
        return refuse_stray (deciding, "from", "message");
    if (trigger->ending && !trigger->after)
        return refuse_stray (deciding, "ending", "after");
    return BATON_OK;
}

bool trigger_whole (const trigger_t *trigger)
{
    const char *const waits_for[] = {
        [trigger_kind_calendar] = trigger->rule, [trigger_kind_file] = trigger->file,
        [trigger_kind_git] = trigger->ref,       [trigger_kind_message] = trigger->message,
        [trigger_kind_after] = trigger->after,   [trigger_kind_signal] = trigger->digest,
        [trigger_kind_time] = trigger->name,     [trigger_kind_in] = trigger->name,
    };
    const char *paths[] = {trigger->file, trigger->path};
    bool whole = trigger->kind < sizeof waits_for / sizeof *waits_for && waits_for[trigger->kind];
    for (size_t i = 0; i < 2 && whole; i++)
        whole = !paths[i] || (*paths[i] != '/' && path_stays (paths[i]));
    return whole;
}

static baton_status check_inside (deciding_t *deciding, const char *field, const char *path)
{
    if (!path || (*path != '/' && path_stays (path)))
        return BATON_OK;
    return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, field,
                             "%s must be a path inside the workspace, without \"..\": %.200s", field, path);
}

static baton_status check_room (deciding_t *deciding, const trigger_t *trigger)
{
    const session_t *self = deciding->self;
    if (self->triggers.count < LIMIT_TRIGGERS)
        return BATON_OK;
    return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                       "session %s has %d triggers already: %s is one too many", self->session, LIMIT_TRIGGERS,
                       trigger->name);
}

static bool same_trigger (const trigger_t *a, const trigger_t *b)
{
    return a->kind == b->kind && text_equal (a->rule, b->rule) && text_equal (a->zone, b->zone) &&
           text_equal (a->file, b->file) && text_equal (a->ref, b->ref) && text_equal (a->path, b->path) &&
           text_equal (a->message, b->message) && text_equal (a->from, b->from) && text_equal (a->after, b->after);
}

static baton_status refuse_taken (deciding_t *deciding, const trigger_t *known, const trigger_t *trigger)
{
    return baton_fail_field (deciding->error, BATON_already_exists, BATON_REASON_name_taken, "name",
                             "session %s has a trigger %s already, %s: remove it first", deciding->self->session,
                             trigger->name, same_trigger (known, trigger) ? "for the same" : "for something else");
}

baton_status decide_trigger_add (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    trigger_t trigger = {0};
    baton_status status = check_kind (deciding, &trigger, describe (deciding->command, &trigger));
    const trigger_t *known = keyed_find (&self->triggers, &RECORD_trigger, trigger.name);
    if (status == BATON_OK)
        status = check_inside (deciding, "file", trigger.file);
    if (status == BATON_OK)
        status = check_inside (deciding, "path", trigger.path);
    if (status == BATON_OK && known)
        status = refuse_taken (deciding, known, &trigger);
    if (status == BATON_OK)
        status = check_room (deciding, &trigger);
    if (status == BATON_OK)
        emit (deciding, EVENT_trigger_added, &(trigger_added_event_t){.trigger = trigger});
    return status;
}

baton_status evolve_trigger_added (session_t *self, const event_t *event)
{
    const trigger_added_event_t *body = event->body;
    if (!body->trigger.name)
        return BATON_OK;
    trigger_t *trigger = keyed_put (&self->triggers, &RECORD_trigger, body->trigger.name);
    if (!trigger)
        return BATON_resource_exhausted;
    record_clear (&RECORD_trigger, trigger);
    if (record_copy (&RECORD_trigger, &body->trigger, trigger) != BATON_OK)
        return BATON_resource_exhausted;
    trigger->since = event->n;
    return BATON_OK;
}

/* ---- remove ---- */

baton_status decide_trigger_remove (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const trigger_remove_request_t *request = deciding->command->request;
    if (!keyed_find (&self->triggers, &RECORD_trigger, request->name))
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_trigger, "name",
                                 "session %s has no trigger %s", self->session, request->name);
    emit (deciding, EVENT_trigger_removed, &(trigger_removed_event_t){.name = request->name});
    return BATON_OK;
}

/*  NULL when there is none of that name. */
static trigger_t *find (const session_t *self, const char *name)
{
    return name ? keyed_find (&self->triggers, &RECORD_trigger, name) : NULL;
}

static void drop (session_t *self, const trigger_t *trigger)
{
    list_remove (&self->triggers, &RECORD_trigger, (size_t) (trigger - self->triggers.items));
}

baton_status evolve_trigger_removed (session_t *self, const event_t *event)
{
    const trigger_removed_event_t *body = event->body;
    const trigger_t *trigger = find (self, body->name);
    if (trigger)
        drop (self, trigger);
    return BATON_OK;
}

/* ---- what it has seen ---- */

static baton_status move_on (trigger_t *trigger, const event_t *event, uint64_t next, const char *seen)
{
    trigger->next = next;
    if (!seen)
        return BATON_OK;
    trigger->since = event->n;
    return text_set (&trigger->seen, seen);
}

baton_status evolve_trigger_seen (session_t *self, const event_t *event)
{
    const trigger_seen_event_t *body = event->body;
    trigger_t *trigger = find (self, body->name);
    return trigger ? move_on (trigger, event, body->next, body->seen) : BATON_OK;
}

baton_status evolve_trigger_fired (session_t *self, const event_t *event)
{
    const trigger_fired_event_t *body = event->body;
    trigger_t *trigger = find (self, body->firing.trigger);
    if (!trigger)
        return BATON_OK;
    if (body->last) {
        drop (self, trigger);
        return BATON_OK;
    }
    trigger->number = body->firing.number;
    trigger->fired_at = event->at;
    if (text_set (&trigger->why, body->firing.why) != BATON_OK)
        return BATON_resource_exhausted;
    return move_on (trigger, event, body->next, body->seen);
}

void trigger_look_anew (session_t *self, uint64_t n)
{
    for (size_t i = 0; i < self->triggers.count; i++) {
        trigger_t *trigger = &self->triggers.items[i];
        if (trigger->overlap != overlap_skip || !trigger->seen)
            continue;
        free (trigger->seen);
        trigger->seen = NULL;
        trigger->since = n;
    }
}
