#include "import.h"

#include "id.h"
#include "putter.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_BYTES 32 /*  BLAKE2b-256 */

/* ---- what is sent is what was verified ---- */

/*  The file is read twice, and hashed as a whole once: the second time, what is sent is compared by its digests, which
 *  are needed anyway, or looked at by the broker. */
typedef struct {
    crypto_generichash_state contents, packs;
} sameness_t;

static void sameness_begin (sameness_t *self)
{
    crypto_generichash_init (&self->contents, NULL, 0, DIGEST_BYTES);
    crypto_generichash_init (&self->packs, NULL, 0, DIGEST_BYTES);
}

static void sameness_add (sameness_t *self, archive_kind_t kind, const char digest[DIGEST_SIZE])
{
    uint8_t section[DIGEST_SIZE + 1] = {(uint8_t) kind};
    bool pack = kind == ARCHIVE_workspace || kind == ARCHIVE_pack;
    memcpy (section + 1, digest, DIGEST_SIZE);
    crypto_generichash_update (pack ? &self->packs : &self->contents, section, sizeof section);
}

static void finish_one (crypto_generichash_state *state, char ret_digest[DIGEST_SIZE])
{
    uint8_t hash[DIGEST_BYTES];
    crypto_generichash_final (state, hash, sizeof hash);
    sodium_bin2hex (ret_digest, DIGEST_SIZE, hash, sizeof hash);
}

static void sameness_end (sameness_t *self, char ret_contents[DIGEST_SIZE], char ret_packs[DIGEST_SIZE])
{
    finish_one (&self->contents, ret_contents);
    finish_one (&self->packs, ret_packs);
}

/* ---- verification ---- */

static baton_status damaged (baton_error_t *error, const char *what)
{
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_archive, "the archive is damaged: %s", what);
}

static baton_status open_again (FILE *file, archive_reader_t **ret_reader, baton_error_t *error)
{
    if (fseeko (file, 0, SEEK_SET) != 0)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_bad_value,
                           "an archive is read twice, so it must be a file: %s", strerror (errno));
    return archive_reader_new (file, ret_reader, error);
}

static baton_status check_page (const archive_section_t *section, sameness_t *sameness, uint64_t *ret_events,
                                baton_error_t *error)
{
    char digest[DIGEST_SIZE];
    archive_page_t page = {0};
    if (record_decode (&RECORD_archive_page, section->data, section->size, &page, NULL) != BATON_OK)
        return damaged (error, "a page of its journal cannot be read");
    *ret_events += page.events.count;
    bool fits = section->size <= LIMIT_ARTIFACT && page.events.count > 0;
    digest_of (section->data, section->size, digest);
    sameness_add (sameness, section->kind, digest);
    record_clear (&RECORD_archive_page, &page);
    return fits ? BATON_OK : damaged (error, "a page of its journal has an impossible size");
}

static baton_status check_snapshot (const archive_section_t *section, const archive_head_t *head, baton_error_t *error)
{
    char digest[DIGEST_SIZE];
    digest_of (section->data, section->size, digest);
    return text_equal (digest, head->snapshot) ? BATON_OK : damaged (error, "its snapshot is another than it says");
}

static void add_carried (const archive_section_t *section, sameness_t *sameness)
{
    char digest[DIGEST_SIZE];
    digest_of (section->data, section->size, digest);
    sameness_add (sameness, section->kind, digest);
}

static baton_status check_blob (const archive_section_t *section, sameness_t *sameness, baton_error_t *error)
{
    char digest[DIGEST_SIZE];
    baton_bytes_t content;
    baton_status status = archive_blob (section, digest, &content, error);
    if (status == BATON_OK)
        sameness_add (sameness, section->kind, digest);
    return status;
}

static baton_status check_workspace (const archive_section_t *section, archive_summary_t *summary, baton_error_t *error)
{
    manifest_t manifest = {0};
    baton_status status = carry_new (section->data, section->size, &summary->carry, error);
    if (status == BATON_OK)
        status = record_decode (&RECORD_manifest, section->data, section->size, &manifest, error);
    summary->files = manifest.entries;
    record_clear (&RECORD_manifest, &manifest);
    return status;
}

