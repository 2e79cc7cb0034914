/*  Agents at /mcp: the protocol of agent/mcp over HTTP, and behind it the same requests that come in everywhere else.
 */
#ifndef BATON_AGENTS_H
#define BATON_AGENTS_H

#include "door.h"
#include "web.h"

typedef struct agents agents_t;

/*  The door is borrowed. NULL for lack of memory. */
agents_t *agents_new (door_t *door);

/*  Lets go of all connections: before the daemon is stopped. agents_destroy comes after it. */
void agents_close (agents_t *self);
void agents_destroy (agents_t **self);

/*  For mcp_visit_new; visits are served for the digest of a token that the core has accepted. */
mcp_web_t *agents_web (agents_t *self);

/*  To be called at least every second. */
void agents_tick (agents_t *self);

#endif
