/*  The courier carries the spool to the broker: the oldest change of each session at a time, again and again until the
 *  broker has taken it or has refused it for good.
 */
#ifndef BATON_COURIER_H
#define BATON_COURIER_H

#include "link.h"
#include "spool.h"

typedef struct courier courier_t;

/*  A change is done: the broker has taken it, or refused it for good. What this writes to the database, and that the
 *  change is out of the spool, is one transaction; when that fails, the change is sent again. */
typedef baton_status (courier_fn) (void *arg, const spooled_t *change, const link_answer_t *answer,
                                   baton_error_t *error);

/*  db and link are borrowed. */
BATON_MUST_USE baton_status courier_new (zloop_t *loop, db_t *db, link_t *link, courier_fn *fn, void *arg,
                                         courier_t **ret_courier, baton_error_t *error);
void courier_destroy (courier_t **self);

/*  The session has something in the spool; call it after the commit. */
void courier_send (courier_t *self, const char *session);

/*  Begins with everything that an earlier life left. */
BATON_MUST_USE baton_status courier_resume (courier_t *self, baton_error_t *error);

/*  Whether the same request may be answered otherwise later, so that it has to stay in the spool. */
bool courier_temporary (const link_answer_t *answer);

#endif
