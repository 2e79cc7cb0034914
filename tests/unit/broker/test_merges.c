/*  Forks and merges in the journals of two sessions: what is read of the past, and all or nothing. */
#include "on_stage.h"

#include "history.h"
#include "keyed.h"
#include "merge.h"

static baton_status fork_of (const char *source, const char *id)
{
    const session_t *from = state_of (source);
    session_fork_request_t fork = {.session = (char *) source, .title = (char *) id};
    session_branch_request_t branch = {.session = (char *) source, .fork = (char *) id, .at = from->n};
    command_t forking = {.method = METHOD_session_fork, .request = &fork, .now = STAGE_NOW, .source = from};
    command_t branching = {.method = METHOD_session_branch, .request = &branch, .now = STAGE_NOW};
    stage.error = (baton_error_t){0};
    return journal_decide_two (stage.journal, (const share_t[2]){{id, &forking}, {source, &branching}}, &stage.changed,
                               &stage.error);
}

static void append (const char *session, const char *text)
{
    stage_do (&stage, session, METHOD_item_append,
              &(item_append_request_t){.session = (char *) session, .role = item_role_user, .text = (char *) text});
}

static merge_basis_t basis_of (const char *ours, const char *theirs)
{
    session_t states[2] = {0};
    merge_basis_t basis = {0};
    baton_error_t error = {0};
    if (history_basis (stage.store, NULL, ours, theirs, &states[0], &states[1], &basis, &error) != BATON_OK)
        fail_msg ("%s", error.message);
    assert_int_equal (basis.ours_n, states[0].n);
    assert_int_equal (basis.theirs_n, states[1].n);
    record_clear (&RECORD_session, &states[0]);
    record_clear (&RECORD_session, &states[1]);
    return basis;
}

static void merge (const char *into, const char *from, bool keep)
{
    merge_basis_t basis = basis_of (into, from);
    merge_start_request_t start = {.session = (char *) into};
    uint64_t conflicts = 0;
    if (merge_plan (state_of (into), state_of (from), &basis, keep, &start.merge, &conflicts, &stage.error) != BATON_OK)
        fail_msg ("%s", stage.error.message);
    assert_int_equal (conflicts, 0);
    stage_do (&stage, into, METHOD_merge_start, &start);
    record_clear (&RECORD_merge, &start.merge);
    record_clear (&RECORD_merge_basis, &basis);
}

static uint8_t memory_of (const char *session, const char *key)
{
    const memory_t *memory = keyed_find (&state_of (session)->memory, &RECORD_memory, key);
    return memory ? memory->value.data[0] : 0;
}

/* ---- what is read ---- */

/*  The base is the state at the fork, however far both have gone on, and whoever asks. */
static void the_base_is_what_was_forked (void **state)
{
    (void) state;
    assert_int_equal (stage_note (&stage, "a", "color", 1), BATON_OK);
    append ("a", "old");
    assert_int_equal (fork_of ("a", "b"), BATON_OK);
    assert_int_equal (stage_note (&stage, "a", "color", 2), BATON_OK);
    assert_int_equal (stage_note (&stage, "b", "color", 3), BATON_OK);
    append ("b", "new");
    append ("b", "newer");
    stage_commit (&stage);
    merge_basis_t ours = basis_of ("a", "b"), theirs = basis_of ("b", "a");
    session_t replayed = {0};
    baton_error_t error = {0};
    assert_int_equal (history_replay (stage.store, "a", 3, &replayed, &error), BATON_OK);
    assert_string_equal (ours.state.session, "a");
    assert_int_equal (ours.state.n, 3);
    assert_int_equal (theirs.state.n, 3);
    assert_int_equal (ours.state.memory.items[0].value.data[0], 1);
    assert_int_equal (replayed.memory.items[0].value.data[0], 1); /*  as the long way has it */
    assert_int_equal (ours.items, 2);
    assert_int_equal (ours.segments.count, 1);
    assert_int_equal (theirs.items, 0);
    assert_int_equal (theirs.segments.count, 0); /*  a stretch without an item is none */
    record_clear (&RECORD_session, &replayed);
    record_clear (&RECORD_merge_basis, &ours);
    record_clear (&RECORD_merge_basis, &theirs);
}

