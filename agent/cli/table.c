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

/*  0 for a column to leave out. A table without rows shows what it would have. */
static size_t column_width (const table_t *self, size_t column)
{
    size_t widest = 0;
    for (size_t i = self->columns + column; i < self->cells.count; i += self->columns) {
        size_t width = table_width (cell_at (self, i));
        widest = width > widest ? width : widest;
    }
    if (widest == 0 && self->cells.count > self->columns)
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

/* ---- on a narrow terminal ---- */

#define ID_LENGTH 20 /*  of a session's id, which may be followed by "/7" */
#define ID_LEAST 8
#define CUT_LEAST 8

static bool is_id (const char *cell)
{
    size_t length = strspn (cell, "0123456789abcdefghjkmnpqrstvwxyz");
    return length == ID_LENGTH && (!cell[length] || cell[length] == '/');
}

/*  So many characters tell all ids of the column apart. */
static size_t id_length (const table_t *self, size_t column)
{
    size_t length = ID_LEAST;
    for (size_t i = self->columns + column; i < self->cells.count; i += self->columns)
        for (size_t j = i + self->columns; j < self->cells.count; j += self->columns) {
            const char *a = cell_at (self, i), *b = cell_at (self, j);
            while (length < ID_LENGTH && is_id (a) && is_id (b) && strncmp (a, b, length) == 0 &&
                   strncmp (a, b, ID_LENGTH) != 0)
                length++;
        }
    return length;
}

/*  Those of sessions only: a command takes a prefix of them, but not of other ids. */
static void shorten_ids (table_t *self, size_t column)
{
    const char *header = cell_at (self, column);
    if (strcmp (header, "SESSION") != 0 && strcmp (header, "BREAKPOINT") != 0)
        return;
    size_t length = id_length (self, column);
    for (size_t i = self->columns + column; i < self->cells.count; i += self->columns) {
        char *cell = self->cells.items[i];
        if (cell && is_id (cell))
            memmove (cell + length, cell + ID_LENGTH, strlen (cell + ID_LENGTH) + 1);
    }
}

static size_t total_width (const table_t *self, size_t *ret_widths)
{
    size_t total = 0;
    for (size_t column = 0; column < self->columns; column++) {
        ret_widths[column] = column_width (self, column);
        total += ret_widths[column] > 0 ? ret_widths[column] + GAP : 0;
    }
    return total;
}

/*  The first column is what one types next, so it is never cut. */
static void fit (table_t *self, size_t width, size_t *widths)
{
    for (size_t column = 0; column < self->columns; column++)
        shorten_ids (self, column);
    for (size_t total = total_width (self, widths); total > width + GAP; total--) {
        size_t widest = 1;
        for (size_t column = 2; column < self->columns; column++)
            widest = widths[column] > widths[widest] ? column : widest;
        if (widest >= self->columns || widths[widest] <= CUT_LEAST)
            return;
        widths[widest]--;
    }
}

/* ---- print ---- */

void table_print_cut (FILE *out, const char *text, size_t width)
{
    bool cut = table_width (text) > width;
    for (size_t seen = 0; *text; text++) {
        seen += ((unsigned char) *text & 0xc0) != 0x80 ? 1 : 0;
        if (cut && seen >= width) {
            fputs ("\u2026", out);
            return;
        }
        fputc (*text, out);
    }
}

static void print_row (const table_t *self, size_t first, const size_t *widths, FILE *out, bool colour)
{
    size_t pending = 0; /*  spaces owed before the next cell, so that no line ends in spaces */
    for (size_t column = 0; column < self->columns; column++) {
        if (widths[column] == 0)
            continue;
        const char *text = cell_at (self, first + column);
        const char *paint = !colour ? "" : first == 0 ? COLOUR_BOLD : table_word_colour (text);
        size_t width = table_width (text) < widths[column] ? table_width (text) : widths[column];
        if (*text) {
            fprintf (out, "%*s%s", (int) pending, "", paint);
            table_print_cut (out, text, width);
            fputs (*paint ? COLOUR_END : "", out);
        }
        pending = (*text ? 0 : pending) + widths[column] - width + GAP;
    }
    fputc ('\n', out);
}

void table_print (table_t *self, FILE *out, bool colour, size_t width)
{
    size_t *widths = calloc (self->columns + 1, sizeof *widths);
    if (!widths)
        return;
    if (total_width (self, widths) > width + GAP && width > 0)
        fit (self, width, widths);
    for (size_t first = 0; self->columns > 0 && first + self->columns <= self->cells.count; first += self->columns)
        print_row (self, first, widths, out, colour);
    free (widths);
}
