/*  Who asks, and whether they may: the one place that every request goes through, also when it was parked, read by
 *  another thread or answered by a node meanwhile.
 */
#ifndef BATON_AUTHORISE_H
#define BATON_AUTHORISE_H

#include "broker.h"

/*  Fills in request->actor, role, viewer and access. unauthenticated: the key is nobody's; permission_denied: they may
 *  not; not_found/no_such_session: a session that they may not even view is as one that is not there. */
BATON_MUST_USE baton_status authorise (broker_t *broker, request_t *request, baton_error_t *error);

/*  The sentence for a session that is not there, or as good as. */
baton_status authorise_no_session (const char *session, baton_error_t *error);

#endif
