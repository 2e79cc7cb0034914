/*  Opening and closing, errors, and small things that the other files of the SQLite store use. */
#include "store_sqlite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- errors ---- */

/*  SQLite tells a full disk (SQLITE_FULL) from a quota or a largest file size (SQLITE_IOERR), and forgets the cause of
 *  the latter when it happens in a COMMIT: then it is still in errno, which store_sqlite_run has cleared before. */
static bool is_no_room (sqlite3 *db, int code)
{
    if ((code & 0xff) == SQLITE_FULL)
        return true;
    if ((code & 0xff) != SQLITE_IOERR)
        return false;
    int cause = sqlite3_system_errno (db) != 0 ? sqlite3_system_errno (db) : errno;
    return cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
}

baton_status store_sqlite_fail (store_sqlite_t *self, const char *what, baton_error_t *error)
{
    int code = sqlite3_extended_errcode (self->db);
    const char *why = sqlite3_errmsg (self->db);
    if (is_no_room (self->db, code))
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_disk_full,
                           "%s: can't %s: there is no room on the disk", self->path, what);
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return baton_fail_memory (error);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_corrupt,
                           "%s is damaged: can't %s: %s; restore it from a backup and keep the damaged file",
                           self->path, what, why);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return baton_fail (error, BATON_unavailable, BATON_REASON_busy, "%s: can't %s: %s", self->path, what, why);
    case SQLITE_TOOBIG:
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large, "%s: can't %s: %s", self->path,
                           what, why);
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return baton_fail (error, BATON_internal, BATON_REASON_bug, "%s: can't %s: %s", self->path, what, why);
    default:
        return baton_fail (error, BATON_unavailable, BATON_REASON_storage_failed, "%s: can't %s: %s", self->path, what,
                           why);
    }
}

/* ---- statements ---- */

sqlite3_stmt *store_sqlite_statement (store_sqlite_t *self, sql_t name)
{
    sqlite3_reset (self->statements[name]);
    sqlite3_clear_bindings (self->statements[name]);
    return self->statements[name];
}

baton_status store_sqlite_run (store_sqlite_t *self, sql_t name, const char *what, baton_error_t *error)
{
    baton_status status = BATON_OK;
    errno = 0;
    if (sqlite3_step (self->statements[name]) != SQLITE_DONE)
        status = store_sqlite_fail (self, what, error);
    sqlite3_reset (self->statements[name]);
    return status;
}

void store_sqlite_bind_text (sqlite3_stmt *statement, int index, const char *text)
{
    if (text)
        sqlite3_bind_text (statement, index, text, -1, SQLITE_STATIC);
}

void store_sqlite_bind_uint (sqlite3_stmt *statement, int index, uint64_t value)
{
    sqlite3_bind_int64 (statement, index, value > INT64_MAX ? INT64_MAX : (int64_t) value);
}

void store_sqlite_bind_bytes (sqlite3_stmt *statement, int index, const baton_bytes_t *bytes)
{
    sqlite3_bind_blob64 (statement, index, bytes->data ? bytes->data : (const uint8_t *) "", bytes->size,
                         SQLITE_STATIC);
}

baton_status store_sqlite_unpack (store_sqlite_t *self, sqlite3_stmt *statement, int column, baton_bytes_t *ret_bytes,
                                  baton_error_t *error)
{
    const uint8_t *data = sqlite3_column_blob (statement, column);
    size_t size = (size_t) sqlite3_column_bytes (statement, column);
    if (!data && sqlite3_errcode (self->db) == SQLITE_NOMEM)
        return baton_fail_memory (error);
    return frame_unpack (self->packer, data, size, ret_bytes, error);
}

/* ---- open and close ---- */

static baton_status read_meta (store_sqlite_t *self, const char *key, uint64_t *ret_value, baton_error_t *error)
{
    sqlite3_stmt *statement = store_sqlite_statement (self, SQL_meta_get);
    store_sqlite_bind_text (statement, 1, key);
    int got = sqlite3_step (statement);
    baton_status status = BATON_OK;
    if (got == SQLITE_ROW)
        *ret_value = (uint64_t) sqlite3_column_int64 (statement, 0);
    else if (got != SQLITE_DONE)
        status = store_sqlite_fail (self, "read its settings", error);
    sqlite3_reset (statement);
    return status;
}

