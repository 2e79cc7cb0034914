#include "draft_internal.h"

#include "event.h"

#include <stdlib.h>
#include <string.h>

void draft_fail (draft_t *self, baton_status status)
{
    if (self->status == BATON_OK)
        self->status = status;
}

baton_status draft_status (const draft_t *self, baton_error_t *error)
{
    if (self->status != BATON_OK && error)
        *error = self->error;
    return self->status;
}

draft_counts_t *draft_counts (draft_t *self)
{
    return &self->counts;
}

const char *draft_found_title (const draft_t *self)
{
    return self->title;
}

/* ---- pages ---- */

static baton_status send_page (draft_t *self)
{
    baton_bytes_t bytes = {0};
    if (record_encode (&RECORD_archive_page, &self->page, &bytes) != BATON_OK)
        return baton_fail_memory (&self->error);
    self->bytes += bytes.size;
    baton_status status =
        self->bytes > LIMIT_IMPORT_BYTES
            ? baton_fail_field (&self->error, BATON_resource_exhausted, BATON_REASON_too_large, "file",
                                "the transcript makes a journal of more than %u MiB; nothing was imported",
                                LIMIT_IMPORT_BYTES >> 20)
        : self->to.page ? self->to.page (self->to.self, &bytes, &self->error)
                        : BATON_OK;
    bytes_clear (&bytes);
    record_clear (&RECORD_archive_page, &self->page);
    self->page_bytes = 0;
    return status;
}

/*  seq is the broker's to give; it must be there, and is not looked at. */
static baton_status add_event (draft_t *self, event_kind_t kind, const void *body, const char *actor, bool run)
{
    event_envelope_t *row = list_append (&self->page.events, sizeof *row);
    if (!row || text_set (&row->session, self->session) || text_set (&row->kind, EVENTS[kind].name) ||
        text_set (&row->actor, actor) || record_encode (&EVENTS[kind].type, body, &row->body))
        return baton_fail_memory (&self->error);
    row->n = row->seq = ++self->n;
    row->at = self->at;
    row->run = run ? self->run : 0;
    self->page_bytes += row->body.size + 128;
    return BATON_OK;
}

void draft_emit (draft_t *self, event_kind_t kind, const void *body, const char *actor, bool run)
{
    if (self->status != BATON_OK)
        return;
    self->status = record_check (&EVENTS[kind].type, body, &self->error);
    if (self->status == BATON_OK && self->n >= LIMIT_IMPORT_EVENTS)
        self->status = baton_fail_field (&self->error, BATON_resource_exhausted, BATON_REASON_too_large, "file",
                                         "the transcript makes a journal of more than %u events; nothing was imported",
                                         LIMIT_IMPORT_EVENTS);
    if (self->status == BATON_OK && self->page_bytes > 0 &&
        (self->page_bytes > LIMIT_ARCHIVE_PAGE || self->page.events.count >= LIMIT_PAGE))
        self->status = send_page (self);
    if (self->status == BATON_OK)
        self->status = add_event (self, kind, body, actor, run);
}

/* ---- the session, and its runs ---- */

baton_status draft_new (const char *session, const char *tool, const char *label, uint64_t at, const draft_to_t *to,
                        draft_t **ret_draft, baton_error_t *error)
{
    draft_t *self = calloc (1, sizeof *self);
    baton_pair_t labels[] = {{(char *) "imported-from", (char *) tool}, {(char *) "transcript", (char *) label}};
    if (!self)
        return baton_fail_memory (error);
    if (to)
        self->to = *to;
    self->at = at;
    snprintf (self->session, sizeof self->session, "%s", session);
    snprintf (self->tool, sizeof self->tool, "%s", tool);
    draft_emit (self, EVENT_session_created,
                &(session_created_event_t){.title = (char *) "transcript", .labels = {2, labels}}, NULL, false);
    *ret_draft = self;
    return BATON_OK;
}

void draft_destroy (draft_t **self)
{
    if (!*self)
        return;
    record_clear (&RECORD_archive_page, &(*self)->page);
    record_clear (&RECORD_item, &(*self)->item);
    texts_clear (&(*self)->calls);
    free (*self);
    *self = NULL;
}

static void begin_run (draft_t *self)
{
    uint64_t at = self->at;
    self->run++;
    self->open = true;
    self->counts.runs++;
    self->at = self->said_at ? self->said_at : at;
    draft_emit (self, EVENT_session_activated, &(session_activated_event_t){.cause = cause_requested}, NULL, false);
    draft_emit (self, EVENT_run_queued, &(run_queued_event_t){.number = self->run}, NULL, false);
    draft_emit (self, EVENT_run_started, &(run_started_event_t){.number = self->run, .attempt = 1, .node = self->tool},
                NULL, false);
    self->at = at;
}

/*  A run with calls that nothing answered was cut off. */
static void end_run (draft_t *self)
{
    bool cut = self->calls.count > 0;
    if (!self->open)
        return;
    uint64_t at = self->at;
    self->at = self->last_at;
    for (size_t i = 0; i < self->calls.count; i++)
        draft_unanswered (self, self->calls.items[i]);
    texts_clear (&self->calls);
    draft_emit (self, EVENT_run_finished,
                &(run_finished_event_t){
                    .number = self->run,
                    .outcome = cut ? run_outcome_interrupted : run_outcome_completed,
                    .detail = (char *) (cut ? "the transcript has no result for a tool call" : NULL),
                },
                NULL, false);
    draft_emit (self, EVENT_session_suspended,
                &(session_suspended_event_t){.cause = cut ? cause_interrupted : cause_run_completed}, NULL, false);
    self->open = false;
    self->at = at;
}

void draft_flush (draft_t *self)
{
    item_t *item = &self->item;
    bool user = item->role == item_role_user || item->role == item_role_system;
    if (item->parts.count == 0)
        return;
    if (user && self->open)
        end_run (self);
    if (user)
        self->said_at = self->at;
    else if (!self->open)
        begin_run (self);
    draft_emit (self, EVENT_item_appended,
                &(item_appended_event_t){.role = item->role,
                                         .parts = {item->parts.count, item->parts.items},
                                         .tokens = (self->item_bytes + 3) / 4,
                                         .estimated = true},
                user ? "user" : self->tool, !user);
    self->last_at = self->at;
    self->pinned += item->role == item_role_system ? 1 : 0;
    self->counts.items++;
    self->line_items++;
    self->item_bytes = 0;
    record_clear (&RECORD_item, item);
}

void draft_line (draft_t *self, uint64_t line)
{
    draft_flush (self);
    self->line = line;
    self->line_items = 0;
    self->line_parts = 0;
    self->counts.lines += line > 0 ? 1 : 0;
}

void draft_at (draft_t *self, uint64_t at)
{
    self->at = at ? at : self->at;
}

void draft_rest (draft_t *self, const json_t *rest)
{
    draft_flush (self);
    if (!rest || (json_is_object (rest) && json_object_size (rest) == 0))
        return;
    transcript_noted_event_t note = {.line = self->line, .items = self->line_items};
    draft_value (self, rest, &note.value);
    if (note.value.size > 0)
        draft_emit (self, EVENT_transcript_noted, &note, NULL, false);
    self->counts.noted += self->line_items == 0 ? 1 : 0;
    bytes_clear (&note.value);
}

baton_status draft_finish (draft_t *self, uint64_t *ret_n, baton_error_t *error)
{
    draft_flush (self);
    end_run (self);
    if (self->status == BATON_OK)
        self->status = send_page (self);
    if (self->status == BATON_OK)
        *ret_n = self->n;
    return draft_status (self, error);
}
