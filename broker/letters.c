#include "letters.h"

#include "event.h"

static baton_status fill (message_t *message, const letter_t *letter, const baton_bytes_t *body)
{
    baton_status status = record_copy (&RECORD_letter, letter, &message->letter);
    return status == BATON_OK ? bytes_set (&message->body, body->data, body->size) : status;
}

static baton_status fill_delivered (const event_t *event, message_t *message)
{
    const message_delivered_event_t *body = event->body;
    letter_t letter = {.id = body->id,
                       .from = body->from,
                       .from_session = body->from_session,
                       .subject = body->subject,
                       .at = event->at,
                       .expires_at = body->expires_at,
                       .n = event->n,
                       .reply_to = body->reply_to,
                       .wants_reply = body->wants_reply};
    return fill (message, &letter, &body->body);
}

static baton_status fill_refused (const event_t *event, message_t *message)
{
    const message_refused_event_t *body = event->body;
    letter_t letter = {.id = body->id,
                       .from = event->actor,
                       .from_session = event->session,
                       .subject = body->subject,
                       .at = event->at,
                       .n = event->n,
                       .reply_to = body->reply_to,
                       .wants_reply = body->wants_reply};
    return fill (message, &letter, &body->body);
}

static baton_status fill_message (const event_t *event, message_t *message)
{
    const message_answered_event_t *answered = event->body;
    switch (event->kind) {
    case EVENT_message_delivered:
        return fill_delivered (event, message);
    case EVENT_message_refused:
        return fill_refused (event, message);
    case EVENT_message_answered:
        return fill (message, &(letter_t){.id = answered->answer}, &answered->body);
    default:
        return BATON_OK;
    }
}

/*  The event at that position; of no kind when there is none. */
static baton_status read_event (store_t *store, const char *session, uint64_t n, event_t *ret_event,
                                baton_error_t *error)
{
    store_reads_t rows = {0};
    baton_status status = store_history (store, session, n - 1, 1, &rows, error);
    if (status == BATON_OK && rows.count == 1)
        status = event_decode (rows.items[0].data.data, rows.items[0].data.size, ret_event, error);
    store_reads_clear (&rows);
    return status;
}

baton_status letters_read (store_t *store, const char *session, uint64_t n, message_t *ret_message,
                           baton_error_t *error)
{
    event_t event = {0};
    baton_status status = read_event (store, session, n, &event, error);
    if (status == BATON_OK && event.body && fill_message (&event, ret_message) != BATON_OK)
        status = baton_fail_memory (error);
    event_clear (&event);
    return status;
}

/*  What a refusal says besides the message. */
static baton_status fill_refusal (const event_t *event, dead_message_t *dead)
{
    const message_refused_event_t *body = event->body;
    return text_set (&dead->to, body->to) || text_set (&dead->why, body->reason) || texts_copy (&body->by, &dead->by)
               ? BATON_resource_exhausted
               : BATON_OK;
}

baton_status letters_read_dead (store_t *store, const char *session, uint64_t n, dead_message_t *ret_dead,
                                baton_error_t *error)
{
    event_t event = {0};
    message_t message = {0};
    baton_status status = read_event (store, session, n, &event, error);
    if (status == BATON_OK && event.body &&
        (fill_message (&event, &message) != BATON_OK ||
         (event.kind == EVENT_message_refused && fill_refusal (&event, ret_dead) != BATON_OK)))
        status = baton_fail_memory (error);
    record_clear (&RECORD_letter, &ret_dead->letter);
    ret_dead->letter = message.letter;
    ret_dead->body = message.body;
    event_clear (&event);
    return status;
}
