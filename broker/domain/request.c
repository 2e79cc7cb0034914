/*  Requests: messages that want an answer. Who sent one keeps it among those `asked`, who got it among those `owed`,
 * and each of them is settled once: by the answer, or by why there is none. What a person asked is settled at the
 * session that was asked, because a person has no mailbox.
 */
#include "deciding.h"

static exchange_t *find (const exchange_t *items, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal (items[i].id, id))
            return (exchange_t *) &items[i];
    return NULL;
}

exchange_t *request_owed (const session_t *self, const char *id)
{
    return find (self->owed.items, self->owed.count, id);
}

static exchange_t *find_asked (const session_t *self, const char *id)
{
    return find (self->asked.items, self->asked.count, id);
}

/*  The oldest that is settled; count when there is none. */
static size_t settled (const exchange_t *items, size_t count)
{
    size_t at = 0;
    while (at < count && !items[at].receipt)
        at++;
    return at;
}

baton_status request_check_room (const deciding_t *deciding, bool owed)
{
    const session_t *self = deciding->self;
    const exchange_t *items = owed ? self->owed.items : self->asked.items;
    size_t count = owed ? self->owed.count : self->asked.count, most = owed ? LIMIT_OWED : LIMIT_ASKED;
    if (count < most || settled (items, count) < count)
        return BATON_OK;
    return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_busy,
                       "%zu requests %s session %s have no answer yet", most, owed ? "to" : "of", self->session);
}

/* ---- at the one who asks ---- */

baton_status request_note_sent (session_t *self, const event_t *event)
{
    const message_sent_event_t *body = event->body;
    if (self->asked.count >= LIMIT_ASKED) {
        size_t at = settled (self->asked.items, self->asked.count);
        list_remove (&self->asked, &RECORD_exchange, at < self->asked.count ? at : 0);
    }
    exchange_t *asked = list_append (&self->asked, sizeof *asked);
    if (!asked || text_set (&asked->id, body->id) || text_set (&asked->peer, body->to))
        return BATON_resource_exhausted;
    asked->expires_at = body->ttl ? event->at + body->ttl : 0;
    return BATON_OK;
}

void request_note_receipt (session_t *self, const char *id, receipt_e receipt, uint64_t n)
{
    exchange_t *asked = find_asked (self, id);
    if (!asked || asked->receipt)
        return;
    asked->receipt = receipt;
    asked->n = n;
}

/* ---- at the one who is asked ---- */

static baton_status add_owed (session_t *self, const event_t *event)
{
    const message_delivered_event_t *body = event->body;
    exchange_t *owed = request_owed (self, body->id); /*  delivered once more */
    if (!owed && self->owed.count >= LIMIT_OWED) {
        size_t at = settled (self->owed.items, self->owed.count);
        list_remove (&self->owed, &RECORD_exchange, at < self->owed.count ? at : 0);
    }
    if (!owed)
        owed = list_append (&self->owed, sizeof *owed);
    if (!owed || text_set (&owed->id, body->id) ||
        text_set (&owed->peer, body->from_session ? body->from_session : body->from))
        return BATON_resource_exhausted;
    owed->person = !body->from_session;
    owed->receipt = receipt_none;
    owed->n = 0;
    owed->expires_at = body->expires_at;
    return BATON_OK;
}

baton_status request_note_delivered (session_t *self, const event_t *event)
{
    const message_delivered_event_t *body = event->body;
    if (body->reply_to)
        request_note_receipt (self, body->reply_to, receipt_answered, event->n);
    return body->wants_reply ? add_owed (self, event) : BATON_OK;
}

baton_status decide_message_reply (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const message_reply_request_t *request = deciding->command->request;
    const exchange_t *owed = request_owed (self, request->id);
    if (!owed)
        return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_message, "id",
                                 "session %s was sent no request %s", self->session, request->id);
    if (owed->receipt)
        return baton_fail_field (deciding->error, BATON_failed_precondition, BATON_REASON_already_decided, "id",
                                 "nobody waits for an answer to request %s any more: it is %s", request->id,
                                 enum_name (&receipt_names, owed->receipt));
    emit (deciding, EVENT_message_answered,
          &(message_answered_event_t){.id = request->id,
                                      .answer = (char *) deciding->command->fresh,
                                      .peer = owed->peer,
                                      .body = owed->person ? request->body : (baton_bytes_t){0}});
    answer_text (deciding, &deciding->changed.message, deciding->command->fresh);
    return BATON_OK;
}

static void settle (session_t *self, const char *id, receipt_e receipt, uint64_t n)
{
    exchange_t *owed = request_owed (self, id);
    if (!owed)
        return;
    owed->receipt = receipt;
    owed->n = n;
}

baton_status evolve_message_answered (session_t *self, const event_t *event)
{
    settle (self, ((const message_answered_event_t *) event->body)->id, receipt_answered, event->n);
    return BATON_OK;
}

baton_status evolve_request_ended (session_t *self, const event_t *event)
{
    settle (self, ((const request_ended_event_t *) event->body)->id, receipt_unanswered, event->n);
    return BATON_OK;
}

/* ---- when the time is up ---- */

static bool is_unread (const session_t *self, const char *id)
{
    for (size_t i = 0; i < self->mailbox.count; i++)
        if (text_equal (self->mailbox.items[i].id, id))
            return true;
    return false;
}

/*  What is unread expires as a message. */
uint64_t request_due (const session_t *self)
{
    uint64_t due = 0;
    for (size_t i = 0; i < self->owed.count; i++) {
        const exchange_t *owed = &self->owed.items[i];
        if (!owed->receipt && owed->expires_at && (due == 0 || owed->expires_at < due))
            due = owed->expires_at;
    }
    return due;
}

void request_tick (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    for (size_t i = 0; i < self->owed.count; i++) {
        const exchange_t *owed = &self->owed.items[i];
        if (!owed->receipt && owed->expires_at && owed->expires_at <= deciding->command->now &&
            !is_unread (self, owed->id))
            emit (deciding, EVENT_request_ended, &(request_ended_event_t){.id = owed->id});
    }
}
