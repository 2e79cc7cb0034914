#include "screen.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ESCAPE_DELAY 50 /*  milliseconds after which an escape is a key and no beginning of one */

struct screen {
    SCREEN *curses;
    bool colour;
    bool cursor;
    int row, column;
};

/*  Texts are UTF-8 whatever the locale says; without one, that of the C library counts widths. */
static void choose_locale (void)
{
    setlocale (LC_CTYPE, "");
    if (strcmp (nl_langinfo (CODESET), "UTF-8") != 0)
        setlocale (LC_CTYPE, "C.UTF-8");
}

static void choose_colours (screen_t *self)
{
    static const struct {
        style_t style;
        short colour;
    } COLOURS[] = {
        {STYLE_good, COLOR_GREEN}, {STYLE_warn, COLOR_YELLOW}, {STYLE_bad, COLOR_RED}, {STYLE_mark, COLOR_CYAN}};
    const char *no = getenv ("NO_COLOR");
    self->colour = !(no && *no) && has_colors () && start_color () == OK && use_default_colors () == OK;
    for (size_t i = 0; self->colour && i < sizeof COLOURS / sizeof *COLOURS; i++)
        init_pair ((short) COLOURS[i].style, COLOURS[i].colour, -1);
}

baton_status screen_new (screen_t **ret_screen, baton_error_t *error)
{
    screen_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    choose_locale ();
    if (!screen_possible () || !(self->curses = newterm (NULL, stdout, stdin))) {
        free (self);
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_none,
                           "this needs a terminal that can be drawn on, for input and output");
    }
    set_escdelay (ESCAPE_DELAY);
    cbreak ();
    noecho ();
    nonl ();
    keypad (stdscr, TRUE);
    nodelay (stdscr, TRUE);
    choose_colours (self);
    *ret_screen = self;
    return BATON_OK;
}

void screen_destroy (screen_t **self)
{
    if (!*self)
        return;
    curs_set (1);
    endwin ();
    delscreen ((*self)->curses);
    free (*self);
    *self = NULL;
}

size_t screen_rows (const screen_t *self)
{
    (void) self;
    return (size_t) LINES;
}

size_t screen_columns (const screen_t *self)
{
    (void) self;
    return (size_t) COLS;
}

void screen_fit (screen_t *self)
{
    (void) self;
    struct winsize size = {0};
    if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        resizeterm (size.ws_row, size.ws_col);
    clearok (curscr, TRUE); /*  the terminal may have moved what is on it */
}

/* ---- keys ---- */

static stroke_t of_key (wint_t key)
{
    static const struct {
        wint_t key;
        stroke_kind_t kind;
    } KEYS[] = {{KEY_ENTER, STROKE_enter},     {KEY_BTAB, STROKE_back_tab}, {KEY_BACKSPACE, STROKE_backspace},
                {KEY_DC, STROKE_delete},       {KEY_LEFT, STROKE_left},     {KEY_RIGHT, STROKE_right},
                {KEY_UP, STROKE_up},           {KEY_DOWN, STROKE_down},     {KEY_PPAGE, STROKE_page_up},
                {KEY_NPAGE, STROKE_page_down}, {KEY_HOME, STROKE_home},     {KEY_END, STROKE_end}};
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
        if (KEYS[i].key == key)
            return (stroke_t){KEYS[i].kind, 0};
    return (stroke_t){STROKE_control, 0}; /*  a key that nobody uses */
}

static stroke_t of_character (wint_t point)
{
    switch (point) {
    case '\r':
    case '\n':
        return (stroke_t){STROKE_enter, 0};
    case '\t':
        return (stroke_t){STROKE_tab, 0};
    case 0x1b:
        return (stroke_t){STROKE_escape, 0};
    case 0x7f:
    case 0x08:
        return (stroke_t){STROKE_backspace, 0};
    default:
        return point < 0x20 ? (stroke_t){STROKE_control, point + 0x60} : (stroke_t){STROKE_text, point};
    }
}

stroke_t screen_stroke (screen_t *self)
{
    (void) self;
    wint_t key = 0;
    int kind;
    do
        kind = get_wch (&key);
    while (kind == KEY_CODE_YES && key == KEY_RESIZE); /*  screen_fit has seen to that */
    return kind == ERR ? (stroke_t){STROKE_none, 0} : kind == KEY_CODE_YES ? of_key (key) : of_character (key);
}

/* ---- drawing ---- */

static attr_t attributes_of (const screen_t *self, style_t style)
{
    switch (style) {
    case STYLE_bar:
    case STYLE_chosen:
        return A_REVERSE;
    case STYLE_head:
        return A_BOLD;
    case STYLE_dim:
        return A_DIM;
    case STYLE_bad:
    case STYLE_warn:
        return self->colour ? COLOR_PAIR (style) : A_BOLD;
    case STYLE_good:
    case STYLE_mark:
        return self->colour ? COLOR_PAIR (style) : A_NORMAL;
    default:
        return A_NORMAL;
    }
}

void screen_erase (screen_t *self)
{
    self->cursor = false;
    erase ();
}

size_t screen_text (screen_t *self, size_t row, size_t column, size_t cells, style_t style, const char *text)
{
    size_t used = 0, room = (size_t) COLS;
    if (row >= (size_t) LINES || column >= room)
        return 0;
    char *clean = prose_clean (text, false);
    if (!clean)
        return 0;
    clean[prose_fit (clean, cells < room - column ? cells : room - column, &used)] = '\0';
    attrset ((int) attributes_of (self, style));
    mvaddstr ((int) row, (int) column, clean);
    attrset (A_NORMAL);
    free (clean);
    return used;
}

void screen_bar (screen_t *self, size_t row, style_t style, const char *left, const char *right)
{
    size_t columns = screen_columns (self), width = prose_width (right);
    if (row >= screen_rows (self))
        return;
    mvchgat ((int) row, 0, -1, attributes_of (self, style), 0, NULL);
    size_t room = width + 2 < columns ? columns - width - 1 : columns;
    screen_text (self, row, 0, room, style, left);
    if (room < columns)
        screen_text (self, row, columns - width, width, style, right);
}

void screen_cursor (screen_t *self, size_t row, size_t column)
{
    self->cursor = row < (size_t) LINES && column < (size_t) COLS;
    self->row = (int) row;
    self->column = (int) column;
}

void screen_show (screen_t *self)
{
    curs_set (self->cursor ? 1 : 0);
    if (self->cursor)
        move (self->row, self->column);
    refresh ();
}
