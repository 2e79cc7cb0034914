/*  How long a context of many items takes to be rendered, in a broker that has not seen its session before, beside
 *  reading the same bytes from SQLite, one row an item. */
#include "history.h"
#include "id.h"
#include "journal.h"
#include "measures.h"
#include "render.h"
#include "report.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_SIZE 400
#define ROUNDS 9
#define BATCH 100
#define CACHED 100

/* ---- what is there ---- */

/*  A turn of four items: a question, a call, its result, an answer. */
static void append_item (journal_t *journal, const char *session, size_t number, uint64_t *state)
{
    static const item_role_e ROLES[] = {item_role_user, item_role_assistant, item_role_tool, item_role_assistant};
    char text[TEXT_SIZE + 1] = {0}, call[32];
    size_t step = number % 4;
    chance_text (state, text, TEXT_SIZE);
    snprintf (call, sizeof call, "call-%zu", number / 4);
    part_t part = {.kind = step == 1   ? part_kind_tool_call
                           : step == 2 ? part_kind_tool_result
                                       : part_kind_text,
                   .text = text,
                   .call = step == 1 || step == 2 ? call : NULL,
                   .tool = step == 1 || step == 2 ? (char *) "grep" : NULL};
    item_append_request_t request = {.session = (char *) session, .role = ROLES[step], .parts = {1, &part}};
    command_t command = {
        .method = METHOD_item_append, .request = &request, .now = 1, .actor = "admin", .role = role_admin};
    changed_t changed = {0};
    baton_error_t error = {0};
    demand_ok (journal_decide (journal, session, &command, &changed, &error), &error, "an item");
    record_clear (&RECORD_changed, &changed);
}

static void commit (journal_t *journal)
{
    baton_error_t error = {0};
    demand_ok (journal_commit (journal, &error), &error, "a commit");
    journal_clear (journal);
}

static void write_session (const char *folder, const char *session, size_t items)
{
    store_t *store = NULL;
    journal_t *journal = NULL;
    baton_error_t error = {0};
    uint64_t state = 88172645463325252u;
    changed_t changed = {0};
    session_create_request_t create = {.title = (char *) "render", .system = (char *) "Be brief."};
    command_t command = {.method = METHOD_session_create,
                         .request = &create,
                         .now = 1,
                         .actor = "admin",
                         .role = role_admin,
                         .fresh = session};
    demand_ok (store_open_sqlite (folder, &store, &error), &error, folder);
    demand_ok (journal_new (store, CACHED, &journal, &error), &error, folder);
    demand_ok (journal_decide (journal, session, &command, &changed, &error), &error, "a session");
    for (size_t i = 0; i < items; i++) {
        append_item (journal, session, i, &state);
        if (i % BATCH == 0)
            commit (journal);
    }
    commit (journal);
    record_clear (&RECORD_changed, &changed);
    journal_destroy (&journal);
    store_close (&store);
}

/* ---- ours ---- */

static uint64_t render_once (const char *folder, const char *session, size_t items)
{
    store_t *store = NULL;
    session_t state = {0};
    shown_list_t list = {0};
    rendering_t rendering = {0};
    baton_error_t error = {0};
    demand_ok (store_open_reader (folder, &store, &error), &error, folder);
    uint64_t started = clock_us ();
    demand_ok (store_view_begin (store, &error), &error, "a view");
    demand_ok (history_state (store, session, 0, &state, &error), &error, "a state");
    demand_ok (window_items (store, &state, &list, &error), &error, "the items");
    demand_ok (render (store, &state, &list, render_format_anthropic, 0, &rendering, &error), &error, "a rendering");
    uint64_t took = clock_us () - started;
    demand (rendering.items == items + 1, "%lu items were rendered", rendering.items);
    store_view_end (store);
    shown_list_clear (&list);
    record_clear (&RECORD_rendering, &rendering);
    record_clear (&RECORD_session, &state);
    store_close (&store);
    return took;
}

/* ---- the limit ---- */

static sqlite3 *open_raw (const char *folder)
{
    char path[BENCH_PATH + 16];
    sqlite3 *db = NULL;
    snprintf (path, sizeof path, "%s/raw.db", folder);
    demand (sqlite3_open (path, &db) == SQLITE_OK, "cannot open %s", path);
    return db;
}

