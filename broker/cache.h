/*  The sessions in memory: loaded when first touched, the least recently used dropped when there are too many.
 *
 *  An entry is the state as of the last commit, or beyond it while its `touched` is set. Rolling back is forgetting:
 *  cache_drop, and the next use loads what is on disk.
 */
#ifndef BATON_CACHE_H
#define BATON_CACHE_H

#include "session.h"
#include "store.h"

typedef struct entry {
    session_t state;
    uint64_t order;              /*  seq of the session's first event */
    uint64_t snapshot_n;         /*  position of the newest stored snapshot */
    baton_bytes_t shown;         /*  its encoded projection as stored; empty: unknown */
    activity_t active;           /*  as that tells it */
    bool touched;                /*  has events that are not committed yet, or a row that is to be written */
    bool behind;                 /*  its stored row tells of an earlier activity */
    bool showing;                /*  and is written with the next commit */
    struct entry *newer, *older; /*  by last use */
    char id[];
} entry_t;

typedef struct cache cache_t;

BATON_MUST_USE baton_status cache_new (store_t *store, size_t capacity, cache_t **ret_cache, baton_error_t *error);
void cache_destroy (cache_t **self);

/*  The entry of a session, loaded when need be; not_found/no_such_session. Borrowed: valid until the next cache_trim.
 */
BATON_MUST_USE baton_status cache_get (cache_t *self, const char *id, entry_t **ret_entry, baton_error_t *error);

/*  An entry for a session that is about to be created (state.n == 0). */
BATON_MUST_USE baton_status cache_add (cache_t *self, const char *id, entry_t **ret_entry, baton_error_t *error);

void cache_drop (cache_t *self, entry_t *entry);

/*  Drops the entry of that session, if there is one: it was changed behind the cache's back. */
void cache_forget (cache_t *self, const char *id);

/*  Drops the least recently used entries over the capacity; touched ones stay. */
void cache_trim (cache_t *self);

/*  Walks all entries, newest first; NULL begins and ends. */
entry_t *cache_next (cache_t *self, entry_t *entry);

#endif
