/*  Messages: a journal entry at the sender, a letter in the receiver's mailbox, a receipt back. */
#include "deciding.h"

static size_t letter_at (const session_t *self, const char *id)
{
    size_t at = 0;
    while (at < self->mailbox.count && !text_equal (self->mailbox.items[at].id, id))
        at++;
    return at;
}

static const seen_t *find_seen (const session_t *self, const char *id)
{
    for (size_t i = 0; i < self->seen.count; i++)
        if (text_equal (self->seen.items[i].id, id))
            return &self->seen.items[i];
    return NULL;
}

static const char *sender_of (const char *from, const char *from_session)
{
    return from_session && *from_session ? from_session : from;
}

/* ---- at the sender ---- */

baton_status decide_message_post (deciding_t *deciding)
{
    const message_post_request_t *request = deciding->command->request;
    emit (deciding, EVENT_message_sent,
          &(message_sent_event_t){.id = request->id, .to = request->to, .subject = request->subject});
    answer_text (deciding, &deciding->changed.message, request->id);
    return BATON_OK;
}

baton_status evolve_message_sent (session_t *self, const event_t *event)
{
    (void) self;
    (void) event;
    return BATON_OK;
}

baton_status decide_message_receipt (deciding_t *deciding)
{
    const message_receipt_request_t *request = deciding->command->request;
    emit (deciding, EVENT_message_receipt,
          &(message_receipt_event_t){.id = request->id, .to = request->to, .receipt = request->receipt});
    answer_text (deciding, &deciding->changed.message, request->id);
    return BATON_OK;
}

baton_status evolve_message_receipt (session_t *self, const event_t *event)
{
    (void) self;
    (void) event;
    return BATON_OK;
}

/* ---- at the receiver ---- */

/*  The same id from the same sender is the same message, sent again. From somebody else it is another message: to take
 *  it for the known one would lose it. */
static baton_status check_known (const deciding_t *deciding, bool *ret_known)
{
    const session_t *self = deciding->self;
    const message_deliver_request_t *request = deciding->command->request;
    const seen_t *seen = find_seen (self, request->id);
    size_t at = letter_at (self, request->id);
    const letter_t *letter = at < self->mailbox.count ? &self->mailbox.items[at] : NULL;
    const char *sender = letter ? sender_of (letter->from, letter->from_session) : seen ? seen->sender : NULL;
    if (sender && !text_equal (sender, sender_of (request->from, request->from_session)))
        return baton_fail_field (deciding->error, BATON_already_exists, BATON_REASON_name_taken, "id",
                                 "session %s has had another message with the id %s, from %s", self->session,
                                 request->id, sender);
    *ret_known = letter || seen;
    return BATON_OK;
}

baton_status decide_message_deliver (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const message_deliver_request_t *request = deciding->command->request;
    bool known = false;
    answer_text (deciding, &deciding->changed.message, request->id);
    baton_status status = check_known (deciding, &known);
    if (status != BATON_OK || known)
        return status;
    if (self->mailbox.count >= LIMIT_MAILBOX)
        return baton_fail (deciding->error, BATON_resource_exhausted, BATON_REASON_busy,
                           "%d unread messages are in the mailbox of session %s", LIMIT_MAILBOX, self->session);
    emit (deciding, EVENT_message_delivered,
          &(message_delivered_event_t){
              .id = request->id,
              .from = request->from,
              .from_session = request->from_session,
              .subject = request->subject,
              .body = request->body,
              .expires_at = request->ttl ? deciding->command->now + request->ttl : 0,
          });
    trigger_message (deciding, request);
    if (self->state == lifecycle_sleeping && self->wake_on_message && !deciding->woken)
        session_wake (deciding, cause_message, NULL);
    return BATON_OK;
}

static baton_status note_seen (session_t *self, const char *id, const char *sender)
{
    if (self->seen.count >= LIMIT_MESSAGES_SEEN)
        list_remove (&self->seen, &RECORD_seen, 0);
    seen_t *seen = list_append (&self->seen, sizeof *seen);
    if (!seen || text_set (&seen->id, id) || text_set (&seen->sender, sender))
        return BATON_resource_exhausted;
    return BATON_OK;
}

bool mailbox_has_news (const session_t *self)
{
    for (size_t i = 0; i < self->mailbox.count; i++)
        if (self->mailbox.items[i].n > self->run.base)
            return true;
    return false;
}

baton_status evolve_message_delivered (session_t *self, const event_t *event)
{
    const message_delivered_event_t *body = event->body;
    letter_t *letter = list_append (&self->mailbox, sizeof *letter);
    if (!letter || text_set (&letter->id, body->id) || text_set (&letter->from, body->from) ||
        text_set (&letter->from_session, body->from_session) || text_set (&letter->subject, body->subject) ||
        note_seen (self, body->id, sender_of (body->from, body->from_session)))
        return BATON_resource_exhausted;
    letter->at = event->at;
    letter->expires_at = body->expires_at;
    letter->n = event->n;
    return BATON_OK;
}

static baton_status refuse_unknown (const deciding_t *deciding, const char *id, const char *why)
{
    return baton_fail_field (deciding->error, BATON_not_found, BATON_REASON_no_such_message, "id",
                             "message %s %s the mailbox of session %s", id, why, deciding->self->session);
}

baton_status decide_message_read (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const message_read_request_t *request = deciding->command->request;
    answer_text (deciding, &deciding->changed.message, request->id);
    size_t at = letter_at (self, request->id);
    if (at == self->mailbox.count)
        return find_seen (self, request->id) ? BATON_OK : refuse_unknown (deciding, request->id, "is not in");
    const letter_t *letter = &self->mailbox.items[at];
    if (letter->expires_at != 0 && letter->expires_at <= deciding->command->now)
        return refuse_unknown (deciding, request->id, "has expired in");
    emit (deciding, EVENT_message_read, &(message_read_event_t){.id = request->id});
    return BATON_OK;
}

static void take_letter (session_t *self, const char *id)
{
    size_t at = letter_at (self, id);
    if (at < self->mailbox.count)
        list_remove (&self->mailbox, &RECORD_letter, at);
}

baton_status evolve_message_read (session_t *self, const event_t *event)
{
    const message_read_event_t *body = event->body;
    take_letter (self, body->id);
    return BATON_OK;
}

baton_status evolve_message_expired (session_t *self, const event_t *event)
{
    const message_expired_event_t *body = event->body;
    take_letter (self, body->id);
    return BATON_OK;
}
