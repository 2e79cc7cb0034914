#include "value.h"

#include "limits.h"

#include "faults.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define BYTES(literal) (const uint8_t *) (literal), sizeof (literal) - 1

static const struct {
    const char *what;
    const uint8_t *data;
    size_t size;
    baton_reason reason; /*  none: accepted */
} VALUES[] = {
    {"nil", BYTES ("\xc0"), BATON_REASON_none},
    {"false", BYTES ("\xc2"), BATON_REASON_none},
    {"fixint", BYTES ("\x7f"), BATON_REASON_none},
    {"negative fixint", BYTES ("\xff"), BATON_REASON_none},
    {"uint64", BYTES ("\xcf\1\2\3\4\5\6\7\x08"), BATON_REASON_none},
    {"float64", BYTES ("\xcb\1\2\3\4\5\6\7\x08"), BATON_REASON_none},
    {"str8", BYTES ("\xd9\1x"), BATON_REASON_none},
    {"bin16", BYTES ("\xc5\0\1x"), BATON_REASON_none},
    {"array of two", BYTES ("\x92\1\2"), BATON_REASON_none},
    {"map of one", BYTES ("\x81\xa1x\1"), BATON_REASON_none},
    {"empty map32", BYTES ("\xdf\0\0\0\0"), BATON_REASON_none},
    {"nothing", BYTES (""), BATON_REASON_malformed},
    {"uint64 cut off", BYTES ("\xcf\1\2\3"), BATON_REASON_malformed},
    {"str8 without its length", BYTES ("\xd9"), BATON_REASON_malformed},
    {"str8 cut off", BYTES ("\xd9\2x"), BATON_REASON_malformed},
    {"fixstr cut off", BYTES ("\xa2x"), BATON_REASON_malformed},
    {"str32 of 4 GiB", BYTES ("\xdb\xff\xff\xff\xff"), BATON_REASON_malformed},
    {"bin32 of 4 GiB", BYTES ("\xc6\xff\xff\xff\xff"), BATON_REASON_malformed},
    {"array32 of 4 Gi elements", BYTES ("\xdd\xff\xff\xff\xff"), BATON_REASON_malformed},
    {"map32 of 4 Gi pairs", BYTES ("\xdf\xff\xff\xff\xff"), BATON_REASON_malformed},
    {"array16 one short", BYTES ("\xdc\0\2\1"), BATON_REASON_malformed},
    {"fixarray one short", BYTES ("\x92\1"), BATON_REASON_malformed},
    {"map without its value", BYTES ("\x81\xa1x"), BATON_REASON_malformed},
    {"inner array one short", BYTES ("\x92\x91\1"), BATON_REASON_malformed},
    {"a byte too many", BYTES ("\1\1"), BATON_REASON_malformed},
    {"a byte after a map", BYTES ("\x80\xc0"), BATON_REASON_malformed},
    {"the unused C1", BYTES ("\xc1"), BATON_REASON_malformed},
    {"fixext1", BYTES ("\xd4\1\1"), BATON_REASON_malformed},
    {"fixext16", BYTES ("\xd8\1\1\2\3\4\5\6\7\1\1\2\3\4\5\6\7\1"), BATON_REASON_malformed},
    {"ext8", BYTES ("\xc7\0\1"), BATON_REASON_malformed},
    {"ext32", BYTES ("\xc9\0\0\0\0\1"), BATON_REASON_malformed},
};

static void exactly_one_bounded_value_passes (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT (VALUES); i++) {
        /*  On the heap at its exact size, so that AddressSanitizer sees a byte read past it. */
        uint8_t *data = malloc (VALUES[i].size + (VALUES[i].size == 0));
        assert_non_null (data);
        memcpy (data, VALUES[i].data, VALUES[i].size);
        baton_error_t error = {0};
        baton_status status = value_check (data, VALUES[i].size, &error);
        free (data);
        if (status != (VALUES[i].reason == BATON_REASON_none ? BATON_OK : BATON_invalid_argument) ||
            error.reason != VALUES[i].reason)
            fail_msg ("%s: status %s, reason %s", VALUES[i].what, baton_status_name (status),
                      baton_reason_name (error.reason));
    }
}

static void nesting_ends_at_the_limit (void **state)
{
    (void) state;
    uint8_t data[LIMIT_DEPTH + 2];
    memset (data, 0x91, sizeof data);
    baton_error_t error = {0};
    data[LIMIT_DEPTH] = 0xc0;
    assert_int_equal (value_check (data, LIMIT_DEPTH + 1, &error), BATON_OK);
    data[LIMIT_DEPTH] = 0x91;
    data[LIMIT_DEPTH + 1] = 0xc0;
    assert_int_equal (value_check (data, LIMIT_DEPTH + 2, &error), BATON_invalid_argument);
    assert_int_equal (error.reason, BATON_REASON_too_deep);
}

