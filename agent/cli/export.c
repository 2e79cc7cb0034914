#include "export.h"

#include "carry_redact.h"
#include "event.h"
#include "redact.h"
#include "signer.h"

#include <pthread.h>
#include <search.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*  A content that an event refers to. */
typedef struct {
    char digest[DIGEST_SIZE];
    char session[LIMIT_ID + 1];
    uint64_t n;
    char *name; /*  of the artifact; NULL: it has none */
} reference_t;

typedef struct {
    cli_t *cli;
    const export_t *export;
    archive_writer_t *writer;
    redact_t *redact; /*  NULL: everything goes as it is */
    exported_t done;
    baton_bytes_t manifest; /*  of its workspace; empty: that does not go along */
    void *seen;             /*  digests of the references, as tsearch (3) keeps them */
    struct {
        size_t count;
        reference_t *items;
    } references;
    const event_t *event; /*  that is looked at */
    archive_page_t page;  /*  that is being filled */
    size_t page_bytes;
    baton_error_t *error;
} exporter_t;

/* ---- the contents ---- */

/*  The content as it goes into the archive, and the digest that it has then. */
static baton_status fetch_blob (exporter_t *self, const reference_t *reference, const char *place, blob_t *ret_blob,
                                baton_error_t *error)
{
    blob_get_request_t request = {
        .session = (char *) reference->session, .n = reference->n, .digest = (char *) reference->digest};
    char digest[DIGEST_SIZE];
    baton_status status = cli_call (self->cli, METHOD_blob_get, &request, ret_blob, NULL, error);
    if (status != BATON_OK || !self->redact)
        return status;
    status = redact_content (self->redact, reference->name, &ret_blob->content, place, error);
    digest_of (ret_blob->content.data, ret_blob->content.size, digest);
    if (status == BATON_OK && text_set (&ret_blob->digest, digest) != BATON_OK)
        status = baton_fail_memory (error);
    return status;
}

/*  The events are written before the contents, and name their digests: so these are looked at twice. */
static baton_status look_ahead (exporter_t *self, const reference_t *reference)
{
    char place[LIMIT_SHORT];
    blob_t blob = {0};
    char *name = reference->name ? strdup (reference->name) : NULL;
    baton_status status = redact_name (self->redact, &name, NULL, self->error);
    snprintf (place, sizeof place, "content of event %lu%s%s", reference->n, name ? ", " : "", name ? name : "");
    free (name);
    if (status == BATON_OK)
        status = fetch_blob (self, reference, place, &blob, self->error);
    if (status == BATON_OK && strcmp (blob.digest, reference->digest) != 0)
        status = redact_replace (self->redact, reference->digest, blob.digest, blob.content.size, self->error);
    record_clear (&RECORD_blob, &blob);
    return status;
}

/*  One that is being fetched while the one before is hashed and written. */
typedef struct {
    exporter_t *exporter;
    const reference_t *reference; /*  NULL: there is none left */
    blob_t blob;
    baton_status status;
    baton_error_t error;
    pthread_t thread;
    bool aside; /*  by a thread, to which the connection and the redaction belong until it is joined */
} fetch_t;

static void *fetch (void *argument)
{
    fetch_t *self = argument;
    self->status = fetch_blob (self->exporter, self->reference, NULL, &self->blob, &self->error);
    return NULL;
}

static void begin_fetch (fetch_t *self, exporter_t *exporter, size_t number)
{
    *self = (fetch_t){.exporter = exporter};
    if (number >= exporter->references.count)
        return;
    self->reference = &exporter->references.items[number];
    self->aside = pthread_create (&self->thread, NULL, fetch, self) == 0;
    if (!self->aside)
        fetch (self);
}

/*  What went wrong before keeps its place. */
static baton_status end_fetch (fetch_t *self, baton_status status)
{
    if (self->aside)
        pthread_join (self->thread, NULL);
    self->aside = false;
    if (status == BATON_OK && self->status != BATON_OK)
        *self->exporter->error = self->error;
    return status == BATON_OK ? self->status : status;
}

