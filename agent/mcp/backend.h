/*  How what is offered reaches Baton: over a connection to a broker or a node, or inside the broker itself. */
#ifndef BATON_MCP_BACKEND_H
#define BATON_MCP_BACKEND_H

#include "schema.h"

#include <baton/baton.h>

/*  The answer: a record of the method's reply type as msgpack, or why there is none. Both are borrowed. */
typedef void (mcp_done_t) (void *arg, baton_status status, const baton_bytes_t *body, const baton_error_t *error);

typedef struct {
    /*  Begins a request; body is an encoded record of the method's type, options as for baton_call. done is called
     *  once, later and never from within. The ticket is good until then; NULL for lack of memory. */
    void *(*start) (void *arg, method_id_t method, const baton_bytes_t *body, const baton_call_t *options,
                    mcp_done_t *done, void *done_arg);
    /*  Its answer is of no interest any more. */
    void (*stop) (void *arg, void *ticket);
} mcp_backend_t;

#endif
