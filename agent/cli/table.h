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

/*  Prints all rows, without the columns that are empty in each of them. Where the table is wider than so many columns
 *  (0: any width will do), ids are shortened as far as they differ, to 8 characters at least, and then the widest
 *  cells. */
void table_print (table_t *self, FILE *out, bool colour, size_t width);

/*  The colour that a word such as "running" or "rejected" has by itself, as an escape sequence; "" for none. */
const char *table_word_colour (const char *word);

/*  Prints a text, cut to so many columns. */
void table_print_cut (FILE *out, const char *text, size_t width);

/*  Columns that a text takes on a terminal, taking each code point as one. */
size_t table_width (const char *text);

#define COLOUR_BOLD "\033[1m"
#define COLOUR_DIM "\033[2m"
#define COLOUR_END "\033[0m"

#endif
