/*  Where an imported journal goes: to an id of its own, or behind what is here of it already. */
#include "import_internal.h"

#include "history.h"
#include "id.h"
#include "keyed.h"
#include "lineage.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

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
    session_t state;       /*  ours, as far as it was looked at */
    uint64_t same;         /*  how many of theirs are here */
    uint64_t own;          /*  events that are the import's own, and are still to come */
    bool apart;            /*  behind an import that was one of theirs */
} comparing_t;

static void end_comparing (comparing_t *self)
{
    record_clear (&RECORD_archive_page, &self->loaded);
    record_clear (&RECORD_session, &self->state);
}

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
        status = import_page (self->reading, digest, &bytes);
        if (status == BATON_OK)
            status = record_decode (&RECORD_archive_page, bytes.data, bytes.size, &self->loaded, error);
        bytes_clear (&bytes);
    }
    if (status == BATON_OK)
        *ret_event = self->at < self->loaded.events.count ? &self->loaded.events.items[self->at++] : NULL;
    return status;
}

/*  Whether ours is theirs, but for seq, and under the id and at the position that it has here. */
static baton_status is_same (const reading_t *self, const event_t *ours, const event_envelope_t *theirs, bool *ret_same,
                             baton_error_t *error)
{
    event_t event = {0};
    baton_bytes_t a = {0}, b = {0};
    baton_status status = event_from_envelope (theirs, &event, error);
    if (status != BATON_OK)
        return status;
    const record_type_t *type = &EVENTS[event.kind].type;
    event.seq = ours->seq;
    event.n = position_here (&self->gaps, event.n);
    if (text_set (&event.session, ours->session) != BATON_OK ||
        import_rename (self, type, event.body, ours->session) != BATON_OK)
        status = baton_fail_memory (error);
    else
        positions_move (&self->gaps, position_here, ours->session, type, event.body);
    if (status == BATON_OK && (event_encode (&event, &a) != BATON_OK || event_encode (ours, &b) != BATON_OK))
        status = baton_fail_memory (error);
    else if (status == BATON_OK)
        *ret_same = bytes_equal (&a, &b);
    event_clear (&event);
    bytes_clear (&a);
    bytes_clear (&b);
    return status;
}

/*  ---- an update: all of ours must be the beginning of theirs, but for what imports have put in between ---- */

/*  Whether the event is the import of just those of theirs that were seen. */
static bool is_import_of (const comparing_t *self, const event_t *ours)
{
    const session_imported_event_t *body = ours->body;
    const session_import_request_t *params = self->reading->params;
    return ours->kind == EVENT_session_imported && body->provenance.n == self->same &&
           text_equal (body->provenance.session, params->origin_session) &&
           text_equal (body->provenance.site, params->origin_site);
}

static baton_status begin_gap (comparing_t *self, const event_t *ours, baton_error_t *error)
{
    reading_t *reading = self->reading;
    const session_imported_event_t *body = ours->body;
    gaps_t *gaps = &reading->gaps;
    uint64_t by = gaps->count > 0 ? gaps->items[gaps->count - 1].by : 0;
    gap_t *gap = list_append (gaps, sizeof *gap);
    if (!gap || text_set (&reading->import->title, body->title) != BATON_OK ||
        text_set (&reading->import->workspace, body->workspace) != BATON_OK)
        return baton_fail_memory (error);
    *gap = (gap_t){.after = self->same, .by = by + body->own + 2}; /*  with session_imported and session_continued */
    gaps->stretch = line_place_stretch (line_next (&self->state));
    reading->imported_at = ours->at;
    self->own = body->own;
    self->apart = true;
    return BATON_OK;
}

static baton_status nothing_newer (const event_t *ours, baton_error_t *error)
{
    return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_diverged, "update",
                             "the journal of %s here goes on where the archive ends, at %lu: there is nothing newer "
                             "in it",
                             ours->session, ours->n - 1);
}

/*  Behind an import stands what it has ended, and then either nothing or the beginning of the next one. */
static baton_status pass_gap (comparing_t *self, const event_t *ours, baton_error_t *error)
{
    const event_envelope_t *theirs = NULL;
    if (self->own > 0 || ours->kind == EVENT_session_continued) {
        self->apart = self->own > 0;
        self->own -= self->own > 0;
        return BATON_OK;
    }
    baton_status status = next_event (self, &theirs, error);
    if (status == BATON_OK && !theirs)
        status = nothing_newer (ours, error);
    if (status == BATON_OK)
        status =
            baton_fail_field (error, BATON_failed_precondition, BATON_REASON_diverged, "update",
                              "session %s has changes of its own since it was imported: the first is event %lu, %s",
                              ours->session, ours->n, EVENTS[ours->kind].name);
    return status;
}

static baton_status compare_one (comparing_t *self, const event_t *ours, baton_error_t *error)
{
    const event_envelope_t *theirs = NULL;
    bool same = false;
    if (self->apart)
        return pass_gap (self, ours, error);
    baton_status status = next_event (self, &theirs, error);
    if (status == BATON_OK && theirs)
        status = is_same (self->reading, ours, theirs, &same, error);
    if (status != BATON_OK)
        return status;
    self->same += same;
    if (same)
        return BATON_OK;
    self->at -= theirs != NULL; /*  it is compared with a later one */
    if (is_import_of (self, ours))
        return begin_gap (self, ours, error);
    return theirs ? part_ways (self->reading, ours->n) : nothing_newer (ours, error);
}

static baton_status compare (const event_t *ours, void *argument, bool *ret_more, baton_error_t *error)
{
    (void) ret_more;
    comparing_t *self = argument;
    baton_status status = compare_one (self, ours, error);
    if (status == BATON_OK && session_evolve (&self->state, ours) != BATON_OK)
        status = baton_fail_memory (error);
    if (status == BATON_OK)
        self->reading->import->base = ours->n;
    return status;
}

static baton_status find_base (reading_t *self)
{
    comparing_t comparing = {.reading = self};
    const char *session = self->params->update;
    self->import->renamed = strcmp (session, self->params->origin_session) != 0;
    baton_status status = history_walk (self->store, session, 0, compare, &comparing, self->error);
    if (status == BATON_OK && self->import->base == 0)
        status = baton_fail_field (self->error, BATON_not_found, BATON_REASON_no_such_session, "update",
                                   "there is no session %s here: import it without --update", session);
    if (status == BATON_OK && text_set (&self->import->session, session) != BATON_OK)
        status = baton_fail_memory (self->error);
    if (status == BATON_OK && comparing.apart && comparing.own > 0)
        status = part_ways (self, self->import->base + 1);
    end_comparing (&comparing);
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
        status = import_recall_absent (self->reading, &EVENTS[ours->kind].type, ours->body);
    if (theirs && status == BATON_OK)
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
    end_comparing (&comparing);
    pairs_clear (&self->absent);
    if (self->import->known && text_set (&self->import->session, session) != BATON_OK)
        status = baton_fail_memory (self->error);
    return status;
}

baton_status import_place (reading_t *self)
{
    baton_status status = self->params->ancestor ? find_known (self) : BATON_OK;
    if (status != BATON_OK || self->import->known)
        return status;
    return self->params->update ? find_base (self) : choose_id (self);
}
