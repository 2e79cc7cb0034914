#include "import_internal.h"

#include "facts.h"
#include "history.h"
#include "id.h"
#include "keyed.h"
#include "limits.h"
#include "value.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- the record ---- */

#define ROW(type, field, kind, inner)                                                                                  \
    {                                                                                                                  \
#field, FIELD_##kind, false, offsetof(type, field), 0, NULL, inner, "", 0                                      \
    }
#define LAST(type)                                                                                                     \
    {                                                                                                                  \
        NULL, FIELD_FLAG, false, sizeof (type), 0, NULL, NULL, NULL, 0                                                 \
    }

static const field_t *event_fields (void)
{
    static const field_t ROWS[] = {ROW (import_event_t, kind, UINT, NULL), ROW (import_event_t, n, UINT, NULL),
                                   ROW (import_event_t, head, BYTES, NULL), LAST (import_event_t)};
    return ROWS;
}

static const record_type_t RECORD_import_event = {"import_event", sizeof (import_event_t), event_fields};

static const field_t *import_fields (void)
{
    static const field_t ROWS[] = {
        ROW (import_t, fresh, NAME, NULL),
        ROW (import_t, session, NAME, NULL),
        ROW (import_t, hidden, FLAG, NULL),
        ROW (import_t, known, FLAG, NULL),
        ROW (import_t, renamed, FLAG, NULL),
        ROW (import_t, base, UINT, NULL),
        ROW (import_t, continued, FLAG, NULL),
        ROW (import_t, bytes, UINT, NULL),
        ROW (import_t, title, LINE, NULL),
        ROW (import_t, workspace, LINE, NULL),
        ROW (import_t, state, INNER, &RECORD_session),
        ROW (import_t, events, LIST, &RECORD_import_event),
        ROW (import_t, blobs, TEXTS, NULL),
        ROW (import_t, packs, TEXTS, NULL),
        LAST (import_t),
    };
    return ROWS;
}

const record_type_t RECORD_import = {"import", sizeof (import_t), import_fields};

/* ---- one event ---- */

/*  What stands behind the head: the last two fields in the order of their names. */
#define SEQ "\xa3seq"
#define SESSION "\xa7session"

static int pack_tail (msgpack_packer *packer, const char *session, uint64_t seq)
{
    size_t length = strlen (session);
    return msgpack_pack_str (packer, 3) || msgpack_pack_str_body (packer, "seq", 3) ||
           msgpack_pack_uint64 (packer, seq) || msgpack_pack_str (packer, 7) ||
           msgpack_pack_str_body (packer, "session", 7) || msgpack_pack_str (packer, length) ||
           msgpack_pack_str_body (packer, session, length);
}

baton_status import_encode (const import_event_t *event, const char *session, uint64_t seq, baton_bytes_t *ret_data)
{
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init (&buffer);
    msgpack_packer_init (&packer, &buffer, msgpack_sbuffer_write);
    if (msgpack_sbuffer_write (&buffer, (const char *) event->head.data, event->head.size) ||
        pack_tail (&packer, session, seq)) {
        msgpack_sbuffer_destroy (&buffer);
        return BATON_resource_exhausted;
    }
    ret_data->size = buffer.size;
    ret_data->data = (uint8_t *) msgpack_sbuffer_release (&buffer);
    return BATON_OK;
}

/*  Encodes the event under seq 1 and takes the tail off again. */
static baton_status cut_head (event_t *event, baton_bytes_t *ret_head)
{
    event->seq = 1;
    baton_bytes_t whole = {0};
    if (event_encode (event, &whole) != BATON_OK)
        return BATON_resource_exhausted;
    size_t name = strlen (event->session);
    whole.size -= strlen (SEQ) + 1 + strlen (SESSION) + (name < 32 ? 1 : 2) + name;
    *ret_head = whole;
    return BATON_OK;
}

/* ---- the reading ---- */

static baton_status refuse (reading_t *self, uint64_t n, const char *what)
{
    return baton_fail_field (self->error, BATON_invalid_argument, BATON_REASON_bad_archive, "pages",
                             "event %lu of the journal of %s %s; nothing was imported", n, self->params->origin_session,
                             what);
}

/*  Whether the state here is another than it was there, because of ids or positions. */
static bool rewrites (const reading_t *self)
{
    return self->import->renamed || self->params->ancestors.count > 0 || self->absent.count > 0 || self->gaps.count > 0;
}

/*  The id that a session has here; NULL: it is none that has another one. */
static const char *id_here (const reading_t *self, const char *id, const char *session)
{
    if (strcmp (id, self->params->origin_session) == 0)
        return session;
    const char *here = pairs_get (&self->absent, id);
    return here ? here : pairs_get (&self->params->ancestors, id);
}

