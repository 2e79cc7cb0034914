#include "commands.h"
#include "import.h"
#include "output.h"
#include "transcripts.h"

#include <errno.h>
#include <string.h>

OPTIONS (
    import,
    struct {
        char *file;
        char *as;
        char *workspace;
        char *require_signer;
        bool no_workspace;
        bool update;
        char *into;
        bool dry_run;
        char *from;
    },
    WORD (file, FIELD_LINE, LIMIT_PATH, "an archive, or a transcript"),
    OPTION (as, FIELD_LINE, LIMIT_TITLE, NULL, "another title than it had"),
    OPTION (workspace, FIELD_LINE, LIMIT_PATH, NULL,
            "absolute path of a folder on its node, used in place; without one, the node makes a folder"),
    OPTION (no_workspace, FIELD_FLAG, 0, NULL, "leave out the workspace in it"),
    OPTION (require_signer, FIELD_LINE, LIMIT_ID, NULL, "refuse it unless this name or key has signed it"),
    OPTION (update, FIELD_FLAG, 0, NULL, "go on with the session that is here already, where the archive has more"),
    OPTION (into, FIELD_NAME, LIMIT_ID, NULL,
            "with --update: the id that the session has here, when that is another one"),
    OPTION (dry_run, FIELD_FLAG, 0, NULL, "verify the archive and say what it is, and do nothing"),
    OPTION (from, FIELD_NAME, LIMIT_NAME, NULL,
            "a transcript of another tool: claude-code, codex, openai or anthropic"));

/*  What is shown of an archive that was verified. */
OPTIONS (
    shown,
    struct {
        char *session;
        char *title;
        uint64_t n;
        uint64_t events;
        uint64_t blobs;
        uint64_t files;
        char *site;
        char *exporter;
        char *signer;
        char *signer_name;
        bool redacted;
        uint64_t exported_at;
        char *archive;
    },
    OPTION (session, FIELD_NAME, LIMIT_ID, NULL, ""), OPTION (title, FIELD_LINE, LIMIT_TITLE, NULL, ""),
    OPTION (n, FIELD_UINT, 0, NULL, ""), OPTION (events, FIELD_UINT, 0, NULL, ""),
    OPTION (blobs, FIELD_UINT, 0, NULL, ""), OPTION (files, FIELD_UINT, 0, NULL, ""),
    OPTION (site, FIELD_LINE, LIMIT_ID, NULL, ""), OPTION (exporter, FIELD_LINE, LIMIT_NAME, NULL, ""),
    OPTION (signer, FIELD_LINE, LIMIT_ID, NULL, ""), OPTION (signer_name, FIELD_LINE, LIMIT_NAME, NULL, ""),
    OPTION (redacted, FIELD_FLAG, 0, NULL, ""), OPTION (exported_at, FIELD_UINT, 0, NULL, ""),
    OPTION (archive, FIELD_LINE, LIMIT_ID, NULL, ""));

/*  As every transcript does, which are lines or documents of JSON, and no archive. */
static bool begins_as_text (FILE *file)
{
    int first = fseek (file, 0, SEEK_SET) == 0 ? fgetc (file) : EOF;
    return first == '{' || first == '[';
}

static baton_status show (cli_t *cli, const archive_summary_t *summary, baton_error_t *error)
{
    const archive_head_t *head = &summary->head;
    shown_options_t shown = {
        .session = head->session,
        .title = head->title,
        .n = head->n,
        .events = summary->events,
        .blobs = summary->blobs,
        .files = summary->files,
        .site = head->site,
        .exporter = head->exporter,
        .signer = (char *) summary->signer,
        .signer_name = (char *) summary->signer_name,
        .redacted = head->redacted,
        .exported_at = head->exported_at,
        .archive = (char *) summary->archive,
    };
    return output_record (cli, &shown_options, &shown, error);
}

/*  What came, and what of it means nothing here and was ended. */
static void tell (cli_t *cli, const archive_summary_t *summary, const imported_t *imported, bool workspace)
{
    output_note (cli, "signed by %s (%s)", *summary->signer_name ? summary->signer_name : "an unknown key",
                 summary->signer);
    if (imported->renamed)
        output_note (cli, "the id %s is taken here, or none of Baton's: it is %s now", summary->head.session,
                     imported->session);
    output_note (cli, "%lu events (pages of %lu bytes) and %lu contents were written%s", imported->events,
                 imported->bytes, imported->contents, workspace ? ", with its workspace" : "");
    if (imported->interrupted)
        output_note (cli, "the run that was under way there is interrupted here");
    if (imported->breakpoints + imported->starts > 0)
        output_note (cli,
                     "%lu open breakpoints were cancelled and %lu waiting starts dropped: they belong to the other "
                     "site",
                     imported->breakpoints, imported->starts);
    for (size_t i = 0; i < imported->triggers.count; i++)
        output_note (cli, "the trigger %s was dropped: it waited for the end of a session at the other site",
                     imported->triggers.items[i]);
}

static baton_status bring (cli_t *cli, FILE *file, const archive_summary_t *summary, const import_how_t *how,
                           baton_error_t *error)
{
    imported_t imported = {0};
    baton_status status = import_send (cli, file, summary, how, &imported, error);
    if (status == BATON_OK) {
        tell (cli, summary, &imported, summary->files > 0 && !how->no_workspace);
        if (how->update && imported.events == 0)
            output_note (cli, "there is nothing new in it");
        status = output_record (cli, &RECORD_imported, &imported, error);
    }
    record_clear (&RECORD_imported, &imported);
    return status;
}

/*  Nobody has signed a transcript, and what it has more than before has no place in what was made of it. */
static baton_status import_transcript (cli_t *cli, const import_options_t *options, baton_error_t *error)
{
    transcript_how_t how = {options->file, options->from, options->as, options->workspace, options->dry_run};
    if (options->update || options->require_signer)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, "from",
                                 "--update and --require-signer are for archives, not for transcripts");
    return transcripts_import (cli, &how, error);
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const import_options_t *options = arguments->options;
    if (options->into && !options->update)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, "into", "--into is for --update");
    if (options->from)
        return import_transcript (cli, options, error);
    archive_summary_t summary = {0};
    FILE *file = fopen (options->file, "re");
    if (!file)
        return baton_fail_field (error, errno == ENOENT ? BATON_not_found : BATON_permission_denied, BATON_REASON_none,
                                 "file", "can't read %s: %s", options->file, strerror (errno));
    import_how_t how = {.as = options->as,
                        .workspace = options->workspace,
                        .no_workspace = options->no_workspace,
                        .update = options->update,
                        .into = options->into};
    baton_status status = import_verify (file, options->require_signer, &summary, error);
    if (status == BATON_invalid_argument && error->reason == BATON_REASON_bad_archive && begins_as_text (file))
        cli_hint (cli, "if it is a transcript of another tool, say of which with --from claude-code, codex, openai or "
                       "anthropic");
    if (status == BATON_OK)
        status = options->dry_run ? show (cli, &summary, error) : bring (cli, file, &summary, &how, error);
    archive_summary_clear (&summary);
    fclose (file);
    return status;
}

const command_t CMD_session_import = {.noun = "session",
                                      .verb = "import",
                                      .options = &import_options,
                                      .positionals = "file",
                                      .help = "Make a session of an archive, or of a transcript of another tool",
                                      .run = run};
