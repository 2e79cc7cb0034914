/*  The edit lock: one client alone changes the session for a while. Its number, the fence, grows each time that it is
 *  given, so that whoever held it before and was asleep meanwhile cannot go on as if nothing had happened.
 *
 *  A change by anybody but the holder's own client (its identity, with the number) is refused while the lock is held.
 *  Methods stand in one of three columns:
 *
 *      edits    refused while somebody else holds the lock: all that are not named below
 *      beside   what does not edit (presence, breakpoints), and what other sessions leave here: goes on, but never
 *               under a number that is over
 *      always   stops what goes wrong: no lock is asked
 *
 *  The vote that completes a merge is an edit, too: lock_check_edit, where that is known.
 *
 *  A session's own run, its node and the broker itself are never locked out.
 */
#include "access.h"
#include "deciding.h"

#define LOCK_TTL 300000

typedef enum { COVER_usual, COVER_edits, COVER_beside, COVER_always } cover_t;

/* clang-format off */
static const cover_t COVERS[METHOD_COUNT] = {
    [METHOD_session_cancel] = COVER_always,
    [METHOD_session_interrupt] = COVER_always,
    [METHOD_session_attach] = COVER_beside,
    [METHOD_session_detach] = COVER_beside,
    [METHOD_lock_acquire] = COVER_beside,
    [METHOD_lock_renew] = COVER_beside,
    [METHOD_lock_release] = COVER_beside,
    [METHOD_lock_break] = COVER_beside,
    [METHOD_breakpoint_join] = COVER_beside,
    [METHOD_breakpoint_leave] = COVER_beside,
    [METHOD_breakpoint_claim] = COVER_beside,
    [METHOD_breakpoint_comment] = COVER_beside,
    [METHOD_breakpoint_vote] = COVER_beside,
    [METHOD_handoff_put] = COVER_edits,     /*  what session.handoff comes to */
    [METHOD_migration_start] = COVER_edits, /*  what session.migrate comes to */
    [METHOD_merge_start] = COVER_edits,     /*  what session.merge comes to */
};
/* clang-format on */

/*  Internal commands that an identity caused come from a change of another session: a message, a fork. */
static cover_t cover_of (method_id_t method)
{
    if (COVERS[method] != COVER_usual)
        return COVERS[method];
    return METHODS[method].access == ACCESS_internal ? COVER_beside : COVER_edits;
}

static bool held (const session_t *self, uint64_t now)
{
    return self->lock.holder && self->lock.until > now;
}

static bool held_by (const deciding_t *deciding)
{
    const command_t *command = deciding->command;
    return held (deciding->self, command->now) && text_equal (deciding->self->lock.holder, command->actor) &&
           command->fence == deciding->self->lock.fence;
}

static baton_status refuse_held (const deciding_t *deciding)
{
    const edit_lock_t *lock = &deciding->self->lock;
    return baton_fail (
        deciding->error, BATON_failed_precondition, BATON_REASON_lease_held,
        "%s%s%s%s holds the edit lock of session %s for %llu s more, with the fence %llu", lock->holder,
        lock->client ? " (" : "", lock->client ? lock->client : "", lock->client ? ")" : "", deciding->self->session,
        (unsigned long long) (lock->until - deciding->command->now + 999) / 1000, (unsigned long long) lock->fence);
}

static baton_status check_fence (const deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const command_t *command = deciding->command;
    bool locked = held (self, command->now);
    if (command->fence == 0 || (locked && command->fence == self->lock.fence))
        return BATON_OK;
    return baton_fail_field (deciding->error, BATON_aborted, BATON_REASON_stale_fence, "fence",
                             "the fence %llu of session %s is over: %s holds the lock%s, the last fence was %llu",
                             (unsigned long long) command->fence, self->session, locked ? self->lock.holder : "nobody",
                             locked ? " now" : " any more", (unsigned long long) self->lock.fence);
}

static bool by_person (const command_t *command)
{
    return command->run == 0 && command->role != role_none && command->role != role_node;
}

baton_status lock_check_edit (const deciding_t *deciding)
{
    bool free = !held (deciding->self, deciding->command->now) || held_by (deciding);
    return free || !by_person (deciding->command) ? BATON_OK : refuse_held (deciding);
}

baton_status lock_check (deciding_t *deciding)
{
    cover_t cover = cover_of (deciding->command->method);
    if (!by_person (deciding->command) || deciding->self->n == 0 || cover == COVER_always)
        return BATON_OK;
    baton_status status = check_fence (deciding);
    return status == BATON_OK && cover == COVER_edits ? lock_check_edit (deciding) : status;
}

