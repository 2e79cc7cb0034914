/*  What coding agents send: lines for a peer with all that Baton offers, before a backend that answers with whatever
 *  the input says. No line may break anything, each request is answered at most once, and nothing is left over. */
#include "desk.h"
#include "fixpoint.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define TICKETS_MOST 256

typedef struct {
    mcp_done_t *done;
    void *arg;
} ticket_t;

typedef struct {
    ticket_t *tickets[TICKETS_MOST];
    size_t count;
} backend_t;

static void *start (void *arg, method_id_t method, const baton_bytes_t *body, const baton_call_t *options,
                    mcp_done_t *done, void *done_arg)
{
    backend_t *self = arg;
    (void) options;
    must (method != METHOD_none && body->size < LIMIT_FRAME * 2u);
    ticket_t *ticket = self->count < TICKETS_MOST ? malloc (sizeof *ticket) : NULL;
    if (ticket) {
        *ticket = (ticket_t){done, done_arg};
        self->tickets[self->count++] = ticket;
    }
    return ticket;
}

static void stop (void *arg, void *ticket)
{
    backend_t *self = arg;
    size_t i = 0;
    while (i < self->count && self->tickets[i] != ticket)
        i++;
    must (i < self->count);
    memmove (&self->tickets[i], &self->tickets[i + 1], (--self->count - i) * sizeof *self->tickets);
    free (ticket);
}

/*  Answers the oldest request: with an error, or with these bytes. */
static void answer (backend_t *self, const uint8_t *data, size_t size, bool error)
{
    if (self->count == 0)
        return;
    ticket_t ticket = *self->tickets[0];
    stop (self, self->tickets[0]);
    baton_error_t flaw = {BATON_not_found, BATON_REASON_no_such_session, "session", "there is no such session"};
    baton_bytes_t body = {size, (uint8_t *) data};
    ticket.done (ticket.arg, error ? BATON_not_found : BATON_OK, error ? NULL : &body, &flaw);
}

static void take (void *arg, void *exchange, const json_t *message, bool last, int status)
{
    size_t *answers = arg;
    (void) exchange;
    (void) status;
    *answers += last;
    char *text = json_dumps (message, JSON_COMPACT);
    must (!message || (text && !strchr (text, '\n')));
    free (text);
}

/*  A line that begins with ! is an answer of the backend, one that begins with - an error of its. */
static size_t feed (mcp_peer_t *peer, backend_t *backend, const uint8_t *data, size_t size)
{
    size_t lines = 0;
    for (size_t at = 0; at < size; lines++) {
        const uint8_t *end = memchr (data + at, '\n', size - at);
        size_t length = end ? (size_t) (end - data) - at : size - at;
        if (length > 0 && (data[at] == '!' || data[at] == '-'))
            answer (backend, data + at + 1, length - 1, data[at] == '-');
        else
            mcp_peer_receive (peer, (const char *) data + at, length, NULL);
        at += length + 1;
    }
    return lines;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const mcp_backend_t BACKEND = {start, stop};
    static mcp_catalogue_t *catalogues[2];
    static mcp_seal_t seal;
    bool inside = size > 0 && data[0] == '#';
    if (!catalogues[inside])
        catalogues[inside] = mcp_catalogue_new (&(mcp_scope_t){.inside = inside});
    backend_t backend = {.count = 0};
    size_t answers = 0;
    mcp_desk_t *desk = mcp_desk_new (catalogues[inside], &BACKEND, &backend, inside ? "s" : "");
    mcp_setting_t setting = {mcp_catalogue_offer (catalogues[inside]), desk, take, &answers, &seal, "me", false};
    mcp_peer_t *peer = mcp_peer_new (&setting);
    size_t lines = feed (peer, &backend, data + inside, size - inside);
    must (mcp_peer_pending (peer) <= LIMIT_MCP_CALLS);
    mcp_desk_hurry (desk);
    mcp_peer_half_close (peer);
    mcp_peer_destroy (&peer);
    must (backend.count == 0 && answers <= lines);
    mcp_desk_destroy (&desk);
    return 0;
}
