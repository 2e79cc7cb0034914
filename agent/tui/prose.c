#include "prose.h"

#include "json.h"
#include "record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define TAB 4

/* ---- characters ---- */

/*  The code point at the beginning of a text that is not empty, and its bytes; what is no UTF-8 is one byte of
 *  U+FFFD. */
static size_t decode (const char *text, uint32_t *ret_point)
{
    const unsigned char *at = (const unsigned char *) text;
    size_t rest = *at >= 0xf0 && *at <= 0xf4 ? 3 : *at >= 0xe0 && *at <= 0xef ? 2 : *at >= 0xc2 && *at <= 0xdf ? 1 : 0;
    uint32_t point = rest == 3 ? *at & 0x07u : rest == 2 ? *at & 0x0fu : rest == 1 ? *at & 0x1fu : *at;
    for (size_t i = 1; i <= rest; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            *ret_point = 0xfffd;
            return 1;
        }
        point = point << 6 | (at[i] & 0x3fu);
    }
    *ret_point = rest == 0 && *at >= 0x80 ? 0xfffd : point;
    return rest + 1;
}

/*  C0, DEL and C1; separators of lines; whatever turns the direction of writing (UAX #9). */
static bool is_control (uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x061c || point == 0x200e || point == 0x200f ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

/*  A character that the locale does not know is taken for a narrow one. */
static size_t cells_of (uint32_t point)
{
    int width = wcwidth ((wchar_t) point);
    return width >= 0 ? (size_t) width : 1;
}

char *prose_clean (const char *text, bool lines)
{
    char *clean = NULL;
    size_t size = 0;
    FILE *stream = open_memstream (&clean, &size);
    if (!stream)
        return NULL;
    uint32_t point;
    for (const char *at = text ? text : ""; *at;) {
        size_t bytes = decode (at, &point);
        if (point == '\t')
            fprintf (stream, "%*s", TAB, "");
        else if (point == '\n')
            fputc (lines ? '\n' : ' ', stream);
        else if (point == 0xfffd && bytes == 1)
            fputs ("\uFFFD", stream);
        else if (is_control (point))
            fprintf (stream, "\\u%04x", point);
        else
            fwrite (at, 1, bytes, stream);
        at += bytes;
    }
    if (fclose (stream) == 0)
        return clean;
    free (clean);
    return NULL;
}

size_t prose_fit (const char *text, size_t cells, size_t *ret_cells)
{
    size_t used = 0, bytes = 0;
    uint32_t point;
    while (text[bytes]) {
        size_t length = decode (text + bytes, &point), width = cells_of (point);
        if (used + width > cells)
            break;
        used += width;
        bytes += length;
    }
    *ret_cells = used;
    return bytes;
}

size_t prose_width (const char *text)
{
    size_t cells;
    prose_fit (text, SIZE_MAX, &cells);
    return cells;
}

/* ---- lines ---- */

static void add_line (prose_t *self, style_t style, size_t indent, const char *text, size_t size)
{
    prose_line_t *line = list_append (self, sizeof *line);
    if (!line)
        return;
    line->style = style;
    if (asprintf (&line->text, "%*s%.*s", (int) indent, "", (int) size, text) < 0) {
        line->text = NULL;
        self->count--;
    }
}

/*  Bytes of the next line: up to the last space that fits, or through a word that is longer than a line. */
static size_t line_of (const char *text, size_t cells)
{
    size_t used, bytes = prose_fit (text, cells, &used);
    uint32_t point;
    if (bytes == 0)
        return decode (text, &point); /*  wider than the screen: cut when it is drawn */
    if (!text[bytes] || text[bytes] == ' ')
        return bytes;
    for (size_t i = bytes; i > 0; i--)
        if (text[i - 1] == ' ')
            return strspn (text, " ") >= i ? bytes : i;
    return bytes;
}

/*  One paragraph, clean and without line feeds. */
static void wrap (prose_t *self, style_t style, size_t cells, size_t indent, const char *text)
{
    size_t margin = 0;
    indent = indent < cells / 2 ? indent : cells / 2;
    do {
        size_t bytes = *text ? line_of (text, cells - margin) : 0, shown = bytes;
        while (shown > 0 && text[shown - 1] == ' ')
            shown--;
        add_line (self, style, margin, text, shown);
        text += bytes;
        text += *text == ' ';
        margin = indent;
    } while (*text);
}

void prose_add (prose_t *self, style_t style, size_t cells, size_t indent, const char *text)
{
    char *clean = prose_clean (text, true), *rest = clean;
    for (char *line; (line = rest ? strsep (&rest, "\n") : NULL);)
        if (*line || rest || line == clean)
            wrap (self, style, cells > 0 ? cells : 1, indent, line);
    free (clean);
}

void prose_print (prose_t *self, style_t style, size_t cells, size_t indent, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start (arguments, format);
    if (vasprintf (&text, format, arguments) >= 0)
        prose_add (self, style, cells, indent, text);
    va_end (arguments);
    free (text);
}

/* ---- bodies ---- */

static bool is_diff (const char *text)
{
    return strncmp (text, "diff ", 5) == 0 || strncmp (text, "--- ", 4) == 0 || strncmp (text, "@@ ", 3) == 0 ||
           strstr (text, "\n@@ ") != NULL;
}

static style_t style_of_diff (char first)
{
    return first == '+' ? STYLE_good : first == '-' ? STYLE_bad : first == '@' ? STYLE_mark : STYLE_plain;
}

static void add_diff (prose_t *self, size_t cells, const char *text)
{
    char *copy = strdup (text), *rest = copy;
    for (char *line; (line = rest ? strsep (&rest, "\n") : NULL);)
        if (*line || rest)
            prose_add (self, style_of_diff (*line), cells, 1, line);
    free (copy);
}

void prose_add_body (prose_t *self, size_t cells, const char *text)
{
    bool structured = text[strspn (text, " \n")] == '{' || text[strspn (text, " \n")] == '[';
    json_t *json = structured ? json_loads (text, 0, NULL) : NULL;
    char *laid_out = json ? json_dumps (json, JSON_INDENT (2) | json_digits (json)) : NULL;
    if (!laid_out && is_diff (text))
        add_diff (self, cells, text);
    else
        prose_add (self, STYLE_plain, cells, 2, laid_out ? laid_out : text);
    free (laid_out);
    json_decref (json);
}

void prose_clear (prose_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->items[i].text);
    free (self->items);
    *self = (prose_t){0};
}
