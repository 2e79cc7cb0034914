/*  The synthesis: all runs of a session told together, from its journal and those that its line goes through. The same
 *  position gives the same synthesis, to the byte. Runs on the reader's thread.
 */
#ifndef BATON_SYNTHESIS_H
#define BATON_SYNTHESIS_H

#include "session.h"
#include "store.h"

/*  Of the session at position n; 0: now. ret_synthesis is zeroed or valid; what it has no room for is named in its
 *  left_out. not_found/no_such_position when the journal ends before. */
BATON_MUST_USE baton_status synthesis_make (store_t *store, const char *session, uint64_t n, synthesis_t *ret_synthesis,
                                            baton_error_t *error);

#endif
