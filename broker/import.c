#include "import.h"

#include "facts.h"
#include "history.h"
#include "id.h"
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
        ROW (import_t, state, INNER, &RECORD_session),
        ROW (import_t, events, LIST, &RECORD_import_event),
        ROW (import_t, blobs, TEXTS, NULL),
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

typedef struct {
    store_t *store;
    const session_import_request_t *params;
    import_t *import;
    session_t there; /*  the state under the ids of the other site: what the snapshot is compared with */
    uint64_t bytes;
    session_t here; /*  update: our own state at base */
    baton_error_t *error;
} reading_t;

static baton_status refuse (reading_t *self, uint64_t n, const char *what)
{
    return baton_fail_field (self->error, BATON_invalid_argument, BATON_REASON_bad_archive, "pages",
                             "event %lu of the journal of %s %s; nothing was imported", n, self->params->origin_session,
                             what);
}

/*  Whether the state here is another than it was there, because of ids. */
static bool rewrites (const reading_t *self)
{
    return self->import->renamed || self->params->ancestors.count > 0;
}

/*  The id that a session has here; NULL: it is none that has another one. */
static const char *id_here (const reading_t *self, const char *id, const char *session)
{
    return strcmp (id, self->params->origin_session) == 0 ? session : pairs_get (&self->params->ancestors, id);
}

/*  Wherever a record names the session, or an ancestor, by its old id, it names it by the new one. */
static baton_status rename_sessions (const reading_t *self, const record_type_t *type, void *record,
                                     const char *session)
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
            status = rename_sessions (self, field->type, at, session);
        else if (field->kind == FIELD_LIST) {
            const struct {
                size_t count;
                uint8_t *items;
            } *list = (const void *) at;
            for (size_t i = 0; i < list->count && status == BATON_OK; i++)
                status = rename_sessions (self, field->type, list->items + i * field->type->size, session);
        }
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

static baton_status note_blob (const char *digest, void *argument)
{
    reading_t *self = argument;
    bool has = false;
    baton_status status = store_has_blob (self->store, digest, &has, self->error);
    if (status == BATON_OK && !has)
        return baton_fail_field (self->error, BATON_failed_precondition, BATON_REASON_no_such_artifact, "pages",
                                 "session %s refers to the content %s, which was not put; nothing was imported",
                                 self->params->origin_session, digest);
    if (status == BATON_OK && texts_add (&self->import->blobs, digest) != BATON_OK)
        status = baton_fail_memory (self->error);
    return status;
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
    bool same = ours.size == theirs.size && memcmp (ours.data, theirs.data, ours.size) == 0;
    bytes_clear (&ours);
    bytes_clear (&theirs);
    return same ? BATON_OK : refuse (self, event->n, "has fields that this version does not know");
}

static baton_status check_event (reading_t *self, const event_t *event)
{
    if (event->n != self->there.n + 1)
        return refuse (self, event->n, "does not follow the one before");
    if (!text_equal (event->session, self->params->origin_session))
        return refuse (self, event->n, "belongs to another session");
    if (!session_knows (event->kind) || (event->n == 1) != session_begins (event->kind))
        return refuse (self, event->n, "can't stand there");
    return BATON_OK;
}

