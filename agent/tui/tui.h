/*  What every live view on a terminal stands on: the screen, a connection, the stream of events, signals, and one loop
 *  that waits for all of them. Nothing here polls the broker: a view reads anew what an event says has changed.
 */
#ifndef BATON_TUI_H
#define BATON_TUI_H

#include "cli.h"
#include "screen.h"

typedef struct tui tui_t;

/*  A view. Each function gets the arg of tui_run; those that may be NULL are not called then. */
typedef struct {
    void (*key) (void *arg, stroke_t stroke);
    void (*event) (void *arg, const event_envelope_t *event);
    /*  Begins what is due, as tui_call does, and gives the milliseconds until something is due again. Called whenever
     *  something has happened. */
    uint64_t (*due) (void *arg);
    void (*draw) (void *arg, screen_t *screen);
} face_t;

#define TUI_LATER 1000 /*  for due: nothing is. The screen is drawn so often at least, since it tells the time */

/*  Asks the broker who we are, which also says at once that there is none, and takes the terminal. cli is borrowed.
 *  Refuses a run: it has no terminal, and one session. */
BATON_MUST_USE baton_status tui_new (cli_t *cli, const char *command, tui_t **ret_tui, baton_error_t *error);
void tui_destroy (tui_t **self);

/*  Shows a view until tui_end, a signal that ends us, or the end of the terminal: all of these are BATON_OK. An error
 * is one that no waiting helps against, such as a revoked key. */
BATON_MUST_USE baton_status tui_run (tui_t *self, const face_t *face, void *arg, baton_error_t *error);
void tui_end (tui_t *self);

/*  Calls a method. done may be NULL; it gets the answer, a record of the method's type, which it may empty, or NULL and
 *  the error. Never called after tui_forget with the same arg. */
typedef void (tui_done_t) (void *arg, void *reply, const baton_error_t *error);
void tui_call (tui_t *self, method_id_t method, const void *request, tui_done_t *done, void *arg);
void tui_forget (tui_t *self, const void *arg);

/*  Waits until every change that is under way has been answered, but not for long. */
void tui_settle (tui_t *self);

/*  What is on the screen is not what it should be. */
void tui_redraw (tui_t *self);

/*  Says something in the line above the last until the next key. The format's texts may be of any origin. */
void tui_notice (tui_t *self, style_t style, const char *format, ...) __attribute__ ((format (printf, 3, 4)));
/*  The notice, or that the broker is away; false when there is nothing to say. */
bool tui_draw_notice (tui_t *self, screen_t *screen, size_t row);

/*  Whether an error is one that passes: the broker is away, or busy. */
bool tui_passes (const baton_error_t *error);

const char *tui_me (const tui_t *self);       /*  our identity's name */
const char *tui_endpoint (const tui_t *self); /*  of the broker */
uint64_t tui_now (const tui_t *self);         /*  the broker's clock, milliseconds since 1970 */
uint64_t tui_clock (void);                    /*  the monotonic clock, milliseconds */

/*  "2h5m", for people; of a time that is not 0. */
#define TUI_SPAN_SIZE 48
void tui_span (uint64_t milliseconds, char ret_text[TUI_SPAN_SIZE]);

#endif
