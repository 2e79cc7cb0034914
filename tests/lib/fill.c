#include "fill.h"

#include "limits.h"
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t fill_random (uint64_t *seed)
{
    uint64_t mixed = *seed += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

static uint64_t below (uint64_t *seed, uint64_t bound)
{
    return fill_random (seed) % bound;
}

static char *random_name (uint64_t *seed)
{
    static const char ALPHABET[] = "abcdefghijklmnopqrstuvwxyz0123456789._:@/+-";
    char name[16];
    size_t length = 1 + below (seed, sizeof name - 1);
    name[0] = (char) ('a' + below (seed, 26));
    for (size_t i = 1; i < length; i++)
        name[i] = ALPHABET[below (seed, sizeof ALPHABET - 1)];
    char *copy = strndup (name, length);
    if (!copy)
        abort ();
    return copy;
}

/*  Lengths go past 31, where msgpack changes from one form of string to the next. */
static char *random_line (uint64_t *seed)
{
    static const char *const WORDS[] = {"a", "Ünïcode", " ", "日本", "😀", "plain", "\"quoted\"", "-", "~"};
    char line[64] = "x";
    for (uint64_t words = below (seed, 12); words > 0; words--) {
        const char *word = WORDS[below (seed, sizeof WORDS / sizeof *WORDS)];
        if (strlen (line) + strlen (word) < sizeof line)
            strcat (line, word);
    }
    char *copy = strdup (line);
    if (!copy)
        abort ();
    return copy;
}

static uint64_t random_uint (uint64_t *seed, uint64_t limit)
{
    uint64_t number = fill_random (seed) >> below (seed, 64);
    number = limit > 0 ? number % (limit + 1) : number;
    return number > 0 ? number : 1;
}

static void pack_random (msgpack_packer *packer, uint64_t *seed, unsigned depth)
{
    uint64_t choice = below (seed, depth > 0 ? 8 : 6);
    uint64_t count = below (seed, 4);
    switch (choice) {
    case 0:
        msgpack_pack_uint64 (packer, random_uint (seed, 0));
        break;
    case 1:
        msgpack_pack_int64 (packer, -(int64_t) (1 + below (seed, 1u << 20)));
        break;
    case 2:
        msgpack_pack_double (packer, (double) below (seed, 1000) / 7);
        break;
    case 3:
        msgpack_pack_true (packer);
        break;
    case 4:
        msgpack_pack_str_with_body (packer, "text", 4);
        break;
    case 5:
        msgpack_pack_bin_with_body (packer, "\0\1\2", 3);
        break;
    case 6:
        msgpack_pack_array (packer, count);
        for (uint64_t i = 0; i < count; i++)
            pack_random (packer, seed, depth - 1);
        break;
    default:
        msgpack_pack_map (packer, count);
        for (uint64_t i = 0; i < count; i++) {
            char key = (char) ('a' + i);
            msgpack_pack_str_with_body (packer, &key, 1);
            pack_random (packer, seed, depth - 1);
        }
    }
}

static void random_value (baton_bytes_t *value, uint64_t *seed)
{
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init (&buffer);
    msgpack_packer packer;
    msgpack_packer_init (&packer, &buffer, msgpack_sbuffer_write);
    pack_random (&packer, seed, 3);
    value->size = buffer.size;
    value->data = (uint8_t *) msgpack_sbuffer_release (&buffer);
}

static void random_bytes (baton_bytes_t *bytes, uint64_t limit, uint64_t *seed)
{
    uint8_t data[300];
    size_t size = 1 + below (seed, limit < sizeof data ? limit : sizeof data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t) fill_random (seed);
    if (bytes_set (bytes, data, size) != BATON_OK)
        abort ();
}

static void fill_texts (baton_texts_t *texts, uint64_t count, uint64_t *seed)
{
    for (; count > 0; count--) {
        char *line = random_line (seed);
        if (texts_add (texts, line) != BATON_OK)
            abort ();
        free (line);
    }
}

static void fill_pairs (baton_pairs_t *pairs, uint64_t count, uint64_t *seed)
{
    for (; count > 0; count--) {
        char *key = random_name (seed), *value = random_line (seed);
        if (pairs_set (pairs, key, value) != BATON_OK)
            abort ();
        free (key);
        free (value);
    }
}

static void fill_list (const field_t *field, void *list, unsigned percent, uint64_t count, uint64_t *seed)
{
    for (; count > 0; count--) {
        void *item = list_append (list, field->type->size);
        if (!item)
            abort ();
        fill_record (field->type, item, percent, seed);
    }
}

static void fill_field (const field_t *field, void *at, unsigned percent, uint64_t *seed)
{
    uint64_t count = 1 + below (seed, 3);
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_LINE:
        *(char **) at = random_line (seed);
        break;
    case FIELD_NAME:
        *(char **) at = random_name (seed);
        break;
    case FIELD_UINT:
        *(uint64_t *) at = random_uint (seed, field->limit);
        break;
    case FIELD_FLAG:
        *(bool *) at = true;
        break;
    case FIELD_ENUM:
        *(unsigned *) at = (unsigned) (1 + below (seed, field->names->count - 1));
        break;
    case FIELD_BYTES:
        random_bytes (at, field->limit, seed);
        break;
    case FIELD_VALUE:
        random_value (at, seed);
        break;
    case FIELD_INNER:
        fill_record (field->type, at, percent, seed);
        break;
    case FIELD_LIST:
        fill_list (field, at, percent, count, seed);
        break;
    case FIELD_TEXTS:
        fill_texts (at, count, seed);
        break;
    case FIELD_PAIRS:
        fill_pairs (at, count, seed);
        break;
    }
}

void fill_record (const record_type_t *type, void *record, unsigned percent, uint64_t *seed)
{
    for (const field_t *field = type->fields (); field->name; field++)
        if (field->required || below (seed, 100) < percent)
            fill_field (field, (uint8_t *) record + field->offset, percent, seed);
}
