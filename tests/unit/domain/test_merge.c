/*  Merging: what is taken, what is refused, and what merges of merges mean. */
#include "one_family.h"

/* ---- without conflicts ---- */

static void test_what_only_the_branch_changed_is_taken (void **state)
{
    (void) state;
    member_t *into = family_create (&family);
    set_memory (&family, into, "kept", 1);
    set_memory (&family, into, "changed", 1);
    set_memory (&family, into, "gone", 1);
    set_memory (&family, into, "ours", 1);
    member_t *from = family_fork (&family, into);
    set_memory (&family, into, "ours", 2);
    set_memory (&family, from, "changed", 3);
    set_memory (&family, from, "new", 4);
    TELL (&family, from, memory_delete, SESSION (from), .key = (char *) "gone");
    TELL (&family, from, decision_record, SESSION (from), .key = (char *) "db", .value = (char *) "sqlite",
          .why = (char *) "small");
    baton_pair_t label = {(char *) "team", (char *) "red"};
    TELL (&family, from, session_update, SESSION (from), .labels = {1, &label}, .title = (char *) "Branch");
    add_item (&family, from);
    assert_int_equal (family_merge (&family, into, from, false), 0);
    assert_int_equal (memory_of (into, "kept"), 1);
    assert_int_equal (memory_of (into, "changed"), 3);
    assert_int_equal (memory_of (into, "gone"), 0);
    assert_int_equal (memory_of (into, "ours"), 2);
    assert_int_equal (memory_of (into, "new"), 4);
    const session_t *merged = now_of (into);
    assert_string_equal (merged->title, "A title"); /*  a title is compared, not merged */
    assert_string_equal (pairs_get (&merged->labels, "team"), "red");
    assert_string_equal (merged->decisions.items[0].why, "small");
    assert_string_equal (merged->decisions.items[0].session, from->id); /*  where it was decided */
    assert_int_equal (merged->decisions.items[0].n, 5);
    assert_int_equal (merged->items, 1);
    assert_int_equal (merged->lineage.count, 1);
    assert_true (merged->lineage.items[0].merged);
    assert_string_equal (merged->lineage.items[0].title, "Branch");
    assert_int_equal (merged->lineage.items[0].at, into->n);
    assert_int_equal (now_of (from)->state, lifecycle_terminated);
    assert_int_equal (now_of (from)->cause, cause_merged);
}

static void test_both_alike_is_no_conflict (void **state)
{
    (void) state;
    member_t *into = family_create (&family);
    set_memory (&family, into, "gone", 1);
    member_t *from = family_fork (&family, into);
    set_memory (&family, into, "a", 2);
    set_memory (&family, from, "a", 2);
    TELL (&family, into, memory_delete, SESSION (into), .key = (char *) "gone");
    TELL (&family, from, memory_delete, SESSION (from), .key = (char *) "gone");
    planned_t plan = {0};
    assert_int_equal (family_plan (&family, into, from, true, &plan), BATON_OK);
    assert_int_equal (plan.conflicts, 0);
    assert_true (merge_empty (&plan.merge));
    planned_clear (&plan);
}

static void test_bindings_and_artifacts (void **state)
{
    (void) state;
    member_t *into = family_add (&family);
    binding_t bindings[] = {{.path = (char *) "src"}, {.path = (char *) "doc", .read_only = true}};
    TELL (&family, into, session_create, .title = (char *) "T", .bindings = {2, bindings});
    member_t *from = family_fork (&family, into);
    fact_t omit = {.kind = fact_kind_binding, .key = "src"};
    assert_int_equal (record_encode (&RECORD_binding_fact, &(binding_fact_t){.omit = true}, &omit.value), BATON_OK);
    assert_int_equal (fact_put (now_of (from), &omit), BATON_OK);
    assert_int_equal (fact_put (now_of (from), &(fact_t){.kind = fact_kind_binding, .key = "doc"}), BATON_OK);
    bytes_clear (&omit.value);
    TELL (&family, from, artifact_put, SESSION (from), .name = (char *) "plan", .content = {1, (uint8_t *) "x"});
    assert_int_equal (text_set (&now_of (from)->artifacts.items[0].digest, "d1"), BATON_OK);
    assert_int_equal (family_merge (&family, into, from, false), 0);
    assert_int_equal (now_of (into)->bindings.count, 1);
    assert_true (now_of (into)->bindings.items[0].omit);
    assert_string_equal (now_of (into)->artifacts.items[0].digest, "d1");
    assert_string_equal (now_of (into)->artifacts.items[0].session, from->id);
}

/* ---- refusals ---- */

