#include "chunk.h"
#include "id.h"
#include "unit.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void test_cuts (void **state)
{
    (void) state;
    static const struct {
        uint64_t size;
        size_t count, last;
    } ROWS[] = {{0, 0, 0},
                {1, 1, 1},
                {CHUNK_SIZE - 1, 1, CHUNK_SIZE - 1},
                {CHUNK_SIZE, 1, CHUNK_SIZE},
                {CHUNK_SIZE + 1, 2, 1},
                {(uint64_t) 5 << 30, 20480, CHUNK_SIZE}};
    for (size_t i = 0; i < COUNT (ROWS); i++) {
        assert_int_equal (chunk_count (ROWS[i].size), ROWS[i].count);
        if (ROWS[i].count > 0)
            assert_int_equal (chunk_length (ROWS[i].size, ROWS[i].count - 1), ROWS[i].last);
    }
}

static void test_zero_digest (void **state)
{
    (void) state;
    uint8_t *zeros = calloc (1, CHUNK_SIZE), digest[CHUNK_DIGEST];
    chunk_digest (zeros, CHUNK_SIZE, digest);
    assert_true (chunk_is_zero (digest));
    zeros[CHUNK_SIZE - 1] = 1;
    chunk_digest (zeros, CHUNK_SIZE, digest);
    assert_false (chunk_is_zero (digest));
    free (zeros);
}

static void test_packing (void **state)
{
    (void) state;
    chunk_packer_t *packer = chunk_packer_new ();
    uint8_t *data = malloc (CHUNK_SIZE), *packed = malloc (CHUNK_SIZE), *back = malloc (CHUNK_SIZE);
    randombytes_buf (data, CHUNK_SIZE);
    assert_int_equal (chunk_pack (packer, data, CHUNK_SIZE, packed), 0);
    for (size_t i = 0; i < CHUNK_SIZE; i++)
        data[i] = (uint8_t) "some words that come again and again "[i % 37];
    size_t size = chunk_pack (packer, data, CHUNK_SIZE, packed);
    assert_in_range (size, 1, CHUNK_SIZE / 10);
    assert_true (chunk_unpack (packer, packed, size, back, CHUNK_SIZE));
    assert_memory_equal (data, back, CHUNK_SIZE);
    /*  Another size than promised, cut short, damaged. */
    assert_false (chunk_unpack (packer, packed, size, back, CHUNK_SIZE - 1));
    assert_false (chunk_unpack (packer, packed, size - 1, back, CHUNK_SIZE));
    packed[0] ^= 1;
    assert_false (chunk_unpack (packer, packed, size, back, CHUNK_SIZE));
    free (data);
    free (packed);
    free (back);
    chunk_packer_destroy (&packer);
    chunk_packer_destroy (&packer);
}

static void test_index (void **state)
{
    (void) state;
    enum { MANY = 5000 };
    chunk_index_t *index = chunk_index_new (MANY);
    uint8_t digest[CHUNK_DIGEST] = {0};
    /*  Digests of a hostile manifest: all alike but for the end. */
    for (uint32_t i = 0; i < MANY; i++) {
        memcpy (digest + CHUNK_DIGEST - sizeof i, &i, sizeof i);
        assert_int_equal (chunk_index_get (index, digest), CHUNK_NOWHERE);
        assert_int_equal (chunk_index_put (index, digest, i), CHUNK_NOWHERE);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        memcpy (digest + CHUNK_DIGEST - sizeof i, &i, sizeof i);
        assert_int_equal (chunk_index_put (index, digest, i + 1), i);
        assert_int_equal (chunk_index_get (index, digest), i + 1);
    }
    chunk_index_destroy (&index);
}

int main (void)
{
    if (id_init () != BATON_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_cuts),
        cmocka_unit_test (test_zero_digest),
        cmocka_unit_test (test_packing),
        cmocka_unit_test (test_index),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
