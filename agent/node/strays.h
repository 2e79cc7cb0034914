/*  Runs that live here and that the ledger knows nothing of: the database was deleted, or an older copy put back.
 *
 *  Nobody hears them any more, since their tokens are gone, and nobody would count them: the broker is told that they
 *  are lost and may have their sessions run again. They are ended before that, so that no session runs twice.
 */
#ifndef BATON_STRAYS_H
#define BATON_STRAYS_H

#include "ledger.h"

/*  Whether the ledger has that attempt as one that may be alive. */
typedef bool strays_known_fn (const void *arg, const char *session, uint64_t run, uint64_t attempt);

/*  Kills each that lives below STATE/runs and waits for its end. failed_precondition when one can't be ended: the node
 *  must not start then. */
BATON_MUST_USE baton_status strays_end (const char *state, strays_known_fn *known, const void *arg,
                                        baton_error_t *error);

#endif
