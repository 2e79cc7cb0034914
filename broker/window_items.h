/*  The items that a session's context shows, read from the store: what is rendered, counted and compacted.
 *
 *  Looks at nothing in memory, so it may run on the reader's thread.
 */
#ifndef BATON_WINDOW_ITEMS_H
#define BATON_WINDOW_ITEMS_H

#include "event.h"
#include "store.h"

/*  One item of a window, or the summary that stands for some. */
typedef struct {
    event_t event;  /*  item_appended, or context_compacted; its session is the one in whose journal it stands */
    uint64_t place; /*  in the session's line */
    item_role_e role;
    uint64_t tokens;
    bool estimated;
    bool pinned;
    bool summary;
    size_t span;    /*  of the window's spans; what is pinned and in none has their count */
    part_t own;     /*  a summary's only part; borrowed from the event */
    uint32_t taken; /*  bit i: its part i, a result, stands with its call */
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

/*  Reads what the window of that state shows, which must be of the same view of the store, and pairs calls with their
 *  results. resource_exhausted/too_large past LIMIT_RENDER bytes. */
BATON_MUST_USE baton_status window_items (store_t *store, const session_t *state, shown_list_t *ret_list,
                                          baton_error_t *error);
void shown_list_clear (shown_list_t *list);

/*  Its parts; a summary has one. */
size_t shown_part_count (const shown_t *item);
const part_t *shown_part (const shown_t *item, size_t index);

/*  The index of the result's item, and its part; NULL when that call has none in the window. */
const part_t *shown_result (const shown_list_t *list, const pair_t *pair);

/*  The last place at or before that one where a cut parts no call from its result, nor leaves behind a call that still
 *  waits for one. */
size_t shown_cut_before (const shown_list_t *list, size_t index);

#endif
