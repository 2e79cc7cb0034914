#include "steady.h"

#define FOLLOWED 2000 /*  ms by which the clock may be corrected at once without being set */

void steady_start (steady_t *self, uint64_t wall, uint64_t passed)
{
    *self = (steady_t){.ahead = (int64_t) (wall - passed)};
}

static bool is_small (int64_t difference)
{
    return difference >= -FOLLOWED && difference <= FOLLOWED;
}

uint64_t steady_look (steady_t *self, uint64_t wall, uint64_t passed, bool *ret_set)
{
    int64_t off = (int64_t) (wall - passed) - self->ahead, before = self->off;
    *ret_set = !is_small (off - before);
    self->off = off;
    if (is_small (off))
        steady_follow (self);
    return passed + (uint64_t) self->ahead;
}

void steady_follow (steady_t *self)
{
    self->ahead += self->off;
    self->off = 0;
}
