#include "redact.h"

#include "secrets.h"
#include "text.h"
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char old[DIGEST_SIZE], new[DIGEST_SIZE];
    uint64_t size;
} replaced_t;

/*  A name in which a secret stood. One name becomes one other, everywhere, so that what is set is also found again. */
typedef struct {
    char *old, *new;
} renamed_t;

struct redact {
    secrets_t *secrets;
    struct {
        size_t count;
        renamed_t *items;
    } renamed;
    size_t renamings;
    struct {
        size_t count;
        replaced_t *items;
    } replaced;
    archive_totals_t totals; /*  removals and removed */
    const char *place;       /*  that is being searched; NULL: nothing is noted */
};

baton_status redact_new (redact_t **ret_redact, baton_error_t *error)
{
    redact_t *self = calloc (1, sizeof *self);
    if (!self)
        return baton_fail_memory (error);
    baton_status status = secrets_new (&self->secrets, error);
    if (status == BATON_OK)
        *ret_redact = self;
    else
        redact_destroy (&self);
    return status;
}

void redact_destroy (redact_t **self)
{
    if (!*self)
        return;
    secrets_destroy (&(*self)->secrets);
    free ((*self)->replaced.items);
    for (size_t i = 0; i < (*self)->renamed.count; i++) {
        free ((*self)->renamed.items[i].old);
        free ((*self)->renamed.items[i].new);
    }
    free ((*self)->renamed.items);
    record_clear (&RECORD_archive_totals, &(*self)->totals);
    free (*self);
    *self = NULL;
}

/* ---- the report ---- */

static baton_status note (const char *name, uint64_t count, void *argument)
{
    redact_t *self = argument;
    if (!self->place)
        return BATON_OK;
    self->totals.removed += count;
    size_t last = self->totals.removals.count;
    removal_t *row = last > 0 ? &self->totals.removals.items[last - 1] : NULL;
    if (row && text_equal (row->pattern, name) && text_equal (row->place, self->place)) {
        row->count += count;
        return BATON_OK;
    }
    if (last == LIMIT_REMOVALS)
        return BATON_OK;
    row = list_append (&self->totals.removals, sizeof *row);
    if (!row || text_set (&row->pattern, name) != BATON_OK || text_set (&row->place, self->place) != BATON_OK)
        return BATON_resource_exhausted;
    row->count = count;
    return BATON_OK;
}

void redact_report (redact_t *self, archive_totals_t *totals)
{
    totals->removed = self->totals.removed;
    memcpy (&totals->removals, &self->totals.removals, sizeof totals->removals);
    self->totals = (archive_totals_t){0};
}

/* ---- texts ---- */

/*  whole: it is a secret because of its name. */
static baton_status scrub (redact_t *self, char *text, size_t size, bool whole, size_t *ret_size, baton_error_t *error)
{
    if (!whole)
        return secrets_scrub (self->secrets, text, size, note, self, ret_size, error);
    if (size == 0 || note ("named_so", 1, self) == BATON_OK) {
        *ret_size = secrets_overwrite (text, size);
        return BATON_OK;
    }
    return baton_fail_memory (error);
}

static baton_status scrub_text (redact_t *self, char *text, bool whole, baton_error_t *error)
{
    size_t size = 0;
    if (!text)
        return BATON_OK;
    baton_status status = scrub (self, text, strlen (text), whole, &size, error);
    if (status == BATON_OK)
        text[size] = '\0';
    return status;
}

/* ---- names ---- */

/*  It is made from no part of the old one; what a name may consist of is less than what a text may. */
static baton_status rename_to (redact_t *self, const char *name, size_t size, const char **ret_new,
                               baton_error_t *error)
{
    renamed_t *row = NULL;
    for (size_t i = 0; i < self->renamed.count && !row; i++)
        if (strlen (self->renamed.items[i].old) == size && memcmp (self->renamed.items[i].old, name, size) == 0)
            row = &self->renamed.items[i];
    if (!row && (row = list_append (&self->renamed, sizeof *row))) {
        row->old = strndup (name, size);
        if (asprintf (&row->new, "redacted-%zu", self->renamed.count) < 0)
            row->new = NULL;
    }
    if (!row || !row->old || !row->new)
        return baton_fail_memory (error);
    *ret_new = row->new;
    self->renamings++;
    return BATON_OK;
}

