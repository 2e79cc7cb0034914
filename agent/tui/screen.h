/*  The terminal as a screen: ncurses, and nothing else knows it. While there is one, nobody else may write to the
 *  terminal; screen_destroy leaves the terminal as it was.
 */
#ifndef BATON_SCREEN_H
#define BATON_SCREEN_H

#include "prose.h"

#include <stdint.h>

typedef struct screen screen_t;

/*  What was typed: a character, or one of these. */
typedef enum {
    STROKE_none,
    STROKE_text,
    STROKE_enter,
    STROKE_escape,
    STROKE_tab,
    STROKE_back_tab,
    STROKE_backspace,
    STROKE_delete,
    STROKE_left,
    STROKE_right,
    STROKE_up,
    STROKE_down,
    STROKE_page_up,
    STROKE_page_down,
    STROKE_home,
    STROKE_end,
    STROKE_control /*  with a letter: 'u' for Ctrl-U */
} stroke_kind_t;

typedef struct {
    stroke_kind_t kind;
    uint32_t point; /*  text: the character; control: the letter */
} stroke_t;

/*  Whether standard input and output are a terminal that can be one. */
bool screen_possible (void);

/*  Takes the terminal. failed_precondition when it is none that ncurses knows. */
BATON_MUST_USE baton_status screen_new (screen_t **ret_screen, baton_error_t *error);
void screen_destroy (screen_t **self);

size_t screen_rows (const screen_t *self);
size_t screen_columns (const screen_t *self);

/*  Takes over the size that the terminal has now. */
void screen_fit (screen_t *self);

/*  The next key that was typed; STROKE_none when there is none yet. */
stroke_t screen_stroke (screen_t *self);

/*  Drawing: erase, any number of texts, show. A text is of any origin, and cut to so many cells; what lies outside of
 *  the screen is not drawn. Gives the cells that it took. */
void screen_erase (screen_t *self);
size_t screen_text (screen_t *self, size_t row, size_t column, size_t cells, style_t style, const char *text);
/*  A whole row in one style. */
void screen_bar (screen_t *self, size_t row, style_t style, const char *left, const char *right);
/*  Where the cursor is; it is hidden unless that was said since the last erase. */
void screen_cursor (screen_t *self, size_t row, size_t column);
void screen_show (screen_t *self);

#endif
