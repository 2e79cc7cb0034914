#include "web.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BLOCK 4096

struct mcp_web {
    mcp_http_t *http;
    const mcp_web_host_t *host;
    void *host_arg;
    mcp_visit_t *visits;
    bool closing;
};

struct mcp_visit {
    mcp_visit_t *next;
    mcp_web_t *web;
    struct MHD_Connection *connection;
    char verb[8];
    char *body; /*  that came; and then what goes out */
    size_t size, room;
    size_t sent; /*  of what goes out */
    mcp_exchange_t *exchange;
    bool taken, begun, queued, ended, suspended, broken;
    unsigned status;
    const char *type;
    char peer_id[64];
};

/* ---- bytes ---- */

static bool add (mcp_visit_t *self, const char *data, size_t size, size_t most)
{
    if (self->size + size > most)
        return false;
    if (self->size + size > self->room) {
        size_t room = self->room > 0 ? self->room : 512;
        while (room < self->size + size)
            room *= 2;
        char *body = realloc (self->body, room);
        if (!body)
            return false;
        self->body = body;
        self->room = room;
    }
    memcpy (self->body + self->size, data, size);
    self->size += size;
    return true;
}

/*  An idle stream keeps nothing of what has gone out. */
static void forget_body (mcp_visit_t *self)
{
    free (self->body);
    self->body = NULL;
    self->size = self->room = self->sent = 0;
}

/* ---- waiting ---- */

static void suspend (mcp_visit_t *self)
{
    self->suspended = true;
    MHD_suspend_connection (self->connection);
}

static void resume (mcp_visit_t *self)
{
    if (self->suspended)
        MHD_resume_connection (self->connection);
    self->suspended = false;
}

/* ---- the answer, as the protocol makes it ---- */

static void begin_answer (void *visit, int status, const char *type, const char *peer_id)
{
    mcp_visit_t *self = visit;
    self->begun = true;
    self->status = (unsigned) status;
    self->type = type;
    snprintf (self->peer_id, sizeof self->peer_id, "%s", peer_id ? peer_id : "");
    resume (self);
}

static void write_answer (void *visit, const char *data, size_t size)
{
    mcp_visit_t *self = visit;
    size_t unsent = self->size - self->sent;
    if (self->sent > 0 && self->body) {
        memmove (self->body, self->body + self->sent, unsent);
        self->size = unsent;
        self->sent = 0;
    }
    if ((self->queued && unsent > LIMIT_MCP_BACKLOG) || !add (self, data, size, SIZE_MAX / 4))
        self->broken = true;
    resume (self);
}

static void end_answer (void *visit)
{
    mcp_visit_t *self = visit;
    self->ended = true;
    self->exchange = NULL;
    resume (self);
}

