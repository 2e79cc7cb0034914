#include "event.h"
#include "json.h"
#include "parts.h"
#include "transcript.h"
#include "transcripts.h"

#include <stdlib.h>
#include <string.h>

#define WAITING 64 /*  items that may have come from the line under way */

/*  An export under way: items wait until it is known what their line said besides. */
typedef struct {
    cli_t *cli;
    transcript_writer_t writer;
    char *session;
    uint64_t upto;
    bool rests; /*  the session was made of a transcript of this format */
    size_t count;
    item_t items[WAITING];
    baton_error_t *error;
} export_t;

/* ---- what is in artifacts ---- */

static baton_status append_piece (export_t *self, char *name, FILE *out)
{
    artifact_get_request_t request = {.session = self->session, .name = name};
    artifact_content_t content = {0};
    baton_status status = cli_call (self->cli, METHOD_artifact_get, &request, &content, NULL, self->error);
    if (status == BATON_OK)
        fwrite (content.content.data, 1, content.content.size, out);
    record_clear (&RECORD_artifact_content, &content);
    return status;
}

static void put_back (part_t *part, const char *text, size_t size)
{
    json_t *value = part->kind == part_kind_text || part->text ? NULL : json_loadb (text, size, JSON_DECODE_ANY, NULL);
    baton_bytes_t bytes = {0};
    if (value && json_to_value (value, &bytes, NULL) == BATON_OK) {
        bytes_clear (&part->value);
        part->value = bytes;
    } else if (!value && text_set (&part->text, text) == BATON_OK)
        bytes_clear (&part->value);
    json_decref (value);
}

/*  A part that was too long for an item gets back what its artifacts hold. One that was replaced or removed since stays
 *  as it is in the context. */
static baton_status restore (export_t *self, part_t *part)
{
    json_t *value = parts_value (part);
    const char *name = json_string_value (json_object_get (value, "artifact"));
    json_int_t pieces = json_integer_value (json_object_get (value, "pieces"));
    char *text = NULL, piece[LIMIT_NAME + 24];
    size_t size = 0;
    FILE *out = name && json_object_get (value, "left_out") ? open_memstream (&text, &size) : NULL;
    baton_status status = BATON_OK;
    for (json_int_t i = 0; out && i < pieces && status == BATON_OK; i++) {
        snprintf (piece, sizeof piece, i > 0 ? "%s.%d" : "%s", name, (int) i);
        status = append_piece (self, piece, out);
    }
    if (out && fclose (out) == 0 && status == BATON_OK)
        put_back (part, text, size);
    free (text);
    json_decref (value);
    return status == BATON_not_found ? BATON_OK : status;
}

/* ---- items ---- */

static baton_status write_item (export_t *self, item_t *item, const json_t *rest)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < item->parts.count && status == BATON_OK; i++)
        status = restore (self, &item->parts.items[i]);
    return status == BATON_OK ? transcript_write_item (&self->writer, item, rest, self->error) : status;
}

/*  Writes what waits; the last `of` of them came from the line that said `rest` besides, which goes with the first. */
static baton_status flush (export_t *self, size_t of, const json_t *rest)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < self->count; i++) {
        bool first = of > 0 && i + of == self->count;
        if (status == BATON_OK)
            status = write_item (self, &self->items[i], first ? rest : NULL);
        record_clear (&RECORD_item, &self->items[i]);
    }
    self->count = 0;
    return status;
}

static baton_status take_item (export_t *self, const event_t *event)
{
    const item_appended_event_t *body = event->body;
    baton_status status = self->count == WAITING ? flush (self, 0, NULL) : BATON_OK;
    item_t item = {.role = body->role, .parts = {body->parts.count, body->parts.items}, .at = event->at};
    if (status == BATON_OK && record_copy (&RECORD_item, &item, &self->items[self->count++]) != BATON_OK)
        status = baton_fail_memory (self->error);
    return status;
}

static baton_status take_note (export_t *self, const transcript_noted_event_t *note)
{
    part_t part = {.value = note->value};
    json_t *rest = self->rests && note->items > 0 ? parts_value (&part) : NULL;
    baton_status status = flush (self, rest ? note->items : 0, rest);
    json_decref (rest);
    return status;
}

static baton_status take_event (export_t *self, const event_envelope_t *envelope)
{
    event_t event = {0};
    baton_status status = event_from_envelope (envelope, &event, self->error);
    if (status == BATON_OK && event.kind == EVENT_item_appended)
        status = take_item (self, &event);
    else if (status == BATON_OK && event.kind == EVENT_transcript_noted)
        status = take_note (self, event.body);
    event_clear (&event);
    return status;
}

/* ---- where they come from ---- */

static baton_status walk_journal (export_t *self)
{
    session_log_request_t request = {.session = self->session, .limit = LIMIT_PAGE};
    baton_status status = BATON_OK;
    for (bool more = true; more && status == BATON_OK;) {
        event_page_t page = {0};
        status = cli_call (self->cli, METHOD_session_log, &request, &page, NULL, self->error);
        more = status == BATON_OK && page.events.count > 0;
        for (size_t i = 0; i < page.events.count && status == BATON_OK && more; i++) {
            request.after = page.events.items[i].n;
            more = request.after <= self->upto;
            status = more ? take_event (self, &page.events.items[i]) : BATON_OK;
        }
        record_clear (&RECORD_event_page, &page);
    }
    return status == BATON_OK ? flush (self, 0, NULL) : status;
}

/*  A fork's context begins in other journals: its items are asked for as one list. */
static baton_status walk_items (export_t *self)
{
    item_list_request_t request = {.session = self->session, .limit = LIMIT_PAGE};
    baton_status status = BATON_OK;
    for (bool more = true; more && status == BATON_OK;) {
        item_page_t page = {0};
        status = cli_call (self->cli, METHOD_item_list, &request, &page, NULL, self->error);
        for (size_t i = 0; i < page.items.count && status == BATON_OK; i++)
            status = write_item (self, &page.items.items[i], NULL);
        request.after = page.last;
        more = page.more;
        record_clear (&RECORD_item_page, &page);
    }
    return status;
}

baton_status transcripts_export (cli_t *cli, const char *session, uint64_t n, const char *format, FILE *file,
                                 uint64_t *ret_items, baton_error_t *error)
{
    session_show_request_t request = {.session = (char *) session, .at = n};
    session_t state = {0};
    baton_status status = transcripts_check_format (format, "format", error);
    if (status == BATON_OK)
        status = cli_call (cli, METHOD_session_show, &request, &state, NULL, error);
    if (status != BATON_OK)
        return status;
    export_t *self = calloc (1, sizeof *self);
    if (!self)
        status = baton_fail_memory (error);
    else {
        *self = (export_t){.cli = cli, .session = (char *) session, .upto = state.n, .error = error};
        self->writer = (transcript_writer_t){
            .format = transcript_format_find (format), .out = file, .session = session, .created_at = state.created_at};
        self->rests = text_equal (pairs_get (&state.labels, "imported-from"), format);
        status = state.lineage.count > 0 ? walk_items (self) : walk_journal (self);
        if (status == BATON_OK)
            status = transcript_write_end (&self->writer, error);
        *ret_items = self->writer.items;
        free (self);
    }
    record_clear (&RECORD_session, &state);
    return status;
}
