/*  Sessions that wait for others: whether there is such a session, and no cycle. */
#include "handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the other session ---- */

/*  The session that another is to wait for: it must be there, and have room. */
static baton_status find_other (broker_t *broker, const char *other, const char *field, const session_t **ret_state,
                                baton_error_t *error)
{
    entry_t *entry = NULL;
    baton_status status = cache_get (journal_cache (broker->journal), other, &entry, error);
    if (status == BATON_not_found)
        return baton_fail_field (error, BATON_not_found, BATON_REASON_no_such_session, field,
                                 "there is no session %s to wait for", other);
    if (status == BATON_OK && entry->state.watchers.count >= LIMIT_WATCHERS)
        status = baton_fail_field (error, BATON_resource_exhausted, BATON_REASON_busy, field,
                                   "%d sessions wait for the end of session %s already", LIMIT_WATCHERS, other);
    if (status == BATON_OK)
        *ret_state = &entry->state;
    return status;
}

baton_status handle_after_check (broker_t *broker, const char *session, const char *after, baton_error_t *error)
{
    const session_t *other = NULL;
    if (after && text_equal (session, after))
        return baton_fail_field (error, BATON_invalid_argument, BATON_REASON_bad_value, "after",
                                 "session %s can't wait for its own end", session);
    return after ? find_other (broker, after, "after", &other, error) : BATON_OK;
}

static baton_status check_ended (const session_t *other, const char *field, baton_error_t *error)
{
    if (other->state != lifecycle_terminated || cause_is_success (other->cause))
        return BATON_OK;
    return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_dependency_failed, field,
                             "session %s has ended already, without reaching its objective (%s)", other->session,
                             enum_name (&cause_names, other->cause));
}

/* ---- cycles ---- */

/*  A session that was come upon, and from which one. */
typedef struct {
    const char *session;
    size_t from;
} step_t;

typedef struct {
    size_t count;
    step_t *items;
} walk_t;

static bool was_there (const walk_t *walk, const char *session)
{
    for (size_t i = 0; i < walk->count; i++)
        if (strcmp (walk->items[i].session, session) == 0)
            return true;
    return false;
}

static baton_status add_step (walk_t *walk, const char *session, size_t from)
{
    step_t *step = list_append (walk, sizeof *step);
    if (!step)
        return BATON_resource_exhausted;
    *step = (step_t){session, from};
    return BATON_OK;
}

/*  "a waits for b waits for a", backwards from the step that closes it. */
static baton_status refuse_cycle (const walk_t *walk, size_t at, const char *session, baton_error_t *error)
{
    char path[LIMIT_SHORT / 2] = "";
    for (size_t i = at;; i = walk->items[i].from) {
        char before[sizeof path];
        strcpy (before, path);
        snprintf (path, sizeof path, "%s waits for %s", walk->items[i].session, *before ? before : session);
        if (i == 0)
            break;
    }
    return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_dependency_cycle, "on",
                             "the sessions would wait for each other: %s waits for %s", session, path);
}

/*  Whether a session, `on`, waits for `session` already, by however many in between. */
static baton_status check_cycle (broker_t *broker, const char *session, const char *on, baton_error_t *error)
{
    walk_t walk = {0};
    baton_status status = add_step (&walk, on, 0) == BATON_OK ? BATON_OK : baton_fail_memory (error);
    for (size_t at = 0; status == BATON_OK && at < walk.count; at++) {
        entry_t *entry = NULL;
        if (at >= LIMIT_CYCLE)
            status =
                baton_fail_field (error, BATON_resource_exhausted, BATON_REASON_too_large, "on",
                                  "session %s waits for more than %d sessions, one for the other", on, LIMIT_CYCLE);
        else
            status = cache_get (journal_cache (broker->journal), walk.items[at].session, &entry, error);
        for (size_t i = 0; status == BATON_OK && i < entry->state.depends_on.count; i++) {
            const dependency_t *next = &entry->state.depends_on.items[i];
            if (next->ended != cause_none || was_there (&walk, next->session))
                continue;
            if (text_equal (next->session, session))
                status = refuse_cycle (&walk, at, session, error);
            else if (add_step (&walk, next->session, at) != BATON_OK)
                status = baton_fail_memory (error);
        }
    }
    free (walk.items);
    return status;
}

baton_status handle_dependency_add (broker_t *broker, request_t *request, void *ret_reply, baton_error_t *error)
{
    const dependency_add_request_t *params = request->params;
    const session_t *other = NULL;
    command_t command = command_of (broker, request);
    if (text_equal (params->session, params->on))
        return baton_fail_field (error, BATON_failed_precondition, BATON_REASON_dependency_cycle, "on",
                                 "session %s can't wait for itself", params->session);
    baton_status status = find_other (broker, params->on, "on", &other, error);
    if (status == BATON_OK)
        status = check_ended (other, "on", error);
    if (status == BATON_OK)
        status = check_cycle (broker, params->session, params->on, error);
    return status == BATON_OK ? journal_decide (broker->journal, params->session, &command, ret_reply, error) : status;
}

/* ---- a session that begins with dependencies ---- */

baton_status handle_create_check (broker_t *broker, const session_create_request_t *params, baton_error_t *error)
{
    const session_t *other = NULL;
    baton_status status = BATON_OK;
    for (size_t i = 0; i < params->depends_on.count && status == BATON_OK; i++) {
        status = find_other (broker, params->depends_on.items[i], "depends_on", &other, error);
        if (status == BATON_OK)
            status = check_ended (other, "depends_on", error);
    }
    return status;
}
