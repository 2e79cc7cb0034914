/*  One request, one answer. */
#include "connection.h"
#include "id.h"

#include <stdlib.h>
#include <string.h>

#define TIMEOUT_DEFAULT 10000 /*  milliseconds */
#define RESEND_EVERY 1000
#define SILENCE_TOLD 2000 /*  without a connection for so long, the caller is told once */

struct baton_client {
    connection_t *connection;
};

/*  A request under way. */
typedef struct {
    request_header_t header; /*  borrows its texts */
    const uint8_t *body;
    size_t body_size;
    uint64_t deadline; /*  of the monotonic clock */
    uint64_t resend_every;
    uint64_t sent_at;
    uint64_t losses; /*  of the connection when it was sent last */
} request_t;

baton_status baton_client_new (const baton_context_t *context, baton_client_t **ret_client, baton_error_t *error)
{
    if (id_init () != BATON_OK)
        return baton_fail (error, BATON_internal, BATON_REASON_none, "libsodium can't be made ready");
    baton_client_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    baton_status status = connection_new (context, &self->connection, error);
    if (status != BATON_OK)
        baton_client_destroy (&self);
    else
        *ret_client = self;
    return status;
}

void baton_client_destroy (baton_client_t **self)
{
    if (!*self)
        return;
    connection_destroy (&(*self)->connection);
    free (*self);
    *self = NULL;
}

static baton_status send_request (connection_t *connection, request_t *request)
{
    request->sent_at = connection_clock ();
    request->losses = connection_losses (connection);
    return connection_send (connection, &request->header, request->body, request->body_size);
}

/*  Whether it may have been lost on its way. Nothing is sent into a connection that doesn't stand: the first copy
 *  still waits in its queue. */
static bool is_overdue (const connection_t *connection, const request_t *request)
{
    return connection_up (connection) && (connection_losses (connection) != request->losses ||
                                          connection_clock () - request->sent_at >= request->resend_every);
}

/*  Whether the message answers the request, and with which status. Late answers to earlier requests do not. */
static bool answers (const message_in_t *message, uint64_t id, baton_status *ret_status)
{
    reply_header_t header = {0};
    if (strcmp (message->signature, WIRE_ANSWER) != 0 ||
        record_decode (&RECORD_reply_header, message->header.data, message->header.size, &header, NULL) != BATON_OK)
        return false;
    bool ours = header.id == id;
    if (ours)
        *ret_status = baton_status_from_name (header.status);
    record_clear (&RECORD_reply_header, &header);
    return ours;
}

/*  Watches for a connection that does not stand, to tell the caller. */
typedef struct {
    const baton_call_t *options;
    uint64_t since; /*  when it was last seen to stand */
    bool told;
} silence_t;

static void watch_silence (silence_t *silence, const connection_t *connection, uint64_t now)
{
    if (connection_up (connection))
        silence->since = now;
    if (silence->told || !silence->options->on_silence || now - silence->since < SILENCE_TOLD)
        return;
    silence->told = true;
    silence->options->on_silence (silence->options->silence_arg);
}

static baton_status await_answer (connection_t *connection, request_t *request, const baton_call_t *options,
                                  message_in_t *ret_answer, baton_status *ret_status, baton_error_t *error)
{
    uint64_t started = connection_clock ();
    silence_t silence = {.options = options, .since = started};
    for (;;) {
        uint64_t now = connection_clock ();
        watch_silence (&silence, connection, now);
        if (options->stop && *options->stop)
            return baton_fail (error, BATON_deadline_exceeded, BATON_REASON_timed_out,
                               "%s was not waited for any longer", request->header.method);
        if (now >= request->deadline)
            return connection_blame (connection, request->header.method, now - started, error);
        uint64_t most = request->resend_every < RESEND_EVERY ? request->resend_every : RESEND_EVERY;
        uint64_t wait = request->deadline - now < most ? request->deadline - now : most;
        if (connection_receive (connection, wait, ret_answer)) {
            if (answers (ret_answer, request->header.id, ret_status))
                return BATON_OK;
            message_in_clear (ret_answer);
        }
        if (is_overdue (connection, request) && send_request (connection, request) != BATON_OK)
            return baton_fail_memory (error);
    }
}

/*  A parked read is answered when its timeout has passed; it must pass at the broker before it passes here. */
static void set_times (request_t *request, uint64_t timeout, bool parks)
{
    request->deadline = connection_clock () + timeout;
    uint64_t there = !parks ? timeout : timeout > 2000 ? timeout - 1000 : timeout / 2;
    request->header.timeout = there < LIMIT_WAIT ? there : LIMIT_WAIT;
    request->resend_every = parks ? request->header.timeout + 2 * RESEND_EVERY : RESEND_EVERY;
}

static baton_status check_size (size_t body_size, baton_error_t *error)
{
    if (body_size <= LIMIT_FRAME)
        return BATON_OK;
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_too_large,
                       "the request has %zu bytes, at most %u are allowed", body_size, LIMIT_FRAME);
}

baton_status baton_call (baton_client_t *self, const char *method, const uint8_t *body, size_t body_size,
                         const baton_call_t *options, uint8_t **ret_body, size_t *ret_size, baton_error_t *error)
{
    static const baton_call_t DEFAULTS = {0};
    if (!options)
        options = &DEFAULTS;
    baton_status status = check_size (body_size, error);
    if (status != BATON_OK)
        return status;
    char fresh[ID_SIZE];
    request_t request = {.body = body, .body_size = body_size};
    request.header.id = connection_next_id (self->connection);
    request.header.method = (char *) method;
    request.header.key = (char *) options->key;
    request.header.if_n = options->if_n;
    request.header.fence = options->fence;
    request.header.past = options->past;
    /*  A method that we don't know may be a change of a newer broker. */
    if (!options->key && (method_find (method) == METHOD_none || METHODS[method_find (method)].change)) {
        id_new (fresh);
        request.header.key = fresh;
    }
    set_times (&request, options->timeout > 0 ? options->timeout : TIMEOUT_DEFAULT, options->past > 0);

    message_in_t answer = {0};
    baton_status outcome = BATON_OK;
    status = send_request (self->connection, &request) == BATON_OK
                 ? await_answer (self->connection, &request, options, &answer, &outcome, error)
                 : baton_fail_memory (error);
    if (status != BATON_OK)
        return status;
    if (outcome != BATON_OK)
        status = connection_failure (&answer, error);
    else if (ret_body) {
        *ret_body = answer.body.data;
        *ret_size = answer.body.size;
        answer.body = (baton_bytes_t){0};
    }
    message_in_clear (&answer);
    return status;
}
