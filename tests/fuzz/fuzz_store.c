/*  What the store reads back from its BLOBs, in case the disk has turned it over; the first byte picks the kind. */
#include "store_frame.h"

#include "fixpoint.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/*  What a frame points to lies within the bytes that it was made from. */
static void check_inside (const baton_bytes_t *bytes, const void *data, size_t size)
{
    const uint8_t *at = data;
    must (size == 0 || (at >= bytes->data && at + size <= bytes->data + bytes->size));
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    baton_bytes_t bytes = {size - 1, (uint8_t *) data + 1}, unpacked = {0};
    frame_t frame = {0};
    baton_status status =
        data[0] % 2 ? frame_log_decode (&bytes, &frame, NULL) : frame_page_decode (&bytes, &frame, NULL);
    for (size_t i = 0; status == BATON_OK && i < frame.event_count; i++) {
        check_inside (&bytes, frame.events[i].session.data, frame.events[i].session.size);
        check_inside (&bytes, frame.events[i].data, frame.events[i].size);
    }
    for (size_t i = 0; status == BATON_OK && i < frame.answer_count; i++)
        check_inside (&bytes, frame.answers[i].reply, frame.answers[i].reply_size);
    frame_clear (&frame);
    frame_packer_t *packer = frame_packer_new ();
    must (packer != NULL);
    if (frame_unpack (packer, bytes.data, bytes.size, &unpacked, NULL) == BATON_OK)
        bytes_clear (&unpacked);
    frame_packer_destroy (&packer);
    return 0;
}
