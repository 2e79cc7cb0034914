#include "aside.h"

#define LEAST 262144 /*  bytes that are worth a thread */

static void *hash (void *argument)
{
    aside_t *self = argument;
    crypto_generichash_update (self->state, self->data, self->size);
    return NULL;
}

void aside_hash (aside_t *self, crypto_generichash_state *state, const void *data, size_t size)
{
    *self = (aside_t){.state = state, .data = data, .size = size};
    self->under_way = size >= LEAST && pthread_create (&self->thread, NULL, hash, self) == 0;
    if (!self->under_way)
        hash (self);
}

void aside_end (aside_t *self)
{
    if (self->under_way)
        pthread_join (self->thread, NULL);
    self->under_way = false;
}