static baton_status check_section (const archive_section_t *section, archive_summary_t *summary, sameness_t *sameness,
                                   baton_error_t *error)
{
    switch (section->kind) {
    case ARCHIVE_snapshot:
        return check_snapshot (section, &summary->head, error);
    case ARCHIVE_ancestor:
    case ARCHIVE_events:
        return check_page (section, sameness, &summary->events, error);
    case ARCHIVE_blob:
        summary->blobs++;
        return check_blob (section, sameness, error);
    case ARCHIVE_workspace:
        add_carried (section, sameness);
        return check_workspace (section, summary, error);
    case ARCHIVE_pack:
        add_carried (section, sameness);
        return carry_take_pack (summary->carry, section->data, section->size, error);
    default:
        return BATON_OK;
    }
}

static baton_status check_signer (const archive_summary_t *summary, const char *wanted, baton_error_t *error)
{
    const char *name = *summary->signer_name ? summary->signer_name : "nobody that is known here";
    if (!wanted || strcmp (wanted, summary->signer) == 0 || strcmp (wanted, summary->signer_name) == 0)
        return BATON_OK;
    return baton_fail_field (error, BATON_permission_denied, BATON_REASON_unknown_signer, "require_signer",
                             "the archive was signed with %s, by %s, not by %s", summary->signer, name, wanted);
}

static baton_status verify (archive_reader_t *reader, const char *require_signer, archive_summary_t *summary,
                            baton_error_t *error)
{
    archive_section_t section = {.kind = ARCHIVE_head};
    sameness_t sameness;
    sameness_begin (&sameness);
    baton_status status = record_copy (&RECORD_archive_head, archive_head (reader), &summary->head) == BATON_OK
                              ? BATON_OK
                              : baton_fail_memory (error);
    while (status == BATON_OK && section.kind != ARCHIVE_seal) {
        status = archive_read (reader, &section, error);
        if (status == BATON_OK)
            status = check_section (&section, summary, &sameness, error);
    }
    size_t wanted = 0;
    if (status == BATON_OK && summary->carry && (carry_wanted (summary->carry, &wanted), wanted > 0))
        status = damaged (error, "something of its workspace is missing");
    carry_destroy (&summary->carry);
    if (status != BATON_OK)
        return status;
    sameness_end (&sameness, summary->contents, summary->packs);
    snprintf (summary->archive, sizeof summary->archive, "%s", archive_digest (reader));
    sodium_bin2hex (summary->signer, sizeof summary->signer, summary->head.signer.data, summary->head.signer.size);
    if (record_copy (&RECORD_archive_totals, archive_totals (reader), &summary->totals) != BATON_OK)
        return baton_fail_memory (error);
    status = signer_name (summary->signer, summary->signer_name, error);
    return status == BATON_OK ? check_signer (summary, require_signer, error) : status;
}

baton_status import_verify (FILE *file, const char *require_signer, archive_summary_t *ret_summary,
                            baton_error_t *error)
{
    archive_reader_t *reader = NULL;
    archive_summary_t summary = {0};
    baton_status status = open_again (file, &reader, error);
    if (status == BATON_OK)
        status = verify (reader, require_signer, &summary, error);
    archive_reader_destroy (&reader);
    if (status == BATON_OK)
        *ret_summary = summary;
    else
        archive_summary_clear (&summary);
    return status;
}

void archive_summary_clear (archive_summary_t *summary)
{
    record_clear (&RECORD_archive_head, &summary->head);
    record_clear (&RECORD_archive_totals, &summary->totals);
    carry_destroy (&summary->carry);
    *summary = (archive_summary_t){0};
}

/* ---- sending ---- */

typedef struct {
    uint8_t digest[32];
} page_digest_t;

/*  The pages of one session, which stand side by side. */
typedef struct {
    char session[LIMIT_ID + 1];
    uint64_t n; /*  how far they go */
    size_t count;
    page_digest_t *items;
} journal_pages_t;

typedef struct {
    cli_t *cli;
    putter_t *putter;
    const archive_summary_t *summary;
    struct {
        size_t count;
        journal_pages_t *items;
    } journals;               /*  ancestors, and then the session itself */
    char upload[DIGEST_SIZE]; /*  the same again with the same key */
    baton_pairs_t ancestors;  /*  the ids that ancestors have there, where they are others */
    bool carries;             /*  the workspace goes along */
    sameness_t sameness;
    struct {
        size_t count;
        page_digest_t *items;
    } carried; /*  its manifest, and the packs */
    baton_error_t *error;
} sender_t;

