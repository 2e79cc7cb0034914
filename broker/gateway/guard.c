#include "guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SLOTS 4096 /*  addresses that are told apart; those that meet in one share it */

/* ---- names ---- */

/*  The length of a Host without its port. */
static size_t name_size (const char *host)
{
    const char *end = *host == '[' ? strchr (host, ']') : NULL;
    return end ? (size_t) (end + 1 - host) : strcspn (host, ":");
}

static bool port_or_nothing (const char *text)
{
    return !*text || (*text == ':' && text[1 + strspn (text + 1, "0123456789")] == 0 && strlen (text) <= 6);
}

static bool is_name (const char *host, size_t size, const char *name)
{
    return strlen (name) == size && strncasecmp (host, name, size) == 0;
}

static bool is_loopback_v4 (const char *host, size_t size)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    if (size >= sizeof text)
        return false;
    memcpy (text, host, size);
    text[size] = 0;
    return inet_pton (AF_INET, text, &address) == 1 && ntohl (address.s_addr) >> 24 == 127;
}

bool guard_host (const char *host, const char *const *names, size_t count)
{
    size_t size = name_size (host);
    if (size == 0 || !port_or_nothing (host + size))
        return false;
    bool ours = is_name (host, size, "localhost") || is_name (host, size, "[::1]") || is_loopback_v4 (host, size);
    for (size_t i = 0; i < count && !ours; i++)
        ours = is_name (host, size, names[i]);
    return ours;
}

bool guard_origin (const char *origin, const char *host)
{
    static const char HTTP[] = "http://", HTTPS[] = "https://";
    size_t scheme = strncasecmp (origin, HTTP, strlen (HTTP)) == 0     ? strlen (HTTP)
                    : strncasecmp (origin, HTTPS, strlen (HTTPS)) == 0 ? strlen (HTTPS)
                                                                       : 0;
    return scheme > 0 && strcasecmp (origin + scheme, host) == 0;
}

bool guard_loopback (const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl (((const struct sockaddr_in *) address)->sin_addr.s_addr) >> 24 == 127;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK (&((const struct sockaddr_in6 *) address)->sin6_addr);
}

/* ---- rate ---- */

struct guard {
    unsigned char key[crypto_shorthash_KEYBYTES]; /*  so that nobody can choose with whom they share a slot */
    struct {
        double failures; /*  less GUARD_RATE a second */
        uint64_t at;     /*  monotonic ms */
    } slots[SLOTS];
};

guard_t *guard_new (void)
{
    guard_t *self = calloc (1, sizeof *self);
    if (self)
        crypto_shorthash_keygen (self->key);
    return self;
}

void guard_destroy (guard_t **self)
{
    free (*self);
    *self = NULL;
}

/*  Of an IPv6 address the first 64 bits count: the rest is its holder's to choose. */
static size_t slot_of (const guard_t *self, const struct sockaddr *address)
{
    unsigned char hash[crypto_shorthash_BYTES];
    const void *data = "";
    size_t size = 0;
    if (address->sa_family == AF_INET) {
        data = &((const struct sockaddr_in *) address)->sin_addr;
        size = 4;
    } else if (address->sa_family == AF_INET6) {
        data = &((const struct sockaddr_in6 *) address)->sin6_addr;
        size = 8;
    }
    crypto_shorthash (hash, data, size, self->key);
    return (size_t) (hash[0] | hash[1] << 8) % SLOTS;
}

static double failures_at (guard_t *self, size_t slot, uint64_t now)
{
    double forgotten = (double) (now - self->slots[slot].at) * GUARD_RATE / 1000;
    self->slots[slot].failures = self->slots[slot].failures > forgotten ? self->slots[slot].failures - forgotten : 0;
    self->slots[slot].at = now;
    return self->slots[slot].failures;
}

bool guard_may_try (guard_t *self, const struct sockaddr *address, uint64_t now)
{
    return failures_at (self, slot_of (self, address), now) < GUARD_BURST;
}

void guard_failed (guard_t *self, const struct sockaddr *address, uint64_t now)
{
    size_t slot = slot_of (self, address);
    failures_at (self, slot, now);
    self->slots[slot].failures += 1;
}
