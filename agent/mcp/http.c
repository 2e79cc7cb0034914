#include "http_headers.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ID_BYTES 16

/*  One peer, and the key under which its client names it. */
typedef struct member {
    struct member *next;
    mcp_http_t *http;
    mcp_peer_t *peer;
    void *offer_arg;
    char id[2 * ID_BYTES + 1]; /*  "": it serves one request only */
    char *who;
    mcp_exchange_t *stream; /*  the GET that is open; NULL for none */
    size_t exchanges;       /*  under way */
    uint64_t heard_at;      /*  seconds */
    bool ended;             /*  its client has given it up: it is freed when nothing is under way */
} member_t;

struct mcp_exchange {
    mcp_exchange_t *next;
    member_t *member;
    void *visit;
    const char *name; /*  of the peer, that its client is to be told; NULL: it knows */
    bool streams;     /*  the answer has begun as a stream */
    bool gone;        /*  nobody is there to hear it */
    bool over;        /*  of a request that is answered while it is taken */
    bool taking;
    uint64_t wrote_at;
};

struct mcp_http {
    const mcp_offer_t *offer;
    const mcp_http_host_t *host;
    void *host_arg;
    mcp_seal_t seal;
    member_t *members;
    mcp_exchange_t *exchanges;
    uint64_t now; /*  seconds, as of the last tick */
};

/* ---- exchanges ---- */

static mcp_exchange_t *exchange_new (mcp_http_t *self, member_t *member, void *visit)
{
    mcp_exchange_t *exchange = calloc (1, sizeof *exchange);
    if (!exchange)
        return NULL;
    exchange->member = member;
    exchange->visit = visit;
    exchange->wrote_at = self->now;
    exchange->next = self->exchanges;
    self->exchanges = exchange;
    member->exchanges++;
    return exchange;
}

static void member_release (member_t *member);

static void exchange_destroy (mcp_exchange_t *exchange)
{
    member_t *member = exchange->member;
    mcp_exchange_t **at = &member->http->exchanges;
    while (*at != exchange)
        at = &(*at)->next;
    *at = exchange->next;
    if (member->stream == exchange)
        member->stream = NULL;
    member->exchanges--;
    free (exchange);
    member_release (member);
}

static void finish (mcp_exchange_t *exchange)
{
    if (!exchange->gone)
        exchange->member->http->host->end (exchange->visit);
    if (exchange->taking)
        exchange->over = true; /*  whoever takes it frees it */
    else
        exchange_destroy (exchange);
}

static void begin_stream (mcp_exchange_t *exchange)
{
    if (!exchange->streams && !exchange->gone)
        exchange->member->http->host->begin (exchange->visit, 200, "text/event-stream", exchange->name);
    exchange->streams = true;
}

static void write_event (mcp_exchange_t *exchange, const char *text)
{
    const mcp_http_host_t *host = exchange->member->http->host;
    if (exchange->gone)
        return;
    host->write (exchange->visit, "event: message\ndata: ", strlen ("event: message\ndata: "));
    host->write (exchange->visit, text, strlen (text));
    host->write (exchange->visit, "\n\n", 2);
    exchange->wrote_at = exchange->member->http->now;
}

/*  What a peer says. Of what belongs to no request, a client hears that has a stream open. */
static void send_message (void *arg, void *exchange_arg, const json_t *message, bool last, int status)
{
    member_t *member = arg;
    mcp_exchange_t *exchange = exchange_arg ? exchange_arg : member->stream;
    char *text = message ? json_dumps (message, JSON_COMPACT) : NULL;
    if (exchange && text && last && !exchange->streams) {
        if (!exchange->gone) {
            member->http->host->begin (exchange->visit, status, "application/json", exchange->name);
            member->http->host->write (exchange->visit, text, strlen (text));
        }
    } else if (exchange && text) {
        begin_stream (exchange);
        write_event (exchange, text);
    } else if (exchange && last && !exchange->streams && !exchange->gone)
        member->http->host->begin (exchange->visit, 202, NULL, NULL); /*  cancelled: there is no answer */
    free (text);
    if (exchange_arg && last)
        finish (exchange);
}

