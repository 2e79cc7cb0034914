#include "local.h"

#include "id.h"
#include "wire.h"

#include <sys/stat.h>
#include <sys/un.h>

#define DEFAULT_TIMEOUT 10000 /*  milliseconds that a run waits when it doesn't say */
#define TICK 100
#define CALLERS_MOST 4096
#define CALLERS_EACH 64 /*  of one run: a broker parks a thousand readers for the whole node */

struct local {
    local_parts_t parts;
    zsock_t *router;
    zlistx_t *callers; /*  of caller_t *: runs that wait for an answer */
    int timer;
};

/*  One request of a run that isn't answered yet. */
typedef struct {
    local_t *local;
    zframe_t *identity;
    char session[LIMIT_ID + 1];
    uint64_t id;     /*  of the run's request */
    uint64_t change; /*  its number in the spool; 0 for a read */
    int64_t expires; /*  of a change: a read expires in the link */
} caller_t;

static void caller_destroy (void **item)
{
    caller_t *caller = *item;
    zframe_destroy (&caller->identity);
    free (caller);
    *item = NULL;
}

/* ---- answers ---- */

/*  False when whoever asked is gone. */
static bool send_answer (local_t *self, zframe_t *identity, uint64_t id, baton_status status, const void *body,
                         size_t size)
{
    reply_header_t reply = {.id = id, .status = (char *) baton_status_name (status)};
    baton_bytes_t header = {0, NULL};
    if (record_encode (&RECORD_reply_header, &reply, &header) != BATON_OK)
        return false;
    zmsg_t *message = zmsg_new ();
    zmsg_addmem (message, zframe_data (identity), zframe_size (identity));
    zmsg_addmem (message, WIRE_ANSWER, WIRE_SIGNATURE_SIZE);
    zmsg_addmem (message, header.data, header.size);
    zmsg_addmem (message, body, size);
    bool sent = zmsg_send (&message, self->router) == 0;
    zmsg_destroy (&message);
    bytes_clear (&header);
    return sent;
}

static bool send_failure (local_t *self, zframe_t *identity, uint64_t id, baton_status status, const failure_t *failure)
{
    baton_bytes_t body = {0, NULL};
    bool sent = record_encode (&RECORD_failure, failure, &body) == BATON_OK &&
                send_answer (self, identity, id, status, body.data, body.size);
    bytes_clear (&body);
    return sent;
}

static void refuse (local_t *self, zframe_t *identity, uint64_t id, const baton_error_t *error)
{
    failure_t failure = failure_of (error);
    send_failure (self, identity, id, error->status, &failure);
}

static bool pass_answer (caller_t *caller, const link_answer_t *answer)
{
    return answer->status == BATON_OK
               ? send_answer (caller->local, caller->identity, caller->id, BATON_OK, answer->body, answer->size)
               : send_failure (caller->local, caller->identity, caller->id, answer->status, answer->failure);
}

static void end_call (caller_t *caller)
{
    zlistx_t *callers = caller->local->callers;
    zlistx_detach (callers, zlistx_find (callers, caller));
    caller_destroy ((void **) &caller);
}

/*  Of a read. */
static void answered (void *arg, const link_answer_t *answer)
{
    pass_answer (arg, answer);
    end_call (arg);
}

bool local_settled (local_t *self, const spooled_t *change, const link_answer_t *answer)
{
    bool told = false;
    for (caller_t *caller = zlistx_first (self->callers); caller;) {
        if (caller->change != change->id) {
            caller = zlistx_next (self->callers);
            continue;
        }
        told = pass_answer (caller, answer) || told;
        end_call (caller);
        caller = zlistx_first (self->callers);
    }
    return told;
}

/* ---- requests ---- */

typedef struct {
    zframe_t *identity;
    request_header_t header;
    attempt_t attempt;
    admitted_t admitted;
} call_t;

/*  A little less than the run waits, so that it hears what becomes of its change instead of nothing. */
static int64_t patience (uint64_t timeout)
{
    uint64_t margin = timeout / 8 < 500 ? timeout / 8 : 500;
    return (int64_t) (timeout - margin);
}

