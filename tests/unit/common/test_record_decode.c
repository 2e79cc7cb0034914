/*  What a decoder refuses, and how it names it. */
#include "record.h"

#include "limits.h"

#include "fill.h"
#include "types.h"
#include "unit.h"
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(literal) (const uint8_t *) (literal), sizeof (literal) - 1

/* ---- hand-made maps ---- */

static const struct {
    const char *what;
    const record_type_t *type;
    const uint8_t *data;
    size_t size;
    baton_reason reason; /*  none: accepted */
    const char *field;
} CASES[] = {
    {"empty input is the empty map", &RECORD_nothing, BYTES (""), BATON_REASON_none, ""},
    {"an unknown key is ignored", &RECORD_seen,
     BYTES ("\x82\xa2id\xa1x\xa3new\x81\xa1"
            "a\1"),
     BATON_REASON_none, ""},
    {"nil is absent", &RECORD_lease,
     BYTES ("\x82\xa4node\xc0\xa5"
            "epoch\xc0"),
     BATON_REASON_none, ""},
    {"keys in any order", &RECORD_lease,
     BYTES ("\x82\xa4node\xa1x\xa5"
            "epoch\1"),
     BATON_REASON_none, ""},
    {"long forms", &RECORD_lease,
     BYTES ("\xde\0\1\xda\0\5"
            "epoch\xcf\0\0\0\0\0\0\0\1"),
     BATON_REASON_none, ""},
    {"an empty enum is absent", &RECORD_policy, BYTES ("\x81\xa4kind\xa0"), BATON_REASON_none, ""},
    {"not a map", &RECORD_lease, BYTES ("\x90"), BATON_REASON_malformed, ""},
    {"bytes after the map", &RECORD_lease, BYTES ("\x80\x80"), BATON_REASON_malformed, ""},
    {"a key that is no text", &RECORD_lease, BYTES ("\x81\1\1"), BATON_REASON_wrong_type, ""},
    {"a key twice", &RECORD_lease,
     BYTES ("\x82\xa5"
            "epoch\1\xa5"
            "epoch\1"),
     BATON_REASON_duplicate_key, ""},
    {"a key twice in another form", &RECORD_lease,
     BYTES ("\x82\xa5"
            "epoch\1\xd9\5"
            "epoch\1"),
     BATON_REASON_duplicate_key, ""},
    {"an unknown key twice", &RECORD_lease, BYTES ("\x82\xa1x\1\xa1x\1"), BATON_REASON_duplicate_key, ""},
    {"the empty key twice", &RECORD_lease, BYTES ("\x82\xa0\1\xa0\1"), BATON_REASON_duplicate_key, ""},
    {"missing", &RECORD_seen, BYTES ("\x80"), BATON_REASON_missing_field, "id"},
    {"empty where required", &RECORD_seen, BYTES ("\x81\xa2id\xa0"), BATON_REASON_missing_field, "id"},
    {"nil where required", &RECORD_seen, BYTES ("\x81\xa2id\xc0"), BATON_REASON_missing_field, "id"},
    {"text wanted", &RECORD_seen, BYTES ("\x81\xa2id\1"), BATON_REASON_wrong_type, "id"},
    {"binary for text", &RECORD_seen, BYTES ("\x81\xa2id\xc4\1x"), BATON_REASON_wrong_type, "id"},
    {"a control character", &RECORD_seen, BYTES ("\x81\xa2id\xa1\n"), BATON_REASON_bad_text, "id"},
    {"not UTF-8", &RECORD_seen, BYTES ("\x81\xa2id\xa1\xff"), BATON_REASON_bad_text, "id"},
    {"no name", &RECORD_lease,
     BYTES ("\x81\xa4node\xa2"
            "a "),
     BATON_REASON_bad_text, "node"},
    {"a negative number", &RECORD_lease,
     BYTES ("\x81\xa5"
            "epoch\xff"),
     BATON_REASON_wrong_type, "epoch"},
    {"a float for a number", &RECORD_lease,
     BYTES ("\x81\xa5"
            "epoch\xca\0\0\0\0"),
     BATON_REASON_wrong_type, "epoch"},
    {"a number for a flag", &RECORD_policy, BYTES ("\x81\xa4veto\1"), BATON_REASON_wrong_type, "veto"},
    {"text for bytes", &RECORD_log_page,
     BYTES ("\x81\xa7"
            "content\xa1x"),
     BATON_REASON_wrong_type, "content"},
    {"an unknown word", &RECORD_policy, BYTES ("\x81\xa4kind\xa1x"), BATON_REASON_bad_value, "kind"},
    {"a number for a word", &RECORD_policy, BYTES ("\x81\xa4kind\1"), BATON_REASON_wrong_type, "kind"},
    {"a list for a map", &RECORD_breakpoint, BYTES ("\x81\xa6policy\x90"), BATON_REASON_wrong_type, "policy"},
    {"a map for a list", &RECORD_message_page, BYTES ("\x81\xa8messages\x80"), BATON_REASON_wrong_type, "messages"},
    {"a map for texts", &RECORD_policy, BYTES ("\x81\xa6people\x80"), BATON_REASON_wrong_type, "people"},
    {"a list for pairs", &RECORD_node, BYTES ("\x81\xa6labels\x90"), BATON_REASON_wrong_type, "labels"},
    {"pairs with a key twice", &RECORD_node,
     BYTES ("\x81\xa6labels\x82\xa1"
            "a\xa1x\xa1"
            "a\xa1y"),
     BATON_REASON_duplicate_key, "labels"},
    {"pairs with an empty key", &RECORD_node, BYTES ("\x81\xa6labels\x81\xa0\xa1x"), BATON_REASON_bad_text, "labels"},
    {"pairs with a bad key", &RECORD_node, BYTES ("\x81\xa6labels\x81\xa1 \xa1x"), BATON_REASON_bad_text, "labels"},
    {"a value with a key twice", &RECORD_start,
     BYTES ("\x81\xa5input\x82\xa1"
            "a\1\xa1"
            "a\1"),
     BATON_REASON_duplicate_key, "input"},
    {"a value with a numeric key", &RECORD_start, BYTES ("\x81\xa5input\x81\1\1"), BATON_REASON_wrong_type, "input"},
    {"inside a map", &RECORD_breakpoint, BYTES ("\x81\xa6policy\x81\xa1k\xa1x"), BATON_REASON_wrong_type, "policy.k"},
    {"inside texts", &RECORD_breakpoint, BYTES ("\x81\xa6policy\x81\xa6people\x92\xa1x\1"), BATON_REASON_wrong_type,
     "policy.people[1]"},
    {"inside a list", &RECORD_session, BYTES ("\x81\xa6memory\x91\x81\xa1n\xa1x"), BATON_REASON_wrong_type,
     "memory[0].n"},
    {"missing inside a list", &RECORD_session, BYTES ("\x81\xa4seen\x92\x81\xa2id\xa1x\x80"),
     BATON_REASON_missing_field, "seen[1].id"},
    {"no map inside a list", &RECORD_session, BYTES ("\x81\xa4seen\x91\1"), BATON_REASON_wrong_type, "seen[0]"},
};

