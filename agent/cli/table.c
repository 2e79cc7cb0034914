#include "table.h"

#include "record.h"

#include <stdlib.h>
#include <string.h>

#define GAP 2 /*  spaces between columns */

struct table {
    size_t columns;
    baton_texts_t cells; /*  row by row; each is owned and may be NULL */
};

table_t *table_new (size_t columns)
{
    table_t *self = calloc (1, sizeof *self);
    if (self)
        self->columns = columns;
    return self;
}

void table_destroy (table_t **self)
{
    if (!*self)
        return;
    texts_clear (&(*self)->cells);
    free (*self);
    *self = NULL;
}

baton_status table_add (table_t *self, char *text)
{
    char **cell = list_append (&self->cells, sizeof *cell);
    if (cell)
        *cell = text;
    else
        free (text);
    return cell ? BATON_OK : BATON_resource_exhausted;
}

size_t table_width (const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char) *text & 0xc0) != 0x80 ? 1 : 0;
    return width;
}

static const char *cell_at (const table_t *self, size_t index)
{
    const char *text = self->cells.items[index];
    return text ? text : "";
}

/*  0 for a column to leave out. */
static size_t column_width (const table_t *self, size_t column, bool narrow)
{
    size_t widest = 0;
    for (size_t i = self->columns + column; i < self->cells.count; i += self->columns) {
        size_t width = table_width (cell_at (self, i));
        widest = width > widest ? width : widest;
    }
    if (narrow && widest == 0)
        return 0;
    size_t header = table_width (cell_at (self, column));
    return header > widest ? header : widest;
}

const char *table_word_colour (const char *word)
{
    static const struct {
        const char *word, *colour;
    } WORDS[] = {
        {"running", "\033[32m"},  {"completed", "\033[32m"}, {"up", "\033[32m"},         {"approve", "\033[32m"},
        {"placed", "\033[36m"},   {"queued", "\033[36m"},    {"sleeping", "\033[36m"},   {"open", "\033[33m"},
        {"stopping", "\033[33m"}, {"suspended", "\033[33m"}, {"terminated", COLOUR_DIM}, {"failed", "\033[31m"},
        {"lost", "\033[31m"},     {"reject", "\033[31m"},    {"expired", "\033[31m"},
    };
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (strcmp (WORDS[i].word, word) == 0)
            return WORDS[i].colour;
    return "";
}

static void print_row (const table_t *self, size_t first, const size_t *widths, FILE *out, bool colour)
{
    size_t pending = 0; /*  spaces owed before the next cell, so that no line ends in spaces */
    for (size_t column = 0; column < self->columns; column++) {
        if (widths[column] == 0)
            continue;
        const char *text = cell_at (self, first + column);
        const char *paint = !colour ? "" : first == 0 ? COLOUR_BOLD : table_word_colour (text);
        if (*text)
            fprintf (out, "%*s%s%s%s", (int) pending, "", paint, text, *paint ? COLOUR_END : "");
        pending = (*text ? 0 : pending) + widths[column] - table_width (text) + GAP;
    }
    fputc ('\n', out);
}

void table_print (const table_t *self, FILE *out, bool colour, bool narrow)
{
    size_t *widths = calloc (self->columns + 1, sizeof *widths);
    if (!widths)
        return;
    for (size_t column = 0; column < self->columns; column++)
        widths[column] = column_width (self, column, narrow);
    for (size_t first = 0; first + self->columns <= self->cells.count; first += self->columns)
        print_row (self, first, widths, out, colour);
    free (widths);
}
