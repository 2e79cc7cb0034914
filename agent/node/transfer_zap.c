#include "transfer_zap.h"

#include <string.h>

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define CURVE_KEY_BYTES 32

/*  Frames of a request: version, request id, domain, address, routing id, mechanism, credentials. */
static void answer (zsock_t *handler)
{
    zmsg_t *request = zmsg_recv (handler);
    if (!request)
        return;
    zframe_t *frames[7] = {zmsg_first (request)};
    for (size_t i = 1; i < 7; i++)
        frames[i] = frames[i - 1] ? zmsg_next (request) : NULL;
    char user[41] = "";
    bool whole = zmsg_size (request) == 7 && zframe_streq (frames[0], "1.0");
    bool curve = whole && zframe_streq (frames[5], "CURVE") && zframe_size (frames[6]) == CURVE_KEY_BYTES;
    if (curve)
        zmq_z85_encode (user, zframe_data (frames[6]), CURVE_KEY_BYTES);
    zmsg_t *reply = zmsg_new ();
    zmsg_addstr (reply, "1.0");
    zmsg_addmem (reply, whole ? zframe_data (frames[1]) : NULL, whole ? zframe_size (frames[1]) : 0);
    zmsg_addstr (reply, curve ? "200" : "400");
    zmsg_addstr (reply, curve ? "OK" : "only CURVE is spoken here");
    zmsg_addstr (reply, user);
    zmsg_addmem (reply, NULL, 0);
    zmsg_send (&reply, handler);
    zmsg_destroy (&request);
}

/*  argument is the bound socket, now this thread's. */
static void run (zsock_t *pipe, void *argument)
{
    zsock_t *handler = argument;
    zpoller_t *poller = zpoller_new (pipe, handler, NULL);
    zsock_signal (pipe, 0);
    while (poller) {
        void *ready = zpoller_wait (poller, -1);
        if (ready != handler)
            break; /*  $TERM, or the process is ending */
        answer (handler);
    }
    zpoller_destroy (&poller);
    /*  At once: closing alone leaves the name taken until libzmq's own thread has come to it. */
    zsock_unbind (handler, "%s", ZAP_ENDPOINT);
    zsock_destroy (&handler);
}

baton_status transfer_zap_new (zactor_t **ret_zap, baton_error_t *error)
{
    zsock_t *handler = zsock_new (ZMQ_REP);
    if (!handler || zsock_bind (handler, ZAP_ENDPOINT) < 0) {
        zsock_destroy (&handler);
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_state_in_use,
                           "this process already has a ZAP handler");
    }
    zactor_t *zap = zactor_new (run, handler);
    if (!zap) {
        zsock_destroy (&handler);
        return baton_fail_memory (error);
    }
    *ret_zap = zap;
    return BATON_OK;
}
