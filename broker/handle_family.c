/*  Parents, children and trees of sessions. */
#include "family.h"
#include "handlers.h"

#include "id.h"
#include "waiting.h"

/* ---- the walk ---- */

static baton_status walk (broker_t *broker, const char *session, unsigned depth, family_wants_t *wants,
                          baton_texts_t *ids, baton_error_t *error)
{
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), session, &entry, error);
    if (status != BATON_OK)
        return status;
    for (size_t i = 0; i < entry->state.children.count && ids->count < LIMIT_FAMILY; i++) {
        const child_row_t *child = &entry->state.children.items[i];
        if (!wants (child) || depth == LIMIT_FAMILY_DEPTH)
            continue;
        status = walk (broker, child->session, depth + 1, wants, ids, error);
        if (status == BATON_OK && texts_add (ids, child->session) != BATON_OK)
            status = baton_fail_memory (error);
        if (status != BATON_OK)
            return status;
    }
    return BATON_OK;
}

baton_status family_below (broker_t *broker, const char *session, family_wants_t *wants, baton_texts_t *ret_ids,
                           baton_error_t *error)
{
    return walk (broker, session, 0, wants, ret_ids, error);
}

/* ---- spawn, children ---- */

/*  How many sessions of a tree go on is known at its root; what runs of it have made elsewhere counts as well. */
static baton_status check_room (broker_t *broker, const session_t *state, entry_t **ret_stem, baton_error_t *error)
{
    const char *id = session_stem (state);
    baton_status status = cache_get (journal_cache (broker->journal), id, ret_stem, error);
    if (status == BATON_OK && session_family (&(*ret_stem)->state) >= LIMIT_FAMILY)
        return baton_fail (error, BATON_resource_exhausted, BATON_REASON_family_full,
                           "%d sessions below session %s, or made by runs of them, have not ended: there can't be "
                           "another",
                           LIMIT_FAMILY, id);
    return status;
}

static bool has_caps (const amounts_t *caps)
{
    return caps->tokens > 0 || caps->cost_micros > 0 || caps->run_time > 0 || caps->runs > 0;
}

static baton_status check_caps (broker_t *broker, const session_t *state, baton_error_t *error)
{
    baton_status status = BATON_OK;
    bool capped = has_caps (&state->budget.own) || has_caps (&state->budget.tree);
    for (const session_t *above = state; above->parent && !capped && status == BATON_OK;) {
        entry_t *entry = NULL;
        status = cache_get (journal_cache (broker->journal), above->parent, &entry, error);
        if (status == BATON_OK) {
            above = &entry->state;
            capped = has_caps (&above->budget.tree);
        }
    }
    if (status != BATON_OK || !capped)
        return status;
    return baton_fail (error, BATON_permission_denied, BATON_REASON_not_allowed,
                       "session %s has a budget, which a session that goes on from it would not be held to: a run of "
                       "it can make children, and people can fork it and hand it over",
                       state->session);
}

baton_status family_check_offshoot (broker_t *broker, const request_t *request, const session_t *session,
                                    baton_error_t *error)
{
    entry_t *stem = NULL;
    if (request->header.run == 0)
        return BATON_OK;
    baton_status status = check_caps (broker, session, error);
    if (status == BATON_OK)
        status = check_room (broker, session, &stem, error);
    if (status != BATON_OK || stem->state.offshoots.count < LIMIT_OFFSHOOTS)
        return status;
    return baton_fail (error, BATON_resource_exhausted, BATON_REASON_family_full,
                       "%d forks and follow-ups that runs have made below session %s have not ended: there can't be "
                       "another",
                       LIMIT_OFFSHOOTS, stem->state.session);
}

static session_create_request_t child_of (const session_spawn_request_t *params, const session_t *parent)
{
    return (session_create_request_t){
        .title = params->title,
        .objective = params->objective,
        .agent = params->agent ? params->agent : parent->agent,
        .priority = params->priority,
        .labels = params->labels,
        .driver = params->driver ? params->driver : parent->driver,
        .selector = params->selector,
        .activate = params->activate,
        .input = params->input,
        .parent = params->session,
    };
}

/*  The parent decides whether there may be a child, and the run that asks is its; what the child is decided in the name
 *  of the identity alone. */
static baton_status spawn (broker_t *broker, const command_t *command, const session_t *parent,
                           const session_create_request_t *child, void *ret_reply, baton_error_t *error)
{
    session_spawn_request_t spawn = {.session = parent->session, .title = child->title};
    command_t spawning = *command, creating = *command;
    spawning.method = METHOD_session_spawn;
    spawning.request = &spawn;
    creating.method = METHOD_session_create;
    creating.request = child;
    creating.source = parent;
    creating.run = creating.if_n = 0; /*  both are about the parent */
    entry_t *stem = NULL;
    baton_status status = check_room (broker, parent, &stem, error);
    return status == BATON_OK
               ? journal_decide_two (broker->journal,
                                     (const share_t[2]){{command->fresh, &creating}, {parent->session, &spawning}},
                                     ret_reply, error)
               : status;
}

baton_status handle_session_spawn (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_t *parent = NULL;
    char id[ID_SIZE];
    command_t command = command_of (broker, request);
    baton_status status = session_of (broker, request, &parent, error);
    if (status != BATON_OK)
        return status;
    id_new (id);
    command.fresh = id;
    session_create_request_t child = child_of (request->params, parent);
    status = spawn (broker, &command, parent, &child, ret_reply, error);
    return status == BATON_OK ? waiting_warn (broker, ret_reply, error) : status;
}

