/*  Blobs: small ones are in their rows, and those that take STORE_LARGE when they are packed in files of their own.
 *  SQLite writes each byte twice, to its log and to its pages; a file costs a flush of its own. */
#include "store_sqlite.h"

#include "store_content_internal.h"

#include <stdlib.h>

/*  How many one call sweeps: some 10 ms where each is as large as can be. */
#define SWEPT_MOST 8

/* ---- writing ---- */

static baton_status about_hold (store_sqlite_t *self, sql_t statement, const store_holder_t *holder, const char *third,
                                baton_error_t *error)
{
    sqlite3_stmt *about = store_sqlite_statement (self, statement);
    store_sqlite_bind_text (about, 1, holder->owner);
    store_sqlite_bind_text (about, 2, holder->name);
    if (third) /*  a digest, or another name */
        store_sqlite_bind_text (about, 3, third);
    return store_sqlite_run (self, statement, "note who holds an artifact", error);
}

static baton_status keep_blob (store_sqlite_t *self, const char *digest, baton_error_t *error)
{
    store_sqlite_bind_text (store_sqlite_statement (self, SQL_hold_keep), 1, digest);
    return store_sqlite_run (self, SQL_hold_keep, "keep an artifact", error);
}

/*  Runs a statement that has its values and gives the rows that it deletes; their files go with them. */
static baton_status delete_blobs (store_sqlite_t *self, sql_t name, baton_error_t *error)
{
    sqlite3_stmt *statement = self->statements[name];
    baton_status status = BATON_OK;
    int got = SQLITE_ROW;
    while (status == BATON_OK && (got = sqlite3_step (statement)) == SQLITE_ROW)
        if (sqlite3_column_type (statement, 1) != SQLITE_NULL)
            status = blob_folder_drop (self->folder, (const char *) sqlite3_column_text (statement, 0), error);
    if (status == BATON_OK && got != SQLITE_DONE)
        status = store_sqlite_fail (self, "forget an artifact", error);
    sqlite3_reset (statement);
    return status;
}

static baton_status note_holder (store_sqlite_t *self, const store_blob_t *blob, baton_error_t *error)
{
    if (blob->staged_at == 0)
        return keep_blob (self, blob->digest, error);
    store_sqlite_bind_text (store_sqlite_statement (self, SQL_hold_mark), 1, blob->digest);
    baton_status status = store_sqlite_run (self, SQL_hold_mark, "keep an artifact", error);
    if (status != BATON_OK)
        return status;
    sqlite3_stmt *put = store_sqlite_statement (self, SQL_hold_put);
    store_sqlite_bind_text (put, 1, blob->holder.owner);
    store_sqlite_bind_text (put, 2, blob->holder.name);
    store_sqlite_bind_text (put, 3, blob->digest);
    store_sqlite_bind_uint (put, 4, blob->staged_at);
    store_sqlite_bind_uint (put, 5, blob->content.size);
    return store_sqlite_run (self, SQL_hold_put, "stage an artifact", error);
}

/*  Whether there is a row, and the size of its file, 0 for one that has its content. */
static baton_status find_file (store_sqlite_t *self, const char *digest, bool *ret_known, uint64_t *ret_size,
                               baton_error_t *error)
{
    sqlite3_stmt *get = store_sqlite_statement (self, SQL_blob_file);
    store_sqlite_bind_text (get, 1, digest);
    int got = sqlite3_step (get);
    baton_status status = BATON_OK;
    if (got == SQLITE_ROW || got == SQLITE_DONE) {
        *ret_known = got == SQLITE_ROW;
        *ret_size = got == SQLITE_ROW ? (uint64_t) sqlite3_column_int64 (get, 0) : 0;
    } else
        status = store_sqlite_fail (self, "look for an artifact", error);
    sqlite3_reset (get);
    return status;
}

