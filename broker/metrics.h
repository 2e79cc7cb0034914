/*  What the core thread counts of its own work; metrics.def says what each is. All of it begins anew with the broker.
 */
#ifndef BATON_METRICS_H
#define BATON_METRICS_H

#include "exposition.h"
#include "journal.h"
#include "request.h"

#define METRICS_STATUSES 17 /*  numbers of a baton_status */

typedef struct {
    uint64_t answered[METHOD_COUNT][METRICS_STATUSES]; /*  METHOD_none: what could not be read */
    histogram_t times[METHOD_COUNT];
    histogram_t turns, commit_times, commit_events;
    uint64_t commits_failed;
    uint64_t events[EVENT_COUNT];
    uint64_t input_tokens, output_tokens;
} metrics_t;

/*  Monotonic nanoseconds. */
uint64_t metrics_clock (void);

/*  A request is answered. */
void metrics_answered (metrics_t *self, const request_t *request);

/*  A commit that began at that time has succeeded, with these events; or has failed, without any. */
void metrics_committed (metrics_t *self, uint64_t begun, const pending_t *events, size_t count);
void metrics_failed (metrics_t *self);

/*  Writes all of it. */
void metrics_print (const metrics_t *self, FILE *out);

#endif
