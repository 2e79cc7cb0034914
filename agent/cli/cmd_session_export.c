#include "commands.h"
#include "export.h"
#include "nameless.h"
#include "output.h"
#include "transcripts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

OPTIONS (
    export,
    struct {
        char *out;
        bool no_workspace;
        bool redact;
        char *format;
    },
    WORD (out, FIELD_LINE, LIMIT_PATH, "the file to write (-o), which must not exist"),
    OPTION (no_workspace, FIELD_FLAG, 0, NULL, "leave out what its workspace holds"),
    OPTION (redact, FIELD_FLAG, 0, NULL, "leave out secrets, and list what was left out"),
    OPTION (format, FIELD_NAME, LIMIT_NAME, NULL,
            "as a transcript in place of an archive: claude-code, codex, openai or anthropic"));

static void folder_of (const char *path, char *ret_folder, size_t size)
{
    const char *slash = strrchr (path, '/');
    snprintf (ret_folder, size, "%.*s", slash ? (int) (slash - path) + 1 : 1, slash ? path : ".");
}

/*  A file without a name, of which nothing stays when we are killed; or one beside its place, where there are no such
 *  files. Only we may read it: a session may hold secrets. */
static int open_draft (const char *path, char *ret_draft, size_t size)
{
    folder_of (path, ret_draft, size);
    int fd = nameless_open (ret_draft);
    if (fd >= 0) {
        snprintf (ret_draft, size, "/proc/self/fd/%d", fd);
        return fd;
    }
    snprintf (ret_draft, size, "%s.XXXXXX", path);
    return mkostemp (ret_draft, O_CLOEXEC);
}

/*  A name is on disk when its folder is; not every file system has something to flush there. */
static int flush_folder (const char *path)
{
    char folder[LIMIT_PATH + 1];
    folder_of (path, folder, sizeof folder);
    int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || (fsync (fd) != 0 && errno != EINVAL) ? -1 : 0;
    if (fd >= 0)
        close (fd);
    return failed;
}

/*  The file has its name only when it is whole, and replaces no other. Not every file system has links. */
static baton_status name_file (FILE *file, const char *draft, const char *path, baton_error_t *error)
{
    if (fsync (fileno (file)) == 0 &&
        (linkat (AT_FDCWD, draft, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ||
         (errno == EPERM && renameat2 (AT_FDCWD, draft, AT_FDCWD, path, RENAME_NOREPLACE) == 0)) &&
        flush_folder (path) == 0)
        return BATON_OK;
    if (errno == EEXIST)
        return baton_fail_field (error, BATON_already_exists, BATON_REASON_name_taken, "out", "there is a file %s",
                                 path);
    return baton_fail (error, BATON_internal, BATON_REASON_none, "can't write %s: %s", path, strerror (errno));
}

/*  What the answer shows. */
OPTIONS (
    told,
    struct {
        char *session;
        char *file;
        uint64_t n;
        uint64_t events;
        uint64_t contents;
        uint64_t files;
        uint64_t bytes;
        uint64_t removed;
        char *archive;
    },
    OPTION (session, FIELD_NAME, LIMIT_ID, NULL, ""), OPTION (file, FIELD_LINE, LIMIT_PATH, NULL, ""),
    OPTION (n, FIELD_UINT, 0, NULL, ""), OPTION (events, FIELD_UINT, 0, NULL, ""),
    OPTION (contents, FIELD_UINT, 0, NULL, ""), OPTION (files, FIELD_UINT, 0, NULL, ""),
    OPTION (bytes, FIELD_UINT, 0, NULL, ""), OPTION (removed, FIELD_UINT, 0, NULL, ""),
    OPTION (archive, FIELD_LINE, LIMIT_ID, NULL, ""));

static baton_status tell (cli_t *cli, const export_t *export, const char *path, const exported_t *exported,
                          baton_error_t *error)
{
    told_options_t told = {
        .session = (char *) export->session,
        .file = (char *) path,
        .n = exported->n,
        .events = exported->events,
        .contents = exported->blobs,
        .files = exported->files,
        .bytes = exported->totals.bytes,
        .removed = exported->totals.removed,
        .archive = (char *) exported->archive,
    };
    char files[64] = "no workspace";
    if (exported->files > 0)
        snprintf (files, sizeof files, "its workspace of %lu files and folders", exported->files);
    output_note (cli, "%s: session %s up to event %lu: %lu events, %lu contents and %s, %lu bytes unpacked", path,
                 export->session, exported->n, exported->events, exported->blobs, files, exported->totals.bytes);
    return cli->output == OUTPUT_table ? BATON_OK : output_record (cli, &told_options, &told, error);
}

static baton_status check_path (const char *path, baton_error_t *error)
{
    if (access (path, F_OK) == 0)
        return baton_fail_field (error, BATON_already_exists, BATON_REASON_name_taken, "out", "there is a file %s",
                                 path);
    return BATON_OK;
}

static baton_status write_draft (cli_t *cli, const export_t *export, const export_options_t *options,
                                 exported_t *ret_exported, baton_error_t *error)
{
    char draft[LIMIT_PATH + 16];
    const char *path = options->out;
    int fd = open_draft (path, draft, sizeof draft);
    FILE *file = fd >= 0 ? fdopen (fd, "w+") : NULL;
    if (!file) {
        baton_fail (error, BATON_permission_denied, BATON_REASON_none, "can't write %s: %s", path, strerror (errno));
        if (fd >= 0)
            close (fd);
        return BATON_permission_denied;
    }
    baton_status status = options->format ? transcripts_export (cli, export->session, export->at, options->format, file,
                                                                &ret_exported->events, error)
                                          : export_write (cli, export, file, ret_exported, error);
    if (status == BATON_OK)
        status = name_file (file, draft, path, error);
    fclose (file);
    if (strncmp (draft, "/proc/", 6) != 0)
        unlink (draft);
    return status;
}

/*  What was redacted: a row for each place. */
static baton_status tell_removed (cli_t *cli, const archive_totals_t *totals, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < totals->removals.count && status == BATON_OK; i++) {
        const removal_t *row = &totals->removals.items[i];
        if (cli->output == OUTPUT_table)
            fprintf (cli->out, "%4lu  %-20s  %s\n", row->count, row->pattern, row->place);
        else
            status = output_record (cli, &RECORD_removal, row, error);
    }
    output_note (cli, "%lu secrets were left out", totals->removed);
    return status;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const session_snapshot_request_t *request = arguments->request;
    const export_options_t *options = arguments->options;
    export_t export = {.session = request->session,
                       .at = request->at,
                       .redact = options->redact,
                       .no_workspace = options->no_workspace};
    exported_t exported = {0};
    baton_status status = check_path (options->out, error);
    if (status == BATON_OK && options->format && options->redact)
        status = baton_fail_field (error, BATON_invalid_argument, BATON_REASON_none, "redact",
                                   "--redact is for archives, not for transcripts");
    if (status == BATON_OK)
        status = write_draft (cli, &export, options, &exported, error);
    if (status == BATON_OK && options->format)
        output_note (cli, "%s: %lu items of session %s", options->out, exported.events, export.session);
    else if (status == BATON_OK)
        status = tell (cli, &export, options->out, &exported, error);
    if (status == BATON_OK && export.redact)
        status = tell_removed (cli, &exported.totals, error);
    exported_clear (&exported);
    return status;
}

const command_t CMD_session_export = {.noun = "session",
                                      .verb = "export",
                                      .method = METHOD_session_snapshot,
                                      .options = &export_options,
                                      .positionals = "session out",
                                      .help = "Write a session into a file, signed, for another site or for later",
                                      .run = run};
