/*  What every fuzzer of records holds to be true: what was decoded can be encoded, and that encoding is a fixpoint. */
#ifndef BATON_FIXPOINT_H
#define BATON_FIXPOINT_H

#include "record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline void must (bool condition)
{
    if (!condition)
        abort ();
}

static inline void check_fixpoint (const record_type_t *type, const uint8_t *data, size_t size)
{
    void *record = calloc (1, type->size + 1);
    baton_error_t error = {0};
    baton_status status = record_decode (type, data, size, record, &error);
    if (status == BATON_OK) {
        baton_bytes_t bytes = {0}, again = {0};
        must (record_encode (type, record, &bytes) == BATON_OK);
        must (record_decode (type, bytes.data, bytes.size, record, NULL) == BATON_OK);
        must (record_encode (type, record, &again) == BATON_OK);
        must (bytes.size == again.size && memcmp (bytes.data, again.data, bytes.size) == 0);
        bytes_clear (&bytes);
        bytes_clear (&again);
    } else
        must (error.status == status && *error.message);
    record_clear (type, record);
    free (record);
}

#endif
