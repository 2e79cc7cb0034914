/*  Sessions that come from elsewhere: the contents that are put first, and the import itself. */
#include "handlers.h"

#include "history.h"
#include "id.h"
#include "import.h"
#include "log.h"

#include <string.h>

/* ---- blob.put ---- */

static baton_status check_room (broker_t *broker, const request_t *request, size_t size, baton_error_t *error)
{
    uint64_t count = 0, bytes = 0;
    baton_status status = journal_staged (broker->journal, request->actor, &count, &bytes, error);
    if (status == BATON_OK && (count >= LIMIT_STAGED_SHARE || bytes + size > LIMIT_STAGED_SHARE_BYTES))
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_staging_full,
                           "%lu contents of %lu bytes wait for imports of %s; at most %u of %llu bytes may", count,
                           bytes, request->actor, LIMIT_STAGED_SHARE, LIMIT_STAGED_SHARE_BYTES);
    if (status == BATON_OK)
        status = journal_staged (broker->journal, NULL, &count, &bytes, error);
    if (status == BATON_OK && (count >= LIMIT_STAGED || bytes + size > LIMIT_STAGED_BYTES))
        status = baton_fail (error, BATON_resource_exhausted, BATON_REASON_staging_full,
                             "%lu contents of %lu bytes wait for imports of the whole site; at most %u of %llu bytes "
                             "may: somebody's imports have to end",
                             count, bytes, LIMIT_STAGED, LIMIT_STAGED_BYTES);
    return status;
}

baton_status handle_blob_put (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    const blob_put_request_t *params = request->params;
    char digest[DIGEST_SIZE];
    baton_status status = check_room (broker, request, params->content.size, error);
    if (status != BATON_OK || request_packs (request, &params->content))
        return status;
    digest_of_content (request, digest);
    if (strcmp (digest, params->digest) != 0)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_archive, "digest",
                                 "the content has the digest %s, not %s", digest, params->digest);
    if (note_content (broker, request, digest) != BATON_OK)
        return baton_fail_memory (error);
    journal_note_staged (broker->journal, broker->now, request->actor, params->upload ? params->upload : "");
    return BATON_OK;
}

/* ---- blob.forget ---- */

baton_status handle_blob_forget (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    const blob_forget_request_t *params = request->params;
    return journal_note_release (broker->journal, request->actor, params->upload) == BATON_OK
               ? BATON_OK
               : baton_fail_memory (error);
}

/* ---- blob.get ---- */

static baton_status is_it (const char *digest, void *argument)
{
    const char **wanted = argument;
    if (*wanted && strcmp (digest, *wanted) == 0)
        *wanted = NULL;
    return BATON_OK;
}

static baton_status look_for (const event_t *event, void *argument, bool *ret_more, baton_error_t *error)
{
    (void) error;
    *ret_more = false;
    return event_each_blob (event, is_it, argument);
}

static baton_status blob_later (store_t *store, const request_t *request, void *reply, baton_error_t *error)
{
    const blob_get_request_t *params = request->params;
    blob_t *blob = reply;
    const char *wanted = params->digest;
    baton_status status = history_walk (store, params->session, params->n - 1, look_for, &wanted, error);
    if (status == BATON_OK && wanted)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_artifact, "digest",
                                 "event %lu of session %s refers to no content %s", params->n, params->session,
                                 params->digest);
    if (status == BATON_OK)
        status = store_blob (store, params->digest, &blob->content, error);
    if (status == BATON_OK && text_set (&blob->digest, params->digest) != BATON_OK)
        status = baton_fail_memory (error);
    return status;
}

baton_status handle_blob_get (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    (void) ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status == BATON_OK)
        request->later = blob_later;
    return status;
}

/* ---- session.import ---- */

static bool may_view (broker_t *broker, const request_t *request, const char *session, bool *ret_there)
{
    entry_t *entry = NULL;
    *ret_there = cache_get (journal_cache (broker->journal), session, &entry, NULL) == BATON_OK;
    if (!*ret_there)
        return false;
    audience_t audience = session_audience (&entry->state);
    return access_of (&request->viewer, &audience) >= access_view;
}

