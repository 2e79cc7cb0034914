/*  What the files of the SQLite store share; nobody else includes it.
 *
 *  DIR/baton.db has these tables:
 *    log         one row a commit: its events and the answers given with them, for ever
 *    page        the journal again, sealed from the log some time later: runs of events of one session, by n
 *    answer      hash of (actor, key) to the log row where the answer stands; also sealed later
 *    projection  what lists, timers and the scheduler ask for
 *    open_breakpoint  of all projections, in the orders in which they are listed
 *    snapshot, blob, meta
 *  and what is large of blob is in DIR/blobs (store_folder.h).
 *
 *  So a commit touches the end of the log and little else. What isn't sealed yet is in the tail (store_tail.h), which
 *  is read back from the log at the next start.
 */
#ifndef BATON_STORE_SQLITE_H
#define BATON_STORE_SQLITE_H

#include "store_folder.h"
#include "store_internal.h"
#include "store_tail.h"

#include <sqlite3.h>

typedef enum {
#define STATEMENT(name, sql) SQL_##name,
#include "store_sqlite.def"
    SQL_COUNT
} sql_t;

/*  A round of sealing: everything that was in the tail when it began, a bit at every commit. */
typedef struct {
    const tail_event_t **sessions; /*  the first event of each session; NULL: no round is under way */
    size_t session_count;
    const tail_answer_t **answers;
    size_t answer_count;
    uint64_t cut; /*  the last log row of the round */
} seal_round_t;

/*  How far a round has come. */
typedef struct {
    size_t session;
    const tail_event_t *event; /*  of that session, the next one to seal; NULL: its first */
    size_t answer;
} seal_progress_t;

typedef struct {
    store_t base;
    char *path;
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_COUNT];
    frame_packer_t *packer;
    tail_t *tail;
    blob_folder_t *folder;
    int mark;           /*  baton.mark; -1: none */
    uint64_t last_log;  /*  id of the newest log row */
    uint64_t sealed;    /*  id of the last log row whose events are all in pages */
    uint64_t forgotten; /*  answers given before that time are forgotten */
    seal_round_t round;
    seal_progress_t progress;
} store_sqlite_t;

/*  The error of the last call on the database: "PATH: can't WHAT: …". */
baton_status store_sqlite_fail (store_sqlite_t *self, const char *what, baton_error_t *error);

/*  A prepared statement, reset and unbound. */
sqlite3_stmt *store_sqlite_statement (store_sqlite_t *self, sql_t name);

/*  Runs a statement that gives no rows. */
BATON_MUST_USE baton_status store_sqlite_run (store_sqlite_t *self, sql_t name, const char *what, baton_error_t *error);

/*  Binds text and bytes that outlive the statement's use; sizes below 2 GiB. */
void store_sqlite_bind_text (sqlite3_stmt *statement, int index, const char *text);
void store_sqlite_bind_uint (sqlite3_stmt *statement, int index, uint64_t value);
void store_sqlite_bind_bytes (sqlite3_stmt *statement, int index, const baton_bytes_t *bytes);
/*  Unpacks a BLOB column of the current row. */
BATON_MUST_USE baton_status store_sqlite_unpack (store_sqlite_t *self, sqlite3_stmt *statement, int column,
                                                 baton_bytes_t *ret_bytes, baton_error_t *error);

/*  store_sqlite_schema.c: settings, version, migrations, SQL functions. */
BATON_MUST_USE baton_status store_sqlite_prepare (store_sqlite_t *self, baton_error_t *error);

/*  store_sqlite_seal.c. A step is part of a commit's transaction; `done` is told what became of that. */
BATON_MUST_USE baton_status store_sqlite_seal (store_sqlite_t *self, size_t weight, seal_progress_t *ret_progress,
                                               baton_error_t *error);
void store_sqlite_seal_done (store_sqlite_t *self, const seal_progress_t *progress);
void store_sqlite_seal_stop (store_sqlite_t *self);

/*  store_sqlite_write.c */
baton_status store_sqlite_commit (store_t *base, const store_batch_t *batch, baton_error_t *error);
baton_status store_sqlite_forget_answers (store_t *base, uint64_t before, baton_error_t *error);
/*  A transaction of one's own: begin goes on with that of the view that was begun, if there is one; end commits or,
 * when the status says so, rolls back, and settles the folder likewise. */
BATON_MUST_USE baton_status store_sqlite_begin (store_sqlite_t *self, const char *what, baton_error_t *error);
BATON_MUST_USE baton_status store_sqlite_end (store_sqlite_t *self, baton_status status, const char *what,
                                              baton_error_t *error);

