#include "schema.h"

#include "faults.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t count;
    seen_t *items;
} seen_list_t;

static void add (seen_list_t *list, const char *id)
{
    seen_t *item = list_append (list, sizeof *item);
    assert_non_null (item);
    assert_int_equal (text_set (&item->id, id), BATON_OK);
}

/*  Sizes around the powers of two, where the capacity changes. */
static void elements_come_and_go_in_order (void **state)
{
    (void) state;
    for (size_t size = 1; size <= 17; size++) {
        seen_list_t list = {0};
        char id[24];
        for (size_t i = 0; i < size; i++) {
            snprintf (id, sizeof id, "%zu", i);
            add (&list, id);
        }
        list_remove (&list, &RECORD_seen, size / 2);
        add (&list, "new");
        assert_int_equal (list.count, size);
        for (size_t i = 0; i + 1 < size; i++) {
            snprintf (id, sizeof id, "%zu", i < size / 2 ? i : i + 1);
            assert_string_equal (list.items[i].id, id);
        }
        assert_string_equal (list.items[size - 1].id, "new");
        while (list.count > 0)
            list_remove (&list, &RECORD_seen, 0);
        assert_null (list.items);
    }
}

static void text_is_absent_when_empty (void **state)
{
    (void) state;
    char *text = NULL;
    assert_int_equal (text_set (&text, "a"), BATON_OK);
    assert_string_equal (text, "a");
    assert_int_equal (text_set (&text, ""), BATON_OK);
    assert_null (text);
    assert_int_equal (text_set (&text, NULL), BATON_OK);
    assert_null (text);
    assert_true (text_equal (NULL, ""));
    assert_false (text_equal (NULL, "a"));
}

static void pairs_stay_ascending_and_each_once (void **state)
{
    (void) state;
    baton_pairs_t pairs = {0}, copy = {0};
    static const char *const KEYS[] = {"m", "a", "z", "b", "m", "aa"};
    for (size_t i = 0; i < COUNT (KEYS); i++)
        assert_int_equal (pairs_set (&pairs, KEYS[i], i == 4 ? "again" : ""), BATON_OK);
    assert_int_equal (pairs.count, 5);
    for (size_t i = 1; i < pairs.count; i++)
        assert_true (strcmp (pairs.items[i - 1].key, pairs.items[i].key) < 0);
    assert_string_equal (pairs_get (&pairs, "m"), "again");
    assert_string_equal (pairs_get (&pairs, "a"), "");
    assert_null (pairs_get (&pairs, "c"));
    assert_int_equal (pairs_copy (&pairs, &copy), BATON_OK);
    assert_int_equal (copy.count, 5);
    assert_string_equal (pairs_get (&copy, "m"), "again");
    pairs_clear (&pairs);
    pairs_clear (&copy);
}

static void a_copy_fails_whole_or_not_at_all (void **state)
{
    (void) state;
    baton_texts_t texts = {0};
    baton_pairs_t pairs = {0};
    for (int i = 0; i < 5; i++) {
        char key[2] = {(char) ('a' + i), '\0'};
        assert_int_equal (texts_add (&texts, key), BATON_OK);
        assert_int_equal (pairs_set (&pairs, key, key), BATON_OK);
    }
    assert_true (texts_contain (&texts, "c"));
    assert_false (texts_contain (&texts, "f"));
    for (uint64_t k = 1; faults_round (k); k++) {
        baton_texts_t copy = {0};
        baton_status status = texts_copy (&texts, &copy);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
        assert_int_equal (copy.count, faults_hit () ? 0 : 5);
        texts_clear (&copy);
    }
    for (uint64_t k = 1; faults_round (k); k++) {
        baton_pairs_t copy = {0};
        baton_status status = pairs_copy (&pairs, &copy);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
        assert_int_equal (copy.count, faults_hit () ? 0 : 5);
        pairs_clear (&copy);
    }
    texts_clear (&texts);
    pairs_clear (&pairs);
}

static void enums_are_known_by_name (void **state)
{
    (void) state;
    assert_string_equal (enum_name (&role_names, role_admin), "admin");
    assert_string_equal (enum_name (&role_names, role_none), "");
    assert_string_equal (enum_name (&role_names, role_count), "");
    assert_int_equal (enum_value (&role_names, "operator", 8), role_operator);
    assert_int_equal (enum_value (&role_names, "operator", 7), role_none);
    assert_int_equal (enum_value (&role_names, "root", 4), role_none);
    assert_int_equal (enum_value (&role_names, "", 0), role_none);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (elements_come_and_go_in_order),
        cmocka_unit_test (text_is_absent_when_empty),
        cmocka_unit_test (pairs_stay_ascending_and_each_once),
        cmocka_unit_test (a_copy_fails_whole_or_not_at_all),
        cmocka_unit_test (enums_are_known_by_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
