#include "cache.h"

#include "history.h"

#include <czmq.h>

struct cache {
    store_t *store;
    zhashx_t *entries; /*  id -> entry_t; keys are the entries' own ids */
    size_t capacity;
    entry_t *newest, *oldest;
};

baton_status cache_new (store_t *store, size_t capacity, cache_t **ret_cache, baton_error_t *error)
{
    cache_t *self = calloc (1, sizeof *self);
    zhashx_t *entries = zhashx_new ();
    if (!self || !entries) {
        free (self);
        zhashx_destroy (&entries);
        return baton_fail_memory (error);
    }
    zhashx_set_key_duplicator (entries, NULL);
    zhashx_set_key_destructor (entries, NULL);
    *self = (cache_t){.store = store, .entries = entries, .capacity = capacity};
    *ret_cache = self;
    return BATON_OK;
}

void cache_destroy (cache_t **self)
{
    if (!*self)
        return;
    while ((*self)->newest)
        cache_drop (*self, (*self)->newest);
    zhashx_destroy (&(*self)->entries);
    free (*self);
    *self = NULL;
}

static void unlink_entry (cache_t *self, entry_t *entry)
{
    *(entry->newer ? &entry->newer->older : &self->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &self->oldest) = entry->newer;
    entry->newer = entry->older = NULL;
}

static void link_newest (cache_t *self, entry_t *entry)
{
    entry->older = self->newest;
    *(self->newest ? &self->newest->newer : &self->oldest) = entry;
    self->newest = entry;
}

static void entry_free (entry_t *entry)
{
    record_clear (&RECORD_session, &entry->state);
    bytes_clear (&entry->shown);
    free (entry);
}

void cache_drop (cache_t *self, entry_t *entry)
{
    unlink_entry (self, entry);
    zhashx_delete (self->entries, entry->id);
    entry_free (entry);
}

void cache_forget (cache_t *self, const char *id)
{
    entry_t *entry = zhashx_lookup (self->entries, id);
    if (entry)
        cache_drop (self, entry);
}

void cache_trim (cache_t *self)
{
    entry_t *entry = self->oldest;
    while (entry && zhashx_size (self->entries) > self->capacity) {
        entry_t *newer = entry->newer;
        if (!entry->touched)
            cache_drop (self, entry);
        entry = newer;
    }
}

entry_t *cache_next (cache_t *self, entry_t *entry)
{
    return entry ? entry->older : self->newest;
}

static entry_t *entry_new (const char *id)
{
    size_t size = strlen (id) + 1;
    entry_t *entry = calloc (1, sizeof *entry + size);
    if (entry)
        memcpy (entry->id, id, size);
    return entry;
}

static baton_status insert (cache_t *self, entry_t *entry, baton_error_t *error)
{
    if (zhashx_insert (self->entries, entry->id, entry) != 0) {
        entry_free (entry);
        return baton_fail_memory (error);
    }
    link_newest (self, entry);
    return BATON_OK;
}

/*  The order of lists stands in the projection, under the full id. */
static baton_status load_order (store_t *store, entry_t *entry, baton_error_t *error)
{
    store_projections_t rows = {0};
    baton_status status = store_find (store, entry->id, 1, NULL, &rows, error);
    for (size_t i = 0; status == BATON_OK && i < rows.count; i++) {
        if (strcmp (rows.items[i].row.session, entry->id) != 0)
            continue; /*  somebody gave a session this id as its title */
        entry->order = rows.items[i].order;
        entry->active = rows.items[i].row.activity;
        status = record_encode (&RECORD_projection, &rows.items[i], &entry->shown);
    }
    store_projections_clear (&rows);
    return status;
}

baton_status cache_get (cache_t *self, const char *id, entry_t **ret_entry, baton_error_t *error)
{
    entry_t *entry = zhashx_lookup (self->entries, id);
    if (entry) {
        unlink_entry (self, entry);
        link_newest (self, entry);
        *ret_entry = entry;
        return BATON_OK;
    }
    entry = entry_new (id);
    if (!entry)
        return baton_fail_memory (error);
    baton_status status = history_load (self->store, id, &entry->state, &entry->snapshot_n, error);
    if (status == BATON_OK)
        status = load_order (self->store, entry, error);
    if (status != BATON_OK) {
        entry_free (entry);
        return status;
    }
    status = insert (self, entry, error);
    if (status == BATON_OK)
        *ret_entry = entry;
    return status;
}

baton_status cache_add (cache_t *self, const char *id, entry_t **ret_entry, baton_error_t *error)
{
    entry_t *entry = entry_new (id);
    if (!entry)
        return baton_fail_memory (error);
    baton_status status = insert (self, entry, error);
    if (status == BATON_OK)
        *ret_entry = entry;
    return status;
}
