#include "spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS "id, session, method, key, run, epoch, if_n, body"

void spooled_clear (spooled_t *change)
{
    bytes_clear (&change->body);
    *change = (spooled_t){.id = 0};
}

static baton_status read_change (sqlite3_stmt *statement, spooled_t *ret_change)
{
    spooled_t change = {.id = (uint64_t) sqlite3_column_int64 (statement, 0),
                        .method = method_find ((const char *) sqlite3_column_text (statement, 2)),
                        .run = (uint64_t) sqlite3_column_int64 (statement, 4),
                        .epoch = (uint64_t) sqlite3_column_int64 (statement, 5),
                        .if_n = (uint64_t) sqlite3_column_int64 (statement, 6)};
    snprintf (change.session, sizeof change.session, "%s", (const char *) sqlite3_column_text (statement, 1));
    snprintf (change.key, sizeof change.key, "%s", (const char *) sqlite3_column_text (statement, 3));
    size_t size = (size_t) sqlite3_column_bytes (statement, 7);
    baton_status status = bytes_set (&change.body, sqlite3_column_blob (statement, 7), size);
    if (status == BATON_OK)
        *ret_change = change;
    return status;
}

/*  Runs a SELECT of at most one row. */
static baton_status read_one (db_t *db, sqlite3_stmt *statement, spooled_t *ret_change, baton_error_t *error)
{
    int result = sqlite3_step (statement);
    baton_status status = BATON_OK;
    if (result == SQLITE_ROW && read_change (statement, ret_change) != BATON_OK)
        result = SQLITE_NOMEM;
    bool none = result == SQLITE_DONE;
    status = db_done (db, statement, result, error);
    return status == BATON_OK && none ? BATON_not_found : status;
}

static baton_status find_key (db_t *db, const spooled_t *change, spooled_t *ret_found, baton_error_t *error)
{
    sqlite3_stmt *statement =
        db_prepare (db, "SELECT " COLUMNS " FROM outgoing WHERE session = ? AND run = ? AND key = ?");
    sqlite3_bind_text (statement, 1, change->session, -1, SQLITE_STATIC);
    sqlite3_bind_int64 (statement, 2, (sqlite3_int64) change->run);
    sqlite3_bind_text (statement, 3, change->key, -1, SQLITE_STATIC);
    return read_one (db, statement, ret_found, error);
}

static bool same_content (const spooled_t *a, const spooled_t *b)
{
    return a->method == b->method && a->body.size == b->body.size &&
           (a->body.size == 0 || memcmp (a->body.data, b->body.data, a->body.size) == 0);
}

static baton_status insert (db_t *db, const spooled_t *change, uint64_t *ret_id, baton_error_t *error)
{
    sqlite3_stmt *statement = db_prepare (db, "INSERT INTO outgoing (session, method, key, run, epoch, if_n, body)"
                                              " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id");
    sqlite3_bind_text (statement, 1, change->session, -1, SQLITE_STATIC);
    sqlite3_bind_text (statement, 2, METHODS[change->method].name, -1, SQLITE_STATIC);
    sqlite3_bind_text (statement, 3, change->key, -1, SQLITE_STATIC);
    sqlite3_bind_int64 (statement, 4, (sqlite3_int64) change->run);
    sqlite3_bind_int64 (statement, 5, (sqlite3_int64) change->epoch);
    sqlite3_bind_int64 (statement, 6, (sqlite3_int64) change->if_n);
    sqlite3_bind_blob64 (statement, 7, change->body.size > 0 ? (const void *) change->body.data : "", change->body.size,
                         SQLITE_STATIC);
    int result = sqlite3_step (statement);
    uint64_t id = result == SQLITE_ROW ? (uint64_t) sqlite3_column_int64 (statement, 0) : 0;
    if (result == SQLITE_ROW)
        result = sqlite3_step (statement);
    baton_status status = db_done (db, statement, result, error);
    if (status == BATON_OK)
        *ret_id = id;
    return status;
}

baton_status spool_add (db_t *db, const spooled_t *change, uint64_t *ret_id, baton_error_t *error)
{
    spooled_t found = {.id = 0};
    baton_status status = find_key (db, change, &found, error);
    if (status == BATON_not_found)
        return insert (db, change, ret_id, error);
    if (status != BATON_OK)
        return status;
    bool same = same_content (change, &found);
    if (same)
        *ret_id = found.id;
    spooled_clear (&found);
    return same ? BATON_OK
                : baton_fail (error, BATON_aborted, BATON_REASON_key_reused,
                              "the idempotency key was given to another request before");
}

/*  The first column of the only row; 0 when there is none. */
static uint64_t read_number (db_t *db, const char *sql)
{
    sqlite3_stmt *statement = db_prepare (db, sql);
    uint64_t number = sqlite3_step (statement) == SQLITE_ROW ? (uint64_t) sqlite3_column_int64 (statement, 0) : 0;
    sqlite3_finalize (statement);
    return number;
}

bool spool_full (db_t *db)
{
    uint64_t pages = read_number (db, "PRAGMA page_count") - read_number (db, "PRAGMA freelist_count");
    return pages * read_number (db, "PRAGMA page_size") >= SPOOL_BYTES_MOST;
}

uint64_t spool_count (db_t *db)
{
    return read_number (db, "SELECT count (*) FROM outgoing");
}

baton_status spool_first (db_t *db, const char *session, spooled_t *ret_change, baton_error_t *error)
{
    sqlite3_stmt *statement = db_prepare (db, "SELECT " COLUMNS " FROM outgoing WHERE session = ? ORDER BY id LIMIT 1");
    sqlite3_bind_text (statement, 1, session, -1, SQLITE_STATIC);
    return read_one (db, statement, ret_change, error);
}

baton_status spool_remove (db_t *db, uint64_t id, baton_error_t *error)
{
    sqlite3_stmt *statement = db_prepare (db, "DELETE FROM outgoing WHERE id = ?");
    sqlite3_bind_int64 (statement, 1, (sqlite3_int64) id);
    return db_done (db, statement, sqlite3_step (statement), error);
}

baton_status spool_sessions (db_t *db, baton_texts_t *ret_sessions, baton_error_t *error)
{
    baton_texts_t sessions = {.count = 0};
    sqlite3_stmt *statement = db_prepare (db, "SELECT session FROM outgoing GROUP BY session ORDER BY min (id)");
    int result;
    while ((result = sqlite3_step (statement)) == SQLITE_ROW)
        if (texts_add (&sessions, (const char *) sqlite3_column_text (statement, 0)) != BATON_OK) {
            result = SQLITE_NOMEM;
            break;
        }
    baton_status status = db_done (db, statement, result, error);
    if (status == BATON_OK)
        *ret_sessions = sessions;
    else
        texts_clear (&sessions);
    return status;
}