/*  ret_new stays NULL when there is no secret in the name. */
static baton_status scrub_name (redact_t *self, const char *name, size_t size, const char **ret_new,
                                baton_error_t *error)
{
    size_t left = size;
    char *copy = strndup (name, size);
    if (!copy)
        return baton_fail_memory (error);
    baton_status status = size > 0 ? scrub (self, copy, size, false, &left, error) : BATON_OK;
    if (status == BATON_OK && (left != size || memcmp (copy, name, size) != 0))
        status = rename_to (self, name, size, ret_new, error);
    free (copy);
    return status;
}

baton_status redact_name (redact_t *self, char **name, const char *place, baton_error_t *error)
{
    const char *new = NULL;
    self->place = place;
    baton_status status = *name ? scrub_name (self, *name, strlen (*name), &new, error) : BATON_OK;
    if (new &&text_set (name, new) != BATON_OK)
        return baton_fail_memory (error);
    return status;
}

/* ---- contents that were changed ---- */

static const replaced_t *find_replaced (const redact_t *self, const char *digest, size_t size)
{
    for (size_t i = 0; digest && size == DIGEST_SIZE - 1 && i < self->replaced.count; i++)
        if (memcmp (self->replaced.items[i].old, digest, size) == 0)
            return &self->replaced.items[i];
    return NULL;
}

/*  A content that was changed has another digest, and another size, also where a value names it. */
static void follow_value (const redact_t *self, msgpack_object_map *map)
{
    const replaced_t *replaced = NULL;
    for (uint32_t i = 0; i < map->size && !replaced; i++) {
        const msgpack_object_str *text = &map->ptr[i].val.via.str;
        if (map->ptr[i].val.type == MSGPACK_OBJECT_STR && (replaced = find_replaced (self, text->ptr, text->size)))
            memcpy ((char *) text->ptr, replaced->new, DIGEST_SIZE - 1);
    }
    for (uint32_t i = 0; replaced && i < map->size; i++) {
        const msgpack_object *key = &map->ptr[i].key;
        if (map->ptr[i].val.type == MSGPACK_OBJECT_POSITIVE_INTEGER && key->type == MSGPACK_OBJECT_STR &&
            key->via.str.size == 4 && memcmp (key->via.str.ptr, "size", 4) == 0)
            map->ptr[i].val.via.u64 = replaced->size;
    }
}

/* ---- values ---- */

/*  The texts of an unpacked value stand in bytes of our own, so they may be changed in place. */
static baton_status scrub_value (redact_t *self, msgpack_object *value, bool whole, baton_error_t *error)
{
    baton_status status = BATON_OK;
    if (value->type == MSGPACK_OBJECT_STR) {
        size_t size = 0;
        status = scrub (self, (char *) value->via.str.ptr, value->via.str.size, whole, &size, error);
        if (status == BATON_OK)
            value->via.str.size = (uint32_t) size;
    }
    if (value->type == MSGPACK_OBJECT_MAP)
        follow_value (self, &value->via.map);
    for (uint32_t i = 0; value->type == MSGPACK_OBJECT_ARRAY && i < value->via.array.size && status == BATON_OK; i++)
        status = scrub_value (self, &value->via.array.ptr[i], whole, error);
    for (uint32_t i = 0; value->type == MSGPACK_OBJECT_MAP && i < value->via.map.size && status == BATON_OK; i++) {
        msgpack_object *key = &value->via.map.ptr[i].key;
        bool secret = whole || (key->type == MSGPACK_OBJECT_STR && secrets_name (key->via.str.ptr, key->via.str.size));
        const char *new = NULL;
        if (key->type == MSGPACK_OBJECT_STR)
            status = scrub_name (self, key->via.str.ptr, key->via.str.size, &new, error);
        if (new)
            key->via.str = (msgpack_object_str){(uint32_t) strlen (new), new};
        if (status == BATON_OK)
            status = scrub_value (self, &value->via.map.ptr[i].val, secret, error);
    }
    return status;
}