static caller_t *add_caller (local_t *self, const call_t *call)
{
    caller_t *caller = calloc (1, sizeof *caller);
    if (!caller)
        return NULL;
    uint64_t timeout = call->header.timeout > 0 ? call->header.timeout : DEFAULT_TIMEOUT;
    *caller = (caller_t){.local = self,
                         .identity = zframe_dup (call->identity),
                         .id = call->header.id,
                         .expires = zclock_mono () + patience (timeout)};
    snprintf (caller->session, sizeof caller->session, "%s", call->attempt.session);
    if (!caller->identity || !zlistx_add_end (self->callers, caller)) {
        caller_destroy ((void **) &caller);
        return NULL;
    }
    return caller;
}

/*  Clients send again what stays unanswered; the first one is still on its way. */
static bool is_waiting (local_t *self, zframe_t *identity, uint64_t id)
{
    for (caller_t *caller = zlistx_first (self->callers); caller; caller = zlistx_next (self->callers))
        if (caller->id == id && zframe_eq (caller->identity, identity))
            return true;
    return false;
}

/*  A session has one run at a time. */
static size_t count_callers (local_t *self, const char *session)
{
    size_t count = 0;
    for (caller_t *caller = zlistx_first (self->callers); caller; caller = zlistx_next (self->callers))
        count += strcmp (caller->session, session) == 0 ? 1 : 0;
    return count;
}

static baton_status check_room (local_t *self, const char *session, baton_error_t *error)
{
    if (count_callers (self, session) >= CALLERS_EACH)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_busy, "this run has %d unanswered requests",
                           CALLERS_EACH);
    if (zlistx_size (self->callers) >= CALLERS_MOST)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_busy,
                           "the node has %d unanswered requests of its runs", CALLERS_MOST);
    return BATON_OK;
}

static baton_status read_on (local_t *self, call_t *call, baton_error_t *error)
{
    request_header_t header = {.method = call->header.method,
                               .timeout = call->header.timeout,
                               .past = call->header.past,
                               .trace = call->header.trace,
                               .session = call->attempt.session,
                               .run = call->attempt.run,
                               .epoch = call->attempt.epoch};
    caller_t *caller = add_caller (self, call);
    if (!caller)
        return baton_fail_memory (error);
    uint64_t timeout = header.timeout > 0 ? header.timeout : DEFAULT_TIMEOUT;
    /*  A parked read is answered by the broker at its timeout: leave it the time to. */
    uint64_t wait = header.past > 0 ? timeout + 1000 : (uint64_t) patience (timeout);
    if (link_send (self->parts.link, &header, &call->admitted.body, wait, answered, caller) == BATON_OK)
        return BATON_OK;
    end_call (caller);
    return baton_fail_memory (error);
}

static baton_status spool_on (local_t *self, call_t *call, baton_error_t *error)
{
    char fresh[ID_SIZE];
    id_new (fresh);
    spooled_t change = {.method = call->admitted.method,
                        .run = call->attempt.run,
                        .epoch = call->attempt.epoch,
                        .if_n = call->header.if_n,
                        .body = call->admitted.body};
    snprintf (change.session, sizeof change.session, "%s", call->attempt.session);
    snprintf (change.key, sizeof change.key, "%s", call->header.key ? call->header.key : fresh);
    if (spool_full (self->parts.db))
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_busy,
                           "the node keeps %u MiB of changes for a broker that is away: it takes no more",
                           SPOOL_BYTES_MOST >> 20);
    caller_t *caller = add_caller (self, call);
    if (!caller)
        return baton_fail_memory (error);
    baton_status status = spool_add (self->parts.db, &change, &caller->change, error);
    if (status != BATON_OK)
        end_call (caller);
    else
        courier_send (self->parts.courier, change.session);
    return status;
}

static baton_status take_call (local_t *self, call_t *call, const uint8_t *body, size_t size, baton_error_t *error)
{
    const attempt_t *attempt = runs_authenticate (self->parts.runs, call->header.token);
    if (!attempt)
        return baton_fail_field (error, BATON_unauthenticated, BATON_REASON_not_your_session, "token",
                                 "the token is not that of a run that goes on here");
    if (call->header.fence > 0)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "fence",
                                 "a run has no edit lock: it is never locked out of its own session");
    call->attempt = *attempt;
    baton_status status = check_room (self, attempt->session, error);
    if (status == BATON_OK)
        status = local_admit (attempt->session, call->header.method, body, size, &call->admitted, error);
    if (status != BATON_OK)
        return status;
    return METHODS[call->admitted.method].change ? spool_on (self, call, error) : read_on (self, call, error);
}

