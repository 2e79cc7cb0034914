#include "commands.h"
#include "event.h"
#include "export.h"
#include "import.h"
#include "nameless.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

OPTIONS (
    push,
    struct {
        char *to;
        char *as;
        char *workspace;
        bool no_workspace;
        bool redact;
        bool move;
    },
    WORD (to, FIELD_LINE, LIMIT_PATH, "a context of the other site, as for --context"),
    OPTION (as, FIELD_LINE, LIMIT_TITLE, NULL, "another title there"),
    OPTION (workspace, FIELD_LINE, LIMIT_PATH, NULL, "absolute path of a folder on its node there"),
    OPTION (no_workspace, FIELD_FLAG, 0, NULL, "leave out what its workspace holds"),
    OPTION (redact, FIELD_FLAG, 0, NULL, "leave out secrets"),
    OPTION (move, FIELD_FLAG, 0, NULL, "end it here, once the other site has it"));

/*  What the answer shows. */
OPTIONS (
    pushed,
    struct {
        char *session;
        char *site;
        char *as;
        uint64_t n;
        bool renamed;
        bool moved;
        uint64_t events;
        uint64_t contents;
        uint64_t files;
        uint64_t removed;
        uint64_t breakpoints;
        uint64_t starts;
        baton_texts_t triggers;
    },
    OPTION (session, FIELD_NAME, LIMIT_ID, NULL, ""), OPTION (site, FIELD_LINE, LIMIT_ID, NULL, ""),
    OPTION (as, FIELD_NAME, LIMIT_ID, NULL, ""), OPTION (n, FIELD_UINT, 0, NULL, ""),
    OPTION (renamed, FIELD_FLAG, 0, NULL, ""), OPTION (moved, FIELD_FLAG, 0, NULL, ""),
    OPTION (events, FIELD_UINT, 0, NULL, ""), OPTION (contents, FIELD_UINT, 0, NULL, ""),
    OPTION (files, FIELD_UINT, 0, NULL, ""), OPTION (removed, FIELD_UINT, 0, NULL, ""),
    OPTION (breakpoints, FIELD_UINT, 0, NULL, ""), OPTION (starts, FIELD_UINT, 0, NULL, ""),
    OPTION (triggers, FIELD_TEXTS, LIMIT_TRIGGERS, NULL, ""));

/*  A push at the same position with the same options is the same push: the other site finds the session that it made of
 *  it, also when we were killed before we heard of it. A move is not the copy that was made before: that one may have
 *  ended since. */
static baton_status key_of (const exported_t *exported, const push_options_t *options, const char *session,
                            char ret_key[DIGEST_SIZE], baton_error_t *error)
{
    char *text = NULL;
    int size = asprintf (&text, "%s %s %s %lu %s %d %d %s %s", options->move ? "move" : "push", exported->site, session,
                         exported->n, exported->snapshot, options->redact, options->no_workspace,
                         options->as ? options->as : "", options->workspace ? options->workspace : "");
    if (size < 0)
        return baton_fail_memory (error);
    digest_of (text, (size_t) size, ret_key);
    free (text);
    return BATON_OK;
}

/* ---- the two sites ---- */

static baton_status connect_there (cli_t *cli, const push_options_t *options, cli_t *there, baton_error_t *error)
{
    *there = (cli_t){.out = cli->out, .err = cli->err, .output = cli->output, .context_name = options->to};
    there->timeout = cli->timeout;
    there->progress = cli->progress;
    baton_status status = cli_connect (there, error);
    if (*there->hint)
        cli_hint (cli, "%s", there->hint);
    if (status == BATON_OK && options->move && strcmp (there->context.broker_key, cli->context.broker_key) == 0)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "to",
                                 "%s is the site that the session is at: it can't move there", options->to);
    return status;
}

/*  Says where a session has gone that has moved already: so a move can be asked for again when its answer was lost. */
static baton_status find_gone (cli_t *cli, const session_t *state, bool *ret_gone, baton_error_t *error)
{
    *ret_gone = state->state == lifecycle_terminated && state->cause == cause_moved;
    if (!*ret_gone)
        return BATON_OK;
    session_log_request_t request = {.session = state->session, .after = state->n > 16 ? state->n - 16 : 0};
    event_page_t page = {0};
    baton_status status = cli_call (cli, METHOD_session_log, &request, &page, NULL, error);
    for (size_t i = 0; i < page.events.count && status == BATON_OK; i++) {
        event_t event = {0};
        status = event_from_envelope (&page.events.items[i], &event, error);
        if (status == BATON_OK && event.kind == EVENT_session_terminated)
            output_note (cli, "%s has moved already, %s", state->session,
                         ((const session_terminated_event_t *) event.body)->detail);
        event_clear (&event);
    }
    record_clear (&RECORD_event_page, &page);
    return status;
}

