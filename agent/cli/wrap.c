#include "wrap.h"

#include <string.h>

#define INDENT 4
#define DEEP 20 /*  what begins here is in a column already */

/*  Columns of the first so many bytes. */
static size_t width_of (const char *text, size_t size)
{
    size_t width = 0;
    for (size_t i = 0; i < size; i++)
        width += ((unsigned char) text[i] & 0xc0) != 0x80 ? 1 : 0;
    return width;
}

/*  Where what is broken off begins. */
static size_t hang_of (const char *line, size_t size, size_t width)
{
    size_t begin = strspn (line, " ");
    for (size_t i = begin; i + 2 < size; i++)
        if (line[i] == ' ' && line[i + 1] == ' ') {
            size_t column = i + strspn (line + i, " ");
            if (width_of (line, column) <= width / 2)
                return width_of (line, column);
            break;
        }
    return begin > DEEP ? begin : begin + INDENT;
}

/*  Bytes of the longest beginning that fits, cut at a space; all of the first word when not even that fits. */
static size_t piece_of (const char *text, size_t size, size_t width)
{
    size_t cut = 0;
    for (size_t i = strspn (text, " "); i <= size; i++) {
        if (i < size && text[i] != ' ')
            continue;
        if (width_of (text, i) > width && cut > 0)
            break;
        cut = i;
        if (width_of (text, i) > width)
            break;
    }
    return cut;
}

static void print_line (FILE *out, const char *line, size_t size, size_t width)
{
    size_t hang = hang_of (line, size, width), left = width;
    for (int part = 0; size > 0; part++) {
        size_t cut = piece_of (line, size, left);
        fprintf (out, "%*s%.*s\n", part > 0 ? (int) hang : 0, "", (int) cut, line);
        size_t gap = strspn (line + cut, " ");
        line += cut + gap;
        size = size > cut + gap ? size - cut - gap : 0;
        left = width > hang + 20 ? width - hang : 20;
    }
}

void wrap_print (FILE *out, const char *text, size_t width)
{
    while (*text) {
        size_t size = strcspn (text, "\n");
        if (width_of (text, size) <= width)
            fprintf (out, "%.*s\n", (int) size, text);
        else
            print_line (out, text, size, width);
        text += size + (text[size] ? 1 : 0);
    }
}
