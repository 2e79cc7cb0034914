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
    baton_status status = request->wants_reply ? request_check_room (deciding, false) : BATON_OK;
    if (status != BATON_OK)
        return status;
    emit (deciding, EVENT_message_sent,
          &(message_sent_event_t){.id = request->id,
                                  .to = request->to,
                                  .subject = request->subject,
                                  .wants_reply = request->wants_reply,
                                  .ttl = request->ttl});
    answer_text (deciding, &deciding->changed.message, request->id);
    return BATON_OK;
}

baton_status evolve_message_sent (session_t *self, const event_t *event)
{
    const message_sent_event_t *body = event->body;
    return body->wants_reply ? request_note_sent (self, event) : BATON_OK;
}

baton_status decide_message_cast (deciding_t *deciding)
{
    const message_cast_request_t *request = deciding->command->request;
    emit (deciding, EVENT_message_broadcast,
          &(message_broadcast_event_t){.id = request->id, .subject = request->subject, .count = request->count});
    answer_text (deciding, &deciding->changed.message, request->id);
    return BATON_OK;
}

/*  What left stands in the mailboxes that it went to. */
baton_status evolve_message_broadcast (session_t *self, const event_t *event)
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
    const message_receipt_event_t *body = event->body;
    if (body->receipt != receipt_delivered && body->receipt != receipt_read)
        request_note_receipt (self, body->id, body->receipt, event->n);
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
    *ret_known = letter || (seen && !request->again);
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
    if (request->wants_reply)
        status = request_check_room (deciding, true);
    if (status != BATON_OK)
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
              .reply_to = request->reply_to,
              .wants_reply = request->wants_reply,
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
        text_set (&letter->reply_to, body->reply_to) ||
        note_seen (self, body->id, sender_of (body->from, body->from_session)))
        return BATON_resource_exhausted;
    letter->at = event->at;
    letter->expires_at = body->expires_at;
    letter->n = event->n;
    letter->wants_reply = body->wants_reply;
    return body->reply_to || body->wants_reply ? request_note_delivered (self, event) : BATON_OK;
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

/*  Who has answered a request has read it, whether it was taken from the mailbox or not. */
static bool is_answered (const session_t *self, const letter_t *letter)
{
    const exchange_t *owed = letter->wants_reply ? request_owed (self, letter->id) : NULL;
    return owed && owed->receipt == receipt_answered;
}

/* ---- what nobody has read ---- */

void mailbox_expire (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    for (size_t i = 0; i < self->mailbox.count; i++) {
        const letter_t *letter = &self->mailbox.items[i];
        if (letter->expires_at == 0 || letter->expires_at > deciding->command->now)
            continue;
        if (is_answered (self, letter))
            emit (deciding, EVENT_message_read, &(message_read_event_t){.id = letter->id});
        else
            emit (deciding, EVENT_message_expired, &(message_expired_event_t){.id = letter->id});
    }
}

void mailbox_take_answered (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    for (size_t i = 0; i < self->mailbox.count; i++)
        if (is_answered (self, &self->mailbox.items[i]))
            emit (deciding, EVENT_message_read, &(message_read_event_t){.id = self->mailbox.items[i].id});
}

baton_status mailbox_bury (session_t *self, const char *id, receipt_e why, uint64_t n, size_t left)
{
    if (self->dead.count >= LIMIT_DEAD)
        list_remove (&self->dead, &RECORD_dead_letter, 0);
    dead_letter_t *dead = list_append (&self->dead, sizeof *dead);
    if (!dead)
        return BATON_resource_exhausted;
    dead->receipt = why;
    dead->n = n;
    dead->left = left;
    return text_set (&dead->id, id);
}

static baton_status bury (session_t *self, const letter_t *letter, receipt_e why)
{
    return mailbox_bury (self, letter->id, why, letter->n, 0);
}

static size_t dead_at (const session_t *self, const char *id)
{
    size_t at = 0;
    while (at < self->dead.count && !text_equal (self->dead.items[at].id, id))
        at++;
    return at;
}

baton_status mailbox_end (session_t *self, uint64_t n)
{
    for (; self->mailbox.count > 0; list_remove (&self->mailbox, &RECORD_letter, 0))
        if (bury (self, &self->mailbox.items[0], receipt_dead) != BATON_OK)
            return BATON_resource_exhausted;
    for (size_t i = 0; i < self->owed.count; i++)
        if (!self->owed.items[i].receipt) {
            self->owed.items[i].receipt = receipt_unanswered;
            self->owed.items[i].n = n;
        }
    return BATON_OK;
}

/*  The other half, its delivery, is decided with this, by the session that gets it. */
baton_status decide_message_redeliver (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const message_redeliver_request_t *request = deciding->command->request;
    answer_text (deciding, &deciding->changed.message, request->id);
    size_t at = dead_at (self, request->id);
    if (at == self->dead.count)
        return refuse_unknown (deciding, request->id, "is not among those that nobody has read in");
    if (self->dead.items[at].receipt == receipt_refused && !request->to)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_missing_field, "to",
                                 "message %s was refused by others than session %s: say where it is to go", request->id,
                                 self->session);
    emit (deciding, EVENT_message_redelivered,
          &(message_redelivered_event_t){.id = request->id, .to = request->to ? request->to : self->session});
    return BATON_OK;
}

baton_status evolve_message_redelivered (session_t *self, const event_t *event)
{
    size_t at = dead_at (self, ((const message_redelivered_event_t *) event->body)->id);
    if (at < self->dead.count && self->dead.items[at].left > 1)
        self->dead.items[at].left--;
    else if (at < self->dead.count)
        list_remove (&self->dead, &RECORD_dead_letter, at);
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
    size_t at = letter_at (self, body->id);
    exchange_t *owed = request_owed (self, body->id);
    if (at < self->mailbox.count && bury (self, &self->mailbox.items[at], receipt_expired) != BATON_OK)
        return BATON_resource_exhausted;
    if (owed && !owed->receipt) {
        owed->receipt = receipt_expired;
        owed->n = event->n;
    }
    take_letter (self, body->id);
    return BATON_OK;
}
