/*  The process's ZAP handler (ZeroMQ RFC 27): who may connect to a CURVE server socket.
 *
 *  It admits every CURVE key, and makes the key (Z85) the User-Id of each message of that connection: whether the key
 *  may do what it asks is decided where the request is understood. Any other mechanism is refused. A process has room
 *  for one handler; make it before the first CURVE server socket and keep it until the last one is gone.
 */
#ifndef BATON_TRANSFER_ZAP_H
#define BATON_TRANSFER_ZAP_H

#include <baton/status.h>
#include <czmq.h>

BATON_MUST_USE baton_status transfer_zap_new (zactor_t **ret_zap, baton_error_t *error);

#endif
