/*  Lists of records: ordered by a key, and copied. */
#ifndef BATON_KEYED_H
#define BATON_KEYED_H

#include "record.h"

/*  Lists of records whose first field is the text that they are ordered by. */
void *keyed_find (const void *list, const record_type_t *type, const char *key);

/*  Finds, or inserts zeroed with that key where it belongs. NULL for lack of memory. */
void *keyed_put (void *list, const record_type_t *type, const char *key);

/*  Replaces the list `to` by a copy of `from`, which has the same kind of elements. */
BATON_MUST_USE baton_status list_replace (const record_type_t *type, const void *from, void *to);

bool bytes_equal (const baton_bytes_t *a, const baton_bytes_t *b);

#endif
