/*  What holds for every record type, shown with random records of each. */
#include "record.h"

#include "faults.h"
#include "fill.h"
#include "types.h"
#include "unit.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

/*  Runs check for each type with records that have few, half and all of their optional fields. */
static void with_each (void (*check) (const record_type_t *type, const void *record))
{
    static const unsigned PERCENTS[] = {0, 50, 100};
    uint64_t seed = 1;
    for (size_t i = 0; type_at (i); i++)
        for (size_t p = 0; p < COUNT (PERCENTS); p++) {
            const record_type_t *type = type_at (i);
            void *record = calloc (1, type->size + 1);
            assert_non_null (record);
            fill_record (type, record, PERCENTS[p], &seed);
            check (type, record);
            record_clear (type, record);
            free (record);
        }
}

static void encode (const record_type_t *type, const void *record, baton_bytes_t *ret_bytes)
{
    assert_int_equal (record_encode (type, record, ret_bytes), BATON_OK);
}

static void decode_must (const record_type_t *type, const baton_bytes_t *bytes, void *ret_record)
{
    baton_error_t error = {0};
    if (record_decode (type, bytes->data, bytes->size, ret_record, &error) != BATON_OK)
        fail_msg ("%s: %s: %s", type->name, error.field, error.message);
}

static void assert_same (const baton_bytes_t *a, const baton_bytes_t *b)
{
    assert_int_equal (a->size, b->size);
    assert_memory_equal (a->data, b->data, a->size);
}

static void check_round_trip (const record_type_t *type, const void *record)
{
    baton_bytes_t bytes = {0}, again = {0};
    encode (type, record, &bytes);
    assert_int_equal (value_check (bytes.data, bytes.size, NULL), BATON_OK);
    void *decoded = calloc (1, type->size + 1);
    decode_must (type, &bytes, decoded);
    encode (type, decoded, &again);
    assert_same (&bytes, &again);
    assert_int_equal (record_check (type, record, NULL), BATON_OK);
    record_clear (type, decoded);
    free (decoded);
    bytes_clear (&bytes);
    bytes_clear (&again);
}

static void decoding_gives_back_what_was_encoded (void **state)
{
    (void) state;
    with_each (check_round_trip);
}

static void check_copy (const record_type_t *type, const void *record)
{
    baton_bytes_t bytes = {0}, again = {0};
    void *copy = calloc (1, type->size + 1);
    assert_int_equal (record_copy (type, record, copy), BATON_OK);
    encode (type, record, &bytes);
    encode (type, copy, &again);
    assert_same (&bytes, &again);
    record_clear (type, copy);
    for (size_t i = 0; i < type->size; i++)
        assert_int_equal (((uint8_t *) copy)[i], 0);
    free (copy);
    bytes_clear (&bytes);
    bytes_clear (&again);
}

static void a_copy_is_equal_and_clearing_leaves_zeros (void **state)
{
    (void) state;
    with_each (check_copy);
}

static void assert_ascending (const msgpack_object *object)
{
    for (uint32_t i = 0; object->type == MSGPACK_OBJECT_ARRAY && i < object->via.array.size; i++)
        assert_ascending (&object->via.array.ptr[i]);
    if (object->type != MSGPACK_OBJECT_MAP)
        return;
    for (uint32_t i = 0; i < object->via.map.size; i++) {
        assert_ascending (&object->via.map.ptr[i].val);
        if (i == 0)
            continue;
        const msgpack_object_str *before = &object->via.map.ptr[i - 1].key.via.str;
        const msgpack_object_str *key = &object->via.map.ptr[i].key.via.str;
        uint32_t shorter = before->size < key->size ? before->size : key->size;
        int order = memcmp (before->ptr, key->ptr, shorter);
        assert_true (order < 0 || (order == 0 && before->size < key->size));
    }
}

