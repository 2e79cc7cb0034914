/*  How a breakpoint's votes stand. */
#ifndef BATON_TALLY_H
#define BATON_TALLY_H

#include "schema.h"

/*  "approve 1, reject 1 / needs 2"; once it is decided, without what it needs. Freed by the caller, NULL for lack of
 *  memory. */
char *tally_text (const breakpoint_t *breakpoint);

/*  Equal votes that decide. */
uint64_t tally_needs (const breakpoint_t *breakpoint);

/*  A sentence of what is still to come; freed by the caller, NULL when it is decided, or for lack of memory. */
char *tally_missing (const breakpoint_t *breakpoint);

#endif
