/*  The source's side of one migration: a thread that scans the workspace and reads chunks of it.
 *
 *  It is a czmq actor that belongs to transfer_source, which has checked who asks. Down its pipe come
 *    REQUEST, routing id, and the three frames of a request;     FREEZE;     $TERM
 *  and up come
 *    MORE or LAST, routing id, and the frames of an answer       LAST ends the answer to one request
 *    REPORT, a transfer_report_t                                 the outcome of FREEZE
 */
#ifndef BATON_TRANSFER_SERVE_H
#define BATON_TRANSFER_SERVE_H

#include "schema.h"

#include <czmq.h>

#define SERVE_REQUEST "REQUEST"
#define SERVE_FREEZE "FREEZE"
#define SERVE_MORE "MORE"
#define SERVE_LAST "LAST"
#define SERVE_REPORT "REPORT"

/*  What one target is allowed to fetch. */
typedef struct {
    char *session;
    uint64_t migration;
    char *peer_key; /*  Z85 */
    char *root;     /*  path of the workspace */
    struct {
        size_t count;
        binding_t *items;
    } bindings;
} transfer_grant_t;

void transfer_grant_destroy (transfer_grant_t **self);

/*  Borrows the grant until the actor is destroyed. NULL for lack of memory. */
zactor_t *transfer_serve_new (const transfer_grant_t *grant);

#endif