static baton_status pack_value (const msgpack_object *value, baton_bytes_t *bytes, baton_error_t *error)
{
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    msgpack_sbuffer_init (&buffer);
    msgpack_packer_init (&packer, &buffer, msgpack_sbuffer_write);
    baton_status status = value_pack (&packer, value, error);
    if (status == BATON_OK)
        status = bytes_set (bytes, buffer.data, buffer.size) == BATON_OK ? BATON_OK : baton_fail_memory (error);
    msgpack_sbuffer_destroy (&buffer);
    return status;
}

static baton_status scrub_bytes (redact_t *self, baton_bytes_t *bytes, bool whole, baton_error_t *error)
{
    msgpack_unpacked unpacked;
    size_t offset = 0;
    if (bytes->size == 0)
        return BATON_OK;
    msgpack_unpacked_init (&unpacked);
    baton_status status = value_check (bytes->data, bytes->size, error);
    if (status == BATON_OK &&
        msgpack_unpack_next (&unpacked, (const char *) bytes->data, bytes->size, &offset) != MSGPACK_UNPACK_SUCCESS)
        status = baton_fail_memory (error);
    if (status == BATON_OK)
        status = scrub_value (self, &unpacked.data, whole, error);
    if (status == BATON_OK)
        status = pack_value (&unpacked.data, bytes, error);
    msgpack_unpacked_destroy (&unpacked);
    return status;
}

/* ---- records ---- */

/*  A content that was changed has another digest, and another size. */
static baton_status follow_digest (redact_t *self, const record_type_t *type, void *record, baton_error_t *error)
{
    const field_t *digest = record_field (type, "digest"), *size = record_field (type, "size");
    char **text =
        digest && digest->kind == FIELD_LINE ? (char **) (void *) ((uint8_t *) record + digest->offset) : NULL;
    const replaced_t *replaced = text && *text ? find_replaced (self, *text, strlen (*text)) : NULL;
    if (!replaced)
        return BATON_OK;
    if (size && size->kind == FIELD_UINT)
        *(uint64_t *) (void *) ((uint8_t *) record + size->offset) = replaced->size;
    return text_set (text, replaced->new) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

static int compare_pairs (const void *a, const void *b)
{
    return strcmp (((const baton_pair_t *) a)->key, ((const baton_pair_t *) b)->key);
}

/*  Values under names of secrets are secret. */
static baton_status scrub_pairs (redact_t *self, baton_pairs_t *pairs, baton_error_t *error)
{
    baton_status status = BATON_OK;
    bool moved = false;
    for (size_t i = 0; i < pairs->count && status == BATON_OK; i++) {
        const char *new = NULL;
        size_t size = strlen (pairs->items[i].key);
        bool secret = secrets_name (pairs->items[i].key, size);
        status = scrub_name (self, pairs->items[i].key, size, &new, error);
        if (status == BATON_OK)
            status = scrub_text (self, pairs->items[i].value, secret, error);
        if (status == BATON_OK && new &&text_set (&pairs->items[i].key, new) != BATON_OK)
            status = baton_fail_memory (error);
        moved = moved || new;
    }
    if (moved)
        qsort (pairs->items, pairs->count, sizeof *pairs->items, compare_pairs);
    return status;
}

static baton_status scrub_texts (redact_t *self, baton_texts_t *texts, bool whole, baton_error_t *error)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < texts->count && status == BATON_OK; i++)
        status = scrub_text (self, texts->items[i], whole, error);
    return status;
}

static baton_status scrub_field (redact_t *self, const field_t *field, uint8_t *at, bool whole, baton_error_t *error)
{
    switch (field->kind) {
    case FIELD_NAME:
        return redact_name (self, (char **) (void *) at, self->place, error);
    case FIELD_LINE:
        if (strcmp (field->name, "key") == 0)
            return redact_name (self, (char **) (void *) at, self->place, error);
        return scrub_text (self, *(char **) (void *) at, whole, error);
    case FIELD_TEXT:
        return scrub_text (self, *(char **) (void *) at, whole, error);
    case FIELD_VALUE:
        return scrub_bytes (self, (baton_bytes_t *) (void *) at, whole, error);
    case FIELD_TEXTS:
        return scrub_texts (self, (baton_texts_t *) (void *) at, whole, error);
    case FIELD_PAIRS:
        return scrub_pairs (self, (baton_pairs_t *) (void *) at, error);
    default:
        return BATON_OK;
    }
}

