/*  Dispatch: the one place that authorises, calls the handler of a method, and maps what it ended with to an answer.
 *
 *  ZeroMQ requests enter here, and every other way in will too.
 */
#ifndef BATON_DISPATCH_H
#define BATON_DISPATCH_H

#include "broker.h"

/*  Runs a request. Afterwards its error and reply are set, or it is `deferred`: parked until its session has moved on,
 *  handed on to a node, or, when `later` is set, for the reader; a change is dispatched again after that. A change is
 *  not on disk before the next journal_commit. */
void dispatch (broker_t *broker, request_t *request);

/*  A read that was answered elsewhere meanwhile, by the reader or a node: whoever has lost the right to it gets the
 *  refusal in place of the answer. False when it was made for what somebody could see then and must be made anew. */
bool dispatch_still (broker_t *broker, request_t *request);

/*  Whether a parked read has what it waits for: its session's journal is past header.past. */
bool dispatch_ready (broker_t *broker, const request_t *request);

/*  A handler fills the reply record of its method. It may set request->deferred. That of a read may set request->later:
 *  then the reader does the rest. That of a change may call request_prepare and return, having changed nothing. */
typedef baton_status handler_t (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error);

/*  The handlers by method; NULL: a change that the session's or the site's domain decides, with nothing more to it. */
extern handler_t *const HANDLERS[METHOD_COUNT];

/*  The command that a request is for the domain. Borrows from request. */
command_t command_of (const broker_t *broker, const request_t *request);

/*  The state of the session that a request is about, as it is now; not_found/no_such_session. Borrowed from the cache.
 */
BATON_MUST_USE baton_status session_of (broker_t *broker, const request_t *request, const session_t **ret_state,
                                        baton_error_t *error);

#endif
