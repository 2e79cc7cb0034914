#include "top.h"

#include "mirror.h"
#include "room.h"
#include "session_sheet.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    tui_t *tui;
    mirror_t mirror;
    board_t boards[BOARD_TYPES];
    size_t shown;
    uint64_t arranged; /*  the mirror's changes that the boards know; 0: to be arranged anyhow */
    size_t rows;       /*  of the list, on the screen */
    size_t cells;
    bool filtering;
    line_t filter;
    bool helping;
    /*  Over the lists, when they have a tui: the session's page, and over that the breakpoint's. */
    session_sheet_t session;
    room_t room;
} top_t;

/* ---- lists ---- */

static const mirror_list_t *list_of (const top_t *self, size_t board)
{
    return board == BOARD_breakpoints ? &self->mirror.breakpoints
           : board == BOARD_nodes     ? &self->mirror.nodes
                                      : &self->mirror.sessions;
}

/*  The rows that boards point to may have gone: nothing looks at them before this. */
static void arrange (top_t *self)
{
    if (self->arranged == self->mirror.changed)
        return;
    for (size_t i = 0; i < BOARD_TYPES; i++)
        board_arrange (&self->boards[i], &list_of (self, i)->rows);
    self->arranged = self->mirror.changed;
}

static void show (top_t *self, size_t board)
{
    self->shown = board % BOARD_TYPES;
    line_set (&self->filter, self->boards[self->shown].filter);
}

/* ---- pages ---- */

static void open_room (top_t *self, const char *session, uint64_t number)
{
    room_close (&self->room);
    room_open (&self->room, self->tui, session, number);
}

static void enter (top_t *self)
{
    const void *row = board_chosen (&self->boards[self->shown], &list_of (self, self->shown)->rows);
    if (!row)
        return;
    if (self->shown == BOARD_breakpoints) {
        const breakpoint_view_t *view = row;
        open_room (self, view->session, view->breakpoint.number);
    } else if (self->shown == BOARD_nodes) {
        /*  What it has: the sessions that name it. */
        board_t *sessions = &self->boards[BOARD_sessions];
        snprintf (sessions->filter, sizeof sessions->filter, "%s", ((const node_t *) row)->name);
        self->arranged = 0;
        show (self, BOARD_sessions);
    } else
        session_sheet_open (&self->session, self->tui, ((const session_row_t *) row)->session);
}

static void key_room (top_t *self, stroke_t stroke)
{
    room_key (&self->room, stroke);
    if (self->room.left)
        room_close (&self->room);
}

static void key_session (top_t *self, stroke_t stroke)
{
    uint64_t asks = session_sheet_asks (&self->session);
    bool takes_there = stroke.kind == STROKE_enter || (stroke.kind == STROKE_text && stroke.point == 'b');
    if (takes_there && asks > 0)
        open_room (self, self->session.session, asks);
    else if (stroke.kind == STROKE_text && stroke.point == '?')
        self->helping = true;
    else
        session_sheet_key (&self->session, stroke);
    if (self->session.left)
        session_sheet_close (&self->session);
}

/* ---- keys of the lists ---- */

/*  Looked through when it is drawn, and not for each key. */
static void set_filter (top_t *self, const char *text)
{
    board_t *board = &self->boards[self->shown];
    snprintf (board->filter, sizeof board->filter, "%s", text);
    self->arranged = 0;
}

static void key_filter (top_t *self, stroke_t stroke)
{
    if (stroke.kind == STROKE_enter)
        self->filtering = false;
    else if (stroke.kind == STROKE_escape) {
        self->filtering = false;
        line_set (&self->filter, "");
    } else
        line_take (&self->filter, stroke);
    set_filter (self, self->filter.text);
}

static bool key_move (top_t *self, stroke_t stroke)
{
    board_t *board = &self->boards[self->shown];
    long page = self->rows > 1 ? (long) self->rows - 1 : 1, all = (long) board->count, by = 0;
    uint32_t point = stroke.kind == STROKE_text ? stroke.point : 0;
    if (stroke.kind == STROKE_down || point == 'j')
        by = 1;
    else if (stroke.kind == STROKE_up || point == 'k')
        by = -1;
    else if (stroke.kind == STROKE_page_down || point == ' ')
        by = page;
    else if (stroke.kind == STROKE_page_up)
        by = -page;
    else if (stroke.kind == STROKE_home || point == 'g')
        by = -all;
    else if (stroke.kind == STROKE_end || point == 'G')
        by = all;
    if (by != 0)
        board_move (board, &list_of (self, self->shown)->rows, by);
    return by != 0;
}

static void press (top_t *self, uint32_t point)
{
    board_t *board = &self->boards[self->shown];
    if (point >= '1' && point < '1' + BOARD_TYPES)
        show (self, point - '1');
    else if (point == '/')
        self->filtering = true;
    else if (point == 's')
        board_sort_next (board, self->cells);
    else if (point == 'r')
        board->reversed = !board->reversed;
    else if (point == '?')
        self->helping = true;
    else if (point == 'q')
        tui_end (self->tui);
    if (point == 's' || point == 'r')
        board_arrange (board, &list_of (self, self->shown)->rows);
}

