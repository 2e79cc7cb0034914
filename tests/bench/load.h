/*  Clients that change something, one outstanding request each: memory.set of a random key to a random text in a random
 *  session, with an idempotency key as libbaton sends it.
 *
 *  All of them are driven by the thread that calls load_run. Their requests are encoded once and then only filled in,
 * so that the load costs this machine little beside what libzmq costs.
 */
#ifndef BATON_BENCH_LOAD_H
#define BATON_BENCH_LOAD_H

#include "sockets.h"

#include <stdatomic.h>

typedef struct {
    size_t count;
    char (*ids)[32];
} sessions_t;

/*  Creates that many sessions at the broker. */
void sessions_create (sessions_t *self, const baton_context_t *context, size_t count);
void sessions_clear (sessions_t *self);

typedef struct load load_t;

load_t *load_new (const baton_context_t *context, const sessions_t *sessions, size_t clients);
void load_destroy (load_t **self);

/*  Bytes that one of these changes leaves in the log: its event, and the answer that is kept for its key. */
size_t load_row_size (void);

/*  Runs for that long, or until *stop is set (may be NULL). Returns the number of answers; each has to be ok. When
 *  times is not NULL, it is filled with up to `most` answer times in microseconds. */
size_t load_run (load_t *self, uint64_t duration_us, const atomic_bool *stop, uint64_t *times, size_t most);

#endif
