/*  The site's identities, found by key or by name without looking at each: every request, and every delivery of an
 *  event, asks who a key belongs to.
 *
 *  The identities themselves stay in the site's state, which only ever gains some at the end; what was taken in once
 *  is looked up. A state that was loaded anew needs people_forget.
 */
#ifndef BATON_PEOPLE_H
#define BATON_PEOPLE_H

#include "access.h"
#include "site.h"

typedef struct people people_t;

/*  The site is borrowed, and stays where it is. NULL for lack of memory. */
people_t *people_new (const site_t *site);
void people_destroy (people_t **self);

/*  As site_identity_of_key and site_identity. Borrowed until the site's state changes. */
const identity_t *people_of_key (people_t *self, const char *key);
const identity_t *people_named (people_t *self, const char *name);

/*  The token whose text has that digest and whose time is not over at `now`, or NULL. Borrowed likewise. */
const access_token_t *people_token (people_t *self, const char *digest, uint64_t now);

/*  The site's state was loaded anew. */
void people_forget (people_t *self);

const site_t *people_site (const people_t *self);

#endif
