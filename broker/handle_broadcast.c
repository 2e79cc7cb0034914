/*  One message to all sessions with some labels, or of an agent. */
#include "handlers.h"

#include "access.h"
#include "id.h"

/*  The run's session, when a run speaks. */
static const char *sender_of (const request_t *request)
{
    return request->header.run > 0 ? request->header.session : NULL;
}

/* ---- to whom ---- */

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

/* ---- what is written down ---- */

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
                         .role = request->role,
                         .trace = command_of (broker, request).trace};
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
