#include "parking.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_DEFAULT 30000 /*  ms, when the request does not say */

struct parking {
    size_t count;
    uint64_t next;
    request_t *items[LIMIT_WAITERS];
};

static uint64_t deadline (const request_t *request)
{
    return request->arrived + (request->header.timeout ? request->header.timeout : TIMEOUT_DEFAULT);
}

baton_status parking_new (parking_t **ret_parking)
{
    parking_t *self = calloc (1, sizeof *self);
    if (!self)
        return BATON_resource_exhausted;
    self->next = UINT64_MAX;
    *ret_parking = self;
    return BATON_OK;
}

void parking_destroy (parking_t **self)
{
    if (!*self)
        return;
    for (size_t i = 0; i < (*self)->count; i++)
        request_destroy (&(*self)->items[i]);
    free (*self);
    *self = NULL;
}

static size_t count_of (const parking_t *self, const char *actor)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++)
        count += strcmp (self->items[i]->actor, actor) == 0;
    return count;
}

baton_status parking_add (parking_t *self, request_t **request, baton_error_t *error)
{
    if (self->count == LIMIT_WAITERS)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_busy, "%d requests wait at the broker already",
                           LIMIT_WAITERS);
    if (self->count >= LIMIT_WAITERS_EACH && count_of (self, (*request)->actor) >= LIMIT_WAITERS_EACH)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_busy,
                           "%d requests of %s wait at the broker already", LIMIT_WAITERS_EACH, (*request)->actor);
    if (deadline (*request) < self->next)
        self->next = deadline (*request);
    self->items[self->count++] = *request;
    *request = NULL;
    return BATON_OK;
}

static request_t *take (parking_t *self, size_t index)
{
    request_t *request = self->items[index];
    self->items[index] = self->items[--self->count];
    return request;
}

request_t *parking_take_relayed (parking_t *self, uint64_t relay, const peer_t *from)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i]->relay == relay && peer_equal (&self->items[i]->relayed_to, from))
            return take (self, i);
    return NULL;
}

request_t *parking_take_session (parking_t *self, const char *session, uint64_t n)
{
    for (size_t i = 0; i < self->count; i++) {
        const request_t *request = self->items[i];
        const char *about = request->relay == 0 && request->header.past < n ? request_session (request) : NULL;
        if (about && strcmp (about, session) == 0)
            return take (self, i);
    }
    return NULL;
}

request_t *parking_take_late (parking_t *self, uint64_t now)
{
    if (now < self->next)
        return NULL;
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < self->count; i++) {
        if (deadline (self->items[i]) <= now)
            return take (self, i);
        if (deadline (self->items[i]) < next)
            next = deadline (self->items[i]);
    }
    self->next = next;
    return NULL;
}

uint64_t parking_next (const parking_t *self)
{
    return self->next;
}
