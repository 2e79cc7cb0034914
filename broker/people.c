#include "people.h"

#include <czmq.h>

struct people {
    const site_t *site;
    size_t count;               /*  identities taken in */
    zhashx_t *by_key, *by_name; /*  -> the place of the last of them in the list, from 1 */
};

people_t *people_new (const site_t *site)
{
    people_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    *self = (people_t){.site = site, .by_key = zhashx_new (), .by_name = zhashx_new ()};
    if (!self->by_key || !self->by_name)
        people_destroy (&self);
    return self;
}

void people_destroy (people_t **self)
{
    if (!*self)
        return;
    zhashx_destroy (&(*self)->by_key);
    zhashx_destroy (&(*self)->by_name);
    free (*self);
    *self = NULL;
}

void people_forget (people_t *self)
{
    zhashx_purge (self->by_key);
    zhashx_purge (self->by_name);
    self->count = 0;
}

/*  A name or a key is enrolled again only when its last bearer was revoked: so the last one is the one that counts. */
static void catch_up (people_t *self)
{
    while (self->count < self->site->identities.count) {
        const identity_t *identity = &self->site->identities.items[self->count++];
        zhashx_update (self->by_key, identity->key, (void *) (uintptr_t) self->count);
        zhashx_update (self->by_name, identity->name, (void *) (uintptr_t) self->count);
    }
}

static const identity_t *find (people_t *self, zhashx_t *index, const char *text)
{
    catch_up (self);
    uintptr_t place = (uintptr_t) zhashx_lookup (index, text);
    return place > 0 ? &self->site->identities.items[place - 1] : NULL;
}

const identity_t *people_of_key (people_t *self, const char *key)
{
    return find (self, self->by_key, key);
}

const identity_t *people_named (people_t *self, const char *name)
{
    return find (self, self->by_name, name);
}

const site_t *people_site (const people_t *self)
{
    return self->site;
}
