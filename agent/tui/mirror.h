/*  What a site has, kept up to date by its events: all sessions, open breakpoints and nodes. Lists are read anew only
 *  when an event says that something in them has changed, and not too often: where few sessions have changed, only
 *  those are read.
 */
#ifndef BATON_MIRROR_H
#define BATON_MIRROR_H

#include "board.h"
#include "tui.h"

#define MIRROR_DIRTY 8 /*  sessions that are read one by one; when more have changed, all are */

/*  One list that is read page by page. */
typedef struct {
    method_id_t method;
    board_rows_t rows;  /*  what is shown */
    board_rows_t pages; /*  what has come of the next reading */
    char cursor[LIMIT_SHORT + 1];
    bool wanted, reading;
    uint64_t begun_at, read_at; /*  of the monotonic clock: the last reading began; the next may begin */
    uint64_t pause;             /*  between two, milliseconds */
    char failure[256];          /*  why it can't be read; "" when it can */
} mirror_list_t;

typedef struct {
    tui_t *tui; /*  borrowed */
    mirror_list_t sessions, breakpoints, nodes;
    char dirty[MIRROR_DIRTY][LIMIT_ID + 1]; /*  sessions that have changed */
    size_t dirty_count;
    size_t asked; /*  single sessions that are being read */
    uint64_t ask_at;
    uint64_t changed; /*  counts the changes of what is here */
} mirror_t;

/*  As a zeroed struct. */
void mirror_open (mirror_t *self, tui_t *tui);
void mirror_close (mirror_t *self);

/*  The functions of a face. */
void mirror_event (mirror_t *self, const event_envelope_t *event);
uint64_t mirror_due (mirror_t *self);

#endif
