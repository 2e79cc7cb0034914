/*  The window: what of its history a session's context shows, and how full that is.
 *
 *  It is a list of spans of the session's line (see lineage.h); the last one is open, so that what is appended is
 * shown. Clear, compact, undo, rollback and restore are all the same thing: an event with another window. No item is
 * touched by them, and whatever was shown once can be shown again. A fork inherits the window as it is: places stay.
 *
 *  Pinned items are shown even where no span has them, before all others.
 */
#ifndef BATON_WINDOW_H
#define BATON_WINDOW_H

#include "schema.h"

#define WINDOW_SIZE 200000 /*  tokens, unless the session says otherwise */
#define WINDOW_PRESSURE "40,70,90"

/*  Tokens that the model takes. */
uint64_t window_size (const window_t *self);

/*  A text's tokens, for want of a tokenizer: a quarter of its bytes, rounded up. */
uint64_t window_estimate (size_t bytes);

/*  Whether a text is a list of ascending percentages from 1 to 100. */
bool window_pressure_valid (const char *pressure);

/*  The highest threshold that the window would have reached with that many tokens; 0: none. */
uint64_t window_level (const window_t *self, uint64_t tokens);

/*  What is there again after it was told falls silent: to be called when tokens or size have changed. */
void window_relieve (window_t *self);

/*  The pin of the item at that place, or NULL. */
pin_t *window_pin (const window_t *self, uint64_t place);

/*  Whether a span shows the item there. */
bool window_spans_show (const window_t *self, uint64_t place);

/*  Notes a pin, and counts the item when no span shows it. */
BATON_MUST_USE baton_status window_add_pin (window_t *self, const pin_t *pin);

/*  Spans of the window and of all that its compactions hide. */
size_t window_span_count (const window_t *self);

/*  The window of an earlier time, as the one from now on: it ends after the place `from`, and begins again after `now`.
 *  ret_window is zeroed; fails for lack of memory only. */
BATON_MUST_USE baton_status window_rewind (const window_t *self, uint64_t from, uint64_t now, window_t *ret_window);

/*  Replaces the session's window by a copy; size, thresholds and what was told of them stay. */
BATON_MUST_USE baton_status window_take (session_t *session, const window_t *window);

#endif
