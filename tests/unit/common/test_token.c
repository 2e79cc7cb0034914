#include "token.h"

#include "faults.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINT "tcp://127.0.0.1:7600"
#define KEY "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"

static char *token_of (const char *endpoint, const char *key, const char *secret)
{
    char *text = NULL;
    assert_int_equal (token_encode (endpoint, key, secret, &text, NULL), BATON_OK);
    return text;
}

static void a_token_comes_back_as_it_was (void **state)
{
    (void) state;
    char *text = token_of (ENDPOINT, KEY, "s3cret");
    token_t token = {0};
    assert_int_equal (strncmp (text, "baton1.", 7), 0);
    assert_int_equal (strspn (text + 7, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                      strlen (text) - 7);
    assert_int_equal (token_decode (text, &token, NULL), BATON_OK);
    assert_string_equal (token.endpoint, ENDPOINT);
    assert_string_equal (token.broker_key, KEY);
    assert_string_equal (token.secret, "s3cret");
    record_clear (&RECORD_token, &token);
    free (text);
}

static void assert_refused (const char *what, const char *text)
{
    token_t token = {0};
    baton_error_t error = {0};
    if (token_decode (text, &token, &error) != BATON_invalid_argument || error.reason != BATON_REASON_bad_token)
        fail_msg ("%s: %s", what, error.message);
    assert_null (strstr (error.message, "s3cret"));
    assert_null (token.secret);
}

static void one_changed_character_is_refused_or_another_token (void **state)
{
    (void) state;
    char *text = token_of (ENDPOINT, KEY, "s3cret");
    size_t length = strlen (text), refused = 0;
    for (size_t i = 0; i < length; i++)
        for (int byte = 1; byte < 256; byte++) {
            char *changed = strdup (text), *again = NULL;
            token_t token = {0};
            changed[i] = (char) byte;
            if (token_decode (changed, &token, NULL) == BATON_OK) {
                assert_int_equal (token_encode (token.endpoint, token.broker_key, token.secret, &again, NULL),
                                  BATON_OK);
                assert_string_equal (again, changed); /*  no second spelling */
            } else
                refused++;
            record_clear (&RECORD_token, &token);
            free (again);
            free (changed);
        }
    assert_true (refused > length * 190); /*  every byte outside of the alphabet, at least */
    free (text);
}

static void what_is_no_token_is_refused (void **state)
{
    (void) state;
    char *text = token_of (ENDPOINT, KEY, "s3cret"), *longer = calloc (1, 3 * TOKEN_SIZE), name[32];
    for (size_t i = 0; i < strlen (text); i++) {
        snprintf (longer, 3 * TOKEN_SIZE, "%.*s", (int) i, text);
        snprintf (name, sizeof name, "cut at %zu", i);
        assert_refused (name, longer);
    }
    snprintf (longer, 3 * TOKEN_SIZE, "%s=", text);
    assert_refused ("padding", longer);
    snprintf (longer, 3 * TOKEN_SIZE, " %s", text);
    assert_refused ("a space before", longer);
    snprintf (longer, 3 * TOKEN_SIZE, "%s\n", text);
    assert_refused ("a line feed after", longer);
    assert_refused ("another version", "baton2.gA");
    assert_refused ("an empty map", "baton1.gA");
    memset (longer, 'A', 3 * TOKEN_SIZE - 1);
    memcpy (longer, TOKEN_PREFIX, sizeof TOKEN_PREFIX - 1);
    assert_refused ("too long", longer);
    free (longer);
    free (text);
}

static void only_what_can_be_decoded_is_encoded (void **state)
{
    (void) state;
    static const struct {
        const char *endpoint, *key, *secret;
    } CASES[] = {
        {"ipc:///tmp/x", KEY, "s"}, {"", KEY, "s"},      {ENDPOINT, "short", "s"},
        {ENDPOINT, "", "s"},        {ENDPOINT, KEY, ""}, {ENDPOINT, "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{h~~", "s"},
        {ENDPOINT, KEY, "a\nb"},
    };
    for (size_t i = 0; i < COUNT (CASES); i++) {
        char *text = NULL;
        assert_int_equal (token_encode (CASES[i].endpoint, CASES[i].key, CASES[i].secret, &text, NULL),
                          BATON_invalid_argument);
        assert_null (text);
    }
}

static void lack_of_memory_is_a_status (void **state)
{
    (void) state;
    for (uint64_t k = 1; faults_round (k); k++) {
        char *text = NULL;
        baton_status status = token_encode (ENDPOINT, KEY, "s3cret", &text, NULL);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
        free (text);
    }
    char *text = token_of (ENDPOINT, KEY, "s3cret");
    for (uint64_t k = 1; faults_round (k); k++) {
        token_t token = {0};
        baton_status status = token_decode (text, &token, NULL);
        assert_int_equal (status == BATON_OK, !faults_hit ());
        record_clear (&RECORD_token, &token);
    }
    free (text);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_token_comes_back_as_it_was),
        cmocka_unit_test (one_changed_character_is_refused_or_another_token),
        cmocka_unit_test (what_is_no_token_is_refused),
        cmocka_unit_test (only_what_can_be_decoded_is_encoded),
        cmocka_unit_test (lack_of_memory_is_a_status),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