/* ---- peers ---- */

static void member_destroy (member_t *member)
{
    mcp_http_t *http = member->http;
    member_t **at = &http->members;
    while (*at != member)
        at = &(*at)->next;
    *at = member->next;
    mcp_peer_destroy (&member->peer);
    if (member->offer_arg)
        http->host->close (http->host_arg, member->offer_arg);
    free (member->who);
    free (member);
}

/*  Frees one that is of no use any more. */
static void member_release (member_t *member)
{
    if (member->exchanges == 0 && (member->ended || !*member->id))
        member_destroy (member);
}

static member_t *member_new (mcp_http_t *self, const char *who, bool stateless, void *visit)
{
    member_t *member = calloc (1, sizeof *member);
    if (!member)
        return NULL;
    member->http = self;
    member->who = strdup (who);
    member->heard_at = self->now;
    member->next = self->members;
    self->members = member;
    member->offer_arg = self->host->open (self->host_arg, who, visit);
    mcp_setting_t setting = {self->offer, member->offer_arg, send_message, member, &self->seal, member->who, stateless};
    member->peer = member->who && member->offer_arg ? mcp_peer_new (&setting) : NULL;
    if (member->peer)
        return member;
    member_destroy (member);
    return NULL;
}

static void give_id (member_t *member)
{
    unsigned char bytes[ID_BYTES];
    randombytes_buf (bytes, sizeof bytes);
    sodium_bin2hex (member->id, sizeof member->id, bytes, sizeof bytes);
}

static member_t *find_member (mcp_http_t *self, const char *id, const char *who)
{
    for (member_t *member = self->members; member && id; member = member->next)
        if (*member->id && !member->ended && strcmp (member->id, id) == 0 && strcmp (member->who, who) == 0)
            return member;
    return NULL;
}

/*  Whether there is room for another peer of that client. */
static bool has_room (const mcp_http_t *self, const char *who)
{
    size_t all = 0, each = 0;
    for (const member_t *member = self->members; member; member = member->next)
        if (*member->id) {
            all++;
            each += strcmp (member->who, who) == 0;
        }
    return all < LIMIT_MCP_PEERS && each < LIMIT_MCP_PEERS_EACH;
}

/* ---- what is refused before it reaches a peer ---- */

static void answer (mcp_http_t *self, void *visit, int status, const json_t *id, int code, const char *text)
{
    json_t *message = mcp_error_message (id, code, text, NULL);
    char *line = json_dumps (message, JSON_COMPACT);
    self->host->begin (visit, status, "application/json", NULL);
    self->host->write (visit, line ? line : "", line ? strlen (line) : 0);
    self->host->end (visit);
    free (line);
    json_decref (message);
}

static void answer_nothing (mcp_http_t *self, void *visit, int status)
{
    self->host->begin (visit, status, NULL, NULL);
    self->host->end (visit);
}

/* ---- POST ---- */

/*  Gives a message to a peer. The exchange of a request may be over when that returns. */
static mcp_exchange_t *hand_over (mcp_http_t *self, member_t *member, const mcp_message_t *message, bool is_new,
                                  void *visit)
{
    member->heard_at = self->now;
    mcp_exchange_t *exchange = exchange_new (self, member, visit);
    if (!exchange) {
        answer (self, visit, 500, message->id, MCP_INTERNAL_ERROR, "out of memory");
        member_release (member);
        return NULL;
    }
    exchange->name = is_new ? member->id : NULL;
    exchange->taking = true;
    mcp_peer_take (member->peer, message, exchange);
    exchange->taking = false;
    exchange->name = NULL;
    if (message->kind != MCP_REQUEST) {
        self->host->begin (visit, 202, NULL, NULL);
        self->host->end (visit);
        exchange->over = true;
    }
    if (!exchange->over)
        return exchange;
    if (is_new && !*mcp_peer_revision (member->peer))
        member->ended = true; /*  it was refused */
    exchange_destroy (exchange);
    return NULL;
}