static void refused (member_t *into, member_t *from, baton_status status, baton_reason reason)
{
    planned_t plan = {0};
    assert_int_equal (family_plan (&family, into, from, false, &plan), status);
    if (family.error.reason != reason)
        fail_msg ("%s: %s", baton_reason_name (family.error.reason), family.error.message);
}

static void test_what_cannot_be_merged (void **state)
{
    (void) state;
    member_t *into = family_create (&family), *stranger = family_create (&family);
    member_t *from = family_fork (&family, into), *other = family_fork (&family, into);
    refused (into, into, BATON_invalid_argument, BATON_REASON_bad_value);
    refused (into, stranger, BATON_failed_precondition, BATON_REASON_no_common_ancestor);
    TELL (&family, from, session_activate, SESSION (from));
    refused (into, from, BATON_failed_precondition, BATON_REASON_run_active);
    refused (from, into, BATON_failed_precondition, BATON_REASON_run_active);
    TELL (&family, from, session_suspend, SESSION (from));
    set_memory (&family, from, "a", 1);
    set_memory (&family, into, "a", 2);
    assert_int_equal (family_merge (&family, into, from, false), 1);
    refused (into, other, BATON_failed_precondition, BATON_REASON_merge_pending);
    refused (other, into, BATON_failed_precondition, BATON_REASON_merge_pending);
    TELL (&family, into, session_cancel, SESSION (into));
    assert_int_equal (now_of (into)->merge.breakpoint, 0); /*  with the breakpoint */
    refused (into, from, BATON_failed_precondition, BATON_REASON_wrong_state);
    assert_int_equal (family_merge (&family, other, into, false), 0); /*  what has ended can still be merged */
    assert_int_equal (now_of (into)->cause, cause_cancelled);
}

/*  The edit lock: nothing comes into what somebody else edits, and a branch that is edited does not end. */
static void test_locked_sessions (void **state)
{
    (void) state;
    member_t *into = family_create (&family);
    member_t *from = family_fork (&family, into);
    planned_t plan = {0};
    set_memory (&family, from, "a", 1);
    lock_acquire_request_t lock = {.session = into->id};
    assert_int_equal (family_give (&family, into, "bob", METHOD_lock_acquire, &lock, NULL), BATON_OK);
    assert_int_equal (family_plan (&family, into, from, false, &plan), BATON_OK);
    merge_start_request_t start = {.session = into->id, .merge = plan.merge};
    assert_int_not_equal (family_give (&family, into, "ada", METHOD_merge_start, &start, NULL), BATON_OK);
    assert_int_equal (family.error.reason, BATON_REASON_lease_held);
    planned_clear (&plan);
    TELL (&family, into, lock_break, SESSION (into));
    lock.session = from->id;
    assert_int_equal (family_give (&family, from, "bob", METHOD_lock_acquire, &lock, NULL), BATON_OK);
    assert_int_equal (family_merge (&family, into, from, false), 0);
    assert_int_equal (memory_of (into, "a"), 1);
    assert_int_equal (now_of (from)->state, lifecycle_suspended);
}

static void test_the_limits_hold_after_a_merge (void **state)
{
    (void) state;
    member_t *into = family_create (&family);
    member_t *from = family_fork (&family, into);
    for (int i = 0; i < LIMIT_MEMORY_KEYS; i++) {
        char key[16];
        snprintf (key, sizeof key, "a%d", i);
        set_memory (&family, into, key, 1);
    }
    set_memory (&family, from, "one", 1);
    refused (into, from, BATON_resource_exhausted, BATON_REASON_too_large);
    TELL (&family, into, memory_delete, SESSION (into), .key = (char *) "a0");
    assert_int_equal (family_merge (&family, into, from, false), 0);
    assert_int_equal (now_of (into)->memory.count, LIMIT_MEMORY_KEYS);
}

static void test_the_bytes_of_decisions_hold_after_a_merge (void **state)
{
    (void) state;
    char key[LIMIT_NAME + 1], text[LIMIT_SHORT + 1];
    member_t *into = family_create (&family);
    member_t *from = family_fork (&family, into);
    memset (text, 'x', LIMIT_SHORT);
    text[LIMIT_SHORT] = '\0';
    for (unsigned i = 0; i < LIMIT_DECISION_BYTES / (LIMIT_NAME + 2 * LIMIT_SHORT); i++) {
        snprintf (key, sizeof key, "%0*u", LIMIT_NAME, i);
        TELL (&family, into, decision_record, SESSION (into), .key = key, .value = text, .why = text);
    }
    TELL (&family, from, decision_record, SESSION (from), .key = (char *) "one", .value = (char *) "more");
    refused (into, from, BATON_resource_exhausted, BATON_REASON_too_large);
    TELL (&family, into, decision_withdraw, SESSION (into), .key = key);
    assert_int_equal (family_merge (&family, into, from, false), 0);
}

