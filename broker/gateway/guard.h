/*  What keeps the web thread from those who mean harm: whom a browser was led to, who is slow, who guesses tokens. */
#ifndef BATON_GUARD_H
#define BATON_GUARD_H

#include "record.h"

#include <sys/socket.h>

/*  Whether a Host header names us: a loopback name or address, or one of the names; with any port. A page elsewhere
 * whose name was made to lead here (DNS rebinding) has another. */
bool guard_host (const char *host, const char *const *names, size_t count);

/*  Whether an Origin header is that of the site that Host names. */
bool guard_origin (const char *origin, const char *host);

/*  Whether an address is the machine's own. */
bool guard_loopback (const struct sockaddr *address);

/*  How often an address may fail to show who it is: at most GUARD_BURST times at once, and then GUARD_RATE a second. */
#define GUARD_BURST 100
#define GUARD_RATE 10
typedef struct guard guard_t;

guard_t *guard_new (void);
void guard_destroy (guard_t **self);

/*  Whether that address may try again; now: monotonic ms. */
bool guard_may_try (guard_t *self, const struct sockaddr *address, uint64_t now);

/*  Whether one more request may come: `rate` a second with one token, by its digest, or from one address without one
 *  (""); and GUARD_AHEAD seconds' worth at once. */
#define GUARD_AHEAD 2
bool guard_admit (guard_t *self, const char *credential, const struct sockaddr *address, unsigned rate, uint64_t now);

/*  It has failed. */
void guard_failed (guard_t *self, const struct sockaddr *address, uint64_t now);

#endif
