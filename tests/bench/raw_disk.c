#include "raw_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 1000 /*  so long is a WAL before it begins again */

static void run (sqlite3 *db, const char *sql)
{
    demand (sqlite3_exec (db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg (db));
}

static void append (sqlite3_stmt *insert, uint8_t *row, size_t size, uint64_t *state)
{
    chance_text (state, row, size < 16 ? size : 16);
    sqlite3_bind_blob64 (insert, 1, row, size, SQLITE_STATIC);
    demand (sqlite3_step (insert) == SQLITE_DONE, "cannot append to the raw log");
    sqlite3_reset (insert);
}

double raw_log_rate (const char *folder, size_t row_size, size_t batch, uint64_t duration_us)
{
    char path[BENCH_PATH + 16];
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    uint64_t state = 88172645463325252u, rows = 0;
    uint8_t *row = malloc (row_size);
    snprintf (path, sizeof path, "%s/raw.db", folder);
    demand (row && sqlite3_open (path, &db) == SQLITE_OK, "cannot open %s", path);
    run (db, "PRAGMA journal_mode=WAL");
    run (db, "PRAGMA synchronous=FULL");
    run (db, "CREATE TABLE log (id INTEGER PRIMARY KEY, data BLOB)");
    demand (sqlite3_prepare_v2 (db, "INSERT INTO log (data) VALUES (?1)", -1, &insert, NULL) == SQLITE_OK, "raw log");
    chance_text (&state, row, row_size);
    uint64_t started = clock_us (), now = started;
    for (; now - started < duration_us; now = clock_us ()) {
        run (db, "BEGIN IMMEDIATE");
        for (size_t i = 0; i < batch; i++)
            append (insert, row, row_size, &state);
        run (db, "COMMIT");
        rows += batch;
    }
    sqlite3_finalize (insert);
    sqlite3_close (db);
    free (row);
    return (double) rows * 1e6 / (double) (now - started);
}

double raw_fdatasync_us (const char *folder, size_t count)
{
    char path[BENCH_PATH + 16];
    uint8_t page[PAGE] = {1};
    uint64_t *times = calloc (count, sizeof *times);
    snprintf (path, sizeof path, "%s/raw.file", folder);
    int file = open (path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    demand (times && file >= 0, "cannot make %s: %s", path, strerror (errno));
    for (off_t i = 0; i < PAGES; i++)
        demand (pwrite (file, page, PAGE, i * PAGE) == PAGE, "cannot write %s", path);
    demand (fsync (file) == 0, "cannot write %s", path);
    for (size_t i = 0; i < count; i++) {
        off_t at = (off_t) (i % PAGES) * PAGE;
        uint64_t started = clock_us ();
        demand (pwrite (file, page, PAGE, at) == PAGE && fdatasync (file) == 0, "cannot write %s", path);
        times[i] = clock_us () - started;
    }
    close (file);
    double median = (double) quantile (times, count, 0.5);
    free (times);
    return median;
}
