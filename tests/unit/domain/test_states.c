/*  Walks each cell of the table of lifecycle states by commands. */
#include "story.h"

#include <stdio.h>

typedef void given_fn (story_t *story);

static void given_nothing (story_t *story)
{
    story_begin (story);
}

static void given_sleeping (story_t *story)
{
    given_created (story);
    DOES (story, "session_slept", ADA, session_sleep, .until = 5, .on_message = true);
}

static void given_terminated (story_t *story)
{
    given_running (story);
    DOES (story, "run_finished lease_moved session_terminated", ADA, session_cancel);
}

/*  The columns: a session that isn't there, and one of each state, all with an ordinary past. */
static given_fn *const GIVEN[lifecycle_count] = {
    [lifecycle_none] = given_nothing,          [lifecycle_running] = given_running,
    [lifecycle_suspended] = given_created,     [lifecycle_sleeping] = given_sleeping,
    [lifecycle_terminated] = given_terminated,
};

/*  One letter a state, in the order none, running, suspended, sleeping, terminated:
 *  g no_such_session, h exists already, W wrong_state, y anything else. */
typedef struct {
    method_id_t method;
    const char *cells;
} row_t;

#define ROW(method, cells)                                                                                             \
    {                                                                                                                  \
        METHOD_##method, cells                                                                                         \
    }

/* clang-format off */
static const row_t ROWS[] = {
    ROW (session_create, "yhhhh"),
    ROW (session_update, "gyyyW"),
    ROW (session_activate, "gyyyW"),
    ROW (session_fork, "ghhhh"),
    ROW (session_branch, "gyyyy"),
    ROW (merge_start, "gyyyW"),
    ROW (session_absorb, "gyyyy"),
    ROW (handoff_put, "gyyyy"),
    ROW (handoff_take, "gyyyW"),
    ROW (session_attach, "gyyyy"),
    ROW (session_detach, "gyyyy"),
    ROW (lock_acquire, "gyyyW"),
    ROW (lock_renew, "gyyyW"),
    ROW (lock_release, "gyyyy"),
    ROW (lock_break, "gyyyy"),
    ROW (session_suspend, "gyWyW"),
    ROW (session_sleep, "gyyyW"),
    ROW (session_interrupt, "gyWWW"),
    ROW (session_complete, "gyyyW"),
    ROW (session_cancel, "gyyyW"),
    ROW (session_place, "gyWWW"),
    ROW (session_fence, "gyyyy"),
    ROW (session_tick, "gyyyy"),
    ROW (session_watch, "gyyyW"),
    ROW (session_unwatch, "gyyyy"),
    ROW (session_ended, "gyyyy"),
    ROW (dependency_add, "gWyyW"),
    ROW (dependency_remove, "gyyyW"),
    ROW (trigger_changed, "gyyyy"),
    ROW (session_host, "gyyyy"),
    ROW (trigger_add, "gyyyW"),
    ROW (trigger_remove, "gyyyW"),
    ROW (trigger_fire, "gyyyW"),
    ROW (trigger_due, "gyyyy"),
    ROW (run_started, "gyyyy"),
    ROW (run_finished, "gyyyy"),
    ROW (item_append, "gyyyW"),
    ROW (memory_set, "gyyyW"),
    ROW (memory_delete, "gyyyW"),
    ROW (decision_record, "gyyyW"),
    ROW (decision_withdraw, "gyyyW"),
    ROW (artifact_put, "gyyyW"),
    ROW (breakpoint_ask, "gyyyW"),
    ROW (breakpoint_join, "gyyyy"),
    ROW (breakpoint_leave, "gyyyy"),
    ROW (breakpoint_claim, "gyyyy"),
    ROW (breakpoint_comment, "gyyyy"),
    ROW (breakpoint_vote, "gyyyy"),
    ROW (breakpoint_cancel, "gyyyy"),
    ROW (message_post, "gyyyW"),
    ROW (message_reply, "gyyyW"),
    ROW (message_cast, "gyyyW"),
    ROW (message_redeliver, "gyyyy"),
    ROW (message_refuse, "gyyyy"),
    ROW (change_refused, "gyyyy"),
    ROW (message_deliver, "gyyyW"),
    ROW (message_receipt, "gyyyy"),
    ROW (message_read, "gyyyW"),
    ROW (migration_start, "gyyyW"),
    ROW (migration_prepared, "gyyyy"),
    ROW (migration_frozen, "gyyyy"),
    ROW (migration_accepted, "gyyyy"),
    ROW (migration_resumed, "gyyyy"),
    ROW (migration_failed, "gyyyy"),
    ROW (session_spawn, "gyyyW"),
    ROW (budget_set, "gyyyy"),
    ROW (usage_report, "gyyyW"),
    ROW (budget_check, "gyyyy"),
    ROW (budget_hold, "gyyyy"),
    ROW (child_note, "gyyyy"),
    ROW (offshoot_note, "gyyyy"),
    ROW (child_ask, "gyyyy"),
    ROW (parent_note, "gyyyW"),
    ROW (session_import, "gyyyy"),
    ROW (session_moved, "gyyyy"),
    ROW (migration_abort, "gyyyW"),
    ROW (session_share, "gyyyy"),
    ROW (session_unshare, "gyyyy"),
    ROW (session_transfer, "gyyyy"),
    ROW (context_clear, "gyyyW"),
    ROW (session_save, "gyyyW"),
    ROW (session_compact, "gyyyW"),
    ROW (session_uncompact, "gyyyW"),
    ROW (session_restore, "gWyyW"),
    ROW (item_pin, "gyyyW"),
    ROW (item_unpin, "gyyyW"),
};
/* clang-format on */

