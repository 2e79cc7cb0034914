#include "request.h"

#include "value.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static baton_status decode_header (request_t *self, inbound_t *inbound)
{
    if (inbound->frames == 0 || zmq_msg_size (&inbound->frame[0]) != WIRE_SIGNATURE_SIZE ||
        memcmp (zmq_msg_data (&inbound->frame[0]), WIRE_REQUEST, WIRE_SIGNATURE_SIZE) != 0)
        return baton_fail (&self->error, BATON_invalid_argument, BATON_REASON_unknown_version,
                           "the first frame must be %s", WIRE_REQUEST);
    if (inbound->frames != 3)
        return baton_fail (&self->error, BATON_invalid_argument, BATON_REASON_malformed,
                           "a request has 3 frames, not %zu", inbound->frames);
    if (zmq_msg_size (&inbound->frame[1]) > LIMIT_HEADER)
        return baton_fail_field (&self->error, BATON_invalid_argument, BATON_REASON_too_large, "header",
                                 "the header has %zu bytes, at most %d are allowed", zmq_msg_size (&inbound->frame[1]),
                                 LIMIT_HEADER);
    return record_decode (&RECORD_request_header, zmq_msg_data (&inbound->frame[1]), zmq_msg_size (&inbound->frame[1]),
                          &self->header, &self->error);
}

const baton_bytes_t *request_content (const request_t *self)
{
    switch (self->method) {
    case METHOD_blob_put:
        return &((const blob_put_request_t *) self->params)->content;
    case METHOD_artifact_put:
        return &((const artifact_put_request_t *) self->params)->content;
    default:
        return NULL;
    }
}

/*  Whether what the key stands for is said by the content: one that comes with its digest stands for itself, and one
 *  that is large and doesn't is hashed once, by the writers. */
static bool stands_for_content (request_t *self)
{
    const baton_bytes_t *content = request_content (self);
    if (self->method != METHOD_blob_put)
        return content && content->size >= STORE_LARGE;
    const char *digest = ((const blob_put_request_t *) self->params)->digest;
    digest_of_named (self->header.method, digest, strlen (digest), self->payload);
    return true;
}

static baton_status decode_body (request_t *self, inbound_t *inbound, bool known)
{
    self->method = method_find (self->header.method);
    if (self->method == METHOD_none || METHODS[self->method].access == ACCESS_internal) {
        self->method = METHOD_none;
        return baton_fail_field (&self->error, BATON_not_found, BATON_REASON_unknown_method, "method",
                                 "there is no method %s", self->header.method);
    }
    const record_type_t *type = &METHODS[self->method].type;
    self->params = calloc (1, type->size + 1);
    if (!self->params)
        return baton_fail_memory (&self->error);
    const uint8_t *body = zmq_msg_data (&inbound->frame[2]);
    size_t size = zmq_msg_size (&inbound->frame[2]);
    if (!known && size > LIMIT_STRANGER)
        return baton_fail (&self->error, BATON_unauthenticated, BATON_REASON_unknown_key,
                           "this key belongs to no identity: it may send %d bytes, not %zu", LIMIT_STRANGER, size);
    if (size > 0 && size <= LIMIT_FRAME && value_check_most (body, size, LIMIT_VALUES, &self->error) != BATON_OK)
        return self->error.status;
    baton_status status = record_decode (type, body, size, self->params, &self->error);
    if (self->header.key && status == BATON_OK && !stands_for_content (self))
        digest_of_named (self->header.method, body, size, self->payload);
    return status;
}

static uint64_t clock_ns (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (uint64_t) time.tv_sec * 1000000000 + (uint64_t) time.tv_nsec;
}

request_t *request_new (inbound_t *inbound, bool known, uint64_t now)
{
    request_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->peer = inbound->peer;
    self->arrived = now;
    memcpy (self->key, inbound->key, sizeof self->key);
    if (decode_header (self, inbound) == BATON_OK && decode_body (self, inbound, known) == BATON_OK)
        self->error.status = BATON_OK;
    self->begun = clock_ns ();
    self->waits = self->header.past > 0;
    return self;
}

