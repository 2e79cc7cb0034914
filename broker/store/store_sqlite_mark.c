/*  The number of the last commit, in DIR/baton.mark. It is written after the commit and never flushed, so it may be
 * behind what is on disk, but not ahead: a database that ends before it has lost its log, baton.db-wal. */
#include "store_sqlite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK_SIZE 21 /*  20 digits and a line end */

/*  0 when nothing, or not all of it, was written. */
static uint64_t read_mark (int file)
{
    char text[MARK_SIZE + 1] = "";
    if (file < 0 || pread (file, text, MARK_SIZE, 0) != MARK_SIZE || text[MARK_SIZE - 1] != '\n')
        return 0;
    return strtoull (text, NULL, 10);
}

baton_status store_sqlite_open_mark (store_sqlite_t *self, const char *directory, baton_error_t *error)
{
    char path[4200];
    snprintf (path, sizeof path, "%s/baton.mark", directory);
    self->mark = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    uint64_t marked = read_mark (self->mark);
    if (marked <= self->last_log)
        return BATON_OK;
    return baton_fail (error, BATON_failed_precondition, BATON_REASON_corrupt,
                       "%s ends at commit %llu, but %llu was answered: its log, baton.db-wal, was removed, or it is an "
                       "older copy; to go on from what it has, remove %s",
                       self->path, (unsigned long long) self->last_log, (unsigned long long) marked, path);
}

void store_sqlite_mark (const store_sqlite_t *self)
{
    char text[MARK_SIZE + 1];
    snprintf (text, sizeof text, "%020llu\n", (unsigned long long) self->last_log);
    if (self->mark >= 0 && pwrite (self->mark, text, MARK_SIZE, 0) != MARK_SIZE)
        return; /*  behind is as good */
}
