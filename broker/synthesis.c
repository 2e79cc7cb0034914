#include "synthesis_internal.h"

#include "synthesis.h"

#include <stdio.h>

void *synthesis_add (void *list, const record_type_t *type, uint64_t *dropped)
{
    const struct {
        size_t count;
    } *entries = list;
    if (entries->count == LIMIT_REPORT) {
        list_remove (list, type, 0);
        ++*dropped;
    }
    return list_append (list, type->size);
}

/* ---- what the state tells ---- */

/*  What a state and a synthesis have under the same name is the same. */
static baton_status copy_common (const session_t *state, synthesis_t *synthesis, baton_error_t *error)
{
    baton_bytes_t bytes = {0};
    if (record_encode (&RECORD_session, state, &bytes) != BATON_OK)
        return baton_fail_memory (error);
    baton_status status = record_decode (&RECORD_synthesis, bytes.data, bytes.size, synthesis, error);
    bytes_clear (&bytes);
    return status;
}

static baton_status add_question (synthesis_t *synthesis, const breakpoint_t *breakpoint, dropped_t *dropped)
{
    question_t *question = breakpoint->state == breakpoint_state_open
                               ? list_append (&synthesis->open, sizeof *question)
                               : synthesis_add (&synthesis->answered, &RECORD_question, &dropped->answered);
    question_t seen = {.number = breakpoint->number,
                       .kind = breakpoint->kind,
                       .state = breakpoint->state,
                       .title = breakpoint->title,
                       .run = breakpoint->run,
                       .outcome = breakpoint->outcome,
                       .value = breakpoint->value,
                       .at = breakpoint->decided_at ? breakpoint->decided_at : breakpoint->opened_at};
    return question ? record_copy (&RECORD_question, &seen, question) : BATON_resource_exhausted;
}

static baton_status tell_state (const session_t *state, synthesis_t *synthesis, dropped_t *dropped,
                                baton_error_t *error)
{
    baton_status status = copy_common (state, synthesis, error);
    if (status == BATON_OK && synthesis_add_merge (synthesis, &state->merge, NULL, state->n, dropped) != BATON_OK)
        status = baton_fail_memory (error);
    for (size_t i = 0; status == BATON_OK && i < state->breakpoints.count; i++)
        if (add_question (synthesis, &state->breakpoints.items[i], dropped) != BATON_OK)
            status = baton_fail_memory (error);
    return status;
}

/* ---- what the journals tell ---- */

/*  The own journal comes to the line in several stretches when branches were merged, and is read once, as a whole. */
static baton_status tell_journals (store_t *store, const session_t *state, synthesis_t *synthesis, dropped_t *dropped,
                                   baton_error_t *error)
{
    const stretch_t own = {.session = state->session, .upto = state->n};
    baton_status status = BATON_OK;
    for (size_t i = 0; status == BATON_OK && i < state->lineage.count; i++) {
        const segment_t *segment = &state->lineage.items[i];
        const stretch_t other = {.session = segment->session, .after = segment->after, .upto = segment->upto};
        if (!text_equal (segment->session, state->session))
            status = synthesis_read (store, &other, false, synthesis, dropped, error);
    }
    return status == BATON_OK ? synthesis_read (store, &own, true, synthesis, dropped, error) : status;
}

/* ---- what is left out ---- */

static baton_status note_dropped (synthesis_t *synthesis, uint64_t count, const char *what)
{
    char sentence[LIMIT_TITLE];
    if (count == 0)
        return BATON_OK;
    snprintf (sentence, sizeof sentence, "%llu earlier %s", (unsigned long long) count, what);
    return texts_add (&synthesis->left_out, sentence);
}

static baton_status tell_dropped (synthesis_t *synthesis, const dropped_t *dropped)
{
    if (note_dropped (synthesis, dropped->runs, "runs") ||
        note_dropped (synthesis, dropped->superseded, "decisions that stand no longer") ||
        note_dropped (synthesis, dropped->conflicts, "conflicts") ||
        note_dropped (synthesis, dropped->answered, "questions") ||
        note_dropped (synthesis, dropped->failures, "failures"))
        return BATON_resource_exhausted;
    return BATON_OK;
}

baton_status synthesis_make (store_t *store, const char *session, uint64_t n, synthesis_t *ret_synthesis,
                             baton_error_t *error)
{
    session_t state = {0};
    synthesis_t synthesis = {0};
    dropped_t dropped = {0};
    baton_status status =
        n > 0 ? history_replay (store, session, n, &state, error) : history_load (store, session, &state, NULL, error);
    if (status == BATON_OK)
        status = tell_state (&state, &synthesis, &dropped, error);
    if (status == BATON_OK)
        status = tell_journals (store, &state, &synthesis, &dropped, error);
    if (status == BATON_OK && tell_dropped (&synthesis, &dropped) != BATON_OK)
        status = baton_fail_memory (error);
    record_clear (&RECORD_session, &state);
    if (status != BATON_OK) {
        record_clear (&RECORD_synthesis, &synthesis);
        return status;
    }
    record_clear (&RECORD_synthesis, ret_synthesis);
    *ret_synthesis = synthesis;
    return BATON_OK;
}
