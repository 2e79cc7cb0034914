#include "db.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define SCHEMA_VERSION 1

static const char SCHEMA[] =
    /*  Changes on their way to the broker, in order. */
    "CREATE TABLE outgoing (id INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, method TEXT NOT NULL,"
    " key TEXT NOT NULL, run INTEGER NOT NULL, epoch INTEGER NOT NULL, if_n INTEGER NOT NULL, body BLOB NOT NULL,"
    " UNIQUE (session, run, key));"
    /*  The last attempt of each session that this node started. */
    "CREATE TABLE attempt (session TEXT PRIMARY KEY, run INTEGER NOT NULL, attempt INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, state INTEGER NOT NULL, token TEXT NOT NULL) WITHOUT ROWID;"
    /*  Sessions that came here by migration: their workspace is the node's own folder. */
    "CREATE TABLE adopted (session TEXT PRIMARY KEY) WITHOUT ROWID;"
    "PRAGMA user_version = 1;";

struct db {
    sqlite3 *handle;
};

static baton_status failed (db_t *self, baton_error_t *error)
{
    int code = sqlite3_errcode (self->handle);
    if (code == SQLITE_NOMEM)
        return baton_fail_memory (error);
    if (code == SQLITE_FULL)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_disk_full,
                           "the disk with the node's state is full");
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_corrupt, "the node's database is damaged: %s",
                           sqlite3_errmsg (self->handle));
    return baton_fail (error, BATON_internal, BATON_REASON_storage_failed, "the node's database failed: %s",
                       sqlite3_errmsg (self->handle));
}

static baton_status run_sql (db_t *self, const char *sql, baton_error_t *error)
{
    return sqlite3_exec (self->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? BATON_OK : failed (self, error);
}

static baton_status read_version (db_t *self, int *ret_version, baton_error_t *error)
{
    sqlite3_stmt *statement = db_prepare (self, "PRAGMA user_version");
    int result = statement ? sqlite3_step (statement) : SQLITE_ERROR;
    int version = result == SQLITE_ROW ? sqlite3_column_int (statement, 0) : 0;
    baton_status status = db_done (self, statement, result, error);
    if (status == BATON_OK)
        *ret_version = version;
    return status;
}

static baton_status prepare_schema (db_t *self, baton_error_t *error)
{
    int version = 0;
    baton_status status = read_version (self, &version, error);
    if (status != BATON_OK)
        return status;
    if (version > SCHEMA_VERSION)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_newer_schema,
                           "the node's database has version %d; this program knows up to %d", version, SCHEMA_VERSION);
    status = run_sql (self, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000", error);
    if (status != BATON_OK || version == SCHEMA_VERSION)
        return status;
    status = db_begin (self, error);
    if (status == BATON_OK)
        status = run_sql (self, SCHEMA, error);
    if (status == BATON_OK)
        return db_commit (self, error);
    db_rollback (self);
    return status;
}

baton_status db_new (const char *path, db_t **ret_db, baton_error_t *error)
{
    db_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    baton_status status = BATON_OK;
    /*  The tokens of runs are in it. SQLite gives its other files the mode of this one. */
    int file = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0)
        close (file);
    if (sqlite3_open (path, &self->handle) != SQLITE_OK)
        status = baton_fail (error, BATON_failed_precondition, BATON_REASON_storage_failed, "can't open %s: %s", path,
                             sqlite3_errmsg (self->handle));
    if (status == BATON_OK)
        status = prepare_schema (self, error);
    if (status != BATON_OK)
        db_destroy (&self);
    else
        *ret_db = self;
    return status;
}

void db_destroy (db_t **self)
{
    if (!*self)
        return;
    sqlite3_close ((*self)->handle);
    free (*self);
    *self = NULL;
}

sqlite3_stmt *db_prepare (db_t *self, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2 (self->handle, sql, -1, &statement, NULL);
    return statement;
}

baton_status db_done (db_t *self, sqlite3_stmt *statement, int result, baton_error_t *error)
{
    baton_status status = result == SQLITE_DONE || result == SQLITE_ROW ? BATON_OK : failed (self, error);
    sqlite3_finalize (statement);
    return status;
}

baton_status db_begin (db_t *self, baton_error_t *error)
{
    return run_sql (self, "BEGIN IMMEDIATE", error);
}

baton_status db_commit (db_t *self, baton_error_t *error)
{
    return run_sql (self, "COMMIT", error);
}

void db_rollback (db_t *self)
{
    sqlite3_exec (self->handle, "ROLLBACK", NULL, NULL, NULL);
}
