/*  What the files of the gateway share: all of it belongs to the web thread. */
#ifndef BATON_GATEWAY_INTERNAL_H
#define BATON_GATEWAY_INTERNAL_H

#include "agents.h"
#include "caller.h"
#include "gateway.h"
#include "guard.h"
#include "route.h"

#include <microhttpd.h>

/* ---- visit.c: one HTTP request, from its first line until its answer is sent ---- */

/*  What the web thread counts; broker/metrics.def says what each is. */
#define MEASURES_CODES 600
typedef struct {
    uint64_t answered[MEASURES_CODES]; /*  by status code */
} measures_t;

typedef struct visit visit_t;

typedef enum { STAGE_fresh, STAGE_body, STAGE_waiting, STAGE_done, STAGE_agent } visit_stage_t;

struct visit {
    ticket_t ticket; /*  of its requests; the first */
    gateway_t *gateway;
    struct MHD_Connection *connection;
    visit_stage_t stage;
    char *target;       /*  the path with its query, as it came */
    const page_t *page; /*  with local: what it is; NULL: /healthz, or where browsers sign in */
    bool local;         /*  answered here */
    bool over;          /*  the client has gone, and the core still has requests of it */
    unsigned under_way; /*  such requests */
    mcp_visit_t *agent; /*  at /mcp: what serves it, once the core has accepted its token; else NULL */
    route_t route;
    request_header_t header;
    char credential[DIGEST_SIZE]; /*  digest of the token; "": none */
    char csrf[33];                /*  with a cookie: what changes have to show, too; "": no cookie */
    bool ambiguous;               /*  where it ends is open to doubt: so is what comes after it */
    bool signs_in;                /*  the answer goes to a browser, as a cookie */
    baton_error_t error;          /*  why it is refused, once its end has come */
    size_t size, room;            /*  of the body so far */
    char *body;
    request_t *request;       /*  once it has come back; owned */
    struct stream *stream;    /*  server-sent events; owned */
    visit_t *next, *previous; /*  in the list of the gateway's that it is in */
};

/*  For libmicrohttpd: the first line has come; the request goes on; it is over. */
void *visit_begin (void *gateway, const char *target, struct MHD_Connection *connection);
enum MHD_Result visit_continue (void *gateway, struct MHD_Connection *connection, const char *url, const char *verb,
                                const char *version, const char *data, size_t *size, void **visit);
void visit_end (void *gateway, struct MHD_Connection *connection, void **visit, enum MHD_RequestTerminationCode how);

/*  The core is done with the request of a visit. */
void visit_finish (request_t **request);

/*  One that is over, and whose requests won't come back. */
void visit_forget (visit_t *self);

/* ---- visit_header.c ---- */

/*  The value of one header, or NULL; borrowed. */
const char *visit_header (const visit_t *self, const char *name);

/*  Refuses, with the error set, a request that a proxy before us may have read as another one. */
BATON_MUST_USE baton_status visit_check_headers (visit_t *self);

/*  Takes who asks, and the rest of what a request's header says over ZeroMQ; the route is known. A change with a cookie
 *  has to come from a page of the site. */
BATON_MUST_USE baton_status visit_take_headers (visit_t *self, baton_error_t *error);

/* ---- signin.c: browsers ---- */

/*  The token in the cookie, when there is one; into a text of `room` bytes. */
bool signin_cookie (const visit_t *self, char *ret_text, size_t room);

/*  Whether the visit is to the page that a link leads to: its route is then console.sign_in for a form that was sent.
 */
bool signin_is_at (const visit_t *self);

/*  Whether it is to where a browser signs out: its route is then console.sign_out. */
bool signin_is_leaving (const visit_t *self);
enum MHD_Result signin_page (visit_t *self);

/*  What a form has sent, as the route's parameters. */
BATON_MUST_USE baton_status signin_take_form (visit_t *self, baton_error_t *error);

/*  The header that takes the cookie away. */
void signin_forget (const visit_t *self, struct MHD_Response *response);

/*  The core has answered: the cookie, and on to the console. */
enum MHD_Result signin_respond (visit_t *self, const request_t *request);

/* ---- measures.c ---- */

/*  An answer with that status code is on its way. */
void measures_count (measures_t *self, unsigned code);

/*  Whether the visit is to where Prometheus reads; its route is then site.metrics. */
bool measures_wanted (const visit_t *visit);

/*  What the core has answered, and what the web thread has to add. */
enum MHD_Result measures_respond (visit_t *visit, const request_t *request);

/* ---- listener.c ---- */

/*  A listening socket as the options want it, its address without the port, and the URL by which it is reached, without
 *  a slash at the end. Refuses to be heard beyond loopback in the clear. */
#define LISTENER_TEXT 300
BATON_MUST_USE baton_status listener_open (const gateway_options_t *options, int *ret_socket,
                                           char ret_address[LISTENER_TEXT], char ret_url[LISTENER_TEXT],
                                           baton_error_t *error);

/* ---- respond.c: what is sent back ---- */

/*  Each queues an answer; the text is freed by libmicrohttpd. */
enum MHD_Result respond_text (visit_t *self, unsigned code, const char *type, char *text);
enum MHD_Result respond_problem (visit_t *self, const baton_error_t *error);

/*  Headers that keep a page to itself. */
void respond_close_off (struct MHD_Response *response);

/*  A page as it is, or that the client has it. */
enum MHD_Result respond_page (visit_t *self, const page_t *page);

/*  The answer of the core: a record, or an error. */
enum MHD_Result respond_request (visit_t *self, const request_t *request);

/*  The HTTP status code of an error. */
unsigned respond_code (const baton_error_t *error);

/* ---- gateway.c ---- */

door_t *gateway_door (const gateway_t *self);
agents_t *gateway_agents (const gateway_t *self);
const gateway_options_t *gateway_options (const gateway_t *self);

/*  /openapi.json */
const page_t *gateway_description (const gateway_t *self);

/*  Where it listens, without the port. */
const char *gateway_address (const gateway_t *self);
guard_t *gateway_guard (gateway_t *self);
struct streams_here *gateway_streams (gateway_t *self);
measures_t *gateway_measures (gateway_t *self);
size_t gateway_held (const gateway_t *self); /*  bytes of bodies that are coming in */
unsigned gateway_connections (const gateway_t *self);

/*  Monotonic ms. */
uint64_t gateway_now (void);

/*  Takes so many more bytes of bodies into account; false when all of them are too many. Or as many back. */
bool gateway_hold (gateway_t *self, size_t size);
void gateway_let_go (gateway_t *self, size_t size);

/*  Suspends the connection of a visit, and resumes it. */
void gateway_wait (gateway_t *self, visit_t *visit);
void gateway_wake (gateway_t *self, visit_t *visit);

/*  Of the visits that are over and that the core still has requests of. */
void gateway_link (gateway_t *self, visit_t *visit);
void gateway_unlink (gateway_t *self, visit_t *visit);

#endif
