#include "line.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/*  cmocka wants some of the above before it. */
#include <cmocka.h>

/*  Letters are typed; < > left, right; B backspace, D delete, H home, E end; W Ctrl-W, U Ctrl-U, K Ctrl-K; * is a wide
 *  character. */
static void play (line_t *line, const char *script)
{
    static const struct {
        char letter;
        stroke_t stroke;
    } KEYS[] = {{'<', {STROKE_left, 0}},      {'>', {STROKE_right, 0}},      {'B', {STROKE_backspace, 0}},
                {'D', {STROKE_delete, 0}},    {'H', {STROKE_home, 0}},       {'E', {STROKE_end, 0}},
                {'W', {STROKE_control, 'w'}}, {'U', {STROKE_control, 'u'}},  {'K', {STROKE_control, 'k'}},
                {'*', {STROKE_text, 0x65e5}}, {'~', {STROKE_text, 0x1f600}}, {'\'', {STROKE_text, 0xe9}}};
    for (; *script; script++) {
        stroke_t stroke = {STROKE_text, (uint32_t) *script};
        for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
            if (KEYS[i].letter == *script)
                stroke = KEYS[i].stroke;
        assert_true (line_take (line, stroke));
    }
}

static void is_edited (void **state)
{
    (void) state;
    static const struct {
        const char *script, *text;
        size_t at;
    } CASES[] = {
        {"abc", "abc", 3},
        {"abc<<x", "axbc", 2},
        {"a*c<B", "ac", 1},
        {"a*c<<D", "ac", 1},
        {"*~'", "\u65e5\U0001f600\u00e9", 9},
        {"*~<<>x", "\u65e5x\U0001f600", 4},
        {"BD<>", "", 0},
        {"abHxEy", "xaby", 4},
        {"one two  W", "one ", 4},
        {"one two<<U", "wo", 0},
        {"one two<<K", "one t", 5},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        line_t line = {0};
        play (&line, CASES[i].script);
        assert_string_equal (line.text, CASES[i].text);
        assert_int_equal (line.at, CASES[i].at);
        assert_int_equal (line.length, strlen (line.text));
    }
}

static void ends_at_its_limit (void **state)
{
    (void) state;
    line_t line = {0};
    for (size_t i = 0; i < LINE_SIZE; i++)
        play (&line, "*");
    assert_int_equal (line.length, (LINE_SIZE - 1) / 3 * 3);
    assert_int_equal (line.text[line.length], 0);
    assert_false (line_take (&line, (stroke_t){STROKE_enter, 0}));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (is_edited),
        cmocka_unit_test (ends_at_its_limit),
    };
    setlocale (LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests (tests, NULL, NULL);
}