static void each_mistake_is_named (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT (CASES); i++) {
        const record_type_t *type = CASES[i].type;
        void *record = calloc (1, type->size + 1);
        baton_error_t error = {0};
        baton_status status = record_decode (type, CASES[i].data, CASES[i].size, record, &error);
        if (status != (CASES[i].reason == BATON_REASON_none ? BATON_OK : BATON_invalid_argument) ||
            error.reason != CASES[i].reason || strcmp (error.field, CASES[i].field) != 0)
            fail_msg ("%s: %s, field \"%s\": %s", CASES[i].what, baton_reason_name (error.reason), error.field,
                      error.message);
        if (status != BATON_OK)
            assert_true (strlen (error.message) > 0);
        record_clear (type, record);
        free (record);
    }
}

/* ---- the limit of every field of every type ---- */

static void *make (const record_type_t *type)
{
    uint64_t seed = 5;
    void *record = calloc (1, type->size + 1);
    assert_non_null (record);
    fill_record (type, record, 0, &seed);
    return record;
}

static void assert_refused (const record_type_t *type, const field_t *field, void *record, bool refused)
{
    baton_error_t error = {0};
    baton_status status = record_check (type, record, &error);
    if (refused
            ? error.reason != BATON_REASON_too_large || strncmp (error.field, field->name, strlen (field->name)) != 0
            : status != BATON_OK)
        fail_msg ("%s.%s %s its limit %llu: \"%s\" %s", type->name, field->name, refused ? "past" : "at",
                  (unsigned long long) field->limit, error.field, error.message);
}

static void put_text (void *at, uint64_t size)
{
    char *text = malloc (size + 1);
    assert_non_null (text);
    memset (text, 'x', size);
    text[size] = '\0';
    free (*(char **) at);
    *(char **) at = text;
}