static baton_status fold (reading_t *self, event_t *event)
{
    import_t *import = self->import;
    if (session_evolve (&self->there, event) != BATON_OK)
        return baton_fail_memory (self->error);
    if (rewrites (self) && (text_set (&event->session, import->session) != BATON_OK ||
                            rename_sessions (self, &EVENTS[event->kind].type, event->body, import->session) ||
                            session_evolve (&import->state, event) != BATON_OK))
        return baton_fail_memory (self->error);
    return event->n <= import->base ? BATON_OK : keep_event (self, event);
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

static baton_status read_page (reading_t *self, const char *digest)
{
    baton_bytes_t bytes = {0};
    archive_page_t page = {0};
    baton_status status = store_blob (self->store, digest, &bytes, self->error);
    self->bytes += bytes.size;
    if (status == BATON_OK && self->bytes > LIMIT_IMPORT_BYTES)
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
    if (record_check (&RECORD_session, state, &why) != BATON_OK || facts_check_limits (state, &why) != BATON_OK ||
        state->lease.epoch > NUMBER_MOST || state->run.number > NUMBER_MOST || state->run.attempt > NUMBER_MOST ||
        state->migration.number > NUMBER_MOST)
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

/* ---- where it goes ---- */

/*  What id_new makes, and nothing else: an id becomes the name of folders. */
static bool is_id (const char *id)
{
    return strlen (id) == ID_SIZE - 1 && strspn (id, "0123456789abcdefghjkmnpqrstvwxyz") == ID_SIZE - 1;
}

static baton_status choose_id (reading_t *self)
{
    import_t *import = self->import;
    const char *wanted = self->params->origin_session;
    store_reads_t first = {0};
    baton_status status = store_history (self->store, wanted, 0, 1, &first, self->error);
    import->renamed = first.count > 0 || import->hidden || !is_id (wanted);
    if (status == BATON_OK && text_set (&import->session, import->renamed ? import->fresh : wanted) != BATON_OK)
        status = baton_fail_memory (self->error);
    store_reads_clear (&first);
    return status;
}

static baton_status part_ways (const reading_t *self, uint64_t n)
{
    return baton_fail_field (self->error, BATON_failed_precondition, BATON_REASON_diverged, "update",
                             "the journal of %s here goes another way than the archive from event %lu on",
                             self->params->update, n);
}

typedef struct {
    reading_t *reading;
    size_t page;           /*  that is loaded next */
    archive_page_t loaded; /*  theirs */
    size_t at;             /*  in it */
    bool ended, differs;   /*  theirs is at its end; ours is another */
} comparing_t;

/*  Their next event, or NULL at the end. */
static baton_status next_event (comparing_t *self, const event_envelope_t **ret_event, baton_error_t *error)
{
    const baton_bytes_t *pages = &self->reading->params->pages;
    baton_status status = BATON_OK;
    while (status == BATON_OK && self->at == self->loaded.events.count && self->page * 32 < pages->size) {
        char digest[DIGEST_SIZE];
        baton_bytes_t bytes = {0};
        sodium_bin2hex (digest, sizeof digest, pages->data + 32 * self->page++, 32);
        self->at = 0;
        status = store_blob (self->reading->store, digest, &bytes, error);
        if (status == BATON_OK)
            status = record_decode (&RECORD_archive_page, bytes.data, bytes.size, &self->loaded, error);
        bytes_clear (&bytes);
    }
    if (status == BATON_OK)
        *ret_event = self->at < self->loaded.events.count ? &self->loaded.events.items[self->at++] : NULL;
    return status;
}

/*  Whether ours is theirs, but for seq, and under the id that it has here. */
static baton_status is_same (const reading_t *self, const event_t *ours, const event_envelope_t *theirs, bool *ret_same,
                             baton_error_t *error)
{
    event_t event = {0};
    baton_bytes_t a = {0}, b = {0};
    baton_status status = event_from_envelope (theirs, &event, error);
    if (status != BATON_OK)
        return status;
    event.seq = ours->seq;
    if (text_set (&event.session, ours->session) != BATON_OK ||
        rename_sessions (self, &EVENTS[event.kind].type, event.body, ours->session) != BATON_OK ||
        event_encode (&event, &a) != BATON_OK || event_encode (ours, &b) != BATON_OK)
        status = baton_fail_memory (error);
    else
        *ret_same = a.size == b.size && memcmp (a.data, b.data, a.size) == 0;
    event_clear (&event);
    bytes_clear (&a);
    bytes_clear (&b);
    return status;
}

static baton_status compare (const event_t *ours, void *argument, bool *ret_more, baton_error_t *error)
{
    (void) ret_more;
    comparing_t *self = argument;
    const event_envelope_t *theirs = NULL;
    baton_status status = next_event (self, &theirs, error);
    if (status != BATON_OK)
        return status;
    if (!theirs)
        return baton_fail_field (
            error, BATON_failed_precondition, BATON_REASON_diverged, "update",
            "the journal of %s here goes on where the archive ends, at %lu: there is nothing newer "
            "in it",
            ours->session, ours->n - 1);
    bool same = false;
    status = is_same (self->reading, ours, theirs, &same, error);
    if (status == BATON_OK && !same)
        status = part_ways (self->reading, ours->n);
    if (status == BATON_OK)
        self->reading->import->base = ours->n;
    return status;
}

/*  Finds how much of the journal is here: all of ours must be the beginning of theirs. */
static baton_status find_base (reading_t *self)
{
    comparing_t comparing = {.reading = self};
    const char *session = self->params->update;
    self->import->renamed = strcmp (session, self->params->origin_session) != 0;
    baton_status status = history_walk (self->store, session, 0, compare, &comparing, self->error);
    record_clear (&RECORD_archive_page, &comparing.loaded);
    if (status == BATON_OK && self->import->base == 0)
        return baton_fail_field (self->error, BATON_not_found, BATON_REASON_no_such_session, "update",
                                 "there is no session %s here: import it without --update", session);
    if (status == BATON_OK && text_set (&self->import->session, session) != BATON_OK)
        status = baton_fail_memory (self->error);
    return status;
}

/*  For an ancestor: looks at ours only as far as theirs goes. */
static baton_status compare_beginning (const event_t *ours, void *argument, bool *ret_more, baton_error_t *error)
{
    comparing_t *self = argument;
    const event_envelope_t *theirs = NULL;
    bool same = false;
    baton_status status = next_event (self, &theirs, error);
    self->ended = status == BATON_OK && !theirs;
    if (theirs)
        status = is_same (self->reading, ours, theirs, &same, error);
    self->differs = theirs && !same;
    *ret_more = same;
    return status;
}

/*  An ancestor is known when its journal here begins with theirs. */
static baton_status find_known (reading_t *self)
{
    comparing_t comparing = {.reading = self};
    const event_envelope_t *theirs = NULL;
    const char *session = self->params->origin_session;
    if (self->import->hidden)
        return BATON_OK;
    baton_status status = history_walk (self->store, session, 0, compare_beginning, &comparing, self->error);
    if (status == BATON_OK && !comparing.ended && !comparing.differs)
        status = next_event (&comparing, &theirs, self->error);
    self->import->known = status == BATON_OK && !comparing.differs && !theirs;
    record_clear (&RECORD_archive_page, &comparing.loaded);
    if (self->import->known && text_set (&self->import->session, session) != BATON_OK)
        status = baton_fail_memory (self->error);
    return status;
}

baton_status import_read (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    import_t *import = record;
    reading_t self = {.store = store, .params = request->params, .import = import, .error = error};
    baton_status status = self.params->ancestor ? find_known (&self) : BATON_OK;
    if (status != BATON_OK || import->known)
        return status;
    status = self.params->update ? find_base (&self) : choose_id (&self);
    if (status == BATON_OK)
        status = read_pages (&self);
    if (status == BATON_OK)
        status = check_state (&self);
    if (status == BATON_OK)
        status = check_snapshot (&self);
    for (size_t at = 0; at < self.params->carried.size && status == BATON_OK; at += 32) {
        char digest[DIGEST_SIZE];
        sodium_bin2hex (digest, sizeof digest, self.params->carried.data + at, 32);
        status = note_blob (digest, &self);
    }
    if (status == BATON_OK && !rewrites (&self)) {
        import->state = self.there;
        self.there = (session_t){0};
    }
    record_clear (&RECORD_session, &self.there);
    return status;
}
