/*  What the journal of one session tells of its runs: how each went, what it left behind, what it changed of what
 * others had decided. The state is folded alongside, so that whatever undoes something is seen as well. */
#include "keyed.h"
#include "synthesis_internal.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    const stretch_t *stretch;
    bool own;
    session_t state;
    decision_page_t before; /*  the decisions as they were looked at last */
    synthesis_t *synthesis;
    dropped_t *dropped;
} reading_t;

/*  Absent for the session itself. */
static const char *label (const reading_t *self)
{
    return self->own ? NULL : self->stretch->session;
}

/*  The text, or how it begins. */
static baton_status set_excerpt (char **field, const char *text)
{
    char excerpt[LIMIT_EXCERPT + 1];
    if (!text || strlen (text) <= LIMIT_EXCERPT)
        return text_set (field, text);
    const char *mark = "\u2026";
    size_t length = text_cut (text, LIMIT_EXCERPT - strlen (mark));
    memcpy (excerpt, text, length);
    snprintf (excerpt + length, sizeof excerpt - length, "%s", mark);
    return text_set (field, excerpt);
}

/* ---- runs ---- */

static run_report_t *find_report (const reading_t *self, uint64_t run)
{
    for (size_t i = self->synthesis->runs.count; run > 0 && i-- > 0;) {
        run_report_t *report = &self->synthesis->runs.items[i];
        if (report->run.number == run && text_equal (report->session, label (self)))
            return report;
    }
    return NULL;
}

/*  The run as the state has it now. */
static baton_status keep_run (reading_t *self, const event_t *event)
{
    const run_t *run = &self->state.run;
    run_report_t *report = find_report (self, run->number);
    if (!report && event->kind != EVENT_run_queued)
        return BATON_OK; /*  too long ago to be told */
    if (!report)
        report = synthesis_add (&self->synthesis->runs, &RECORD_run_report, &self->dropped->runs);
    if (!report)
        return BATON_resource_exhausted;
    record_clear (&RECORD_run, &report->run);
    run_t seen = *run;
    if (seen.input.size > LIMIT_SHORT)
        seen.input = (baton_bytes_t){0};
    report->duration =
        run->finished_at > run->started_at && run->started_at > 0 ? run->finished_at - run->started_at : 0;
    return record_copy (&RECORD_run, &seen, &report->run) == BATON_OK ? text_set (&report->session, label (self))
                                                                      : BATON_resource_exhausted;
}

static baton_status note_key (baton_texts_t *keys, const char *key)
{
    return keys->count >= LIMIT_REPORT_KEYS || texts_contain (keys, key) ? BATON_OK : texts_add (keys, key);
}

/* ---- failures ---- */

static baton_status add_failure (reading_t *self, const event_t *event, uint64_t run, const char *what,
                                 const char *text)
{
    failure_report_t *failure =
        synthesis_add (&self->synthesis->failures, &RECORD_failure_report, &self->dropped->failures);
    if (!failure || text_set (&failure->session, label (self)) || text_set (&failure->what, what) ||
        set_excerpt (&failure->text, text))
        return BATON_resource_exhausted;
    failure->run = run;
    failure->n = event->n;
    return BATON_OK;
}

static baton_status note_end (reading_t *self, const event_t *event)
{
    const run_finished_event_t *body = event->body;
    char what[LIMIT_TITLE];
    if (body->outcome == run_outcome_completed || body->outcome == run_outcome_cancelled)
        return BATON_OK;
    int size =
        snprintf (what, sizeof what, "run %llu %s", (unsigned long long) body->number,
                  body->outcome == run_outcome_lost ? "was lost" : enum_name (&run_outcome_names, body->outcome));
    if (body->signal > 0)
        snprintf (what + size, sizeof what - (size_t) size, " by signal %llu", (unsigned long long) body->signal);
    else if (body->exit_code > 0)
        snprintf (what + size, sizeof what - (size_t) size, " with exit code %llu",
                  (unsigned long long) body->exit_code);
    return add_failure (self, event, body->number, what, body->detail);
}

static baton_status note_aborted_move (reading_t *self, const event_t *event)
{
    const migration_aborted_event_t *body = event->body;
    char what[LIMIT_TITLE];
    snprintf (what, sizeof what, "move %llu to %s, at the step %s", (unsigned long long) body->number,
              self->state.migration.target ? self->state.migration.target : "another node",
              enum_name (&migration_step_names, body->step));
    return add_failure (self, event, 0, what, body->detail);
}

/* ---- items ---- */

static baton_status note_tool_error (reading_t *self, const event_t *event, run_report_t *report, const part_t *part)
{
    char what[LIMIT_TITLE];
    if (report)
        report->errors++;
    snprintf (what, sizeof what, "tool %s", part->tool ? part->tool : part->call ? part->call : "?");
    return add_failure (self, event, event->run, what, part->text);
}

static baton_status note_item (reading_t *self, const event_t *event)
{
    const item_appended_event_t *item = event->body;
    run_report_t *report = find_report (self, event->run);
    baton_status status = BATON_OK;
    if (report) {
        report->items++;
        report->tokens += item->tokens;
    }
    for (size_t i = 0; status == BATON_OK && i < item->parts.count; i++) {
        const part_t *part = &item->parts.items[i];
        if (report && item->role == item_role_assistant && part->kind == part_kind_text)
            status = set_excerpt (&report->last, part->text);
        else if (part->kind == part_kind_tool_result && part->error)
            status = note_tool_error (self, event, report, part);
    }
    return status;
}

