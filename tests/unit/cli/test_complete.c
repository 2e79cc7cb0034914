#include "complete.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/*  What the last of the words could become, without the meanings: "a b ". Nobody is asked: there is no context. */
static void offers (const char *const *words, const char *expected)
{
    char *text = NULL, offered[4096] = "", *argv[16];
    size_t size = 0;
    int count = 0;
    for (; words[count]; count++)
        argv[count] = (char *) (uintptr_t) words[count];
    cli_t cli = {.out = open_memstream (&text, &size), .err = stderr, .context_name = "/nowhere"};
    complete_print (&cli, count, argv);
    fclose (cli.out);
    for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n")) {
        size_t length = strcspn (line, "\t");
        assert_true (line[length] == '\t' || strcmp (line, ":files") == 0);
        strncat (strncat (offered, line, length), " ", 2);
    }
    assert_string_equal (offered, expected);
    free (text);
    cli_clear (&cli);
}

#define OFFERS(expected, ...) offers ((const char *const[]){__VA_ARGS__, NULL}, expected)

static void test_nouns_and_verbs (void **context)
{
    (void) context;
    OFFERS ("session ", "sess");
    OFFERS ("invite inbox identity item ", "i"); /*  in the order of the help */
    OFFERS ("migrate ", "session", "mig");
    OFFERS ("share shares ", "help", "session", "share");
    OFFERS ("", "nothing", "x");
    OFFERS ("session ", "-o", "json", "sess");
}

static void test_flags (void **context)
{
    (void) context;
    OFFERS ("--dry-run ", "session", "migrate", "--d");
    OFFERS ("--idempotency-key --if-n ", "site", "about", "--i");
    OFFERS ("--output ", "--ou");
}

static void test_values (void **context)
{
    (void) context;
    OFFERS ("reject rollback ", "session", "create", "--multitask-strategy", "r");
    OFFERS ("--multitask-strategy=reject --multitask-strategy=rollback ", "session", "create",
            "--multitask-strategy=r");
    OFFERS ("json jsonl ", "session", "list", "-o", "j");
    OFFERS ("json jsonl ", "--output", "j");
    OFFERS (":files ", "artifact", "put", "s", "name", "");
    /*  A flag without a value doesn't take the next word. */
    OFFERS ("system ", "item", "append", "s", "sys");
    /*  The broker is not there: no sessions, and no word about it. */
    OFFERS ("", "session", "show", "");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_nouns_and_verbs),
        cmocka_unit_test (test_flags),
        cmocka_unit_test (test_values),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
