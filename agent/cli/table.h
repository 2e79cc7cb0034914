/*  Rows of text in aligned columns. */
#ifndef BATON_TABLE_H
#define BATON_TABLE_H

#include <baton/status.h>
#include <stdio.h>

typedef struct table table_t;

/*  NULL for lack of memory. */
table_t *table_new (size_t columns);
void table_destroy (table_t **self);

/*  Fills the next cell, row by row; the first row is the header. Takes text, which may be NULL for an empty cell, and
 *  frees it also when there is no memory for the row. */
BATON_MUST_USE baton_status table_add (table_t *self, char *text);

/*  Prints all rows; a column that is empty but for its header is left out when `narrow` is set. */
void table_print (const table_t *self, FILE *out, bool colour, bool narrow);

/*  The colour that a word such as "running" or "rejected" has by itself, as an escape sequence; "" for none. */
const char *table_word_colour (const char *word);

/*  Columns that a text takes on a terminal, taking each code point as one. */
size_t table_width (const char *text);

#define COLOUR_BOLD "\033[1m"
#define COLOUR_DIM "\033[2m"
#define COLOUR_END "\033[0m"

#endif
