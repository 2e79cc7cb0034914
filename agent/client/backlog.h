/*  Events that wait for their reader, in order. */
#ifndef BATON_BACKLOG_H
#define BATON_BACKLOG_H

#include "record.h"

typedef struct {
    uint64_t seq;
    baton_bytes_t event; /*  an event_envelope */
} waiting_t;

typedef struct {
    size_t first; /*  index of the oldest */
    struct {
        size_t count; /*  taken ones included */
        waiting_t *items;
    } list;
} backlog_t;

/*  Takes event. */
BATON_MUST_USE baton_status backlog_add (backlog_t *self, uint64_t seq, baton_bytes_t *event);

/*  The oldest, which is the caller's now; false when there is none. */
bool backlog_take (backlog_t *self, waiting_t *ret_waiting);

size_t backlog_count (const backlog_t *self);
void backlog_clear (backlog_t *self);

#endif
