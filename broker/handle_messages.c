/*  Requests, and the answers to them. */
#include "handlers.h"

#include "id.h"
#include "letters.h"

#include <string.h>

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
                            .role = command.role,
                            .trace = command.trace};
    return journal_decide_two (broker->journal, (const share_t[2]){{params->session, &command}, {asker, &delivering}},
                               ret_reply, error);
}

static baton_status outcome_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const message_outcome_request_t *params = request->params;
    outcome_t *outcome = reply;
    message_t message = {0};
    uint64_t at = outcome->n;
    baton_status status = letters_read (store, params->session, at, &message, error);
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
