/*  Projections: the rows that lists, timers and the scheduler ask for. */
#include "store_sqlite.h"

#include <stdlib.h>
#include <string.h>

/* ---- labels ----
 *
 *  In the table, labels are a text of "\nkey=value\n" pieces; neither part can hold a line feed, nor a key "=". So a
 *  label is there when its piece is part of the text.
 */

static char *labels_text (const baton_pairs_t *labels)
{
    size_t size = 1;
    for (size_t i = 0; i < labels->count; i++)
        size += strlen (labels->items[i].key) + (labels->items[i].value ? strlen (labels->items[i].value) : 0) + 3;
    char *text = malloc (size);
    if (!text)
        return NULL;
    char *at = text;
    *at = '\0';
    for (size_t i = 0; i < labels->count; i++) {
        const baton_pair_t *label = &labels->items[i];
        at = stpcpy (stpcpy (at, "\n"), label->key);
        at = stpcpy (stpcpy (stpcpy (at, "="), label->value ? label->value : ""), "\n");
    }
    return text;
}

void store_sqlite_has_labels (sqlite3_context *context, int count, sqlite3_value **values)
{
    (void) count;
    const char *labels = (const char *) sqlite3_value_text (values[0]);
    const char *piece = (const char *) sqlite3_value_text (values[1]);
    bool all = labels && piece;
    while (all && *piece) {
        const char *end = strchr (piece + 1, '\n');
        size_t size = end ? (size_t) (end + 1 - piece) : strlen (piece);
        all = memmem (labels, strlen (labels), piece, size) != NULL;
        piece += size;
    }
    sqlite3_result_int (context, all);
}

/* ---- audience ---- */

#define VIEWER "viewer" /*  what the pointer points to */

/*  A row whose audience can't be read is nobody's to see. */
void store_sqlite_shown (sqlite3_context *context, int count, sqlite3_value **values)
{
    (void) count;
    const viewer_t *viewer = sqlite3_value_pointer (values[1], VIEWER);
    const void *data = sqlite3_value_blob (values[0]);
    size_t size = (size_t) sqlite3_value_bytes (values[0]);
    audience_t audience = {0};
    bool shown = viewer && record_decode (&RECORD_audience, data, size, &audience, NULL) == BATON_OK &&
                 access_of (viewer, &audience) >= access_view;
    record_clear (&RECORD_audience, &audience);
    sqlite3_result_int (context, shown);
}

/*  0: sees all; 1: sees what has no audience, and what is shared with them; 2: only that. */
static uint64_t how_shown (const viewer_t *viewer)
{
    audience_t none = {0};
    if (!viewer || viewer->role == role_admin)
        return 0;
    return access_of (viewer, &none) >= access_view ? 1 : 2;
}

void store_sqlite_bind_viewer (sqlite3_stmt *statement, int place, const viewer_t *viewer)
{
    store_sqlite_bind_uint (statement, place, how_shown (viewer));
    sqlite3_bind_pointer (statement, place + 1, (void *) (uintptr_t) viewer, VIEWER, NULL);
}

bool store_sqlite_is_guest (const viewer_t *viewer)
{
    return how_shown (viewer) == 2;
}

baton_status store_sqlite_shows (store_t *base, const char *session, const viewer_t *viewer, bool *ret_shows,
                                 baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    sqlite3_stmt *shows = store_sqlite_statement (self, SQL_shows);
    store_sqlite_bind_text (shows, 1, session);
    store_sqlite_bind_viewer (shows, 2, viewer);
    int got = sqlite3_step (shows);
    bool shown = got == SQLITE_ROW && sqlite3_column_int (shows, 0) > 0;
    sqlite3_reset (shows);
    if (got != SQLITE_ROW)
        return store_sqlite_fail (self, "look for a session", error);
    *ret_shows = shown;
    return BATON_OK;
}

/* ---- writing ---- */

