/*  What a run has printed: a folder of segments, each named after the offset of its first byte.
 *
 *  Offsets count from the run's first byte and never change. The two newest segments are kept, each at most half of
 *  the bound, so the newest half of the bound is always there. Attempts of the same run go on in the same log.
 */
#ifndef BATON_RUNLOG_H
#define BATON_RUNLOG_H

#include "record.h"

#define RUNLOG_BOUND_LEAST 8192

typedef struct runlog runlog_t;

/*  Opens a log for writing at its end; bound in bytes, at least RUNLOG_BOUND_LEAST. One writer at a time. */
BATON_MUST_USE baton_status runlog_new (const char *folder, uint64_t bound, runlog_t **ret_log, baton_error_t *error);
void runlog_destroy (runlog_t **self);

/*  Appends. What the disk doesn't take is lost, and the log goes on with what comes after. */
void runlog_append (runlog_t *self, const void *data, size_t size);

typedef struct {
    uint64_t offset; /*  of the first byte of content; beyond the one asked for when that was rotated away */
    uint64_t next;   /*  offset after the last byte of content */
    uint64_t end;    /*  offset after the last byte there is */
    baton_bytes_t content;
} runlog_page_t;

/*  Reads at most limit bytes from offset; from the oldest byte there is when that was rotated away, or when the log
 * ends before it (the run has moved here, and its earlier output stayed behind). A log that isn't there is empty. The
 * content is the caller's. */
BATON_MUST_USE baton_status runlog_read (const char *folder, uint64_t offset, size_t limit, runlog_page_t *ret_page,
                                         baton_error_t *error);

#endif