static baton_status read_end (store_sqlite_t *self, baton_error_t *error)
{
    sqlite3_stmt *last = store_sqlite_statement (self, SQL_log_last);
    int got = sqlite3_step (last);
    if (got == SQLITE_ROW) {
        self->last_log = (uint64_t) sqlite3_column_int64 (last, 0);
        self->base.head = (uint64_t) (sqlite3_column_int64 (last, 1) + sqlite3_column_int64 (last, 2) - 1);
    }
    sqlite3_reset (last);
    return got == SQLITE_ROW || got == SQLITE_DONE ? BATON_OK
                                                   : store_sqlite_fail (self, "read the end of its log", error);
}

static baton_status count_sessions (store_sqlite_t *self, baton_error_t *error)
{
    sqlite3_stmt *count = store_sqlite_statement (self, SQL_projection_count);
    int got = sqlite3_step (count);
    self->base.session_count = got == SQLITE_ROW ? (uint64_t) sqlite3_column_int64 (count, 0) : 0;
    sqlite3_reset (count);
    return got == SQLITE_ROW ? BATON_OK : store_sqlite_fail (self, "count its sessions", error);
}

static baton_status read_tail (store_sqlite_t *self, uint64_t from, baton_error_t *error)
{
    sqlite3_stmt *rows = store_sqlite_statement (self, SQL_log_from);
    store_sqlite_bind_uint (rows, 1, from);
    baton_status status = BATON_OK;
    int got;
    while (status == BATON_OK && (got = sqlite3_step (rows)) != SQLITE_DONE) {
        baton_bytes_t bytes = {0};
        tail_batch_t *batch = NULL;
        if (got == SQLITE_ROW)
            status = store_sqlite_unpack (self, rows, 2, &bytes, error);
        else
            status = store_sqlite_fail (self, "read the end of its log", error);
        if (status == BATON_OK)
            status = tail_prepare (self->tail, (uint64_t) sqlite3_column_int64 (rows, 0), &bytes, &batch, error);
        if (status == BATON_OK)
            tail_add (self->tail, &batch);
    }
    sqlite3_reset (rows);
    return status;
}

static void close_sqlite (store_t *base)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    store_sqlite_seal_stop (self);
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize (self->statements[i]);
    /*  The last connection to go moves the WAL into the database and removes it. */
    sqlite3_close (self->db);
    tail_destroy (&self->tail);
    blob_folder_destroy (&self->folder);
    if (self->mark >= 0)
        close (self->mark);
    frame_packer_destroy (&self->packer);
    sqlite3_free (self->path);
    free (self);
}

/* ---- a reader's view ---- */

/*  Brings the tail in step with the log: what was sealed meanwhile leaves it, what was committed meanwhile is added. */
static baton_status catch_up (store_sqlite_t *self, baton_error_t *error)
{
    uint64_t known = self->last_log;
    baton_status status = read_meta (self, "sealed", &self->sealed, error);
    if (status == BATON_OK)
        status = read_meta (self, "forgotten", &self->forgotten, error);
    if (status != BATON_OK)
        return status;
    tail_drop (self->tail, self->sealed);
    status = read_tail (self, (known > self->sealed ? known : self->sealed) + 1, error);
    return status == BATON_OK ? read_end (self, error) : status;
}

static void view_end (store_t *base)
{
    sqlite3_stmt *end = store_sqlite_statement ((store_sqlite_t *) base, SQL_view_end);
    sqlite3_step (end); /*  of a view that only read: there is nothing that could be lost */
    sqlite3_reset (end);
}

/*  After a failure the tail may be behind or ahead of what last_log says: it is read anew the next time. */
static baton_status view_begin (store_t *base, baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    store_sqlite_statement (self, SQL_view_begin);
    baton_status status = store_sqlite_run (self, SQL_view_begin, "begin a view", error);
    if (status != BATON_OK)
        return status;
    status = catch_up (self, error);
    if (status != BATON_OK) {
        tail_drop (self->tail, UINT64_MAX);
        self->last_log = 0;
        view_end (base);
    }
    return status;
}

