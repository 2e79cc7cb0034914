#include "authorise.h"

#include <stdio.h>
#include <string.h>

/* ---- who asks ---- */

/*  Whoever comes by a door is known by a token, whose identity then stands for the key. */
static const identity_t *bearer_of (broker_t *broker, request_t *request)
{
    people_t *people = journal_people (broker->journal);
    const access_token_t *token = people_token (people, request->credential, broker->now);
    if (token && token->kind == token_kind_link)
        token = NULL; /*  it only signs in */
    const identity_t *identity = token ? people_named (people, token->who) : NULL;
    snprintf (request->key, sizeof request->key, "%s", identity ? identity->key : "");
    request->expires_at = token ? token->expires_at : 0;
    return identity;
}

static baton_status refuse_stranger (const request_t *request, baton_error_t *error)
{
    if (!request->door)
        return baton_fail (error, BATON_unauthenticated, BATON_REASON_unknown_key, "this key belongs to no identity");
    if (!*request->credential)
        return baton_fail (error, BATON_unauthenticated, BATON_REASON_no_token, "%s needs a token",
                           METHODS[request->method].name);
    return baton_fail (error, BATON_unauthenticated, BATON_REASON_unknown_token,
                       "this token is unknown, was revoked, or its time is over");
}

static baton_status identify (broker_t *broker, request_t *request, baton_error_t *error)
{
    const identity_t *identity =
        request->door ? bearer_of (broker, request) : people_of_key (journal_people (broker->journal), request->key);
    request->viewer = viewer_of (identity);
    request->access = access_none;
    if (identity && identity->revoked_at == 0) {
        strcpy (request->actor, identity->name); /*  both LIMIT_NAME */
        request->role = identity->role;
        return BATON_OK;
    }
    if (METHODS[request->method].access == ACCESS_open && !*request->credential)
        return BATON_OK;
    if (identity)
        return baton_fail (error, BATON_unauthenticated, BATON_REASON_revoked, "the identity %s was revoked",
                           identity->name);
    return refuse_stranger (request, error);
}

static baton_status not_allowed (const request_t *request, baton_error_t *error)
{
    return baton_fail (error, BATON_permission_denied, BATON_REASON_not_allowed,
                       "%s has the role %s, which may not do %s", request->actor,
                       enum_name (&role_names, request->role), METHODS[request->method].name);
}

/* ---- sessions ---- */

baton_status authorise_no_session (const char *session, baton_error_t *error)
{
    return baton_fail (error, BATON_not_found, BATON_REASON_no_such_session, "there is no session %s", session);
}

/*  Whose a session is, and what the viewer may do with it. The owner is borrowed. */
static baton_status look_at (broker_t *broker, const viewer_t *viewer, const char *session, access_e *ret_access,
                             const char **ret_owner, baton_error_t *error)
{
    entry_t *entry = NULL;
    audience_t audience = {0}; /*  the site's own journal: for those who see the site */
    baton_status status = BATON_OK;
    if (strcmp (session, SITE_ID) != 0)
        status = cache_get (journal_cache (broker->journal), session, &entry, error);
    if (status == BATON_not_found)
        return authorise_no_session (session, error);
    if (status != BATON_OK)
        return status;
    if (entry)
        audience = session_audience (&entry->state);
    *ret_access = access_of (viewer, &audience);
    *ret_owner = audience.owner ? audience.owner : "";
    return BATON_OK;
}

/*  Whoever may not view a session gets the answer that one gets about a session that isn't there. */
static baton_status authorise_session (broker_t *broker, request_t *request, const char *session, access_e needed,
                                       baton_error_t *error)
{
    access_e access = access_none;
    const char *owner = "";
    baton_status status = look_at (broker, &request->viewer, session, &access, &owner, error);
    if (status != BATON_OK)
        return status;
    if (access == access_none)
        return authorise_no_session (session, error);
    if (access < needed)
        return baton_fail (error, BATON_permission_denied, BATON_REASON_no_access,
                           "%s needs %s access to session %s, and %s has %s: its owner%s%s can give it",
                           METHODS[request->method].name, enum_name (&access_names, needed), session,
                           request->viewer.name, enum_name (&access_names, access), *owner ? " " : "", owner);
    if (text_equal (session, request_session (request)))
        request->access = access;
    return BATON_OK;
}

/*  The sessions that a request names beside the one that it is about; `own` is one that needs no more asking. */
static baton_status authorise_named (broker_t *broker, request_t *request, const record_type_t *type,
                                     const void *record, const char *own, baton_error_t *error);

static baton_status authorise_field (broker_t *broker, request_t *request, const field_t *field, const void *at,
                                     const char *own, baton_error_t *error)
{
    const baton_texts_t *list = at; /*  the layout of every list */
    baton_status status = BATON_OK;
    if (field->kind == FIELD_INNER)
        return authorise_named (broker, request, field->type, at, own, error);
    for (size_t i = 0; field->kind == FIELD_LIST && i < list->count && status == BATON_OK; i++)
        status = authorise_named (broker, request, field->type, (const char *) list->items + i * field->type->size, own,
                                  error);
    for (size_t i = 0; field->kind == FIELD_TEXTS && field->access && i < list->count && status == BATON_OK; i++)
        if (!text_equal (list->items[i], own))
            status = authorise_session (broker, request, list->items[i], field->access, error);
    const char *session = field->kind == FIELD_NAME && field->access ? *(char *const *) at : NULL;
    if (session && !text_equal (session, own))
        status = authorise_session (broker, request, session, field->access, error);
    return status;
}

