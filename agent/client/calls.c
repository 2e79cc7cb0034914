#include "calls.h"

#include "connection.h"
#include "id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_DEFAULT 10000 /*  milliseconds */
#define RESEND_EVERY 1000
#define STEP_EVERY 500 /*  a lost connection is noticed so soon */

/*  A request under way. */
typedef struct call {
    struct call *next;
    request_header_t header; /*  borrows the texts behind it */
    const char *method;
    char key[LIMIT_ID + 1];
    baton_bytes_t body;
    uint64_t begun, deadline; /*  of the monotonic clock */
    uint64_t resend_every, sent_at, losses;
    calls_done_t *done;
    void *arg;
} call_t;

struct calls {
    connection_t *connection;
    call_t *first;
    bool hurried;
};

baton_status calls_new (const baton_context_t *context, calls_t **ret_calls, baton_error_t *error)
{
    if (id_init () != BATON_OK)
        return baton_fail (error, BATON_internal, BATON_REASON_none, "libsodium can't be made ready");
    calls_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    baton_status status = connection_new (context, &self->connection, error);
    if (status != BATON_OK)
        calls_destroy (&self);
    else
        *ret_calls = self;
    return status;
}

static void call_destroy (call_t *self)
{
    bytes_clear (&self->body);
    free (self);
}

void calls_destroy (calls_t **self)
{
    if (!*self)
        return;
    while ((*self)->first)
        calls_stop (*self, (*self)->first);
    connection_destroy (&(*self)->connection);
    free (*self);
    *self = NULL;
}

/* ---- one request ---- */

/*  A parked read is answered when its timeout has passed; it must pass at the broker before it passes here. */
static void set_times (call_t *call, uint64_t timeout)
{
    bool parks = call->header.past > 0;
    uint64_t there = !parks ? timeout : timeout > 2000 ? timeout - 1000 : timeout / 2;
    call->begun = connection_clock ();
    call->deadline = call->begun + timeout;
    call->header.timeout = there < LIMIT_WAIT ? there : LIMIT_WAIT;
    call->resend_every = parks ? call->header.timeout + 2 * RESEND_EVERY : RESEND_EVERY;
}

static bool send_call (calls_t *self, call_t *call)
{
    call->sent_at = connection_clock ();
    call->losses = connection_losses (self->connection);
    return connection_send (self->connection, &call->header, call->body.data, call->body.size) == BATON_OK;
}

void *calls_start (calls_t *self, const char *method, const baton_bytes_t *body, const baton_call_t *options,
                   calls_done_t *done, void *arg)
{
    call_t *call = calloc (1, sizeof *call);
    if (!call || (body->size > 0 && bytes_set (&call->body, body->data, body->size) != BATON_OK)) {
        free (call);
        return NULL;
    }
    call->method = METHODS[method_find (method)].name;
    call->header = (request_header_t){.id = connection_next_id (self->connection),
                                      .method = (char *) call->method,
                                      .if_n = options->if_n,
                                      .fence = options->fence,
                                      .past = options->past};
    if (options->key)
        snprintf (call->key, sizeof call->key, "%s", options->key);
    else if (METHODS[method_find (method)].change)
        id_new (call->key);
    call->header.key = *call->key ? call->key : NULL;
    call->done = done;
    call->arg = arg;
    set_times (call, options->timeout > 0 ? options->timeout : TIMEOUT_DEFAULT);
    if (!send_call (self, call)) {
        call_destroy (call);
        return NULL;
    }
    call->next = self->first;
    self->first = call;
    return call;
}

/*  Out of the list; whoever has the call frees it. */
static void take_out (calls_t *self, const call_t *call)
{
    call_t **at = &self->first;
    while (*at && *at != call)
        at = &(*at)->next;
    if (*at)
        *at = call->next;
}

void calls_stop (calls_t *self, void *ticket)
{
    take_out (self, ticket);
    call_destroy (ticket);
}

void calls_hurry (calls_t *self)
{
    self->hurried = true;
}

/* ---- what comes ---- */

static void end (calls_t *self, call_t *call, baton_status status, const baton_bytes_t *body,
                 const baton_error_t *error)
{
    take_out (self, call);
    call->done (call->arg, status, body, error);
    call_destroy (call);
}

static void take_answer (calls_t *self, const message_in_t *message)
{
    reply_header_t header = {0};
    if (strcmp (message->signature, WIRE_ANSWER) != 0 ||
        record_decode (&RECORD_reply_header, message->header.data, message->header.size, &header, NULL) != BATON_OK)
        return;
    call_t *call = self->first;
    while (call && call->header.id != header.id)
        call = call->next;
    baton_error_t error = {0};
    baton_status status = baton_status_from_name (header.status);
    record_clear (&RECORD_reply_header, &header);
    if (!call) /*  a late answer, or the second one */
        return;
    if (status != BATON_OK)
        status = connection_failure (message, &error);
    end (self, call, status, &message->body, &error);
}

/*  Nothing is sent into a connection that doesn't stand: the first copy still waits in its queue. */
static bool is_overdue (const calls_t *self, const call_t *call, uint64_t now)
{
    return connection_up (self->connection) &&
           (connection_losses (self->connection) != call->losses || now - call->sent_at >= call->resend_every);
}

/*  The first call whose time has come: done may begin and stop others, so they are looked for anew each time. */
static call_t *find_due (const calls_t *self, uint64_t now)
{
    for (call_t *call = self->first; call; call = call->next)
        if (now >= call->deadline || (self->hurried && call->header.past > 0))
            return call;
    return NULL;
}

static void end_due (calls_t *self, call_t *call, uint64_t now)
{
    baton_error_t error = {0};
    baton_bytes_t nothing = {0};
    baton_status status = connection_blame (self->connection, call->method, now - call->begun, &error);
    if (self->hurried && call->header.past > 0)
        status = baton_fail (&error, BATON_deadline_exceeded, BATON_REASON_timed_out, "%s was given up", call->method);
    end (self, call, status, &nothing, &error);
}

void calls_step (calls_t *self)
{
    message_in_t message = {0};
    call_t *due;
    uint64_t now;
    do { /*  what is done may begin others: nothing may be left in the socket, or its descriptor stays silent */
        while (connection_take (self->connection, &message)) {
            take_answer (self, &message);
            message_in_clear (&message);
        }
        now = connection_clock ();
        due = find_due (self, now);
        if (due)
            end_due (self, due, now);
    } while (due);
    for (call_t *call = self->first; call; call = call->next)
        if (is_overdue (self, call, now))
            (void) !send_call (self, call);
}

int calls_fd (calls_t *self)
{
    return connection_fd (self->connection);
}

int calls_timeout (const calls_t *self)
{
    return self->first ? STEP_EVERY : -1;
}
