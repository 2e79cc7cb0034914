#include "complete.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    OFFERS ("invite inbox item identity ", "i"); /*  in the order of the help */
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

static void touch (const char *folder, const char *name)
{
    char path[128];
    snprintf (path, sizeof path, "%s/baton/%s", folder, name);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fclose (file);
}

static void test_contexts (void **context)
{
    (void) context;
    char folder[] = "/tmp/complete-XXXXXX", inner[64], command[128];
    assert_non_null (mkdtemp (folder));
    snprintf (inner, sizeof inner, "%s/baton", folder);
    assert_int_equal (mkdir (inner, 0700), 0);
    setenv ("XDG_CONFIG_HOME", folder, 1);
    static const char *const NAMES[] = {"work.ctx", "home.ctx", ".joining-1", "signing.key"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        touch (folder, NAMES[i]);
    snprintf (inner, sizeof inner, "%s/baton/default.ctx", folder);
    assert_int_equal (symlink ("work.ctx", inner), 0);
    OFFERS ("home work ", "context", "use", "");
    OFFERS ("work ", "session", "list", "--context", "w");
    OFFERS ("work ", "--context", "w");
    OFFERS ("home work ", "session", "push", "s", "--to", "");
    OFFERS ("--context=work ", "session", "list", "--context=w");
    OFFERS (":files ", "--context", "./");
    OFFERS (":files ", "artifact", "get", "s", "a", "--to", "");
    snprintf (command, sizeof command, "rm -r %s", folder);
    assert_int_equal (system (command), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_nouns_and_verbs),
        cmocka_unit_test (test_flags),
        cmocka_unit_test (test_values),
        cmocka_unit_test (test_contexts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
