/*  The database itself: settings, the version of its schema, and the way from an older version to this one. */
#include "store_sqlite.h"

#include <string.h>

#define APPLICATION_ID "1113674830" /*  "BATN" */

static const char SETTINGS[] = "PRAGMA locking_mode = NORMAL;"
                               "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA wal_autocheckpoint = 4000;"
                               "PRAGMA journal_size_limit = 67108864;"
                               "PRAGMA cache_size = -8192;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA trusted_schema = OFF;";

/*  MIGRATIONS[v] leads from version v to v + 1; version 0 is the empty file. Rows are only ever appended here: what
 *  once was written to a disk somewhere is not changed. */
static const char *const MIGRATIONS[] = {
    "PRAGMA application_id = " APPLICATION_ID ";"
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE log (id INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, count INTEGER NOT NULL,"
    " data BLOB NOT NULL);"
    "CREATE TABLE page (session TEXT NOT NULL, first_n INTEGER NOT NULL, count INTEGER NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY (session, first_n)) WITHOUT ROWID;"
    "CREATE TABLE answer (hash INTEGER NOT NULL, log INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (hash, log))"
    " WITHOUT ROWID;"
    "CREATE TABLE projection (session TEXT PRIMARY KEY, position INTEGER NOT NULL, title TEXT NOT NULL,"
    " agent TEXT, node TEXT, state TEXT NOT NULL, priority INTEGER NOT NULL, due INTEGER NOT NULL,"
    " active INTEGER NOT NULL, breakpoints INTEGER NOT NULL, labels TEXT NOT NULL, data BLOB NOT NULL);"
    "CREATE INDEX projection_position ON projection (position);"
    "CREATE INDEX projection_title ON projection (title);"
    "CREATE INDEX projection_due ON projection (due, position) WHERE due > 0;"
    "CREATE INDEX projection_active ON projection (position) WHERE active;"
    "CREATE INDEX projection_open ON projection (position) WHERE breakpoints > 0;"
    "CREATE TABLE snapshot (session TEXT PRIMARY KEY, n INTEGER NOT NULL, state BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE blob (digest TEXT PRIMARY KEY, content BLOB NOT NULL);",
    ("ALTER TABLE projection ADD COLUMN audience BLOB;"
     "CREATE INDEX projection_shared ON projection (position) WHERE audience IS NOT NULL;"),
    "CREATE TABLE staged (digest TEXT PRIMARY KEY, at INTEGER NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID;",
    "ALTER TABLE staged ADD COLUMN puts INTEGER NOT NULL DEFAULT 1;",
    /*  `due` was the earlier of the two: when it has come, one of them does something, and both are written anew. */
    ("ALTER TABLE projection ADD COLUMN wakes INTEGER NOT NULL DEFAULT 0;"
     "UPDATE projection SET wakes = due;"
     "CREATE INDEX projection_wakes ON projection (wakes, position) WHERE wakes > 0;"),
    "ALTER TABLE blob ADD COLUMN file INTEGER;",
    "ALTER TABLE projection ADD COLUMN driver TEXT;",
    /*  held: how much each owner holds, so that nobody has to count. */
    ("CREATE TABLE hold (owner TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, at INTEGER NOT NULL,"
     " size INTEGER NOT NULL, PRIMARY KEY (owner, name, digest)) WITHOUT ROWID;"
     "CREATE INDEX hold_digest ON hold (digest);"
     "CREATE INDEX hold_at ON hold (at);"
     "CREATE TABLE held (owner TEXT PRIMARY KEY, count INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;"
     "CREATE TRIGGER hold_begins AFTER INSERT ON hold BEGIN"
     " INSERT INTO held (owner, count, bytes) VALUES (new.owner, 1, new.size)"
     " ON CONFLICT (owner) DO UPDATE SET count = count + 1, bytes = bytes + new.size; END;"
     "CREATE TRIGGER hold_ends AFTER DELETE ON hold BEGIN"
     " UPDATE held SET count = count - 1, bytes = bytes - old.size WHERE owner = old.owner; END;"
     "INSERT INTO hold (owner, name, digest, at, size) SELECT '*', '', digest, at, size FROM staged;"
     "DROP TABLE staged;"),
    /*  Which breakpoints are open stands in documents: store_stale names the sessions that have some. */
    ("CREATE TABLE open_breakpoint (session TEXT NOT NULL, number INTEGER NOT NULL, opened_at INTEGER NOT NULL,"
     " deadline INTEGER NOT NULL, audience BLOB, PRIMARY KEY (session, number)) WITHOUT ROWID;"
     "CREATE INDEX open_oldest ON open_breakpoint (opened_at, session, number);"
     "CREATE INDEX open_urgent ON open_breakpoint (deadline, opened_at, session, number);"
     "CREATE INDEX open_shared_oldest ON open_breakpoint (opened_at, session, number) WHERE audience IS NOT NULL;"
     "CREATE INDEX open_shared_urgent ON open_breakpoint (deadline, opened_at, session, number)"
     " WHERE audience IS NOT NULL;"
     "INSERT INTO meta (key, value) SELECT 'shown', max (first_seq + count - 1) FROM log"
     " WHERE id = (SELECT max (id) FROM log) HAVING count (*) > 0;"),
};

_Static_assert(sizeof MIGRATIONS / sizeof *MIGRATIONS == STORE_SCHEMA, "each version but the last has a way forward");

static baton_status run_script (store_sqlite_t *self, const char *script, const char *what, baton_error_t *error)
{
    return sqlite3_exec (self->db, script, NULL, NULL, NULL) == SQLITE_OK ? BATON_OK
                                                                          : store_sqlite_fail (self, what, error);
}

/*  The first column of the first row of a query outside the prepared ones; 0 when there is no row. */
static baton_status query_int (store_sqlite_t *self, const char *sql, int64_t *ret_value, baton_error_t *error)
{
    sqlite3_stmt *statement = NULL;
    int got = sqlite3_prepare_v2 (self->db, sql, -1, &statement, NULL);
    if (got == SQLITE_OK)
        got = sqlite3_step (statement);
    baton_status status = BATON_OK;
    if (got != SQLITE_ROW && got != SQLITE_DONE)
        status = store_sqlite_fail (self, "read its version", error);
    else
        *ret_value = got == SQLITE_ROW ? sqlite3_column_int64 (statement, 0) : 0;
    sqlite3_finalize (statement);
    return status;
}

static baton_status read_version (store_sqlite_t *self, int64_t *ret_version, baton_error_t *error)
{
    int64_t tables = 0, application = 0;
    baton_status status = query_int (self, "SELECT count (*) FROM sqlite_master", &tables, error);
    if (status == BATON_OK)
        status = query_int (self, "PRAGMA application_id", &application, error);
    if (status != BATON_OK)
        return status;
    if (tables == 0) {
        *ret_version = 0;
        return BATON_OK;
    }
    char ours[24];
    sqlite3_snprintf (sizeof ours, ours, "%lld", application);
    if (strcmp (ours, APPLICATION_ID) != 0)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_corrupt,
                           "%s is a database, but not one of Baton's", self->path);
    return query_int (self, "SELECT value FROM meta WHERE key = 'schema'", ret_version, error);
}

