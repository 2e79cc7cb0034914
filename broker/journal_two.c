/*  Changes that concern two sessions at once: a fork and its source, a merge and its branch. */
#include "journal_internal.h"

#include <stdlib.h>

baton_status journal_decide_two (journal_t *self, const share_t shares[2], changed_t *ret_changed, baton_error_t *error)
{
    entry_t *entries[2] = {0};
    event_list_t events[2] = {0};
    changed_t ignored = {0};
    changed_t *changed[2] = {ret_changed, &ignored};
    baton_status status = BATON_OK;
    /*  The last first: what is refused then leaves no entry of a session that the first was to create. */
    for (size_t i = 2; status == BATON_OK && i-- > 0;)
        status = journal_decide_only (self, shares[i].session, shares[i].command, &entries[i], &events[i], changed[i],
                                      error);
    for (size_t i = 0; status == BATON_OK && i < 2; i++)
        if (journal_apply (self, entries[i], &events[i], shares[i].command) != BATON_OK)
            status = baton_fail_memory (error);
    if (status == BATON_OK && journal_fill_changed (&entries[0]->state, ret_changed) != BATON_OK)
        status = baton_fail_memory (error);
    for (size_t i = 0; i < 2; i++)
        event_list_clear (&events[i]);
    record_clear (&RECORD_changed, &ignored);
    return status == BATON_OK ? journal_deliver_receipts (self, shares[0].command, error) : status;
}

/* ---- what a branch is told of its merge ---- */

baton_status journal_note_merge (journal_t *self, const session_t *state, const event_t *event)
{
    const merge_t *merge = &((const session_merged_event_t *) event->body)->merge;
    merge_note_t *note = list_append (&self->merges, sizeof *note);
    if (!note || text_set (&note->to, merge->from) != BATON_OK || text_set (&note->into, state->session) != BATON_OK)
        return BATON_resource_exhausted;
    note->at = event->n;
    note->upto = merge->n;
    note->keep = merge->keep;
    return BATON_OK;
}

void journal_forget_merges (journal_t *self)
{
    for (size_t i = 0; i < self->merges.count; i++) {
        free (self->merges.items[i].to);
        free (self->merges.items[i].into);
    }
    free (self->merges.items);
    self->merges.items = NULL;
    self->merges.count = 0;
}

/*  Its journal gets it in the same batch, or neither does. */
baton_status journal_tell_branches (journal_t *self, const command_t *cause, baton_error_t *error)
{
    while (self->merges.count > 0) {
        merge_note_t note = self->merges.items[--self->merges.count];
        session_absorb_request_t request = {
            .session = note.to, .into = note.into, .at = note.at, .upto = note.upto, .keep = note.keep};
        command_t command = {.method = METHOD_session_absorb,
                             .request = &request,
                             .now = cause->now,
                             .actor = cause->actor,
                             .role = cause->role};
        changed_t changed = {0};
        baton_status status = journal_decide (self, note.to, &command, &changed, error);
        record_clear (&RECORD_changed, &changed);
        free (note.to);
        free (note.into);
        if (status != BATON_OK)
            return status;
    }
    journal_forget_merges (self);
    return BATON_OK;
}
