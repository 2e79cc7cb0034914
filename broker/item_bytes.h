/*  Reads an item straight from the bytes of its event, without copying what is in it: a long context is rendered in a
 *  fifth of the time that decoding each event takes.
 *
 *  For rows of the store, which are canonical; what is not as expected is left to event_decode.
 */
#ifndef BATON_ITEM_BYTES_H
#define BATON_ITEM_BYTES_H

#include "schema.h"

typedef struct {
    uint64_t n, run;
    item_role_e role;
    uint64_t tokens;
    bool estimated, synthetic;
    const char *source, *digest;
    size_t part_count;
    part_t own;   /*  the part, when there is one */
    part_t *many; /*  more than one; owned */
} item_bytes_t;

typedef enum {
    ITEM_BYTES_read,
    ITEM_BYTES_other, /*  an event of another kind */
    ITEM_BYTES_odd    /*  not as expected, or there is no memory: decode it */
} item_bytes_e;

/*  The item points into the bytes, in which texts get a NUL at their end: they are good for nothing else afterwards.
 *  Unless the answer is ITEM_BYTES_read, they are as they were, and ret_item is untouched. */
item_bytes_e item_bytes_read (baton_bytes_t *bytes, item_bytes_t *ret_item);

#endif
