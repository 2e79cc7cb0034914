/*  What there is, in numbers. */
#include "store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static baton_status count_sessions (store_sqlite_t *self, store_counts_t *counts, baton_error_t *error)
{
    sqlite3_stmt *statement = store_sqlite_statement (self, SQL_count_sessions);
    int got;
    while ((got = sqlite3_step (statement)) == SQLITE_ROW)
        for (int state = 1; state < lifecycle_count; state++)
            if (strcmp ((const char *) sqlite3_column_text (statement, 0), lifecycle_names.names[state]) == 0)
                counts->sessions[state] = (uint64_t) sqlite3_column_int64 (statement, 1);
    baton_status status = got == SQLITE_DONE ? BATON_OK : store_sqlite_fail (self, "count its sessions", error);
    sqlite3_reset (statement);
    return status;
}

/*  Oldest first. */
static baton_status count_open (store_sqlite_t *self, uint64_t now, store_counts_t *counts, baton_error_t *error)
{
    sqlite3_stmt *statement = store_sqlite_statement (self, SQL_count_open);
    int got;
    while ((got = sqlite3_step (statement)) == SQLITE_ROW) {
        uint64_t opened_at = (uint64_t) sqlite3_column_int64 (statement, 0);
        counts->oldest = counts->oldest > 0 ? counts->oldest : opened_at;
        counts->open[store_age (opened_at, now)]++;
    }
    baton_status status = got == SQLITE_DONE ? BATON_OK : store_sqlite_fail (self, "count its breakpoints", error);
    sqlite3_reset (statement);
    return status;
}

static uint64_t size_of_file (const char *path)
{
    struct stat about;
    return stat (path, &about) == 0 ? (uint64_t) about.st_size : 0;
}

baton_status store_sqlite_count (store_t *base, uint64_t now, store_counts_t *ret_counts, baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    char *log = NULL;
    if (asprintf (&log, "%s-wal", self->path) < 0)
        return baton_fail_memory (error);
    ret_counts->database = size_of_file (self->path);
    ret_counts->log = size_of_file (log);
    free (log);
    baton_status status = count_sessions (self, ret_counts, error);
    return status == BATON_OK ? count_open (self, now, ret_counts, error) : status;
}
