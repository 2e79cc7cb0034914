#include "id.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

static int setup (void **state)
{
    (void) state;
    return id_init () == BATON_OK ? 0 : -1;
}

static int compare (const void *a, const void *b)
{
    return strcmp (a, b);
}

static void ids_are_twenty_characters_and_never_the_same (void **state)
{
    (void) state;
    static char ids[10000][ID_SIZE];
    for (size_t i = 0; i < COUNT (ids); i++) {
        id_new (ids[i]);
        assert_int_equal (strlen (ids[i]), 20);
        assert_int_equal (strspn (ids[i], "0123456789abcdefghjkmnpqrstvwxyz"), 20);
    }
    qsort (ids, COUNT (ids), sizeof *ids, compare);
    for (size_t i = 1; i < COUNT (ids); i++)
        assert_string_not_equal (ids[i - 1], ids[i]);
}

/*  Expected values are those of b2sum -l 256. */
static void digests_are_blake2b_256 (void **state)
{
    (void) state;
    char digest[DIGEST_SIZE];
    digest_of (NULL, 0, digest);
    assert_string_equal (digest, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    digest_of ("abc", 3, digest);
    assert_string_equal (digest, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

/*  That of `printf 'abc\0def'`. */
static void name_and_data_are_apart_in_a_digest (void **state)
{
    (void) state;
    char digest[DIGEST_SIZE], other[DIGEST_SIZE];
    digest_of_named ("abc", "def", 3, digest);
    assert_string_equal (digest, "1b0d3ec57c51786f97fbeb4a04b10704531ece11301c5fcc6b05f4569f2e8523");
    digest_of_named ("abcd", "ef", 2, other);
    assert_string_not_equal (digest, other);
    digest_of_named ("abc", NULL, 0, other);
    assert_string_not_equal (digest, other);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (ids_are_twenty_characters_and_never_the_same),
        cmocka_unit_test (digests_are_blake2b_256),
        cmocka_unit_test (name_and_data_are_apart_in_a_digest),
    };
    return cmocka_run_group_tests (tests, setup, NULL);
}
