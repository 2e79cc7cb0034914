#include "line.h"

#include <stdio.h>
#include <string.h>

void line_set (line_t *self, const char *text)
{
    snprintf (self->text, sizeof self->text, "%s", text);
    self->length = self->at = strlen (self->text);
}

/* ---- places ---- */

static bool is_inside (const line_t *self, size_t at)
{
    return ((unsigned char) self->text[at] & 0xc0) == 0x80;
}

static size_t before (const line_t *self, size_t at)
{
    while (at > 0 && is_inside (self, --at))
        ;
    return at;
}

static size_t after (const line_t *self, size_t at)
{
    while (at < self->length && is_inside (self, ++at))
        ;
    return at;
}

static size_t word_before (const line_t *self, size_t at)
{
    while (at > 0 && self->text[at - 1] == ' ')
        at--;
    while (at > 0 && self->text[at - 1] != ' ')
        at--;
    return at;
}

/* ---- changes ---- */

static void cut (line_t *self, size_t from, size_t to)
{
    memmove (self->text + from, self->text + to, self->length - to + 1);
    self->length -= to - from;
    self->at = from;
}

static size_t encode (uint32_t point, char ret_bytes[4])
{
    if (point < 0x80) {
        ret_bytes[0] = (char) point;
        return 1;
    }
    size_t rest = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint32_t FIRST[] = {0, 0xc0, 0xe0, 0xf0};
    ret_bytes[0] = (char) (FIRST[rest] | point >> (6 * rest));
    for (size_t i = 1; i <= rest; i++)
        ret_bytes[i] = (char) (0x80 | ((point >> (6 * (rest - i))) & 0x3f));
    return rest + 1;
}

static void insert (line_t *self, uint32_t point)
{
    char bytes[4];
    size_t size = encode (point, bytes);
    if (self->length + size >= sizeof self->text)
        return;
    memmove (self->text + self->at + size, self->text + self->at, self->length - self->at + 1);
    memcpy (self->text + self->at, bytes, size);
    self->length += size;
    self->at += size;
}

/*  As shells have them. */
static bool take_control (line_t *self, uint32_t letter)
{
    switch (letter) {
    case 'a':
        self->at = 0;
        return true;
    case 'e':
        self->at = self->length;
        return true;
    case 'k':
        cut (self, self->at, self->length);
        return true;
    case 'u':
        cut (self, 0, self->at);
        return true;
    case 'w':
        cut (self, word_before (self, self->at), self->at);
        return true;
    default:
        return false;
    }
}

bool line_take (line_t *self, stroke_t stroke)
{
    switch (stroke.kind) {
    case STROKE_text:
        insert (self, stroke.point);
        return true;
    case STROKE_backspace:
        cut (self, before (self, self->at), self->at);
        return true;
    case STROKE_delete:
        cut (self, self->at, after (self, self->at));
        return true;
    case STROKE_left:
        self->at = before (self, self->at);
        return true;
    case STROKE_right:
        self->at = after (self, self->at);
        return true;
    case STROKE_home:
        self->at = 0;
        return true;
    case STROKE_end:
        self->at = self->length;
        return true;
    case STROKE_control:
        return take_control (self, stroke.point);
    default:
        return false;
    }
}

/* ---- drawing ---- */

void line_draw (const line_t *self, screen_t *screen, size_t row, const char *prompt)
{
    size_t start = screen_text (screen, row, 0, SIZE_MAX, STYLE_head, prompt);
    size_t columns = screen_columns (screen), room = columns > start + 1 ? columns - start - 1 : 1, from = 0;
    char head[LINE_SIZE];
    memcpy (head, self->text, self->at);
    head[self->at] = '\0';
    while (prose_width (head + from) > room)
        from = after (self, from);
    screen_text (screen, row, start, SIZE_MAX, STYLE_plain, self->text + from);
    screen_cursor (screen, row, start + prose_width (head + from));
}