baton_status handle_create_one (broker_t *broker, const command_t *command, void *ret_reply, baton_error_t *error)
{
    const session_create_request_t *params = command->request;
    entry_t *parent = NULL;
    if (!params->parent)
        return journal_decide (broker->journal, command->fresh, command, ret_reply, error);
    baton_status status = cache_get (journal_cache (broker->journal), params->parent, &parent, error);
    return status == BATON_OK ? spawn (broker, command, &parent->state, params, ret_reply, error) : status;
}

baton_status handle_session_children (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    child_page_t *page = ret_reply;
    const session_t *state = NULL;
    baton_status status = session_of (broker, request, &state, error);
    if (status != BATON_OK)
        return status;
    page->n = state->n;
    for (size_t i = 0; i < state->children.count; i++) {
        child_row_t *child = list_append (&page->children, sizeof *child);
        if (!child || record_copy (&RECORD_child_row, &state->children.items[i], child) != BATON_OK)
            return baton_fail_memory (error);
    }
    return BATON_OK;
}

/* ---- cancelling a tree ---- */

/*  Who may end a session may not end what others have put below it. */
static baton_status check_access (broker_t *broker, const request_t *request, const baton_texts_t *ids,
                                  baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; status == BATON_OK && i < ids->count; i++) {
        entry_t *entry = NULL;
        status = cache_get (journal_cache (broker->journal), ids->items[i], &entry, error);
        audience_t audience = status == BATON_OK ? session_audience (&entry->state) : (audience_t){0};
        if (status == BATON_OK && access_of (&request->viewer, &audience) < access_own)
            status = baton_fail (error, BATON_permission_denied, BATON_REASON_no_access,
                                 "a session below %s is somebody else's: %s may not end it",
                                 ((const session_cancel_request_t *) request->params)->session, request->actor);
    }
    return status;
}

static bool goes_on (const child_row_t *child)
{
    return child->alive > 0;
}

static baton_status add_row (const session_t *state, changed_t *changed)
{
    child_row_t row = session_as_child (state);
    child_row_t *slot = list_append (&changed->tree, sizeof *slot);
    return slot ? record_copy (&RECORD_child_row, &row, slot) : BATON_resource_exhausted;
}

/*  Ends one session of the tree, unless it has ended or this is a dry run, and says what it was before. */
static baton_status cancel_one (broker_t *broker, const command_t *command, const char *session, changed_t *changed,
                                baton_error_t *error)
{
    const session_cancel_request_t *params = command->request;
    session_cancel_request_t request = {.session = (char *) session, .detail = params->detail};
    command_t one = *command;
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), session, &entry, error);
    if (status != BATON_OK || entry->state.state == lifecycle_terminated)
        return status;
    if (add_row (&entry->state, changed) != BATON_OK)
        return baton_fail_memory (error);
    one.request = &request;
    one.if_n = 0; /*  the ends of the children move the parent's journal */
    if (!params->dry_run)
        status = journal_decide (broker->journal, session, &one, changed, error);
    return status;
}

/*  Whether the session itself may be cancelled is asked first: a refusal must find nothing done. */
static baton_status check_first (broker_t *broker, const command_t *command, changed_t *ret_changed,
                                 baton_error_t *error)
{
    const session_cancel_request_t *params = command->request;
    session_cancel_request_t dry = {.session = params->session, .dry_run = true};
    command_t asking = *command;
    asking.request = &dry;
    return journal_decide (broker->journal, params->session, &asking, ret_changed, error);
}

/*  A session that has ended may have left others below it: then they are what the command is about. */
static bool has_left (broker_t *broker, const char *session)
{
    entry_t *entry = NULL;
    if (cache_get (journal_cache (broker->journal), session, &entry, NULL) != BATON_OK ||
        entry->state.state != lifecycle_terminated)
        return false;
    for (size_t i = 0; i < entry->state.children.count; i++)
        if (goes_on (&entry->state.children.items[i]))
            return true;
    return false;
}

static baton_status fill (broker_t *broker, const char *session, changed_t *changed, baton_error_t *error)
{
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), session, &entry, error);
    if (status == BATON_OK && journal_fill_changed (&entry->state, changed) != BATON_OK)
        status = baton_fail_memory (error);
    return status;
}

baton_status handle_session_cancel (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const session_cancel_request_t *params = request->params;
    changed_t *changed = ret_reply;
    baton_texts_t ids = {0};
    command_t command = command_of (broker, request);
    if (!params->tree)
        return journal_decide (broker->journal, params->session, &command, changed, error);
    baton_status status = check_first (broker, &command, changed, error);
    if (status == BATON_failed_precondition && has_left (broker, params->session))
        status = BATON_OK;
    if (status == BATON_OK)
        status = family_below (broker, params->session, goes_on, &ids, error);
    if (status == BATON_OK)
        status = check_access (broker, request, &ids, error);
    if (status == BATON_OK && texts_add (&ids, params->session) != BATON_OK)
        status = baton_fail_memory (error);
    for (size_t i = 0; status == BATON_OK && i < ids.count; i++)
        status = cancel_one (broker, &command, ids.items[i], changed, error);
    if (status == BATON_OK)
        status = fill (broker, params->session, changed, error);
    texts_clear (&ids);
    return status;
}
