/*  Open breakpoints in the orders in which they are listed, and which projections may not tell all. */
#include "store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- writing ---- */

static void bind_open (sqlite3_stmt *put, const projection_t *row, const open_breakpoint_t *open,
                       const baton_bytes_t *audience)
{
    store_sqlite_bind_text (put, 1, row->row.session ? row->row.session : "");
    store_sqlite_bind_uint (put, 2, open->number);
    store_sqlite_bind_uint (put, 3, open->opened_at);
    store_sqlite_bind_uint (put, 4, open->deadline > 0 ? open->deadline : INT64_MAX);
    if (audience->size > 0)
        store_sqlite_bind_bytes (put, 5, audience);
}

baton_status store_sqlite_put_open (store_sqlite_t *self, const projection_t *row, const baton_bytes_t *audience,
                                    baton_error_t *error)
{
    store_sqlite_bind_text (store_sqlite_statement (self, SQL_open_clear), 1, row->row.session ? row->row.session : "");
    baton_status status = store_sqlite_run (self, SQL_open_clear, "write open breakpoints", error);
    for (size_t i = 0; status == BATON_OK && i < row->open.count; i++) {
        bind_open (store_sqlite_statement (self, SQL_open_put), row, &row->open.items[i], audience);
        status = store_sqlite_run (self, SQL_open_put, "write open breakpoints", error);
    }
    return status;
}

/* ---- reading ---- */

static baton_status read_place (sqlite3_stmt *statement, store_places_t *places, baton_error_t *error)
{
    store_place_t *place = list_append (places, sizeof *place);
    const char *session = (const char *) sqlite3_column_text (statement, 2);
    if (!place || !session)
        return baton_fail_memory (error);
    *place = (store_place_t){.first = (uint64_t) sqlite3_column_int64 (statement, 0),
                             .opened_at = (uint64_t) sqlite3_column_int64 (statement, 1),
                             .number = (uint64_t) sqlite3_column_int64 (statement, 3)};
    snprintf (place->session, sizeof place->session, "%s", session);
    return BATON_OK;
}

baton_status store_sqlite_open_breakpoints (store_t *base, breakpoint_order_e order, const store_place_t *after,
                                            size_t limit, const viewer_t *viewer, store_places_t *ret_places,
                                            baton_error_t *error)
{
    static const sql_t LISTS[2][2] = {{SQL_open_oldest, SQL_open_urgent},
                                      {SQL_open_shared_oldest, SQL_open_shared_urgent}};
    store_sqlite_t *self = (store_sqlite_t *) base;
    sqlite3_stmt *list =
        store_sqlite_statement (self, LISTS[store_sqlite_is_guest (viewer)][order == breakpoint_order_urgent]);
    if (order == breakpoint_order_urgent)
        store_sqlite_bind_uint (list, 1, after->first);
    store_sqlite_bind_uint (list, 2, after->opened_at);
    store_sqlite_bind_text (list, 3, after->session);
    store_sqlite_bind_uint (list, 4, after->number);
    store_sqlite_bind_uint (list, 5, limit);
    store_sqlite_bind_viewer (list, 6, viewer);
    store_places_t places = {0};
    baton_status status = BATON_OK;
    int got = SQLITE_ROW;
    while (status == BATON_OK && (got = sqlite3_step (list)) == SQLITE_ROW)
        status = read_place (list, &places, error);
    if (status == BATON_OK && got != SQLITE_DONE)
        status = store_sqlite_fail (self, "list its open breakpoints", error);
    sqlite3_reset (list);
    if (status == BATON_OK)
        *ret_places = places;
    else
        free (places.items);
    return status;
}

/* ---- what may lag ---- */

static baton_status add_unknown (store_sqlite_t *self, baton_texts_t *sessions, baton_error_t *error)
{
    sqlite3_stmt *rows = store_sqlite_statement (self, SQL_open_unknown);
    baton_status status = BATON_OK;
    int got = SQLITE_ROW;
    while (status == BATON_OK && (got = sqlite3_step (rows)) == SQLITE_ROW) {
        const char *session = (const char *) sqlite3_column_text (rows, 0);
        if (!session || texts_add (sessions, session) != BATON_OK)
            status = baton_fail_memory (error);
    }
    if (status == BATON_OK && got != SQLITE_DONE)
        status = store_sqlite_fail (self, "look for breakpoints", error);
    sqlite3_reset (rows);
    return status;
}

static baton_status add_events (const frame_t *row, uint64_t after, baton_texts_t *sessions)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; status == BATON_OK && i < row->event_count; i++) {
        frame_text_t session = row->events[i].session;
        char id[LIMIT_ID + 1];
        snprintf (id, sizeof id, "%.*s", (int) session.size, session.data);
        bool again = sessions->count > 0 && text_equal (sessions->items[sessions->count - 1], id);
        if (row->events[i].seq > after && !again)
            status = texts_add (sessions, id);
    }
    return status;
}

static baton_status add_log (store_sqlite_t *self, uint64_t log, baton_texts_t *sessions, baton_error_t *error)
{
    sqlite3_stmt *rows = store_sqlite_statement (self, SQL_log_from);
    store_sqlite_bind_uint (rows, 1, log);
    baton_status status = BATON_OK;
    int got = SQLITE_ROW;
    while (status == BATON_OK && (got = sqlite3_step (rows)) == SQLITE_ROW) {
        baton_bytes_t bytes = {0};
        frame_t row = {0};
        status = store_sqlite_unpack (self, rows, 2, &bytes, error);
        if (status == BATON_OK)
            status = frame_log_decode (&bytes, &row, error);
        if (status == BATON_OK && add_events (&row, self->base.shown, sessions) != BATON_OK)
            status = baton_fail_memory (error);
        frame_clear (&row);
        bytes_clear (&bytes);
    }
    if (status == BATON_OK && got != SQLITE_DONE)
        status = store_sqlite_fail (self, "read its log", error);
    sqlite3_reset (rows);
    return status;
}

baton_status store_sqlite_stale (store_t *base, baton_texts_t *ret_sessions, baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    baton_texts_t sessions = {0};
    uint64_t log = 0;
    baton_status status = add_unknown (self, &sessions, error);
    if (status == BATON_OK && base->shown < base->head)
        status = store_sqlite_find_row (self, base->shown + 1, &log, error);
    if (status == BATON_OK && log > 0)
        status = add_log (self, log, &sessions, error);
    if (status == BATON_OK)
        *ret_sessions = sessions;
    else
        texts_clear (&sessions);
    return status;
}
