#include "text.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

#define BYTES(literal) literal, sizeof (literal) - 1

/*  Cases from RFC 3629 and the boundaries of its table. */
static const struct {
    const char *what;
    const char *text;
    size_t size;
    bool line;  /*  valid without line feeds and tabs */
    bool lines; /*  valid with them */
} TEXTS[] = {
    {"nothing", BYTES (""), true, true},
    {"ASCII", BYTES ("plain ~"), true, true},
    {"line feed", BYTES ("a\nb"), false, true},
    {"tab", BYTES ("a\tb"), false, true},
    {"carriage return", BYTES ("a\rb"), false, false},
    {"escape", BYTES ("\x1b[2J"), false, false},
    {"NUL", BYTES ("a\0b"), false, false},
    {"DEL", BYTES ("\x7f"), false, false},
    {"C1 control U+0080", BYTES ("\xc2\x80"), false, false},
    {"C1 control U+009F", BYTES ("\xc2\x9f"), false, false},
    {"no-break space U+00A0", BYTES ("\xc2\xa0"), true, true},
    {"last of two bytes U+07FF", BYTES ("\xdf\xbf"), true, true},
    {"first of three bytes U+0800", BYTES ("\xe0\xa0\x80"), true, true},
    {"last before the surrogates U+D7FF", BYTES ("\xed\x9f\xbf"), true, true},
    {"first surrogate U+D800", BYTES ("\xed\xa0\x80"), false, false},
    {"last surrogate U+DFFF", BYTES ("\xed\xbf\xbf"), false, false},
    {"first after the surrogates U+E000", BYTES ("\xee\x80\x80"), true, true},
    {"last of three bytes U+FFFF", BYTES ("\xef\xbf\xbf"), true, true},
    {"first of four bytes U+10000", BYTES ("\xf0\x90\x80\x80"), true, true},
    {"last of all U+10FFFF", BYTES ("\xf4\x8f\xbf\xbf"), true, true},
    {"just before the separators U+2027", BYTES ("\xe2\x80\xa7"), true, true},
    {"line separator U+2028", BYTES ("\xe2\x80\xa8"), false, true},
    {"right-to-left override U+202E", BYTES ("\xe2\x80\xae"), false, true},
    {"narrow space U+202F", BYTES ("\xe2\x80\xaf"), true, true},
    {"isolate U+2066", BYTES ("\xe2\x81\xa6"), false, true},
    {"end of isolate U+2069", BYTES ("\xe2\x81\xa9"), false, true},
    {"Hebrew", BYTES ("\xd7\xa9\xd7\x9c"), true, true},
    {"past the last", BYTES ("\xf4\x90\x80\x80"), false, false},
    {"lead byte F5", BYTES ("\xf5\x80\x80\x80"), false, false},
    {"overlong slash, two bytes", BYTES ("\xc0\xaf"), false, false},
    {"overlong U+007F", BYTES ("\xc1\xbf"), false, false},
    {"overlong slash, three bytes", BYTES ("\xe0\x80\xaf"), false, false},
    {"overlong U+07FF", BYTES ("\xe0\x9f\xbf"), false, false},
    {"overlong slash, four bytes", BYTES ("\xf0\x80\x80\xaf"), false, false},
    {"overlong U+FFFF", BYTES ("\xf0\x8f\xbf\xbf"), false, false},
    {"continuation alone", BYTES ("\x80"), false, false},
    {"two bytes cut off", BYTES ("\xc3"), false, false},
    {"three bytes cut off", BYTES ("\xe2\x82"), false, false},
    {"four bytes cut off", BYTES ("\xf0\x9f\x98"), false, false},
    {"a letter for a continuation", BYTES ("\xe2\x28\xa1"), false, false},
    {"byte FE", BYTES ("\xfe"), false, false},
    {"byte FF", BYTES ("\xff"), false, false},
};

static void text_is_utf8_without_controls (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT (TEXTS); i++) {
        if (text_valid (TEXTS[i].text, TEXTS[i].size, false) != TEXTS[i].line)
            fail_msg ("as a line: %s", TEXTS[i].what);
        if (text_valid (TEXTS[i].text, TEXTS[i].size, true) != TEXTS[i].lines)
            fail_msg ("as lines: %s", TEXTS[i].what);
    }
}

static const struct {
    const char *text;
    size_t size;
    bool valid;
} NAMES[] = {
    {BYTES ("a"), true},        {BYTES ("Z9._:@/+-"), true}, {BYTES ("0"), true},     {BYTES (""), false},
    {BYTES ("-a"), false},      {BYTES ("."), false},        {BYTES ("/a"), false},   {BYTES ("a b"), false},
    {BYTES ("a\n"), false},     {BYTES ("a\0"), false},      {BYTES ("\0"), false},   {BYTES ("\xc3\xa4"), false},
    {BYTES ("a*"), false},      {BYTES ("a$(x)"), false},    {BYTES ("a\\b"), false}, {BYTES ("a=b"), false},
    {BYTES ("../../x"), false},
};

static void names_are_harmless_everywhere (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT (NAMES); i++)
        if (name_valid (NAMES[i].text, NAMES[i].size) != NAMES[i].valid)
            fail_msg ("name %zu: \"%s\"", i, NAMES[i].text);
}

static void a_line_is_made_of_anything (void **state)
{
    (void) state;
    static const struct {
        const char *text, *line;
        size_t most;
    } ROWS[] = {
        {"", "", 9},
        {"as it is", "as it is", 8},
        {"one\ntwo\t\x1b[0m", "one two  [0m", 99},
        {"\xc3\xa4\xc3", "\xc3\xa4 ", 99},
        {"\xc3\xa4\xc3\xa4", "\xc3\xa4 ", 3},
        {"a\xe2\x80\xaez", "a   z", 99},
    };
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        char text[32];
        snprintf (text, sizeof text, "%s", ROWS[i].text);
        text_line (text, ROWS[i].most);
        assert_string_equal (text, ROWS[i].line);
        assert_true (text_valid (text, strlen (text), false));
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (text_is_utf8_without_controls),
        cmocka_unit_test (names_are_harmless_everywhere),
        cmocka_unit_test (a_line_is_made_of_anything),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
