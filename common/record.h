/*  Records: C structs described as data.
 *
 *  Every request, answer, event and state is a record: a struct made from a .def file, and a table with a row for
 *  each of its fields. From the table come the canonical msgpack encoding, the checked decoding, copying and
 *  freeing; the command line and the documents read it too. There is no other encoder or decoder in Baton.
 *
 *  On the wire a record is a msgpack map from field name to value. It is canonical:
 *    - keys stand in ascending order of their bytes, each once;
 *    - a field at its zero value ("", 0, false, no element) is not written; in a decoded map, an absent field or
 *      nil is that zero value;
 *    - integers, strings and containers use the shortest msgpack form.
 *  So two equal records have equal bytes, and a digest of the bytes is a digest of the record.
 *
 *  A record owns what its fields point to. record_clear frees that and leaves a zeroed struct; a zeroed struct is
 *  always a valid, empty record.
 */
#ifndef BATON_RECORD_H
#define BATON_RECORD_H

#include <baton/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t size;
    uint8_t *data;
} baton_bytes_t;

typedef struct {
    char *key;
    char *value;
} baton_pair_t;

/*  Lists. All have this layout; `items` points to `count` elements, its capacity is the next power of two. */
typedef struct {
    size_t count;
    char **items;
} baton_texts_t;

typedef struct {
    size_t count;
    baton_pair_t *items;
} baton_pairs_t;

typedef enum {
    FIELD_TEXT,  /*  char *, UTF-8, line feeds and tabs but no other control character; limit in bytes */
    FIELD_LINE,  /*  char *, UTF-8 without any control or bidirectional control; limit in bytes */
    FIELD_NAME,  /*  char *, [A-Za-z0-9] and then [A-Za-z0-9._:@/+-]*; limit in bytes */
    FIELD_UINT,  /*  uint64_t; limit is the largest value, 0 for no bound */
    FIELD_FLAG,  /*  bool */
    FIELD_BYTES, /*  baton_bytes_t; limit in bytes */
    FIELD_VALUE, /*  baton_bytes_t holding any one msgpack value; limit in encoded bytes */
    FIELD_ENUM,  /*  an enum of enums.def, by name on the wire; 0 is "absent" */
    FIELD_INNER, /*  a struct of another record type, in place */
    FIELD_LIST,  /*  { size_t count; T *items; } of records; limit in elements */
    FIELD_TEXTS, /*  baton_texts_t of lines; limit in elements, each at most LIMIT_TITLE bytes */
    FIELD_PAIRS, /*  baton_pairs_t, a map from name to line, keys ascending; limit in elements */
} field_kind_t;

typedef struct {
    const char *name;
    size_t count; /*  names[0] is "" and stands for absent */
    const char *const *names;
} enum_type_t;

typedef struct record_type record_type_t;

typedef struct {
    const char *name;
    field_kind_t kind;
    bool required;
    size_t offset;
    uint64_t limit;
    const enum_type_t *names;  /*  FIELD_ENUM */
    const record_type_t *type; /*  FIELD_INNER, FIELD_LIST */
    const char *help;
    unsigned access; /*  FIELD_NAME, FIELD_TEXTS: they are ids of sessions, and a request needs this access_e to each */
} field_t;

struct record_type {
    const char *name;
    size_t size;                     /*  of the struct, in bytes */
    const field_t *(*fields) (void); /*  the rows; the one after the last has no name */
};

/*  Encodes record canonically. ret_bytes is freed by the caller (bytes_clear). Fails only for lack of memory. */
BATON_MUST_USE baton_status record_encode (const record_type_t *type, const void *record, baton_bytes_t *ret_bytes);

/*  Decodes one msgpack map of at most LIMIT_FRAME bytes and LIMIT_DEPTH levels into *ret_record, a zeroed or valid
 *  struct of that type, which is replaced. Unknown keys are ignored; a duplicate key, a wrong type, a limit that is
 *  exceeded, a missing required field or trailing bytes refuse the whole and leave *ret_record as it was; the error
 *  names the field by its path ("policy.k", "options[3]"). Empty input is the empty map. */
BATON_MUST_USE baton_status record_decode (const record_type_t *type, const uint8_t *data, size_t size,
                                           void *ret_record, baton_error_t *error);

/*  Checks a record built by hand against the same rules as decoding does. */
BATON_MUST_USE baton_status record_check (const record_type_t *type, const void *record, baton_error_t *error);

/*  Deep copy into a zeroed struct. */
BATON_MUST_USE baton_status record_copy (const record_type_t *type, const void *record, void *ret_record);

/*  Deep copy of one field, which is empty in *ret_record; *ret_record is to be cleared on failure. */
BATON_MUST_USE baton_status record_copy_field (const field_t *field, const void *record, void *ret_record);
/*  Whether two records of a type say the same. Fails only for lack of memory. */
BATON_MUST_USE baton_status record_equal (const record_type_t *type, const void *a, const void *b, bool *ret_equal);

/*  Frees what the fields own and zeroes the struct. Takes NULL. */
void record_clear (const record_type_t *type, void *record);

/*  The first field that is required and absent, in the record or one inside it: with that it could be written, and not
 *  read again. NULL: there is none. */
const field_t *record_missing (const record_type_t *type, const void *record);

/*  The field of that name, or NULL. */
const field_t *record_field (const record_type_t *type, const char *name);

/*  The value of a text-like field (TEXT, LINE, NAME), or NULL when the type has no such field or it is absent. */
const char *record_text (const record_type_t *type, const void *record, const char *name);

/*  Appends a zeroed element of the given size to any list struct ({count, items}); NULL for lack of memory. */
void *list_append (void *list, size_t item_size);

/*  Clears and removes an element, keeping the order. */
void list_remove (void *list, const record_type_t *type, size_t index);

/*  Sets a text field: frees the old value and copies the new one (NULL or "" makes it absent). */
BATON_MUST_USE baton_status text_set (char **field, const char *value);
BATON_MUST_USE baton_status texts_add (baton_texts_t *texts, const char *value);
BATON_MUST_USE baton_status texts_copy (const baton_texts_t *texts, baton_texts_t *ret_texts);
bool texts_contain (const baton_texts_t *texts, const char *value);
void texts_clear (baton_texts_t *texts);
/*  Adds or replaces, keeping the keys ascending. */
BATON_MUST_USE baton_status pairs_set (baton_pairs_t *pairs, const char *key, const char *value);
BATON_MUST_USE baton_status pairs_copy (const baton_pairs_t *pairs, baton_pairs_t *ret_pairs);
const char *pairs_get (const baton_pairs_t *pairs, const char *key);
void pairs_clear (baton_pairs_t *pairs);
BATON_MUST_USE baton_status bytes_set (baton_bytes_t *field, const void *data, size_t size);
void bytes_clear (baton_bytes_t *bytes);

/*  Equality that takes NULL for "". */
bool text_equal (const char *a, const char *b);

/*  The name of an enum's value ("" when absent or out of range), and the value of a name (0 when unknown). */
const char *enum_name (const enum_type_t *type, unsigned value);
unsigned enum_value (const enum_type_t *type, const char *name, size_t length);

#endif
