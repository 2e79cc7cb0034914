/*  The gateway: HTTP and JSON, on a thread of its own.
 *
 *  It owns every HTTP connection and all that is slow about them, and knows nothing of sessions: it makes requests of
 * the method table out of what comes in, hands them to the core thread through a door, and writes down as JSON what
 * comes back. Who may do what, idempotency, waiting: all that is dispatch's, as for requests over ZeroMQ.
 */
#ifndef BATON_GATEWAY_H
#define BATON_GATEWAY_H

#include "door.h"
#include "pages.h"

#define GATEWAY_NAMES 16

typedef struct {
    const char *listen;               /*  ADDRESS:PORT; port 0 takes any free one */
    const char *certificate;          /*  file, PEM: then it is HTTPS; with */
    const char *key;                  /*  its key */
    bool behind_proxy;                /*  somebody else does TLS: so it may listen beyond loopback without */
    const char *names[GATEWAY_NAMES]; /*  by which it is called, beside loopback's and the address that it listens at */
    size_t name_count;
    unsigned rate;       /*  requests a second with one token, or from one address without one */
    const page_t *pages; /*  served as they are; borrowed */
    size_t page_count;
} gateway_options_t;

typedef struct gateway gateway_t;

/*  Listens and starts the thread. The door is borrowed, and outlives the gateway. */
BATON_MUST_USE baton_status gateway_new (const gateway_options_t *options, door_t *door, gateway_t **ret_gateway,
                                         baton_error_t *error);

/*  Closes all connections and ends the thread. The core thread must not use the door any more. */
void gateway_destroy (gateway_t **self);

/*  Where it is reached: http://ADDRESS:PORT, or https; by the first of its names where it listens at any address, or
 *  behind a proxy. */
const char *gateway_url (const gateway_t *self);

#endif
