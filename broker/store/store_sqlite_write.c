/*  Writing: one batch, one transaction. */
#include "store_sqlite.h"

/*  Forgotten answers leave the table one slice of the hashes a call, so that no call takes long. */
#define FORGET_SLICES 64

/*  Packs the batch's events and answers, and prepares them for the tail. */
static baton_status prepare_log (store_sqlite_t *self, const store_batch_t *batch, baton_bytes_t *ret_packed,
                                 tail_batch_t **ret_tail, baton_error_t *error)
{
    baton_bytes_t bytes = {0}, packed = {0};
    baton_status status = frame_log_encode (batch, self->base.head + 1, &bytes);
    if (status == BATON_OK && bytes.size > FRAME_MOST) {
        baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large, "a batch of %zu bytes is too large",
                    bytes.size);
        bytes_clear (&bytes);
        return BATON_resource_exhausted;
    }
    if (status == BATON_OK)
        status = frame_pack (self->packer, bytes.data, bytes.size, &packed);
    if (status != BATON_OK) {
        bytes_clear (&bytes);
        return baton_fail_memory (error);
    }
    status = tail_prepare (self->tail, self->last_log + 1, &bytes, ret_tail, error);
    if (status == BATON_OK)
        *ret_packed = packed;
    else
        bytes_clear (&packed);
    return status;
}

static baton_status write_log (store_sqlite_t *self, const store_batch_t *batch, const baton_bytes_t *packed,
                               baton_error_t *error)
{
    sqlite3_stmt *append = store_sqlite_statement (self, SQL_log_append);
    store_sqlite_bind_uint (append, 1, self->last_log + 1);
    store_sqlite_bind_uint (append, 2, self->base.head + 1);
    store_sqlite_bind_uint (append, 3, batch->event_count);
    store_sqlite_bind_bytes (append, 4, packed);
    return store_sqlite_run (self, SQL_log_append, "append to its log", error);
}

static baton_status write_snapshot (store_sqlite_t *self, const store_snapshot_t *snapshot, baton_error_t *error)
{
    baton_bytes_t packed = {0};
    if (frame_pack (self->packer, snapshot->state.data, snapshot->state.size, &packed) != BATON_OK)
        return baton_fail_memory (error);
    sqlite3_stmt *put = store_sqlite_statement (self, SQL_snapshot_put);
    store_sqlite_bind_text (put, 1, snapshot->session);
    store_sqlite_bind_uint (put, 2, snapshot->n);
    store_sqlite_bind_bytes (put, 3, &packed);
    baton_status status = store_sqlite_run (self, SQL_snapshot_put, "write a snapshot", error);
    bytes_clear (&packed);
    return status;
}

static baton_status write_rows (store_sqlite_t *self, const store_batch_t *batch, uint64_t *ret_added,
                                baton_error_t *error)
{
    baton_status status = BATON_OK;
    uint64_t added = 0;
    for (size_t i = 0; i < batch->projection_count && status == BATON_OK; i++) {
        bool is_new = false;
        status = store_sqlite_project (self, &batch->projections[i], &is_new, error);
        added += is_new;
    }
    for (size_t i = 0; i < batch->snapshot_count && status == BATON_OK; i++)
        status = write_snapshot (self, &batch->snapshots[i], error);
    for (size_t i = 0; i < batch->blob_count && status == BATON_OK; i++)
        status = store_sqlite_write_blob (self, &batch->blobs[i], error);
    for (size_t i = 0; i < batch->hold_count && status == BATON_OK; i++)
        status = store_sqlite_write_hold (self, &batch->holds[i], error);
    if (status == BATON_OK && batch->shown > 0) {
        store_sqlite_bind_uint (store_sqlite_statement (self, SQL_shown_set), 1, batch->shown);
        status = store_sqlite_run (self, SQL_shown_set, "write down what its lists tell", error);
    }
    if (status == BATON_OK)
        *ret_added = added;
    return status;
}

baton_status store_sqlite_begin (store_sqlite_t *self, const char *what, baton_error_t *error)
{
    return sqlite3_get_autocommit (self->db) ? store_sqlite_run (self, SQL_begin, what, error) : BATON_OK;
}

/*  Ends the transaction that has failed, if SQLite hasn't done so by itself. */
static void roll_back (store_sqlite_t *self)
{
    if (sqlite3_get_autocommit (self->db))
        return;
    sqlite3_step (self->statements[SQL_rollback]);
    sqlite3_reset (self->statements[SQL_rollback]);
}

/*  The files are on disk before the rows that refer to them. */
baton_status store_sqlite_end (store_sqlite_t *self, baton_status status, const char *what, baton_error_t *error)
{
    if (status == BATON_OK)
        status = blob_folder_flush (self->folder, error);
    if (status == BATON_OK)
        status = store_sqlite_run (self, SQL_commit, what, error);
    if (status != BATON_OK)
        roll_back (self);
    blob_folder_settle (self->folder, status == BATON_OK);
    return status;
}

baton_status store_sqlite_commit (store_t *base, const store_batch_t *batch, baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    size_t weight = batch->event_count + batch->answer_count;
    baton_bytes_t packed = {0};
    tail_batch_t *tail = NULL;
    seal_progress_t progress = {0};
    uint64_t added = 0;
    baton_status status = weight > 0 ? prepare_log (self, batch, &packed, &tail, error) : BATON_OK;
    if (status == BATON_OK)
        status = store_sqlite_begin (self, "begin a change", error);
    if (status == BATON_OK && weight > 0)
        status = write_log (self, batch, &packed, error);
    if (status == BATON_OK)
        status = write_rows (self, batch, &added, error);
    if (status == BATON_OK)
        status = store_sqlite_seal (self, weight, &progress, error);
    status = store_sqlite_end (self, status, "write a change", error);
    bytes_clear (&packed);
    if (status != BATON_OK) {
        tail_cancel (self->tail, &tail);
        return status;
    }
    if (weight > 0) {
        tail_add (self->tail, &tail);
        self->last_log++;
        store_sqlite_mark (self);
    }
    store_sqlite_seal_done (self, &progress);
    base->head += batch->event_count;
    base->session_count += added;
    base->shown = batch->shown > 0 ? batch->shown : base->shown;
    return BATON_OK;
}

static baton_status write_forgotten (store_sqlite_t *self, uint64_t before, baton_error_t *error)
{
    store_sqlite_bind_uint (store_sqlite_statement (self, SQL_forgotten_set), 1, before);
    baton_status status = store_sqlite_run (self, SQL_forgotten_set, "forget answers", error);
    if (status != BATON_OK)
        return status;
    const int64_t width = (int64_t) (UINT64_MAX / FORGET_SLICES) + 1;
    int64_t first = INT64_MIN + (int64_t) (before % FORGET_SLICES) * width;
    sqlite3_stmt *forget = store_sqlite_statement (self, SQL_answers_forget);
    sqlite3_bind_int64 (forget, 1, first);
    sqlite3_bind_int64 (forget, 2, first + (width - 1));
    store_sqlite_bind_uint (forget, 3, before);
    return store_sqlite_run (self, SQL_answers_forget, "forget answers", error);
}

baton_status store_sqlite_forget_answers (store_t *base, uint64_t before, baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    if (before <= self->forgotten)
        return BATON_OK;
    baton_status status = store_sqlite_begin (self, "forget answers", error);
    if (status == BATON_OK)
        status = write_forgotten (self, before, error);
    status = store_sqlite_end (self, status, "forget answers", error);
    if (status == BATON_OK)
        self->forgotten = before;
    return status;
}
