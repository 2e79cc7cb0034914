/*  A whole message as the broker takes it from its socket. The first two bytes say how many frames there are and where
 *  the header ends; the signature is right more often than not. */
#include "request.h"

#include "fixpoint.h"
#include "wire.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void put_frame (inbound_t *inbound, const void *data, size_t size)
{
    must (zmq_msg_init_size (&inbound->frame[inbound->frames], size) == 0);
    if (size > 0)
        memcpy (zmq_msg_data (&inbound->frame[inbound->frames]), data, size);
    inbound->frames++;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    inbound_t inbound = {0};
    for (size_t i = 0; i < 3; i++)
        zmq_msg_init (&inbound.frame[i]);
    size_t frames = data[0] & 3, header = data[1] < size - 2 ? data[1] : size - 2;
    if (frames > 0)
        put_frame (&inbound, data[0] & 0xf0 ? WIRE_REQUEST : "BTN9Q", WIRE_SIGNATURE_SIZE);
    if (frames > 1)
        put_frame (&inbound, data + 2, header);
    if (frames > 2)
        put_frame (&inbound, data + 2 + header, size - 2 - header);
    request_t *request = request_new (&inbound, true, 1);
    must (request != NULL);
    must (request->error.status == BATON_OK ? request->method != METHOD_none && request->params
                                            : *request->error.message);
    request_destroy (&request);
    inbound_clear (&inbound);
    return 0;
}