static baton_status write_blobs (exporter_t *self)
{
    fetch_t fetches[2] = {0};
    begin_fetch (&fetches[0], self, 0);
    baton_status status = end_fetch (&fetches[0], BATON_OK);
    for (size_t i = 0; i < self->references.count && status == BATON_OK; i++) {
        fetch_t *now = &fetches[i % 2], *next = &fetches[(i + 1) % 2];
        begin_fetch (next, self, i + 1);
        status = archive_write_blob (self->writer, now->blob.digest, &now->blob.content, self->error);
        record_clear (&RECORD_blob, &now->blob);
        status = end_fetch (next, status);
        self->done.blobs++;
    }
    record_clear (&RECORD_blob, &fetches[0].blob);
    record_clear (&RECORD_blob, &fetches[1].blob);
    return status;
}

/* ---- the journal ---- */

static int compare_texts (const void *a, const void *b)
{
    return strcmp (a, b);
}

static baton_status note_reference (const char *digest, void *argument)
{
    exporter_t *self = argument;
    if (tfind (digest, &self->seen, compare_texts))
        return BATON_OK;
    char *key = strdup (digest);
    reference_t *reference = key ? list_append (&self->references, sizeof *reference) : NULL;
    if (!reference || !tsearch (key, &self->seen, compare_texts)) {
        free (key);
        return baton_fail_memory (self->error);
    }
    snprintf (reference->digest, sizeof reference->digest, "%s", digest);
    snprintf (reference->session, sizeof reference->session, "%s", self->event->session);
    reference->n = self->event->n;
    const char *name = record_text (&EVENTS[self->event->kind].type, self->event->body, "name");
    if (name && !(reference->name = strdup (name)))
        return baton_fail_memory (self->error);
    return self->redact ? look_ahead (self, reference) : BATON_OK;
}

/*  The event as it goes into the archive. */
static baton_status redact_event (exporter_t *self, event_t *event, baton_bytes_t *ret_body)
{
    char place[LIMIT_SHORT];
    const record_type_t *type = &EVENTS[event->kind].type;
    snprintf (place, sizeof place, "event %lu (%s)", event->n, EVENTS[event->kind].name);
    baton_status status = redact_record (self->redact, type, event->body, place, self->error);
    if (status != BATON_OK)
        return status;
    bytes_clear (ret_body);
    return record_encode (type, event->body, ret_body) == BATON_OK ? BATON_OK : baton_fail_memory (self->error);
}

static baton_status write_page (exporter_t *self, archive_kind_t kind)
{
    baton_bytes_t bytes = {0};
    if (self->page.events.count == 0)
        return BATON_OK;
    baton_status status = record_encode (&RECORD_archive_page, &self->page, &bytes) == BATON_OK
                              ? archive_write (self->writer, kind, bytes.data, bytes.size, self->error)
                              : baton_fail_memory (self->error);
    bytes_clear (&bytes);
    record_clear (&RECORD_archive_page, &self->page);
    self->page_bytes = 0;
    return status;
}

/*  Takes the envelope's content. */
static baton_status add_event (exporter_t *self, archive_kind_t kind, event_envelope_t *envelope)
{
    event_t event = {0};
    baton_status status = event_from_envelope (envelope, &event, self->error);
    self->event = &event;
    if (status == BATON_OK)
        status = event_each_blob (&event, note_reference, self);
    if (status == BATON_OK && self->redact)
        status = redact_event (self, &event, &envelope->body);
    event_clear (&event);
    if (status != BATON_OK)
        return status;
    event_envelope_t *kept = list_append (&self->page.events, sizeof *kept);
    if (!kept)
        return baton_fail_memory (self->error);
    *kept = *envelope;
    *envelope = (event_envelope_t){0};
    self->done.events++;
    self->page_bytes += kept->body.size;
    return self->page_bytes >= LIMIT_ARCHIVE_PAGE || self->page.events.count == LIMIT_PAGE ? write_page (self, kind)
                                                                                           : BATON_OK;
}

