/*  Reading journals, answers and blobs. */
#include "store_sqlite.h"

#include "id.h"

#include <string.h>

/* ---- one session ---- */

/*  Adds the events with n > *after, and moves *after; ret_full is set when the next one didn't fit. */
static baton_status collect_page (const frame_t *page, uint64_t *after, store_collector_t *collector, bool *ret_full,
                                  baton_error_t *error)
{
    for (size_t i = 0; i < page->event_count; i++) {
        const frame_event_t *event = &page->events[i];
        if (event->n <= *after)
            continue;
        if (!store_collector_wants (collector, event->size)) {
            *ret_full = true;
            return BATON_OK;
        }
        if (store_collector_add (collector, event->seq, event->n, event->data, event->size) != BATON_OK)
            return baton_fail_memory (error);
        *after = event->n;
    }
    return BATON_OK;
}

static baton_status read_page (store_sqlite_t *self, sqlite3_stmt *pages, uint64_t *after, store_collector_t *collector,
                               bool *ret_full, baton_error_t *error)
{
    baton_bytes_t bytes = {0};
    frame_t page = {0};
    baton_status status = store_sqlite_unpack (self, pages, 0, &bytes, error);
    if (status == BATON_OK)
        status = frame_page_decode (&bytes, &page, error);
    if (status == BATON_OK)
        status = collect_page (&page, after, collector, ret_full, error);
    frame_clear (&page);
    bytes_clear (&bytes);
    return status;
}

static baton_status read_pages (store_sqlite_t *self, const char *session, uint64_t *after,
                                store_collector_t *collector, bool *ret_full, baton_error_t *error)
{
    sqlite3_stmt *pages = store_sqlite_statement (self, SQL_pages_after);
    store_sqlite_bind_text (pages, 1, session);
    store_sqlite_bind_uint (pages, 2, *after + 1);
    baton_status status = BATON_OK;
    int got = SQLITE_ROW;
    while (status == BATON_OK && !*ret_full && (got = sqlite3_step (pages)) == SQLITE_ROW)
        status = read_page (self, pages, after, collector, ret_full, error);
    if (status == BATON_OK && got != SQLITE_ROW && got != SQLITE_DONE)
        status = store_sqlite_fail (self, "read a journal", error);
    sqlite3_reset (pages);
    return status;
}

/*  The events with n > after, first from the pages, then from the tail; what stands in both is taken once. */
static baton_status read_journal (store_sqlite_t *self, const char *session, uint64_t after,
                                  store_collector_t *collector, baton_error_t *error)
{
    bool full = false;
    const tail_event_t *event = tail_first (self->tail, session);
    baton_status status = BATON_OK;
    if (!event || event->event.n > after + 1)
        status = read_pages (self, session, &after, collector, &full, error);
    for (; event && status == BATON_OK && !full; event = event->next) {
        const frame_event_t *at = &event->event;
        if (at->n <= after)
            continue;
        full = !store_collector_wants (collector, at->size);
        if (!full && store_collector_add (collector, at->seq, at->n, at->data, at->size) != BATON_OK)
            status = baton_fail_memory (error);
    }
    if (status != BATON_OK)
        store_reads_clear (&collector->reads);
    return status;
}

baton_status store_sqlite_history (store_t *base, const char *session, uint64_t after, size_t limit,
                                   store_reads_t *ret_events, baton_error_t *error)
{
    store_collector_t collector = {.limit = limit, .bytes_most = LIMIT_PAGE_BYTES};
    baton_status status = read_journal ((store_sqlite_t *) base, session, after, &collector, error);
    if (status == BATON_OK)
        *ret_events = collector.reads;
    return status;
}

static baton_status read_snapshot (store_sqlite_t *self, const char *session, baton_bytes_t *snapshot, uint64_t *n,
                                   baton_error_t *error)
{
    sqlite3_stmt *get = store_sqlite_statement (self, SQL_snapshot_get);
    store_sqlite_bind_text (get, 1, session);
    int got = sqlite3_step (get);
    baton_status status = BATON_OK;
    if (got == SQLITE_ROW) {
        *n = (uint64_t) sqlite3_column_int64 (get, 0);
        status = store_sqlite_unpack (self, get, 1, snapshot, error);
    } else if (got != SQLITE_DONE)
        status = store_sqlite_fail (self, "read a snapshot", error);
    sqlite3_reset (get);
    return status;
}

