/*  Raw msgpack values: checking bytes from outside before anything trusts them, and their canonical form.
 *
 *  msgpack-c allocates for as many elements as an array's header claims; value_check comes first, so that a claim
 *  never exceeds the bytes that are really there.
 */
#ifndef BATON_VALUE_H
#define BATON_VALUE_H

#include "record.h"

#include <limits.h>
#include <msgpack.h>

/*  Exactly one msgpack value of at most LIMIT_DEPTH levels and without extension types, and no byte after it. */
BATON_MUST_USE baton_status value_check (const uint8_t *data, size_t size, baton_error_t *error);

/*  The same, and at most that many values, counting those inside others: each costs 24 bytes once it is unpacked,
 *  however short it was. */
BATON_MUST_USE baton_status value_check_most (const uint8_t *data, size_t size, uint64_t most, baton_error_t *error);

/*  Packs a decoded value canonically: map keys (text only) ascending and each once, shortest forms, valid UTF-8. */
BATON_MUST_USE baton_status value_pack (msgpack_packer *packer, const msgpack_object *value, baton_error_t *error);

/*  Levels of containers: 0 for a number or a text, 1 for a list of them. */
size_t value_depth (const msgpack_object *value);

/*  Makes values by hand; the bytes are the caller's. */
BATON_MUST_USE baton_status value_from_text (const char *text, baton_bytes_t *ret_value);

/*  The text that a value is, freed by the caller; NULL when it is something else. */
BATON_MUST_USE baton_status value_text (const baton_bytes_t *value, char **ret_text);

#endif
