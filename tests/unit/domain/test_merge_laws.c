/*  What holds for any merge: random families, told from a seed. */
#include "family.h"

#include "fill.h"

#define ROUNDS 60

static const char *const KEYS[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};

/*  One random change of what a member knows, under one of the keys from first on. */
static void change (family_t *family, member_t *member, size_t first, size_t count, uint64_t *seed)
{
    char *key = (char *) KEYS[first + fill_random (seed) % count];
    uint8_t value = (uint8_t) (1 + fill_random (seed) % 4);
    char text[8];
    snprintf (text, sizeof text, "v%u", value);
    baton_pair_t label = {key, text};
    switch (fill_random (seed) % 5) {
    case 0:
        set_memory (family, member, key, value);
        break;
    case 1:
        if (memory_of (member, key))
            TELL (family, member, memory_delete, .session = member->id, .key = key);
        break;
    case 2:
        TELL (family, member, decision_record, .session = member->id, .key = key, .value = text);
        break;
    case 3:
        TELL (family, member, session_update, .session = member->id, .labels = {1, &label});
        break;
    default:
        add_item (family, member);
    }
}

static void change_often (family_t *family, member_t *member, size_t first, size_t count, uint64_t *seed)
{
    for (uint64_t times = fill_random (seed) % 12; times > 0; times--)
        change (family, member, first, count, seed);
}

/*  A root and two forks that have changed keys of their own. */
static void given_unrelated (family_t *family, uint64_t seed, member_t *ret_members[3])
{
    ret_members[0] = family_create (family);
    change_often (family, ret_members[0], 0, 12, &seed);
    ret_members[1] = family_fork (family, ret_members[0]);
    ret_members[2] = family_fork (family, ret_members[0]);
    change_often (family, ret_members[0], 0, 4, &seed);
    change_often (family, ret_members[1], 4, 4, &seed);
    change_often (family, ret_members[2], 8, 4, &seed);
}

/*  The same beginnings twice, so that each may go on in its own way. */
typedef struct {
    family_t one, other;
    member_t *a[3], *b[3];
} twins_t;

static void given_twins (twins_t *twins, uint64_t seed)
{
    *twins = (twins_t){0};
    given_unrelated (&twins->one, seed, twins->a);
    given_unrelated (&twins->other, seed, twins->b);
}

static void check_alike (member_t *a, member_t *b)
{
    assert_true (know_the_same (now_of (a), now_of (b)));
    assert_int_equal (now_of (a)->items, now_of (b)->items);
}

static void end_twins (twins_t *twins)
{
    family_end (&twins->one);
    family_end (&twins->other);
}

static void test_unrelated_changes_can_be_merged_in_any_order (void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        twins_t twins;
        given_twins (&twins, seed);
        assert_int_equal (family_merge (&twins.one, twins.a[0], twins.a[1], false), 0);
        assert_int_equal (family_merge (&twins.one, twins.a[0], twins.a[2], false), 0);
        assert_int_equal (family_merge (&twins.other, twins.b[0], twins.b[2], false), 0);
        assert_int_equal (family_merge (&twins.other, twins.b[0], twins.b[1], false), 0);
        check_alike (twins.a[0], twins.b[0]);
        assert_int_equal (now_of (twins.a[0])->ancestors.count, now_of (twins.b[0])->ancestors.count);
        end_twins (&twins);
    }
}

static void test_either_side_may_take_the_other_in (void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        twins_t twins;
        given_twins (&twins, seed);
        assert_int_equal (family_merge (&twins.one, twins.a[1], twins.a[2], false), 0);
        assert_int_equal (family_merge (&twins.other, twins.b[2], twins.b[1], false), 0);
        check_alike (twins.a[1], twins.b[2]);
        end_twins (&twins);
    }
}

static void test_fork_and_merge_without_changes_is_the_identity (void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        family_t family = {0};
        uint64_t random = seed;
        planned_t plan = {0};
        line_t line = {0};
        member_t *root = family_create (&family);
        change_often (&family, root, 0, 12, &random);
        uint64_t before = root->n;
        member_t *fork = family_fork (&family, root);
        assert_int_equal (family_plan (&family, root, fork, false, &plan), BATON_OK);
        assert_true (merge_empty (&plan.merge)); /*  nothing comes in, */
        planned_clear (&plan);
        assert_int_equal (family_merge (&family, root, fork, false), 0); /*  and it changes nothing */
        assert_true (know_the_same (now_of (root), &root->past[before]));
        assert_int_equal (now_of (root)->items, root->past[before].items);
        assert_int_equal (line_of (now_of (root), &line), BATON_OK);
        assert_int_equal (line.count, 1);
        line_clear (&line);
        family_end (&family);
    }
}

/* ---- any history ---- */

