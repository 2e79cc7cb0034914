/*  The items that a session's context shows, read from the store: what is rendered, counted and compacted.
 *
 *  Looks at nothing in memory, so it may run on the reader's thread.
 */
#ifndef BATON_WINDOW_ITEMS_H
#define BATON_WINDOW_ITEMS_H

#include "event.h"
#include "item_bytes.h"
#include "store.h"

/*  One item of a window, or the summary that stands for some. What it points to is in `row` or `event`. */
typedef struct {
    item_bytes_t item;
    const char *session; /*  in whose journal it stands; borrowed from the state */
    uint64_t place;      /*  in the session's line */
    bool pinned;
    bool summary;
    size_t span;       /*  of the window's spans; what is pinned and in none has their count */
    uint32_t taken;    /*  bit i: its part i, a result, stands with its call */
    baton_bytes_t row; /*  the event's bytes, owned */
    event_t event;     /*  or the event, owned */
} shown_t;

/*  A call and its result. */
typedef struct {
    size_t call, call_part;     /*  index of the item, and of its part */
    size_t result, result_part; /*  result: the count of the items when there is none */
} pair_t;

typedef struct {
    size_t count;
    shown_t *items;
    struct {
        size_t count;
        pair_t *items;
    } pairs; /*  in the order of the calls */
} shown_list_t;

/*  Reads what the window of that state shows, which must be of the same view of the store and outlive the list, and
 *  pairs calls with their results. resource_exhausted/too_large past LIMIT_RENDER bytes. */
BATON_MUST_USE baton_status window_items (store_t *store, const session_t *state, shown_list_t *ret_list,
                                          baton_error_t *error);
void shown_list_clear (shown_list_t *list);

size_t shown_part_count (const shown_t *item);
const part_t *shown_part (const shown_t *item, size_t index);

/*  The index of the result's item, and its part; NULL when that call has none in the window. */
const part_t *shown_result (const shown_list_t *list, const pair_t *pair);

/*  The last place at or before that one where a cut parts no call from its result, nor leaves behind a call that still
 *  waits for one. */
size_t shown_cut_before (const shown_list_t *list, size_t index);

#endif
