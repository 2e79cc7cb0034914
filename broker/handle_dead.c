/*  Messages that nobody has read, and changes that were refused when nobody was there to be told. */
#include "handlers.h"

#include "id.h"
#include "letters.h"

#include <string.h>

/*  A message that had no id of its own needs one now. */
baton_status handle_change_refused (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    char id[ID_SIZE];
    id_new (id);
    command_t command = command_of (broker, request);
    command.fresh = id;
    return journal_decide (broker->journal, request_session (request), &command, ret_reply, error);
}

static baton_status dead_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const message_dead_request_t *params = request->params;
    dead_page_t *page = reply;
    baton_status status = BATON_OK;
    size_t bytes = 0, count = 0;
    for (; status == BATON_OK && count < page->messages.count && bytes < LIMIT_PAGE_BYTES; count++) {
        dead_message_t *dead = &page->messages.items[count];
        status = letters_read_dead (store, params->session, dead->letter.n, dead, error);
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
    const message_redeliver_request_t *params = request->params;
    return letters_read (store, params->session, request->seen, record, error);
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
                            .role = command.role,
                            .trace = command.trace};
    return journal_decide_two (broker->journal, (const share_t[2]){{params->session, &command}, {to, &delivering}},
                               ret_reply, error);
}
