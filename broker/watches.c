#include "watches.h"

#include "id.h"
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOMBSTONES_MOST 4096 /*  sessions that nobody looks at any more, before all nodes begin anew */

typedef struct {
    char session[LIMIT_ID + 1];
    char node[LIMIT_NAME + 1]; /*  "": none has it */
    uint64_t change;
    bool watched; /*  false: the node is to learn that it is not, any more */
} watch_entry_t;

typedef struct {
    size_t count;
    watch_entry_t **items;
} watch_list_t;

struct watches {
    char generation[ID_SIZE];
    uint64_t last;
    size_t tombstones;
    watch_list_t entries; /*  ascending by session, and then by node; they belong to it */
    watch_list_t changes; /*  the same, ascending by change */
};

baton_status watches_new (watches_t **ret_watches)
{
    watches_t *self = calloc (1, sizeof *self);
    if (!self)
        return BATON_resource_exhausted;
    id_new (self->generation);
    *ret_watches = self;
    return BATON_OK;
}

void watches_destroy (watches_t **self)
{
    if (!*self)
        return;
    for (size_t i = 0; i < (*self)->entries.count; i++)
        free ((*self)->entries.items[i]);
    free ((*self)->entries.items);
    free ((*self)->changes.items);
    free (*self);
    *self = NULL;
}

static int compare (const watch_entry_t *entry, const char *session, const char *node)
{
    int order = strcmp (entry->session, session);
    return order != 0 ? order : strcmp (entry->node, node);
}

/*  Where the first entry stands that is not before that one. */
static size_t place_of (const watches_t *self, const char *session, const char *node)
{
    size_t low = 0, high = self->entries.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare (self->entries.items[middle], session, node) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/*  Where the first entry stands that has changed after that. */
static size_t place_after (const watches_t *self, uint64_t change)
{
    size_t low = 0, high = self->changes.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->changes.items[middle]->change <= change)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void take_out (watch_list_t *list, size_t at)
{
    list->count--;
    memmove (&list->items[at], &list->items[at + 1], (list->count - at) * sizeof *list->items);
}

/*  It goes from its place among the changes to the last one. */
static void note_change (watches_t *self, watch_entry_t *entry)
{
    take_out (&self->changes, place_after (self, entry->change) - 1);
    self->changes.items[self->changes.count++] = entry;
    entry->change = ++self->last;
}

static void drop (watches_t *self, size_t at)
{
    watch_entry_t *entry = self->entries.items[at];
    self->tombstones -= !entry->watched;
    take_out (&self->changes, place_after (self, entry->change) - 1);
    take_out (&self->entries, at);
    free (entry);
}

static watch_entry_t *put (watches_t *self, const char *session, const char *node)
{
    size_t at = place_of (self, session, node);
    if (at < self->entries.count && compare (self->entries.items[at], session, node) == 0)
        return self->entries.items[at];
    watch_entry_t *entry = calloc (1, sizeof *entry), **slot = list_append (&self->changes, sizeof entry);
    if (!entry || !slot || !list_append (&self->entries, sizeof entry)) {
        self->changes.count -= slot != NULL;
        free (entry);
        return NULL;
    }
    *slot = entry;
    entry->change = ++self->last;
    memmove (&self->entries.items[at + 1], &self->entries.items[at],
             (self->entries.count - 1 - at) * sizeof *self->entries.items);
    entry->watched = true;
    snprintf (entry->session, sizeof entry->session, "%s", session);
    snprintf (entry->node, sizeof entry->node, "%s", node);
    self->entries.items[at] = entry;
    return entry;
}

/*  Whoever has looked at it until now has to learn that it is over; nobody does when nobody has. */
static void end_elsewhere (watches_t *self, const char *session, const char *node)
{
    for (size_t i = place_of (self, session, ""); i < self->entries.count;) {
        watch_entry_t *entry = self->entries.items[i];
        if (strcmp (entry->session, session) != 0)
            return;
        if (!*entry->node && (!node || *node))
            drop (self, i);
        else {
            if (entry->watched && (!node || strcmp (entry->node, node) != 0)) {
                entry->watched = false;
                note_change (self, entry);
                self->tombstones++;
            }
            i++;
        }
    }
}

static void forget_tombstones (watches_t *self)
{
    for (size_t i = self->entries.count; i-- > 0;)
        if (!self->entries.items[i]->watched)
            drop (self, i);
    id_new (self->generation);
}

baton_status watches_note (watches_t *self, const session_t *state)
{
    bool watched = session_watches (state);
    const char *node = state->lease.node ? state->lease.node : "";
    end_elsewhere (self, state->session, watched ? node : NULL);
    watch_entry_t *entry = watched ? put (self, state->session, node) : NULL;
    if (watched && !entry)
        return BATON_resource_exhausted;
    if (entry) {
        self->tombstones -= !entry->watched;
        entry->watched = true;
        note_change (self, entry);
    }
    if (self->tombstones > TOMBSTONES_MOST)
        forget_tombstones (self);
    return BATON_OK;
}

const char *watches_next (const watches_t *self, const char *node, uint64_t after, uint64_t *ret_change)
{
    for (size_t i = place_after (self, after); i < self->changes.count; i++) {
        const watch_entry_t *entry = self->changes.items[i];
        if (strcmp (entry->node, node) != 0)
            continue;
        *ret_change = entry->change;
        return entry->session;
    }
    return NULL;
}

uint64_t watches_last (const watches_t *self, const char *node)
{
    for (size_t i = self->changes.count; i-- > 0;)
        if (strcmp (self->changes.items[i]->node, node) == 0)
            return self->changes.items[i]->change;
    return 0;
}

const char *watches_generation (const watches_t *self)
{
    return self->generation;
}

const char *watches_next_homeless (const watches_t *self, size_t *cursor)
{
    while (*cursor < self->entries.count) {
        const watch_entry_t *entry = self->entries.items[(*cursor)++];
        if (!*entry->node && entry->watched)
            return entry->session;
    }
    return NULL;
}