/* ---- decisions ---- */

static bool unchanged (const reading_t *self)
{
    const session_t *state = &self->state;
    if (state->decisions.count != self->before.decisions.count)
        return false;
    for (size_t i = 0; i < state->decisions.count; i++) {
        const decision_t *now = &state->decisions.items[i], *before = &self->before.decisions.items[i];
        /*  Positions are those of two journals, when one was inherited. */
        if (now->n != before->n || !text_equal (now->session, before->session) || !text_equal (now->key, before->key))
            return false;
    }
    return true;
}

static baton_status add_superseded (reading_t *self, const decision_t *decision, const event_t *event)
{
    past_decision_t *past =
        synthesis_add (&self->synthesis->superseded, &RECORD_past_decision, &self->dropped->superseded);
    if (!past || text_set (&past->key, decision->key) || text_set (&past->value, decision->value) ||
        text_set (&past->why, decision->why) || text_set (&past->ended, EVENTS[event->kind].name) ||
        text_set (&past->ended_by, event->actor))
        return BATON_resource_exhausted;
    past->n = decision->n;
    past->run = decision->run;
    past->ended_n = event->n;
    past->ended_at = event->at;
    past->ended_run = event->run;
    return BATON_OK;
}

/*  Two runs that disagree; one that thinks better of it does not. */
static baton_status note_conflict (reading_t *self, const decision_t *before, const decision_t *now,
                                   const event_t *event)
{
    bool same_run = now && before->run == now->run && text_equal (before->session, now->session);
    if (!now || same_run || text_equal (before->value, now->value) || event->kind == EVENT_run_rolled_back ||
        event->kind == EVENT_session_merged)
        return BATON_OK;
    conflict_report_t *conflict =
        synthesis_add (&self->synthesis->conflicts, &RECORD_conflict_report, &self->dropped->conflicts);
    if (!conflict || text_set (&conflict->session, label (self)) || text_set (&conflict->key, before->key) ||
        text_set (&conflict->value, before->value) || text_set (&conflict->other, now->value))
        return BATON_resource_exhausted;
    conflict->kind = fact_kind_decision;
    conflict->run = before->run;
    conflict->other_run = now->run;
    conflict->n = event->n;
    return BATON_OK;
}

static baton_status compare_decisions (reading_t *self, const event_t *event)
{
    bool told = event->n > self->stretch->after;
    if (unchanged (self))
        return BATON_OK;
    for (size_t i = 0; told && i < self->before.decisions.count; i++) {
        const decision_t *before = &self->before.decisions.items[i];
        const decision_t *now = keyed_find (&self->state.decisions, &RECORD_decision, before->key);
        bool stands = now && text_equal (now->value, before->value) && text_equal (now->why, before->why);
        if (!stands && (add_superseded (self, before, event) || note_conflict (self, before, now, event)))
            return BATON_resource_exhausted;
    }
    return list_replace (&RECORD_decision, &self->state.decisions, &self->before.decisions);
}

/* ---- the walk ---- */

static baton_status note_event (reading_t *self, const event_t *event)
{
    run_report_t *report = find_report (self, event->run);
    switch (event->kind) {
    case EVENT_item_appended:
        return note_item (self, event);
    case EVENT_memory_set:
        return report ? note_key (&report->memory, ((const memory_set_event_t *) event->body)->key) : BATON_OK;
    case EVENT_decision_recorded:
        return report ? note_key (&report->decisions, ((const decision_recorded_event_t *) event->body)->key)
                      : BATON_OK;
    case EVENT_artifact_put:
        return report ? note_key (&report->artifacts, ((const artifact_put_event_t *) event->body)->name) : BATON_OK;
    case EVENT_run_finished:
        return note_end (self, event);
    case EVENT_session_merged:
        return synthesis_add_merge (self->synthesis, &((const session_merged_event_t *) event->body)->merge,
                                    label (self), event->n, self->dropped);
    case EVENT_migration_aborted:
        return note_aborted_move (self, event);
    case EVENT_session_terminated:
        return self->own
                   ? text_set (&self->synthesis->result, ((const session_terminated_event_t *) event->body)->detail)
                   : BATON_OK;
    default:
        return BATON_OK;
    }
}

static baton_status visit_event (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    reading_t *self = argument;
    bool told = event->n > self->stretch->after;
    bool run = EVENTS[event->kind].class == event_class_run || event->kind == EVENT_migration_committed;
    *ret_more = event->n < self->stretch->upto;
    if (event->n > self->stretch->upto)
        return BATON_OK;
    if (session_evolve (&self->state, event) != BATON_OK || compare_decisions (self, event) != BATON_OK ||
        (told && run && self->state.run.number > 0 && keep_run (self, event) != BATON_OK) ||
        (told && note_event (self, event) != BATON_OK))
        return baton_fail_memory (error);
    return BATON_OK;
}

baton_status synthesis_read (store_t *store, const stretch_t *stretch, bool own, synthesis_t *synthesis,
                             dropped_t *dropped, baton_error_t *error)
{
    reading_t reading = {.stretch = stretch, .own = own, .synthesis = synthesis, .dropped = dropped};
    baton_status status = history_walk (store, stretch->session, 0, visit_event, &reading, error);
    record_clear (&RECORD_session, &reading.state);
    record_clear (&RECORD_decision_page, &reading.before);
    return status;
}