/*  A field at its zero value is not written. (Inside a VALUE, that is somebody else's map.) */
static void assert_no_zero (const record_type_t *type, const msgpack_object_map *map)
{
    for (uint32_t i = 0; i < map->size; i++) {
        char name[64];
        snprintf (name, sizeof name, "%.*s", (int) map->ptr[i].key.via.str.size, map->ptr[i].key.via.str.ptr);
        const field_t *field = record_field (type, name);
        assert_non_null (field);
        const msgpack_object *value = &map->ptr[i].val;
        if (field->kind == FIELD_VALUE)
            continue;
        assert_int_not_equal (value->type, MSGPACK_OBJECT_NIL);
        assert_false (value->type == MSGPACK_OBJECT_BOOLEAN && !value->via.boolean);
        assert_false (value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64 == 0);
        assert_false (value->type == MSGPACK_OBJECT_STR && value->via.str.size == 0);
        assert_false (value->type == MSGPACK_OBJECT_MAP && value->via.map.size == 0);
        assert_false (value->type == MSGPACK_OBJECT_ARRAY && value->via.array.size == 0);
        if (field->kind == FIELD_INNER)
            assert_no_zero (field->type, &value->via.map);
    }
}

static void check_canonical (const record_type_t *type, const void *record)
{
    baton_bytes_t bytes = {0};
    encode (type, record, &bytes);
    msgpack_unpacked unpacked;
    msgpack_unpacked_init (&unpacked);
    size_t offset = 0;
    assert_int_equal (msgpack_unpack_next (&unpacked, (char *) bytes.data, bytes.size, &offset),
                      MSGPACK_UNPACK_SUCCESS);
    assert_ascending (&unpacked.data);
    assert_no_zero (type, &unpacked.data.via.map);
    msgpack_unpacked_destroy (&unpacked);
    bytes_clear (&bytes);
}

static void keys_ascend_and_zeros_are_left_out (void **state)
{
    (void) state;
    with_each (check_canonical);
}

/*  Cut off anywhere, a record is refused, and what was there before stays. */
static void check_truncated (const record_type_t *type, const void *record)
{
    baton_bytes_t bytes = {0}, before = {0}, after = {0};
    encode (type, record, &bytes);
    void *other = calloc (1, type->size + 1);
    uint64_t seed = 99;
    fill_record (type, other, 50, &seed);
    encode (type, other, &before);
    for (size_t size = bytes.size - 1; size > 0; size = size > 40 ? size - 13 : size - 1) {
        uint8_t *cut = malloc (size);
        memcpy (cut, bytes.data, size);
        baton_error_t error = {0};
        assert_int_equal (record_decode (type, cut, size, other, &error), BATON_invalid_argument);
        assert_int_equal (error.reason, BATON_REASON_malformed);
        free (cut);
    }
    encode (type, other, &after);
    assert_same (&before, &after);
    record_clear (type, other);
    free (other);
    bytes_clear (&bytes);
    bytes_clear (&before);
    bytes_clear (&after);
}

static void what_is_cut_off_changes_nothing (void **state)
{
    (void) state;
    with_each (check_truncated);
}

static void check_faults (const record_type_t *type, const void *record)
{
    baton_bytes_t bytes = {0};
    encode (type, record, &bytes);
    for (uint64_t k = 1; faults_round (k); k++) {
        baton_bytes_t again = {0};
        baton_status status = record_encode (type, record, &again);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
        assert_true (again.data || faults_hit ());
        bytes_clear (&again);
    }
    void *other = calloc (1, type->size + 1);
    for (uint64_t k = 1; faults_round (k); k++) {
        baton_error_t error = {0};
        baton_status status = record_decode (type, bytes.data, bytes.size, other, &error);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
        assert_int_equal (error.reason, faults_hit () ? BATON_REASON_out_of_memory : BATON_REASON_none);
        record_clear (type, other);
    }
    for (uint64_t k = 1; faults_round (k); k++) {
        baton_status status = record_copy (type, record, other);
        assert_int_equal (status, faults_hit () ? BATON_resource_exhausted : BATON_OK);
        record_clear (type, other);
    }
    free (other);
    bytes_clear (&bytes);
}

static void lack_of_memory_is_a_status (void **state)
{
    (void) state;
    with_each (check_faults);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (decoding_gives_back_what_was_encoded),
        cmocka_unit_test (a_copy_is_equal_and_clearing_leaves_zeros),
        cmocka_unit_test (keys_ascend_and_zeros_are_left_out),
        cmocka_unit_test (what_is_cut_off_changes_nothing),
        cmocka_unit_test (lack_of_memory_is_a_status),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