/*  Its digest was compared when the archive was verified, and the broker compares it again. */
static baton_status send_blob (sender_t *self, const archive_section_t *section)
{
    char digest[DIGEST_SIZE];
    baton_bytes_t content;
    baton_status status = archive_split_blob (section, digest, &content, self->error);
    if (status == BATON_OK)
        sameness_add (&self->sameness, section->kind, digest);
    return status == BATON_OK ? putter_put (self->putter, digest, &content, self->error) : status;
}

/*  The manifest or a pack, as it stands in the file. */
static baton_status send_carried (sender_t *self, const archive_section_t *section)
{
    char digest[DIGEST_SIZE];
    baton_bytes_t content = {section->size, (uint8_t *) section->data};
    page_digest_t *slot = list_append (&self->carried, sizeof *slot);
    if (!slot)
        return baton_fail_memory (self->error);
    digest_of (content.data, content.size, digest);
    sameness_add (&self->sameness, section->kind, digest);
    sodium_hex2bin (slot->digest, sizeof slot->digest, digest, DIGEST_SIZE - 1, NULL, NULL, NULL);
    return putter_put (self->putter, digest, &content, self->error);
}

static baton_status note_page (sender_t *self, const event_envelope_t *last, const char *digest)
{
    journal_pages_t *journal = self->journals.count > 0 ? &self->journals.items[self->journals.count - 1] : NULL;
    if (!journal || strcmp (journal->session, last->session) != 0)
        journal = list_append (&self->journals, sizeof *journal);
    if (!journal)
        return baton_fail_memory (self->error);
    if (journal->count == LIMIT_IMPORT_PAGES)
        return baton_fail (self->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "the journal of %s has more than %u pages", last->session, LIMIT_IMPORT_PAGES);
    struct {
        size_t count;
        page_digest_t *items;
    } pages = {journal->count, journal->items};
    page_digest_t *page = list_append (&pages, sizeof *page);
    if (!page)
        return baton_fail_memory (self->error);
    journal->count = pages.count;
    journal->items = pages.items;
    journal->n = last->n;
    snprintf (journal->session, sizeof journal->session, "%s", last->session);
    sodium_hex2bin (page->digest, sizeof page->digest, digest, DIGEST_SIZE - 1, NULL, NULL, NULL);
    return BATON_OK;
}

static baton_status send_page (sender_t *self, const archive_section_t *section)
{
    char digest[DIGEST_SIZE];
    baton_bytes_t content = {section->size, (uint8_t *) section->data};
    archive_page_t page = {0};
    baton_status status = record_decode (&RECORD_archive_page, section->data, section->size, &page, self->error);
    if (status == BATON_OK && page.events.count == 0)
        status = damaged (self->error, "a page of its journal is empty");
    digest_of (content.data, content.size, digest);
    sameness_add (&self->sameness, section->kind, digest);
    if (status == BATON_OK)
        status = note_page (self, &page.events.items[page.events.count - 1], digest);
    if (status == BATON_OK)
        status = putter_put (self->putter, digest, &content, self->error);
    record_clear (&RECORD_archive_page, &page);
    return status;
}

/*  Puts everything that the import refers to. What the file says now must be what was verified. */
static baton_status send_sections (sender_t *self, archive_reader_t *reader)
{
    archive_section_t section = {.kind = ARCHIVE_head};
    char contents[DIGEST_SIZE], packs[DIGEST_SIZE];
    archive_reader_trust (reader);
    sameness_begin (&self->sameness);
    baton_status status = BATON_OK;
    while (status == BATON_OK && section.kind != ARCHIVE_seal) {
        status = archive_read (reader, &section, self->error);
        if (status == BATON_OK && (section.kind == ARCHIVE_ancestor || section.kind == ARCHIVE_events))
            status = send_page (self, &section);
        else if (status == BATON_OK && section.kind == ARCHIVE_blob)
            status = send_blob (self, &section);
        else if (status == BATON_OK && self->carries &&
                 (section.kind == ARCHIVE_workspace || section.kind == ARCHIVE_pack))
            status = send_carried (self, &section);
    }
    if (status == BATON_OK)
        status = putter_finish (self->putter, self->error);
    sameness_end (&self->sameness, contents, packs);
    if (status == BATON_OK && (strcmp (contents, self->summary->contents) != 0 ||
                               (self->carries && strcmp (packs, self->summary->packs) != 0)))
        status = baton_fail (self->error, BATON_aborted, BATON_REASON_bad_archive,
                             "the archive was changed while it was read; nothing was imported");
    return status;
}