/*  Wherever a record names the session, or an ancestor, by its old id, it names it by the new one. */
baton_status import_rename (const reading_t *self, const record_type_t *type, void *record, const char *session)
{
    for (const field_t *field = type->fields (); field->name; field++) {
        uint8_t *at = (uint8_t *) record + field->offset;
        char **text = (char **) (void *) at;
        bool names = (field->kind == FIELD_NAME || field->kind == FIELD_LINE) && *text;
        const char *to = names ? id_here (self, *text, session) : NULL;
        baton_status status = BATON_OK;
        if (to)
            status = text_set (text, to);
        else if (field->kind == FIELD_INNER)
            status = import_rename (self, field->type, at, session);
        else if (field->kind == FIELD_LIST) {
            const struct {
                size_t count;
                uint8_t *items;
            } *list = (const void *) at;
            for (size_t i = 0; i < list->count && status == BATON_OK; i++)
                status = import_rename (self, field->type, list->items + i * field->type->size, session);
        }
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

/*  It has to be put by whoever imports, also when the site has it: a journal that only names a content would get it,
 * and tell whether it is here. */
static baton_status note_there (reading_t *self, const char *digest, baton_texts_t *list)
{
    bool has = false;
    baton_status status = store_has_blob (self->store, self->request->actor, digest, &has, self->error);
    if (status == BATON_OK && !has)
        return baton_fail_field (self->error, BATON_failed_precondition, BATON_REASON_no_such_artifact, "pages",
                                 "session %s refers to the content %s, which was not put; nothing was imported",
                                 self->params->origin_session, digest);
    if (status == BATON_OK && texts_add (list, digest) != BATON_OK)
        status = baton_fail_memory (self->error);
    return status;
}

static baton_status note_blob (const char *digest, void *argument)
{
    reading_t *self = argument;
    return note_there (self, digest, &self->import->blobs);
}

static baton_status keep_event (reading_t *self, event_t *event)
{
    import_event_t *kept = list_append (&self->import->events, sizeof *kept);
    if (!kept || cut_head (event, &kept->head) != BATON_OK)
        return baton_fail_memory (self->error);
    kept->kind = event->kind;
    kept->n = event->n;
    return event_each_blob (event, note_blob, self);
}

/*  What this version can't write down as it came has fields that it doesn't know: they are not to be lost in silence.
 */
static baton_status check_known (reading_t *self, const event_t *event, const event_envelope_t *envelope)
{
    baton_bytes_t ours = {0}, theirs = {0};
    if (event_encode (event, &ours) != BATON_OK ||
        record_encode (&RECORD_event_envelope, envelope, &theirs) != BATON_OK) {
        bytes_clear (&ours);
        return baton_fail_memory (self->error);
    }
    bool same = bytes_equal (&ours, &theirs);
    bytes_clear (&ours);
    bytes_clear (&theirs);
    return same ? BATON_OK : refuse (self, event->n, "has fields that this version does not know");
}

/*  Whose items a context has only becomes more: who may see all that the journal comes to may see what is read for any
 * position. */
static bool loses_its_past (const session_t *before, const event_t *event)
{
    if (event->kind != EVENT_session_continued)
        return false;
    const session_t *after = &((const session_continued_event_t *) event->body)->state;
    bool same = after->lineage.count == before->lineage.count;
    for (size_t i = 0; same && i < after->lineage.count; i++)
        same = text_equal (after->lineage.items[i].session, before->lineage.items[i].session);
    return !same;
}

static baton_status check_event (reading_t *self, const event_t *event)
{
    if (event->n != self->there.n + 1)
        return refuse (self, event->n, "does not follow the one before");
    if (!text_equal (event->session, self->params->origin_session))
        return refuse (self, event->n, "belongs to another session");
    if (!session_knows (event->kind) || (event->n == 1) != session_begins (event->kind))
        return refuse (self, event->n, "can't stand there");
    if (loses_its_past (&self->there, event))
        return refuse (self, event->n, "goes on with another past");
    return BATON_OK;
}

/*  The state as it was before the import that came before, and as the other site's next event finds it. */
static baton_status go_on (reading_t *self, uint64_t there)
{
    import_t *import = self->import;
    session_continued_event_t body = {.state = import->state};
    event_t event = {.kind = EVENT_session_continued,
                     .n = import->base + 1,
                     .at = self->imported_at,
                     .session = import->session,
                     .actor = (char *) self->request->actor,
                     .body = &body};
    if (self->gaps.count == 0 || import->continued || there <= self->gaps.items[self->gaps.count - 1].after)
        return BATON_OK;
    import->continued = true;
    return keep_event (self, &event);
}

static baton_status fold_here (reading_t *self, event_t *event)
{
    import_t *import = self->import;
    const record_type_t *type = &EVENTS[event->kind].type;
    baton_status status = go_on (self, event->n);
    if (status != BATON_OK)
        return status;
    if (text_set (&event->session, import->session) || import_rename (self, type, event->body, import->session))
        return baton_fail_memory (self->error);
    positions_move (&self->gaps, position_here, import->session, type, event->body);
    event->n = position_here (&self->gaps, event->n);
    import->state.n = event->n - 1;
    return session_evolve (&import->state, event) == BATON_OK ? BATON_OK : baton_fail_memory (self->error);
}

static baton_status fold (reading_t *self, event_t *event)
{
    baton_status status = BATON_OK;
    bool behind = self->gaps.count > 0 && event->n > self->gaps.items[0].after;
    if (behind && !positions_movable (event->kind))
        return baton_fail_field (self->error, BATON_failed_precondition, BATON_REASON_diverged, "update",
                                 "the session has taken another one in since it was imported (event %lu, %s there): "
                                 "what came with that does not fit behind the import",
                                 event->n, EVENTS[event->kind].name);
    if (session_evolve (&self->there, event) != BATON_OK)
        return baton_fail_memory (self->error);
    if (rewrites (self))
        status = fold_here (self, event);
    return status != BATON_OK || event->n <= self->import->base ? status : keep_event (self, event);
}

static baton_status read_event (reading_t *self, const event_envelope_t *envelope)
{
    event_t event = {0};
    baton_status status = event_from_envelope (envelope, &event, self->error);
    if (status == BATON_invalid_argument)
        return refuse (self, envelope->n, "is of an unknown kind, or broken");
    if (status == BATON_OK)
        status = check_event (self, &event);
    if (status == BATON_OK)
        status = check_known (self, &event, envelope);
    if (status == BATON_OK)
        status = fold (self, &event);
    event_clear (&event);
    return status;
}

baton_status import_page (const reading_t *self, const char *digest, baton_bytes_t *ret_bytes)
{
    bool has = false;
    baton_status status = store_has_blob (self->store, self->request->actor, digest, &has, self->error);
    if (status == BATON_OK && !has)
        return baton_fail_field (self->error, BATON_not_found, BATON_REASON_no_such_artifact, "pages",
                                 "the page %s is not here, or was freed when an import ended: put all of them again; "
                                 "nothing was imported",
                                 digest);
    return status == BATON_OK ? store_blob (self->store, digest, ret_bytes, self->error) : status;
}

static baton_status read_page (reading_t *self, const char *digest)
{
    baton_bytes_t bytes = {0};
    archive_page_t page = {0};
    baton_status status = import_page (self, digest, &bytes);
    self->import->bytes += bytes.size;
    if (status == BATON_OK && self->import->bytes > LIMIT_IMPORT_BYTES)
        status = baton_fail_field (self->error, BATON_resource_exhausted, BATON_REASON_too_large, "pages",
                                   "a journal of more than %u bytes can't be imported", LIMIT_IMPORT_BYTES);
    if (status == BATON_OK)
        status = record_decode (&RECORD_archive_page, bytes.data, bytes.size, &page, self->error);
    if (status == BATON_OK && self->import->events.count + page.events.count > LIMIT_IMPORT_EVENTS)
        status = baton_fail_field (self->error, BATON_resource_exhausted, BATON_REASON_too_large, "pages",
                                   "a journal of more than %u events can't be imported", LIMIT_IMPORT_EVENTS);
    for (size_t i = 0; i < page.events.count && status == BATON_OK; i++)
        status = read_event (self, &page.events.items[i]);
    bytes_clear (&bytes);
    record_clear (&RECORD_archive_page, &page);
    return status;
}

/*  Once more, with the names that its absent sessions get. */
static void begin_again (reading_t *self)
{
    import_t *import = self->import;
    import_t again = {.fresh = import->fresh,
                      .session = import->session,
                      .hidden = import->hidden,
                      .renamed = import->renamed,
                      .base = import->base};
    import->fresh = import->session = NULL;
    record_clear (&RECORD_import, import);
    *import = again;
    record_clear (&RECORD_session, &self->there);
}

static baton_status read_pages (reading_t *self)
{
    const baton_bytes_t *pages = &self->params->pages;
    baton_status status = BATON_OK;
    for (size_t at = 0; at < pages->size && status == BATON_OK; at += 32) {
        char digest[DIGEST_SIZE];
        sodium_bin2hex (digest, sizeof digest, pages->data + at, 32);
        status = read_page (self, digest);
    }
    if (status == BATON_OK && self->there.n != self->params->origin_n)
        status = baton_fail_field (self->error, BATON_invalid_argument, BATON_REASON_bad_archive, "pages",
                                   "the journal of %s ends at %lu, not at %lu; nothing was imported",
                                   self->params->origin_session, self->there.n, self->params->origin_n);
    return status;
}

/* ---- what it comes to ---- */

/*  Numbers that only ever grow must have room to. */
#define NUMBER_MOST ((uint64_t) 1 << 48)

/*  A journal that nobody here has written may come to what no session can be. */
static baton_status check_state (reading_t *self)
{
    const session_t *state = &self->there;
    baton_error_t why = {0};
    for (size_t i = 0; i < state->triggers.count; i++)
        if (!trigger_whole (&state->triggers.items[i]))
            return baton_fail_field (self->error, BATON_invalid_argument, BATON_REASON_bad_archive, "pages",
                                     "the journal of %s comes to a state that no session can have (trigger %s); "
                                     "nothing was imported",
                                     self->params->origin_session, state->triggers.items[i].name);
    if (record_check (&RECORD_session, state, &why) != BATON_OK || facts_check_limits (state, &why) != BATON_OK ||
        state->lease.epoch > NUMBER_MOST || state->run.number > NUMBER_MOST || state->run.attempt > NUMBER_MOST ||
        state->migration.number > NUMBER_MOST || state->lock.fence > NUMBER_MOST)
        return baton_fail_field (self->error, BATON_invalid_argument, BATON_REASON_bad_archive, "pages",
                                 "the journal of %s comes to a state that no session can have (%s); nothing was "
                                 "imported",
                                 self->params->origin_session, *why.message ? why.message : "a number is too large");
    return BATON_OK;
}

static baton_status check_snapshot (reading_t *self)
{
    char digest[DIGEST_SIZE];
    baton_bytes_t bytes = {0};
    if (record_encode (&RECORD_session, &self->there, &bytes) != BATON_OK)
        return baton_fail_memory (self->error);
    digest_of (bytes.data, bytes.size, digest);
    size_t size = bytes.size;
    bytes_clear (&bytes);
    if (size > LIMIT_FRAME / 2)
        return baton_fail_field (self->error, BATON_resource_exhausted, BATON_REASON_too_large, "pages",
                                 "the state of %s has %zu bytes", self->params->origin_session, size);
    if (!self->params->snapshot || !text_equal (self->params->version, BATON_VERSION) ||
        strcmp (self->params->snapshot, digest) == 0)
        return BATON_OK;
    return baton_fail_field (self->error, BATON_invalid_argument, BATON_REASON_bad_archive, "snapshot",
                             "the journal of %s does not come to the snapshot that came with it; nothing was imported",
                             self->params->origin_session);
}

/*  Whether what came behind a gap says the same here as there: both states are one, but for ids and positions. A
 *  journal of which that can't be said is not let in. */
static baton_status check_moved (reading_t *self)
{
    session_t here = {0};
    baton_bytes_t a = {0}, b = {0};
    const char *id = self->import->session;
    if (self->gaps.count == 0)
        return BATON_OK;
    baton_status status = record_copy (&RECORD_session, &self->import->state, &here);
    positions_move (&self->gaps, position_there, id, &RECORD_session, &here);
    if (status || import_rename (self, &RECORD_session, &self->there, id) ||
        record_encode (&RECORD_session, &here, &a) || record_encode (&RECORD_session, &self->there, &b))
        status = baton_fail_memory (self->error);
    else if (!bytes_equal (&a, &b))
        status =
            baton_fail_field (self->error, BATON_failed_precondition, BATON_REASON_diverged, "update",
                              "what has come to the journal of %s does not say the same behind the import here", id);
    record_clear (&RECORD_session, &here);
    bytes_clear (&a);
    bytes_clear (&b);
    return status;
}

baton_status import_read (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    import_t *import = record;
    reading_t self = {.store = store, .request = request, .params = request->params, .import = import, .error = error};
    baton_status status = import_place (&self);
    if (status != BATON_OK || import->known) {
        pairs_clear (&self.absent);
        free (self.gaps.items);
        return status;
    }
    status = read_pages (&self);
    if (status == BATON_OK && self.params->ancestor)
        status = import_find_absent (&self);
    if (status == BATON_OK && self.absent.count > 0) {
        begin_again (&self);
        status = read_pages (&self);
    }
    if (status == BATON_OK)
        status = check_state (&self);
    if (status == BATON_OK)
        status = check_snapshot (&self);
    if (status == BATON_OK)
        status = check_moved (&self);
    for (size_t at = 0; at < self.params->carried.size && status == BATON_OK; at += 32) {
        char digest[DIGEST_SIZE];
        sodium_bin2hex (digest, sizeof digest, self.params->carried.data + at, 32);
        status = note_there (&self, digest, &import->packs);
    }
    if (status == BATON_OK && !rewrites (&self)) {
        import->state = self.there;
        self.there = (session_t){0};
    }
    pairs_clear (&self.absent);
    free (self.gaps.items);
    record_clear (&RECORD_session, &self.there);
    return status;
}
