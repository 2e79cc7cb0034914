/*  What an ancestor's own context is taken from may be nothing that is here: two sessions that were merged both ways
 * are each part of the other's. Nobody needs it, so there the journal names what no session can be called. A plain id
 * could later become somebody's.
 */
#include "import_internal.h"

#include <stdio.h>
#include <string.h>

bool import_is_absent (const char *session)
{
    return session && strncmp (session, IMPORT_ABSENT, strlen (IMPORT_ABSENT)) == 0;
}

static baton_status add_absent (reading_t *self, const char *session)
{
    char name[LIMIT_ID + 1];
    snprintf (name, sizeof name, "%s%.*s", IMPORT_ABSENT, (int) (LIMIT_ID - strlen (IMPORT_ABSENT)), session);
    return pairs_set (&self->absent, session, name) == BATON_OK ? BATON_OK : baton_fail_memory (self->error);
}

baton_status import_find_absent (reading_t *self)
{
    baton_status status = BATON_OK;
    for (size_t i = 0; i < self->there.lineage.count && status == BATON_OK; i++) {
        const char *session = self->there.lineage.items[i].session;
        const char *here = pairs_get (&self->params->ancestors, session);
        bool shown = false;
        status = store_shows (self->store, here ? here : session, &self->request->viewer, &shown, self->error);
        if (status == BATON_OK && !shown && !import_is_absent (session))
            status = add_absent (self, session);
    }
    return status;
}

baton_status import_recall_absent (reading_t *self, const record_type_t *type, const void *record)
{
    baton_status status = BATON_OK;
    for (const field_t *field = type->fields (); field->name && status == BATON_OK; field++) {
        const uint8_t *at = (const uint8_t *) record + field->offset;
        const struct {
            size_t count;
            const uint8_t *items;
        } *list = (const void *) at;
        const char *name = field->kind == FIELD_NAME ? *(char *const *) (const void *) at : NULL;
        if (import_is_absent (name))
            status = add_absent (self, name + strlen (IMPORT_ABSENT));
        else if (field->kind == FIELD_INNER)
            status = import_recall_absent (self, field->type, at);
        for (size_t i = 0; field->kind == FIELD_LIST && i < list->count && status == BATON_OK; i++)
            status = import_recall_absent (self, field->type, list->items + i * field->type->size);
    }
    return status;
}
