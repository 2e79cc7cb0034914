/*  The node's database, STATE/node.db: what must survive the node. Spool and ledger keep their tables in it, so that
 * one transaction can hold a row of each. SQLite in WAL mode, flushed at each commit.
 */
#ifndef BATON_DB_H
#define BATON_DB_H

#include <baton/status.h>
#include <sqlite3.h>

typedef struct db db_t;

/*  Opens or makes it. A database of a newer version or a damaged one is refused, with what to do. */
BATON_MUST_USE baton_status db_new (const char *path, db_t **ret_db, baton_error_t *error);
void db_destroy (db_t **self);

/*  A statement to bind, step and hand back with db_done. NULL for lack of memory. */
sqlite3_stmt *db_prepare (db_t *self, const char *sql);

/*  Finalizes the statement (NULL is fine). After a step that was to change something: fills error unless result is
 *  SQLITE_DONE or SQLITE_ROW. */
BATON_MUST_USE baton_status db_done (db_t *self, sqlite3_stmt *statement, int result, baton_error_t *error);

/*  Several changes as one. */
BATON_MUST_USE baton_status db_begin (db_t *self, baton_error_t *error);
BATON_MUST_USE baton_status db_commit (db_t *self, baton_error_t *error);
void db_rollback (db_t *self);

#endif
