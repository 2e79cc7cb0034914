/*  A line that is being typed: UTF-8, with a place in it. */
#ifndef BATON_LINE_H
#define BATON_LINE_H

#include "screen.h"

#define LINE_SIZE 4096 /*  bytes, with NUL; what is typed past that is dropped */

typedef struct {
    char text[LINE_SIZE];
    size_t length;
    size_t at; /*  byte before which the next character goes */
} line_t;

void line_set (line_t *self, const char *text);

/*  Changes the line; false for a stroke that means nothing to a line. */
bool line_take (line_t *self, stroke_t stroke);

/*  Draws it behind a prompt, with the cursor, shifted so far that the cursor can be seen. */
void line_draw (const line_t *self, screen_t *screen, size_t row, const char *prompt);

#endif
