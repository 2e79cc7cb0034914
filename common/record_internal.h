/*  What the three files of the record code share; nobody else includes it. */
#ifndef BATON_RECORD_INTERNAL_H
#define BATON_RECORD_INTERNAL_H

#include "record.h"

/*  A record that is decoded may have this many keys, known or not; no type has more fields. */
#define RECORD_KEYS_MOST 128

/*  The layout of every list in a record. */
typedef struct {
    size_t count;
    uint8_t *items;
} any_list_t;

static inline void *field_at (void *record, const field_t *field)
{
    return (uint8_t *) record + field->offset;
}

static inline const void *field_const_at (const void *record, const field_t *field)
{
    return (const uint8_t *) record + field->offset;
}

/*  Whether the field at that address has its zero value, and so is not written. */
bool field_empty (const field_t *field, const void *at);

#endif