static baton_status check_source (cli_t *cli, const char *session, bool move, bool *ret_gone, baton_error_t *error)
{
    session_show_request_t request = {.session = (char *) session};
    session_t state = {0};
    baton_status status = cli_call (cli, METHOD_session_show, &request, &state, NULL, error);
    if (status == BATON_OK && move)
        status = find_gone (cli, &state, ret_gone, error);
    if (status == BATON_OK && move && !*ret_gone && state.state == lifecycle_running) {
        cli_hint (cli, "stop it first with: baton session suspend SESSION");
        status = baton_fail (error, BATON_failed_precondition, BATON_REASON_wrong_state,
                             "session %s is running: only one that stands still can move to another site", session);
    } else if (status == BATON_OK && move && !*ret_gone && state.state == lifecycle_terminated)
        status = baton_fail (error, BATON_failed_precondition, BATON_REASON_wrong_state,
                             "session %s has ended: it can be copied, not moved", session);
    record_clear (&RECORD_session, &state);
    return status;
}

/*  From the acknowledgement on, the session goes on there; here it ends, unless it has changed since it was read. */
static baton_status leave (cli_t *cli, const char *session, const exported_t *exported, const cli_t *there,
                           const imported_t *imported, baton_error_t *error)
{
    session_moved_request_t request = {
        .session = (char *) session, .site = (char *) there->context.broker_key, .as = imported->session};
    changed_t changed = {0};
    uint64_t if_n = cli->if_n;
    cli->if_n = exported->n;
    baton_status status = cli_call (cli, METHOD_session_moved, &request, &changed, NULL, error);
    cli->if_n = if_n;
    if (status == BATON_aborted) {
        cli_hint (cli, "end one of the two: they are both whole");
        status = baton_fail (error, BATON_aborted, BATON_REASON_version_mismatch,
                             "session %s has changed while it was copied: it stays here, and its copy there is %s",
                             session, imported->session);
    }
    record_clear (&RECORD_changed, &changed);
    return status;
}

static baton_status bring (cli_t *cli, cli_t *there, const char *session, const push_options_t *options, FILE *file,
                           baton_error_t *error)
{
    export_t export = {
        .session = session, .redact = options->redact, .repeatable = true, .no_workspace = options->no_workspace};
    char key[DIGEST_SIZE];
    import_how_t how = {.as = options->as, .workspace = options->workspace, .key = key};
    exported_t exported = {0};
    archive_summary_t summary = {0};
    imported_t imported = {0};
    baton_status status = export_write (cli, &export, file, &exported, error);
    if (status == BATON_OK)
        status = key_of (&exported, options, session, key, error);
    if (status == BATON_OK)
        status = import_verify (file, NULL, &summary, error);
    if (status == BATON_OK)
        status = import_send (there, file, &summary, &how, &imported, error);
    if (status == BATON_OK && options->move)
        status = leave (cli, session, &exported, there, &imported, error);
    pushed_options_t pushed = {.session = (char *) session,
                               .site = there->context.broker_key,
                               .as = imported.session,
                               .n = imported.n,
                               .renamed = imported.renamed,
                               .moved = options->move,
                               .events = exported.events,
                               .contents = exported.blobs,
                               .files = exported.files,
                               .removed = exported.totals.removed,
                               .breakpoints = imported.breakpoints,
                               .starts = imported.starts,
                               .triggers = imported.triggers};
    if (status == BATON_OK)
        status = output_record (cli, &pushed_options, &pushed, error);
    exported_clear (&exported);
    archive_summary_clear (&summary);
    record_clear (&RECORD_imported, &imported);
    return status;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    const session_snapshot_request_t *request = arguments->request;
    const push_options_t *options = arguments->options;
    cli_t there = {0};
    bool gone = false;
    FILE *file = NULL;
    baton_status status = nameless_new (&file, error);
    if (status == BATON_OK)
        status = cli_connect (cli, error);
    if (status == BATON_OK)
        status = connect_there (cli, options, &there, error);
    if (status == BATON_OK)
        status = check_source (cli, request->session, options->move, &gone, error);
    if (status == BATON_OK && !gone)
        status = bring (cli, &there, request->session, options, file, error);
    if (status == BATON_resource_exhausted && error->reason == BATON_REASON_disk_full)
        cli_hint (cli, "say where there is room for all of the archive with TMPDIR=FOLDER");
    cli_clear (&there);
    if (file)
        fclose (file);
    return status;
}

const command_t CMD_session_push = {.noun = "session",
                                    .verb = "push",
                                    .method = METHOD_session_snapshot,
                                    .options = &push_options,
                                    .positionals = "session",
                                    .hidden = "at",
                                    .help = "Copy or move a session to another site",
                                    .run = run};
