/*  Messages beyond one mailbox: answers, broadcasts, and those that nobody has read. */
#include "handlers.h"

#include "access.h"
#include "history.h"
#include "id.h"

#include <string.h>

/*  The run's session, when a run speaks. */
static const char *sender_of (const request_t *request)
{
    return request->header.run > 0 ? request->header.session : NULL;
}

/* ---- reading one message ---- */

static baton_status fill_refused (const event_t *event, message_t *message, baton_error_t *error)
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
    return record_copy (&RECORD_letter, &letter, &message->letter) == BATON_OK &&
                   bytes_set (&message->body, body->body.data, body->body.size) == BATON_OK
               ? BATON_OK
               : baton_fail_memory (error);
}

static baton_status fill_message (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    message_t *message = argument;
    *ret_more = false;
    if (event->kind == EVENT_message_answered) {
        const message_answered_event_t *body = event->body;
        return text_set (&message->letter.id, body->answer) == BATON_OK &&
                       bytes_set (&message->body, body->body.data, body->body.size) == BATON_OK
                   ? BATON_OK
                   : baton_fail_memory (error);
    }
    if (event->kind == EVENT_message_refused)
        return fill_refused (event, message, error);
    if (event->kind != EVENT_message_delivered)
        return BATON_OK;
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
    return record_copy (&RECORD_letter, &letter, &message->letter) == BATON_OK &&
                   bytes_set (&message->body, body->body.data, body->body.size) == BATON_OK
               ? BATON_OK
               : baton_fail_memory (error);
}

static baton_status read_message (store_t *store, const char *session, uint64_t n, message_t *ret_message,
                                  baton_error_t *error)
{
    return history_walk (store, session, n - 1, fill_message, ret_message, error);
}

/* ---- requests and answers ---- */

baton_status handle_message_reply (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const message_reply_request_t *params = request->params;
    const session_t *state = NULL;
    char id[ID_SIZE];
    baton_status status = session_of (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    id_new (id);
    command_t command = command_of (broker, request);
    command.fresh = id;
    const exchange_t *owed = NULL;
    for (size_t i = 0; i < state->owed.count; i++)
        if (text_equal (state->owed.items[i].id, params->id))
            owed = &state->owed.items[i];
    if (!owed || owed->person || owed->receipt)
        return journal_decide (broker->journal, state->session, &command, ret_reply, error);
    char asker[LIMIT_ID + 1];
    strncpy (asker, owed->peer, LIMIT_ID);
    asker[LIMIT_ID] = '\0';
    message_deliver_request_t deliver = {.session = asker,
                                         .id = id,
                                         .from = request->actor,
                                         .from_session = state->session,
                                         .subject = params->subject,
                                         .body = params->body,
                                         .reply_to = params->id};
    command_t delivering = {.method = METHOD_message_deliver,
                            .request = &deliver,
                            .now = command.now,
                            .actor = command.actor,
                            .role = command.role};
    return journal_decide_two (broker->journal, (const share_t[2]){{params->session, &command}, {asker, &delivering}},
                               ret_reply, error);
}

static baton_status outcome_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const message_outcome_request_t *params = request->params;
    outcome_t *outcome = reply;
    message_t message = {0};
    uint64_t at = outcome->n;
    baton_status status = read_message (store, params->session, at, &message, error);
    outcome->n = request->seen;
    if (status == BATON_OK && (text_set (&outcome->message, message.letter.id) != BATON_OK ||
                               bytes_set (&outcome->body, message.body.data, message.body.size) != BATON_OK))
        status = baton_fail_memory (error);
    record_clear (&RECORD_message, &message);
    return status;
}

baton_status handle_message_outcome (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const message_outcome_request_t *params = request->params;
    outcome_t *outcome = ret_reply;
    const session_t *state = NULL;
    const exchange_t *found = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    for (size_t i = 0; i < state->owed.count; i++)
        if (state->owed.items[i].person && text_equal (state->owed.items[i].id, params->id))
            found = &state->owed.items[i];
    for (size_t i = 0; i < state->asked.count; i++)
        if (text_equal (state->asked.items[i].id, params->id))
            found = &state->asked.items[i];
    if (!found)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_message, "id",
                                 "session %s knows of no request %s", state->session, params->id);
    outcome->receipt = found->receipt;
    outcome->n = state->n;
    if (found->receipt != receipt_answered)
        return BATON_OK;
    outcome->n = found->n;
    request->seen = state->n;
    request->later = outcome_later;
    return BATON_OK;
}

/* ---- broadcast ---- */

