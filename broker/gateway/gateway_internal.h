/*  What the files of the gateway share: all of it belongs to the web thread. */
#ifndef BATON_GATEWAY_INTERNAL_H
#define BATON_GATEWAY_INTERNAL_H

#include "agents.h"
#include "gateway.h"
#include "route.h"

#include <microhttpd.h>

/* ---- visit.c: one HTTP request, from its first line until its answer is sent ---- */

typedef struct visit visit_t;

typedef enum { STAGE_fresh, STAGE_body, STAGE_waiting, STAGE_done, STAGE_agent } visit_stage_t;

struct visit {
    ticket_t ticket; /*  of its request; the first */
    gateway_t *gateway;
    struct MHD_Connection *connection;
    visit_stage_t stage;
    char *target;       /*  the path with its query, as it came */
    bool local;         /*  answered here */
    mcp_visit_t *agent; /*  at /mcp: what serves it, once the core has accepted its token; else NULL */
    route_t route;
    request_header_t header;
    char credential[DIGEST_SIZE]; /*  digest of the token; "": none */
    baton_error_t error;          /*  why it is refused, once its end has come */
    size_t size, room;            /*  of the body so far */
    char *body;
    request_t *request;       /*  once it has come back; owned */
    visit_t *next, *previous; /*  among those that wait for the core */
};

/*  For libmicrohttpd: the first line has come; the request goes on; it is over. */
void *visit_begin (void *gateway, const char *target, struct MHD_Connection *connection);
enum MHD_Result visit_continue (void *gateway, struct MHD_Connection *connection, const char *url, const char *verb,
                                const char *version, const char *data, size_t *size, void **visit);
void visit_end (void *gateway, struct MHD_Connection *connection, void **visit, enum MHD_RequestTerminationCode how);

/*  The core is done with the request of an visit. */
void visit_finish (request_t **request);

/* ---- listener.c ---- */

/*  A listening socket at ADDRESS:PORT, [ADDRESS]:PORT or localhost:PORT, and its URL, without a slash at the end. */
BATON_MUST_USE baton_status listener_open (const char *listen, int *ret_socket, char *ret_url, size_t room,
                                           baton_error_t *error);

/* ---- respond.c: what is sent back ---- */

/*  Each queues an answer; the text is freed by libmicrohttpd. */
enum MHD_Result respond_text (visit_t *self, unsigned code, const char *type, char *text);
enum MHD_Result respond_problem (visit_t *self, const baton_error_t *error);

/*  The answer of the core: a record, or an error. */
enum MHD_Result respond_request (visit_t *self, const request_t *request);

/*  The HTTP status code of an error. */
unsigned respond_code (const baton_error_t *error);

/* ---- gateway.c ---- */

door_t *gateway_door (const gateway_t *self);
agents_t *gateway_agents (const gateway_t *self);

/*  Of the visits that wait for the core: it cannot be ended before they are. */
void gateway_wait (gateway_t *self, visit_t *visit);
void gateway_wake (gateway_t *self, visit_t *visit);

#endif
