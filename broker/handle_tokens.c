/*  Access tokens. */
#include "handlers.h"

#include "bearer.h"
#include "id.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static baton_status tell (token_made_t *made, const access_token_t *token, baton_error_t *error)
{
    made->expires_at = token->expires_at;
    if (text_set (&made->id, token->id) != BATON_OK || text_set (&made->who, token->who) != BATON_OK)
        return baton_fail_memory (error);
    return BATON_OK;
}

/*  A fresh token, decided by the method of the request. It is made and told, but not kept. */
typedef struct {
    char id[ID_SIZE];
    char text[BEARER_SIZE];
    char digest[DIGEST_SIZE];
} fresh_t;

static baton_status decide_fresh (broker_t *broker, request_t *request, fresh_t *fresh, const void *prepared,
                                  baton_error_t *error)
{
    id_new (fresh->id);
    bearer_new (fresh->text);
    digest_of (fresh->text, strlen (fresh->text), fresh->digest);
    command_t command = command_of (broker, request);
    command.fresh = fresh->id;
    command.digest = fresh->digest;
    command.due = request->expires_at;
    command.prepared = prepared;
    return journal_decide_site (broker->journal, &command, error);
}

/*  What is remembered under an idempotency key lacks the token: nothing on disk has it. */
static baton_status tell_text (broker_t *broker, request_t *request, const fresh_t *fresh, token_made_t *made,
                               baton_error_t *error)
{
    baton_status status = tell (made, site_token (journal_site (broker->journal), fresh->id), error);
    if (status == BATON_OK && (record_encode (&RECORD_token_made, made, &request->remembered) != BATON_OK ||
                               text_set (&made->token, fresh->text) != BATON_OK))
        status = baton_fail_memory (error);
    return status;
}

baton_status handle_token_create (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    fresh_t fresh;
    baton_status status = decide_fresh (broker, request, &fresh, NULL, error);
    if (status == BATON_OK)
        status = tell_text (broker, request, &fresh, ret_reply, error);
    sodium_memzero (&fresh, sizeof fresh);
    return status;
}

baton_status handle_console_sign_in (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const console_sign_in_request_t *params = request->params;
    char link[DIGEST_SIZE];
    fresh_t fresh;
    digest_of (params->secret, strlen (params->secret), link);
    baton_status status = decide_fresh (broker, request, &fresh, link, error);
    if (status == BATON_OK)
        status = tell_text (broker, request, &fresh, ret_reply, error);
    sodium_memzero (&fresh, sizeof fresh);
    return status;
}

baton_status handle_console_sign_out (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    command_t command = command_of (broker, request);
    command.digest = request->credential;
    return journal_decide_site (broker->journal, &command, error);
}

baton_status handle_console_link (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    console_link_t *made = ret_reply;
    char url[LIMIT_SHORT + 1];
    fresh_t fresh;
    if (!*broker->options.http)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_http_off, "this broker does not serve HTTP");
    baton_status status = decide_fresh (broker, request, &fresh, NULL, error);
    snprintf (url, sizeof url, "%s/signin?link=%s", broker->options.http, fresh.text);
    if (status == BATON_OK) {
        made->expires_at = site_token (journal_site (broker->journal), fresh.id)->expires_at;
        if (record_encode (&RECORD_console_link, made, &request->remembered) != BATON_OK ||
            text_set (&made->url, url) != BATON_OK)
            status = baton_fail_memory (error);
    }
    sodium_memzero (&fresh, sizeof fresh);
    sodium_memzero (url, sizeof url);
    return status;
}

baton_status handle_token_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const token_list_request_t *params = request->params;
    token_page_t *page = ret_reply;
    const site_t *site = journal_site (broker->journal);
    for (size_t i = 0; i < site->tokens.count; i++) {
        const access_token_t *token = &site->tokens.items[i];
        if (token->expires_at <= broker->now || (params->who && strcmp (token->who, params->who) != 0) ||
            (request->role != role_admin && strcmp (token->who, request->actor) != 0))
            continue;
        access_token_t *row = list_append (&page->tokens, sizeof *row);
        if (!row || record_copy (&RECORD_access_token, token, row) != BATON_OK ||
            text_set (&row->digest, NULL) != BATON_OK)
            return baton_fail_memory (error);
    }
    return BATON_OK;
}
