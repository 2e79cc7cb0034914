/*  An event: one row of a journal, with its typed body.
 *
 *  Encoded, it is the canonical event_envelope of records.def; those bytes are what the store keeps and what
 *  subscribers get.
 */
#ifndef BATON_EVENT_H
#define BATON_EVENT_H

#include "schema.h"

typedef struct {
    event_kind_t kind;
    uint64_t seq; /*  0 until the server has numbered it */
    uint64_t n;
    uint64_t at;
    char *session;
    char *actor;  /*  NULL: the broker itself */
    char *trace;  /*  W3C traceparent; NULL: none */
    uint64_t run; /*  0: no run spoke */
    void *body;   /*  a <kind>_event_t; owned */
} event_t;

typedef struct {
    size_t count;
    event_t *items;
} event_list_t;

/*  Appends an event with a zeroed body of its kind. Returns the body, to be filled with owned values; NULL for lack of
 *  memory. */
void *event_list_add (event_list_t *list, event_kind_t kind);
void event_list_clear (event_list_t *list);

BATON_MUST_USE baton_status event_encode (const event_t *event, baton_bytes_t *ret_bytes);

/*  The kind of an encoded event, without decoding it; EVENT_none when that can't be told. */
event_kind_t event_peek (const uint8_t *data, size_t size);

/*  Into a zeroed event. An unknown kind is invalid_argument with reason bad_value. */
BATON_MUST_USE baton_status event_decode (const uint8_t *data, size_t size, event_t *ret_event, baton_error_t *error);
/*  The same from an envelope that was decoded already, which stays the caller's. */
BATON_MUST_USE baton_status event_from_envelope (const event_envelope_t *envelope, event_t *ret_event,
                                                 baton_error_t *error);
void event_clear (event_t *event);

/*  Shows each digest of a content that the event refers to; ends with the first error. */
typedef baton_status event_blob_t (const char *digest, void *argument);
BATON_MUST_USE baton_status event_each_blob (const event_t *event, event_blob_t *visit, void *argument);

#endif
