/*  The link: the node's one connection to the broker, without ever blocking.
 *
 *  Requests wait for their answers by number. Whatever has no answer is sent again when the connection comes back, and
 *  after a while of silence: reads are harmless and changes carry their idempotency key. A request without a timeout
 *  waits for ever.
 */
#ifndef BATON_LINK_H
#define BATON_LINK_H

#include "event.h"

#include <baton/baton.h>
#include <czmq.h>

typedef struct link link_t;

/*  Borrowed for the call. Unless status is BATON_OK, failure says what happened. */
typedef struct {
    baton_status status;
    baton_reason reason;
    const failure_t *failure;
    const uint8_t *body;
    size_t size;
} link_answer_t;

typedef void (link_answer_fn) (void *arg, const link_answer_t *answer);

typedef struct {
    /*  The connection is there, for the first time or again. */
    void (*up) (void *arg);
    void (*delivery) (void *arg, const event_t *event);
    /*  The broker asks; answer with link_reply or link_refuse, now or later. */
    void (*request) (void *arg, const request_header_t *header, const uint8_t *body, size_t size);
    void *arg;
} link_handlers_t;

/*  Connects in the background. The link puts its sockets and timer on the loop, which must outlive it. */
BATON_MUST_USE baton_status link_new (zloop_t *loop, const baton_context_t *context, const link_handlers_t *handlers,
                                      link_t **ret_link, baton_error_t *error);

/*  Unanswered requests are dropped without a call. */
void link_destroy (link_t **self);

/*  Sends a request. header is borrowed; its id is chosen here. timeout is how long fn waits in milliseconds, 0: for
 *  ever. fn gets exactly one answer, never before this returns. */
BATON_MUST_USE baton_status link_send (link_t *self, const request_header_t *header, const baton_bytes_t *body,
                                       uint64_t timeout, link_answer_fn *fn, void *arg);

/*  The same for a method's request record without further ado. */
BATON_MUST_USE baton_status link_ask (link_t *self, method_id_t method, const void *request, link_answer_fn *fn,
                                      void *arg);

void link_reply (link_t *self, uint64_t id, const record_type_t *type, const void *record);
void link_refuse (link_t *self, uint64_t id, const baton_error_t *error);

/*  A failure record of an error; its texts are the error's and static: borrowed, never to be cleared. */
failure_t failure_of (const baton_error_t *error);

#endif
