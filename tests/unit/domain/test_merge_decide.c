/*  A merge with conflicts: how they are decided, key by key, and what that makes of the session. */
#include "one_family.h"

/*  Three conflicts (a, b, c), and a key that only the branch has. */
static void given_conflicts (member_t **into, member_t **from)
{
    *into = family_create (&family);
    set_memory (&family, *into, "a", 1);
    *from = family_fork (&family, *into);
    for (const char *key = "abc"; *key; key++) {
        set_memory (&family, *into, (char[]){*key, 0}, 2);
        set_memory (&family, *from, (char[]){*key, 0}, 3);
    }
    set_memory (&family, *from, "only", 4);
    assert_int_equal (family_merge (&family, *into, *from, false), 3);
    assert_int_equal (now_of (*into)->merge.breakpoint, 1);
}

static void vote (member_t *member, const char *key, const char *option)
{
    if (family_vote (&family, member, "ada", key, option, NULL) != BATON_OK)
        fail_msg ("%s: %s", key, family.error.message);
}

static void test_it_is_merged_when_the_last_key_is_decided (void **state)
{
    (void) state;
    member_t *into, *from;
    uint8_t nine = 9;
    given_conflicts (&into, &from);
    assert_int_equal (memory_of (into, "only"), 0); /*  nothing before all is decided */
    vote (into, "memory/a", "ours");
    vote (into, "memory/b", "theirs");
    assert_int_equal (memory_of (into, "b"), 2);
    assert_int_equal (now_of (into)->breakpoints.items[0].state, breakpoint_state_open);
    assert_int_equal (family_vote (&family, into, "bob", "memory/c", "edit", &nine), BATON_OK);
    assert_string_equal (family.changed.outcome, "merged");
    assert_int_equal (memory_of (into, "a"), 2);
    assert_int_equal (memory_of (into, "b"), 3);
    assert_int_equal (memory_of (into, "c"), 9);
    assert_int_equal (memory_of (into, "only"), 4);
    const memory_t *edited = keyed_find (&now_of (into)->memory, &RECORD_memory, "c");
    assert_null (edited->session); /*  it was set here */
    assert_int_equal (edited->n, into->n);
    assert_int_equal (now_of (into)->merge.breakpoint, 0);
    assert_int_equal (now_of (into)->breakpoints.items[0].state, breakpoint_state_decided);
    assert_string_equal (now_of (into)->breakpoints.items[0].outcome, "merged");
}

static void vote_refused (member_t *member, const char *key, const char *option, const uint8_t *edit,
                          baton_reason reason)
{
    assert_int_not_equal (family_vote (&family, member, "ada", key, option, edit), BATON_OK);
    if (family.error.reason != reason)
        fail_msg ("%s: %s", baton_reason_name (family.error.reason), family.error.message);
}

static void test_votes_that_are_refused (void **state)
{
    (void) state;
    member_t *into, *from;
    uint8_t nine = 9;
    given_conflicts (&into, &from);
    vote_refused (into, NULL, "ours", NULL, BATON_REASON_missing_field);
    assert_non_null (strstr (family.error.message, "memory/a, memory/b, memory/c"));
    vote_refused (into, "memory/only", "ours", NULL, BATON_REASON_no_such_key);
    vote_refused (into, "memory/z", "ours", NULL, BATON_REASON_no_such_key);
    assert_non_null (strstr (family.error.message, "memory/a, memory/b, memory/c"));
    vote_refused (into, "memory/a", "mine", NULL, BATON_REASON_bad_value);
    vote_refused (into, "memory/a", NULL, NULL, BATON_REASON_bad_value);
    vote_refused (into, "memory/a", "edit", NULL, BATON_REASON_missing_field);
    vote_refused (into, "memory/a", "ours", &nine, BATON_REASON_bad_value);
    vote (into, "memory/a", "ours");
    vote_refused (into, "memory/a", "theirs", NULL, BATON_REASON_already_decided);
    breakpoint_ask_request_t ask = {
        .key = (char *) "k", .kind = breakpoint_kind_merge_conflict, .title = (char *) "T", .options = {0}};
    assert_int_equal (family_give (&family, into, "ada", METHOD_breakpoint_ask, &ask, NULL), BATON_invalid_argument);
    assert_string_equal (family.error.field, "kind");
}