static void put_bytes (baton_bytes_t *bytes, uint64_t size)
{
    bytes_clear (bytes);
    bytes->data = calloc (1, size);
    assert_non_null (bytes->data);
    bytes->size = size;
}

/*  A binary value whose encoding has exactly that many bytes. */
static void put_value (baton_bytes_t *value, uint64_t size)
{
    put_bytes (value, size);
    size_t head = size > 65535 + 3 ? 5 : size > 255 + 2 ? 3 : 2;
    uint64_t body = size - head;
    value->data[0] = head == 5 ? 0xc6 : head == 3 ? 0xc5 : 0xc4;
    for (size_t i = 1; i < head; i++)
        value->data[i] = (uint8_t) (body >> 8 * (head - 1 - i));
}

static void put_elements (const field_t *field, void *at, uint64_t count)
{
    baton_texts_t *texts = at;
    char key[32];
    uint64_t seed = 3;
    while (texts->count < count) {
        snprintf (key, sizeof key, "k%zu", texts->count);
        if (field->kind == FIELD_TEXTS)
            assert_int_equal (texts_add (texts, key), BATON_OK);
        else if (field->kind == FIELD_PAIRS)
            assert_int_equal (pairs_set (at, key, key), BATON_OK);
        else
            fill_record (field->type, list_append (at, field->type->size), 0, &seed);
    }
}

/*  Gives the field the size; false when it has no limit that can be stood at. */
static bool put_sized (const field_t *field, void *at, uint64_t size)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_LINE:
    case FIELD_NAME:
        put_text (at, size);
        return true;
    case FIELD_UINT:
        *(uint64_t *) at = size;
        return field->limit > 0;
    case FIELD_BYTES:
        put_bytes (at, size);
        return field->limit < LIMIT_FRAME; /*  at the limit of a frame, the frame's own comes first */
    case FIELD_VALUE:
        put_value (at, size);
        return field->limit < LIMIT_FRAME;
    case FIELD_LIST:
    case FIELD_TEXTS:
    case FIELD_PAIRS:
        put_elements (field, at, size);
        return true;
    case FIELD_FLAG:
    case FIELD_ENUM:
    case FIELD_INNER:
        break;
    }
    return false;
}

static void every_limit_is_where_the_table_says (void **state)
{
    (void) state;
    size_t checked = 0;
    for (size_t i = 0; type_at (i); i++) {
        const record_type_t *type = type_at (i);
        for (const field_t *field = type->fields (); field->name; field++) {
            void *record = make (type);
            void *at = (uint8_t *) record + field->offset;
            if (put_sized (field, at, field->limit)) {
                assert_refused (type, field, record, false);
                put_sized (field, at, field->limit + 1);
                assert_refused (type, field, record, true);
                checked++;
            }
            record_clear (type, record);
            free (record);
        }
    }
    assert_true (checked > 300);
}

static void every_required_field_is_missed (void **state)
{
    (void) state;
    for (size_t i = 0; type_at (i); i++) {
        const record_type_t *type = type_at (i);
        for (const field_t *field = type->fields (); field->name; field++) {
            if (!field->required)
                continue;
            void *record = make (type);
            uint8_t *at = (uint8_t *) record + field->offset;
            if (field->kind == FIELD_TEXT || field->kind == FIELD_LINE || field->kind == FIELD_NAME)
                assert_int_equal (text_set ((char **) at, NULL), BATON_OK);
            else if (field->kind == FIELD_UINT)
                *(uint64_t *) at = 0;
            else if (field->kind == FIELD_ENUM)
                *(unsigned *) at = 0;
            else if (field->kind == FIELD_BYTES || field->kind == FIELD_VALUE)
                bytes_clear ((baton_bytes_t *) at);
            else
                fail_msg ("%s.%s: a required field of a kind that this test can't empty", type->name, field->name);
            baton_error_t error = {0};
            assert_int_equal (record_check (type, record, &error), BATON_invalid_argument);
            assert_int_equal (error.reason, BATON_REASON_missing_field);
            assert_string_equal (error.field, field->name);
            record_clear (type, record);
            free (record);
        }
    }
}

/* ---- sizes that no table has ---- */

