/*  What the files of the store in memory share; nobody else includes it. */
#ifndef BATON_STORE_MEMORY_H
#define BATON_STORE_MEMORY_H

#include "store_internal.h"

typedef struct {
    char *session;
    event_class_e class;
    store_read_t read;
} memory_event_t;

typedef struct {
    char *actor;
    char *key;
    char *payload;
    uint64_t at;
    baton_bytes_t reply;
} memory_answer_t;

/*  A snapshot or a blob. */
typedef struct {
    char *name;
    uint64_t n; /*  of a snapshot */
    baton_bytes_t data;
} memory_document_t;

typedef struct {
    size_t count;
    memory_document_t *items;
} memory_documents_t;

typedef struct {
    char digest[2 * LIMIT_ID], owner[LIMIT_NAME + 1], name[2 * LIMIT_ID];
    uint64_t at, size;
} memory_hold_t;

typedef struct {
    store_t base;
    struct {
        size_t count;
        memory_event_t *items;
    } events;
    struct {
        size_t count;
        memory_answer_t *items;
    } answers;
    memory_documents_t snapshots;
    memory_documents_t blobs;
    struct {
        size_t count;
        memory_hold_t *items;
    } holds;
    store_projections_t projections;
} store_memory_t;

/*  store_memory_list.c */
baton_status store_memory_list (store_t *base, const store_filter_t *filter, uint64_t before, size_t limit,
                                store_projections_t *ret_rows, baton_error_t *error);
baton_status store_memory_find (store_t *base, const char *ref, size_t limit, const viewer_t *viewer,
                                store_projections_t *ret_rows, baton_error_t *error);
baton_status store_memory_open_breakpoints (store_t *base, breakpoint_order_e order, const store_place_t *after,
                                            size_t limit, const viewer_t *viewer, store_places_t *ret_places,
                                            baton_error_t *error);
baton_status store_memory_stale (store_t *base, baton_texts_t *ret_sessions, baton_error_t *error);
baton_status store_memory_shows (store_t *base, const char *session, const viewer_t *viewer, bool *ret_shows,
                                 baton_error_t *error);
baton_status store_memory_due (store_t *base, store_time_t which, uint64_t now, size_t limit,
                               store_projections_t *ret_rows, uint64_t *ret_next, baton_error_t *error);

#endif
