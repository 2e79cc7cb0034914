/*  Messages as journals tell of them. A state has only the letter; the body stands in the one event that says what
 *  became of the message: delivered, answered or refused. Nothing here looks at what is in memory, so it may run on the
 *  reader's thread.
 */
#ifndef BATON_LETTERS_H
#define BATON_LETTERS_H

#include "store.h"

/*  The message of event n; of an answer, its id and body. ret_message is zeroed, and stays so when that event is about
 *  no message. */
BATON_MUST_USE baton_status letters_read (store_t *store, const char *session, uint64_t n, message_t *ret_message,
                                          baton_error_t *error);

/*  The same of a dead letter, with whom it was for and who refused it and why. What else is in ret_dead stays. */
BATON_MUST_USE baton_status letters_read_dead (store_t *store, const char *session, uint64_t n,
                                               dead_message_t *ret_dead, baton_error_t *error);

#endif
