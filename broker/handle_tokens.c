/*  Access tokens. */
#include "handlers.h"

#include "bearer.h"
#include "id.h"

#include <sodium.h>
#include <string.h>

static baton_status tell (token_made_t *made, const access_token_t *token, baton_error_t *error)
{
    made->expires_at = token->expires_at;
    if (text_set (&made->id, token->id) != BATON_OK || text_set (&made->who, token->who) != BATON_OK)
        return baton_fail_memory (error);
    return BATON_OK;
}

/*  What is remembered under an idempotency key lacks the token: nothing on disk has it. */
baton_status handle_token_create (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    token_made_t *made = ret_reply;
    char id[ID_SIZE], text[BEARER_SIZE], digest[DIGEST_SIZE];
    id_new (id);
    bearer_new (text);
    digest_of (text, strlen (text), digest);
    command_t command = command_of (broker, request);
    command.fresh = id;
    command.digest = digest;
    command.due = request->expires_at;
    baton_status status = journal_decide_site (broker->journal, &command, error);
    if (status == BATON_OK)
        status = tell (made, site_token (journal_site (broker->journal), id), error);
    if (status == BATON_OK && (record_encode (&RECORD_token_made, made, &request->remembered) != BATON_OK ||
                               text_set (&made->token, text) != BATON_OK))
        status = baton_fail_memory (error);
    sodium_memzero (text, sizeof text);
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
