/*  Inside a run: the AGENTS.md files and other files of its own workspace become items of its session. */
#include "bootstrap.h"
#include "commands.h"
#include "id.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

OPTIONS (
    bootstrap, struct { baton_texts_t files; },
    OPTION (files, FIELD_TEXTS, LIMIT_BOOTSTRAP, NULL, "another file of the workspace, or an absolute path"));

/*  Whether the context shows that file with that content among its first items: what the session began with. */
static bool is_shown (const item_page_t *shown, const opening_t *opening)
{
    char digest[DIGEST_SIZE];
    digest_of (opening->text, strlen (opening->text), digest);
    for (size_t i = 0; i < shown->items.count; i++) {
        const item_t *item = &shown->items.items[i];
        if (!item->hidden && text_equal (item->source, opening->source) && text_equal (item->digest, digest))
            return true;
    }
    return false;
}

/*  The same file with the same content is appended once, however often a run begins. */
static void key_of (const opening_t *opening, char ret_key[DIGEST_SIZE])
{
    digest_of_named (opening->source, opening->text, strlen (opening->text), ret_key);
}

static baton_status append (cli_t *cli, const char *session, const opening_t *opening, baton_error_t *error)
{
    char key[DIGEST_SIZE];
    changed_t changed = {0};
    item_append_request_t request = {
        .session = (char *) session, .role = opening->role, .text = opening->text, .source = opening->source};
    key_of (opening, key);
    cli->key = key;
    baton_status status = cli_call (cli, METHOD_item_append, &request, &changed, NULL, error);
    cli->key = NULL;
    record_clear (&RECORD_changed, &changed);
    return status;
}

static baton_status read_workspace (cli_t *cli, const bootstrap_options_t *options, session_create_request_t *items,
                                    baton_error_t *error)
{
    const char *workspace = getenv ("BATON_WORKSPACE");
    session_show_request_t show = {.session = cli->context.session};
    session_t session = {0};
    baton_texts_t folders = {0};
    if (!cli_inside (cli) || !workspace)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_none,
                           "this is for runs: outside of one, use baton session create --agents-md");
    baton_status status = bootstrap_check (workspace, error);
    if (status == BATON_OK)
        status = cli_call (cli, METHOD_session_show, &show, &session, NULL, error);
    if (status == BATON_OK &&
        bootstrap_folders (session.bindings.items, session.bindings.count, workspace, "", &folders) != BATON_OK)
        status = baton_fail_memory (error);
    bootstrap_t bootstrap = {workspace, &folders, &options->files};
    if (status == BATON_OK)
        status = bootstrap_read (&bootstrap, &items->bootstrap, error);
    texts_clear (&folders);
    record_clear (&RECORD_session, &session);
    return status;
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    session_create_request_t items = {0}; /*  only its list */
    item_page_t shown = {0};
    baton_status status = cli_find_context (cli, error);
    if (status == BATON_OK)
        status = read_workspace (cli, arguments->options, &items, error);
    item_list_request_t first = {.session = cli->context.session};
    if (status == BATON_OK)
        status = cli_call (cli, METHOD_item_list, &first, &shown, NULL, error);
    for (size_t i = 0; i < items.bootstrap.count && status == BATON_OK; i++) {
        const opening_t *opening = &items.bootstrap.items[i];
        if (!is_shown (&shown, opening))
            status = append (cli, cli->context.session, opening, error);
        if (status == BATON_OK && cli->output == OUTPUT_table)
            fprintf (cli->out, "%s\n", opening->source);
    }
    record_clear (&RECORD_item_page, &shown);
    record_clear (&METHODS[METHOD_session_create].type, &items);
    return status;
}

const command_t CMD_context_bootstrap = {.noun = "context",
                                         .verb = "bootstrap",
                                         .options = &bootstrap_options,
                                         .positionals = "",
                                         .help = "Inside a run: append the AGENTS.md files of the workspace",
                                         .run = run};
