/*  What this node has started, on disk: the last attempt of each session. And which sessions moved here. */
#ifndef BATON_LEDGER_H
#define BATON_LEDGER_H

#include "db.h"
#include "limits.h"

#include <stddef.h>
#include <stdint.h>

/*  256 random bits in hexadecimal, and NUL. */
#define TOKEN_SIZE 65

/*      starting ──> running ──> ended
 *          │           │
 *          │           └──> freezing ──> frozen
 *          └──> ended (it could not be started)
 */
typedef enum {
    ATTEMPT_none,
    ATTEMPT_starting, /*  its shim may or may not have been spawned */
    ATTEMPT_running,
    ATTEMPT_freezing, /*  asked to stop for a migration */
    ATTEMPT_frozen,   /*  stands still for a migration; nobody was told that it ended */
    ATTEMPT_ended,    /*  the report is in the spool, or was acknowledged */
} attempt_state_t;

typedef struct {
    char session[LIMIT_ID + 1];
    uint64_t run;
    uint64_t attempt;
    uint64_t epoch;
    attempt_state_t state;
    char token[TOKEN_SIZE];
} attempt_t;

/*  Whether a process may be there. */
static inline bool attempt_alive (const attempt_t *attempt)
{
    return attempt->state >= ATTEMPT_starting && attempt->state <= ATTEMPT_freezing;
}

/*  Writes the row of that session anew. */
BATON_MUST_USE baton_status ledger_put (db_t *db, const attempt_t *attempt, baton_error_t *error);
BATON_MUST_USE baton_status ledger_remove (db_t *db, const char *session, baton_error_t *error);

/*  All rows; freed by the caller with free (). */
BATON_MUST_USE baton_status ledger_load (db_t *db, attempt_t **ret_attempts, size_t *ret_count, baton_error_t *error);

BATON_MUST_USE baton_status ledger_adopt (db_t *db, const char *session, baton_error_t *error);
BATON_MUST_USE baton_status ledger_release (db_t *db, const char *session, baton_error_t *error);
bool ledger_adopted (db_t *db, const char *session);

#endif
