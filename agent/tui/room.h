/*  A breakpoint's room: the question, what is being decided, who is there, the votes, and what is said, live, with a
 *  line to take part. It is a page of `baton top` and all of `baton breakpoint join` on a terminal.
 *
 *  Whoever has joined stays there while the room is open: the presence is renewed before it runs out, and made again
 *  when another screen of the same person has ended it.
 */
#ifndef BATON_ROOM_H
#define BATON_ROOM_H

#include "line.h"
#include "tui.h"
#include "utterance.h"

typedef struct {
    tui_t *tui; /*  borrowed */
    char session[LIMIT_ID + 1];
    uint64_t number;
    uint64_t ttl;           /*  of our presence, milliseconds */
    bool resident;          /*  the line is always open, and leaving ends the room */
    breakpoint_view_t view; /*  as it was read last */
    bool there;             /*  the view has been read */
    bool gone;              /*  it can't be read any more */
    bool left;              /*  the room is to be closed */
    /*  Reading. */
    bool wanted, reading;
    uint64_t read_at; /*  of the monotonic clock: not before */
    /*  Our presence. */
    bool joins; /*  we mean to be there */
    bool joining, joined;
    uint64_t join_at;
    uint64_t joined_n; /*  the journal's position by which we were there */
    /*  What is typed, and what is shown of the rest. */
    bool typing;
    line_t line;
    prose_t body, talk; /*  of the view, for a screen of laid_out cells; 0: not yet */
    size_t laid_out;
    size_t body_from, talk_back; /*  lines */
    bool helping;
} room_t;

/*  Opens a room, as a zeroed struct; with joins, we are there from now on. */
void room_open (room_t *self, tui_t *tui, const char *session, uint64_t number);
void room_join (room_t *self, uint64_t ttl);

/*  Says that we leave, and frees what the room has. tui_settle waits for that to arrive. */
void room_close (room_t *self);

/*  The functions of a face. */
void room_event (room_t *self, const event_envelope_t *event);
uint64_t room_due (room_t *self);
void room_key (room_t *self, stroke_t stroke);
void room_draw (room_t *self, screen_t *screen);

/*  How many equal votes there are for the option that has most. */
size_t room_lead (const breakpoint_t *breakpoint);

/*  How so many rows are shared out: the lines above the panes, what is decided, and what was said, which is given at
 * least a third, where it has as much to say. */
typedef struct {
    size_t rules, body, talk;
} room_share_t;
room_share_t room_share (size_t rows, size_t body, size_t talk);

/*  What was said and voted, in the order of time. */
void room_talk (const breakpoint_view_t *view, size_t cells, prose_t *ret_prose);

#endif