/* ---- merges of merges ---- */

static void test_merging_twice_merges_what_is_new (void **state)
{
    (void) state;
    member_t *into = family_create (&family);
    member_t *from = family_fork (&family, into);
    set_memory (&family, from, "a", 1);
    add_item (&family, from);
    assert_int_equal (family_merge (&family, into, from, true), 0);
    set_memory (&family, into, "a", 2); /*  no conflict: the branch has not touched it since */
    set_memory (&family, from, "b", 3);
    add_item (&family, from);
    assert_int_equal (family_merge (&family, into, from, true), 0);
    assert_int_equal (memory_of (into, "a"), 2);
    assert_int_equal (memory_of (into, "b"), 3);
    assert_int_equal (now_of (into)->items, 2);
    assert_int_equal (now_of (into)->lineage.count, 2);
    assert_int_equal (now_of (into)->lineage.items[1].after, now_of (into)->lineage.items[0].upto);
}

static void test_merging_in_both_directions (void **state)
{
    (void) state;
    member_t *a = family_create (&family);
    member_t *b = family_fork (&family, a);
    set_memory (&family, a, "x", 1);
    set_memory (&family, b, "y", 2);
    add_item (&family, a);
    add_item (&family, b);
    assert_int_equal (family_merge (&family, a, b, true), 0);
    set_memory (&family, b, "y", 3);
    assert_int_equal (family_merge (&family, b, a, true), 0); /*  y came from b itself: b's newer one stays */
    assert_int_equal (memory_of (b, "x"), 1);
    assert_int_equal (memory_of (b, "y"), 3);
    assert_int_equal (now_of (b)->items, 2);
    assert_int_equal (family_merge (&family, a, b, true), 0);
    assert_int_equal (memory_of (a, "y"), 3);
    assert_int_equal (now_of (a)->items, 2);
    assert_true (know_the_same (now_of (a), now_of (b)));
}

static void test_siblings_and_nested_forks (void **state)
{
    (void) state;
    member_t *root = family_create (&family);
    set_memory (&family, root, "a", 1);
    add_item (&family, root);
    member_t *left = family_fork (&family, root), *right = family_fork (&family, root);
    member_t *deep = family_fork (&family, left);
    add_item (&family, left);
    add_item (&family, deep);
    add_item (&family, right);
    set_memory (&family, deep, "deep", 2);
    set_memory (&family, left, "left", 3);
    assert_int_equal (family_merge (&family, right, deep, true), 0); /*  a nephew, past its parent */
    assert_int_equal (memory_of (right, "deep"), 2);
    assert_int_equal (memory_of (right, "left"), 0);
    assert_int_equal (now_of (right)->items, 3); /*  root's, its own, deep's; left's stands behind deep's fork */
    assert_int_equal (family_merge (&family, right, left, true), 0);
    assert_int_equal (memory_of (right, "left"), 3);
    assert_int_equal (now_of (right)->items, 4);
    assert_int_equal (family_merge (&family, root, right, true), 0);
    assert_int_equal (now_of (root)->items, 4);
    assert_true (know_the_same (now_of (root), now_of (right)));
}

static void test_a_fork_of_the_past_can_be_merged (void **state)
{
    (void) state;
    member_t *into = family_create (&family);
    set_memory (&family, into, "a", 1);
    uint64_t then = into->n;
    set_memory (&family, into, "a", 2);
    member_t *from = family_fork_at (&family, into, then);
    set_memory (&family, from, "b", 3);
    assert_int_equal (memory_of (from, "a"), 1);
    assert_int_equal (family_merge (&family, into, from, false), 0);
    assert_int_equal (memory_of (into, "a"), 2);
    assert_int_equal (memory_of (into, "b"), 3);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_teardown (name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST (test_what_only_the_branch_changed_is_taken),
        TEST (test_both_alike_is_no_conflict),
        TEST (test_bindings_and_artifacts),
        TEST (test_what_cannot_be_merged),
        TEST (test_locked_sessions),
        TEST (test_the_limits_hold_after_a_merge),
        TEST (test_the_bytes_of_decisions_hold_after_a_merge),
        TEST (test_merging_twice_merges_what_is_new),
        TEST (test_merging_in_both_directions),
        TEST (test_siblings_and_nested_forks),
        TEST (test_a_fork_of_the_past_can_be_merged),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
