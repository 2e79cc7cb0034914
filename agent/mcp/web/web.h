/*  Streamable HTTP over libmicrohttpd: connections that wait are suspended, so whoever has the daemon needs no thread
 * for each. It is for a daemon in external-epoll mode, and for the thread that runs it.
 */
#ifndef BATON_MCP_WEB_H
#define BATON_MCP_WEB_H

#include "http.h"

#include <microhttpd.h>

typedef struct mcp_web mcp_web_t;
typedef struct mcp_visit mcp_visit_t; /*  one HTTP request */

/*  Where the offer comes from: see mcp_http_host_t. */
typedef struct {
    void *(*open) (void *arg, const char *who, mcp_visit_t *visit);
    void (*close) (void *arg, void *offer_arg);
} mcp_web_host_t;

mcp_web_t *mcp_web_new (const mcp_offer_t *offer, const mcp_web_host_t *host, void *host_arg);

/*  After the daemon has stopped. Before that, mcp_web_close lets go of all connections. */
void mcp_web_close (mcp_web_t *self);
void mcp_web_destroy (mcp_web_t **self);
mcp_http_t *mcp_web_http (mcp_web_t *self);

/*  NULL for lack of memory. */
mcp_visit_t *mcp_visit_new (mcp_web_t *web, struct MHD_Connection *connection, const char *verb);

/*  For the daemon's handler: takes a part of the body (false: too much of it); once it is complete, serves it for
 * `who`; and again each time that the daemon calls for the connection. */
bool mcp_visit_add (mcp_visit_t *self, const char *data, size_t size);
enum MHD_Result mcp_visit_serve (mcp_visit_t *self, const char *who);

/*  For the daemon's completion callback. */
void mcp_visit_destroy (mcp_visit_t **self);

/*  To be called every second. */
void mcp_web_tick (mcp_web_t *self, uint64_t now);

#endif
