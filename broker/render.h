/*  A context as one text: what a harness sends to a stateless model API, or what a person reads.
 *
 *  The bytes depend on the position alone, never on when or how often they are asked for, so that a provider finds in
 *  its cache what it was sent before. Each call stands with its result right behind it, whatever came in between.
 */
#ifndef BATON_RENDER_H
#define BATON_RENDER_H

#include "window_items.h"

/*  Fills n, the counts, size and the content, all of it. The store has the blobs, in the view that the list was read
 *  from. budget: tokens at most, 0 for no bound;
 *  invalid_argument/bad_value when what always stays needs more. */
BATON_MUST_USE baton_status render (store_t *store, const session_t *state, const shown_list_t *list,
                                    render_format_e format, uint64_t budget, rendering_t *ret_rendering,
                                    baton_error_t *error);

#endif