/*  file is its size; 0: the row has the content. */
static baton_status put_row (store_sqlite_t *self, const char *digest, const baton_bytes_t *packed, uint64_t file,
                             baton_error_t *error)
{
    sqlite3_stmt *put = store_sqlite_statement (self, SQL_blob_put);
    store_sqlite_bind_text (put, 1, digest);
    store_sqlite_bind_bytes (put, 2, file > 0 ? &(baton_bytes_t){0} : packed);
    if (file > 0)
        store_sqlite_bind_uint (put, 3, file);
    return store_sqlite_run (self, SQL_blob_put, "write an artifact", error);
}

static baton_status write_content (store_sqlite_t *self, const store_blob_t *blob, baton_error_t *error)
{
    baton_bytes_t packed = {0};
    if (frame_pack (self->packer, blob->content.data, blob->content.size, &packed) != BATON_OK)
        return baton_fail_memory (error);
    bool is_file = packed.size >= STORE_LARGE;
    baton_status status = is_file ? blob_folder_put (self->folder, blob->digest, &packed, error) : BATON_OK;
    if (status == BATON_OK)
        status = put_row (self, blob->digest, &packed, is_file ? packed.size : 0, error);
    bytes_clear (&packed);
    return status;
}

static baton_status write_ready (store_sqlite_t *self, store_content_t *ready, baton_error_t *error)
{
    if (!ready->path)
        return put_row (self, ready->digest, &ready->packed, 0, error);
    baton_status status = blob_folder_adopt (self->folder, ready->digest, ready->path, error);
    if (status != BATON_OK)
        return status;
    free (ready->path);
    ready->path = NULL;
    return put_row (self, ready->digest, &ready->packed, ready->size, error);
}

baton_status store_sqlite_write_blob (store_sqlite_t *self, const store_blob_t *blob, baton_error_t *error)
{
    bool known = false;
    uint64_t size = 0;
    baton_status status = note_holder (self, blob, error);
    if (status == BATON_OK)
        status = find_file (self, blob->digest, &known, &size, error);
    if (status != BATON_OK || (known && (size == 0 || blob_folder_has (self->folder, blob->digest, size))))
        return status;
    return blob->ready ? write_ready (self, blob->ready, error) : write_content (self, blob, error);
}

baton_status store_sqlite_write_hold (store_sqlite_t *self, const store_hold_t *hold, baton_error_t *error)
{
    baton_status status = BATON_OK;
    switch (hold->what) {
    case STORE_HOLD_keep:
        return keep_blob (self, hold->digest, error);
    case STORE_HOLD_add:
        return about_hold (self, SQL_hold_add, &hold->holder, hold->digest, error);
    case STORE_HOLD_share:
        return about_hold (self, SQL_hold_share, &hold->holder, hold->from, error);
    case STORE_HOLD_release:
        status = about_hold (self, SQL_hold_release, &hold->holder, NULL, error);
        return status == BATON_OK ? about_hold (self, SQL_hold_end, &hold->holder, NULL, error) : status;
    }
    return status;
}

static void bind_sweep (store_sqlite_t *self, sql_t name, uint64_t before)
{
    sqlite3_stmt *statement = store_sqlite_statement (self, name);
    store_sqlite_bind_uint (statement, 1, before);
    store_sqlite_bind_uint (statement, 2, SWEPT_MOST);
}

baton_status store_sqlite_forget_staged (store_t *base, uint64_t before, bool *ret_more, baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    const char *what = "forget what was staged";
    int swept = 0;
    baton_status status = store_sqlite_begin (self, what, error);
    bind_sweep (self, SQL_sweep_blobs, before);
    if (status == BATON_OK)
        status = delete_blobs (self, SQL_sweep_blobs, error);
    bind_sweep (self, SQL_sweep_holds, before);
    if (status == BATON_OK)
        status = store_sqlite_run (self, SQL_sweep_holds, what, error);
    swept = sqlite3_changes (self->db);
    status = store_sqlite_end (self, status, what, error);
    if (status == BATON_OK)
        *ret_more = swept == SWEPT_MOST;
    return status;
}