static baton_status authorise_named (broker_t *broker, request_t *request, const record_type_t *type,
                                     const void *record, const char *own, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (const field_t *field = type->fields (); field->name && status == BATON_OK; field++)
        status = authorise_field (broker, request, field, (const char *) record + field->offset, own, error);
    return status;
}

/* ---- runs and nodes ---- */

static baton_status check_lease (const request_t *request, const session_t *state, baton_error_t *error)
{
    if (text_equal (state->lease.node, request->actor) && state->lease.epoch == request->header.epoch)
        return BATON_OK;
    return baton_fail (error, BATON_aborted, BATON_REASON_stale_epoch, "node %s no longer holds session %s",
                       request->actor, request->header.session);
}

/*  A run may look at the children of its session, where the method says so. */
static bool is_child (broker_t *broker, const method_row_t *row, const char *session, const char *parent)
{
    entry_t *entry = NULL;
    return row->inside == INSIDE_kin &&
           cache_get (journal_cache (broker->journal), session, &entry, NULL) == BATON_OK &&
           text_equal (entry->state.parent, parent);
}

/*  A node speaks for a run: only what runs may do, and only to the run's own session. Whether the node holds that
 *  session, and under which epoch, is the domain's to say for changes; reads are checked here. Whatever else a run
 *  names, it sees with the eyes of its session's owner. */
static baton_status authorise_run (broker_t *broker, request_t *request, baton_error_t *error)
{
    const method_row_t *row = &METHODS[request->method];
    const char *session = request_session (request), *own = request->header.session;
    if (!row->inside)
        return baton_fail (error, BATON_permission_denied, BATON_REASON_not_allowed,
                           "%s cannot be done from inside a run", row->name);
    if (!own || (session && strcmp (session, own) != 0 && !is_child (broker, row, session, own)))
        return baton_fail (error, BATON_permission_denied, BATON_REASON_not_your_session,
                           "a run of session %s may not touch session %s", own ? own : "?", session ? session : "?");
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), own, &entry, error);
    if (status == BATON_OK && !row->change && row->access != ACCESS_open)
        status = check_lease (request, &entry->state, error);
    if (status != BATON_OK)
        return status;
    const char *owner = session_audience (&entry->state).owner;
    request->viewer = viewer_of (owner ? people_named (journal_people (broker->journal), owner) : NULL);
    request->access = access_edit;
    return authorise_named (broker, request, &row->type, request->params, own, error);
}

/*  A node for itself: reads of sessions that it holds, is to receive, or had to do with last. */
static baton_status authorise_node_read (broker_t *broker, const request_t *request, baton_error_t *error)
{
    const char *session = request_session (request);
    entry_t *entry = NULL;
    if (!session)
        return request->method == METHOD_events_subscribe || request->method == METHOD_events_unsubscribe
                   ? BATON_OK /*  it is sent only what concerns it */
                   : not_allowed (request, error);
    baton_status status = cache_get (journal_cache (broker->journal), session, &entry, error);
    if (status != BATON_OK)
        return status;
    return session_concerns (&entry->state, request->actor) ? BATON_OK : not_allowed (request, error);
}

static baton_status authorise_node (broker_t *broker, const request_t *request, baton_error_t *error)
{
    const method_row_t *row = &METHODS[request->method];
    if (row->access == ACCESS_open || row->access == ACCESS_node || request->method == METHOD_identity_rekey)
        return BATON_OK; /*  its key is its own, as anybody's */
    bool reads = !row->change &&
                 (row->access == ACCESS_read || row->access == ACCESS_known || method_access (row) == access_view);
    return reads ? authorise_node_read (broker, request, error) : not_allowed (request, error);
}

/* ---- people ---- */

/*  What somebody must be for a method that is about no session. */
static bool has_role (role_e role, method_access_t access)
{
    switch (access) {
    case ACCESS_open:
    case ACCESS_known:
        return true;
    case ACCESS_read:
        return role == role_observer || role == role_operator || role == role_admin;
    case ACCESS_operate:
        return role == role_operator || role == role_admin;
    case ACCESS_admin:
        return role == role_admin;
    default:
        return false;
    }
}

static baton_status authorise_person (broker_t *broker, request_t *request, baton_error_t *error)
{
    const method_row_t *row = &METHODS[request->method];
    const char *session = request_session (request);
    access_e needed = session ? method_access (row) : access_none;
    baton_status status = BATON_OK;
    if (needed != access_none)
        status = authorise_session (broker, request, session, needed, error);
    else if (!has_role (request->role, row->access))
        status = not_allowed (request, error);
    else if (session && row->access == ACCESS_open) /*  whoever asks may have a token, and no access */
        (void) look_at (broker, &request->viewer, session, &request->access, &(const char *){""}, NULL);
    return status == BATON_OK ? authorise_named (broker, request, &row->type, request->params, NULL, error) : status;
}

baton_status authorise (broker_t *broker, request_t *request, baton_error_t *error)
{
    baton_status status = identify (broker, request, error);
    if (status != BATON_OK)
        return status;
    bool for_run = request->header.run > 0 || request->header.session;
    if (request->role != role_node && for_run)
        return baton_fail_field (error, BATON_permission_denied, BATON_REASON_not_allowed, "session",
                                 "only a node can speak for a run");
    if (request->role != role_node)
        return authorise_person (broker, request, error);
    return request->header.run > 0 ? authorise_run (broker, request, error) : authorise_node (broker, request, error);
}
