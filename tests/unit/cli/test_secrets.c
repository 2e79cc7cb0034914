/*  Each pattern removes what it is for, and leaves alone what looks nearly like it. */
#include "unit.h"

#include "secrets.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    const char *name;
    uint64_t count, others;
} tally_t;

static baton_status count (const char *name, uint64_t count, void *argument)
{
    tally_t *tally = argument;
    *(strcmp (name, tally->name) == 0 ? &tally->count : &tally->others) += count;
    return BATON_OK;
}

static secrets_t *secrets_made (void)
{
    secrets_t *secrets = NULL;
    baton_error_t error = {0};
    if (secrets_new (&secrets, &error) != BATON_OK)
        fail_msg ("%s", error.message);
    return secrets;
}

static tally_t scrub (char *text, const char *name)
{
    secrets_t *secrets = secrets_made ();
    tally_t tally = {.name = name};
    size_t size = 0;
    baton_error_t error = {0};
    if (secrets_scrub (secrets, text, strlen (text), count, &tally, &size, &error) != BATON_OK)
        fail_msg ("%s: %s", name, error.message);
    text[size] = '\0';
    secrets_destroy (&secrets);
    return tally;
}

/*  The example without its first < and last >; what stands between them in ret_secret. */
static char *plain (const char *example, char *ret_secret)
{
    const char *open = strchr (example, '<'), *close = strrchr (example, '>');
    char *text = calloc (1, strlen (example) + 1);
    assert_true (open && close && open < close);
    memcpy (ret_secret, open + 1, (size_t) (close - open - 1));
    ret_secret[close - open - 1] = '\0';
    memcpy (text, example, (size_t) (open - example));
    strcat (text, ret_secret);
    strcat (text, close + 1);
    return text;
}

static void each_example_is_removed_and_no_near_miss (void **state)
{
    (void) state;
    for (size_t i = 0; i < SECRET_COUNT; i++) {
        char secret[512];
        const secret_t *row = &SECRETS[i];
        char *text = plain (row->example, secret), *miss = strdup (row->near_miss);
        size_t before = strlen (text);
        tally_t tally = scrub (text, row->name);
        if (tally.count != 1 || strstr (text, secret))
            fail_msg ("%s does not remove its example: %s", row->name, text);
        if (tally.others > 0)
            fail_msg ("%s: its example is found by other patterns, too", row->name);
        assert_true (strlen (text) <= before);
        /*  What stood around it still does. */
        assert_int_equal (strncmp (text, row->example, (size_t) (strchr (row->example, '<') - row->example)), 0);
        assert_string_equal (text + strlen (text) - strlen (strrchr (row->example, '>') + 1),
                             strrchr (row->example, '>') + 1);
        tally = scrub (miss, row->name);
        if (tally.count + tally.others > 0)
            fail_msg ("%s: its near miss is no secret, but was found: %s", row->name, miss);
        assert_string_equal (miss, row->near_miss);
        free (text);
        free (miss);
    }
}

static void several_in_one_text (void **state)
{
    (void) state;
    char text[] = "a AKIAABCDEFGHIJKLMNOP b AKIAABCDEFGHIJKLMNOP c\nDB_PASSWORD=x\nend";
    tally_t tally = scrub (text, "aws_access_key");
    assert_int_equal (tally.count, 2);
    assert_int_equal (tally.others, 1);
    assert_string_equal (text, "a [redacted] b [redacted] c\nDB_PASSWORD=*\nend");
}

static void names_tell (void **state)
{
    (void) state;
    static const char *const SECRET[] = {"password", "DB_PASSWORD", "githubToken", "api_key"};
    static const char *const OPEN[] = {"name", "branch", "passage", "keys", ""};
    for (size_t i = 0; i < COUNT (SECRET); i++)
        assert_true (secrets_name (SECRET[i], strlen (SECRET[i])));
    for (size_t i = 0; i < COUNT (OPEN); i++)
        assert_false (secrets_name (OPEN[i], strlen (OPEN[i])));
}

static void files_tell (void **state)
{
    (void) state;
    for (size_t i = 0; i < SECRET_FILE_COUNT; i++) {
        const secret_file_t *row = &SECRET_FILES[i];
        if (!secrets_file (row->example))
            fail_msg ("%s is not found by %s", row->example, row->glob);
        if (secrets_file (row->near_miss))
            fail_msg ("%s is no secret, but found by %s", row->near_miss, secrets_file (row->near_miss));
    }
    assert_string_equal (secrets_file ("a/.ENV"), "environment_file");
    assert_null (secrets_file (".env/readme"));
}

/*  4 MiB each of what patterns might stumble over: seconds would mean that one of them is not linear. */
static void no_text_takes_long (void **state)
{
    (void) state;
    static const char *const BITS[] = {"A",      "-----BEGIN ",  "PRIVATE KEY-----", "sk-", "eyJaaaaaaaa.", "a://b:",
                                       "SECRET", "password: \"", "bearer ",          "1",   "AccountKey=",  "=\n"};
    secrets_t *secrets = secrets_made ();
    size_t size = 4u << 20;
    char *text = malloc (size + 64);
    for (size_t i = 0; i < COUNT (BITS); i++) {
        size_t length = strlen (BITS[i]), after = 0;
        tally_t tally = {.name = ""};
        for (size_t at = 0; at < size; at += length)
            memcpy (text + at, BITS[i], length);
        clock_t begin = clock ();
        assert_int_equal (secrets_scrub (secrets, text, size, count, &tally, &after, NULL), BATON_OK);
        if (clock () - begin > 20 * CLOCKS_PER_SEC)
            fail_msg ("4 MiB of %s take too long", BITS[i]);
    }
    free (text);
    secrets_destroy (&secrets);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_example_is_removed_and_no_near_miss),
        cmocka_unit_test (several_in_one_text),
        cmocka_unit_test (names_tell),
        cmocka_unit_test (files_tell),
        cmocka_unit_test (no_text_takes_long),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
