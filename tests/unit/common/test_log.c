#include "log.h"

#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*  Runs speak with standard error going to a file, and gives back what it wrote. */
static void capture (void (*speak) (void), char *ret_text, size_t size)
{
    FILE *file = tmpfile ();
    assert_non_null (file);
    fflush (stderr);
    int before = dup (STDERR_FILENO);
    assert_true (before >= 0 && dup2 (fileno (file), STDERR_FILENO) >= 0);
    speak ();
    fflush (stderr);
    assert_true (dup2 (before, STDERR_FILENO) >= 0);
    close (before);
    rewind (file);
    ret_text[fread (ret_text, 1, size - 1, file)] = '\0';
    fclose (file);
}

static void speak_at_each_level (void)
{
    log_error ("the %s", "error");
    log_warning ("the warning");
    log_info ("the info");
    log_debug ("the debug");
}

static const struct {
    log_level_t level;
    const char *last;   /*  the least message that passes */
    const char *absent; /*  the first that does not; NULL: all pass */
} LEVELS[] = {
    {LOG_LEVEL_error, "the error", "the warning"},
    {LOG_LEVEL_warning, "the warning", "the info"},
    {LOG_LEVEL_info, "the info", "the debug"},
    {LOG_LEVEL_debug, "the debug", NULL},
};

static void messages_above_the_level_are_dropped (void **state)
{
    (void) state;
    char text[4096];
    for (size_t i = 0; i < COUNT (LEVELS); i++) {
        log_set_level (LEVELS[i].level);
        capture (speak_at_each_level, text, sizeof text);
        assert_non_null (strstr (text, "the error"));
        assert_non_null (strstr (text, LEVELS[i].last));
        assert_true (!LEVELS[i].absent || !strstr (text, LEVELS[i].absent));
    }
    log_set_level (LOG_LEVEL_info);
}

static void speak_at_length (void)
{
    char *longer = calloc (1, 100001);
    assert_non_null (longer);
    memset (longer, 'x', 100000);
    log_error ("%s", longer);
    log_error ("next");
    free (longer);
}

static void a_message_is_one_line_however_long (void **state)
{
    (void) state;
    char *text = calloc (1, 400000);
    assert_non_null (text);
    capture (speak_at_length, text, 400000);
    size_t lines = 0;
    for (const char *at = text; (at = strchr (at, '\n')); at++)
        lines++;
    assert_int_equal (lines, 2);
    assert_non_null (strstr (text, "next\n"));
    free (text);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (messages_above_the_level_are_dropped),
        cmocka_unit_test (a_message_is_one_line_however_long),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
