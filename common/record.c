#include "record_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- empty, clear ---- */

static bool record_empty (const record_type_t *type, const void *record);

bool field_empty (const field_t *field, const void *at)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_LINE:
    case FIELD_NAME: {
        const char *text = *(char *const *) at;
        return !text || !*text;
    }
    case FIELD_UINT:
        return *(const uint64_t *) at == 0;
    case FIELD_FLAG:
        return !*(const bool *) at;
    case FIELD_ENUM:
        return *(const unsigned *) at == 0;
    case FIELD_INNER:
        return record_empty (field->type, at);
    case FIELD_BYTES:
    case FIELD_VALUE:
    case FIELD_LIST:
    case FIELD_TEXTS:
    case FIELD_PAIRS:
        return *(const size_t *) at == 0; /*  each of these begins with its size or count */
    }
    return true;
}

static bool record_empty (const record_type_t *type, const void *record)
{
    for (const field_t *field = type->fields (); field->name; field++)
        if (!field_empty (field, field_const_at (record, field)))
            return false;
    return true;
}

static const field_t *missing_inside (const field_t *field, const void *at)
{
    const struct {
        size_t count;
        const uint8_t *items;
    } *list = at;
    const field_t *missing = NULL;
    if (field->kind == FIELD_INNER && !field_empty (field, at))
        missing = record_missing (field->type, at);
    for (size_t i = 0; field->kind == FIELD_LIST && i < list->count && !missing; i++)
        missing = record_missing (field->type, list->items + i * field->type->size);
    return missing;
}

const field_t *record_missing (const record_type_t *type, const void *record)
{
    for (const field_t *field = type->fields (); field->name; field++) {
        const void *at = field_const_at (record, field);
        const field_t *missing = field->required && field_empty (field, at) ? field : missing_inside (field, at);
        if (missing)
            return missing;
    }
    return NULL;
}

static void field_clear (const field_t *field, void *at)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_LINE:
    case FIELD_NAME:
        free (*(char **) at);
        break;
    case FIELD_BYTES:
    case FIELD_VALUE:
        bytes_clear (at);
        break;
    case FIELD_INNER:
        record_clear (field->type, at);
        break;
    case FIELD_LIST: {
        any_list_t *list = at;
        for (size_t i = 0; i < list->count; i++)
            record_clear (field->type, list->items + i * field->type->size);
        free (list->items);
        break;
    }
    case FIELD_TEXTS:
        texts_clear (at);
        break;
    case FIELD_PAIRS:
        pairs_clear (at);
        break;
    case FIELD_UINT:
    case FIELD_FLAG:
    case FIELD_ENUM:
        break;
    }
}

void record_clear (const record_type_t *type, void *record)
{
    if (!record)
        return;
    for (const field_t *field = type->fields (); field->name; field++)
        field_clear (field, field_at (record, field));
    memset (record, 0, type->size);
}

/* ---- look up ---- */

const field_t *record_field (const record_type_t *type, const char *name)
{
    for (const field_t *field = type->fields (); field->name; field++)
        if (strcmp (field->name, name) == 0)
            return field;
    return NULL;
}

const char *record_text (const record_type_t *type, const void *record, const char *name)
{
    const field_t *field = record_field (type, name);
    if (!field || (field->kind != FIELD_TEXT && field->kind != FIELD_LINE && field->kind != FIELD_NAME))
        return NULL;
    const char *text = *(char *const *) field_const_at (record, field);
    return text && *text ? text : NULL;
}

/* ---- check, copy ---- */

baton_status record_check (const record_type_t *type, const void *record, baton_error_t *error)
{
    baton_bytes_t bytes = {0};
    if (record_encode (type, record, &bytes) != BATON_OK)
        return baton_fail_memory (error);
    void *copy = calloc (1, type->size + 1);
    baton_status status = copy ? record_decode (type, bytes.data, bytes.size, copy, error) : baton_fail_memory (error);
    record_clear (type, copy);
    free (copy);
    bytes_clear (&bytes);
    return status;
}

static baton_status copy_field (const field_t *field, const void *from, void *to)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_LINE:
    case FIELD_NAME:
        return text_set (to, *(char *const *) from);
    case FIELD_UINT:
        *(uint64_t *) to = *(const uint64_t *) from;
        return BATON_OK;
    case FIELD_FLAG:
        *(bool *) to = *(const bool *) from;
        return BATON_OK;
    case FIELD_ENUM:
        *(unsigned *) to = *(const unsigned *) from;
        return BATON_OK;
    case FIELD_BYTES:
    case FIELD_VALUE: {
        const baton_bytes_t *bytes = from;
        return bytes_set (to, bytes->data, bytes->size);
    }
    case FIELD_INNER:
        return record_copy (field->type, from, to);
    case FIELD_LIST: {
        const any_list_t *list = from;
        for (size_t i = 0; i < list->count; i++) {
            void *item = list_append (to, field->type->size);
            if (!item || record_copy (field->type, list->items + i * field->type->size, item) != BATON_OK)
                return BATON_resource_exhausted;
        }
        return BATON_OK;
    }
    case FIELD_TEXTS:
        return texts_copy (from, to);
    case FIELD_PAIRS:
        return pairs_copy (from, to);
    }
    return BATON_OK;
}

baton_status record_copy_field (const field_t *field, const void *record, void *ret_record)
{
    return copy_field (field, field_const_at (record, field), field_at (ret_record, field));
}

baton_status record_copy (const record_type_t *type, const void *record, void *ret_record)
{
    for (const field_t *field = type->fields (); field->name; field++)
        if (copy_field (field, field_const_at (record, field), field_at (ret_record, field)) != BATON_OK) {
            record_clear (type, ret_record);
            return BATON_resource_exhausted;
        }
    return BATON_OK;
}
