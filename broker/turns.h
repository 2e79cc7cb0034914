/*  Requests that wait for a thread other than the core's. Clients have their turns, however many requests each has: the
 *  turn of a request is one behind that of the last one that waits for the same client, and the lowest turn is next.
 */
#ifndef BATON_TURNS_H
#define BATON_TURNS_H

#include "request.h"

typedef struct {
    request_t *request;
    uint64_t turn;
} waiting_t;

typedef struct {
    size_t count;
    waiting_t waiting[LIMIT_READS]; /*  as they came */
    uint64_t turn;                  /*  of the last one that was taken */
} turns_t;

/*  How many may wait at once, at most LIMIT_READS, and of one client; what they are is for the error. */
typedef struct {
    size_t most, most_each;
    const char *what;
} turns_limit_t;

/*  Takes the request over, unless too many wait: resource_exhausted, and it stays the caller's. */
BATON_MUST_USE baton_status turns_add (turns_t *self, request_t **request, const turns_limit_t *limit,
                                       baton_error_t *error);

/*  Whether a request may be taken now. */
typedef bool turns_may_fn (const void *argument, const request_t *request);

/*  The next one that may be taken (NULL: any may), or NULL. It still waits, and turns_remove takes it away. */
request_t *turns_next (const turns_t *self, turns_may_fn *may, const void *argument);
void turns_remove (turns_t *self, const request_t *request);

void turns_clear (turns_t *self);

#endif
