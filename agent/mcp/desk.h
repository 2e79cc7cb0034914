/*  Where one client is served: its calls become requests of a backend.
 *
 *  A piece of work is one call, and the steps that it takes: each begins one request and says which function goes on
 *  with the answer. The last ends the call, and with it the work.
 */
#ifndef BATON_MCP_DESK_H
#define BATON_MCP_DESK_H

#include "backend.h"
#include "catalogue.h"

typedef struct mcp_desk mcp_desk_t;

/*  Everything is borrowed. `session`: inside a run, its own; else "". NULL for lack of memory. The peer comes after,
 * with the desk as its offer's argument; it goes before. */
mcp_desk_t *mcp_desk_new (const mcp_catalogue_t *catalogue, const mcp_backend_t *backend, void *backend_arg,
                          const char *session);
void mcp_desk_destroy (mcp_desk_t **self);
void *mcp_desk_backend_arg (const mcp_desk_t *self);

/*  The client sends nothing more: whatever waits is answered as things stand. */
void mcp_desk_hurry (mcp_desk_t *self);

/*  What a catalogue's offer does. */
void mcp_desk_begin (void *desk, mcp_call_t *call);
void mcp_desk_drop (void *desk, mcp_call_t *call);
bool mcp_desk_watch (void *desk, mcp_peer_t *peer, const char *uri);
void mcp_desk_unwatch (void *desk, mcp_peer_t *peer, const char *uri);

#endif