/*  The one that commits is always at the newest: its view only saves it from taking SQLite's locks for each read. */
static baton_status hold_locks (store_t *base, baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    if (!sqlite3_get_autocommit (self->db))
        return BATON_OK;
    store_sqlite_statement (self, SQL_view_begin);
    return store_sqlite_run (self, SQL_view_begin, "begin to read", error);
}

static void release_locks (store_t *base)
{
    if (!sqlite3_get_autocommit (((store_sqlite_t *) base)->db))
        view_end (base);
}

static const store_ops_t SQLITE_OPS = {
    .close = close_sqlite,
    .commit = store_sqlite_commit,
    .load = store_sqlite_load,
    .history = store_sqlite_history,
    .log = store_sqlite_log,
    .list = store_sqlite_list,
    .find = store_sqlite_find,
    .open_breakpoints = store_sqlite_open_breakpoints,
    .stale = store_sqlite_stale,
    .shows = store_sqlite_shows,
    .due = store_sqlite_due,
    .answer = store_sqlite_answer,
    .forget_answers = store_sqlite_forget_answers,
    .forget_staged = store_sqlite_forget_staged,
    .view_begin = hold_locks,
    .view_end = release_locks,
    .blob = store_sqlite_blob,
    .has_blob = store_sqlite_has_blob,
    .staged = store_sqlite_staged,
    .count = store_sqlite_count,
};

static const store_ops_t READER_OPS = {
    .close = close_sqlite,
    .load = store_sqlite_load,
    .history = store_sqlite_history,
    .log = store_sqlite_log,
    .list = store_sqlite_list,
    .find = store_sqlite_find,
    .open_breakpoints = store_sqlite_open_breakpoints,
    .shows = store_sqlite_shows,
    .due = store_sqlite_due,
    .answer = store_sqlite_answer,
    .view_begin = view_begin,
    .view_end = view_end,
    .blob = store_sqlite_blob,
    .has_blob = store_sqlite_has_blob,
    .staged = store_sqlite_staged,
    .count = store_sqlite_count,
};

static baton_status open_database (store_sqlite_t *self, baton_error_t *error)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2 (self->path, &self->db, flags, NULL) != SQLITE_OK)
        return self->db ? store_sqlite_fail (self, "open it", error) : baton_fail_memory (error);
    sqlite3_busy_timeout (self->db, 2000);
    baton_status status = store_sqlite_prepare (self, error);
    if (status == BATON_OK)
        status = read_meta (self, "sealed", &self->sealed, error);
    if (status == BATON_OK)
        status = read_meta (self, "forgotten", &self->forgotten, error);
    if (status == BATON_OK)
        status = read_meta (self, "shown", &self->base.shown, error);
    if (status == BATON_OK)
        status = read_end (self, error);
    if (status == BATON_OK)
        status = count_sessions (self, error);
    if (status == BATON_OK)
        status = read_tail (self, self->sealed + 1, error);
    return status;
}

static baton_status open_with (const char *directory, const store_ops_t *ops, store_t **ret_store, baton_error_t *error)
{
    store_sqlite_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    self->base.ops = ops;
    self->mark = -1;
    self->packer = frame_packer_new ();
    self->tail = tail_new ();
    self->folder = blob_folder_new (directory);
    self->path = sqlite3_mprintf ("%s/baton.db", directory);
    baton_status status;
    if (self->packer && self->tail && self->folder && self->path)
        status = open_database (self, error);
    else
        status = baton_fail_memory (error);
    if (status == BATON_OK)
        *ret_store = &self->base;
    else
        close_sqlite (&self->base);
    return status;
}

baton_status store_open_sqlite (const char *directory, store_t **ret_store, baton_error_t *error)
{
    store_t *store = NULL;
    baton_status status = open_with (directory, &SQLITE_OPS, &store, error);
    if (status == BATON_OK)
        status = store_sqlite_open_mark ((store_sqlite_t *) store, directory, error);
    if (status == BATON_OK)
        status = store_sqlite_recover_blobs ((store_sqlite_t *) store, error);
    if (status == BATON_OK)
        *ret_store = store;
    else
        store_close (&store);
    return status;
}

baton_status store_open_reader (const char *directory, store_t **ret_store, baton_error_t *error)
{
    return open_with (directory, &READER_OPS, ret_store, error);
}
