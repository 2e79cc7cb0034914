#include "transfer_source.h"

#include "transfer_serve.h"
#include "transfer_wire.h"

#include <stdlib.h>
#include <string.h>

/*  A request with as many digests as are allowed, and its header; nothing longer is read from a peer. */
#define REQUEST_BYTES 16384

/*  Requests of one migration that may wait for its thread. */
#define WAITING_MOST 64

#define HEARTBEAT_MS 1000
#define HEARTBEAT_TIMEOUT_MS 5000

struct transfer_source {
    zactor_t *actor;
    char *endpoint;
};

typedef struct {
    transfer_grant_t *grant;
    zactor_t *serve;
    unsigned waiting; /*  requests that were passed on and not yet answered */
    bool scanning;    /*  one of them is for a manifest: until it is answered, the others are told to wait */
} migration_slot_t;

typedef struct {
    zsock_t *pipe;
    zsock_t *router;
    zloop_t *loop;
    struct {
        size_t count;
        migration_slot_t **items;
    } slots;
} server_t;

/* ---- the table of migrations ---- */

static migration_slot_t *find_slot (server_t *self, const char *session, uint64_t migration)
{
    for (size_t i = 0; i < self->slots.count; i++) {
        transfer_grant_t *grant = self->slots.items[i]->grant;
        if (grant->migration == migration && text_equal (grant->session, session))
            return self->slots.items[i];
    }
    return NULL;
}

static void destroy_slot (server_t *self, migration_slot_t *slot)
{
    if (slot->serve)
        zloop_reader_end (self->loop, (zsock_t *) slot->serve);
    zactor_destroy (&slot->serve);
    transfer_grant_destroy (&slot->grant);
    free (slot);
}

static void forget (server_t *self, const char *session, uint64_t migration)
{
    for (size_t i = 0; i < self->slots.count; i++) {
        migration_slot_t *slot = self->slots.items[i];
        if (slot->grant->migration != migration || !text_equal (slot->grant->session, session))
            continue;
        self->slots.items[i] = self->slots.items[--self->slots.count];
        destroy_slot (self, slot);
        return;
    }
}

/* ---- from the migrations' threads ---- */

static int on_serve (zloop_t *loop, zsock_t *reader, void *argument)
{
    (void) loop;
    server_t *self = argument;
    zmsg_t *message = zmsg_recv (reader);
    char *command = message ? zmsg_popstr (message) : NULL;
    bool last = command && strcmp (command, SERVE_LAST) == 0;
    for (size_t i = 0; last && i < self->slots.count; i++) {
        migration_slot_t *slot = self->slots.items[i];
        if ((zsock_t *) slot->serve == reader && --slot->waiting == 0)
            slot->scanning = false;
    }
    if (command && strcmp (command, SERVE_REPORT) == 0)
        zmsg_send (&message, self->pipe);
    else if (command)
        zmsg_send (&message, self->router);
    free (command);
    zmsg_destroy (&message);
    return 0;
}

/* ---- from the main loop ---- */

static void report_failure (server_t *self, const char *session, uint64_t migration, const baton_error_t *error)
{
    transfer_report_t report = {.kind = TRANSFER_FAILED, .migration = migration, .error = *error};
    snprintf (report.session, sizeof report.session, "%s", session ? session : "");
    transfer_report_send (self->pipe, &report);
}

/*  Takes the grant. */
static void allow (server_t *self, transfer_grant_t *grant)
{
    forget (self, grant->session, grant->migration);
    baton_error_t error = {0};
    migration_slot_t *slot = NULL;
    migration_slot_t **place = NULL;
    if (self->slots.count >= LIMIT_TRANSFERS)
        baton_fail (&error, BATON_resource_exhausted, BATON_REASON_busy, "this node already serves %u migrations",
                    LIMIT_TRANSFERS);
    else if (!(slot = calloc (1, sizeof *slot)) || !(slot->serve = transfer_serve_new (grant)) ||
             !(place = list_append (&self->slots, sizeof (migration_slot_t *))))
        baton_fail_memory (&error);
    if (!place) {
        report_failure (self, grant->session, grant->migration, &error);
        if (slot)
            zactor_destroy (&slot->serve);
        free (slot);
        transfer_grant_destroy (&grant);
        return;
    }
    slot->grant = grant;
    *place = slot;
    zloop_reader (self->loop, (zsock_t *) slot->serve, on_serve, self);
}