static void test_a_policy_counts_for_each_key (void **state)
{
    (void) state;
    member_t *into = family_create (&family);
    member_t *from = family_fork (&family, into);
    planned_t plan = {0};
    set_memory (&family, into, "a", 2);
    set_memory (&family, from, "a", 3);
    set_memory (&family, into, "b", 2);
    set_memory (&family, from, "b", 3);
    assert_int_equal (family_plan (&family, into, from, true, &plan), BATON_OK);
    TELL (&family, into, merge_start, SESSION (into), .merge = plan.merge,
          .policy = {.kind = policy_kind_quorum, .k = 2, .self = true});
    planned_clear (&plan);
    vote (into, "memory/a", "theirs");
    vote (into, "memory/b", "theirs"); /*  two votes of one person for two keys decide neither */
    assert_int_equal (now_of (into)->breakpoints.items[0].votes.count, 2);
    vote (into, "memory/a", "ours"); /*  changed */
    assert_int_equal (now_of (into)->breakpoints.items[0].votes.count, 2);
    assert_int_equal (family_vote (&family, into, "bob", "memory/a", "ours", NULL), BATON_OK);
    assert_int_equal (now_of (into)->merge.keys.items[0].choice, merge_choice_ours);
    assert_string_equal (now_of (into)->merge.keys.items[0].by, "bob");
    assert_int_equal (now_of (into)->merge.keys.items[0].at, 1000);
    assert_int_equal (now_of (into)->breakpoints.items[0].votes.count, 1); /*  those of what is decided are gone */
    assert_int_equal (family_vote (&family, into, "bob", "memory/b", "theirs", NULL), BATON_OK);
    assert_int_equal (memory_of (into, "a"), 2);
    assert_int_equal (memory_of (into, "b"), 3);
}

static void test_the_requester_may_be_left_out (void **state)
{
    (void) state;
    member_t *into = family_create (&family);
    member_t *from = family_fork (&family, into);
    planned_t plan = {0};
    set_memory (&family, into, "a", 2);
    set_memory (&family, from, "a", 3);
    assert_int_equal (family_plan (&family, into, from, true, &plan), BATON_OK);
    merge_start_request_t veto = {.session = into->id, .merge = plan.merge, .policy = {.veto = true}};
    assert_int_equal (family_give (&family, into, "ada", METHOD_merge_start, &veto, NULL), BATON_invalid_argument);
    TELL (&family, into, merge_start, SESSION (into), .merge = plan.merge, .policy = {.kind = policy_kind_first});
    planned_clear (&plan);
    vote_refused (into, "memory/a", "ours", NULL, BATON_REASON_excluded);
    assert_int_equal (family_vote (&family, into, "bob", "memory/a", "ours", NULL), BATON_OK);
}

/*  What the session has done meanwhile is never overwritten by a decision that did not know of it. */
static void test_a_key_that_was_changed_meanwhile_is_decided_anew (void **state)
{
    (void) state;
    member_t *into, *from;
    given_conflicts (&into, &from);
    char *digest = strdup (now_of (into)->breakpoints.items[0].digest);
    vote (into, "memory/a", "theirs");
    vote (into, "memory/b", "theirs");
    set_memory (&family, into, "a", 7);    /*  a conflict that was decided */
    set_memory (&family, into, "only", 8); /*  and what was none */
    vote (into, "memory/c", "theirs");
    assert_int_equal (now_of (into)->merge.breakpoint, 1);
    assert_int_equal (memory_of (into, "a"), 7);
    assert_int_equal (memory_of (into, "b"), 2);
    assert_string_not_equal (now_of (into)->breakpoints.items[0].digest, digest); /*  another question */
    free (digest);
    vote (into, "memory/a", "ours");
    vote (into, "memory/only", "theirs");
    assert_int_equal (now_of (into)->merge.breakpoint, 0);
    assert_int_equal (memory_of (into, "a"), 7);
    assert_int_equal (memory_of (into, "b"), 3);
    assert_int_equal (memory_of (into, "only"), 4);
}

static void test_it_is_not_completed_under_a_run (void **state)
{
    (void) state;
    member_t *into, *from;
    given_conflicts (&into, &from);
    vote (into, "memory/a", "theirs");
    vote (into, "memory/b", "theirs");
    TELL (&family, into, session_activate, SESSION (into));
    vote_refused (into, "memory/c", "theirs", NULL, BATON_REASON_run_active);
    TELL (&family, into, session_suspend, SESSION (into));
    vote (into, "memory/c", "theirs");
    assert_int_equal (memory_of (into, "c"), 3);
}

/*  Who holds the edit lock does not have the session changed under their hands; the votes before stay. */
static void test_it_is_not_completed_under_a_lock (void **state)
{
    (void) state;
    member_t *into, *from;
    given_conflicts (&into, &from);
    vote (into, "memory/a", "theirs");
    lock_acquire_request_t lock = {.session = into->id};
    assert_int_equal (family_give (&family, into, "bob", METHOD_lock_acquire, &lock, NULL), BATON_OK);
    vote (into, "memory/b", "theirs");
    uint64_t before = into->n;
    vote_refused (into, "memory/c", "theirs", NULL, BATON_REASON_lease_held);
    assert_non_null (strstr (family.error.message, "bob holds the edit lock"));
    assert_int_equal (into->n, before);
    assert_int_equal (now_of (into)->merge.keys.items[1].choice, merge_choice_theirs);
    assert_int_equal (memory_of (into, "a"), 2);
    TELL (&family, into, lock_break, SESSION (into));
    vote (into, "memory/c", "theirs");
    assert_int_equal (now_of (into)->merge.breakpoint, 0);
    assert_int_equal (memory_of (into, "c"), 3);
}

