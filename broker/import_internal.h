/*  What the files of the first half of an import share. */
#ifndef BATON_IMPORT_INTERNAL_H
#define BATON_IMPORT_INTERNAL_H

#include "import.h"
#include "positions.h"
#include "session.h"

typedef struct {
    store_t *store;
    const request_t *request;
    const session_import_request_t *params;
    import_t *import;
    session_t there; /*  the state under the ids of the other site: what the snapshot is compared with */
    gaps_t gaps;     /*  update: where events of this site stand between those of the other one */
    baton_pairs_t
        absent; /*  an ancestor: how it names the sessions that its context is taken from and that are not here */
    uint64_t imported_at; /*  time of the last import that made one */
    baton_error_t *error;
} reading_t;

/*  Wherever a record names the session, or an ancestor, by its old id, it names it by the new one. */
BATON_MUST_USE baton_status import_rename (const reading_t *self, const record_type_t *type, void *record,
                                           const char *session);

/*  An ancestor that was read: finds the sessions that its context is taken from and that who imports can't see. */
BATON_MUST_USE baton_status import_find_absent (reading_t *self);

/*  Learns from a record that is here already which sessions it names as absent. */
BATON_MUST_USE baton_status import_recall_absent (reading_t *self, const record_type_t *type, const void *record);

/*  A page that whoever imports has put. */
BATON_MUST_USE baton_status import_page (const reading_t *self, const char *digest, baton_bytes_t *ret_bytes);

/*  Says where the journal goes: fills the id, and how much of it is here already. */
BATON_MUST_USE baton_status import_place (reading_t *self);

#endif
