#include "transfer_wire.h"

#include <string.h>

static bool add_record (zmsg_t *message, const record_type_t *type, const void *record)
{
    baton_bytes_t bytes = {0};
    if (record_encode (type, record, &bytes) != BATON_OK)
        return false;
    bool added = zmsg_addmem (message, bytes.data, bytes.size) == 0;
    bytes_clear (&bytes);
    return added;
}

static zmsg_t *build (const char *signature, const record_type_t *header_type, const void *header,
                      const record_type_t *body_type, const void *body)
{
    zmsg_t *message = zmsg_new ();
    if (message && zmsg_addmem (message, signature, WIRE_SIGNATURE_SIZE) == 0 &&
        add_record (message, header_type, header) && add_record (message, body_type, body))
        return message;
    zmsg_destroy (&message);
    return NULL;
}

zmsg_t *transfer_wire_request (uint64_t id, const char *method, const transfer_request_t *request)
{
    request_header_t header = {.id = id, .method = (char *) method};
    return build (WIRE_REQUEST, &RECORD_request_header, &header, &RECORD_transfer_request, request);
}

zmsg_t *transfer_wire_answer (uint64_t id, const record_type_t *type, const void *body)
{
    reply_header_t header = {.id = id, .status = (char *) baton_status_name (BATON_OK)};
    return build (WIRE_ANSWER, &RECORD_reply_header, &header, type, body);
}

zmsg_t *transfer_wire_failure (uint64_t id, const baton_error_t *error)
{
    const char *status = baton_status_name (error->status);
    reply_header_t header = {.id = id, .status = (char *) status};
    failure_t failure = {.status = (char *) status,
                         .reason = (char *) baton_reason_name (error->reason),
                         .field = (char *) error->field,
                         .message = (char *) error->message,
                         .hint = (char *) baton_reason_hint (error->reason),
                         .retry = baton_reason_retry (error->reason)};
    return build (WIRE_ANSWER, &RECORD_reply_header, &header, &RECORD_failure, &failure);
}

static baton_status malformed (baton_error_t *error)
{
    return baton_fail (error, BATON_invalid_argument, BATON_REASON_malformed,
                       "a message of another node has other frames than the protocol says");
}

static bool signature_is (zframe_t *frame, const char *signature)
{
    return frame && zframe_size (frame) == WIRE_SIGNATURE_SIZE &&
           memcmp (zframe_data (frame), signature, WIRE_SIGNATURE_SIZE) == 0;
}

baton_status transfer_wire_open_request (zmsg_t *message, request_header_t *ret_header, transfer_request_t *ret_request,
                                         baton_error_t *error)
{
    bool signature = signature_is (zmsg_first (message), WIRE_REQUEST);
    zframe_t *header = zmsg_next (message), *body = zmsg_next (message);
    if (!signature || zmsg_size (message) != 3 || zframe_size (header) > LIMIT_HEADER)
        return malformed (error);
    baton_status status =
        record_decode (&RECORD_request_header, zframe_data (header), zframe_size (header), ret_header, error);
    if (status == BATON_OK)
        status = record_decode (&RECORD_transfer_request, zframe_data (body), zframe_size (body), ret_request, error);
    if (status == BATON_OK && ret_request->chunks.size % 32 != 0)
        status = malformed (error);
    return status;
}

static baton_status open_failure (zframe_t *body, baton_error_t *error)
{
    failure_t failure = {0};
    baton_status status = record_decode (&RECORD_failure, zframe_data (body), zframe_size (body), &failure, error);
    if (status == BATON_OK) {
        status = baton_status_from_name (failure.status);
        if (status == BATON_OK)
            status = BATON_internal;
        baton_fail (error, status, baton_reason_from_name (failure.reason ? failure.reason : ""), "%s",
                    failure.message);
    }
    record_clear (&RECORD_failure, &failure);
    return status;
}

baton_status transfer_wire_open_answer (zmsg_t *message, uint64_t *ret_id, zframe_t **ret_body, zframe_t **ret_content,
                                        bool *ret_failed, baton_error_t *error)
{
    bool signature = signature_is (zmsg_first (message), WIRE_ANSWER);
    zframe_t *header = zmsg_next (message), *body = zmsg_next (message), *content = zmsg_next (message);
    if (!signature || zmsg_size (message) < 3 || zmsg_size (message) > 4 || zframe_size (header) > LIMIT_HEADER)
        return malformed (error);
    reply_header_t reply = {0};
    baton_status status =
        record_decode (&RECORD_reply_header, zframe_data (header), zframe_size (header), &reply, error);
    if (status != BATON_OK)
        return status;
    bool failed = strcmp (reply.status, baton_status_name (BATON_OK)) != 0;
    uint64_t id = reply.id;
    record_clear (&RECORD_reply_header, &reply);
    *ret_id = id;
    *ret_failed = failed;
    if (failed)
        return open_failure (body, error);
    *ret_body = body;
    *ret_content = content;
    return BATON_OK;
}