/* ---- reading ---- */

static baton_status read_file (store_sqlite_t *self, const char *digest, uint64_t size, baton_bytes_t *ret_content,
                               baton_error_t *error)
{
    baton_bytes_t packed = {0};
    baton_status status = blob_folder_read (self->folder, digest, size, &packed, error);
    if (status != BATON_OK)
        return status;
    status = frame_unpack (self->packer, packed.data, packed.size, ret_content, NULL);
    bytes_clear (&packed);
    if (status == BATON_OK)
        return status;
    return status == BATON_failed_precondition ? blob_folder_damaged (self->folder, digest, error)
                                               : baton_fail_memory (error);
}

baton_status store_sqlite_blob (store_t *base, const char *digest, baton_bytes_t *ret_content, baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    sqlite3_stmt *get = store_sqlite_statement (self, SQL_blob_get);
    store_sqlite_bind_text (get, 1, digest);
    int got = sqlite3_step (get);
    baton_status status;
    if (got == SQLITE_ROW && sqlite3_column_type (get, 1) != SQLITE_NULL)
        status = read_file (self, digest, (uint64_t) sqlite3_column_int64 (get, 1), ret_content, error);
    else if (got == SQLITE_ROW)
        status = store_sqlite_unpack (self, get, 0, ret_content, error);
    else
        status =
            got == SQLITE_DONE ? store_no_blob (digest, error) : store_sqlite_fail (self, "read an artifact", error);
    sqlite3_reset (get);
    return status;
}

static baton_status has_put (store_sqlite_t *self, const char *owner, const char *digest, bool *ret_has,
                             baton_error_t *error)
{
    sqlite3_stmt *has = store_sqlite_statement (self, SQL_hold_has);
    store_sqlite_bind_text (has, 1, digest);
    store_sqlite_bind_text (has, 2, owner);
    int got = sqlite3_step (has);
    sqlite3_reset (has);
    if (got != SQLITE_ROW && got != SQLITE_DONE)
        return store_sqlite_fail (self, "look for who has put an artifact", error);
    *ret_has = got == SQLITE_ROW;
    return BATON_OK;
}

baton_status store_sqlite_has_blob (store_t *base, const char *owner, const char *digest, bool *ret_has,
                                    baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    uint64_t size = 0;
    return owner ? has_put (self, owner, digest, ret_has, error) : find_file (self, digest, ret_has, &size, error);
}

baton_status store_sqlite_staged (store_t *base, const char *owner, uint64_t *ret_count, uint64_t *ret_bytes,
                                  baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    sqlite3_stmt *load = store_sqlite_statement (self, SQL_held_load);
    store_sqlite_bind_text (load, 1, owner);
    baton_status status = BATON_OK;
    if (sqlite3_step (load) == SQLITE_ROW) {
        *ret_count = (uint64_t) sqlite3_column_int64 (load, 0);
        *ret_bytes = (uint64_t) sqlite3_column_int64 (load, 1);
    } else
        status = store_sqlite_fail (self, "count what is staged", error);
    sqlite3_reset (load);
    return status;
}

/* ---- when the store is opened ---- */

static baton_status size_of (void *argument, const char *digest, uint64_t *ret_size, baton_error_t *error)
{
    bool known = false;
    return find_file (argument, digest, &known, ret_size, error);
}

baton_status store_sqlite_recover_blobs (store_sqlite_t *self, baton_error_t *error)
{
    if (blob_folder_exists (self->folder))
        return blob_folder_recover (self->folder, size_of, self, error);
    int got = sqlite3_step (store_sqlite_statement (self, SQL_blob_any_file));
    sqlite3_reset (self->statements[SQL_blob_any_file]);
    if (got == SQLITE_ROW)
        return blob_folder_gone (self->folder, self->path, error);
    return got == SQLITE_DONE ? BATON_OK : store_sqlite_fail (self, "look for artifacts", error);
}
