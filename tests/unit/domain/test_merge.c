/*  Merging: what is taken, what is a conflict, how conflicts are decided, and what merges of merges mean. */
#include "family.h"

static family_t family;

static int tear_down (void **state)
{
    (void) state;
    family_end (&family);
    return 0;
}

#define SESSION(member) .session = (member)->id

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

/* ---- conflicts ---- */

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
        TEST (test_it_is_merged_when_the_last_key_is_decided),
        TEST (test_votes_that_are_refused),
        TEST (test_a_policy_counts_for_each_key),
        TEST (test_the_requester_may_be_left_out),
        TEST (test_a_key_that_was_changed_meanwhile_is_decided_anew),
        TEST (test_it_is_not_completed_under_a_run),
        TEST (test_cancelling_the_breakpoint_ends_the_merge),
        TEST (test_a_branch_that_went_on_does_not_end),
        TEST (test_what_can_be_edited),
        TEST (test_merging_twice_merges_what_is_new),
        TEST (test_merging_in_both_directions),
        TEST (test_siblings_and_nested_forks),
        TEST (test_a_fork_of_the_past_can_be_merged),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