static baton_status migrate_one (store_sqlite_t *self, int64_t version, baton_error_t *error)
{
    char mark[96];
    sqlite3_snprintf (sizeof mark, mark, "INSERT OR REPLACE INTO meta (key, value) VALUES ('schema', %lld);",
                      version + 1);
    const char *const steps[] = {"BEGIN IMMEDIATE", MIGRATIONS[version], mark, "COMMIT"};
    baton_status status = BATON_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == BATON_OK; i++)
        status = run_script (self, steps[i], "bring its schema up to date", error);
    if (!sqlite3_get_autocommit (self->db))
        sqlite3_exec (self->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static baton_status migrate (store_sqlite_t *self, baton_error_t *error)
{
    int64_t version = 0;
    baton_status status = read_version (self, &version, error);
    if (status == BATON_OK && version > STORE_SCHEMA)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_newer_schema,
                           "%s has schema version %lld; this program knows versions up to %d", self->path,
                           (long long) version, STORE_SCHEMA);
    if (status == BATON_OK && version < 0)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_corrupt, "%s has no schema version",
                           self->path);
    for (; version < STORE_SCHEMA && status == BATON_OK; version++)
        status = migrate_one (self, version, error);
    return status;
}

baton_status store_sqlite_prepare (store_sqlite_t *self, baton_error_t *error)
{
    static const char *const SQL[] = {
#define STATEMENT(name, sql) sql,
#include "store_sqlite.def"
    };
    baton_status status = run_script (self, SETTINGS, "open it", error);
    if (status == BATON_OK)
        status = migrate (self, error);
    if (status != BATON_OK)
        return status;
    if (sqlite3_create_function (self->db, "has_labels", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                 store_sqlite_has_labels, NULL, NULL) != SQLITE_OK ||
        sqlite3_create_function (self->db, "shown", 2, SQLITE_UTF8, NULL, store_sqlite_shown, NULL, NULL) != SQLITE_OK)
        return store_sqlite_fail (self, "prepare it", error);
    for (int i = 0; i < SQL_COUNT; i++)
        if (sqlite3_prepare_v3 (self->db, SQL[i], -1, SQLITE_PREPARE_PERSISTENT, &self->statements[i], NULL) !=
            SQLITE_OK)
            return store_sqlite_fail (self, "prepare it", error);
    return BATON_OK;
}