baton_status store_sqlite_load (store_t *base, const char *session, baton_bytes_t *ret_snapshot,
                                uint64_t *ret_snapshot_n, store_reads_t *ret_tail, baton_error_t *error)
{
    store_collector_t collector = {.limit = SIZE_MAX, .bytes_most = SIZE_MAX};
    baton_bytes_t snapshot = {0};
    uint64_t n = 0;
    baton_status status = read_snapshot ((store_sqlite_t *) base, session, &snapshot, &n, error);
    if (status == BATON_OK)
        status = read_journal ((store_sqlite_t *) base, session, n, &collector, error);
    if (status == BATON_OK && n == 0 && collector.reads.count == 0)
        status = store_no_session (session, error);
    if (status != BATON_OK) {
        bytes_clear (&snapshot);
        return status;
    }
    *ret_snapshot = snapshot;
    *ret_snapshot_n = n;
    *ret_tail = collector.reads;
    return BATON_OK;
}

/* ---- the log ---- */

static baton_status read_first_seq (store_sqlite_t *self, uint64_t log, uint64_t *ret_seq, baton_error_t *error)
{
    sqlite3_stmt *get = store_sqlite_statement (self, SQL_log_first_seq);
    store_sqlite_bind_uint (get, 1, log);
    int got = sqlite3_step (get);
    baton_status status = BATON_OK;
    if (got == SQLITE_ROW)
        *ret_seq = (uint64_t) sqlite3_column_int64 (get, 0);
    else if (got == SQLITE_DONE)
        status = baton_fail (error, BATON_failed_precondition, BATON_REASON_corrupt,
                             "%s is damaged: row %llu of its log is missing", self->path, (unsigned long long) log);
    else
        status = store_sqlite_fail (self, "read its log", error);
    sqlite3_reset (get);
    return status;
}

/*  Rows are numbered without a gap, so no index is needed. */
baton_status store_sqlite_find_row (store_sqlite_t *self, uint64_t seq, uint64_t *ret_log, baton_error_t *error)
{
    uint64_t low = 1, high = self->last_log;
    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2, first = 0;
        baton_status status = read_first_seq (self, middle, &first, error);
        if (status != BATON_OK)
            return status;
        if (first <= seq)
            low = middle;
        else
            high = middle - 1;
    }
    *ret_log = low;
    return BATON_OK;
}

/*  A reading of the log under way. */
typedef struct {
    event_class_e class;
    uint64_t last; /*  seq of the last event looked at */
    size_t looked;
    store_collector_t collector;
} log_scan_t;

static baton_status scan_row (const frame_t *row, log_scan_t *scan, bool *ret_end, baton_error_t *error)
{
    for (size_t i = 0; i < row->event_count; i++) {
        const frame_event_t *event = &row->events[i];
        if (event->seq <= scan->last)
            continue;
        bool matches = scan->class == event_class_none || event->class == scan->class;
        if (scan->looked == STORE_LOG_SCAN || scan->collector.reads.count == scan->collector.limit ||
            (matches && !store_collector_wants (&scan->collector, event->size))) {
            *ret_end = true;
            return BATON_OK;
        }
        if (matches &&
            store_collector_add (&scan->collector, event->seq, event->n, event->data, event->size) != BATON_OK)
            return baton_fail_memory (error);
        scan->last = event->seq;
        scan->looked++;
    }
    return BATON_OK;
}

static baton_status scan_rows (store_sqlite_t *self, uint64_t log, log_scan_t *scan, baton_error_t *error)
{
    sqlite3_stmt *rows = store_sqlite_statement (self, SQL_log_from);
    store_sqlite_bind_uint (rows, 1, log);
    baton_status status = BATON_OK;
    bool end = false;
    int got = SQLITE_ROW;
    while (status == BATON_OK && !end && (got = sqlite3_step (rows)) == SQLITE_ROW) {
        baton_bytes_t bytes = {0};
        frame_t row = {0};
        status = store_sqlite_unpack (self, rows, 2, &bytes, error);
        if (status == BATON_OK)
            status = frame_log_decode (&bytes, &row, error);
        if (status == BATON_OK)
            status = scan_row (&row, scan, &end, error);
        frame_clear (&row);
        bytes_clear (&bytes);
    }
    if (status == BATON_OK && got != SQLITE_ROW && got != SQLITE_DONE)
        status = store_sqlite_fail (self, "read its log", error);
    sqlite3_reset (rows);
    return status;
}