static void a_frame_and_its_keys_are_bounded (void **state)
{
    (void) state;
    baton_error_t error = {0};
    lease_t lease = {0};
    uint8_t *large = calloc (1, LIMIT_FRAME + 1);
    assert_non_null (large);
    large[0] = 0x80;
    assert_int_equal (record_decode (&RECORD_lease, large, LIMIT_FRAME, &lease, &error), BATON_invalid_argument);
    assert_int_equal (error.reason, BATON_REASON_malformed);
    assert_int_equal (record_decode (&RECORD_lease, large, LIMIT_FRAME + 1, &lease, &error), BATON_invalid_argument);
    assert_int_equal (error.reason, BATON_REASON_too_large);
    free (large);

    for (unsigned keys = 128; keys <= 129; keys++) {
        uint8_t map[3 + 129 * 5 + 1] = {0xde, 0, (uint8_t) keys};
        for (unsigned i = 0; i < keys; i++)
            snprintf ((char *) map + 3 + i * 5, 6, "\xa3%03u\x01", i);
        baton_status status = record_decode (&RECORD_lease, map, 3 + keys * 5, &lease, &error);
        assert_int_equal (status, keys == 128 ? BATON_OK : BATON_invalid_argument);
    }
    assert_int_equal (error.reason, BATON_REASON_too_large);
}

/*  What passes in a request must fit, later, into an event in a page. */
static void values_are_shallower_than_frames (void **state)
{
    (void) state;
    for (size_t depth = LIMIT_VALUE_DEPTH; depth <= LIMIT_VALUE_DEPTH + 1; depth++) {
        uint8_t map[8 + LIMIT_VALUE_DEPTH + 2] = "\x81\xa5input";
        memset (map + 7, 0x91, depth);
        map[7 + depth] = 1;
        start_t start = {0};
        baton_error_t error = {0};
        baton_status status = record_decode (&RECORD_start, map, 8 + depth, &start, &error);
        assert_int_equal (status, depth == LIMIT_VALUE_DEPTH ? BATON_OK : BATON_invalid_argument);
        assert_int_equal (error.reason, depth == LIMIT_VALUE_DEPTH ? BATON_REASON_none : BATON_REASON_too_deep);
        assert_string_equal (error.field, depth == LIMIT_VALUE_DEPTH ? "" : "input");
        record_clear (&RECORD_start, &start);
    }
}

static void a_long_path_is_cut_not_overrun (void **state)
{
    (void) state;
    /*  The deepest path there is: breakpoints[n].breakpoint.policy.people[m] of a page. */
    static const char DATA[] = "\x81\xab"
                               "breakpoints\x91\x83\xa7session\xa1x\xaa"
                               "breakpoint\x81\xa6policy\x81\xa6people\x91\1";
    breakpoint_page_t page = {0};
    baton_error_t error = {0};
    assert_int_equal (record_decode (&RECORD_breakpoint_page, BYTES (DATA), &page, &error), BATON_invalid_argument);
    assert_int_equal (error.reason, BATON_REASON_malformed);
    static const char WHOLE[] = "\x81\xab"
                                "breakpoints\x91\x82\xa7session\xa1x\xaa"
                                "breakpoint\x81\xa6policy\x81\xa6people\x91\1";
    assert_int_equal (record_decode (&RECORD_breakpoint_page, BYTES (WHOLE), &page, &error), BATON_invalid_argument);
    assert_string_equal (error.field, "breakpoints[0].breakpoint.policy.people[0]");
    assert_int_equal (record_decode (&RECORD_breakpoint_page, BYTES (WHOLE), &page, NULL), BATON_invalid_argument);
}

static void fields_are_found_by_name (void **state)
{
    (void) state;
    run_t run = {.driver = (char *) "d"};
    assert_string_equal (record_field (&RECORD_run, "driver")->name, "driver");
    assert_null (record_field (&RECORD_run, "drive"));
    assert_string_equal (record_text (&RECORD_run, &run, "driver"), "d");
    assert_null (record_text (&RECORD_run, &run, "node"));
    assert_null (record_text (&RECORD_run, &run, "number"));
    assert_null (record_text (&RECORD_run, &run, "nothing"));
    record_clear (&RECORD_run, NULL);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (each_mistake_is_named),
        cmocka_unit_test (every_limit_is_where_the_table_says),
        cmocka_unit_test (every_required_field_is_missed),
        cmocka_unit_test (a_frame_and_its_keys_are_bounded),
        cmocka_unit_test (values_are_shallower_than_frames),
        cmocka_unit_test (a_long_path_is_cut_not_overrun),
        cmocka_unit_test (fields_are_found_by_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