/*  A request that names what the states above have, with every required field. */
static void fill (method_id_t method, void *request)
{
    static const struct {
        const char *field, *value;
    } TEXTS[] = {{"session", STORY_ID},   {"seen", "x"},    {"watcher", "s2"},     {"ended", "s2"},  {"on", "s2"},
                 {"title", "T"},          {"key", "k"},     {"value", "v"},        {"name", "a"},    {"id", "m1"},
                 {"from", "ada"},         {"to", "s2"},     {"node", "n1"},        {"target", "n2"}, {"text", "words"},
                 {"manifest", "d"},       {"fork", "f1"},   {"option", "approve"}, {"with", "bob"},  {"owner", "bob"},
                 {"into", "s2"},          {"client", "c1"}, {"child", "s9"},       {"by", "s0"},     {"digest", "d"},
                 {"method", "memory.set"}};
    static uint8_t one = 1; /*  the msgpack number */
    const record_type_t *type = &METHODS[method].type;
    for (size_t i = 0; i < COUNT (TEXTS); i++) {
        const field_t *field = record_field (type, TEXTS[i].field);
        if (field && (field->kind == FIELD_TEXT || field->kind == FIELD_LINE || field->kind == FIELD_NAME))
            *(const char **) ((uint8_t *) request + field->offset) = TEXTS[i].value;
    }
    for (const field_t *field = type->fields (); field->name; field++)
        if (field->required && field->kind == FIELD_UINT)
            *(uint64_t *) (void *) ((uint8_t *) request + field->offset) = 1;
        else if (field->required && field->kind == FIELD_ENUM)
            *(unsigned *) (void *) ((uint8_t *) request + field->offset) = 1;
        else if (field->required && field->kind == FIELD_VALUE)
            *(baton_bytes_t *) (void *) ((uint8_t *) request + field->offset) = (baton_bytes_t){1, &one};
}

static char cell_of (const story_t *story, baton_status status)
{
    if (status == BATON_not_found && story->error.reason == BATON_REASON_no_such_session)
        return 'g';
    if (status == BATON_already_exists && story->error.reason == BATON_REASON_name_taken)
        return 'h';
    char because[64];
    snprintf (because, sizeof because, "session s1 is %s (", enum_name (&lifecycle_names, story->state.state));
    bool state = strncmp (story->error.message, because, strlen (because)) == 0;
    if (status == BATON_failed_precondition && story->error.reason == BATON_REASON_wrong_state && state)
        return 'W';
    return 'y';
}

/*  Who it has to be, so that nothing but the state can refuse it. */
static who_t who_for (const story_t *story, method_id_t method)
{
    if (METHODS[method].access == ACCESS_node)
        return NODE ("n1", story->state.lease.epoch);
    return METHODS[method].access == ACCESS_internal ? BROKER : (who_t){"ada", role_operator, .digest = "d"};
}