request_t *request_new_at (door_t *door, void *ticket, method_id_t method, request_header_t *header, uint64_t now)
{
    request_t *self = calloc (1, sizeof *self);
    void *params = calloc (1, METHODS[method].type.size + 1);
    if (!self || !params) {
        free (self);
        free (params);
        return NULL;
    }
    self->door = door;
    self->ticket = ticket;
    self->method = method;
    self->params = params;
    self->arrived = now;
    self->header = *header;
    self->begun = clock_ns ();
    self->waits = self->header.past > 0;
    *header = (request_header_t){0};
    self->error.status = text_set (&self->header.method, METHODS[method].name);
    if (self->error.status == BATON_OK)
        self->error.status = record_check (&RECORD_request_header, &self->header, &self->error);
    return self;
}

baton_status request_seal (request_t *self, baton_error_t *error)
{
    baton_bytes_t body = {0};
    if (!self->header.key || stands_for_content (self))
        return BATON_OK;
    if (record_encode (&METHODS[self->method].type, self->params, &body) != BATON_OK)
        return baton_fail_memory (error);
    digest_of_named (self->header.method, body.data, body.size, self->payload);
    bytes_clear (&body);
    return BATON_OK;
}

static void forget_prepared (request_t *self)
{
    if (self->prepared)
        record_clear (self->prepares, self->prepared);
    free (self->prepared);
    self->prepared = NULL;
}

void request_destroy (request_t **self)
{
    if (!*self)
        return;
    if ((*self)->params)
        record_clear (&METHODS[(*self)->method].type, (*self)->params);
    free ((*self)->params);
    if ((*self)->answer)
        record_clear (METHODS[(*self)->method].reply, (*self)->answer);
    free ((*self)->answer);
    forget_prepared (*self);
    store_content_destroy (&(*self)->content);
    record_clear (&RECORD_request_header, &(*self)->header);
    bytes_clear (&(*self)->reply);
    bytes_clear (&(*self)->remembered);
    free (*self);
    *self = NULL;
}

baton_status request_prepare (request_t *self, const record_type_t *type, later_t *read, baton_error_t *error)
{
    forget_prepared (self);
    if (self->preparations == PREPARATIONS_MOST)
        return baton_fail (error, BATON_aborted, BATON_REASON_version_mismatch,
                           "the session has changed each time that %s was ready to be decided",
                           METHODS[self->method].name);
    self->prepared = calloc (1, type->size + 1);
    if (!self->prepared)
        return baton_fail_memory (error);
    self->preparations++;
    self->prepares = type;
    self->later = read;
    return BATON_OK;
}

bool request_packs (request_t *self, const baton_bytes_t *content)
{
    if (content->size < STORE_LARGE || self->content)
        return false;
    self->packs = content;
    return true;
}

void request_packed (request_t *self)
{
    if (!self->header.key || *self->payload)
        return;
    baton_bytes_t *content = (baton_bytes_t *) request_content (self), whole = *content, body = {0};
    const char *digest = store_content_digest (self->content);
    *content = (baton_bytes_t){strlen (digest), (uint8_t *) digest};
    if (record_encode (&METHODS[self->method].type, self->params, &body) == BATON_OK)
        digest_of_named (self->header.method, body.data, body.size, self->payload);
    else
        self->error.status = baton_fail_memory (&self->error);
    *content = whole;
    bytes_clear (&body);
}

const char *request_session (const request_t *self)
{
    const record_type_t *type = &METHODS[self->method].type;
    const char *session = self->params ? record_text (type, self->params, "session") : NULL;
    return self->method == METHOD_session_merge && self->params ? record_text (type, self->params, "into") : session;
}

void request_reply (request_t *self, const void *reply)
{
    if (record_encode (METHODS[self->method].reply, reply, &self->reply) != BATON_OK)
        baton_fail_memory (&self->error);
    else if (self->reply.size > LIMIT_FRAME)
        baton_fail_field (&self->error, BATON_resource_exhausted, BATON_REASON_too_large, "limit",
                          "the answer would have %zu bytes, at most %u fit into a frame: ask for fewer at a time",
                          self->reply.size, LIMIT_FRAME);
    else
        self->error.status = BATON_OK;
}
