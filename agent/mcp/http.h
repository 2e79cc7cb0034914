/*  Streamable HTTP for the protocol, without sockets: a request comes in whole, its answer goes out in parts.
 *
 *  One endpoint. A POST brings one message. Of the revision without a handshake each is served by itself, and its
 *  headers must say what its body says. With a handshake, `initialize` begins what the protocol calls a session (we say
 *  peer); later messages name it in Mcp-Session-Id, a GET opens the stream for what belongs to no request, a DELETE
 * ends it. An answer is one JSON object when it comes at once, and else a stream of server-sent events.
 */
#ifndef BATON_MCP_HTTP_H
#define BATON_MCP_HTTP_H

#include "peer.h"

#define MCP_HTTP_HEARTBEAT_SECONDS 15 /*  between comments on a stream on which nothing else is sent */

typedef struct mcp_http mcp_http_t;
typedef struct mcp_exchange mcp_exchange_t; /*  one HTTP request whose answer is not complete */

/*  A request. Everything is borrowed for the call. */
typedef struct {
    const char *verb;
    const char *(*header) (void *arg, const char *name); /*  its value, or NULL; names in any case */
    void *header_arg;
    const char *body;
    size_t size;
    const char *who; /*  whose request it is: a peer belongs to whoever began it */
} mcp_http_request_t;

/*  What the transport does for an answer, and where the offer comes from. arg is the setting's, `visit` what came with
 *  the request. */
typedef struct {
    /*  The answer begins: status, Content-Type (NULL: no body), Mcp-Session-Id (NULL: none). */
    void (*begin) (void *visit, int status, const char *type, const char *peer_id);
    void (*write) (void *visit, const char *data, size_t size);
    /*  It is complete: the exchange is gone. */
    void (*end) (void *visit);
    /*  Gives the argument of the offer for a new peer of that client, NULL for lack of memory, and takes it back. */
    void *(*open) (void *arg, const char *who, void *visit);
    void (*close) (void *arg, void *offer_arg);
} mcp_http_host_t;

/*  Both are borrowed. NULL for lack of memory. */
mcp_http_t *mcp_http_new (const mcp_offer_t *offer, const mcp_http_host_t *host, void *host_arg);
void mcp_http_destroy (mcp_http_t **self);

/*  Takes a request. NULL: the answer is complete already; else the exchange, for mcp_http_gone, until `end`. */
mcp_exchange_t *mcp_http_take (mcp_http_t *self, const mcp_http_request_t *request, void *visit);

/*  The client has closed the connection: the host hears nothing more of the exchange. */
void mcp_http_gone (mcp_exchange_t *exchange);

/*  To be called every second: heartbeats, and peers that are forgotten. `now` in seconds. */
void mcp_http_tick (mcp_http_t *self, uint64_t now);

/*  Whether a web page of that origin is on this machine: what a browser can be made to send from elsewhere is refused.
 */
bool mcp_origin_is_local (const char *origin);

/*  For each peer that there is, with or without a handshake. */
void mcp_http_each (mcp_http_t *self, void (*visit) (void *arg, mcp_peer_t *peer), void *arg);

#endif