static void check_cell (const row_t *row, lifecycle_e state)
{
    uint64_t request[64] = {0}; /*  larger than any request that is decided here, and aligned */
    story_t story;
    GIVEN[state](&story);
    assert_true (METHODS[row->method].type.size <= sizeof request);
    fill (row->method, request);
    uint64_t n = story.state.n;
    baton_status status = give (&story, who_for (&story, row->method), row->method, request);
    char got = cell_of (&story, status);
    if (got != row->cells[state])
        fail_msg ("%s while %s: expected %c, got %c: %s", METHODS[row->method].name,
                  enum_name (&lifecycle_names, state), row->cells[state], got, story.error.message);
    if (row->cells[state] != 'y')
        assert_int_equal (story.state.n, n);
    story_end (&story);
}

static void test_each_cell (void **context)
{
    (void) context;
    for (size_t i = 0; i < COUNT (ROWS); i++)
        for (lifecycle_e state = lifecycle_none; state < lifecycle_count; state++)
            check_cell (&ROWS[i], state);
}

/*  A method of a session that changes something and isn't in the table would be forgotten by the walk. session.migrate
 *  is turned into migration.start by the broker, and session.handoff into handoff.put. */
static void test_no_method_is_missing (void **context)
{
    (void) context;
    for (method_id_t method = 1; method < METHOD_COUNT; method++) {
        bool decided = METHODS[method].target == TARGET_session && METHODS[method].change &&
                       method != METHOD_session_migrate && method != METHOD_session_handoff;
        size_t found = 0;
        for (size_t i = 0; i < COUNT (ROWS); i++)
            found += ROWS[i].method == method;
        if (found != decided)
            fail_msg ("%s stands in the table %zu times", METHODS[method].name, found);
    }
}

static void test_the_sentence_names_session_state_cause_and_command (void **context)
{
    (void) context;
    story_t story;
    given_terminated (&story);
    FAILS (&story, failed_precondition, wrong_state, ADA, session_activate);
    assert_string_equal (story.error.message, "session s1 is terminated (cancelled): it can't be activated");
    story_end (&story);
}

static void test_others_are_not_decided_here (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    FAILS (&story, internal, bug, ADA, session_show);
    FAILS (&story, internal, bug, ADA, session_migrate);
    story_end (&story);
}

static void test_if_n (void **context)
{
    (void) context;
    story_t story;
    given_created (&story);
    who_t ada = ADA;
    ada.if_n = 2;
    FAILS (&story, aborted, version_mismatch, ada, session_activate);
    assert_non_null (strstr (story.error.message, "at n 1"));
    ada.if_n = 1;
    DOES (&story, "session_activated run_queued", ada, session_activate);
    /*  Before the state: who has read an old n must read again first. */
    ada.if_n = 2;
    FAILS (&story, aborted, version_mismatch, ada, session_place, .node = (char *) "n1");
    story_end (&story);
}

/* ---- if_n and the edit lock, method by method ---- */

/*  A wrong position refuses every change, and changes nothing. */
static void test_each_method_heeds_if_n (void **context)
{
    (void) context;
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        uint64_t request[64] = {0};
        story_t story;
        if (ROWS[i].method == METHOD_session_create || ROWS[i].method == METHOD_session_fork)
            continue; /*  decided by a session that is not there yet */
        given_running (&story);
        fill (ROWS[i].method, request);
        who_t who = who_for (&story, ROWS[i].method);
        for (uint64_t wrong = story.state.n - 1; wrong <= story.state.n + 1; wrong += 2) {
            who.if_n = wrong;
            check_refused (&story, give (&story, who, ROWS[i].method, request), BATON_aborted,
                           BATON_REASON_version_mismatch, METHODS[ROWS[i].method].name, (int) wrong);
        }
        story_end (&story);
    }
}

/*  What goes on beside a lock, and what no lock holds up; everything else is an edit. */
static const method_id_t BESIDE[] = {METHOD_session_attach,     METHOD_session_detach,   METHOD_lock_acquire,
                                     METHOD_lock_renew,         METHOD_lock_release,     METHOD_lock_break,
                                     METHOD_breakpoint_join,    METHOD_breakpoint_leave, METHOD_breakpoint_claim,
                                     METHOD_breakpoint_comment, METHOD_breakpoint_vote};