/*  NULL for an empty one: then it is in no index. */
static baton_status encode_audience (const audience_t *audience, baton_bytes_t *ret_data)
{
    bool empty = !audience->owner && audience->visibility == visibility_none && audience->shares.count == 0;
    return empty ? BATON_OK : record_encode (&RECORD_audience, audience, ret_data);
}

static void bind_row (sqlite3_stmt *statement, const projection_t *projection, const char *labels,
                      const baton_bytes_t *data, const baton_bytes_t *audience)
{
    const session_row_t *row = &projection->row;
    store_sqlite_bind_text (statement, 1, row->session ? row->session : "");
    store_sqlite_bind_uint (statement, 2, projection->order);
    store_sqlite_bind_text (statement, 3, row->title ? row->title : "");
    store_sqlite_bind_text (statement, 4, row->agent);
    store_sqlite_bind_text (statement, 5, row->node);
    store_sqlite_bind_text (statement, 6, enum_name (&lifecycle_names, row->state));
    store_sqlite_bind_uint (statement, 7, row->priority);
    store_sqlite_bind_uint (statement, 8, projection->due);
    store_sqlite_bind_uint (statement, 9, projection->active);
    store_sqlite_bind_uint (statement, 10, row->breakpoints);
    store_sqlite_bind_text (statement, 11, labels);
    store_sqlite_bind_bytes (statement, 12, data);
    if (audience->size > 0)
        store_sqlite_bind_bytes (statement, 13, audience);
    else
        sqlite3_bind_null (statement, 13);
    store_sqlite_bind_uint (statement, 14, projection->wakes);
    store_sqlite_bind_text (statement, 15, row->driver);
}

static baton_status write_row (store_sqlite_t *self, const projection_t *row, const char *labels,
                               const baton_bytes_t *data, const baton_bytes_t *audience, bool *ret_added,
                               baton_error_t *error)
{
    static const sql_t WAYS[] = {SQL_projection_update, SQL_projection_replace, SQL_projection_insert};
    for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++) {
        bind_row (store_sqlite_statement (self, WAYS[i]), row, labels, data, audience);
        baton_status status = store_sqlite_run (self, WAYS[i], "write a projection", error);
        if (status != BATON_OK)
            return status;
        *ret_added = WAYS[i] == SQL_projection_insert;
        if (sqlite3_changes (self->db) > 0)
            break;
    }
    return BATON_OK;
}

baton_status store_sqlite_project (store_sqlite_t *self, const projection_t *row, bool *ret_added, baton_error_t *error)
{
    baton_bytes_t data = {0}, audience = {0};
    char *labels = labels_text (&row->row.labels);
    bool added = false;
    baton_status status;
    if (labels && record_encode (&RECORD_projection, row, &data) == BATON_OK &&
        encode_audience (&row->audience, &audience) == BATON_OK)
        status = write_row (self, row, labels, &data, &audience, &added, error);
    else
        status = baton_fail_memory (error);
    if (status == BATON_OK)
        status = store_sqlite_put_open (self, row, &audience, error);
    if (status == BATON_OK)
        *ret_added = added;
    free (labels);
    bytes_clear (&data);
    bytes_clear (&audience);
    return status;
}

/* ---- reading ---- */

static baton_status read_row (store_sqlite_t *self, sqlite3_stmt *statement, store_projections_t *rows,
                              baton_error_t *error)
{
    projection_t *row = list_append (rows, sizeof *row);
    if (!row)
        return baton_fail_memory (error);
    const uint8_t *data = sqlite3_column_blob (statement, 0);
    size_t size = (size_t) sqlite3_column_bytes (statement, 0);
    baton_error_t cause = {0};
    baton_status status = record_decode (&RECORD_projection, data, size, row, &cause);
    if (status == BATON_invalid_argument)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_corrupt,
                           "%s is damaged: a projection can't be read: %s", self->path, cause.message);
    return status == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