static void freeze (server_t *self, const char *session, uint64_t migration)
{
    migration_slot_t *slot = find_slot (self, session, migration);
    if (slot) {
        zstr_send (slot->serve, SERVE_FREEZE);
        return;
    }
    baton_error_t error;
    baton_fail (&error, BATON_not_found, BATON_REASON_not_migrating, "nothing was allowed for migration %llu of %s",
                (unsigned long long) migration, session ? session : "");
    report_failure (self, session, migration, &error);
}

static int on_pipe (zloop_t *loop, zsock_t *reader, void *argument)
{
    (void) loop;
    server_t *self = argument;
    char *command = NULL, *session = NULL;
    void *grant = NULL;
    uint64_t migration = 0;
    if (zsock_recv (reader, "ss8p", &command, &session, &migration, &grant) < 0 || !command ||
        strcmp (command, "$TERM") == 0) {
        free (command);
        free (session);
        return -1;
    }
    if (strcmp (command, "ALLOW") == 0)
        allow (self, grant);
    else if (strcmp (command, "FREEZE") == 0)
        freeze (self, session, migration);
    else
        forget (self, session, migration);
    free (command);
    free (session);
    return 0;
}

/* ---- from the targets ---- */

/*  Whoever isn't allowed learns nothing, not even whether the migration exists. */
static migration_slot_t *admit (server_t *self, const transfer_request_t *request, const char *user,
                                baton_error_t *error)
{
    migration_slot_t *slot = find_slot (self, request->session, request->migration);
    if (!slot || !user || !text_equal (slot->grant->peer_key, user)) {
        baton_fail (error, BATON_permission_denied, BATON_REASON_not_allowed,
                    "this key may not fetch migration %llu of %s", (unsigned long long) request->migration,
                    request->session);
        return NULL;
    }
    if (slot->scanning || slot->waiting >= WAITING_MOST) {
        baton_fail (error, BATON_unavailable, BATON_REASON_busy, "the workspace is being read");
        return NULL;
    }
    return slot;
}

static migration_slot_t *check (server_t *self, zmsg_t *message, request_header_t *header, baton_error_t *error)
{
    transfer_request_t request = {0};
    zframe_t *first = zmsg_first (message);
    const char *user = first ? zframe_meta (first, "User-Id") : NULL;
    migration_slot_t *slot = NULL;
    if (transfer_wire_open_request (message, header, &request, error) == BATON_OK) {
        if (strcmp (header->method, TRANSFER_MANIFEST) != 0 && strcmp (header->method, TRANSFER_CHUNKS) != 0)
            baton_fail (error, BATON_invalid_argument, BATON_REASON_unknown_method, "a source has no method %s",
                        header->method);
        else
            slot = admit (self, &request, user, error);
    }
    record_clear (&RECORD_transfer_request, &request);
    return slot;
}

static int on_router (zloop_t *loop, zsock_t *reader, void *argument)
{
    (void) loop;
    server_t *self = argument;
    zmsg_t *message = zmsg_recv (reader);
    zframe_t *peer = message ? zmsg_pop (message) : NULL;
    request_header_t header = {0};
    baton_error_t error = {0};
    migration_slot_t *slot = peer ? check (self, message, &header, &error) : NULL;
    if (slot) {
        slot->waiting++;
        slot->scanning = strcmp (header.method, TRANSFER_MANIFEST) == 0;
        zmsg_prepend (message, &peer);
        zmsg_pushstr (message, SERVE_REQUEST);
        zmsg_send (&message, slot->serve);
    } else if (peer) {
        zmsg_t *refusal = transfer_wire_failure (header.id, &error);
        if (refusal) {
            zmsg_prepend (refusal, &peer);
            zmsg_send (&refusal, self->router);
        }
    }
    record_clear (&RECORD_request_header, &header);
    zframe_destroy (&peer);
    zmsg_destroy (&message);
    return 0;
}

/* ---- the thread, and its owner's side ---- */

/*  argument is the bound router, now this thread's. */
static void run (zsock_t *pipe, void *argument)
{
    server_t self = {.pipe = pipe, .router = argument, .loop = zloop_new ()};
    zsock_signal (pipe, 0);
    if (self.loop) {
        zloop_reader (self.loop, pipe, on_pipe, &self);
        zloop_reader (self.loop, self.router, on_router, &self);
        zloop_start (self.loop);
    }
    for (size_t i = 0; i < self.slots.count; i++)
        destroy_slot (&self, self.slots.items[i]);
    free (self.slots.items);
    zloop_destroy (&self.loop);
    zsock_destroy (&self.router);
}

