/*  What the files that make answers readable share. */
#ifndef BATON_OUTPUT_INTERNAL_H
#define BATON_OUTPUT_INTERNAL_H

#include "output.h"

#define COLOUR_WARN "\033[33m"

/*  The layout of every list in a record. */
typedef struct {
    size_t count;
    const char *items;
} rows_t;

/*  A list as a table. */
BATON_MUST_USE baton_status output_rows (cli_t *cli, const record_type_t *type, const rows_t *rows,
                                         baton_error_t *error);

/*  A line with a name of so many columns and a text; paint NULL: the colour that the text has by itself. */
void output_field (cli_t *cli, size_t width, const char *name, const char *text, const char *paint);

/*  An empty line and a name above what follows. */
void output_heading (cli_t *cli, const char *name);

/*  What a merge brings, key by key, and what is to be done about its conflicts. */
BATON_MUST_USE baton_status output_merge (cli_t *cli, const merge_plan_t *plan, baton_error_t *error);

/*  What has become of two sessions since what they have in common. */
BATON_MUST_USE baton_status output_diff (cli_t *cli, const session_diff_t *diff, baton_error_t *error);

/*  The question first, then what is being decided, the votes, and what they still need. */
BATON_MUST_USE baton_status output_breakpoint (cli_t *cli, const breakpoint_view_t *view, baton_error_t *error);

#endif
