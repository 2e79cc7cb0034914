/*  Text as a screen shows it. Width is counted in cells, as a terminal does: a wide character takes two, a combining
 *  one none. What comes from sessions is cleaned first: a control character, or one that turns the direction of
 * writing, is written out ("\u001b"), so that nobody's text can move the cursor or pose as another.
 *
 *  Widths are those of the locale (LC_CTYPE), which has to be one of UTF-8.
 */
#ifndef BATON_PROSE_H
#define BATON_PROSE_H

#include <baton/status.h>
#include <stddef.h>

/*  What a piece of text is; the screen knows what that looks like. */
typedef enum {
    STYLE_plain,
    STYLE_bar, /*  the first line, and heads of columns */
    STYLE_head,
    STYLE_dim,
    STYLE_good,
    STYLE_warn,
    STYLE_bad,
    STYLE_mark, /*  a place in a diff, a person's name */
    STYLE_chosen,
    STYLE_COUNT
} style_t;

typedef struct {
    style_t style;
    char *text; /*  clean, and no wider than was asked for */
} prose_line_t;

typedef struct {
    size_t count;
    prose_line_t *items;
} prose_t;

/*  A clean copy, freed by the caller; NULL for lack of memory. Line feeds stay when lines is true and become spaces
 *  otherwise; a tab becomes spaces. Takes NULL for "". */
char *prose_clean (const char *text, bool lines);

/*  Cells that a clean text takes. */
size_t prose_width (const char *text);

/*  How many bytes of a clean text fit into so many cells; *ret_cells is what they take. */
size_t prose_fit (const char *text, size_t cells, size_t *ret_cells);

/*  Adds a text of any origin, wrapped at spaces where that is possible. Lines after the first of each paragraph begin
 *  with `indent` spaces. What there is no memory for is left out. */
void prose_add (prose_t *self, style_t style, size_t cells, size_t indent, const char *text);

/*  The same of a format. */
void prose_print (prose_t *self, style_t style, size_t cells, size_t indent, const char *format, ...)
    __attribute__ ((format (printf, 5, 6)));

/*  What is being decided: JSON is laid out, the lines of a diff have their colours. */
void prose_add_body (prose_t *self, size_t cells, const char *text);

void prose_clear (prose_t *self);

#endif
