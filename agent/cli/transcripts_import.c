#include "command.h"
#include "output.h"
#include "transcript.h"
#include "transcripts.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/*  What is shown of a transcript. */
OPTIONS (
    found,
    struct {
        char *session;
        uint64_t n;
        char *title;
        bool again;
        uint64_t lines;
        uint64_t items;
        uint64_t runs;
        uint64_t noted;
        uint64_t unreadable;
        uint64_t unanswered;
        uint64_t uncalled;
        uint64_t shown;
        uint64_t repaired;
        uint64_t artifacts;
        uint64_t left_out;
    },
    OPTION (session, FIELD_NAME, LIMIT_ID, NULL, ""), OPTION (n, FIELD_UINT, 0, NULL, ""),
    OPTION (title, FIELD_LINE, LIMIT_TITLE, NULL, ""), OPTION (again, FIELD_FLAG, 0, NULL, ""),
    OPTION (lines, FIELD_UINT, 0, NULL, ""), OPTION (items, FIELD_UINT, 0, NULL, ""),
    OPTION (runs, FIELD_UINT, 0, NULL, ""), OPTION (noted, FIELD_UINT, 0, NULL, ""),
    OPTION (unreadable, FIELD_UINT, 0, NULL, ""), OPTION (unanswered, FIELD_UINT, 0, NULL, ""),
    OPTION (uncalled, FIELD_UINT, 0, NULL, ""), OPTION (shown, FIELD_UINT, 0, NULL, ""),
    OPTION (repaired, FIELD_UINT, 0, NULL, ""), OPTION (artifacts, FIELD_UINT, 0, NULL, ""),
    OPTION (left_out, FIELD_UINT, 0, NULL, ""));

/*  An import under way. */
typedef struct {
    cli_t *cli;
    const transcript_how_t *how;
    const transcript_format_t *format;
    source_about_t about;
    char session[ID_SIZE];
    baton_bytes_t pages; /*  digests */
    draft_t *draft;
    uint64_t n;
} import_t;

/* ---- what goes to the broker before the session does ---- */

static baton_status put (void *self, const char *digest, const baton_bytes_t *content, baton_error_t *error)
{
    import_t *import = self;
    blob_put_request_t request = {.digest = (char *) digest, .content = *content, .upload = import->session};
    nothing_t nothing = {};
    const char *key = import->cli->key;
    import->cli->key = NULL; /*  it is for the import itself */
    baton_status status = cli_call (import->cli, METHOD_blob_put, &request, &nothing, NULL, error);
    import->cli->key = key;
    return status;
}

static baton_status put_page (void *self, const baton_bytes_t *page, baton_error_t *error)
{
    import_t *import = self;
    char digest[DIGEST_SIZE];
    if (import->pages.size == (size_t) LIMIT_IMPORT_PAGES * 32)
        return baton_fail_field (error, BATON_resource_exhausted, BATON_REASON_too_large, "file",
                                 "the transcript makes a journal of more than %u pages; nothing was imported",
                                 LIMIT_IMPORT_PAGES);
    digest_of (page->data, page->size, digest);
    sodium_hex2bin (import->pages.data + import->pages.size, 32, digest, DIGEST_SIZE - 1, NULL, NULL, NULL);
    import->pages.size += 32;
    return put (self, digest, page, error);
}

/* ---- the steps ---- */

static baton_status read_file (import_t *import, baton_error_t *error)
{
    draft_to_t to = {put_page, put, import};
    baton_status status =
        draft_new (import->session, import->format->name, import->about.digest, import->about.changed_at,
                   import->how->dry_run ? NULL : &to, &import->draft, error);
    if (status == BATON_OK)
        status = transcript_read (import->format, import->how->file, &import->about, import->draft, error);
    if (status == BATON_OK)
        status = draft_finish (import->draft, &import->n, error);
    if (status == BATON_OK && draft_counts (import->draft)->items == 0)
        status = baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, "file",
                                   "%s has nothing that a %s transcript says: look whether --from is right",
                                   import->how->file, import->format->name);
    return status;
}