static mcp_exchange_t *take_stateless (mcp_http_t *self, const mcp_http_request_t *request,
                                       const mcp_message_t *message, void *visit)
{
    if (message->kind != MCP_REQUEST) { /*  none is defined; nobody waits for an answer */
        answer_nothing (self, visit, message->kind == MCP_NOTIFICATION ? 202 : 400);
        return NULL;
    }
    const char *flaw = http_compare (request, message);
    member_t *member = flaw ? NULL : member_new (self, request->who, true, visit);
    if (member)
        return hand_over (self, member, message, false, visit);
    answer (self, visit, flaw ? 400 : 500, message->id, flaw ? MCP_HEADER_MISMATCH : MCP_INTERNAL_ERROR,
            flaw ? flaw : "out of memory");
    return NULL;
}

static mcp_exchange_t *take_first (mcp_http_t *self, const mcp_http_request_t *request, const mcp_message_t *message,
                                   void *visit)
{
    if (!has_room (self, request->who)) {
        answer (self, visit, 503, message->id, MCP_INTERNAL_ERROR,
                "too many clients with a handshake: end some of them");
        return NULL;
    }
    member_t *member = member_new (self, request->who, false, visit);
    if (!member) {
        answer (self, visit, 500, message->id, MCP_INTERNAL_ERROR, "out of memory");
        return NULL;
    }
    give_id (member);
    return hand_over (self, member, message, true, visit);
}

static mcp_exchange_t *take_message (mcp_http_t *self, const mcp_http_request_t *request, const mcp_message_t *message,
                                     void *visit)
{
    const char *id = http_header (request, "Mcp-Session-Id");
    if (http_is_stateless (request, message))
        return take_stateless (self, request, message, visit);
    if (!id && message->kind == MCP_REQUEST && strcmp (message->method, "initialize") == 0)
        return take_first (self, request, message, visit);
    member_t *member = find_member (self, id, request->who);
    if (member)
        return hand_over (self, member, message, false, visit);
    answer (self, visit, id ? 404 : 400, message->id, MCP_INVALID_REQUEST,
            id ? "there is no session of that id (any more): begin with initialize"
               : "begin with initialize, or say in params._meta of which version each request is");
    return NULL;
}

static mcp_exchange_t *take_post (mcp_http_t *self, const mcp_http_request_t *request, void *visit)
{
    const char *type = http_header (request, "Content-Type");
    mcp_message_t message = {0};
    mcp_fault_t fault = {0};
    mcp_exchange_t *exchange = NULL;
    if (!type || strncasecmp (type, "application/json", strlen ("application/json")) != 0)
        answer (self, visit, 415, NULL, MCP_INVALID_REQUEST, "the body must be application/json");
    else if (!http_accepts (request, "application/json") || !http_accepts (request, "text/event-stream"))
        answer (self, visit, 406, NULL, MCP_INVALID_REQUEST, "Accept must have application/json and text/event-stream");
    else if (!mcp_message_parse (request->body, request->size, &message, &fault))
        answer (self, visit, 400, fault.id, fault.code, fault.text);
    else
        exchange = take_message (self, request, &message, visit);
    mcp_message_clear (&message);
    json_decref (fault.id);
    return exchange;
}

/* ---- GET and DELETE ---- */

static mcp_exchange_t *take_get (mcp_http_t *self, const mcp_http_request_t *request, void *visit)
{
    const char *id = http_header (request, "Mcp-Session-Id");
    member_t *member = find_member (self, id, request->who);
    int status = !id                                            ? 405
                 : !member                                      ? 404
                 : !http_accepts (request, "text/event-stream") ? 406
                 : member->stream                               ? 409
                                                                : 200;
    mcp_exchange_t *exchange = status == 200 ? exchange_new (self, member, visit) : NULL;
    if (!exchange) {
        answer (self, visit, status == 200 ? 500 : status, NULL, MCP_INVALID_REQUEST,
                "a GET opens the one stream of a session, whose id is in Mcp-Session-Id");
        return NULL;
    }
    member->stream = exchange;
    begin_stream (exchange);
    self->host->write (visit, ":\n\n", 3); /*  for the headers to go out */
    return exchange;
}

