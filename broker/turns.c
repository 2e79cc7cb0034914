#include "turns.h"

#include <string.h>

/*  Each run waits for itself, though it is its node that asks. */
static bool same_asker (const request_t *a, const request_t *b)
{
    return strcmp (a->key, b->key) == 0 && text_equal (a->header.session, b->header.session);
}

baton_status turns_add (turns_t *self, request_t **request, const turns_limit_t *limit, baton_error_t *error)
{
    size_t own = 0;
    uint64_t turn = self->turn;
    for (size_t i = 0; i < self->count; i++)
        if (same_asker (self->waiting[i].request, *request)) {
            own++;
            turn = self->waiting[i].turn > turn ? self->waiting[i].turn : turn;
        }
    if (own == limit->most_each || self->count == limit->most)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_busy, "%zu %s wait already%s",
                           own == limit->most_each ? own : self->count, limit->what,
                           own == limit->most_each ? " for the same client" : "");
    self->waiting[self->count++] = (waiting_t){*request, turn + 1};
    *request = NULL;
    return BATON_OK;
}

request_t *turns_next (const turns_t *self, turns_may_fn *may, const void *argument)
{
    const waiting_t *next = NULL;
    for (size_t i = 0; i < self->count; i++)
        if ((!next || self->waiting[i].turn < next->turn) && (!may || may (argument, self->waiting[i].request)))
            next = &self->waiting[i];
    return next ? next->request : NULL;
}

void turns_remove (turns_t *self, const request_t *request)
{
    size_t at = 0;
    while (self->waiting[at].request != request)
        at++;
    self->turn = self->waiting[at].turn > self->turn ? self->waiting[at].turn : self->turn;
    self->count--;
    memmove (&self->waiting[at], &self->waiting[at + 1], (self->count - at) * sizeof *self->waiting);
}

void turns_clear (turns_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        request_destroy (&self->waiting[i].request);
    self->count = 0;
}