static void run_raw (sqlite3 *db, const char *sql)
{
    demand (sqlite3_exec (db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg (db));
}

static void write_raw (const char *folder, const char *session, const store_reads_t *rows)
{
    sqlite3 *db = open_raw (folder);
    sqlite3_stmt *insert = NULL;
    run_raw (db, "PRAGMA journal_mode=WAL");
    run_raw (db, "CREATE TABLE IF NOT EXISTS item (session TEXT, n INTEGER, data BLOB, PRIMARY KEY (session, n)) "
                 "WITHOUT ROWID");
    run_raw (db, "BEGIN");
    demand (sqlite3_prepare_v2 (db, "INSERT INTO item VALUES (?1, ?2, ?3)", -1, &insert, NULL) == SQLITE_OK, "raw");
    for (size_t i = 0; i < rows->count; i++) {
        sqlite3_bind_text (insert, 1, session, -1, SQLITE_STATIC);
        sqlite3_bind_int64 (insert, 2, (sqlite3_int64) rows->items[i].n);
        sqlite3_bind_blob64 (insert, 3, rows->items[i].data.data, rows->items[i].data.size, SQLITE_STATIC);
        demand (sqlite3_step (insert) == SQLITE_DONE, "cannot write %s", folder);
        sqlite3_reset (insert);
    }
    sqlite3_finalize (insert);
    run_raw (db, "COMMIT");
    sqlite3_close (db);
}

/*  The same events, as they are. */
static void copy_raw (const char *folder, const char *session)
{
    store_t *store = NULL;
    baton_error_t error = {0};
    store_reads_t rows = {0};
    uint64_t after = 0;
    demand_ok (store_open_reader (folder, &store, &error), &error, folder);
    demand_ok (store_view_begin (store, &error), &error, "a view");
    do {
        store_reads_clear (&rows);
        demand_ok (store_history (store, session, after, LIMIT_PAGE, &rows, &error), &error, "a history");
        after += rows.count;
        write_raw (folder, session, &rows);
    } while (rows.count > 0);
    store_view_end (store);
    store_close (&store);
}

static uint64_t read_raw_once (const char *folder, const char *session)
{
    sqlite3 *db = open_raw (folder);
    sqlite3_stmt *get = NULL;
    uint8_t *copy = malloc (LIMIT_RENDER);
    size_t size = 0;
    demand (copy != NULL, "out of memory");
    uint64_t started = clock_us ();
    demand (sqlite3_prepare_v2 (db, "SELECT n, data FROM item WHERE session = ?1 ORDER BY n", -1, &get, NULL) ==
                SQLITE_OK,
            "raw");
    sqlite3_bind_text (get, 1, session, -1, SQLITE_STATIC);
    while (sqlite3_step (get) == SQLITE_ROW) {
        size_t bytes = (size_t) sqlite3_column_bytes (get, 1);
        demand (size + bytes <= LIMIT_RENDER, "too much");
        memcpy (copy + size, sqlite3_column_blob (get, 1), bytes);
        size += bytes;
    }
    sqlite3_finalize (get);
    uint64_t took = clock_us () - started;
    sqlite3_close (db);
    free (copy);
    return took;
}

/* ---- both ---- */

void measure_render (const plan_t *plan)
{
    static const row_t TIME = {.id = "render",
                               .what = "render of a long context, cold",
                               .unit = "ms",
                               .limit = "20 ms",
                               .better = BETTER_less,
                               .target = 1};
    static const row_t RATIO = {.id = "render_sqlite",
                                .what = "  beside reading the same bytes from SQLite",
                                .unit = "ms",
                                .limit = "SQLite, one row an item",
                                .better = BETTER_less,
                                .target = 3};
    char folder[BENCH_PATH + 16], session[ID_SIZE];
    uint64_t ours[ROUNDS], raw[ROUNDS];
    snprintf (folder, sizeof folder, "%s/render", plan->folder);
    demand (mkdir (folder, 0700) == 0, "cannot make %s", folder);
    id_new (session);
    write_session (folder, session, plan->items);
    copy_raw (folder, session);
    for (size_t i = 0; i < ROUNDS; i++) {
        ours[i] = render_once (folder, session, plan->items);
        raw[i] = read_raw_once (folder, session);
    }
    double median = (double) quantile (ours, ROUNDS, 0.5) / 1000, least = (double) quantile (raw, ROUNDS, 0.5) / 1000;
    report_add (&TIME, median, 20);
    report_add (&RATIO, median, least);
    report_note ("render_items", "  items", "", (double) plan->items);
}
