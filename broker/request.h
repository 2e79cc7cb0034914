/*  One request on its way through the broker: from the frames to the answer.
 *
 *  It lives until its answer is sent, because the answer of a change waits for the commit, and a read may be parked.
 */
#ifndef BATON_REQUEST_H
#define BATON_REQUEST_H

#include "access.h"
#include "frontend.h"
#include "schema.h"
#include "store.h"

typedef struct request request_t;
typedef struct door door_t;

/*  What needs nothing but the store, and runs on the reader's thread: the second half of a read, which fills the reply
 *  record; or what a change has to know before it can be decided, which fills `prepared`. */
typedef baton_status later_t (store_t *store, const request_t *request, void *record, baton_error_t *error);

struct request {
    peer_t peer;
    door_t *door;                 /*  the way in that it came by, and is given back to; NULL: the ROUTER, by peer */
    void *ticket;                 /*  the door's own */
    char credential[DIGEST_SIZE]; /*  by a door: the digest of the token that came along; "": none */
    uint64_t expires_at;          /*  by a door: when that token does, once who asks is known */
    char key[KEY_SIZE];           /*  by a door: that of the token's identity */
    char actor[LIMIT_NAME + 1];   /*  the identity's name; "" for an unknown key */
    role_e role;
    viewer_t viewer; /*  as whom sessions are seen: the identity, or for a run the owner of its session */
    access_e access; /*  what may be done with the session that the request is about */
    request_header_t header;
    method_id_t method;
    void *params;              /*  <method>_request_t */
    char payload[DIGEST_SIZE]; /*  digest of method and body; "": known once its content is ready */

    uint64_t arrived;              /*  monotonic milliseconds */
    bool waits;                    /*  it is a read that was asked to wait */
    uint64_t begun;                /*  the same in nanoseconds: when it was read from its connection */
    bool answered;                 /*  by the reader or a node, and not sent yet */
    bool deferred;                 /*  answered later: parked, read by the reader, or handed on to a node */
    later_t *later;                /*  what the reader is to do; NULL: nothing */
    uint64_t seen;                 /*  a handler's own: a position that its second half needs */
    void *answer;                  /*  for the reader: the reply record as far as it is filled; owned */
    const record_type_t *prepares; /*  of a change: what `prepared` is */
    void *prepared;                /*  filled by the reader before the change is dispatched again; owned */
    unsigned preparations;         /*  how often it was prepared */
    const baton_bytes_t *packs;    /*  of a change: the part of params that the writers are to make ready; NULL: none */
    store_content_t *content;      /*  that, made ready, before the change is dispatched again; owned */
    uint64_t relay;                /*  handed on: the id that the node will answer under */
    peer_t relayed_to;
    baton_error_t error; /*  status BATON_OK: the answer is in reply */
    baton_bytes_t reply; /*  encoded reply record */
    baton_bytes_t
        remembered; /*  what is remembered under the idempotency key in place of the reply; empty: the reply */
};

/*  Reads the frames; `known` says whether the key belongs to an identity: who is not known is not listened to for long.
 * On an error the request can still carry the answer: it has the peer, and the id if one could be read. NULL for lack
 * of memory only. */
request_t *request_new (inbound_t *inbound, bool known, uint64_t now);

/*  One that comes by a door, whose parameters are still to be filled in. Takes over the header's texts; what is wrong
 * with it is in the request's error. NULL for lack of memory. */
request_t *request_new_at (door_t *door, void *ticket, method_id_t method, request_header_t *header, uint64_t now);

/*  Its parameters are complete: notes what its idempotency key stands for. */
BATON_MUST_USE baton_status request_seal (request_t *self, baton_error_t *error);
void request_destroy (request_t **self);

/*  Encodes the reply record of its method as the answer, unless it is too large for a frame; sets error. */
void request_reply (request_t *self, const void *reply);

/*  For the handler of a change that must first read what may be long: `read` fills a record of that type on the
 * reader's thread, and then the change is dispatched again, with the record in self->prepared. The session may have
 * moved on in between: the handler looks at its n, and may ask again. aborted/version_mismatch when it has moved on
 * each of PREPARATIONS_MOST times. */
#define PREPARATIONS_MOST 16
BATON_MUST_USE baton_status request_prepare (request_t *self, const record_type_t *type, later_t *read,
                                             baton_error_t *error);

/*  For the handler of a change with a content that is large: whether the writers are to make it ready first. Then the
 *  handler returns, and the change is dispatched again with that in self->content. */
bool request_packs (request_t *self, const baton_bytes_t *content);

/*  The content that a put has come with; NULL: it is no put. */
const baton_bytes_t *request_content (const request_t *self);

/*  Its content was made ready: notes what its idempotency key stands for, where that was left for now. */
void request_packed (request_t *self);

/*  The id of the session that the request is about, or NULL. */
const char *request_session (const request_t *self);

#endif