/*  For libmicrohttpd: some of what goes out. */
static ssize_t give (void *visit, uint64_t position, char *buffer, size_t room)
{
    mcp_visit_t *self = visit;
    (void) position;
    size_t size = self->size - self->sent < room ? self->size - self->sent : room;
    if (self->broken)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (size > 0) {
        memcpy (buffer, self->body + self->sent, size);
        self->sent += size;
        return (ssize_t) size;
    }
    if (self->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    forget_body (self);
    suspend (self);
    return 0;
}

static enum MHD_Result queue (mcp_visit_t *self)
{
    struct MHD_Response *response =
        self->ended ? MHD_create_response_from_buffer (self->size, self->body, MHD_RESPMEM_MUST_COPY)
                    : MHD_create_response_from_callback (MHD_SIZE_UNKNOWN, BLOCK, give, self, NULL);
    if (!response)
        return MHD_NO;
    if (self->type)
        MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, self->type);
    if (*self->peer_id)
        MHD_add_response_header (response, "Mcp-Session-Id", self->peer_id);
    if (self->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header (response, MHD_HTTP_HEADER_ALLOW, "POST, GET, DELETE");
    MHD_add_response_header (response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header (response, "X-Accel-Buffering", "no");
    enum MHD_Result result = MHD_queue_response (self->connection, self->status, response);
    MHD_destroy_response (response);
    self->queued = true;
    return result;
}

/* ---- the request ---- */

static const char *header_of (void *visit, const char *name)
{
    return MHD_lookup_connection_value (((mcp_visit_t *) visit)->connection, MHD_HEADER_KIND, name);
}

bool mcp_visit_add (mcp_visit_t *self, const char *data, size_t size)
{
    return add (self, data, size, LIMIT_MCP_MESSAGE);
}

enum MHD_Result mcp_visit_serve (mcp_visit_t *self, const char *who)
{
    if (!self->taken) {
        mcp_http_request_t request = {.verb = self->verb, .header = header_of, .header_arg = self, .who = who};
        char *body = self->body; /*  what goes out takes its place */
        request.body = body ? body : "";
        request.size = self->size;
        self->body = NULL;
        self->size = self->room = 0;
        self->taken = true;
        self->exchange = mcp_http_take (self->web->http, &request, self);
        free (body);
    }
    if (self->web->closing)
        return MHD_NO;
    if (self->begun)
        return queue (self);
    suspend (self);
    return MHD_YES;
}

mcp_visit_t *mcp_visit_new (mcp_web_t *web, struct MHD_Connection *connection, const char *verb)
{
    mcp_visit_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->web = web;
    self->connection = connection;
    snprintf (self->verb, sizeof self->verb, "%s", verb);
    self->next = web->visits;
    web->visits = self;
    return self;
}

/*  Its client is not there any more. */
static void let_go (mcp_visit_t *self)
{
    mcp_exchange_t *exchange = self->exchange;
    self->exchange = NULL;
    self->ended = true;
    if (exchange)
        mcp_http_gone (exchange);
}

void mcp_visit_destroy (mcp_visit_t **self)
{
    mcp_visit_t *visit = *self;
    if (!visit)
        return;
    let_go (visit);
    mcp_visit_t **at = &visit->web->visits;
    while (*at != visit)
        at = &(*at)->next;
    *at = visit->next;
    free (visit->body);
    free (visit);
    *self = NULL;
}

/* ---- the whole ---- */

static void *open_offer (void *arg, const char *who, void *visit)
{
    mcp_web_t *self = arg;
    return self->host->open (self->host_arg, who, visit);
}

static void close_offer (void *arg, void *offer_arg)
{
    mcp_web_t *self = arg;
    self->host->close (self->host_arg, offer_arg);
}

mcp_web_t *mcp_web_new (const mcp_offer_t *offer, const mcp_web_host_t *host, void *host_arg)
{
    static const mcp_http_host_t HOST = {begin_answer, write_answer, end_answer, open_offer, close_offer};
    mcp_web_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->host = host;
    self->host_arg = host_arg;
    self->http = mcp_http_new (offer, &HOST, self);
    if (!self->http)
        mcp_web_destroy (&self);
    return self;
}

void mcp_web_close (mcp_web_t *self)
{
    self->closing = true;
    for (mcp_visit_t *visit = self->visits; visit; visit = visit->next) {
        let_go (visit);
        visit->broken = true;
        resume (visit);
    }
}

void mcp_web_destroy (mcp_web_t **self)
{
    if (!*self)
        return;
    mcp_http_destroy (&(*self)->http);
    free (*self);
    *self = NULL;
}

mcp_http_t *mcp_web_http (mcp_web_t *self)
{
    return self->http;
}

/*  libmicrohttpd does not look at a connection that is suspended: whether its client has gone shows here. */
static bool is_closed (const mcp_visit_t *self)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info (self->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte;
    return info && recv (info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void mcp_web_tick (mcp_web_t *self, uint64_t now)
{
    mcp_http_tick (self->http, now);
    for (mcp_visit_t *visit = self->visits; visit; visit = visit->next)
        if (visit->suspended && is_closed (visit)) {
            let_go (visit);
            visit->broken = visit->begun = true;
            visit->status = MHD_HTTP_BAD_REQUEST;
            resume (visit);
        }
}
