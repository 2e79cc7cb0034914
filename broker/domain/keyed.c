#include "keyed.h"

#include <stdlib.h>
#include <string.h>

/*  The layout of every list in a record. */
typedef struct {
    size_t count;
    uint8_t *items;
} list_t;

static char **key_of (const record_type_t *type, void *item)
{
    return (char **) ((uint8_t *) item + type->fields ()[0].offset);
}

/*  Where the first element with a key not below stands. */
static size_t lower_bound (const list_t *list, const record_type_t *type, const char *key)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp (*key_of (type, list->items + middle * type->size), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void *keyed_find (const void *list, const record_type_t *type, const char *key)
{
    const list_t *self = list;
    size_t at = lower_bound (self, type, key);
    if (at == self->count)
        return NULL;
    void *item = self->items + at * type->size;
    return strcmp (*key_of (type, item), key) == 0 ? item : NULL;
}

void *keyed_put (void *list, const record_type_t *type, const char *key)
{
    void *found = keyed_find (list, type, key);
    if (found)
        return found;
    list_t *self = list;
    size_t at = lower_bound (self, type, key);
    char *copy = strdup (key);
    if (!copy || !list_append (list, type->size)) {
        free (copy);
        return NULL;
    }
    uint8_t *item = self->items + at * type->size;
    memmove (item + type->size, item, (self->count - 1 - at) * type->size);
    memset (item, 0, type->size);
    *key_of (type, item) = copy;
    return item;
}

baton_status list_replace (const record_type_t *type, const void *from, void *to)
{
    const list_t *source = from;
    list_t *target = to;
    while (target->count > 0)
        list_remove (to, type, target->count - 1);
    for (size_t i = 0; i < source->count; i++) {
        void *item = list_append (to, type->size);
        if (!item || record_copy (type, source->items + i * type->size, item) != BATON_OK)
            return BATON_resource_exhausted;
    }
    return BATON_OK;
}

bool bytes_equal (const baton_bytes_t *a, const baton_bytes_t *b)
{
    return a->size == b->size && (a->size == 0 || memcmp (a->data, b->data, a->size) == 0);
}