static int take_message (zloop_t *loop, zsock_t *router, void *arg)
{
    (void) loop;
    local_t *self = arg;
    zmsg_t *message = zmsg_recv (router);
    if (!message)
        return 0;
    zframe_t *identity = zmsg_first (message), *signature = zmsg_next (message), *header = zmsg_next (message);
    zframe_t *body = zmsg_next (message);
    call_t call = {.identity = identity};
    baton_error_t error;
    /*  Counted, because zmsg_next begins anew behind the last frame. */
    if (zmsg_size (message) < 4 || zframe_size (signature) != WIRE_SIGNATURE_SIZE ||
        zframe_size (header) > LIMIT_HEADER || memcmp (zframe_data (signature), WIRE_REQUEST, WIRE_SIGNATURE_SIZE) != 0)
        goto out; /*  whoever sends this can't read an answer either */
    baton_status status =
        record_decode (&RECORD_request_header, zframe_data (header), zframe_size (header), &call.header, &error);
    if (status == BATON_OK && is_waiting (self, identity, call.header.id))
        goto out;
    if (status == BATON_OK)
        status = take_call (self, &call, zframe_data (body), zframe_size (body), &error);
    if (status != BATON_OK)
        refuse (self, identity, call.header.id, &error);
out:
    bytes_clear (&call.admitted.body);
    record_clear (&RECORD_request_header, &call.header);
    zmsg_destroy (&message);
    return 0;
}

/*  A change whose broker is away is kept; only the waiting ends. */
static int tick (zloop_t *loop, int timer, void *arg)
{
    (void) loop;
    (void) timer;
    local_t *self = arg;
    int64_t now = zclock_mono ();
    for (caller_t *caller = zlistx_first (self->callers); caller;) {
        if (caller->change == 0 || caller->expires > now) {
            caller = zlistx_next (self->callers);
            continue;
        }
        baton_error_t error;
        baton_fail (&error, BATON_unavailable, BATON_REASON_unreachable,
                    "the broker is away: the node keeps the change and applies it when the broker is back");
        refuse (self, caller->identity, caller->id, &error);
        end_call (caller);
        caller = zlistx_first (self->callers);
    }
    return 0;
}

/* ---- life ---- */

static baton_status bind_socket (local_t *self, const char *path, baton_error_t *error)
{
    if (strlen (path) >= sizeof ((struct sockaddr_un *) NULL)->sun_path)
        return baton_fail (error, BATON_invalid_argument, BATON_REASON_too_large,
                           "the path of the local socket %s is longer than %zu bytes: choose a shorter --state", path,
                           sizeof ((struct sockaddr_un *) NULL)->sun_path - 1);
    zsock_set_maxmsgsize (self->router, LIMIT_FRAME);
    zsock_set_linger (self->router, 500);
    /*  Says when whoever asked is gone. It must not wait for one that does not read. */
    zsock_set_router_mandatory (self->router, 1);
    zsock_set_sndtimeo (self->router, 0);
    mode_t before = umask (0177);
    int bound = zsock_bind (self->router, "ipc://%s", path);
    umask (before);
    return bound >= 0 ? BATON_OK
                      : baton_fail (error, BATON_failed_precondition, BATON_REASON_storage_failed,
                                    "can't bind the local socket %s: %s", path, zmq_strerror (zmq_errno ()));
}

baton_status local_new (const local_parts_t *parts, const char *path, local_t **ret_local, baton_error_t *error)
{
    local_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    *self = (local_t){*parts, zsock_new (ZMQ_ROUTER), zlistx_new (), -1};
    baton_status status = self->router && self->callers ? bind_socket (self, path, error) : baton_fail_memory (error);
    if (status != BATON_OK) {
        local_destroy (&self);
        return status;
    }
    zloop_reader (parts->loop, self->router, take_message, self);
    self->timer = zloop_timer (parts->loop, TICK, 0, tick, self);
    *ret_local = self;
    return BATON_OK;
}

void local_destroy (local_t **self_p)
{
    local_t *self = *self_p;
    if (!self)
        return;
    if (self->timer >= 0) {
        zloop_timer_end (self->parts.loop, self->timer);
        zloop_reader_end (self->parts.loop, self->router);
    }
    zsock_destroy (&self->router);
    for (caller_t *caller; self->callers && (caller = zlistx_detach (self->callers, NULL));)
        caller_destroy ((void **) &caller);
    zlistx_destroy (&self->callers);
    free (self);
    *self_p = NULL;
}
