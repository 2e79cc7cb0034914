#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>

baton_status ledger_put (db_t *db, const attempt_t *attempt, baton_error_t *error)
{
    sqlite3_stmt *statement = db_prepare (
        db, "INSERT OR REPLACE INTO attempt (session, run, attempt, epoch, state, token) VALUES (?, ?, ?, ?, ?, ?)");
    sqlite3_bind_text (statement, 1, attempt->session, -1, SQLITE_STATIC);
    sqlite3_bind_int64 (statement, 2, (sqlite3_int64) attempt->run);
    sqlite3_bind_int64 (statement, 3, (sqlite3_int64) attempt->attempt);
    sqlite3_bind_int64 (statement, 4, (sqlite3_int64) attempt->epoch);
    sqlite3_bind_int (statement, 5, (int) attempt->state);
    sqlite3_bind_text (statement, 6, attempt->token, -1, SQLITE_STATIC);
    return db_done (db, statement, sqlite3_step (statement), error);
}

static baton_status change_by_session (db_t *db, const char *sql, const char *session, baton_error_t *error)
{
    sqlite3_stmt *statement = db_prepare (db, sql);
    sqlite3_bind_text (statement, 1, session, -1, SQLITE_STATIC);
    return db_done (db, statement, sqlite3_step (statement), error);
}

baton_status ledger_remove (db_t *db, const char *session, baton_error_t *error)
{
    return change_by_session (db, "DELETE FROM attempt WHERE session = ?", session, error);
}

static attempt_t read_attempt (sqlite3_stmt *statement)
{
    attempt_t attempt = {.run = (uint64_t) sqlite3_column_int64 (statement, 1),
                         .attempt = (uint64_t) sqlite3_column_int64 (statement, 2),
                         .epoch = (uint64_t) sqlite3_column_int64 (statement, 3),
                         .state = (attempt_state_t) sqlite3_column_int (statement, 4)};
    snprintf (attempt.session, sizeof attempt.session, "%s", (const char *) sqlite3_column_text (statement, 0));
    snprintf (attempt.token, sizeof attempt.token, "%s", (const char *) sqlite3_column_text (statement, 5));
    return attempt;
}

baton_status ledger_load (db_t *db, attempt_t **ret_attempts, size_t *ret_count, baton_error_t *error)
{
    sqlite3_stmt *statement = db_prepare (db, "SELECT session, run, attempt, epoch, state, token FROM attempt");
    attempt_t *attempts = NULL;
    size_t count = 0;
    int result;
    while ((result = sqlite3_step (statement)) == SQLITE_ROW) {
        attempt_t *more = realloc (attempts, (count + 1) * sizeof *attempts);
        if (!more) {
            result = SQLITE_NOMEM;
            break;
        }
        attempts = more;
        attempts[count++] = read_attempt (statement);
    }
    baton_status status = db_done (db, statement, result, error);
    if (status != BATON_OK) {
        free (attempts);
        return status;
    }
    *ret_attempts = attempts;
    *ret_count = count;
    return BATON_OK;
}

baton_status ledger_adopt (db_t *db, const char *session, baton_error_t *error)
{
    return change_by_session (db, "INSERT OR IGNORE INTO adopted (session) VALUES (?)", session, error);
}

baton_status ledger_release (db_t *db, const char *session, baton_error_t *error)
{
    return change_by_session (db, "DELETE FROM adopted WHERE session = ?", session, error);
}

bool ledger_adopted (db_t *db, const char *session)
{
    sqlite3_stmt *statement = db_prepare (db, "SELECT 1 FROM adopted WHERE session = ?");
    sqlite3_bind_text (statement, 1, session, -1, SQLITE_STATIC);
    bool adopted = sqlite3_step (statement) == SQLITE_ROW;
    sqlite3_finalize (statement);
    return adopted;
}
