/*  Positions with a name, and going back to an earlier one. */
#include "deciding.h"
#include "lineage.h"

#include <stdio.h>
#include <string.h>

/* ---- save ---- */

/*  A name that reads as a number must be the number of its position. */
static bool label_fits (const char *label, const char *number)
{
    return strspn (label, "0123456789") < strlen (label) || strcmp (label, number) == 0;
}

baton_status decide_session_save (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const session_save_request_t *request = deciding->command->request;
    char number[24];
    snprintf (number, sizeof number, "%lu", self->n);
    const char *label = request->label ? request->label : number;
    const checkpoint_t *old = keyed_find (&self->checkpoints, &RECORD_checkpoint, label);
    if (!label_fits (label, number))
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_bad_value, "label",
                                 "the label %s would be mistaken for a position", label);
    if (old && !request->replace)
        return baton_fail_field (deciding->error, BATON_already_exists, BATON_REASON_name_taken, "label",
                                 "the checkpoint %s of session %s stands at %lu already, and moves only with replace",
                                 label, self->session, old->n);
    if (!old && self->checkpoints.count >= LIMIT_CHECKPOINTS)
        return baton_fail_field (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large, "label",
                                 "a session has at most %d checkpoints: replace one", LIMIT_CHECKPOINTS);
    answer_text (deciding, &deciding->changed.digest, deciding->command->digest);
    emit (deciding, EVENT_session_saved,
          &(session_saved_event_t){
              .label = (char *) label, .position = self->n, .digest = (char *) deciding->command->digest});
    return BATON_OK;
}

baton_status evolve_session_saved (session_t *self, const event_t *event)
{
    const session_saved_event_t *body = event->body;
    if (self->checkpoints.count >= LIMIT_CHECKPOINTS &&
        !keyed_find (&self->checkpoints, &RECORD_checkpoint, body->label))
        return BATON_OK;
    checkpoint_t *checkpoint = keyed_put (&self->checkpoints, &RECORD_checkpoint, body->label);
    if (!checkpoint || text_set (&checkpoint->digest, body->digest) || text_set (&checkpoint->actor, event->actor))
        return BATON_resource_exhausted;
    checkpoint->n = body->position;
    checkpoint->at = event->at;
    return BATON_OK;
}

/* ---- restore ---- */

static const char *label_of (const session_t *self, uint64_t n)
{
    for (size_t i = 0; i < self->checkpoints.count; i++)
        if (self->checkpoints.items[i].n == n)
            return self->checkpoints.items[i].label;
    return NULL;
}

static baton_status check_restore (const deciding_t *deciding, const session_t *past)
{
    const session_t *self = deciding->self;
    if (!past)
        return baton_fail (deciding->error, BATON_internal, BATON_REASON_bug, "the past of session %s was not read",
                           self->session);
    if (self->migrating)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_migrating,
                           "session %s is on its way to %s: it can't be restored now", self->session,
                           self->migration.target);
    if (self->merge.from)
        return baton_fail (deciding->error, BATON_failed_precondition, BATON_REASON_merge_pending,
                           "session %s is taking session %s in: it can't be restored before that is decided",
                           self->session, self->merge.from);
    if (window_span_count (&past->window) + 2 > LIMIT_SPANS)
        return baton_fail_field (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large, "at",
                                 "the context of session %s was in %d pieces at %lu: choose another position",
                                 self->session, LIMIT_SPANS, past->n);
    return BATON_OK;
}

/*  The past state is the command's source. */
baton_status decide_session_restore (deciding_t *deciding)
{
    const session_t *self = deciding->self, *past = deciding->command->source;
    baton_status status = check_restore (deciding, past);
    if (status != BATON_OK)
        return status;
    window_t window = {0};
    if (window_rewind (&past->window, line_next (past) - 1, line_next (self) - 1, &window) != BATON_OK)
        deciding->out_of_memory = true;
    emit (deciding, EVENT_session_restored,
          &(session_restored_event_t){
              .position = past->n,
              .label = (char *) label_of (self, past->n),
              .title = past->title,
              .objective = past->objective,
              .priority = past->priority,
              .labels = past->labels,
              .items = past->items,
              .tokens = past->tokens,
              .memory = {past->memory.count, past->memory.items},
              .decisions = {past->decisions.count, past->decisions.items},
              .artifacts = {past->artifacts.count, past->artifacts.items},
              .window = window,
          });
    item_end_calls (deciding, &window, 0, "There is no result: the session was restored to before it.");
    item_tell_pressure (deciding, &self->window, window.tokens);
    record_clear (&RECORD_window, &window);
    return BATON_OK;
}

baton_status evolve_session_restored (session_t *self, const event_t *event)
{
    const session_restored_event_t *body = event->body;
    self->items = body->items;
    self->tokens = body->tokens;
    self->priority = body->priority;
    if (text_set (&self->title, body->title) || text_set (&self->objective, body->objective) ||
        pairs_copy (&body->labels, &self->labels) || list_replace (&RECORD_memory, &body->memory, &self->memory) ||
        list_replace (&RECORD_decision, &body->decisions, &self->decisions) ||
        list_replace (&RECORD_artifact, &body->artifacts, &self->artifacts))
        return BATON_resource_exhausted;
    return window_take (self, &body->window);
}
