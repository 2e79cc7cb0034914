/*  The Model Context Protocol for one client, without sockets: messages go in, messages come out.
 *
 *  Two revisions are spoken side by side, and each request says which: one whose `_meta` names a protocol version is
 *  served by itself (2026-07-28), others belong to a handshake (`initialize`, 2025-11-25 or 2025-06-18). What is
 *  offered (tools, resources, prompts) is behind mcp_offer_t, which needs not know the difference: where it wants to
 *  ask the client's user something, it says mcp_call_ask and is begun anew with the answers. The older revision sends
 *  its questions as requests of ours, the newer one ends the request, and the client asks again.
 *
 *  A peer and its calls belong to one thread. Ownership: json_t that is handed to a function named "finish", "fail",
 *  "ask", "log" is taken over; all else is borrowed.
 */
#ifndef BATON_MCP_PEER_H
#define BATON_MCP_PEER_H

#include "message.h"

#include <baton/status.h>
#include <stdint.h>

#define MCP_REVISION_STATELESS "2026-07-28"
#define MCP_REVISION_HANDSHAKE "2025-11-25"

typedef struct mcp_peer mcp_peer_t;
typedef struct mcp_call mcp_call_t;

/*  What is offered. Calls are those of tools/, resources/, prompts/ and completion/; begin is called once for each, and
 *  again when the client has answered an mcp_call_ask. It ends with exactly one of mcp_call_finish, mcp_call_fail and
 *  mcp_call_ask, at once or later; with that the call is gone. */
typedef struct {
    const char *name;
    const char *title;
    const char *version;
    const char *instructions; /*  what a model should know; may be NULL */
    const json_t *capabilities;
    void (*begin) (void *arg, mcp_call_t *call);
    /*  The client has cancelled it, or is gone: nothing may be done with the call any more. */
    void (*drop) (void *arg, mcp_call_t *call);
    /*  The client wants to be told when a resource changes (mcp_peer_changed), and no more. Once for each URI. */
    bool (*watch) (void *arg, mcp_peer_t *peer, const char *uri);
    void (*unwatch) (void *arg, mcp_peer_t *peer, const char *uri);
} mcp_offer_t;

/*  Where messages go. `exchange` is what came with the request that the message belongs to; NULL: it belongs to none.
 *  `last`: nothing more comes in that exchange; the message is NULL when it ends without an answer. `status` is what
 *  HTTP would call it. */
typedef void (mcp_send_t) (void *arg, void *exchange, const json_t *message, bool last, int status);

/*  With what the state of requests is sealed; one for all peers that the same client may speak to. */
typedef struct {
    uint8_t key[32];
} mcp_seal_t;

/*  Everything is borrowed and outlives the peer. `who` is whose requests these are: a request's state that was given
 *  to another is refused. NULL for lack of memory. */
typedef struct {
    const mcp_offer_t *offer;
    void *offer_arg;
    mcp_send_t *send;
    void *send_arg;
    const mcp_seal_t *seal;
    const char *who;
    bool stateless; /*  there is no handshake here: every request is of the revision without one */
} mcp_setting_t;

void mcp_seal_init (mcp_seal_t *self);
mcp_peer_t *mcp_peer_new (const mcp_setting_t *setting);

/*  Drops what is under way. */
void mcp_peer_destroy (mcp_peer_t **self);

/*  Takes one message as bytes, or as one that was parsed (and stays the caller's). Bytes that are none are answered
 *  with an error. */
void mcp_peer_receive (mcp_peer_t *self, const char *data, size_t size, void *exchange);
void mcp_peer_take (mcp_peer_t *self, const mcp_message_t *message, void *exchange);

/*  The client of that exchange has gone: its call is cancelled. */
void mcp_peer_abandon (mcp_peer_t *self, const void *exchange);

/*  The client will send nothing more, but reads on: what waits for something to happen is ended. */
void mcp_peer_half_close (mcp_peer_t *self);

/*  How many requests are not answered yet. */
size_t mcp_peer_pending (const mcp_peer_t *self);

/*  The revision of the handshake; "" before, and for a client that needs none. */
const char *mcp_peer_revision (const mcp_peer_t *self);

/*  Something of the offer's or the transport's own. */
void mcp_peer_set_data (mcp_peer_t *self, void *data);
void *mcp_peer_data (const mcp_peer_t *self);

/*  Tells the client, if it wants to know: a resource has another content; there are other "tools", "prompts" or
 *  "resources". */
void mcp_peer_changed (mcp_peer_t *self, const char *uri);
void mcp_peer_list_changed (mcp_peer_t *self, const char *what);

/* ---- a call ---- */

const char *mcp_call_method (const mcp_call_t *self);
mcp_peer_t *mcp_call_peer (const mcp_call_t *self);

/*  Its parameters; never NULL. */
const json_t *mcp_call_params (const mcp_call_t *self);

/*  Whether it is of the revision without a handshake. */
bool mcp_call_stateless (const mcp_call_t *self);

/*  Something of the offer's own. */
void mcp_call_set_data (mcp_call_t *self, void *data);
void *mcp_call_data (const mcp_call_t *self);

/*  Whether the client can do that: "elicitation", "sampling", "roots". */
bool mcp_call_can (const mcp_call_t *self, const char *capability);

/*  The client's answer to a question of an mcp_call_ask before; NULL: it has not answered that one. */
const json_t *mcp_call_input (const mcp_call_t *self, const char *key);

/*  What mcp_call_ask was given as state; NULL at the beginning. */
const json_t *mcp_call_state (const mcp_call_t *self);

/*  How far it is, when the client wants to know; a number that doesn't grow is not told. total 0: unknown. */
void mcp_call_progress (mcp_call_t *self, double progress, double total, const char *text);
bool mcp_call_wants_progress (const mcp_call_t *self);

/*  A message for the client's log; level is one of RFC 5424's words. */
void mcp_call_log (mcp_call_t *self, const char *level, const char *logger, json_t *data);

void mcp_call_finish (mcp_call_t *self, json_t *result);
void mcp_call_fail (mcp_call_t *self, int code, const char *text, json_t *data);

/*  Fails because the client has not said that it can do what is needed. */
void mcp_call_fail_capability (mcp_call_t *self, const char *capability);

/*  Asks the client: `requests` maps keys to {"method", "params"}; may be NULL, then it is begun anew at once. `state`
 * is what the call has to know when it is begun anew; may be NULL. Only what the client can do may be asked. */
void mcp_call_ask (mcp_call_t *self, json_t *requests, json_t *state);

#endif