/*  Packs what data holds; the caller frees ret_bytes->data. */
static baton_status repack (const uint8_t *data, size_t size, baton_bytes_t *ret_bytes, baton_error_t *error)
{
    msgpack_unpacked unpacked;
    msgpack_unpacked_init (&unpacked);
    size_t offset = 0;
    assert_int_equal (msgpack_unpack_next (&unpacked, (const char *) data, size, &offset), MSGPACK_UNPACK_SUCCESS);
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init (&buffer);
    msgpack_packer packer;
    msgpack_packer_init (&packer, &buffer, msgpack_sbuffer_write);
    baton_status status = value_pack (&packer, &unpacked.data, error);
    msgpack_unpacked_destroy (&unpacked);
    ret_bytes->size = buffer.size;
    ret_bytes->data = (uint8_t *) msgpack_sbuffer_release (&buffer);
    return status;
}

static const struct {
    const uint8_t *from;
    size_t from_size;
    const uint8_t *to;
    size_t to_size;
} CANONICAL[] = {
    {BYTES ("\x82\xa1"
            "b\1\xa1"
            "a\2"),
     BYTES ("\x82\xa1"
            "a\2\xa1"
            "b\1")},
    {BYTES ("\x82\xa2"
            "aa\1\xa1"
            "a\2"),
     BYTES ("\x82\xa1"
            "a\2\xa2"
            "aa\1")},
    {BYTES ("\x82\xa2\xc3\xa4\1\xa1"
            "z\2"),
     BYTES ("\x82\xa1"
            "z\2\xa2\xc3\xa4\1")},
    {BYTES ("\xcd\0\5"), BYTES ("\5")},
    {BYTES ("\xd3\0\0\0\0\0\0\0\5"), BYTES ("\5")},
    {BYTES ("\xd3\xff\xff\xff\xff\xff\xff\xff\xff"), BYTES ("\xff")},
    {BYTES ("\xdb\0\0\0\1x"), BYTES ("\xa1x")},
    {BYTES ("\xc6\0\0\0\1x"), BYTES ("\xc4\1x")},
    {BYTES ("\xdd\0\0\0\1\xde\0\0"), BYTES ("\x91\x80")},
};

static void packing_is_canonical (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT (CANONICAL); i++) {
        baton_bytes_t bytes = {0};
        baton_error_t error = {0};
        assert_int_equal (repack (CANONICAL[i].from, CANONICAL[i].from_size, &bytes, &error), BATON_OK);
        assert_int_equal (bytes.size, CANONICAL[i].to_size);
        assert_memory_equal (bytes.data, CANONICAL[i].to, bytes.size);
        bytes_clear (&bytes);
    }
}

static const struct {
    const uint8_t *data;
    size_t size;
    baton_reason reason;
} REFUSED[] = {
    {BYTES ("\x82\xa1"
            "a\1\xa1"
            "a\1"),
     BATON_REASON_duplicate_key},
    {BYTES ("\x82\xa1"
            "a\1\xd9\1"
            "a\1"),
     BATON_REASON_duplicate_key}, /*  another form of the same key */
    {BYTES ("\x91\x82\xa1"
            "a\1\xa1"
            "a\1"),
     BATON_REASON_duplicate_key},
    {BYTES ("\x81\1\1"), BATON_REASON_wrong_type},
    {BYTES ("\x81\xc0\1"), BATON_REASON_wrong_type},
    {BYTES ("\xa1\xff"), BATON_REASON_bad_text},
    {BYTES ("\x81\xa1\x07\1"), BATON_REASON_bad_text},
};

static void packing_refuses_what_has_no_canonical_form (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT (REFUSED); i++) {
        baton_bytes_t bytes = {0};
        baton_error_t error = {0};
        assert_int_equal (repack (REFUSED[i].data, REFUSED[i].size, &bytes, &error), BATON_invalid_argument);
        assert_int_equal (error.reason, REFUSED[i].reason);
        bytes_clear (&bytes);
    }
}

static void packing_survives_lack_of_memory (void **state)
{
    (void) state;
    static const char TEXT[] = "\x83\xa1"
                               "c\x93\1\2\x81\xa1x\xc0\xa1"
                               "a\xcb\1\2\3\4\5\6\7\x08\xa1"
                               "b\xc4\3xyz";
    uint64_t k = 1;
    for (; faults_round (k); k++) {
        baton_bytes_t bytes = {0};
        baton_error_t error = {0};
        baton_status status = repack (BYTES (TEXT), &bytes, &error);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
        bytes_clear (&bytes);
    }
    assert_true (k > 3);
}

static void text_becomes_a_value (void **state)
{
    (void) state;
    baton_bytes_t value = {0};
    assert_int_equal (value_from_text ("hi", &value), BATON_OK);
    assert_int_equal (value.size, 3);
    assert_memory_equal (value.data, "\xa2hi", 3);
    assert_int_equal (value_from_text ("", &value), BATON_OK);
    assert_int_equal (value.size, 1);
    for (uint64_t k = 1; faults_round (k); k++) {
        baton_status status = value_from_text ("again", &value);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
    }
    bytes_clear (&value);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (exactly_one_bounded_value_passes),
        cmocka_unit_test (nesting_ends_at_the_limit),
        cmocka_unit_test (packing_is_canonical),
        cmocka_unit_test (packing_refuses_what_has_no_canonical_form),
        cmocka_unit_test (packing_survives_lack_of_memory),
        cmocka_unit_test (text_becomes_a_value),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
