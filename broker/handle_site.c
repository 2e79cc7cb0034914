/*  The site itself and its identities. */
#include "handlers.h"

#include "token.h"

#include <sodium.h>
#include <string.h>

#define SECRET_BYTES 24
#define INVITATION_TTL 3600000 /*  ms, unless given */

baton_status handle_site_about (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    about_t *about = ret_reply;
    about->protocol = 1;
    about->seq = store_head (broker->store);
    about->role = request->role;
    about->started_at = broker->started_at;
    about->now = broker->now;
    about->sessions = request->role == role_admin ? store_session_count (broker->store) : 0;
    if (request->role != role_none && text_set (&about->http, broker->options.http) != BATON_OK)
        return baton_fail_memory (error);
    if (text_set (&about->version, BATON_VERSION) != BATON_OK || text_set (&about->you, request->actor) != BATON_OK)
        return baton_fail_memory (error);
    return BATON_OK;
}

baton_status handle_identity_invite (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const identity_invite_request_t *params = request->params;
    invited_t *invited = ret_reply;
    unsigned char random[SECRET_BYTES];
    char secret[2 * SECRET_BYTES + 1], digest[DIGEST_SIZE];
    randombytes_buf (random, sizeof random);
    sodium_bin2hex (secret, sizeof secret, random, sizeof random);
    digest_of (secret, strlen (secret), digest);
    command_t command = command_of (broker, request);
    command.digest = digest;
    baton_status status = journal_decide_site (broker->journal, &command, error);
    if (status == BATON_OK)
        status = token_encode (broker->options.endpoint, broker->options.key, secret, &invited->token, error);
    invited->expires_at = broker->now + (params->ttl ? params->ttl : INVITATION_TTL);
    return status;
}

baton_status handle_identity_enroll (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const identity_enroll_request_t *params = request->params;
    enrolled_t *enrolled = ret_reply;
    char digest[DIGEST_SIZE];
    digest_of (params->secret, strlen (params->secret), digest);
    command_t command = command_of (broker, request);
    command.digest = digest;
    command.actor = request->key;
    baton_status status = journal_decide_site (broker->journal, &command, error);
    if (status != BATON_OK)
        return status;
    const identity_t *identity = people_of_key (journal_people (broker->journal), request->key);
    if (!identity || text_set (&enrolled->name, identity->name) != BATON_OK)
        return baton_fail_memory (error);
    enrolled->role = identity->role;
    return BATON_OK;
}

/*  Whoever speaks with the key may give it to another: a token may not, nor may a run. */
baton_status handle_identity_rekey (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    const identity_t *identity = people_of_key (journal_people (broker->journal), request->key);
    if (!identity || strcmp (identity->name, request->actor) != 0)
        return baton_fail (error, BATON_permission_denied, BATON_REASON_not_allowed,
                           "only who has the key of %s can change it", request->actor);
    command_t command = command_of (broker, request);
    return journal_decide_site (broker->journal, &command, error);
}

baton_status handle_identity_list (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) request;
    identity_page_t *page = ret_reply;
    const site_t *site = journal_site (broker->journal);
    for (size_t i = 0; i < site->identities.count; i++) {
        identity_t *identity = list_append (&page->identities, sizeof *identity);
        if (!identity || record_copy (&RECORD_identity, &site->identities.items[i], identity) != BATON_OK)
            return baton_fail_memory (error);
    }
    return BATON_OK;
}
