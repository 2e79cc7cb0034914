/*  Agents at /mcp: the protocol of agent/mcp over HTTP, and behind it the same requests that come in everywhere else.
 *
 *  An agent is one peer of the protocol, with the token that it came with: each of its requests is authorised anew, so
 *  a token that is revoked ends what it could do.
 */
#include "agents.h"

#include "desk.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_DEFAULT 10000 /*  milliseconds */

typedef struct agent agent_t;

/*  A request of an agent, from the door and back. */
typedef struct errand {
    ticket_t ticket; /*  the first: the door knows it by this */
    struct errand *next, *previous;
    agents_t *agents;
    mcp_done_t *done; /*  NULL: its answer is of no interest any more */
    void *done_arg;
} errand_t;

struct agent {
    agents_t *agents;
    char credential[DIGEST_SIZE];
    mcp_desk_t *desk;
};

struct agents {
    door_t *door;
    mcp_catalogue_t *catalogue;
    mcp_web_t *web;
    errand_t *errands;
    uint64_t ticked_at; /*  seconds */
};

/* ---- requests ---- */

static uint64_t monotonic_ms (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (uint64_t) time.tv_sec * 1000 + (uint64_t) time.tv_nsec / 1000000;
}

static void errand_destroy (errand_t *self)
{
    if (self->next)
        self->next->previous = self->previous;
    if (self->previous)
        self->previous->next = self->next;
    else
        self->agents->errands = self->next;
    free (self);
}

static void finish (request_t **request);

static errand_t *errand_new (agents_t *agents, mcp_done_t *done, void *done_arg)
{
    errand_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    *self = (errand_t){.ticket = {finish}, .agents = agents, .done = done, .done_arg = done_arg};
    self->next = agents->errands;
    if (self->next)
        self->next->previous = self;
    agents->errands = self;
    return self;
}

static void finish (request_t **request)
{
    errand_t *self = (errand_t *) (*request)->ticket;
    const baton_error_t *error = &(*request)->error;
    if (self->done)
        self->done (self->done_arg, error->status, &(*request)->reply, error);
    request_destroy (request);
    errand_destroy (self);
}

static void *start (void *arg, method_id_t method, const baton_bytes_t *body, const baton_call_t *options,
                    mcp_done_t *done, void *done_arg)
{
    agent_t *self = arg;
    request_header_t header = {.id = 1,
                               .past = options->past,
                               .timeout = options->timeout > 0 ? options->timeout : TIMEOUT_DEFAULT,
                               .if_n = options->if_n,
                               .fence = options->fence};
    errand_t *errand = errand_new (self->agents, done, done_arg);
    request_t *request = NULL;
    if (errand && (!options->key || text_set (&header.key, options->key) == BATON_OK))
        request = request_new_at (self->agents->door, errand, method, &header, monotonic_ms ());
    record_clear (&RECORD_request_header, &header);
    if (!request) {
        if (errand)
            errand_destroy (errand);
        return NULL;
    }
    if (request->error.status == BATON_OK)
        request->error.status =
            record_decode (&METHODS[method].type, body->data, body->size, request->params, &request->error);
    if (request->error.status == BATON_OK)
        request->error.status = request_seal (request, &request->error);
    memcpy (request->credential, self->credential, sizeof request->credential);
    door_submit (self->agents->door, &request); /*  with what is wrong with it: it comes back as it is */
    return errand;
}

/*  The request goes its way; it is not waited for. */
static void stop (void *arg, void *ticket)
{
    (void) arg;
    ((errand_t *) ticket)->done = NULL;
}

/* ---- agents ---- */

static void close_agent (void *arg, void *offer_arg)
{
    (void) arg;
    mcp_desk_t *desk = offer_arg;
    agent_t *agent = mcp_desk_backend_arg (desk);
    mcp_desk_destroy (&desk);
    free (agent);
}

static void *open_agent (void *arg, const char *who, mcp_visit_t *visit)
{
    static const mcp_backend_t BACKEND = {start, stop};
    agents_t *self = arg;
    (void) visit;
    agent_t *agent = calloc (1, sizeof *agent);
    if (!agent)
        return NULL;
    agent->agents = self;
    snprintf (agent->credential, sizeof agent->credential, "%s", who);
    mcp_desk_t *desk = mcp_desk_new (self->catalogue, &BACKEND, agent, "");
    if (!desk)
        free (agent);
    return desk;
}

/* ---- the whole ---- */

agents_t *agents_new (door_t *door)
{
    static const mcp_web_host_t HOST = {open_agent, close_agent};
    agents_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->door = door;
    self->catalogue = mcp_catalogue_new (&(mcp_scope_t){0});
    self->web = self->catalogue ? mcp_web_new (mcp_catalogue_offer (self->catalogue), &HOST, self) : NULL;
    if (!self->web)
        agents_destroy (&self);
    return self;
}

void agents_close (agents_t *self)
{
    mcp_web_close (self->web);
}

void agents_destroy (agents_t **self)
{
    if (!*self)
        return;
    mcp_web_destroy (&(*self)->web);
    mcp_catalogue_destroy (&(*self)->catalogue);
    while ((*self)->errands) /*  whose requests won't come back */
        errand_destroy ((*self)->errands);
    free (*self);
    *self = NULL;
}

mcp_web_t *agents_web (agents_t *self)
{
    return self->web;
}

void agents_tick (agents_t *self)
{
    uint64_t now = monotonic_ms () / 1000;
    if (now != self->ticked_at)
        mcp_web_tick (self->web, now);
    self->ticked_at = now;
}
