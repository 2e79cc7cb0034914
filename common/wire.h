/*  The frames of BTN/1 (docs/protocol.md). A message has three frames: a signature, a header, a body.
 *
 *    "BTN1Q"  request   request_header  the method's request     either side may ask; the broker asks nodes
 *    "BTN1A"  answer    reply_header    the method's reply, or a `failure` when the status is not ok
 *    "BTN1E"  delivery  delivery        an event_envelope; no body frame in a heartbeat
 */
#ifndef BATON_WIRE_H
#define BATON_WIRE_H

#define WIRE_SIGNATURE_SIZE 5
#define WIRE_REQUEST "BTN1Q"
#define WIRE_ANSWER "BTN1A"
#define WIRE_DELIVERY "BTN1E"
#define WIRE_PROTOCOL 1

#endif