static baton_status cast_later (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    const message_broadcast_request_t *params = request->params;
    session_page_t *page = record;
    store_filter_t filter = {.agent = params->agent, .labels = &params->labels, .viewer = &request->viewer};
    uint64_t before = 0;
    for (size_t count = LIMIT_PAGE; count == LIMIT_PAGE;) {
        store_projections_t rows = {0};
        baton_status status = store_list (store, &filter, before, LIMIT_PAGE, &rows, error);
        for (size_t i = 0; status == BATON_OK && i < rows.count; i++) {
            before = rows.items[i].order;
            if (rows.items[i].row.state == lifecycle_terminated ||
                text_equal (rows.items[i].row.session, sender_of (request)))
                continue;
            session_row_t *row = list_append (&page->sessions, sizeof *row);
            if (!row || text_set (&row->session, rows.items[i].row.session) != BATON_OK)
                status = baton_fail_memory (error);
        }
        count = rows.count;
        store_projections_clear (&rows);
        if (status == BATON_OK && page->sessions.count > LIMIT_PAGE)
            status = baton_fail (error, BATON_resource_exhausted, BATON_REASON_too_large,
                                 "more than %d sessions would get the message", LIMIT_PAGE);
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

/*  What one session refuses (it may have ended meanwhile) is not the others' business. */
static baton_status cast_one (broker_t *broker, const request_t *request, const char *id, const char *session,
                              broadcast_t *reply, baton_error_t *error)
{
    const message_broadcast_request_t *params = request->params;
    message_deliver_request_t deliver = {.session = (char *) session,
                                         .id = (char *) id,
                                         .from = (char *) request->actor,
                                         .from_session = (char *) sender_of (request),
                                         .subject = params->subject,
                                         .body = params->body,
                                         .ttl = params->ttl};
    command_t command = {.method = METHOD_message_deliver,
                         .request = &deliver,
                         .now = broker->now,
                         .actor = request->actor,
                         .role = request->role};
    changed_t changed = {0};
    entry_t *entry = NULL;
    baton_error_t refusal = {0};
    baton_status status = cache_get (journal_cache (broker->journal), session, &entry, &refusal);
    audience_t audience = status == BATON_OK ? session_audience (&entry->state) : (audience_t){0};
    if (status == BATON_OK && access_of (&request->viewer, &audience) < access_edit)
        status = BATON_permission_denied;
    if (status == BATON_OK)
        status = journal_decide (broker->journal, session, &command, &changed, &refusal);
    record_clear (&RECORD_changed, &changed);
    reply->reached += status == BATON_OK;
    if (refusal.reason == BATON_REASON_out_of_memory ||
        (status != BATON_OK && texts_add (&reply->unreached, session) != BATON_OK))
        return baton_fail_memory (error);
    return BATON_OK;
}

/*  As it is written down at the sender. */
static baton_status cast_decide (broker_t *broker, const request_t *request, method_id_t method, const void *what,
                                 baton_error_t *error)
{
    command_t command = command_of (broker, request);
    changed_t changed = {0};
    command.method = method;
    command.request = what;
    command.if_n = method == METHOD_message_cast ? command.if_n : 0; /*  it comes first */
    baton_status status = journal_decide (broker->journal, sender_of (request), &command, &changed, error);
    record_clear (&RECORD_changed, &changed);
    return status;
}

static baton_status cast_refused (broker_t *broker, const request_t *request, const char *id, const baton_texts_t *by,
                                  baton_error_t *error)
{
    const message_broadcast_request_t *params = request->params;
    message_refuse_request_t refuse = {.session = (char *) sender_of (request),
                                       .id = (char *) id,
                                       .subject = params->subject,
                                       .body = params->body,
                                       .by = *by};
    return cast_decide (broker, request, METHOD_message_refuse, &refuse, error);
}

static baton_status cast_note (broker_t *broker, const request_t *request, const char *id, size_t count,
                               baton_error_t *error)
{
    const message_broadcast_request_t *params = request->params;
    message_cast_request_t cast = {
        .session = (char *) sender_of (request), .id = (char *) id, .subject = params->subject, .count = count};
    return cast_decide (broker, request, METHOD_message_cast, &cast, error);
}

baton_status handle_message_broadcast (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const message_broadcast_request_t *params = request->params;
    const session_page_t *page = request->prepared;
    broadcast_t *reply = ret_reply;
    char fresh[ID_SIZE];
    if (!params->agent && params->labels.count == 0)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_missing_field, "labels",
                                 "a broadcast needs the labels or the agent of the sessions that it is for");
    if (!page)
        return request_prepare (request, &RECORD_session_page, cast_later, error);
    id_new (fresh);
    const char *id = params->id ? params->id : fresh;
    baton_status status = BATON_OK;
    if (sender_of (request))
        status = cast_note (broker, request, id, page->sessions.count, error);
    for (size_t i = 0; i < page->sessions.count && status == BATON_OK; i++)
        status = cast_one (broker, request, id, page->sessions.items[i].session, reply, error);
    if (status == BATON_OK && sender_of (request) && reply->unreached.count > 0)
        status = cast_refused (broker, request, id, &reply->unreached, error);
    if (status == BATON_OK && text_set (&reply->message, id) != BATON_OK)
        status = baton_fail_memory (error);
    return status;
}

/* ---- what nobody has read ---- */

/*  A message that had no id of its own needs one now. */
baton_status handle_change_refused (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    char id[ID_SIZE];
    id_new (id);
    command_t command = command_of (broker, request);
    command.fresh = id;
    return journal_decide (broker->journal, request_session (request), &command, ret_reply, error);
}

/*  What a refusal says besides the message. */
static baton_status fill_dead (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    dead_message_t *dead = argument;
    message_t message = {0};
    baton_status status = fill_message (event, &message, ret_more, error);
    record_clear (&RECORD_letter, &dead->letter);
    dead->letter = message.letter;
    dead->body = message.body;
    if (status != BATON_OK || event->kind != EVENT_message_refused)
        return status;
    const message_refused_event_t *body = event->body;
    return text_set (&dead->to, body->to) == BATON_OK && text_set (&dead->why, body->reason) == BATON_OK &&
                   texts_copy (&body->by, &dead->by) == BATON_OK
               ? BATON_OK
               : baton_fail_memory (error);
}

static baton_status dead_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const message_dead_request_t *params = request->params;
    dead_page_t *page = reply;
    baton_status status = BATON_OK;
    size_t bytes = 0, count = 0;
    for (; status == BATON_OK && count < page->messages.count && bytes < LIMIT_PAGE_BYTES; count++) {
        dead_message_t *dead = &page->messages.items[count];
        status = history_walk (store, params->session, dead->letter.n - 1, fill_dead, dead, error);
        bytes += dead->body.size;
    }
    while (page->messages.count > count)
        list_remove (&page->messages, &RECORD_dead_message, page->messages.count - 1);
    return status;
}