/*  What a merge holds until it is decided is bounded by bytes: what differs, and what people make of it. */
static void test_the_bytes_of_a_merge (void **state)
{
    (void) state;
    merge_key_t keys[3] = {{.key = (char *) "a"}, {.key = (char *) "b"}, {.key = (char *) "c"}};
    merge_t merge = {.keys = {3, keys}};
    session_t self = {0};
    size_t rest = LIMIT_WAITING_BYTES;
    start_t start = {.input.size = rest - LIMIT_MERGE_BYTES};
    baton_error_t error = {0};
    keys[0].ours.size = LIMIT_MERGE_BYTES / 2; /*  sizes alone count */
    keys[1].theirs.size = LIMIT_MERGE_BYTES / 4;
    keys[2].value.size = LIMIT_MERGE_BYTES / 4 - 3 * (LIMIT_MERGE_KEY + 1);
    assert_int_equal (merge_check_bytes (&self, &merge, &error), BATON_OK);
    keys[2].value.size++;
    assert_int_equal (merge_check_bytes (&self, &merge, &error), BATON_resource_exhausted);
    assert_int_equal (error.reason, BATON_REASON_too_large);
    /*  And so is all that waits. */
    keys[2].value.size--;
    self.queue.count = 1;
    self.queue.items = &start;
    assert_int_equal (merge_check_bytes (&self, &merge, &error), BATON_OK);
    start.input.size++;
    assert_int_equal (merge_check_bytes (&self, &merge, &error), BATON_resource_exhausted);
}

static void test_cancelling_the_breakpoint_ends_the_merge (void **state)
{
    (void) state;
    member_t *into, *from;
    given_conflicts (&into, &from);
    vote (into, "memory/a", "theirs");
    TELL (&family, into, breakpoint_cancel, SESSION (into), .breakpoint = 1);
    assert_int_equal (now_of (into)->merge.breakpoint, 0);
    assert_int_equal (now_of (into)->merge.keys.count, 0);
    assert_int_equal (memory_of (into, "a"), 2);
    assert_int_equal (memory_of (into, "only"), 0);
    assert_int_equal (family_merge (&family, into, from, false), 3); /*  again, with a breakpoint of its own */
    assert_int_equal (now_of (into)->merge.breakpoint, 2);
}

/*  The branch may go on while its merge is decided: then it does not end, and the rest can be merged later. */
static void test_a_branch_that_went_on_does_not_end (void **state)
{
    (void) state;
    member_t *into, *from;
    merge_t merge = {0};
    given_conflicts (&into, &from);
    set_memory (&family, from, "later", 5);
    for (const char *key = "abc"; *key; key++)
        vote (into, (char[]){'m', 'e', 'm', 'o', 'r', 'y', '/', *key, 0}, "theirs");
    merge.from = from->id;
    merge.n = now_of (into)->ancestors.items[0].n;
    family_absorb (&family, into, &merge);
    assert_int_equal (now_of (from)->state, lifecycle_suspended);
    assert_int_equal (memory_of (into, "later"), 0);
    assert_int_equal (family_merge (&family, into, from, false), 0);
    assert_int_equal (memory_of (into, "later"), 5);
    assert_int_equal (now_of (from)->state, lifecycle_terminated);
}

static void test_what_can_be_edited (void **state)
{
    (void) state;
    static uint8_t text[] = {0xa3, 'r', 'e', 'd'}, number[] = {7}, map[] = {0x81, 0xa4, 'o', 'm', 'i', 't', 0xc3};
    static const struct {
        fact_kind_e kind;
        baton_bytes_t value;
        bool ok;
    } ROWS[] = {
        {fact_kind_memory, {1, number}, true},  {fact_kind_memory, {4, text}, true},
        {fact_kind_decision, {4, text}, true},  {fact_kind_decision, {1, number}, false},
        {fact_kind_decision, {7, map}, false}, /*  it lacks the value */
        {fact_kind_label, {4, text}, true},     {fact_kind_label, {1, number}, false},
        {fact_kind_binding, {7, map}, true},    {fact_kind_binding, {4, text}, false},
        {fact_kind_artifact, {4, text}, false},
    };
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        baton_bytes_t value = {0};
        baton_error_t error = {0};
        baton_status status = fact_check (ROWS[i].kind, &ROWS[i].value, &value, &error);
        if ((status == BATON_OK) != ROWS[i].ok)
            fail_msg ("row %zu: %s", i, error.message);
        assert_true (status == BATON_OK ? value.size > 0 : *error.message != 0);
        bytes_clear (&value);
    }
}

int main (void)
{
#define TEST(name) cmocka_unit_test_teardown (name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST (test_it_is_merged_when_the_last_key_is_decided),
        TEST (test_votes_that_are_refused),
        TEST (test_a_policy_counts_for_each_key),
        TEST (test_the_requester_may_be_left_out),
        TEST (test_a_key_that_was_changed_meanwhile_is_decided_anew),
        TEST (test_it_is_not_completed_under_a_run),
        TEST (test_it_is_not_completed_under_a_lock),
        TEST (test_the_bytes_of_a_merge),
        TEST (test_cancelling_the_breakpoint_ends_the_merge),
        TEST (test_a_branch_that_went_on_does_not_end),
        TEST (test_what_can_be_edited),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
