#include "json.h"
#include "unit.h"

#include <stdlib.h>

static void test_a_value_on_one_line (void **context)
{
    (void) context;
    static const struct {
        const char *bytes;
        size_t size;
        const char *json;
    } CASES[] = {
        {"", 0, "null"},
        {"\xc0", 1, "null"},
        {"\xc3", 1, "true"},
        {"\x07", 1, "7"},
        {"\xff", 1, "-1"},
        /*  No digit is lost: 2^63 - 1 is the last that is a number. */
        {"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9, "9223372036854775807"},
        {"\xcf\x80\x00\x00\x00\x00\x00\x00\x00", 9, "\"9223372036854775808\""},
        {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, "\"18446744073709551615\""},
        {"\xa2hi", 3, "\"hi\""},
        {"\x93\x01\xa1x\x90", 5, "[1,\"x\",[]]"},
        {"\x81\xa1k\x81\xa1v\x02", 7, "{\"k\":{\"v\":2}}"},
        {"\x81\xa0\xa0", 3, "{\"\":\"\"}"},
        {"\xc4\x03\x01\x02\x03", 5, "\"AQID\""},
        {"\xcb\x3f\xf8\0\0\0\0\0\0", 9, "1.5"},
        /*  Numbers read as they were written, also beside one that needs all its digits. */
        {"\xcb\x3f\xb7\xce\xd9\x16\x87\x2b\x02", 9, "0.093"},
        {"\xcb\x3f\xd3\x33\x33\x33\x33\x33\x34", 9, "0.30000000000000004"},
        {"\x81\xa1k\x91\xcb\x3f\xb7\xce\xd9\x16\x87\x2b\x02", 13, "{\"k\":[0.093]}"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char *text = json_line ((const uint8_t *) CASES[i].bytes, CASES[i].size);
        assert_non_null (text);
        assert_string_equal (text, CASES[i].json);
        free (text);
    }
}

static void test_what_is_no_value (void **context)
{
    (void) context;
    assert_null (json_line ((const uint8_t *) "\xa2h", 2));
    assert_null (json_line ((const uint8_t *) "\xc0\xc0", 2));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_value_on_one_line),
        cmocka_unit_test (test_what_is_no_value),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