static void a_later_base_is_replayed (void **state)
{
    (void) state;
    assert_int_equal (fork_of ("a", "b"), BATON_OK);
    assert_int_equal (stage_note (&stage, "b", "color", 3), BATON_OK);
    append ("b", "one");
    stage_commit (&stage);
    merge ("a", "b", true);
    append ("b", "two");
    stage_commit (&stage);
    merge_basis_t basis = basis_of ("a", "b");
    assert_string_equal (basis.state.session, "b");
    assert_int_equal (basis.state.n, 3); /*  what was merged */
    assert_int_equal (basis.items, 1);
    record_clear (&RECORD_merge_basis, &basis);
}

/*  What a rollback has undone is no item that comes in. */
static void undone_items_do_not_count (void **state)
{
    (void) state;
    assert_int_equal (fork_of ("a", "b"), BATON_OK);
    append ("b", "before");
    stage_do (&stage, "b", METHOD_session_activate, &(session_activate_request_t){.session = (char *) "b"});
    append ("b", "undone");
    stage_do (&stage, "b", METHOD_session_place, &(session_place_request_t){(char *) "b", (char *) "n1"});
    stage_do (&stage, "b", METHOD_session_activate,
              &(session_activate_request_t){.session = (char *) "b", .multitask_strategy = multitask_rollback});
    stage_do (&stage, "b", METHOD_session_fence, &(session_fence_request_t){(char *) "b", (char *) "n1"});
    stage_commit (&stage);
    merge_basis_t basis = basis_of ("a", "b");
    assert_int_equal (basis.items, 1);
    record_clear (&RECORD_merge_basis, &basis);
}

static void strangers_have_no_base (void **state)
{
    (void) state;
    session_t states[2] = {0};
    merge_basis_t basis = {0};
    baton_error_t error = {0};
    stage_create (&stage, "z");
    stage_commit (&stage);
    assert_int_equal (history_basis (stage.store, NULL, "a", "z", &states[0], &states[1], &basis, &error),
                      BATON_failed_precondition);
    assert_int_equal (error.reason, BATON_REASON_no_common_ancestor);
    assert_int_equal (history_basis (stage.store, NULL, "a", "nobody", &states[0], &states[1], &basis, &error),
                      BATON_not_found);
    record_clear (&RECORD_session, &states[0]);
    record_clear (&RECORD_session, &states[1]);
}

/* ---- all or nothing ---- */

static void a_fork_that_is_refused_leaves_nothing (void **state)
{
    (void) state;
    stage_do (&stage, "a", METHOD_session_activate, &(session_activate_request_t){.session = (char *) "a"});
    uint64_t n = state_of ("a")->n;
    entry_t *entry = NULL;
    assert_int_equal (fork_of ("a", "b"), BATON_failed_precondition);
    assert_int_equal (state_of ("a")->n, n);
    stage_commit (&stage);
    assert_int_equal (cache_get (journal_cache (stage.journal), "b", &entry, NULL), BATON_not_found);
}

static void both_journals_hear_of_a_merge_or_neither (void **state)
{
    (void) state;
    assert_int_equal (fork_of ("a", "b"), BATON_OK);
    assert_int_equal (stage_note (&stage, "b", "color", 3), BATON_OK);
    stage_commit (&stage);
    uint64_t n[2] = {state_of ("a")->n, state_of ("b")->n};
    stage_break_disk (&stage);
    merge ("a", "b", false);
    assert_int_equal (state_of ("b")->state, lifecycle_terminated);
    assert_int_not_equal (journal_commit (stage.journal, &stage.error), BATON_OK);
    stage_mend_disk (&stage);
    assert_int_equal (state_of ("a")->n, n[0]);
    assert_int_equal (state_of ("b")->n, n[1]);
    assert_int_equal (memory_of ("a", "color"), 0);
    merge ("a", "b", false);
    stage_commit (&stage);
    stage_reopen (&stage);
    assert_int_equal (memory_of ("a", "color"), 3);
    assert_int_equal (state_of ("b")->cause, cause_merged);
    assert_int_equal (state_of ("b")->n, n[1] + 2); /*  branch_merged, session_terminated */
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, set_up_one, tear_down)
    const struct CMUnitTest tests[] = {
        TEST (the_base_is_what_was_forked),
        TEST (a_later_base_is_replayed),
        TEST (undone_items_do_not_count),
        TEST (strangers_have_no_base),
        TEST (a_fork_that_is_refused_leaves_nothing),
        TEST (both_journals_hear_of_a_merge_or_neither),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
