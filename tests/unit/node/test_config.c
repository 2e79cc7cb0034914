#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static baton_status load (const char *text, config_t *config, baton_error_t *error)
{
    char path[] = "/tmp/baton-config-XXXXXX";
    int file = mkstemp (path);
    assert_true (file >= 0);
    assert_int_equal (write (file, text, strlen (text)), strlen (text));
    close (file);
    assert_int_equal (config_init (config), BATON_OK);
    baton_status status = config_load (config, path, error);
    unlink (path);
    return status;
}

static void test_everything (void **state)
{
    (void) state;
    config_t config;
    baton_error_t error;
    assert_int_equal (load ("slots = 7\n"
                            "transfer = \"tcp://127.0.0.1:0\"\n"
                            "labels\n"
                            "    zone = a\n"
                            "    gpu = \"yes\"\n"
                            "log\n"
                            "    bound = 65536\n"
                            "    keep = 0\n"
                            "workspaces\n"
                            "    keep = 36500\n"
                            "drivers\n"
                            "    default\n"
                            "        command = \"exec agent $BATON_INPUT\"\n"
                            "    other\n"
                            "        command\n"
                            "            arg = /usr/bin/agent\n"
                            "            arg = \"--now then\"\n"
                            "        grace = 10\n"
                            "        safe_point_grace = 20\n"
                            "        env\n"
                            "            MODE = quiet\n",
                            &config, &error),
                      BATON_OK);
    assert_int_equal (config.slots, 7);
    assert_string_equal (config.transfer, "tcp://127.0.0.1:*");
    assert_string_equal (pairs_get (&config.labels, "zone"), "a");
    assert_string_equal (pairs_get (&config.labels, "gpu"), "yes");
    assert_int_equal (config.log_bound, 65536);
    assert_int_equal (config.log_keep, 0);
    assert_int_equal (config.workspace_keep, 36500);
    const driver_t *shell = config_driver (&config, NULL);
    assert_non_null (shell);
    assert_int_equal (shell->argv.count, 3);
    assert_string_equal (shell->argv.items[2], "exec agent $BATON_INPUT");
    assert_int_equal (shell->safe_point_grace, 30000);
    const driver_t *other = config_driver (&config, "other");
    assert_non_null (other);
    assert_int_equal (other->argv.count, 2);
    assert_string_equal (other->argv.items[1], "--now then");
    assert_int_equal (other->grace, 10);
    assert_int_equal (other->safe_point_grace, 20);
    assert_string_equal (pairs_get (&other->env, "MODE"), "quiet");
    assert_null (config_driver (&config, "third"));
    config_clear (&config);
}

/*  What each mistake says: the key, and what it may be. */
static void test_mistakes (void **state)
{
    (void) state;
    static const struct {
        const char *text, *key, *says;
    } CASES[] = {
        {"slots = 0\n", "slots", "from 1 to 4096"},
        {"slots = 4097\n", "slots", "from 1 to 4096"},
        {"slots = many\n", "slots", "whole number"},
        {"slots = -1\n", "slots", "whole number"},
        {"slotz = 3\n", "slotz", "unknown"},
        {"transfer = here\n", "transfer", "tcp://"},
        {"transfer = \"tcp://127.0.0.1\"\n", "transfer", "tcp://"},
        {"transfer = \"tcp://127.0.0.1:99999\"\n", "transfer", "tcp://"},
        {"log\n    bound = 100\n", "bound", "log/bound must be"},
        {"log\n    keep = 36501\n", "keep", "log/keep must be"},
        {"workspaces\n    keep = 36501\n", "keep", "workspaces/keep must be"},
        {"workspaces\n    size = 1\n", "size", "workspaces has keep"},
        {"log\n    size = 100\n", "size", "unknown"},
        {"drivers\n    a\n        grace = 5\n", "command", "drivers/a/command is missing"},
        {"drivers\n    a\n        command = \"\"\n", "command", "empty"},
        {"drivers\n    a\n        command = x\n        grace = 600001\n", "grace", "drivers/a/grace must be"},
        {"drivers\n    a\n        command = x\n        shell = y\n", "shell", "unknown"},
        {"drivers\n    a\n        command = x\n    a\n        command = y\n", "a", "twice"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        config_t config;
        baton_error_t error = {.message = ""};
        assert_int_equal (load (CASES[i].text, &config, &error), BATON_invalid_argument);
        assert_string_equal (error.field, CASES[i].key);
        assert_non_null (strstr (error.message, CASES[i].says));
        assert_non_null (strstr (error.message, "/tmp/baton-config-"));
        config_clear (&config);
    }
}

static void test_no_file (void **state)
{
    (void) state;
    config_t config;
    baton_error_t error;
    assert_int_equal (config_init (&config), BATON_OK);
    assert_int_equal (config_load (&config, "/tmp/baton-no-such-file", &error), BATON_not_found);
    assert_non_null (strstr (error.message, "/tmp/baton-no-such-file"));
    config_clear (&config);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_everything), cmocka_unit_test (test_mistakes),
                                       cmocka_unit_test (test_no_file)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
