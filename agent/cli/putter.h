/*  Contents on their way to a broker, a few at once: while one is written there, others travel, and the next is read.
 *  Each way has a connection and a thread of its own.
 */
#ifndef BATON_PUTTER_H
#define BATON_PUTTER_H

#include "cli.h"

typedef struct putter putter_t;

/*  To the broker that cli talks to, with its settings but not its key, as parts of that upload, which is borrowed.
 * Connects cli. */
BATON_MUST_USE baton_status putter_new (cli_t *cli, const char *upload, putter_t **ret_putter, baton_error_t *error);
/*  Waits for what is under way. */
void putter_destroy (putter_t **self);

/*  Begins to stage a content, of which it makes a copy, and which the broker compares with its digest. The error may be
 *  that of an earlier one. */
BATON_MUST_USE baton_status putter_put (putter_t *self, const char *digest, const baton_bytes_t *content,
                                        baton_error_t *error);

/*  Everything that was put is staged. */
BATON_MUST_USE baton_status putter_finish (putter_t *self, baton_error_t *error);

#endif
