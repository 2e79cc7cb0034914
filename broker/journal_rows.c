/*  The rows of lists: when they are written, and what becomes of those that wait.
 *
 *  A row that tells nothing new but of a later activity waits for journal_catch_up. The store knows up to which seq the
 *  rows tell all; behind that, a broker that begins looks at the sessions that had events, which are not many: it is
 *  written down whenever it has moved by SHOWN_EVERY.
 */
#include "journal_internal.h"

#include "keyed.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_EVERY 1024 /*  events */

static baton_status add_behind (journal_t *self, const char *session, uint64_t shown)
{
    behind_t *behind = list_append (&self->behind, sizeof *behind);
    if (!behind)
        return BATON_resource_exhausted;
    behind->shown = shown;
    snprintf (behind->session, sizeof behind->session, "%s", session);
    return BATON_OK;
}

baton_status journal_compare_row (journal_t *self, entry_t *entry, projection_t *projection, baton_bytes_t *data,
                                  bool *ret_same)
{
    activity_t now = projection->row.activity;
    bool moved = memcmp (&now, &entry->active, sizeof now) != 0, due = entry->behind && entry->showing;
    projection->row.activity = entry->active;
    if (record_encode (&RECORD_projection, projection, data) != BATON_OK)
        return BATON_resource_exhausted;
    *ret_same = bytes_equal (data, &entry->shown) && !(moved && due);
    if (*ret_same && moved && !entry->behind) {
        if (add_behind (self, entry->id, store_head (self->store)) != BATON_OK)
            return BATON_resource_exhausted;
        entry->behind = true;
    }
    projection->row.activity = now;
    entry->behind = entry->behind && moved;
    if (*ret_same || !moved)
        return BATON_OK;
    bytes_clear (data);
    return record_encode (&RECORD_projection, projection, data);
}

uint64_t journal_shown (const journal_t *self)
{
    uint64_t known = store_shown (self->store), shown = self->head;
    if (self->head - known < SHOWN_EVERY)
        return 0;
    for (size_t i = 0; i < self->behind.count; i++)
        shown = self->behind.items[i].shown < shown ? self->behind.items[i].shown : shown;
    return shown - known >= SHOWN_EVERY ? shown : 0;
}

bool journal_behind (const journal_t *self)
{
    return self->behind.count > 0;
}

void journal_catch_up (journal_t *self, size_t most)
{
    size_t count = self->behind.count < most ? self->behind.count : most;
    for (size_t i = 0; i < count; i++) {
        entry_t *entry = NULL;
        if (cache_get (self->cache, self->behind.items[i].session, &entry, NULL) == BATON_OK &&
            journal_touch (self, entry) == BATON_OK)
            entry->behind = entry->showing = true;
    }
    self->behind.count -= count;
    if (self->behind.count > 0)
        memmove (self->behind.items, self->behind.items + count, self->behind.count * sizeof *self->behind.items);
}

void journal_keep_behind (journal_t *self)
{
    for (size_t i = 0; i < self->touched.count; i++)
        if (self->touched.items[i]->showing &&
            add_behind (self, self->touched.items[i]->id, store_shown (self->store)) != BATON_OK)
            log_warning ("the list tells of session %s as it was, until its next event", self->touched.items[i]->id);
}

/* ---- at the beginning ---- */

static baton_status mend_some (journal_t *self, const baton_texts_t *sessions, size_t *at, baton_error_t *error)
{
    baton_error_t cause = {0};
    for (size_t touched = 0; *at < sessions->count && touched < LIMIT_BATCH; ++*at) {
        entry_t *entry = NULL;
        if (strcmp (sessions->items[*at], SITE_ID) == 0)
            continue;
        if (cache_get (self->cache, sessions->items[*at], &entry, &cause) != BATON_OK ||
            journal_touch (self, entry) != BATON_OK) {
            log_warning ("the list tells of session %s as it was: %s", sessions->items[*at], cause.message);
            continue;
        }
        bytes_clear (&entry->shown);
        touched++;
    }
    baton_status status = journal_commit (self, error);
    journal_clear (self);
    cache_trim (self->cache);
    return status;
}

void journal_mend_rows (journal_t *self)
{
    baton_texts_t sessions = {0};
    baton_error_t error = {0};
    baton_status status = store_stale (self->store, &sessions, &error);
    for (size_t at = 0; status == BATON_OK && at < sessions.count;)
        status = mend_some (self, &sessions, &at, &error);
    if (status == BATON_OK && store_shown (self->store) < self->head)
        status = store_commit (self->store, &(store_batch_t){.shown = self->head}, &error);
    for (size_t i = 0; status != BATON_OK && i < sessions.count; i++)
        if (strcmp (sessions.items[i], SITE_ID) != 0 &&
            add_behind (self, sessions.items[i], store_shown (self->store)) != BATON_OK)
            break;
    if (status != BATON_OK)
        log_warning ("lists may tell of some sessions as they were: %s", error.message);
    texts_clear (&sessions);
}
