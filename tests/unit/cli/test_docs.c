/*  Each command line of docs/cli.md is one that the program understands. */
#include "arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wordexp.h>
/*  cmocka wants some of the above before it. */
#include <cmocka.h>

static FILE *open_page (void)
{
    char path[4096];
    const char *end = strstr (__FILE__, "tests/unit/cli/");
    snprintf (path, sizeof path, "%.*sdocs/cli.md", end ? (int) (end - __FILE__) : 0, __FILE__);
    return fopen (path, "re");
}

/*  Parses, but asks nobody: titles stay as they are. */
static void understand (const char *line, char **words, int count)
{
    cli_t cli = {.out = stdout, .err = stderr};
    command_t command;
    arguments_t arguments = {0};
    slots_t slots;
    baton_error_t error = {0};
    int skip = count > 2 && command_find (words[1], words[2], &command) ? 3 : 2;
    bool found = skip == 3 || (count > 1 && command_find (words[1], "", &command));
    if (!found)
        print_error ("%s: no such command\n", line);
    assert_true (found);
    strcpy (cli.context.endpoint, "ipc:///nowhere");
    strcpy (cli.context.session, "zzzzzzzzzzzzzzzzzzzz");
    baton_status status = arguments_parse (&cli, &command, count - skip, words + skip, &arguments, &slots, &error);
    for (size_t i = 0; i < slots.count && status == BATON_OK; i++)
        if (slots.items[i].required && !slots.items[i].given && strcmp (slots.items[i].field->name, "session") != 0)
            status = baton_fail (&error, BATON_invalid_argument, BATON_REASON_none, "%s is missing",
                                 slots.items[i].field->name);
    if (status != BATON_OK)
        print_error ("%s: %s\n", line, error.message);
    assert_int_equal (status, BATON_OK);
    arguments_clear (&arguments);
    cli_clear (&cli);
}

static void understands_the_page (void **state)
{
    (void) state;
    char line[1024], folder[] = "/tmp/baton-test-XXXXXX";
    int lines = 0;
    FILE *page = open_page ();
    assert_non_null (page);
    /*  Files that the page names. */
    assert_true (mkdtemp (folder) && chdir (folder) == 0);
    fclose (fopen ("plan.md", "we"));
    fclose (fopen ("report.md", "we"));
    while (fgets (line, sizeof line, page)) {
        if (strncmp (line, "    baton ", 10) != 0)
            continue;
        wordexp_t words;
        line[strcspn (line, "\n")] = '\0';
        assert_int_equal (wordexp (line, &words, WRDE_NOCMD), 0);
        understand (line, words.we_wordv, (int) words.we_wordc);
        wordfree (&words);
        lines++;
    }
    fclose (page);
    unlink ("plan.md");
    unlink ("report.md");
    assert_true (chdir ("/") == 0 && rmdir (folder) == 0);
    assert_true (lines > 30);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (understands_the_page)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
