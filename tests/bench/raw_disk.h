/*  What the disk can do at best: the limits that durable commands are measured against. */
#ifndef BATON_BENCH_RAW_DISK_H
#define BATON_BENCH_RAW_DISK_H

#include "tools.h"

/*  Rows a second into a log without an index, in SQLite as the broker uses it (WAL, synchronous=FULL), with one commit
 *  for each `batch` rows of that size. */
double raw_log_rate (const char *folder, size_t row_size, size_t batch, uint64_t duration_us);

/*  Median time of writing 4 KiB into a file that is large enough, as a WAL is most of the time, and one fdatasync; in
 *  microseconds. */
double raw_fdatasync_us (const char *folder, size_t count);

#endif