baton_status handle_message_dead (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    dead_page_t *page = ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    for (size_t i = 0; status == BATON_OK && i < state->dead.count; i++) {
        dead_message_t *dead = list_append (&page->messages, sizeof *dead);
        if (!dead || text_set (&dead->letter.id, state->dead.items[i].id) != BATON_OK)
            return baton_fail_memory (error);
        dead->receipt = state->dead.items[i].receipt;
        dead->letter.n = state->dead.items[i].n;
    }
    request->later = dead_later;
    return status;
}

static uint64_t dead_position (const session_t *state, const char *id)
{
    for (size_t i = 0; i < state->dead.count; i++)
        if (text_equal (state->dead.items[i].id, id))
            return state->dead.items[i].n;
    return 0;
}

static baton_status redeliver_later (store_t *store, const request_t *request, void *record, baton_error_t *error)
{
    return read_message (store, ((const message_redeliver_request_t *) request->params)->session, request->seen, record,
                         error);
}

baton_status handle_message_redeliver (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const message_redeliver_request_t *params = request->params;
    const message_t *message = request->prepared;
    const session_t *state = NULL;
    command_t command = command_of (broker, request);
    baton_status status = session_of (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    request->seen = dead_position (state, params->id);
    if (request->seen == 0)
        return journal_decide (broker->journal, params->session, &command, ret_reply, error);
    if (!message || message->letter.n != request->seen)
        return request_prepare (request, &RECORD_message, redeliver_later, error);
    const char *to = params->to ? params->to : params->session;
    /*  In an imported journal it may be the id of a session elsewhere, which is somebody else's here. */
    bool imported = state->provenance.session != NULL;
    message_deliver_request_t deliver = {.session = (char *) to,
                                         .id = message->letter.id,
                                         .from = message->letter.from,
                                         .from_session = imported ? NULL : message->letter.from_session,
                                         .subject = message->letter.subject,
                                         .body = message->body,
                                         .reply_to = message->letter.reply_to,
                                         .wants_reply = message->letter.wants_reply,
                                         .again = strcmp (to, params->session) == 0};
    command_t delivering = {.method = METHOD_message_deliver,
                            .request = &deliver,
                            .now = command.now,
                            .actor = command.actor,
                            .role = command.role};
    return journal_decide_two (broker->journal, (const share_t[2]){{params->session, &command}, {to, &delivering}},
                               ret_reply, error);
}
