/*  A session's page of `baton top`: its state, its last runs, its open breakpoints, and the last of its journal, live.
 */
#ifndef BATON_SESSION_SHEET_H
#define BATON_SESSION_SHEET_H

#include "tui.h"

typedef struct {
    tui_t *tui; /*  borrowed */
    char session[LIMIT_ID + 1];
    session_t state;
    run_page_t runs;
    event_page_t events;
    bool there; /*  the state has been read */
    bool wanted;
    size_t reading; /*  answers that are still to come */
    uint64_t read_at;
    size_t from; /*  lines that are scrolled away */
    size_t rows; /*  that the screen had for them */
    bool left;
} session_sheet_t;

/*  As a zeroed struct. */
void session_sheet_open (session_sheet_t *self, tui_t *tui, const char *session);
void session_sheet_close (session_sheet_t *self);

/*  The number of the oldest open breakpoint; 0: there is none. */
uint64_t session_sheet_asks (const session_sheet_t *self);

/*  The functions of a face. */
void session_sheet_event (session_sheet_t *self, const event_envelope_t *event);
uint64_t session_sheet_due (session_sheet_t *self);
void session_sheet_key (session_sheet_t *self, stroke_t stroke);
void session_sheet_draw (session_sheet_t *self, screen_t *screen);

#endif