/*  The journal of a session from its beginning up to a position. */
static baton_status write_journal (exporter_t *self, archive_kind_t kind, const char *session, uint64_t upto)
{
    session_log_request_t request = {.session = (char *) session, .limit = LIMIT_PAGE};
    baton_status status = BATON_OK;
    while (status == BATON_OK && request.after < upto) {
        event_page_t page = {0};
        uint64_t before = request.after;
        status = cli_call (self->cli, METHOD_session_log, &request, &page, NULL, self->error);
        for (size_t i = 0; i < page.events.count && status == BATON_OK && page.events.items[i].n <= upto; i++) {
            request.after = page.events.items[i].n;
            status = add_event (self, kind, &page.events.items[i]);
        }
        if (status == BATON_OK && request.after == before)
            status = baton_fail (self->error, BATON_internal, BATON_REASON_bug,
                                 "the journal of session %s ends at %lu, before %lu", session, before, upto);
        record_clear (&RECORD_event_page, &page);
    }
    return status == BATON_OK ? write_page (self, kind) : status;
}

/*  The journals that the context is taken from, too, each up to the last position that counts. */
static baton_status write_ancestors (exporter_t *self, const session_t *state)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < state->lineage.count && status == BATON_OK; i++) {
        const segment_t *segment = &state->lineage.items[i];
        uint64_t upto = 0;
        bool first = true;
        for (size_t other = 0; other < state->lineage.count; other++) {
            const segment_t *same = &state->lineage.items[other];
            if (!text_equal (same->session, segment->session))
                continue;
            first = first && other >= i;
            upto = same->upto > upto ? same->upto : upto;
        }
        if (first)
            status = write_journal (self, ARCHIVE_ancestor, segment->session, upto);
    }
    return status;
}

/* ---- the whole ---- */

static uint64_t now (void)
{
    struct timespec time;
    clock_gettime (CLOCK_REALTIME, &time);
    return (uint64_t) time.tv_sec * 1000 + (uint64_t) time.tv_nsec / 1000000;
}

static baton_status begin (exporter_t *self, FILE *file, const snapshot_t *snapshot, const session_t *state)
{
    uint8_t secret[SIGNER_SECRET];
    about_t about = {0};
    baton_status status = cli_call (self->cli, METHOD_site_about, &(site_about_request_t){}, &about, NULL, self->error);
    if (status == BATON_OK)
        status = signer_secret (secret, self->error);
    archive_head_t head = {
        .version = about.version,
        .site = self->cli->context.broker_key,
        .session = snapshot->session,
        .n = snapshot->n,
        .title = state->title,
        .workspace = state->workspace,
        .least = self->manifest.size > 0 ? ARCHIVE_FORMAT_WORKSPACE : 0,
        .snapshot = self->redact ? NULL : snapshot->digest,
        .redacted = self->redact != NULL,
        .exported_at = self->export->repeatable ? 0 : now (),
        .exporter = about.you,
    };
    if (status == BATON_OK && self->redact)
        status = redact_record (self->redact, &RECORD_archive_head, &head, "head", self->error);
    if (status == BATON_OK)
        status = archive_writer_new (file, secret, &head, &self->writer, self->error);
    sodium_memzero (secret, sizeof secret);
    record_clear (&RECORD_about, &about);
    if (status == BATON_OK && !self->redact)
        status =
            archive_write (self->writer, ARCHIVE_snapshot, snapshot->state.data, snapshot->state.size, self->error);
    return status;
}

/*  What the workspace holds goes along as it is now: only with the newest state. */
static baton_status look_at_workspace (exporter_t *self, const session_t *state)
{
    cli_t *cli = self->cli;
    workspace_manifest_request_t request = {.session = state->session};
    workspace_listing_t listing = {0};
    manifest_t manifest = {0};
    if (self->export->no_workspace || self->export->at > 0 || (!state->home && state->carried == 0))
        return BATON_OK;
    baton_status status = cli_call (cli, METHOD_workspace_manifest, &request, &listing, NULL, self->error);
    if (status == BATON_OK)
        status = record_decode (&RECORD_manifest, listing.manifest.data, listing.manifest.size, &manifest, self->error);
    else
        cli_hint (cli, "without its workspace, it can be exported with --no-workspace");
    if (status == BATON_OK && manifest.bytes > LIMIT_CARRIED)
        status = baton_fail (self->error, BATON_resource_exhausted, BATON_REASON_too_large,
                             "the workspace of session %s has %lu bytes; at most %llu can go along", state->session,
                             manifest.bytes, LIMIT_CARRIED);
    if (status == BATON_OK) {
        self->done.files = manifest.entries;
        self->manifest = listing.manifest;
        listing.manifest = (baton_bytes_t){0};
    }
    record_clear (&RECORD_manifest, &manifest);
    record_clear (&RECORD_workspace_listing, &listing);
    return status;
}

