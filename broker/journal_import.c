/*  The second half of an import: writing. */
#include "journal_internal.h"

#include <stdio.h>
#include <string.h>

static baton_status add_event (journal_t *self, const import_event_t *event, const char *session)
{
    pending_t *pending = list_append (&self->pending, sizeof *pending);
    if (!pending)
        return BATON_resource_exhausted;
    if (import_encode (event, session, self->head + 1, &pending->data) != BATON_OK) {
        self->pending.count--;
        return BATON_resource_exhausted;
    }
    pending->kind = (event_kind_t) event->kind;
    pending->seq = ++self->head;
    pending->n = event->n;
    snprintf (pending->session, sizeof pending->session, "%s", session);
    return BATON_OK;
}

/*  The history as it came; the entry then has the state that it comes to. */
static baton_status write_history (journal_t *self, entry_t *entry, import_t *import)
{
    if (journal_touch (self, entry) != BATON_OK)
        return BATON_resource_exhausted;
    if (entry->order == 0)
        entry->order = self->head + 1;
    for (size_t i = 0; i < import->events.count; i++)
        if (add_event (self, &import->events.items[i], entry->id) != BATON_OK)
            return BATON_resource_exhausted;
    for (size_t i = 0; i < import->blobs.count; i++)
        if (journal_note_kept (self, import->blobs.items[i]) != BATON_OK)
            return BATON_resource_exhausted;
    /*  What came with the last import is of no use, and no event tells of its end. */
    uint64_t before = entry->state.carried;
    import->state.carried = 0;
    record_clear (&RECORD_session, &entry->state);
    entry->state = import->state;
    import->state = (session_t){0};
    return journal_note_carried (self, before, &entry->state);
}

/*  After what the last import has left was released: some of it may have come again. */
static baton_status hold_packs (journal_t *self, const entry_t *entry, const import_t *import)
{
    for (size_t i = 0; i < import->packs.count; i++)
        if (journal_note_held (self, entry->id, entry->state.carried, import->packs.items[i]) != BATON_OK)
            return BATON_resource_exhausted;
    return BATON_OK;
}

/*  They were there when the journal was read, on another thread; since then a day may have ended, or the clock jumped.
 */
static baton_status check_blobs (journal_t *self, const char *actor, const baton_texts_t *blobs, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < blobs->count && status == BATON_OK; i++) {
        bool has = false;
        status = store_has_blob (self->store, actor, blobs->items[i], &has, error);
        if (status == BATON_OK && !has)
            status = baton_fail_field (error, BATON_failed_precondition, BATON_REASON_no_such_artifact, "pages",
                                       "the content %s was forgotten meanwhile: put it again; nothing was imported",
                                       blobs->items[i]);
    }
    return status;
}

/*  What was written, and what of it belongs to the other site and was ended. */
static baton_status tell (const import_t *import, const session_t *state, const event_list_t *events,
                          imported_t *ret_imported)
{
    ret_imported->n = state->n;
    ret_imported->state = state->state;
    ret_imported->cause = state->cause;
    ret_imported->renamed = import->renamed;
    ret_imported->events = import->events.count - import->continued;
    ret_imported->contents = import->blobs.count;
    ret_imported->bytes = import->bytes;
    for (size_t i = 0; i < events->count; i++) {
        ret_imported->interrupted = ret_imported->interrupted || events->items[i].kind == EVENT_run_finished;
        ret_imported->breakpoints += events->items[i].kind == EVENT_breakpoint_cancelled;
        ret_imported->starts += events->items[i].kind == EVENT_start_dequeued;
    }
    const session_imported_event_t *body = events->items[0].body;
    for (size_t i = 0; i < body->triggers.count; i++)
        if (texts_add (&ret_imported->triggers, body->triggers.items[i]) != BATON_OK)
            return BATON_resource_exhausted;
    return BATON_OK;
}

/*  What the import itself does may find what no journal that was written by a broker comes to. */
static baton_status decide_import (const import_t *import, const command_t *command, event_list_t *events,
                                   changed_t *changed, baton_error_t *error)
{
    session_t after = {0};
    baton_error_t why = {0};
    baton_status status = session_decide (&import->state, command, events, changed, &why);
    if (status == BATON_OK && record_copy (&RECORD_session, &import->state, &after) != BATON_OK)
        status = baton_fail_memory (&why);
    for (size_t i = 0; i < events->count && status == BATON_OK; i++) {
        events->items[i].n = after.n + 1;
        events->items[i].at = command->now;
        status = session_evolve (&after, &events->items[i]) == BATON_OK ? BATON_OK : baton_fail_memory (&why);
    }
    if (status == BATON_OK)
        status = record_check (&RECORD_session, &after, &why);
    record_clear (&RECORD_session, &after);
    if (status == BATON_internal || (status == BATON_invalid_argument && why.reason == BATON_REASON_missing_field))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_archive, "pages",
                                 "the journal comes to a state that no session can have (%s); nothing was imported",
                                 why.message);
    *error = why;
    return status;
}

baton_status journal_import (journal_t *self, import_t *import, const command_t *command, imported_t *ret_imported,
                             baton_error_t *error)
{
    entry_t *entry = NULL;
    event_list_t events = {0};
    changed_t changed = {0};
    baton_status status = check_blobs (self, command->actor, &import->blobs, error);
    if (status == BATON_OK)
        status = check_blobs (self, command->actor, &import->packs, error);
    if (status == BATON_OK)
        status = decide_import (import, command, &events, &changed, error);
    if (status == BATON_OK)
        status = import->base > 0 ? cache_get (self->cache, import->session, &entry, error)
                                  : cache_add (self->cache, import->session, &entry, error);
    if (status == BATON_OK &&
        (write_history (self, entry, import) != BATON_OK || journal_apply (self, entry, &events, command) != BATON_OK ||
         hold_packs (self, entry, import) != BATON_OK || text_set (&ret_imported->session, entry->id) != BATON_OK ||
         tell (import, &entry->state, &events, ret_imported) != BATON_OK)) {
        self->broken = true;
        status = baton_fail_memory (error);
    }
    event_list_clear (&events);
    record_clear (&RECORD_changed, &changed);
    return status == BATON_OK ? journal_deliver (self, command, error) : status;
}
