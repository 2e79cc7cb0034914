/*  Changes of sessions and of the site. */
#include "handlers.h"

#include "authorise.h"
#include "id.h"
#include "waiting.h"

#include <stdio.h>
#include <string.h>

static baton_status decide (broker_t *broker, request_t *request, command_t *command, void *ret_reply,
                            baton_error_t *error)
{
    return journal_decide (broker->journal, request_session (request), command, ret_reply, error);
}

baton_status handle_session_change (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    command_t command = command_of (broker, request);
    return decide (broker, request, &command, ret_reply, error);
}

baton_status handle_site_change (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    command_t command = command_of (broker, request);
    return journal_decide_site (broker->journal, &command, error);
}

/*  What was read from a file says which content it was. */
static baton_status digest_openings (session_create_request_t *params, baton_error_t *error)
{
    char digest[DIGEST_SIZE];
    for (size_t i = 0; i < params->bootstrap.count; i++) {
        opening_t *opening = &params->bootstrap.items[i];
        if (!opening->source && !opening->digest)
            continue;
        digest_of (opening->text, strlen (opening->text), digest);
        if (opening->digest && strcmp (opening->digest, digest) != 0)
            return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "bootstrap",
                                     "item %zu (%.200s) has the digest %s, not %s: it has changed on its way", i + 1,
                                     opening->source ? opening->source : "no source", digest, opening->digest);
        if (text_set (&opening->digest, digest) != BATON_OK)
            return baton_fail_memory (error);
    }
    return BATON_OK;
}

baton_status handle_session_create (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    char id[ID_SIZE];
    baton_status status = digest_openings (request->params, error);
    if (status != BATON_OK)
        return status;
    id_new (id);
    command_t command = command_of (broker, request);
    command.fresh = id;
    status = handle_create_check (broker, request->params, error);
    if (status == BATON_OK)
        status = handle_create_one (broker, &command, ret_reply, error);
    return status == BATON_OK ? waiting_warn (broker, ret_reply, error) : status;
}

baton_status handle_session_activate (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    baton_status status = handle_session_change (broker, request, ret_reply, error);
    return status == BATON_OK ? waiting_warn (broker, ret_reply, error) : status;
}

baton_status handle_item_append (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const item_append_request_t *params = request->params;
    char digest[DIGEST_SIZE];
    command_t command = command_of (broker, request);
    if (params->source && params->text) {
        digest_of (params->text, strlen (params->text), digest);
        command.digest = digest;
    }
    return decide (broker, request, &command, ret_reply, error);
}

/* ---- contents ---- */

void digest_of_content (const request_t *request, char ret_digest[DIGEST_SIZE])
{
    const baton_bytes_t *content = request_content (request);
    if (request->content)
        snprintf (ret_digest, DIGEST_SIZE, "%s", store_content_digest (request->content));
    else
        digest_of (content->data, content->size, ret_digest);
}

baton_status note_content (broker_t *broker, request_t *request, const char *digest)
{
    const baton_bytes_t *content = request_content (request);
    return request->content ? journal_note_ready (broker->journal, &request->content, content->size)
                            : journal_note_blob (broker->journal, digest, content);
}

/*  What would be refused is not written. It is decided again when it was. */
static baton_status try_put (broker_t *broker, const request_t *request, const command_t *command, baton_error_t *error)
{
    const session_t *state = NULL;
    event_list_t events = {0};
    changed_t changed = {0};
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK)
        status = session_decide (state, command, &events, &changed, error);
    event_list_clear (&events);
    record_clear (&RECORD_changed, &changed);
    return status;
}

baton_status handle_artifact_put (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const artifact_put_request_t *params = request->params;
    char digest[DIGEST_SIZE] = "";
    command_t command = command_of (broker, request);
    command.digest = digest;
    if (request_packs (request, &params->content))
        return try_put (broker, request, &command, error);
    digest_of_content (request, digest);
    baton_status status = decide (broker, request, &command, ret_reply, error);
    if (status == BATON_OK && (note_content (broker, request, digest) != BATON_OK ||
                               text_set (&((changed_t *) ret_reply)->digest, digest) != BATON_OK))
        status = baton_fail_memory (error);
    return status;
}

/*  The digest of a question covers all that is being decided: title, body, options and schema. */
static baton_status digest_question (const breakpoint_ask_request_t *params, char ret_digest[DIGEST_SIZE])
{
    breakpoint_opened_event_t question = {
        .title = params->title, .body = params->body, .options = params->options, .schema = params->schema};
    baton_bytes_t bytes = {0};
    if (record_encode (&EVENTS[EVENT_breakpoint_opened].type, &question, &bytes) != BATON_OK)
        return BATON_resource_exhausted;
    digest_of (bytes.data, bytes.size, ret_digest);
    bytes_clear (&bytes);
    return BATON_OK;
}

static bool is_asked (const session_t *state, const char *key)
{
    for (size_t i = 0; i < state->breakpoints.count; i++)
        if (text_equal (state->breakpoints.items[i].key, key))
            return true;
    return false;
}

/*  What was asked already has its policy, whatever has become of the teams. */
baton_status handle_breakpoint_ask (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    char digest[DIGEST_SIZE];
    breakpoint_ask_request_t *params = request->params;
    if (digest_question (params, digest) != BATON_OK)
        return baton_fail_memory (error);
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK && !is_asked (state, params->key))
        status = teams_resolve (broker, &params->policy, error);
    if (status != BATON_OK)
        return status;
    command_t command = command_of (broker, request);
    command.digest = digest;
    return decide (broker, request, &command, ret_reply, error);
}

/*  A signal's token is made here and told in the answer; the journal keeps its digest. */
baton_status handle_trigger_add (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const trigger_add_request_t *params = request->params;
    command_t command = command_of (broker, request);
    char token[2 * ID_SIZE], digest[DIGEST_SIZE];
    id_new (token);
    id_new (token + ID_SIZE - 1);
    digest_of (token, strlen (token), digest);
    command.digest = digest;
    baton_status status = handle_after_check (broker, params->session, params->after, error);
    if (status == BATON_OK && params->calendar)
        status = timetable_first (broker->timetable, params->calendar, params->zone, broker->wall, &command.due, error);
    if (status == BATON_OK)
        status = decide (broker, request, &command, ret_reply, error);
    if (status == BATON_OK && params->signal && text_set (&((changed_t *) ret_reply)->token, token) != BATON_OK)
        status = baton_fail_memory (error);
    return status;
}

baton_status handle_trigger_fire (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const trigger_fire_request_t *params = request->params;
    command_t command = command_of (broker, request);
    char digest[DIGEST_SIZE];
    if (params->token) {
        digest_of (params->token, strlen (params->token), digest);
        command.digest = digest;
    }
    baton_status status = decide (broker, request, &command, ret_reply, error);
    /*  A token opens the trigger and nothing else: a wrong one does not even tell that the session is there. */
    bool refused = status != BATON_OK && status != BATON_resource_exhausted;
    return refused && request->access == access_none ? authorise_no_session (params->session, error) : status;
}

baton_status handle_message_send (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    char id[ID_SIZE];
    id_new (id);
    command_t command = command_of (broker, request);
    command.fresh = id;
    return journal_send (broker->journal, request->header.run > 0 ? request->header.session : NULL, &command, ret_reply,
                         error);
}
