/*  Handoffs: the document that bridges from one session to the next, kept with the one and known to the other. */
#include "handoff.h"

#include "deciding.h"

/*  Also of a session that has ended: that is when one is written. */
baton_status decide_handoff_put (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const handoff_put_request_t *request = deciding->command->request;
    const artifact_t *old = keyed_find (&self->artifacts, &RECORD_artifact, HANDOFF_ARTIFACT);
    if (!old && self->artifacts.count >= LIMIT_ARTIFACTS)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_too_large,
                           "session %s has %d artifacts already: there is no room for %s", self->session,
                           LIMIT_ARTIFACTS, HANDOFF_ARTIFACT);
    emit (deciding, EVENT_artifact_put,
          &(artifact_put_event_t){.name = (char *) HANDOFF_ARTIFACT,
                                  .digest = request->digest,
                                  .size = request->size,
                                  .media_type = (char *) HANDOFF_TYPE});
    emit (deciding, EVENT_session_handed_off,
          &(session_handed_off_event_t){.digest = request->digest, .upto = request->upto, .created = request->created});
    return BATON_OK;
}

baton_status evolve_session_handed_off (session_t *self, const event_t *event)
{
    (void) self;
    (void) event;
    return BATON_OK;
}

baton_status decide_handoff_take (deciding_t *deciding)
{
    const handoff_take_request_t *request = deciding->command->request;
    emit (deciding, EVENT_session_follows, &(session_follows_event_t){.predecessor = request->predecessor});
    return BATON_OK;
}

baton_status evolve_session_follows (session_t *self, const event_t *event)
{
    const session_follows_event_t *body = event->body;
    record_clear (&RECORD_predecessor, &self->follows);
    return record_copy (&RECORD_predecessor, &body->predecessor, &self->follows);
}
