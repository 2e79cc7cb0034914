/*  Who holds blobs that nothing refers to for good: identities what they have put for an import, and sessions the
 *  workspace that came along with them, until a node has it. */
#include "journal_internal.h"

#include <stdio.h>
#include <string.h>

static noted_hold_t *note (journal_t *self, store_hold_e what)
{
    noted_hold_t *hold = list_append (&self->holds, sizeof *hold);
    if (hold)
        hold->what = what;
    return hold;
}

static void name_held (char ret_name[HOLD_SIZE], const char *session, uint64_t carried)
{
    snprintf (ret_name, HOLD_SIZE, "%.*s.%llu", LIMIT_ID, session, (unsigned long long) carried);
}

/* ---- uploads ---- */

void journal_note_staged (journal_t *self, uint64_t now, const char *owner, const char *upload)
{
    noted_blob_t *blob = &self->blobs.items[self->blobs.count - 1];
    blob->staged_at = now;
    snprintf (blob->owner, sizeof blob->owner, "%s", owner);
    snprintf (blob->upload, sizeof blob->upload, "%s", upload);
}

baton_status journal_note_release (journal_t *self, const char *owner, const char *upload)
{
    noted_hold_t *hold = note (self, STORE_HOLD_release);
    if (!hold)
        return BATON_resource_exhausted;
    hold->all = !upload;
    snprintf (hold->owner, sizeof hold->owner, "%s", owner);
    snprintf (hold->name, sizeof hold->name, "%s", upload ? upload : "");
    return BATON_OK;
}

baton_status journal_staged (journal_t *self, const char *owner, uint64_t *ret_count, uint64_t *ret_bytes,
                             baton_error_t *error)
{
    uint64_t count = 0, bytes = 0;
    baton_status status = store_staged (self->store, owner, &count, &bytes, error);
    if (status != BATON_OK)
        return status;
    for (size_t i = 0; i < self->blobs.count; i++) {
        const noted_blob_t *blob = &self->blobs.items[i];
        bool counts = blob->staged_at > 0 && (!owner || strcmp (blob->owner, owner) == 0);
        count += counts;
        bytes += counts ? blob->content.size : 0;
    }
    *ret_count = count;
    *ret_bytes = bytes;
    return BATON_OK;
}

bool journal_releases (const journal_t *self)
{
    for (size_t i = 0; i < self->holds.count; i++)
        if (self->holds.items[i].what == STORE_HOLD_release)
            return true;
    return false;
}

/* ---- sessions ---- */

baton_status journal_note_kept (journal_t *self, const char *digest)
{
    noted_hold_t *hold = note (self, STORE_HOLD_keep);
    if (hold)
        snprintf (hold->digest, sizeof hold->digest, "%s", digest);
    return hold ? BATON_OK : BATON_resource_exhausted;
}

baton_status journal_note_held (journal_t *self, const char *session, uint64_t carried, const char *digest)
{
    noted_hold_t *hold = note (self, STORE_HOLD_add);
    if (!hold)
        return BATON_resource_exhausted;
    name_held (hold->name, session, carried);
    snprintf (hold->digest, sizeof hold->digest, "%s", digest);
    return BATON_OK;
}

baton_status journal_note_carried (journal_t *self, uint64_t carried, const session_t *state)
{
    if (carried == state->carried)
        return BATON_OK;
    noted_hold_t *hold = note (self, carried > 0 ? STORE_HOLD_release : STORE_HOLD_share);
    if (!hold)
        return BATON_resource_exhausted;
    name_held (hold->name, state->session, carried > 0 ? carried : state->carried);
    if (carried == 0 && state->forked_from.session)
        name_held (hold->from, state->forked_from.session, state->carried);
    return BATON_OK;
}
