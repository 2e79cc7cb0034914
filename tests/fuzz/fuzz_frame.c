/*  The second frame of every message, as its receiver meets it; the first byte picks the kind. */
#include "fixpoint.h"
#include "schema.h"
#include "value.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const record_type_t *const HEADERS[] = {&RECORD_request_header, &RECORD_reply_header, &RECORD_delivery,
                                                   &RECORD_failure};
    if (size == 0)
        return 0;
    const record_type_t *type = HEADERS[data[0] % (sizeof HEADERS / sizeof *HEADERS)];
    bool whole = value_check (data + 1, size - 1, NULL) == BATON_OK;
    request_header_t header = {0};
    if (record_decode (&RECORD_request_header, data + 1, size - 1, &header, NULL) == BATON_OK)
        must (whole || size == 1);
    record_clear (&RECORD_request_header, &header);
    check_fixpoint (type, data + 1, size - 1);
    return 0;
}
