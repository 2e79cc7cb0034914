/*  Identities by key and by name: the same answers as from looking at each. */
#include "people.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

static site_t site;
static people_t *people;

static int begin (void **state)
{
    (void) state;
    people = people_new (&site);
    return people ? 0 : -1;
}

static int end (void **state)
{
    (void) state;
    people_destroy (&people);
    people_destroy (&people);
    record_clear (&RECORD_site, &site);
    return 0;
}

static void enroll (const char *name, const char *key, uint64_t revoked_at)
{
    identity_t *identity = list_append (&site.identities, sizeof *identity);
    assert_non_null (identity);
    assert_int_equal (text_set (&identity->name, name), BATON_OK);
    assert_int_equal (text_set (&identity->key, key), BATON_OK);
    identity->revoked_at = revoked_at;
}

static void check (const char *text)
{
    assert_ptr_equal (people_of_key (people, text), site_identity_of_key (&site, text));
    assert_ptr_equal (people_named (people, text), site_identity (&site, text));
}

static void finds_whoever_was_enrolled_meanwhile (void **state)
{
    (void) state;
    check ("ada");
    for (int i = 0; i < 1000; i++) {
        char name[16], key[16];
        snprintf (name, sizeof name, "p%d", i);
        snprintf (key, sizeof key, "k%d", i);
        enroll (name, key, 0);
        check (name);
        check (key);
    }
    check ("p0");
    check ("k0");
    check ("nobody");
}

static void the_living_one_counts (void **state)
{
    (void) state;
    enroll ("ada", "k1", 5);
    check ("ada");
    check ("k1");
    enroll ("ada", "k2", 6);
    enroll ("eve", "k1", 0);
    check ("ada");
    check ("eve");
    check ("k1");
    check ("k2");
    assert_string_equal (people_of_key (people, "k1")->name, "eve");
}

static void a_state_that_was_loaded_anew_is_taken_in_again (void **state)
{
    (void) state;
    enroll ("ada", "k1", 0);
    check ("ada");
    record_clear (&RECORD_site, &site);
    people_forget (people);
    enroll ("bob", "k2", 0);
    check ("ada");
    check ("bob");
    check ("k1");
    check ("k2");
}

#define UNIT(test) cmocka_unit_test_setup_teardown (test, begin, end)

int main (void)
{
    const struct CMUnitTest tests[] = {
        UNIT (finds_whoever_was_enrolled_meanwhile),
        UNIT (the_living_one_counts),
        UNIT (a_state_that_was_loaded_anew_is_taken_in_again),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
