#include "backlog.h"

#include <stdlib.h>

baton_status backlog_add (backlog_t *self, uint64_t seq, baton_bytes_t *event)
{
    waiting_t *waiting = list_append (&self->list, sizeof *waiting);
    if (!waiting)
        return BATON_resource_exhausted;
    *waiting = (waiting_t){seq, *event};
    *event = (baton_bytes_t){0};
    return BATON_OK;
}

size_t backlog_count (const backlog_t *self)
{
    return self->list.count - self->first;
}

bool backlog_take (backlog_t *self, waiting_t *ret_waiting)
{
    if (backlog_count (self) == 0) {
        backlog_clear (self);
        return false;
    }
    *ret_waiting = self->list.items[self->first++];
    return true;
}

void backlog_clear (backlog_t *self)
{
    for (size_t i = self->first; i < self->list.count; i++)
        bytes_clear (&self->list.items[i].event);
    free (self->list.items);
    *self = (backlog_t){0};
}