baton_status store_sqlite_log (store_t *base, uint64_t after, event_class_e class, size_t limit,
                               store_reads_t *ret_events, uint64_t *ret_last, baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    log_scan_t scan = {.class = class, .last = after, .collector = {.limit = limit, .bytes_most = LIMIT_PAGE_BYTES}};
    uint64_t log = 0;
    baton_status status = BATON_OK;
    if (after < base->head)
        status = store_sqlite_find_row (self, after + 1, &log, error);
    if (status == BATON_OK && after < base->head)
        status = scan_rows (self, log, &scan, error);
    if (status != BATON_OK) {
        store_reads_clear (&scan.collector.reads);
        return status;
    }
    *ret_events = scan.collector.reads;
    *ret_last = scan.last;
    return BATON_OK;
}

/* ---- answers ---- */

static baton_status give_answer (const frame_answer_t *answer, char *ret_payload, baton_bytes_t *ret_reply,
                                 baton_error_t *error)
{
    baton_bytes_t reply = {0};
    if (bytes_set (&reply, answer->reply, answer->reply_size) != BATON_OK)
        return baton_fail_memory (error);
    *ret_reply = reply;
    memcpy (ret_payload, answer->payload.data, answer->payload.size);
    ret_payload[answer->payload.size] = '\0';
    return BATON_OK;
}

/*  The newest answer for (actor, key) in a log row. */
static const frame_answer_t *pick_answer (const frame_t *row, const char *actor, const char *key)
{
    for (size_t i = row->answer_count; i-- > 0;)
        if (frame_text_is (row->answers[i].actor, actor) && frame_text_is (row->answers[i].key, key))
            return &row->answers[i];
    return NULL;
}

/*  Looks into the log row that the index points to; not_found when the answer there is another's. */
static baton_status read_answer (store_sqlite_t *self, uint64_t log, const char *actor, const char *key,
                                 char *ret_payload, baton_bytes_t *ret_reply, baton_error_t *error)
{
    sqlite3_stmt *rows = store_sqlite_statement (self, SQL_log_from);
    store_sqlite_bind_uint (rows, 1, log);
    baton_bytes_t bytes = {0};
    frame_t row = {0};
    baton_status status = BATON_OK;
    if (sqlite3_step (rows) != SQLITE_ROW)
        status = store_sqlite_fail (self, "read an answer", error);
    if (status == BATON_OK)
        status = store_sqlite_unpack (self, rows, 2, &bytes, error);
    if (status == BATON_OK)
        status = frame_log_decode (&bytes, &row, error);
    if (status == BATON_OK) {
        const frame_answer_t *answer = pick_answer (&row, actor, key);
        if (answer && answer->at >= self->forgotten)
            status = give_answer (answer, ret_payload, ret_reply, error);
        else
            status = store_no_answer (actor, key, error);
    }
    frame_clear (&row);
    bytes_clear (&bytes);
    sqlite3_reset (rows);
    return status;
}

baton_status store_sqlite_answer (store_t *base, const char *actor, const char *key, char *ret_payload,
                                  baton_bytes_t *ret_reply, baton_error_t *error)
{
    store_sqlite_t *self = (store_sqlite_t *) base;
    const frame_answer_t *fresh = tail_answer (self->tail, actor, key);
    if (fresh)
        return fresh->at >= self->forgotten ? give_answer (fresh, ret_payload, ret_reply, error)
                                            : store_no_answer (actor, key, error);
    sqlite3_stmt *find = store_sqlite_statement (self, SQL_answer_find);
    sqlite3_bind_int64 (find, 1, (int64_t) tail_hash (actor, strlen (actor), key, strlen (key)));
    baton_status status = store_no_answer (actor, key, error);
    int got = SQLITE_ROW;
    while (status == BATON_not_found && (got = sqlite3_step (find)) == SQLITE_ROW)
        status =
            read_answer (self, (uint64_t) sqlite3_column_int64 (find, 0), actor, key, ret_payload, ret_reply, error);
    if (status == BATON_not_found && got != SQLITE_DONE)
        status = store_sqlite_fail (self, "look for an answer", error);
    sqlite3_reset (find);
    return status;
}