/*  store_sqlite_read.c */
baton_status store_sqlite_load (store_t *base, const char *session, baton_bytes_t *ret_snapshot,
                                uint64_t *ret_snapshot_n, store_reads_t *ret_tail, baton_error_t *error);
baton_status store_sqlite_history (store_t *base, const char *session, uint64_t after, size_t limit,
                                   store_reads_t *ret_events, baton_error_t *error);
baton_status store_sqlite_log (store_t *base, uint64_t after, event_class_e class, size_t limit,
                               store_reads_t *ret_events, uint64_t *ret_last, baton_error_t *error);
/*  The log row in which an event stands that there is. */
BATON_MUST_USE baton_status store_sqlite_find_row (store_sqlite_t *self, uint64_t seq, uint64_t *ret_log,
                                                   baton_error_t *error);
baton_status store_sqlite_answer (store_t *base, const char *actor, const char *key, char *ret_payload,
                                  baton_bytes_t *ret_reply, baton_error_t *error);

/*  store_sqlite_mark.c. Opening it fails with failed_precondition/corrupt when the database ends before it. */
BATON_MUST_USE baton_status store_sqlite_open_mark (store_sqlite_t *self, const char *directory, baton_error_t *error);
void store_sqlite_mark (const store_sqlite_t *self);

/*  store_sqlite_blob.c. What the commit's transaction does with blobs; the folder is settled by whoever commits. */
BATON_MUST_USE baton_status store_sqlite_write_blob (store_sqlite_t *self, const store_blob_t *blob,
                                                     baton_error_t *error);
BATON_MUST_USE baton_status store_sqlite_write_hold (store_sqlite_t *self, const store_hold_t *hold,
                                                     baton_error_t *error);
baton_status store_sqlite_forget_staged (store_t *base, uint64_t before, bool *ret_more, baton_error_t *error);
baton_status store_sqlite_blob (store_t *base, const char *digest, baton_bytes_t *ret_content, baton_error_t *error);
baton_status store_sqlite_has_blob (store_t *base, const char *owner, const char *digest, bool *ret_has,
                                    baton_error_t *error);
baton_status store_sqlite_count (store_t *base, uint64_t now, store_counts_t *ret_counts, baton_error_t *error);
baton_status store_sqlite_staged (store_t *base, const char *owner, uint64_t *ret_count, uint64_t *ret_bytes,
                                  baton_error_t *error);
/*  Clears up after a crash; failed_precondition/corrupt when there is no folder where there was one. */
BATON_MUST_USE baton_status store_sqlite_recover_blobs (store_sqlite_t *self, baton_error_t *error);

/*  store_sqlite_list.c */
BATON_MUST_USE baton_status store_sqlite_project (store_sqlite_t *self, const projection_t *row, bool *ret_added,
                                                  baton_error_t *error);
baton_status store_sqlite_list (store_t *base, const store_filter_t *filter, uint64_t before, size_t limit,
                                store_projections_t *ret_rows, baton_error_t *error);
baton_status store_sqlite_find (store_t *base, const char *ref, size_t limit, const viewer_t *viewer,
                                store_projections_t *ret_rows, baton_error_t *error);
baton_status store_sqlite_shows (store_t *base, const char *session, const viewer_t *viewer, bool *ret_shows,
                                 baton_error_t *error);
baton_status store_sqlite_due (store_t *base, store_time_t which, uint64_t now, size_t limit,
                               store_projections_t *ret_rows, uint64_t *ret_next, baton_error_t *error);
/*  Binds who looks to that place of a statement and the next. For a guest, only rows with an audience count. */
void store_sqlite_bind_viewer (sqlite3_stmt *statement, int place, const viewer_t *viewer);
bool store_sqlite_is_guest (const viewer_t *viewer);

/*  store_sqlite_open.c: open breakpoints, with the encoded audience (empty: none) of their projection; and what may
 * lag. */
BATON_MUST_USE baton_status store_sqlite_put_open (store_sqlite_t *self, const projection_t *row,
                                                   const baton_bytes_t *audience, baton_error_t *error);
baton_status store_sqlite_open_breakpoints (store_t *base, breakpoint_order_e order, const store_place_t *after,
                                            size_t limit, const viewer_t *viewer, store_places_t *ret_places,
                                            baton_error_t *error);
baton_status store_sqlite_stale (store_t *base, baton_texts_t *ret_sessions, baton_error_t *error);

/*  SQL: has_labels (labels column, wanted), both made by the same function of store_sqlite_list.c. */
void store_sqlite_has_labels (sqlite3_context *context, int count, sqlite3_value **values);

/*  SQL: shown (audience column, viewer bound as a pointer). */
void store_sqlite_shown (sqlite3_context *context, int count, sqlite3_value **values);

#endif
