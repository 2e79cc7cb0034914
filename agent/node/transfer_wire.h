/*  The messages between two nodes, in the frames of wire.h: a signature, a header, a body, and for a chunk its content
 *  as a fourth. docs/protocol.md, "Transfer".
 *
 *    transfer.manifest   transfer_request -> transfer_manifest, or a failure
 *    transfer.chunks     transfer_request -> one transfer_chunk and content for each digest asked for, or one failure
 *
 *  Flow control: a digest that is asked for is a credit to send one chunk; nothing is sent without. A target may be
 * owed LIMIT_TRANSFER_CREDIT chunks at a time and gives credit back by saying how many it has received.
 * transfer.manifest begins anew: what was owed before is forgotten (its answers may have been lost with a connection).
 */
#ifndef BATON_TRANSFER_WIRE_H
#define BATON_TRANSFER_WIRE_H

#include "schema.h"
#include "wire.h"

#include <czmq.h>

#define TRANSFER_MANIFEST "transfer.manifest"
#define TRANSFER_CHUNKS "transfer.chunks"
#define TRANSFER_DOMAIN "baton-transfer" /*  ZAP domain of the source's socket */

/*  All NULL for lack of memory. */
zmsg_t *transfer_wire_request (uint64_t id, const char *method, const transfer_request_t *request);
zmsg_t *transfer_wire_answer (uint64_t id, const record_type_t *type, const void *body);
zmsg_t *transfer_wire_failure (uint64_t id, const baton_error_t *error);

/*  Opens a request without its routing id. The records are cleared by the caller, also after a failure. */
BATON_MUST_USE baton_status transfer_wire_open_request (zmsg_t *message, request_header_t *ret_header,
                                                        transfer_request_t *ret_request, baton_error_t *error);

/*  Opens an answer as far as its header: ret_body (and ret_content, NULL when there is none) belong to the message. A
 *  failure comes back as its status with *error filled, and *ret_failed set; other errors are malformed messages. */
BATON_MUST_USE baton_status transfer_wire_open_answer (zmsg_t *message, uint64_t *ret_id, zframe_t **ret_body,
                                                       zframe_t **ret_content, bool *ret_failed, baton_error_t *error);

#endif
