/*  Events, as a subscriber gets them and as the store gives them back. */
#include "event.h"
#include "fixpoint.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    event_t event = {0};
    if (event_decode (data, size, &event, NULL) == BATON_OK) {
        baton_bytes_t bytes = {0}, again = {0};
        must (event_encode (&event, &bytes) == BATON_OK);
        event_clear (&event);
        must (event_decode (bytes.data, bytes.size, &event, NULL) == BATON_OK);
        must (event_encode (&event, &again) == BATON_OK);
        must (bytes.size == again.size && memcmp (bytes.data, again.data, bytes.size) == 0);
        bytes_clear (&bytes);
        bytes_clear (&again);
    }
    event_clear (&event);
    return 0;
}