static baton_status read_rows (store_sqlite_t *self, sql_t name, store_projections_t *ret_rows, baton_error_t *error)
{
    sqlite3_stmt *statement = self->statements[name];
    store_projections_t rows = {0};
    baton_status status = BATON_OK;
    int got = SQLITE_ROW;
    while (status == BATON_OK && (got = sqlite3_step (statement)) == SQLITE_ROW)
        status = read_row (self, statement, &rows, error);
    if (status == BATON_OK && got != SQLITE_DONE)
        status = store_sqlite_fail (self, "list its sessions", error);
    sqlite3_reset (statement);
    if (status == BATON_OK)
        *ret_rows = rows;
    else
        store_projections_clear (&rows);
    return status;
}

static const char *absent_if_empty (const char *text)
{
    return text && *text ? text : NULL;
}

baton_status store_sqlite_list (store_t *base, const store_filter_t *filter, uint64_t before, size_t limit,
                                store_projections_t *ret_rows, baton_error_t *error)
{
    static const sql_t LISTS[2][2] = {{SQL_list_all, SQL_list_open}, {SQL_list_active, SQL_list_active_open}};
    store_sqlite_t *self = (store_sqlite_t *) base;
    static const sql_t SHARED[2] = {SQL_list_shared, SQL_list_shared_open};
    bool guest = store_sqlite_is_guest (filter->viewer) && !filter->active;
    sql_t name = guest ? SHARED[filter->open_breakpoints] : LISTS[filter->active][filter->open_breakpoints];
    char *labels = NULL;
    if (filter->labels && filter->labels->count > 0) {
        labels = labels_text (filter->labels);
        if (!labels)
            return baton_fail_memory (error);
    }
    sqlite3_stmt *list = store_sqlite_statement (self, name);
    store_sqlite_bind_uint (list, 1, before > 0 ? before : INT64_MAX);
    store_sqlite_bind_text (list, 2, absent_if_empty (enum_name (&lifecycle_names, filter->state)));
    store_sqlite_bind_text (list, 3, absent_if_empty (filter->agent));
    store_sqlite_bind_text (list, 4, absent_if_empty (filter->node));
    store_sqlite_bind_text (list, 5, absent_if_empty (filter->match));
    store_sqlite_bind_text (list, 6, labels);
    store_sqlite_bind_uint (list, 7, limit);
    store_sqlite_bind_viewer (list, 8, filter->viewer);
    store_sqlite_bind_text (list, 10, absent_if_empty (filter->driver));
    baton_status status = read_rows (self, name, ret_rows, error);
    free (labels);
    return status;
}

baton_status store_sqlite_find (store_t *base, const char *ref, size_t limit, const viewer_t *viewer,
                                store_projections_t *ret_rows, baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    sqlite3_stmt *find = store_sqlite_statement (self, SQL_find);
    store_sqlite_bind_text (find, 1, ref);
    store_sqlite_bind_uint (find, 2, limit);
    store_sqlite_bind_viewer (find, 3, viewer);
    return read_rows (self, SQL_find, ret_rows, error);
}

baton_status store_sqlite_due (store_t *base, store_time_t which, uint64_t now, size_t limit,
                               store_projections_t *ret_rows, uint64_t *ret_next, baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    sql_t all = which == STORE_DUE ? SQL_due : SQL_wakes;
    sqlite3_stmt *next = store_sqlite_statement (self, which == STORE_DUE ? SQL_due_next : SQL_wakes_next);
    int got = sqlite3_step (next);
    uint64_t earliest = got == SQLITE_ROW ? (uint64_t) sqlite3_column_int64 (next, 0) : 0;
    sqlite3_reset (next);
    if (got != SQLITE_ROW && got != SQLITE_DONE)
        return store_sqlite_fail (self, "look for what is due", error);
    sqlite3_stmt *due = store_sqlite_statement (self, all);
    store_sqlite_bind_uint (due, 1, now);
    store_sqlite_bind_uint (due, 2, limit);
    baton_status status = read_rows (self, all, ret_rows, error);
    if (status == BATON_OK)
        *ret_next = earliest;
    return status;
}
