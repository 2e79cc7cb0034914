/*  The growing parts of records: texts, pairs, bytes and lists. */
#include "record_internal.h"

#include <stdlib.h>
#include <string.h>

void *list_append (void *list, size_t item_size)
{
    any_list_t *self = list;
    /*  At 0 and at each power of two the block is made large enough for twice as many, so at any count in between it is
     *  large enough; after removals it is at times made smaller than it was, never too small. */
    bool full = (self->count & (self->count - 1)) == 0;
    if (full) {
        size_t capacity = self->count == 0 ? 1 : self->count * 2;
        uint8_t *items = realloc (self->items, capacity * item_size);
        if (!items)
            return NULL;
        self->items = items;
    }
    void *item = self->items + self->count++ * item_size;
    memset (item, 0, item_size);
    return item;
}

void list_remove (void *list, const record_type_t *type, size_t index)
{
    any_list_t *self = list;
    uint8_t *item = self->items + index * type->size;
    record_clear (type, item);
    self->count--;
    memmove (item, item + type->size, (self->count - index) * type->size);
    if (self->count == 0) {
        free (self->items);
        self->items = NULL;
    }
}

baton_status text_set (char **field, const char *value)
{
    char *copy = NULL;
    if (value && *value) {
        copy = strdup (value);
        if (!copy)
            return BATON_resource_exhausted;
    }
    free (*field);
    *field = copy;
    return BATON_OK;
}

bool text_equal (const char *a, const char *b)
{
    return strcmp (a ? a : "", b ? b : "") == 0;
}

baton_status texts_add (baton_texts_t *texts, const char *value)
{
    char *copy = strdup (value);
    if (!copy)
        return BATON_resource_exhausted;
    char **item = list_append (texts, sizeof *item);
    if (!item) {
        free (copy);
        return BATON_resource_exhausted;
    }
    *item = copy;
    return BATON_OK;
}

baton_status texts_copy (const baton_texts_t *texts, baton_texts_t *ret_texts)
{
    baton_texts_t copy = {0};
    for (size_t i = 0; i < texts->count; i++)
        if (texts_add (&copy, texts->items[i]) != BATON_OK) {
            texts_clear (&copy);
            return BATON_resource_exhausted;
        }
    texts_clear (ret_texts);
    *ret_texts = copy;
    return BATON_OK;
}

bool texts_contain (const baton_texts_t *texts, const char *value)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp (texts->items[i], value) == 0)
            return true;
    return false;
}

void texts_clear (baton_texts_t *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free (texts->items[i]);
    free (texts->items);
    *texts = (baton_texts_t){0};
}

baton_status pairs_set (baton_pairs_t *pairs, const char *key, const char *value)
{
    size_t at = 0;
    while (at < pairs->count && strcmp (pairs->items[at].key, key) < 0)
        at++;
    if (at < pairs->count && strcmp (pairs->items[at].key, key) == 0)
        return text_set (&pairs->items[at].value, value);
    baton_pair_t pair = {strdup (key), strdup (value)};
    if (!pair.key || !pair.value || !list_append (pairs, sizeof pair)) {
        free (pair.key);
        free (pair.value);
        return BATON_resource_exhausted;
    }
    memmove (&pairs->items[at + 1], &pairs->items[at], (pairs->count - 1 - at) * sizeof pair);
    pairs->items[at] = pair;
    return BATON_OK;
}

baton_status pairs_copy (const baton_pairs_t *pairs, baton_pairs_t *ret_pairs)
{
    baton_pairs_t copy = {0};
    for (size_t i = 0; i < pairs->count; i++)
        if (pairs_set (&copy, pairs->items[i].key, pairs->items[i].value ? pairs->items[i].value : "") != BATON_OK) {
            pairs_clear (&copy);
            return BATON_resource_exhausted;
        }
    pairs_clear (ret_pairs);
    *ret_pairs = copy;
    return BATON_OK;
}

const char *pairs_get (const baton_pairs_t *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp (pairs->items[i].key, key) == 0)
            return pairs->items[i].value ? pairs->items[i].value : "";
    return NULL;
}

void pairs_clear (baton_pairs_t *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free (pairs->items[i].key);
        free (pairs->items[i].value);
    }
    free (pairs->items);
    *pairs = (baton_pairs_t){0};
}

baton_status bytes_set (baton_bytes_t *field, const void *data, size_t size)
{
    uint8_t *copy = NULL;
    if (size > 0) {
        copy = malloc (size);
        if (!copy)
            return BATON_resource_exhausted;
        memcpy (copy, data, size);
    }
    free (field->data);
    *field = (baton_bytes_t){size, copy};
    return BATON_OK;
}

void bytes_clear (baton_bytes_t *bytes)
{
    free (bytes->data);
    *bytes = (baton_bytes_t){0};
}

const char *enum_name (const enum_type_t *type, unsigned value)
{
    return value < type->count ? type->names[value] : "";
}

unsigned enum_value (const enum_type_t *type, const char *name, size_t length)
{
    for (unsigned value = 1; value < type->count; value++)
        if (strlen (type->names[value]) == length && memcmp (type->names[value], name, length) == 0)
            return value;
    return 0;
}