static zsock_t *bind_router (const char *endpoint, const char *public_key, const char *secret_key, baton_error_t *error)
{
    zsock_t *router = zsock_new (ZMQ_ROUTER);
    if (!router) {
        baton_fail_memory (error);
        return NULL;
    }
    zsock_set_zap_domain (router, TRANSFER_DOMAIN);
    zsock_set_curve_server (router, 1);
    zsock_set_curve_publickey (router, public_key);
    zsock_set_curve_secretkey (router, secret_key);
    zsock_set_linger (router, 0);
    zsock_set_maxmsgsize (router, REQUEST_BYTES);
    /*  A peer that doesn't read can't make us hold more than its credit and some refusals: what exceeds it is dropped.
     */
    zsock_set_sndhwm (router, (int) LIMIT_TRANSFER_CREDIT + WAITING_MOST);
    zsock_set_heartbeat_ivl (router, HEARTBEAT_MS);
    zsock_set_heartbeat_timeout (router, HEARTBEAT_TIMEOUT_MS);
    if (zsock_bind (router, "%s", endpoint) < 0) {
        baton_fail (error, BATON_failed_precondition, BATON_REASON_bad_value, "can't listen at %s: %s", endpoint,
                    zmq_strerror (zmq_errno ()));
        zsock_destroy (&router);
    }
    return router;
}

baton_status transfer_source_new (const char *endpoint, const char *public_key, const char *secret_key,
                                  transfer_source_t **ret_source, baton_error_t *error)
{
    zsock_t *router = bind_router (endpoint, public_key, secret_key, error);
    if (!router)
        return error ? error->status : BATON_failed_precondition;
    transfer_source_t *self = calloc (1, sizeof *self);
    if (self)
        self->endpoint = strdup (zsock_endpoint (router));
    if (self && self->endpoint)
        self->actor = zactor_new (run, router);
    if (!self || !self->actor) {
        zsock_destroy (&router);
        transfer_source_destroy (&self);
        return baton_fail_memory (error);
    }
    *ret_source = self;
    return BATON_OK;
}

void transfer_source_destroy (transfer_source_t **self)
{
    if (!*self)
        return;
    zactor_destroy (&(*self)->actor);
    free ((*self)->endpoint);
    free (*self);
    *self = NULL;
}

const char *transfer_source_endpoint (const transfer_source_t *self)
{
    return self->endpoint;
}

baton_status transfer_source_allow (transfer_source_t *self, const char *session, uint64_t migration,
                                    const char *peer_key, const char *root, const binding_t *bindings,
                                    size_t binding_count)
{
    transfer_grant_t *grant = calloc (1, sizeof *grant);
    if (!grant)
        return BATON_resource_exhausted;
    grant->migration = migration;
    baton_status status = text_set (&grant->session, session);
    if (status == BATON_OK)
        status = text_set (&grant->peer_key, peer_key);
    if (status == BATON_OK)
        status = text_set (&grant->root, root);
    for (size_t i = 0; status == BATON_OK && i < binding_count; i++) {
        binding_t *binding = list_append (&grant->bindings, sizeof *binding);
        status = binding ? record_copy (&RECORD_binding, &bindings[i], binding) : BATON_resource_exhausted;
    }
    if (status != BATON_OK || zsock_send (self->actor, "ss8p", "ALLOW", session, migration, grant) < 0) {
        transfer_grant_destroy (&grant);
        return BATON_resource_exhausted;
    }
    return BATON_OK;
}

void transfer_source_freeze (transfer_source_t *self, const char *session, uint64_t migration)
{
    zsock_send (self->actor, "ss8p", "FREEZE", session, migration, NULL);
}

void transfer_source_forget (transfer_source_t *self, const char *session, uint64_t migration)
{
    zsock_send (self->actor, "ss8p", "FORGET", session, migration, NULL);
}

zsock_t *transfer_source_pipe (transfer_source_t *self)
{
    return zactor_sock (self->actor);
}

bool transfer_source_next (transfer_source_t *self, transfer_report_t *ret_report)
{
    return transfer_report_next (self->actor, ret_report);
}