/*  No place of a journal is twice in a line, an ancestor's line is part of it, and the items are as many as it says. */
static void check_line (family_t *family, member_t *member)
{
    line_t line = {0};
    uint64_t items = 0;
    assert_int_equal (line_of (now_of (member), &line), BATON_OK);
    for (size_t i = 0; i < line.count; i++) {
        const stretch_t *stretch = &line.items[i];
        items += items_in (family, stretch->session, stretch->after, stretch->upto);
        assert_true (stretch->upto <= lineage_covers (now_of (member), stretch->session));
        for (size_t k = 0; k < i; k++)
            assert_true (strcmp (line.items[k].session, stretch->session) != 0 || line.items[k].upto <= stretch->after);
    }
    assert_int_equal (items, now_of (member)->items);
    for (size_t i = 0; i < now_of (member)->ancestors.count; i++) {
        const ancestor_t *ancestor = &now_of (member)->ancestors.items[i];
        member_t *other = family_find (family, ancestor->session);
        assert_int_equal (lineage_depth (&other->past[ancestor->n]), ancestor->depth);
        assert_true (ancestor->depth < lineage_depth (now_of (member)));
    }
    line_clear (&line);
}

/*  Each key is as it was, or as the branch or the vote has it. */
static void check_keys (const session_t *before, const session_t *after, const merge_t *merge, bool theirs_won)
{
    facts_t was = {0}, is = {0};
    assert_int_equal (facts_of (before, &was), BATON_OK);
    assert_int_equal (facts_of (after, &is), BATON_OK);
    for (size_t i = 0; i < merge->keys.count; i++) {
        const merge_key_t *key = &merge->keys.items[i];
        const fact_t *fact = facts_find (&is, key->kind, key->key);
        const baton_bytes_t *wanted = !key->conflict || theirs_won ? &key->theirs : &key->ours;
        assert_true (fact ? bytes_equal (&fact->value, wanted) : wanted->size == 0);
    }
    for (size_t i = 0; i < was.count; i++) {
        bool merged = false;
        for (size_t k = 0; k < merge->keys.count; k++)
            merged = merged || (merge->keys.items[k].kind == was.items[i].kind &&
                                strcmp (merge->keys.items[k].key, was.items[i].key) == 0);
        const fact_t *fact = facts_find (&is, was.items[i].kind, was.items[i].key);
        assert_true (merged || (fact && bytes_equal (&fact->value, &was.items[i].value)));
    }
    facts_clear (&was);
    facts_clear (&is);
}

static void decide_all (family_t *family, member_t *member, bool theirs)
{
    while (now_of (member)->merge.breakpoint > 0) {
        const merge_t *merge = &now_of (member)->merge;
        char name[LIMIT_FACT_KEY + 1] = "";
        for (size_t i = 0; i < merge->keys.count && !*name; i++)
            if (merge->keys.items[i].conflict && !merge->keys.items[i].choice)
                merge_key_name (&merge->keys.items[i], name);
        if (family_vote (family, member, "ada", name, theirs ? "theirs" : "ours", NULL) != BATON_OK)
            fail_msg ("%s: %s", name, family->error.message);
    }
}

static void merge_random (family_t *family, uint64_t *seed)
{
    member_t *into = family->members[fill_random (seed) % family->count];
    member_t *from = family->members[fill_random (seed) % family->count];
    bool theirs = fill_random (seed) % 2;
    planned_t plan = {0}, again = {0};
    if (into == from)
        return;
    uint64_t before = into->n;
    assert_int_equal (family_plan (family, into, from, true, &plan), BATON_OK);
    family_merge (family, into, from, true);
    decide_all (family, into, theirs);
    check_keys (&into->past[before], now_of (into), &plan.merge, theirs);
    assert_int_equal (family_plan (family, into, from, true, &again), BATON_OK);
    assert_true (merge_empty (&again.merge)); /*  what is merged is merged */
    planned_clear (&plan);
    planned_clear (&again);
}

static void test_any_history_of_forks_and_merges (void **state)
{
    (void) state;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        family_t family = {0};
        uint64_t seed = round;
        family_create (&family);
        for (int step = 0; step < 40; step++) {
            member_t *member = family.members[fill_random (&seed) % family.count];
            uint64_t what = fill_random (&seed) % 8;
            if (what == 0 && family.count < FAMILY_MOST)
                family_fork_at (&family, member, 1 + fill_random (&seed) % member->n);
            else if (what < 3)
                merge_random (&family, &seed);
            else
                change_often (&family, member, 0, 12, &seed);
        }
        for (size_t i = 0; i < family.count; i++)
            check_line (&family, family.members[i]);
        family_end (&family);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_unrelated_changes_can_be_merged_in_any_order),
        cmocka_unit_test (test_either_side_may_take_the_other_in),
        cmocka_unit_test (test_fork_and_merge_without_changes_is_the_identity),
        cmocka_unit_test (test_any_history_of_forks_and_merges),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