static void key_list (top_t *self, stroke_t stroke)
{
    if (key_move (self, stroke))
        return;
    if (stroke.kind == STROKE_enter)
        enter (self);
    else if (stroke.kind == STROKE_tab)
        show (self, self->shown + 1);
    else if (stroke.kind == STROKE_back_tab)
        show (self, self->shown + BOARD_TYPES - 1);
    else if (stroke.kind == STROKE_escape) {
        line_set (&self->filter, "");
        set_filter (self, "");
    } else if (stroke.kind == STROKE_text)
        press (self, stroke.point);
}

static void key (void *arg, stroke_t stroke)
{
    top_t *self = arg;
    if (!self->filtering)
        arrange (self);
    if (self->helping)
        self->helping = false;
    else if (self->room.tui)
        key_room (self, stroke);
    else if (self->session.tui)
        key_session (self, stroke);
    else if (self->filtering)
        key_filter (self, stroke);
    else
        key_list (self, stroke);
}

/* ---- what comes ---- */

static void event (void *arg, const event_envelope_t *event)
{
    top_t *self = arg;
    mirror_event (&self->mirror, event);
    if (self->session.tui)
        session_sheet_event (&self->session, event);
    if (self->room.tui)
        room_event (&self->room, event);
}

static uint64_t due (void *arg)
{
    top_t *self = arg;
    uint64_t wait = mirror_due (&self->mirror), other;
    if (self->session.tui && (other = session_sheet_due (&self->session)) < wait)
        wait = other;
    if (self->room.tui && (other = room_due (&self->room)) < wait)
        wait = other;
    return wait;
}

/* ---- drawing ---- */

static void draw_help (screen_t *screen)
{
    static const char *const LINES[] = {
        "1 2 3 4, Tab      sessions, runs, breakpoints, nodes",
        "j k, arrows, g G  move; PgUp, PgDn and space by a page",
        "Enter             the page of a session or breakpoint; the sessions of a node",
        "/ words           only rows that have each of them; Esc: all again",
        "s, r              sort by the next column; the other way round",
        "q, Ctrl-C         end",
        "",
        "In the page of a breakpoint",
        "v vote  c comment  C claim  J join  L leave  Esc back",
        "",
        "any key: back",
    };
    screen_bar (screen, 0, STYLE_bar, " baton top", "");
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++)
        screen_text (screen, i + 1, 1, SIZE_MAX, STYLE_plain, LINES[i]);
}

static void draw_tabs (const top_t *self, screen_t *screen, size_t row)
{
    for (size_t i = 0, column = 0; i < BOARD_TYPES; i++) {
        char text[64];
        const board_t *board = &self->boards[i];
        if (*board->filter)
            snprintf (text, sizeof text, " %zu %s %zu/%zu ", i + 1, board->type->name, board->count, board->belong);
        else
            snprintf (text, sizeof text, " %zu %s %zu ", i + 1, board->type->name, board->belong);
        column += screen_text (screen, row, column, SIZE_MAX, i == self->shown ? STYLE_chosen : STYLE_plain, text) + 1;
    }
}

static void draw_foot (top_t *self, screen_t *screen, size_t row)
{
    const board_t *board = &self->boards[self->shown];
    const mirror_list_t *list = list_of (self, self->shown);
    char text[LIMIT_TITLE + 32];
    if (self->filtering) {
        line_draw (&self->filter, screen, row, "/");
        return;
    }
    if (tui_draw_notice (self->tui, screen, row))
        return;
    if (*list->failure) {
        screen_text (screen, row, 0, SIZE_MAX, STYLE_bad, list->failure);
        return;
    }
    snprintf (text, sizeof text, "%s%s%s", *board->filter ? "/" : "", board->filter,
              *board->filter ? "  Esc all  " : "");
    size_t column = screen_text (screen, row, 0, SIZE_MAX, STYLE_mark, text);
    screen_text (screen, row, column, SIZE_MAX, STYLE_dim,
                 "j/k move  Enter open  Tab next  / filter  s sort  r reverse  ? help  q quit");
}

static void draw_list (top_t *self, screen_t *screen)
{
    size_t last = screen_rows (screen) - 1;
    const mirror_list_t *list = list_of (self, self->shown);
    self->rows = last > 2 ? last - 2 : 0;
    self->cells = screen_columns (screen);
    draw_tabs (self, screen, 0);
    board_draw (&self->boards[self->shown], &list->rows, screen, 1, last, tui_now (self->tui));
    if (self->boards[self->shown].count == 0 && last > 3)
        screen_text (screen, 3, 1, SIZE_MAX, STYLE_dim, list->reading ? "\u2026" : "none");
    draw_foot (self, screen, last);
}

static void draw (void *arg, screen_t *screen)
{
    top_t *self = arg;
    arrange (self);
    if (self->helping)
        draw_help (screen);
    else if (self->room.tui)
        room_draw (&self->room, screen);
    else if (self->session.tui)
        session_sheet_draw (&self->session, screen);
    else
        draw_list (self, screen);
}

baton_status top_run (tui_t *tui, baton_error_t *error)
{
    static const face_t FACE = {key, event, due, draw};
    top_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->tui = tui;
    mirror_open (&self->mirror, tui);
    for (size_t i = 0; i < BOARD_TYPES; i++)
        board_open (&self->boards[i], &BOARDS[i]);
    baton_status status = tui_run (tui, &FACE, self, error);
    room_close (&self->room);
    tui_settle (tui);
    session_sheet_close (&self->session);
    mirror_close (&self->mirror);
    for (size_t i = 0; i < BOARD_TYPES; i++)
        board_clear (&self->boards[i]);
    free (self);
    return status;
}