static const method_id_t ALWAYS[] = {METHOD_session_cancel, METHOD_session_interrupt};

static bool among (const method_id_t *methods, size_t count, method_id_t method)
{
    for (size_t i = 0; i < count; i++)
        if (methods[i] == method)
            return true;
    return false;
}

/*  ada has had fence 1 and holds fence 2, or as the case wants it. */
static baton_reason give_locked (method_id_t method, who_t who)
{
    uint64_t request[64] = {0};
    story_t story;
    given_running (&story);
    who_t ada = ADA;
    DOES (&story, "lock_acquired", ADA, lock_acquire);
    ada.fence = 1;
    DOES (&story, "lock_released", ada, lock_release);
    DOES (&story, "lock_acquired", ADA, lock_acquire);
    uint64_t n = story.state.n;
    fill (method, request);
    baton_status status = give (&story, who, method, request);
    if (status != BATON_OK)
        assert_int_equal (story.state.n, n);
    story_end (&story);
    return status == BATON_OK ? BATON_REASON_none : story.error.reason;
}

static void check_lock (method_id_t method)
{
    bool always = among (ALWAYS, COUNT (ALWAYS), method);
    bool edits = !always && !among (BESIDE, COUNT (BESIDE), method), takes = method == METHOD_lock_acquire;
    const struct {
        who_t who;
        bool held, stale;
    } CASES[] = {
        {{"ada", role_operator, .digest = "d", .fence = 2}, false, false},
        {{"ada", role_operator, .digest = "d"}, edits || takes, false},
        {{"ada", role_operator, .digest = "d", .fence = 1}, false, !always},
        {{"ada", role_operator, .digest = "d", .fence = 3}, false, !always},
        {{"bob", role_operator, .digest = "d"}, edits || takes, false},
        {{"bob", role_operator, .digest = "d", .fence = 1}, false, !always},
        {{"bob", role_operator, .digest = "d", .fence = 2},
         edits || takes || method == METHOD_lock_renew || method == METHOD_lock_release,
         false},
        {{"root", role_admin, .digest = "d"}, edits || takes, false},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        baton_reason reason = give_locked (method, CASES[i].who);
        if ((reason == BATON_REASON_lease_held) != CASES[i].held ||
            (reason == BATON_REASON_stale_fence) != CASES[i].stale)
            fail_msg ("%s, case %zu: got %s", METHODS[method].name, i, baton_reason_name (reason));
    }
}

static void test_each_method_heeds_the_lock (void **context)
{
    (void) context;
    who_t run = RUN ("n1", 1, 1);
    run.digest = "d";
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        const method_row_t *row = &METHODS[ROWS[i].method];
        bool refused = ROWS[i].cells[lifecycle_running] == 'W'; /*  the state is looked at first */
        bool person = row->access != ACCESS_node && row->access != ACCESS_internal && row->access != ACCESS_open;
        if (person && !refused && ROWS[i].method != METHOD_session_create && ROWS[i].method != METHOD_session_fork)
            check_lock (ROWS[i].method);
        else if (row->access == ACCESS_internal)
            assert_int_not_equal (give_locked (ROWS[i].method, BROKER), BATON_REASON_lease_held);
        else if (row->access == ACCESS_node)
            assert_int_not_equal (give_locked (ROWS[i].method, NODE ("n1", 1)), BATON_REASON_lease_held);
        if (row->inside)
            assert_int_not_equal (give_locked (ROWS[i].method, run), BATON_REASON_lease_held);
    }
    /*  On behalf of somebody: a message from elsewhere comes in, a migration does not begin. */
    assert_int_equal (give_locked (METHOD_message_deliver, BOB), BATON_REASON_none);
    assert_int_equal (give_locked (METHOD_migration_start, BOB), BATON_REASON_lease_held);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_each_cell),
        cmocka_unit_test (test_no_method_is_missing),
        cmocka_unit_test (test_the_sentence_names_session_state_cause_and_command),
        cmocka_unit_test (test_others_are_not_decided_here),
        cmocka_unit_test (test_if_n),
        cmocka_unit_test (test_each_method_heeds_if_n),
        cmocka_unit_test (test_each_method_heeds_the_lock),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
