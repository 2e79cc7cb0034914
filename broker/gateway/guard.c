#include "guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SLOTS 4096 /*  addresses, or tokens, that are told apart; those that meet in one share it */

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

/*  It is filled by what happens, and leaks at a rate. */
typedef struct {
    double level;
    uint64_t at; /*  monotonic ms */
} bucket_t;

struct guard {
    unsigned char key[crypto_shorthash_KEYBYTES]; /*  so that nobody can choose with whom they share a slot */
    bucket_t failures[SLOTS], requests[SLOTS];
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

static size_t slot_by (const guard_t *self, const void *data, size_t size)
{
    unsigned char hash[crypto_shorthash_BYTES];
    crypto_shorthash (hash, data, size, self->key);
    return (size_t) (hash[0] | hash[1] << 8) % SLOTS;
}

/*  Of an IPv6 address the first 64 bits count: the rest is its holder's to choose. */
static size_t slot_of (const guard_t *self, const struct sockaddr *address)
{
    const void *data = "";
    size_t size = 0;
    if (address->sa_family == AF_INET) {
        data = &((const struct sockaddr_in *) address)->sin_addr;
        size = 4;
    } else if (address->sa_family == AF_INET6) {
        data = &((const struct sockaddr_in6 *) address)->sin6_addr;
        size = 8;
    }
    return slot_by (self, data, size);
}

static double level_at (bucket_t *bucket, unsigned rate, uint64_t now)
{
    double leaked = (double) (now - bucket->at) * rate / 1000;
    bucket->level = bucket->level > leaked ? bucket->level - leaked : 0;
    bucket->at = now;
    return bucket->level;
}

bool guard_may_try (guard_t *self, const struct sockaddr *address, uint64_t now)
{
    return level_at (&self->failures[slot_of (self, address)], GUARD_RATE, now) < GUARD_BURST;
}

void guard_failed (guard_t *self, const struct sockaddr *address, uint64_t now)
{
    bucket_t *bucket = &self->failures[slot_of (self, address)];
    level_at (bucket, GUARD_RATE, now);
    bucket->level += 1;
}

bool guard_admit (guard_t *self, const char *credential, const struct sockaddr *address, unsigned rate, uint64_t now)
{
    size_t slot = *credential ? slot_by (self, credential, strlen (credential)) : slot_of (self, address);
    bucket_t *bucket = &self->requests[slot];
    if (level_at (bucket, rate, now) > (double) rate * GUARD_AHEAD - 1)
        return false;
    bucket->level += 1;
    return true;
}