/*  What both kinds of import say. */
static session_import_request_t request_for (const sender_t *self, const journal_pages_t *journal)
{
    const archive_head_t *head = &self->summary->head;
    return (session_import_request_t){
        .origin_site = head->site,
        .origin_session = (char *) journal->session,
        .origin_n = journal->n,
        .pages = {journal->count * sizeof *journal->items, (uint8_t *) journal->items},
        .exporter = head->exporter,
        .signer = (char *) self->summary->signer,
        .archive = (char *) self->summary->archive,
        .redacted = head->redacted,
        .ancestors = self->ancestors,
        .upload = (char *) self->upload,
    };
}

/*  An ancestor becomes a session, unless it is there. */
static baton_status ask_for_ancestor (sender_t *self, const journal_pages_t *journal)
{
    imported_t imported = {0};
    session_import_request_t request = request_for (self, journal);
    request.ancestor = true;
    baton_status status = cli_call (self->cli, METHOD_session_import, &request, &imported, NULL, self->error);
    if (status == BATON_OK && strcmp (imported.session, journal->session) != 0 &&
        pairs_set (&self->ancestors, journal->session, imported.session) != BATON_OK)
        status = baton_fail_memory (self->error);
    record_clear (&RECORD_imported, &imported);
    return status;
}

/*  The ancestors first: the session refers to them. */
static baton_status ask_for_all (sender_t *self, const import_how_t *how, imported_t *ret_imported)
{
    const archive_head_t *head = &self->summary->head;
    const char *key = self->cli->key;
    baton_status status = BATON_OK;
    size_t last = self->journals.count - 1; /*  there is one, or the archive was not verified */
    self->cli->key = NULL;                  /*  it is for the session itself */
    for (size_t i = 0; i < last && status == BATON_OK; i++)
        status = ask_for_ancestor (self, &self->journals.items[i]);
    session_import_request_t request = request_for (self, &self->journals.items[last]);
    request.origin_session = head->session;
    request.origin_n = head->n;
    request.snapshot = head->snapshot;
    request.version = head->version;
    request.title = (char *) how->as;
    request.workspace = (char *) how->workspace;
    request.carried =
        (baton_bytes_t){self->carried.count * sizeof *self->carried.items, (uint8_t *) self->carried.items};
    request.update = how->update ? (how->into ? (char *) how->into : head->session) : NULL;
    self->cli->key = how->key ? how->key : key;
    if (status == BATON_OK)
        status = cli_call (self->cli, METHOD_session_import, &request, ret_imported, NULL, self->error);
    self->cli->key = key;
    return status;
}

static void name_upload (sender_t *self, const char *key)
{
    char id[ID_SIZE];
    id_new (id);
    digest_of (key ? key : id, strlen (key ? key : id), self->upload);
}

/*  For an import that was never asked for: what was put for it would wait for a day. */
static void forget_upload (sender_t *self)
{
    blob_forget_request_t request = {.upload = self->upload};
    nothing_t nothing = {};
    baton_error_t ignored = {0};
    if (!baton_reason_retry (self->error->reason) &&
        cli_call (self->cli, METHOD_blob_forget, &request, &nothing, NULL, &ignored) != BATON_OK)
        return; /*  then it waits */
}

baton_status import_send (cli_t *cli, FILE *file, const archive_summary_t *summary, const import_how_t *how,
                          imported_t *ret_imported, baton_error_t *error)
{
    sender_t self = {
        .cli = cli, .summary = summary, .carries = summary->files > 0 && !how->no_workspace, .error = error};
    archive_reader_t *reader = NULL;
    const char *key = cli->key;
    if (self.carries && how->workspace) {
        cli_hint (cli, "leave out --workspace, or what is in the archive with --no-workspace");
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, "workspace",
                                 "the archive has a workspace of its own, which goes to a folder that the node makes");
    }
    name_upload (&self, how->key ? how->key : key);
    baton_status status = open_again (file, &reader, error);
    if (status == BATON_OK)
        status = putter_new (cli, self.upload, &self.putter, error);
    if (status == BATON_OK)
        status = send_sections (&self, reader);
    putter_destroy (&self.putter);
    cli->key = NULL; /*  it is for the import alone */
    if (status != BATON_OK)
        forget_upload (&self);
    cli->key = key;
    if (status == BATON_OK)
        status = ask_for_all (&self, how, ret_imported);
    archive_reader_destroy (&reader);
    pairs_clear (&self.ancestors);
    for (size_t i = 0; i < self.journals.count; i++)
        free (self.journals.items[i].items);
    free (self.journals.items);
    free (self.carried.items);
    return status;
}
