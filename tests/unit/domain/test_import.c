/*  What of a session an import keeps, and what means something at one site only. */
#include "fill.h"
#include "keyed.h"
#include "story.h"

/*  By name: with CLEARED and CHANGED, all there is. */
static const char *const KEPT[] = {
    "session",     "title",   "objective", "agent",   "priority", "labels",   "created_at", "created_by",
    "forked_from", "lineage", "ancestors", "depth",   "forks",    "bindings", "driver",     "multitask",
    "queue",       "before",  "items",     "tokens",  "window",   "memory",   "decisions",  "artifacts",
    "breakpoints", "dead",    "seen",      "refused", "ended",    "waiting",  "lent", /*  in answers only */
};

static const char *const CLEARED[] = {
    "node",       "selector",  "home",      "origin", "wake_on_message", "wake_on_family", "wake_at",       "clients",
    "watchers",   "parent",    "root",      "level",  "parent_ended",    "children",       "child_ended_n", "follows",
    "depends_on", "migration", "migrating", "stem",   "offshoots",       "folder",         "carried_from",  "merge",
};

/*  In part, or to what the import says. */
static const char *const CHANGED[] = {
    "n",     "asked", "carried", "owed",     "state", "cause",  "active_at",  "audience",    "workspace",
    "lease", "run",   "mailbox", "triggers", "lock",  "budget", "provenance", "checkpoints",
};

static bool is_in (const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (names[i], name) == 0)
            return true;
    return false;
}

/*  The record with nothing but that field, encoded. */
static baton_bytes_t field_of (const session_t *state, const field_t *field)
{
    session_t only = {0};
    baton_bytes_t bytes = {0};
    assert_int_equal (record_copy_field (field, state, &only), BATON_OK);
    assert_int_equal (record_encode (&RECORD_session, &only, &bytes), BATON_OK);
    record_clear (&RECORD_session, &only);
    return bytes;
}

static void each_field_is_kept_cleared_or_changed (void **context)
{
    (void) context;
    session_t before = {0}, after = {0}, nothing = {0};
    uint64_t seed = 1;
    session_imported_event_t body = {.provenance = {.site = (char *) "s", .session = (char *) "x", .n = 1}};
    fill_record (&RECORD_session, &before, 100, &seed);
    assert_int_equal (record_copy (&RECORD_session, &before, &after), BATON_OK);
    event_t event = {
        .kind = EVENT_session_imported, .n = before.n + 1, .at = 7, .actor = (char *) "ada", .body = &body};
    assert_int_equal (session_evolve (&after, &event), BATON_OK);
    for (const field_t *field = RECORD_session.fields (); field->name; field++) {
        bool kept = is_in (KEPT, COUNT (KEPT), field->name), cleared = is_in (CLEARED, COUNT (CLEARED), field->name);
        if (kept + cleared + is_in (CHANGED, COUNT (CHANGED), field->name) != 1)
            fail_msg ("an import must keep, clear or change the session's field %s: see import.c, and name it here",
                      field->name);
        baton_bytes_t old = field_of (&before, field), now = field_of (&after, field),
                      none = field_of (&nothing, field);
        if (kept && !bytes_equal (&old, &now))
            fail_msg ("an import loses the session's field %s", field->name);
        if (cleared && !bytes_equal (&now, &none))
            fail_msg ("an import takes the session's field %s along", field->name);
        bytes_clear (&old);
        bytes_clear (&now);
        bytes_clear (&none);
    }
    assert_null (after.run.node);
    assert_null (after.lease.node);
    assert_null (after.lock.holder);
    assert_int_equal (after.audience.shares.count, 0);
    assert_int_equal (after.budget.holds.count, 0);
    for (size_t i = 0; i < after.triggers.count; i++) {
        assert_null (after.triggers.items[i].after);
        assert_null (after.triggers.items[i].seen);
    }
    for (size_t i = 0; i < after.mailbox.count; i++)
        assert_null (after.mailbox.items[i].from_session);
    record_clear (&RECORD_session, &before);
    record_clear (&RECORD_session, &after);
}

static void a_session_moves_once_and_standing_still (void **context)
{
    (void) context;
    story_t story;
    given_running (&story);
    FAILS (&story, failed_precondition, wrong_state, ADA, session_moved, .site = (char *) "there", .as = (char *) "x");
    DOES (&story, "run_stopping", ADA, session_suspend);
    DOES (&story, "run_finished session_suspended", NODE ("n1", 1), run_finished, .run = 1, .attempt = 1);
    DOES (&story, "lease_moved session_terminated", ADA, session_moved, .site = (char *) "there", .as = (char *) "x");
    CHECK_STATE (&story, terminated, moved);
    assert_string_equal (story.state.ended.detail, "to the site there, as x");
    DOES (&story, "", ADA, session_moved, .site = (char *) "there", .as = (char *) "x"); /*  said again */
    story_end (&story);
    given_created (&story);
    DOES (&story, "session_terminated", ADA, session_cancel);
    FAILS (&story, failed_precondition, wrong_state, ADA, session_moved, .site = (char *) "there", .as = (char *) "x");
    story_end (&story);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (each_field_is_kept_cleared_or_changed),
                                       cmocka_unit_test (a_session_moves_once_and_standing_still)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