static baton_status prepare (broker_t *broker, request_t *request, baton_error_t *error)
{
    const session_import_request_t *params = request->params;
    char fresh[ID_SIZE];
    if (params->carried.size % 32 != 0)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "carried",
                                 "the digests of a workspace have 32 bytes each");
    if (params->pages.size % 32 != 0)
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "pages",
                                 "the digests of the pages have 32 bytes each");
    baton_status status = request_prepare (request, &RECORD_import, import_read, error);
    if (status != BATON_OK)
        return status;
    import_t *import = request->prepared;
    bool there = false;
    import->hidden = !may_view (broker, request, params->origin_session, &there) && there;
    id_new (fresh);
    return text_set (&import->fresh, fresh) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

/*  What was read may have been overtaken: ours has gone on, or somebody else has taken the id. */
static baton_status look_again (broker_t *broker, const import_t *import, bool *ret_overtaken, baton_error_t *error)
{
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), import->session, &entry, error);
    if (status == BATON_not_found)
        status = BATON_OK;
    if (status != BATON_OK)
        return status;
    *ret_overtaken = (entry ? entry->state.n : 0) != import->base;
    if (!*ret_overtaken && entry && entry->state.state == lifecycle_running)
        return baton_fail (error, BATON_failed_precondition, BATON_REASON_wrong_state,
                           "session %s is running: it can't go on with another journal", import->session);
    return BATON_OK;
}

/*  A context is read where it stands: so it must be here, and be one that who imports may see. */
static baton_status check_lineage (broker_t *broker, const request_t *request, const session_t *state,
                                   baton_error_t *error)
{
    bool ancestor = ((const session_import_request_t *) request->params)->ancestor;
    for (size_t i = 0; i < state->lineage.count; i++) {
        bool there = false;
        if (ancestor && import_is_absent (state->lineage.items[i].session))
            continue;
        if (!may_view (broker, request, state->lineage.items[i].session, &there))
            return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_no_such_session, "ancestors",
                                     "the context of %s is taken from session %s, too, which did not come along",
                                     state->session, state->lineage.items[i].session);
    }
    return BATON_OK;
}

static baton_status nothing_new (const import_t *import, const session_import_request_t *params,
                                 imported_t *ret_imported, baton_error_t *error)
{
    ret_imported->n = import->known ? params->origin_n : import->base;
    return text_set (&ret_imported->session, import->session) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

/*  What the same request may find otherwise, said again as it is. Whose pages are not there may be a request that was
 * sent twice, and what was put since is for the next one. */
static bool may_change (const baton_error_t *error)
{
    bool missing = error->status == BATON_not_found && error->reason == BATON_REASON_no_such_artifact;
    return missing || error->status == BATON_unavailable || error->status == BATON_internal ||
           error->status == BATON_deadline_exceeded || baton_reason_retry (error->reason);
}

/*  Ancestors come in the same upload as the session that needs them. */
void import_ended (broker_t *broker, const request_t *request)
{
    const session_import_request_t *params = request->params;
    if (request->method != METHOD_session_import || !params || !*request->actor ||
        (request->error.status == BATON_OK ? params->ancestor : may_change (&request->error)))
        return;
    if (journal_note_release (broker->journal, request->actor, params->upload ? params->upload : "") != BATON_OK)
        log_warning ("what was put for an import stays for a day: there is no memory to free it");
}

baton_status handle_session_import (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_import_request_t *params = request->params;
    import_t *import = request->prepared;
    bool overtaken = false;
    if (!import)
        return prepare (broker, request, error);
    if (import->known)
        return nothing_new (import, params, ret_reply, error);
    baton_status status = look_again (broker, import, &overtaken, error);
    if (status == BATON_OK && overtaken)
        return prepare (broker, request, error);
    if (status == BATON_OK)
        status = check_lineage (broker, request, &import->state, error);
    command_t command = command_of (broker, request);
    session_import_request_t again = *params;
    if (status == BATON_OK && import->events.count == 0)
        return nothing_new (import, params, ret_reply, error);
    if (import->continued) {
        again.title = params->title ? params->title : import->title;
        again.workspace = params->workspace || params->carried.size > 0 ? params->workspace : import->workspace;
        command.request = &again;
    }
    return status == BATON_OK ? journal_import (broker->journal, import, &command, ret_reply, error) : status;
}
