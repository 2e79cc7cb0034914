/*  What the files of the synthesis share; nobody else includes it. */
#ifndef BATON_SYNTHESIS_INTERNAL_H
#define BATON_SYNTHESIS_INTERNAL_H

#include "history.h"
#include "lineage.h"

/*  How many entries of each kind were given up for later ones. */
typedef struct {
    uint64_t runs, superseded, conflicts, answered, failures;
} dropped_t;

/*  Appends a zeroed element to a list of at most LIMIT_REPORT, and gives up the oldest for it; NULL for lack of memory.
 */
void *synthesis_add (void *list, const record_type_t *type, uint64_t *dropped);

/*  Adds the keys that both sides of a merge have changed differently. */
BATON_MUST_USE baton_status synthesis_add_merge (synthesis_t *synthesis, const merge_t *merge, const char *label,
                                                 uint64_t n, dropped_t *dropped);

/*  Takes in what the journal of one session says between two positions. `own` is whether it is the session itself. */
BATON_MUST_USE baton_status synthesis_read (store_t *store, const stretch_t *stretch, bool own, synthesis_t *synthesis,
                                            dropped_t *dropped, baton_error_t *error);

#endif
