#include "commands.h"
#include "view.h"

#include <stdlib.h>

/*  Says what can be voted for, where the vote was for nothing or for something else. */
static void hint_options (cli_t *cli, const breakpoint_vote_request_t *vote)
{
    breakpoint_show_request_t request = {.session = vote->session, .breakpoint = vote->breakpoint};
    breakpoint_view_t view = {0};
    char *options = NULL;
    if (cli_call (cli, METHOD_breakpoint_show, &request, &view, NULL, NULL) == BATON_OK)
        options = view_path (&RECORD_breakpoint_view, &view, "breakpoint.options");
    const char *number = "baton breakpoint vote SESSION/";
    if (view.breakpoint.kind == breakpoint_kind_merge_conflict)
        cli_hint (cli, "decide key by key: %s%llu ours|theirs|edit --key KEY [--value VALUE]", number,
                  (unsigned long long) vote->breakpoint);
    else if (view.breakpoint.kind == breakpoint_kind_budget && text_equal (vote->option, "raise"))
        cli_hint (cli, "give the new caps: %s%llu raise --value '{\"tokens\": 200000}'", number,
                  (unsigned long long) vote->breakpoint);
    else if (view.breakpoint.kind == breakpoint_kind_input)
        cli_hint (cli, "give the answer: %s%llu --value ANSWER", number, (unsigned long long) vote->breakpoint);
    else if (options)
        cli_hint (cli, "vote for one of %s: %s%llu OPTION", options, number, (unsigned long long) vote->breakpoint);
    free (options);
    record_clear (&RECORD_breakpoint_view, &view);
}

static baton_status run (cli_t *cli, const arguments_t *arguments, baton_error_t *error)
{
    baton_status status = command_run_generic (cli, arguments, error);
    if ((status == BATON_invalid_argument || status == BATON_not_found) &&
        (text_equal (error->field, "option") || text_equal (error->field, "value") || text_equal (error->field, "key")))
        hint_options (cli, arguments->request);
    return status;
}

const command_t CMD_breakpoint_vote = {.noun = "breakpoint",
                                       .verb = "vote",
                                       .method = METHOD_breakpoint_vote,
                                       .positionals = "session breakpoint option",
                                       .run = run};