static void take_delete (mcp_http_t *self, const mcp_http_request_t *request, void *visit)
{
    const char *id = http_header (request, "Mcp-Session-Id");
    member_t *member = find_member (self, id, request->who);
    answer_nothing (self, visit, !id ? 405 : !member ? 404 : 204);
    if (!member)
        return;
    member->ended = true;
    if (member->stream)
        finish (member->stream); /*  may free the member */
    else
        member_release (member);
}

mcp_exchange_t *mcp_http_take (mcp_http_t *self, const mcp_http_request_t *request, void *visit)
{
    if (strcmp (request->verb, "POST") == 0)
        return take_post (self, request, visit);
    if (strcmp (request->verb, "GET") == 0)
        return take_get (self, request, visit);
    if (strcmp (request->verb, "DELETE") == 0)
        take_delete (self, request, visit);
    else
        answer_nothing (self, visit, 405);
    return NULL;
}

/* ---- the end ---- */

/*  Without a handshake, that cancels the request. With one, it does not: the answer is lost. */
void mcp_http_gone (mcp_exchange_t *exchange)
{
    member_t *member = exchange->member;
    exchange->gone = true;
    if (member->stream == exchange)
        exchange_destroy (exchange);
    else if (!*member->id)
        mcp_peer_abandon (member->peer, exchange);
}

/*  Whether a client is there to hear it. */
static bool is_heard (const member_t *member)
{
    for (const mcp_exchange_t *exchange = member->http->exchanges; exchange; exchange = exchange->next)
        if (exchange->member == member && !exchange->gone)
            return true;
    return false;
}

static mcp_exchange_t *exchange_of (const member_t *member)
{
    mcp_exchange_t *exchange = member->http->exchanges;
    while (exchange && exchange->member != member)
        exchange = exchange->next;
    return exchange;
}

/*  Ends whatever is under way for it; with the last it goes. */
static void forget (member_t *member)
{
    member->ended = true;
    if (member->exchanges == 0)
        member_release (member);
    else
        for (size_t left = member->exchanges; left > 0; left--) {
            mcp_exchange_t *exchange = exchange_of (member);
            if (exchange == member->stream)
                finish (exchange);
            else
                mcp_peer_abandon (member->peer, exchange);
        }
}

void mcp_http_tick (mcp_http_t *self, uint64_t now)
{
    self->now = now;
    for (mcp_exchange_t *exchange = self->exchanges; exchange; exchange = exchange->next)
        if (exchange->streams && !exchange->gone && now - exchange->wrote_at >= MCP_HTTP_HEARTBEAT_SECONDS) {
            self->host->write (exchange->visit, ":\n\n", 3);
            exchange->wrote_at = now;
        }
    member_t *next;
    for (member_t *member = self->members; member; member = next) {
        next = member->next;
        if (member->heard_at == 0 || is_heard (member))
            member->heard_at = now;
        if (now - member->heard_at >= LIMIT_MCP_IDLE)
            forget (member);
    }
}

void mcp_http_each (mcp_http_t *self, void (*visit) (void *arg, mcp_peer_t *peer), void *arg)
{
    for (member_t *member = self->members; member; member = member->next)
        visit (arg, member->peer);
}

mcp_http_t *mcp_http_new (const mcp_offer_t *offer, const mcp_http_host_t *host, void *host_arg)
{
    mcp_http_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->offer = offer;
    self->host = host;
    self->host_arg = host_arg;
    mcp_seal_init (&self->seal);
    return self;
}

void mcp_http_destroy (mcp_http_t **self)
{
    if (!*self)
        return;
    while ((*self)->members)
        forget ((*self)->members);
    free (*self);
    *self = NULL;
}
