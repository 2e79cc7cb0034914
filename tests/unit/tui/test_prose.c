#include "prose.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/*  cmocka wants some of the above before it. */
#include <cmocka.h>

static void cleans_what_a_terminal_would_obey (void **state)
{
    (void) state;
    static const struct {
        const char *text, *clean;
    } CASES[] = {
        {NULL, ""},
        {"plain", "plain"},
        {"\x1b[31mred\a", "\\u001b[31mred\\u0007"},
        {"a\x7f", "a\\u007f"},
        {"\xc2\x9b"
         "31m",
         "\\u009b31m"},
        {"one\ntwo\tthree", "one two    three"},
        {"turn\u202eed, \u2066set apart", "turn\\u202eed, \\u2066set apart"},
        {"cut \xe6\x97", "cut \uFFFD\uFFFD"},
        {"\u65e5\u672c", "\u65e5\u672c"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char *clean = prose_clean (CASES[i].text, false);
        assert_string_equal (clean, CASES[i].clean);
        free (clean);
    }
}

static void counts_cells (void **state)
{
    (void) state;
    size_t cells;
    assert_int_equal (prose_width ("abc"), 3);
    assert_int_equal (prose_width ("\u65e5\u672c"), 4);
    assert_int_equal (prose_width ("e\u0301"), 1);
    /*  Half of a wide character is not shown. */
    assert_int_equal (prose_fit ("a\u65e5\u672c", 4, &cells), 4);
    assert_int_equal (cells, 3);
    assert_int_equal (prose_fit ("abc", 0, &cells), 0);
}

static void wraps_at_spaces (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        size_t cells, indent;
        const char *lines; /*  each ended by | */
    } CASES[] = {
        {"", 10, 0, "|"},
        {"one two three", 7, 0, "one two|three|"},
        {"one two three", 8, 2, "one two|  three|"},
        {"unbreakable", 4, 0, "unbr|eaka|ble|"},
        {"a\n\nb\n", 10, 0, "a||b|"},
        {"    far in", 8, 0, "    far|in|"},
        {"\u65e5\u672c\u8a9e", 5, 0, "\u65e5\u672c|\u8a9e|"},
        {"\u65e5\u672c", 1, 0, "\u65e5|\u672c|"},
        {"many words", 1, 9, "m|a|n|y|w|o|r|d|s|"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char lines[256] = "";
        prose_t prose = {0};
        prose_add (&prose, STYLE_plain, CASES[i].cells, CASES[i].indent, CASES[i].text);
        for (size_t line = 0; line < prose.count; line++)
            strcat (strcat (lines, prose.items[line].text), "|");
        assert_string_equal (lines, CASES[i].lines);
        prose_clear (&prose);
    }
}

static void lays_out_what_is_decided (void **state)
{
    (void) state;
    prose_t prose = {0};
    prose_add_body (&prose, 40, "{\"b\": 0.1, \"a\": [1]}");
    assert_int_equal (prose.count, 6);
    assert_string_equal (prose.items[1].text, "  \"b\": 0.1,");
    prose_clear (&prose);
    prose_add_body (&prose, 40, "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n");
    assert_int_equal (prose.count, 5);
    assert_int_equal (prose.items[2].style, STYLE_mark);
    assert_int_equal (prose.items[3].style, STYLE_bad);
    assert_int_equal (prose.items[4].style, STYLE_good);
    prose_clear (&prose);
    prose_add_body (&prose, 40, "{ that is no JSON\n- and no diff");
    assert_int_equal (prose.count, 2);
    assert_int_equal (prose.items[1].style, STYLE_plain);
    prose_clear (&prose);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (cleans_what_a_terminal_would_obey),
        cmocka_unit_test (counts_cells),
        cmocka_unit_test (wraps_at_spaces),
        cmocka_unit_test (lays_out_what_is_decided),
    };
    setlocale (LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests (tests, NULL, NULL);
}
