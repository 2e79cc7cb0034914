/*  The spool: changes on their way to the broker. Each is on disk before anybody is told of it, and stays there until
 * the broker has taken or refused it; its idempotency key makes it happen once, however often it is sent. In order
 * within a session, side by side across sessions.
 */
#ifndef BATON_SPOOL_H
#define BATON_SPOOL_H

#include "db.h"
#include "schema.h"

typedef struct {
    uint64_t id;
    char session[LIMIT_ID + 1];
    method_id_t method;
    char key[LIMIT_ID + 1];
    uint64_t run;
    uint64_t epoch;
    uint64_t if_n;
    baton_bytes_t body; /*  encoded request; owned */
} spooled_t;

void spooled_clear (spooled_t *change);

/*  What runs may leave here while the broker is away, all together. */
#define SPOOL_BYTES_MOST (256u << 20)

/*  Whether that is reached. What the node itself has to report is kept all the same. */
bool spool_full (db_t *db);

/*  Keeps the change (its id is ignored). The same session, run and key again is the same change, and gives its id; with
 *  another content it is aborted (key_reused). Run 0 is the node itself, whose keys no run can take. On BATON_OK it is
 * on disk, or will be at the commit of the caller's transaction. */
BATON_MUST_USE baton_status spool_add (db_t *db, const spooled_t *change, uint64_t *ret_id, baton_error_t *error);

/*  The oldest change of the session; not_found when it has none. ret_change is a zeroed struct. */
BATON_MUST_USE baton_status spool_first (db_t *db, const char *session, spooled_t *ret_change, baton_error_t *error);

/*  The broker has taken or refused it. */
BATON_MUST_USE baton_status spool_remove (db_t *db, uint64_t id, baton_error_t *error);

/*  How many changes wait, of all sessions. */
uint64_t spool_count (db_t *db);

/*  The sessions that have changes waiting, in order of their oldest. Cleared by the caller. */
BATON_MUST_USE baton_status spool_sessions (db_t *db, baton_texts_t *ret_sessions, baton_error_t *error);

#endif
