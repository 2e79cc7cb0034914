/*  Each command line of these pages is one that the program understands. */
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

static const char *const PAGES[] = {
    "cli", "fork", "context", "knowledge", "sites", "sharing", "clients", "triggers", "messages", "operations",
};

static FILE *open_page (const char *name)
{
    char path[4096];
    const char *end = strstr (__FILE__, "tests/unit/cli/");
    snprintf (path, sizeof path, "%.*sdocs/%s.md", end ? (int) (end - __FILE__) : 0, __FILE__, name);
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

static int understand_page (const char *name)
{
    char line[1024];
    int lines = 0;
    FILE *page = open_page (name);
    assert_non_null (page);
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
    return lines;
}

static void understands_each_page (void **state)
{
    (void) state;
    char folder[] = "/tmp/baton-test-XXXXXX";
    /*  Files that the pages name. */
    assert_true (mkdtemp (folder) && chdir (folder) == 0);
    fclose (fopen ("plan.md", "we"));
    fclose (fopen ("report.md", "we"));
    for (size_t i = 0; i < sizeof PAGES / sizeof *PAGES; i++)
        assert_true (understand_page (PAGES[i]) > 3);
    unlink ("plan.md");
    unlink ("report.md");
    assert_true (chdir ("/") == 0 && rmdir (folder) == 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (understands_each_page)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