static const char *title_of (const import_t *import)
{
    const char *found = draft_found_title (import->draft), *name = strrchr (import->how->file, '/');
    return import->how->as ? import->how->as : *found ? found : name ? name + 1 : import->how->file;
}

/*  With a key of its own, so that two who import the same file at the same time get the same session. */
static baton_status ask (import_t *import, imported_t *ret_imported, baton_error_t *error)
{
    char key[LIMIT_ID + 1];
    session_import_request_t request = {
        .origin_session = import->session,
        .origin_n = import->n,
        .pages = import->pages,
        .exporter = (char *) import->format->name,
        .archive = import->about.digest,
        .title = (char *) title_of (import),
        .workspace = (char *) import->how->workspace,
        .upload = import->session,
    };
    const char *given = import->cli->key;
    snprintf (key, sizeof key, "transcript-%s", import->session);
    import->cli->key = given ? given : key;
    baton_status status = cli_call (import->cli, METHOD_session_import, &request, ret_imported, NULL, error);
    import->cli->key = given;
    return status;
}

static baton_status print (import_t *import, char *session, uint64_t n, baton_error_t *error)
{
    const draft_counts_t *counts = draft_counts (import->draft);
    found_options_t found = {
        .session = session,
        .n = n,
        .title = (char *) title_of (import),
        .lines = counts->lines,
        .items = counts->items,
        .runs = counts->runs,
        .noted = counts->noted,
        .unreadable = counts->unreadable,
        .unanswered = counts->unanswered,
        .uncalled = counts->uncalled,
        .shown = counts->shown,
        .repaired = counts->repaired,
        .artifacts = counts->artifacts,
        .left_out = counts->left_out,
    };
    return output_record (import->cli, &found_options, &found, error);
}

static baton_status bring (import_t *import, baton_error_t *error)
{
    imported_t imported = {0};
    import->pages.data = malloc ((size_t) LIMIT_IMPORT_PAGES * 32);
    baton_status status = import->pages.data ? read_file (import, error) : baton_fail_memory (error);
    if (status == BATON_OK && import->how->dry_run)
        status = print (import, NULL, 0, error);
    else if (status == BATON_OK) {
        status = ask (import, &imported, error);
        if (status == BATON_OK)
            status = print (import, imported.session, imported.n, error);
    }
    record_clear (&RECORD_imported, &imported);
    draft_destroy (&import->draft);
    free (import->pages.data);
    return status;
}

/*  Whether a session was made of this file before; then it is shown. */
static baton_status find (import_t *import, bool *ret_found, baton_error_t *error)
{
    session_show_request_t request = {.session = import->session};
    session_t state = {0};
    baton_status status = cli_call (import->cli, METHOD_session_show, &request, &state, NULL, error);
    *ret_found = status == BATON_OK;
    if (status == BATON_OK) {
        found_options_t found = {.session = state.session, .n = state.n, .title = state.title, .again = true};
        output_note (import->cli, "this file was imported before; another session of it is made with --as");
        status = output_record (import->cli, &found_options, &found, error);
    }
    record_clear (&RECORD_session, &state);
    return status == BATON_not_found ? BATON_OK : status;
}

baton_status transcripts_import (cli_t *cli, const transcript_how_t *how, baton_error_t *error)
{
    import_t import = {.cli = cli, .how = how, .format = transcript_format_find (how->format)};
    bool found = false;
    baton_status status = transcripts_check_format (how->format, "from", error);
    if (status == BATON_OK)
        status = source_look (how->file, &import.about, error);
    if (status != BATON_OK)
        return status;
    transcript_session_id (import.format, &import.about, how->as, import.session);
    if (!how->dry_run)
        status = find (&import, &found, error);
    return status != BATON_OK || found ? status : bring (&import, error);
}

baton_status transcripts_check_format (const char *name, const char *field, baton_error_t *error)
{
    if (transcript_format_find (name))
        return BATON_OK;
    return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, field,
                             "there is no format %s: there are claude-code, codex, openai and anthropic", name);
}