static int compare_rows (const void *a, const void *b, void *argument)
{
    const field_t *first = ((const record_type_t *) argument)->fields ();
    const char *x = *(char *const *) (const void *) ((const uint8_t *) a + first->offset);
    const char *y = *(char *const *) (const void *) ((const uint8_t *) b + first->offset);
    return strcmp (x ? x : "", y ? y : "");
}

static bool rows_ascend (const record_type_t *type, const uint8_t *rows, size_t count)
{
    const field_t *first = type->fields ();
    bool ascend = count > 1 && (first->kind == FIELD_NAME || first->kind == FIELD_LINE);
    for (size_t i = 1; i < count && ascend; i++)
        ascend = compare_rows (rows + (i - 1) * type->size, rows + i * type->size, (void *) type) < 0;
    return ascend;
}

static baton_status scrub_record (redact_t *self, const record_type_t *type, void *record, baton_error_t *error);

static baton_status scrub_rows (redact_t *self, const record_type_t *type, uint8_t *rows, size_t count,
                                baton_error_t *error)
{
    bool ascend = rows_ascend (type, rows, count);
    size_t before = self->renamings;
    baton_status status = BATON_OK;
    for (size_t i = 0; i < count && status == BATON_OK; i++)
        status = scrub_record (self, type, rows + i * type->size, error);
    if (ascend && self->renamings > before)
        qsort_r (rows, count, type->size, compare_rows, (void *) type);
    return status;
}

static baton_status scrub_record (redact_t *self, const record_type_t *type, void *record, baton_error_t *error)
{
    const char *key = record_text (type, record, "key");
    bool named = key && secrets_name (key, strlen (key));
    baton_status status = follow_digest (self, type, record, error);
    for (const field_t *field = type->fields (); field->name && status == BATON_OK; field++) {
        uint8_t *at = (uint8_t *) record + field->offset;
        const struct {
            size_t count;
            uint8_t *items;
        } *list = (const void *) at;
        if (field->kind == FIELD_INNER)
            status = scrub_record (self, field->type, at, error);
        else if (field->kind != FIELD_LIST)
            status = scrub_field (self, field, at, named && strcmp (field->name, "value") == 0, error);
        else
            status = scrub_rows (self, field->type, list->items, list->count, error);
    }
    return status;
}

baton_status redact_record (redact_t *self, const record_type_t *type, void *record, const char *place,
                            baton_error_t *error)
{
    self->place = place;
    return scrub_record (self, type, record, error);
}

/* ---- contents ---- */

baton_status redact_replace (redact_t *self, const char *old, const char *new, uint64_t size, baton_error_t *error)
{
    replaced_t *row = list_append (&self->replaced, sizeof *row);
    if (!row)
        return baton_fail_memory (error);
    snprintf (row->old, sizeof row->old, "%s", old);
    snprintf (row->new, sizeof row->new, "%s", new);
    row->size = size;
    return BATON_OK;
}

baton_status redact_content (redact_t *self, const char *name, baton_bytes_t *content, const char *place,
                             baton_error_t *error)
{
    self->place = place;
    bool whole = name && secrets_file (name);
    if (content->size == 0 || (!whole && memchr (content->data, '\0', content->size)))
        return BATON_OK;
    return scrub (self, (char *) content->data, content->size, whole, &content->size, error);
}

baton_status redact_note (redact_t *self, const char *pattern, const char *place, baton_error_t *error)
{
    self->place = place;
    return note (pattern, 1, self) == BATON_OK ? BATON_OK : baton_fail_memory (error);
}

baton_status redact_path (redact_t *self, const baton_bytes_t *path, char *place, bool *ret_stays, baton_error_t *error)
{
    const char *new = NULL;
    size_t size = 0;
    self->place = NULL;
    baton_status status = scrub_name (self, (const char *) path->data, path->size, &new, error);
    if (status != BATON_OK || !new)
        return status;
    *ret_stays = false;
    status = scrub (self, place, strlen (place), false, &size, error);
    if (status == BATON_OK)
        place[size] = '\0';
    return status == BATON_OK ? redact_note (self, "in_its_name", place, error) : status;
}