/*  No run may have come in between: the workspace would be another than the journal says. */
static baton_status write_workspace (exporter_t *self, const session_t *state)
{
    session_show_request_t request = {.session = state->session};
    session_t now = {0};
    if (self->manifest.size == 0)
        return BATON_OK;
    baton_status status = self->redact
                              ? carry_write_redacted (self->cli, state->session, &self->manifest, self->redact,
                                                      self->writer, &self->done.files, self->error)
                              : carry_write (self->cli, state->session, &self->manifest, self->writer, self->error);
    if (status == BATON_OK)
        status = cli_call (self->cli, METHOD_session_show, &request, &now, NULL, self->error);
    if (status == BATON_OK && (now.run.number != state->run.number || now.run.attempt != state->run.attempt))
        status = baton_fail (self->error, BATON_aborted, BATON_REASON_version_mismatch,
                             "a run of session %s has begun while its workspace was read", state->session);
    record_clear (&RECORD_session, &now);
    return status;
}

static baton_status write_all (exporter_t *self, FILE *file, const snapshot_t *snapshot, const session_t *state)
{
    self->done.n = snapshot->n;
    self->done.state = state->state;
    snprintf (self->done.site, sizeof self->done.site, "%s", self->cli->context.broker_key);
    snprintf (self->done.snapshot, sizeof self->done.snapshot, "%s", snapshot->digest);
    baton_status status = look_at_workspace (self, state);
    if (status == BATON_OK)
        status = begin (self, file, snapshot, state);
    if (status == BATON_OK)
        status = write_ancestors (self, state);
    if (status == BATON_OK)
        status = write_journal (self, ARCHIVE_events, snapshot->session, snapshot->n);
    if (status == BATON_OK)
        status = write_blobs (self);
    if (status == BATON_OK)
        status = write_workspace (self, state);
    if (status == BATON_OK && self->redact)
        redact_report (self->redact, &self->done.totals);
    if (status == BATON_OK)
        status = archive_finish (self->writer, &self->done.totals, self->done.archive, self->error);
    return status;
}

baton_status export_write (cli_t *cli, const export_t *export, FILE *file, exported_t *ret_exported,
                           baton_error_t *error)
{
    exporter_t self = {.cli = cli, .export = export, .error = error};
    session_snapshot_request_t request = {.session = (char *) export->session, .at = export->at};
    snapshot_t snapshot = {0};
    session_t state = {0};
    baton_status status = cli_call (cli, METHOD_session_snapshot, &request, &snapshot, NULL, error);
    if (status == BATON_OK)
        status = record_decode (&RECORD_session, snapshot.state.data, snapshot.state.size, &state, error);
    if (status == BATON_OK && export->redact)
        status = redact_new (&self.redact, error);
    if (status == BATON_OK)
        status = write_all (&self, file, &snapshot, &state);
    if (status == BATON_OK)
        *ret_exported = self.done;
    else
        exported_clear (&self.done);
    archive_writer_destroy (&self.writer);
    bytes_clear (&self.manifest);
    redact_destroy (&self.redact);
    tdestroy (self.seen, free);
    for (size_t i = 0; i < self.references.count; i++)
        free (self.references.items[i].name);
    free (self.references.items);
    record_clear (&RECORD_archive_page, &self.page);
    record_clear (&RECORD_snapshot, &snapshot);
    record_clear (&RECORD_session, &state);
    return status;
}

void exported_clear (exported_t *exported)
{
    record_clear (&RECORD_archive_totals, &exported->totals);
    *exported = (exported_t){0};
}
