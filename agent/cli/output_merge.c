#include "output_internal.h"
#include "table.h"
#include "terminal.h"

#include <stdlib.h>
#include <string.h>

static unsigned long long number (uint64_t value)
{
    return (unsigned long long) value;
}

static const char *plural (uint64_t count)
{
    return count == 1 ? "" : "s";
}

static baton_status print_keys (cli_t *cli, const void *keys, baton_error_t *error)
{
    const rows_t *rows = keys;
    if (rows->count == 0)
        return BATON_OK;
    fputc ('\n', cli->out);
    return output_rows (cli, &RECORD_merge_key, rows, error);
}

/*  Done, begun, or only looked at; the answer to a dry run differs from the others in that nothing came of it. */
baton_status output_merge (cli_t *cli, const merge_plan_t *plan, baton_error_t *error)
{
    const merge_t *merge = &plan->merge;
    bool nothing = merge->keys.count == 0 && merge->segments.count == 0;
    char *title = terminal_clean (merge->title ? strdup (merge->title) : NULL);
    const char *verb = plan->merged ? "merged" : plan->breakpoint > 0 ? "to be merged" : "would be merged";
    if (nothing && !plan->merged)
        fprintf (cli->out, "%s has nothing that %s does not have\n", merge->from, plan->session);
    else
        fprintf (cli->out, "%s%s%s%s at %llu %s into %s: %zu key%s, %llu item%s\n", merge->from, title ? " (" : "",
                 title ? title : "", title ? ")" : "", number (merge->n), verb, plan->session, merge->keys.count,
                 plural (merge->keys.count), number (merge->items), plural (merge->items));
    fprintf (cli->out, "in common: %s at %llu\n", merge->base, number (merge->base_n));
    if (plan->conflicts > 0)
        fprintf (cli->out, "%s%llu conflict%s%s\n", cli->colour ? COLOUR_WARN : "", number (plan->conflicts),
                 plural (plan->conflicts), cli->colour ? COLOUR_END : "");
    free (title);
    baton_status status = print_keys (cli, &merge->keys, error);
    if (plan->breakpoint > 0)
        output_note (cli,
                     "decide each key: baton breakpoint vote %s/%llu ours|theirs|edit --key KEY [--value VALUE]\n"
                     "give it up: baton breakpoint cancel %s/%llu",
                     plan->session, number (plan->breakpoint), plan->session, number (plan->breakpoint));
    return status;
}

baton_status output_diff (cli_t *cli, const session_diff_t *diff, baton_error_t *error)
{
    const struct {
        const char *name, *session;
        uint64_t n, items;
        bool counted;
    } SIDES[] = {{"base", diff->base, diff->base_n, 0, false},
                 {"ours", diff->session, diff->n, diff->items, true},
                 {"theirs", diff->other, diff->other_n, diff->other_items, true}};
    for (size_t i = 0; i < sizeof SIDES / sizeof *SIDES; i++) {
        fprintf (cli->out, "%-8s%s at %llu", SIDES[i].name, SIDES[i].session, number (SIDES[i].n));
        if (SIDES[i].counted)
            fprintf (cli->out, ", %llu item%s of its own", number (SIDES[i].items), plural (SIDES[i].items));
        fputc ('\n', cli->out);
    }
    fprintf (cli->out, "%zu key%s differ%s, %llu conflict%s\n", diff->keys.count, plural (diff->keys.count),
             diff->keys.count == 1 ? "s" : "", number (diff->conflicts), plural (diff->conflicts));
    return print_keys (cli, &diff->keys, error);
}