/* ---- acquire, renew ---- */

/*  What is almost as long as it was asked to be is long enough: renewing often costs the journal little. */
static void prolong (deciding_t *deciding, uint64_t ttl)
{
    const edit_lock_t *lock = &deciding->self->lock;
    uint64_t now = deciding->command->now, length = ttl ? ttl : LOCK_TTL;
    deciding->changed.fence = lock->fence;
    deciding->changed.until = lock->until;
    if (lock->until >= now + length / 2)
        return;
    deciding->changed.until = now + length;
    emit (deciding, EVENT_lock_renewed, &(lock_renewed_event_t){.fence = lock->fence, .until = now + length});
}

static void release (deciding_t *deciding, lock_end_e how)
{
    const edit_lock_t *lock = &deciding->self->lock;
    emit (deciding, EVENT_lock_released,
          &(lock_released_event_t){.fence = lock->fence, .holder = lock->holder, .how = how});
}

baton_status decide_lock_acquire (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const command_t *command = deciding->command;
    const lock_acquire_request_t *request = command->request;
    if (held_by (deciding)) {
        prolong (deciding, request->ttl);
        return BATON_OK;
    }
    if (held (self, command->now))
        return refuse_held (deciding);
    if (self->lock.holder)
        release (deciding, lock_end_expired);
    deciding->changed.fence = self->lock.fence + 1;
    deciding->changed.until = command->now + (request->ttl ? request->ttl : LOCK_TTL);
    emit (deciding, EVENT_lock_acquired,
          &(lock_acquired_event_t){.fence = deciding->changed.fence,
                                   .holder = (char *) command->actor,
                                   .client = request->client,
                                   .until = deciding->changed.until});
    return BATON_OK;
}

/*  That the fence which was given is the current one has been checked before. */
static baton_status check_holder (const deciding_t *deciding)
{
    if (deciding->command->fence == 0)
        return baton_fail_field (deciding->error, BATON_invalid_argument, BATON_REASON_missing_field, "fence",
                                 "the fence that lock.acquire gave is needed");
    return held_by (deciding) ? BATON_OK : refuse_held (deciding);
}

baton_status decide_lock_renew (deciding_t *deciding)
{
    const lock_renew_request_t *request = deciding->command->request;
    baton_status status = check_holder (deciding);
    if (status == BATON_OK)
        prolong (deciding, request->ttl);
    return status;
}

/* ---- release, break, expiry ---- */

baton_status decide_lock_release (deciding_t *deciding)
{
    baton_status status = check_holder (deciding);
    if (status == BATON_OK)
        release (deciding, lock_end_released);
    return status;
}

baton_status decide_lock_break (deciding_t *deciding)
{
    const session_t *self = deciding->self;
    const command_t *command = deciding->command;
    const char *owner = session_audience (self).owner;
    if (!self->lock.holder)
        return BATON_OK;
    if (command->role != role_admin && !text_equal (command->actor, owner) &&
        !text_equal (command->actor, self->lock.holder))
        return baton_fail (
            deciding->error, BATON_permission_denied, BATON_REASON_not_allowed,
            "the lock of session %s is broken by its holder (%s), who owns the session (%s), or an admin",
            self->session, self->lock.holder, owner ? owner : "nobody");
    release (deciding, lock_end_broken);
    return BATON_OK;
}

void lock_tick (deciding_t *deciding)
{
    if (deciding->self->lock.holder && !held (deciding->self, deciding->command->now))
        release (deciding, lock_end_expired);
}

/* ---- evolve ---- */

baton_status evolve_lock_acquired (session_t *self, const event_t *event)
{
    const lock_acquired_event_t *body = event->body;
    self->lock.fence = body->fence;
    self->lock.since = event->at;
    self->lock.until = body->until;
    if (text_set (&self->lock.holder, body->holder) || text_set (&self->lock.client, body->client))
        return BATON_resource_exhausted;
    return BATON_OK;
}

baton_status evolve_lock_renewed (session_t *self, const event_t *event)
{
    const lock_renewed_event_t *body = event->body;
    self->lock.until = body->until;
    return BATON_OK;
}

/*  The number stays: it grows for ever. */
baton_status evolve_lock_released (session_t *self, const event_t *event)
{
    const lock_released_event_t *body = event->body;
    record_clear (&RECORD_edit_lock, &self->lock);
    self->lock.fence = body->fence;
    return BATON_OK;
}
