#include "people.h"

#include <czmq.h>

struct people {
    const site_t *site;
    size_t count;               /*  identities taken in */
    zhashx_t *by_key, *by_name; /*  -> the place of the last of them in the list, from 1 */
    zhashx_t *tokens;           /*  by digest -> the place in the list, from 1 */
    uint64_t rekeys;            /*  keys that had changed when the indices of identities were made */
    uint64_t tokens_at;         /*  the position of the site at which that was made; 0: never */
};

people_t *people_new (const site_t *site)
{
    people_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    *self = (people_t){.site = site, .by_key = zhashx_new (), .by_name = zhashx_new (), .tokens = zhashx_new ()};
    if (!self->by_key || !self->by_name || !self->tokens)
        people_destroy (&self);
    return self;
}

void people_destroy (people_t **self)
{
    if (!*self)
        return;
    zhashx_destroy (&(*self)->by_key);
    zhashx_destroy (&(*self)->by_name);
    zhashx_destroy (&(*self)->tokens);
    free (*self);
    *self = NULL;
}

void people_forget (people_t *self)
{
    zhashx_purge (self->by_key);
    zhashx_purge (self->by_name);
    self->count = 0;
    self->tokens_at = 0;
}

/*  A name or a key is enrolled again only when its last bearer was revoked: so the last one is the one that counts. */
static void catch_up (people_t *self)
{
    if (self->rekeys != self->site->rekeys) {
        people_forget (self);
        self->rekeys = self->site->rekeys;
    }
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

/*  Tokens come and go, rarely: then the index is made anew. */
static void index_tokens (people_t *self)
{
    if (self->tokens_at == self->site->n)
        return;
    zhashx_purge (self->tokens);
    for (size_t i = 0; i < self->site->tokens.count; i++)
        zhashx_update (self->tokens, self->site->tokens.items[i].digest, (void *) (uintptr_t) (i + 1));
    self->tokens_at = self->site->n;
}

const access_token_t *people_token (people_t *self, const char *digest, uint64_t now)
{
    index_tokens (self);
    uintptr_t place = (uintptr_t) zhashx_lookup (self->tokens, digest);
    const access_token_t *token = place > 0 ? &self->site->tokens.items[place - 1] : NULL;
    return token && token->expires_at > now ? token : NULL;
}

const site_t *people_site (const people_t *self)
{
    return self->site;
}
